/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Live, a step that finds no slot waits in its middle. Here a step is one moment, so a worker with fewer
 * than SLOTS_OF_A_STEP free hears nothing until it has them, and a step that has begun gets what it needs all the same.
 */
#include "core/sim/plan/withheld.h"

#include "core/sim/node/waking.h"

#define SLOTS_OF_A_STEP 3u

static uint64_t deaf_until(const struct sim_node *node)
{
    const uint64_t phase_ns = node->process && node->phase == SIM_COMPUTING
                                  ? node->begin_ns + node->base_ns + node->injected_ns
                                  : 0;
    return sim_max(sim_max(node->busy_ns, node->pause_ns), phase_ns);
}

void withheld_look(struct sim_plan *self, uint32_t worker)
{
    struct sim_node *const node = node_at(&self->nodes, worker);
    struct sim_absence *const absence = &self->absence[worker];
    const bool short_of = absence->withheld && node->port.slots.free_count < SLOTS_OF_A_STEP;
    if (short_of) {
        absence->starved = true;
        node->ready_ns = sim_max(node->ready_ns, absence->restore_ns);
    } else if (absence->starved) {
        absence->starved = false;
        node->ready_ns = deaf_until(node);
        waking_later(&self->nodes, worker);
    }
}

void withheld_end(struct sim_plan *self, uint32_t worker)
{
    struct sim_node *const node = node_at(&self->nodes, worker);
    struct sim_absence *const absence = &self->absence[worker];
    slots_restore(&node->port.slots, UINT32_MAX);
    absence->withheld = false;
    self->withholding--;
    withheld_look(self, worker);
}

void withheld_begin(struct sim_plan *self, const struct fault *fault)
{
    struct sim_node *const node = node_at(&self->nodes, fault->worker);
    struct sim_absence *const absence = &self->absence[fault->worker];
    if (absence->withheld)
        return;
    absence->withheld = true;
    absence->restore_ns = fault_end_ns(fault);
    self->withholding++;
    slots_withhold(&node->port.slots, fault->keep);
    withheld_look(self, fault->worker);
}
