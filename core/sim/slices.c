/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/sim/slices.h"

#include "core/sim/compute.h"

static bool shares(const struct sim *self, uint32_t worker, uint32_t core)
{
    return self->config.core[worker] == core;
}

void slices_want(struct sim *self, uint32_t worker, uint64_t real_ns)
{
    const uint32_t number = self->config.core[worker];
    struct sim_core *const core = &self->core[number];
    struct sim_node *const node = node_at(self, worker);
    node->left_ns = real_ns;
    node->on_core = true;
    if (core->awake)
        return;
    core->awake = true;
    due_at(self, sim_max(self->clock_ns, core->free_ns), DUE_SLICE, number, 0);
}

/** An abandoned gradient has its slice to the end, for nothing. */
static void end_slice(struct sim *self, struct sim_core *core)
{
    struct sim_node *const node = node_at(self, core->worker);
    core->slicing = false;
    if (node->generation != core->generation || !node->on_core)
        return;
    node->left_ns -= core->slice_ns;
    if (node->left_ns == 0)
        sim_compute_sliced(self, core->worker);
}

/** The next whose gradient is not finished; false: nobody's. */
static bool choose(const struct sim *self, uint32_t number)
{
    struct sim_core *const core = &self->core[number];
    const uint32_t workers = self->config.workers;
    for (uint32_t i = 0; i < workers; i++) {
        core->worker = (core->next + i) % workers;
        if (!shares(self, core->worker, number) || !slices_go_on(self, node_at(self, core->worker)))
            continue;
        core->next = core->worker + 1;
        return true;
    }
    return false;
}

static void begin_slice(struct sim *self, uint32_t number)
{
    struct sim_core *const core = &self->core[number];
    const struct sim_node *const node = node_at(self, core->worker);
    core->slicing = true;
    core->generation = node->generation;
    core->slice_ns = sim_min(node->left_ns, self->config.slice_ns);
    core->free_ns = self->now_ns + core->slice_ns;
    for (uint32_t w = 0; w < self->config.workers; w++) {
        if (!shares(self, w, number))
            continue;
        struct sim_node *const deaf = node_at(self, w);
        deaf->ready_ns = sim_max(deaf->ready_ns, core->free_ns);
    }
}

void slices_turn(struct sim *self, uint32_t number)
{
    struct sim_core *const core = &self->core[number];
    uint64_t next_ns = self->now_ns;
    if (self->now_ns < core->free_ns) {
        next_ns = core->free_ns; /* services, or others than workers, have the core until then */
    } else if (core->slicing) {
        end_slice(self, core); /* and whoever had to wait for that is served before the next */
    } else if (choose(self, number)) {
        begin_slice(self, number);
        next_ns = core->free_ns;
    } else {
        core->awake = false;
        return;
    }
    due_at(self, next_ns, DUE_SLICE, number, 0);
}
