/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * At the stop everybody's books are closed at once, in virtual time a halt takes none: what a synchronous policy has
 * begun is finished, the gradients of the others are dropped. Then the run goes on until nothing is left to happen.
 */
#include "core/sim/plan/stop.h"

#include "core/sim/node/budget.h"
#include "core/sim/node/compute.h"

uint32_t stop_cut(struct sim_plan *self)
{
    if (self->nodes.stopped)
        return SIM_NONE; /* the run ended early */
    const uint32_t cut = self->nodes.cuts_taken++;
    self->cut[cut] = (struct sim_cut){.ns = self->nodes.wire.base.now_ns,
                                      .gradients = self->nodes.wire.base.totals.count.gradients,
                                      .bytes = self->nodes.wire.base.totals.count.bytes_exchanged};
    budget_aim(&self->nodes);
    return cut;
}

void stop_begin(struct sim_plan *self)
{
    const bool synchronous = self->nodes.wire.base.config.policy->synchronous;
    for (uint32_t w = 0; w < self->nodes.wire.base.config.workers; w++)
        sim_compute_halt(&self->nodes, w);
    self->nodes.wire.base.totals.stop_ns = self->nodes.wire.base.now_ns;
    self->nodes.recording = false;
    self->nodes.stopped = true;
    self->nodes.last_round = self->nodes.round_max;
    for (uint32_t w = 0; w < self->nodes.wire.base.config.workers; w++) {
        struct sim_node *const node = node_at(&self->nodes, w);
        if (!synchronous)
            sim_compute_abandon(&self->nodes, w);
        node->ready_ns = sim_max(node->busy_ns, node->pause_ns); /* nobody is deaf any longer */
    }
}

/* -------------------------------------------------------------------------------------------------- the very end */

static void sum_up(struct sim_plan *self)
{
    struct sim_totals *const t = &self->nodes.wire.base.totals;
    t->count.slots_total =
        (uint64_t)self->nodes.wire.base.config.slots * self->nodes.wire.base.config.workers;
    t->count.slots_free_min = UINT64_MAX;
    for (uint32_t w = 0; w < self->nodes.wire.base.config.workers; w++) {
        const struct sim_node *const node = node_at(&self->nodes, w);
        const struct sim_worker_record *const record = &node->record;
        for (uint32_t p = 0; p < PART_COUNT; p++)
            t->part_ns[p] += record->part_ns[p];
        t->total_ns += record->total_ns;
        t->count.slots_free_min = sim_min(t->count.slots_free_min, node->port.slots.free_count_min);
        for (uint32_t s = 0; s < node->port.slots.count && !node->port.crashed; s++)
            t->count.loans += node->port.slots.entry[s].loans;
        for (uint32_t e = 0; e < node->port.peer_count; e++) {
            const uint32_t edge = node->port.first_edge + e;
            t->count.tensors_in_flight += self->nodes.wire.edge[edge].flying[0];
            if (self->nodes.wire.mailboxes)
                t->count.tensors_in_flight +=
                    (uint64_t)(self->nodes.wire.mailbox[edge].waiting != SIM_NONE) +
                    (uint64_t)(self->nodes.wire.mailbox[edge].unread != SIM_NONE);
        }
    }
    t->count.tensors_in_flight += t->count.links.tensors_held;
    t->end_ns = sim_max(t->stop_ns, self->nodes.active_ns);
}

static void check_drained(struct sim_plan *self)
{
    const struct sim_totals *const t = &self->nodes.wire.base.totals;
    for (uint32_t w = 0; w < self->nodes.wire.base.config.workers; w++) {
        const struct sim_node *const node = node_at(&self->nodes, w);
        if (!node->record.done && !node->port.crashed && !wire_stalls(&self->nodes.wire))
            sim_break(&self->nodes.wire.base, w, "not done, and nothing can happen any more");
    }
    if (t->count.tensors_sent != t->count.tensors_delivered + t->count.tensors_superseded +
                                     t->count.tensors_dropped + t->count.tensors_in_flight)
        sim_break(&self->nodes.wire.base, 0,
                  "tensors sent are not delivered, superseded, dropped or in flight");
}

void stop_end(struct sim_plan *self)
{
    if (!self->nodes.stopped) {
        for (uint32_t w = 0; w < self->nodes.wire.base.config.workers; w++)
            sim_compute_halt(&self->nodes, w);
        self->nodes.wire.base.totals.stop_ns = self->nodes.wire.base.now_ns;
        sim_break(&self->nodes.wire.base, 0, "nothing can happen any more, long before the stop");
    }
    sum_up(self);
    check_drained(self);
    self->cut[self->nodes.wire.base.config.cuts] =
        (struct sim_cut){.ns = self->nodes.wire.base.totals.stop_ns,
                         .gradients = self->nodes.wire.base.totals.count.gradients,
                         .bytes = self->nodes.wire.base.totals.count.bytes_exchanged};
}
