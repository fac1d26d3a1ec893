/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/sim/account.h"

#include <string.h>

#include "core/sim/compute.h"
#include "core/sim/waits.h"

static inline uint64_t planned_end(const struct sim_node *node)
{
    return node->begin_ns + node->base_ns + node->injected_ns;
}

/* While a gradient is asked for, the thread's work delays its beginning or runs beside it. */
static void book(struct sim_node *node, enum part part, uint64_t from, uint64_t to)
{
    if (node->phase == SIM_BEGINNING)
        return;
    if (node->phase == SIM_COMPUTING)
        from = sim_max(from, planned_end(node));
    if (to > from)
        node->part_ns[part] += to - from;
}

/** Cores differ. */
static uint64_t cost_of(const struct sim *self, uint32_t worker, uint64_t ns)
{
    if (!self->config.cost_ratio)
        return ns;
    return (uint64_t)((double)ns * self->config.cost_ratio[worker] + 0.5);
}

/** The worker's shared core is taken for `ns` as soon as it is free, and displaces gradients. Returns from when. */
static uint64_t take_core(struct sim *self, uint32_t worker, uint64_t ns)
{
    struct sim_core *const core = &self->core[self->config.core[worker]];
    const uint64_t from = sim_max(self->clock_ns, core->free_ns);
    core->free_ns = from + ns;
    if (core->work_ns > from) {
        core->work_ns += ns;
        core->displaced_ns += ns;
    }
    return from;
}

void sim_account_spend(struct sim *self, uint32_t worker, enum part part, uint64_t cost_ns)
{
    const uint64_t ns = cost_of(self, worker, cost_ns);
    if (ns == 0)
        return;
    struct sim_node *const node = node_at(self, worker);
    uint64_t from = self->clock_ns;
    if (self->config.core) {
        from = take_core(self, worker, ns);
        book(node, PART_HELD, self->clock_ns, from);
    }
    self->clock_ns = from + ns;
    book(node, part, from, self->clock_ns);
}

void sim_account_read(struct sim *self, uint32_t worker)
{
    const uint64_t ns = cost_of(self, worker, self->config.costs.read_ns);
    if (ns > 0 && self->config.core)
        take_core(self, worker, ns);
}

/** Book what has passed by `now` of the planned phase. */
static void book_phase(struct sim_node *node, uint64_t now)
{
    const uint64_t held = sim_min(now, node->begin_ns) - node->asked_ns;
    const uint64_t passed = now > node->begin_ns ? now - node->begin_ns : 0;
    const uint64_t compute = sim_min(passed, node->base_ns);
    node->part_ns[PART_HELD] += held;
    node->part_ns[PART_COMPUTE] += compute;
    node->part_ns[PART_INJECTED] += sim_min(passed - compute, node->injected_ns);
}

/**
 * When the waiting worker could have gone on. Live, the edges are polled from a different one each time, so the first
 * message found may be any of those that came: on average, their mean.
 */
static uint64_t mean_sent(const struct sim *self, const struct sim_node *node, uint64_t since)
{
    uint64_t sum = 0, count = 0;
    for (uint32_t m = node->inbox.first; m != SIM_NONE; m = self->message[m].next, count++)
        sum += sim_max(self->message[m].sent_ns, since) - since;
    return since + sum / count;
}

void sim_account_stolen(struct sim *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (node->stolen_ns == 0)
        return;
    const uint64_t since = node->stolen_ns - 1, until = sim_min(self->now_ns, node->pause_ns);
    uint64_t due_ns = UINT64_MAX;
    node->stolen_ns = 0;
    if (node->gradient_due)
        due_ns = planned_end(node);
    if (node->phase == SIM_IDLE && node->inbox.first != SIM_NONE)
        due_ns = sim_min(due_ns, mean_sent(self, node, since));
    const uint64_t from = sim_max(sim_max(since, due_ns), node->busy_ns);
    if (until > from)
        node->part_ns[PART_REST] += until - from;
}

void sim_account_late(struct sim *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (self->config.slice_ns == 0 || node->stolen_ns != 0 || node->phase != SIM_IDLE ||
        node->inbox.first == SIM_NONE)
        return;
    const uint64_t since = sim_max(node->iteration_ns, node->busy_ns);
    if (self->now_ns > since)
        node->part_ns[PART_HELD] += self->now_ns - mean_sent(self, node, since);
}

void sim_account_computed(struct sim *self, struct sim_node *node)
{
    book_phase(node, planned_end(node));
    node->ready_at_ns = self->now_ns + 1;
    node->came = true;
    if (node->injected_ns > 0)
        account_hist(self, SIM_REQUESTED, node->injected_ns);
}

void sim_account_mixed(struct sim *self, struct sim_node *node, uint32_t peers)
{
    self->totals.mixes++;
    node->mixed_with += peers;
    if (node->ready_at_ns > 0)
        account_hist(self, SIM_READY, self->clock_ns + 1 - node->ready_at_ns);
    node->ready_at_ns = 0;
}

/**
 * A gradient that services displace is held, and those of its own worker may have been booked by name already: what is
 * booked twice was not held.
 */
static uint64_t trim_held(const struct sim *self, struct sim_node *node, uint64_t excess)
{
    uint64_t *const held = &node->part_ns[PART_HELD];
    const uint64_t twice = self->config.core ? sim_min(excess, *held) : 0;
    *held -= twice;
    return twice;
}

/** What the gradients of this iteration took the worker itself. */
static uint64_t own_ns(const struct sim_node *node)
{
    return node->part_ns[PART_LOAD] + node->part_ns[PART_COMPUTE] + node->part_ns[PART_INJECTED];
}

/** All of the iteration into the worker's record; what nothing explains was waiting. */
static uint64_t add_up(struct sim *self, uint32_t worker, enum blame unended)
{
    struct sim_node *const node = node_at(self, worker);
    struct sim_worker_record *const record = &node->record;
    const uint64_t total = self->now_ns - node->iteration_ns;
    uint64_t explained = 0;
    for (uint32_t p = 0; p < PART_COUNT; p++)
        explained += node->part_ns[p];
    if (explained > total)
        explained -= trim_held(self, node, explained - total);
    if (explained > total) {
        sim_break(self, worker, "the parts of an iteration exceed it");
        return total;
    }
    node->part_ns[PART_WAIT] += total - explained;
    waits_end_iteration(self, worker, node->part_ns[PART_WAIT], unended);
    for (uint32_t p = 0; p < PART_COUNT; p++)
        record->part_ns[p] += node->part_ns[p];
    record->total_ns += total;
    return total;
}

static void close_books(struct sim *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    const uint64_t total = add_up(self, worker, BLAME_HELD);
    self->totals.iterations++;
    node->record.iterations++;
    hist_record(&self->hist[SIM_ITERATION], total);
    if (!self->config.watch || !self->config.watch->iteration)
        return;
    struct sim_iteration line = {.worker = worker,
                                 .iteration = (uint32_t)(node->begun - 1),
                                 .mixed_with = node->mixed_with,
                                 .start_ns = node->iteration_ns,
                                 .total_ns = total,
                                 .own_ns = own_ns(node) - node->dropped_ns};
    memcpy(line.part_ns, node->part_ns, sizeof(line.part_ns));
    self->config.watch->iteration(self->config.watch->context, &line);
}

void sim_account_iteration(struct sim *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (node->begun > 0 && !node->came)
        return; /* the gradient was abandoned: the iteration goes on with another one */
    if (node->begun > 0 && self->recording)
        close_books(self, worker);
    memset(node->part_ns, 0, sizeof(node->part_ns));
    node->blamed_ns = node->dropped_ns = 0;
    node->iteration_ns = self->now_ns;
    node->mixed_with = 0;
    node->came = false;
}

void sim_account_abandoned(struct sim *self, struct sim_node *node)
{
    if (node->phase != SIM_COMPUTING)
        return;
    if (node->asked_ns > self->now_ns) /* it waited for a batch that it does not want any more */
        node->part_ns[PART_LOAD] -= sim_min(node->load_ns, node->asked_ns - self->now_ns);
    book_phase(node, sim_max(self->now_ns, node->asked_ns));
    node->dropped_ns = own_ns(node);
}

/** How far behind the end of the run the latest steps have been booked already. */
static uint64_t booked_ahead(const struct sim_node *node, uint64_t now)
{
    if (node->phase == SIM_IDLE)
        return node->busy_ns > now ? node->busy_ns - now : 0;
    uint64_t ahead = node->asked_ns > now ? node->asked_ns - now : 0;
    if (node->phase == SIM_COMPUTING) {
        const uint64_t from = sim_max(now, planned_end(node));
        ahead += node->busy_ns > from ? node->busy_ns - from : 0;
    }
    return ahead;
}

/* Which of the parts lies behind the end is not kept; that they add up is. */
static void cut_off(struct sim_node *node, uint64_t ahead)
{
    static const enum part spent[] = {PART_MIX, PART_PUBLISH, PART_LOAD, PART_HELD, PART_REST};
    for (uint32_t i = 0; i < sizeof(spent) / sizeof(spent[0]); i++) {
        uint64_t *const part = &node->part_ns[spent[i]];
        const uint64_t off = sim_min(ahead, *part);
        *part -= off;
        ahead -= off;
    }
}

void sim_account_halt(struct sim *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (node->begun == 0 || node->crashed)
        return;
    sim_compute_look(self, worker);
    cut_off(node, booked_ahead(node, self->now_ns));
    if (node->phase == SIM_COMPUTING && self->now_ns > node->asked_ns)
        book_phase(node, self->now_ns);
    add_up(self, worker, BLAME_GONE);
}
