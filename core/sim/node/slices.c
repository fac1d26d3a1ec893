/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/sim/node/slices.h"

static bool shares(const struct sim_nodes *self, uint32_t worker, uint32_t core)
{
    return self->wire.base.config.core[worker] == core;
}

void slices_want(struct sim_nodes *self, uint32_t worker, uint64_t real_ns)
{
    const uint32_t number = self->wire.base.config.core[worker];
    struct sim_core *const core = &self->core[number];
    struct sim_node *const node = node_at(self, worker);
    node->turn.left_ns = real_ns;
    node->on_core = true;
    if (core->awake)
        return;
    core->awake = true;
    due_at(&self->wire.base, sim_max(self->wire.base.clock_ns, core->free_ns), DUE_SLICE, number,
           0);
}

/** True: it was the last one of the worker's gradient. An abandoned gradient has its slice to the end, for nothing. */
static bool end_slice(struct sim_nodes *self, struct sim_core *core)
{
    struct sim_node *const node = node_at(self, core->worker);
    core->slicing = false;
    if (node->generation != core->generation || !node->on_core)
        return false;
    node->turn.left_ns -= core->slice_ns;
    node->on_core = node->turn.left_ns > 0;
    return !node->on_core;
}

/** The next whose gradient is not finished; false: nobody's. */
static bool choose(const struct sim_nodes *self, uint32_t number)
{
    struct sim_core *const core = &self->core[number];
    const uint32_t workers = self->wire.base.config.workers;
    for (uint32_t i = 0; i < workers; i++) {
        core->worker = (core->next + i) % workers;
        if (!shares(self, core->worker, number) || !slices_go_on(self, node_at(self, core->worker)))
            continue;
        core->next = core->worker + 1;
        return true;
    }
    return false;
}

static void begin_slice(struct sim_nodes *self, uint32_t number)
{
    struct sim_core *const core = &self->core[number];
    const struct sim_node *const node = node_at(self, core->worker);
    core->slicing = true;
    core->generation = node->generation;
    core->slice_ns = sim_min(node->turn.left_ns, self->wire.base.config.slice_ns);
    core->free_ns = self->wire.base.now_ns + core->slice_ns;
    for (uint32_t w = 0; w < self->wire.base.config.workers; w++) {
        if (!shares(self, w, number))
            continue;
        struct sim_node *const deaf = node_at(self, w);
        deaf->ready_ns = sim_max(deaf->ready_ns, core->free_ns);
    }
}

struct slices_turn slices_turn(struct sim_nodes *self, uint32_t number)
{
    struct sim_core *const core = &self->core[number];
    struct slices_turn out = {
        .goes_on = true, .next_ns = self->wire.base.now_ns, .finished = SIM_NONE};
    if (self->wire.base.now_ns < core->free_ns) {
        out.next_ns =
            core->free_ns; /* services, or others than workers, have the core until then */
    } else if (core->slicing) {
        if (end_slice(self, core)) /* and whoever had to wait for that is served before the next */
            out.finished = core->worker;
    } else if (choose(self, number)) {
        begin_slice(self, number);
        out.next_ns = core->free_ns;
    } else {
        core->awake = out.goes_on = false;
    }
    return out;
}
