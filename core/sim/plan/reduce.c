/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The time of a transpose all-reduce over ports that everybody enters at once: in each of its two halves a worker sends
 * n - 1 slices of a model one after the other, and the last one still has the latency before it. Its bytes and messages
 * are counted as the chunked one's (core/policy/collective.h).
 *
 * Members that wait are linked through their nodes, and a group is found by {lowest member, tag}: a worker may be
 * named by groups that it has not been told of, but asks for one at a time.
 */
#include "core/sim/plan/reduce.h"

#include "core/sim/node/models.h"
#include "core/sim/values/values.h"
#include "core/sim/wire/messages.h"

/** Without a list the group is all workers; an empty one is the worker alone. */
static bool is_everybody(const struct action *action)
{
    return action->count == 0 && !action->peers;
}

/** Lowest id of the group. */
static uint32_t lowest_of(const struct sim_plan *self, uint32_t worker, const struct action *action)
{
    const struct sim_node *const node = node_at(&self->nodes, worker);
    uint32_t lowest = is_everybody(action) ? 0 : worker;
    for (uint32_t i = 0; i < action->count; i++) {
        const uint32_t id = self->nodes.wire.edge[node->port.first_edge + action->peers[i]].to;
        lowest = id < lowest ? id : lowest;
    }
    return lowest;
}

static uint32_t size_of(const struct sim_plan *self, const struct action *action)
{
    return is_everybody(action) ? self->nodes.wire.base.config.workers : action->count + 1;
}

static uint32_t find(struct sim_plan *self, uint32_t lowest, uint64_t tag)
{
    uint32_t r = self->reduce_of[lowest];
    while (r != SIM_NONE && self->reduce[r].tag != tag)
        r = self->reduce[r].next;
    return r;
}

static uint32_t open_group(struct sim_plan *self, uint32_t lowest, uint64_t tag, uint32_t size)
{
    const uint32_t r = self->reduce_free != SIM_NONE ? self->reduce_free : self->reduces++;
    CHECK(r < self->nodes.wire.base.config.workers);
    if (r == self->reduce_free)
        self->reduce_free = self->reduce[r].next;
    self->reduce[r] = (struct sim_reduce){.tag = tag,
                                          .size = size,
                                          .lowest = lowest,
                                          .first = SIM_NONE,
                                          .next = self->reduce_of[lowest]};
    self->reduce_of[lowest] = r;
    return r;
}

static void close_group(struct sim_plan *self, uint32_t reduce)
{
    uint32_t *link = &self->reduce_of[self->reduce[reduce].lowest];
    while (*link != reduce)
        link = &self->reduce[*link].next;
    *link = self->reduce[reduce].next;
    self->reduce[reduce].next = self->reduce_free;
    self->reduce_free = reduce;
}

static uint64_t half_bytes(const struct sim_plan *self, uint32_t size)
{
    return (uint64_t)(size - 1) * (self->nodes.wire.base.config.payload_bytes / size);
}

static uint64_t duration_ns(const struct sim_plan *self, uint32_t size)
{
    if (size < 2)
        return 0;
    const double port_ns = (double)half_bytes(self, size) * self->nodes.wire.ns_per_byte;
    return 2 * (self->nodes.wire.base.config.links.latency_ns + (uint64_t)(port_ns + 0.5));
}

void reduce_ask(struct sim_plan *self, uint32_t worker, const struct action *action)
{
    const uint32_t size = size_of(self, action);
    const uint32_t lowest = lowest_of(self, worker, action);
    uint32_t r = find(self, lowest, action->tag);
    if (r == SIM_NONE)
        r = open_group(self, lowest, action->tag, size);
    struct sim_reduce *const reduce = &self->reduce[r];
    if (reduce->size != size) {
        sim_break(&self->nodes.wire.base, worker, "members disagree on the size of a reduction");
        return;
    }
    self->reduce_next[worker] = reduce->first;
    reduce->first = worker;
    reduce->asked++;
    self->nodes.wire.base.totals.count.bytes_exchanged +=
        self->nodes.recording ? half_bytes(self, size) : 0; /* the first half leaves at once */
    if (self->nodes.wire.base.clock_ns >= reduce->asked_ns) {
        reduce->asked_ns = self->nodes.wire.base.clock_ns;
        reduce->last = worker;
    }
    if (reduce->asked == size)
        due_at(&self->nodes.wire.base, reduce->asked_ns + duration_ns(self, size), DUE_REDUCED, r,
               0);
}

/** Members in order of id. Groups are small, or all workers. */
static void gather(struct sim_plan *self, const struct sim_reduce *reduce)
{
    uint32_t count = 0;
    for (uint32_t w = reduce->first; w != SIM_NONE; w = self->reduce_next[w]) {
        uint32_t k = count++;
        if (reduce->size == self->nodes.wire.base.config.workers) {
            self->member[k] = k;
            continue;
        }
        for (; k > 0 && self->member[k - 1] > w; k--)
            self->member[k] = self->member[k - 1];
        self->member[k] = w;
    }
}

static bool take_slots(struct sim_plan *self, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        self->from[i] = node_at(&self->nodes, self->member[i])->current;
        self->to[i] = models_take(&self->nodes, self->member[i]);
        if (self->to[i] == SLOTS_NONE)
            return false;
    }
    return true;
}

static void count_traffic(struct sim_plan *self, uint32_t size)
{
    const uint64_t messages = 2 * (uint64_t)size * (size - 1);
    self->nodes.wire.base.totals.count.tensors_sent += messages;
    self->nodes.wire.base.totals.count.tensors_delivered += messages;
    self->nodes.wire.base.totals.count.bytes_exchanged +=
        self->nodes.recording ? (uint64_t)size * half_bytes(self, size) : 0;
}

static void notify(struct sim_plan *self, uint32_t worker, const struct sim_reduce *reduce)
{
    const uint32_t message = messages_take(&self->nodes.wire);
    if (message == SIM_NONE)
        return;
    self->nodes.wire.message[message] = (struct sim_message){.kind = MESSAGE_REDUCED,
                                                             .tag = reduce->tag,
                                                             .to = worker,
                                                             .degree = reduce->size - 1,
                                                             .number = reduce->last,
                                                             .sent_ns = reduce->asked_ns};
    messages_append(&self->nodes.wire, &self->nodes.wire.prompt, message);
}

void reduce_finish(struct sim_plan *self, uint32_t r)
{
    const struct sim_reduce reduce = self->reduce[r];
    close_group(self, r);
    gather(self, &reduce);
    if (!take_slots(self, reduce.size))
        return;
    if (self->nodes.wire.base.config.values)
        values_reduce(self->nodes.wire.base.config.values, self->member, self->from, self->to,
                      reduce.size);
    count_traffic(self, reduce.size);
    for (uint32_t i = 0; i < reduce.size; i++) {
        models_adopt(&self->nodes, self->member[i], self->to[i]);
        models_averaged(&self->nodes, self->member[i], reduce.tag + 1);
        notify(self, self->member[i], &reduce);
    }
}
