/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of a shadow, and what it knows before the first event. */
#include <stdlib.h>

#include "core/base/check.h"
#include "core/learn/lanes.h"
#include "tests/random/shadow_state.h"

static void link_edges(struct shadow *self)
{
    const struct policy_config *const config = self->config.sim->worker;
    for (uint32_t w = 0, e = 0; w < self->workers; w++) {
        self->worker[w].first_edge = e;
        for (uint32_t i = 0; i < config[w].peer_count; i++, e++)
            self->edge[e] = (struct shadow_edge){.from = w,
                                                 .to = config[w].peers[i],
                                                 .collected = SHADOW_NONE,
                                                 .tensor.size = sizeof(struct shadow_tensor),
                                                 .control.size = sizeof(struct shadow_control),
                                                 .held.size = sizeof(struct shadow_held)};
    }
    for (uint32_t e = 0; e < self->edges; e++) {
        uint32_t back = self->worker[self->edge[e].to].first_edge;
        while (self->edge[back].to != self->edge[e].from)
            back++;
        self->edge[e].back = back;
    }
}

static void start_models(struct shadow *self)
{
    const uint32_t floats = self->config.floats.values
                                ? lanes_floats(self->config.floats.lanes, self->config.floats.dim)
                                : 0;
    for (uint32_t w = 0; w < self->workers; w++) {
        struct shadow_worker *const worker = &self->worker[w];
        worker->current = shadow_models_take(self, w, 1);
        worker->round = -1;
        shadow_current(self, w)->y = 1.0;
        for (uint32_t u = 0; u < self->units; u++)
            shadow_current(self, w)->mass[u * self->columns + w] = 1.0;
        worker->expected = floats ? aligned_alloc(64, floats * sizeof(float)) : NULL;
        self->reduction[w].sum = calloc(self->row_doubles, sizeof(double));
        CHECK(self->reduction[w].sum);
    }
}

static void take_memory(struct shadow *self)
{
    self->worker = calloc(self->workers, sizeof(*self->worker));
    self->edge = calloc(self->edges + 1, sizeof(*self->edge));
    self->reduction = calloc(self->workers, sizeof(*self->reduction));
    self->total = calloc(self->columns, sizeof(double));
    self->applied = calloc(self->workers, sizeof(double));
    self->gained = calloc(self->columns, sizeof(double));
    self->lost = calloc(self->columns, sizeof(double));
    CHECK(self->worker && self->edge && self->reduction && self->total && self->applied &&
          self->gained && self->lost);
}

struct shadow *shadow_open(const struct shadow_config *config)
{
    const struct sim_config *const sim = config->sim;
    const struct policy_options *const options = &sim->worker[0].options;
    struct shadow *const self = calloc(1, sizeof(*self));
    CHECK(self);
    CHECK(sim->workers <= 32); /* sets of workers are words */
    self->config = *config;
    self->policy = sim->policy;
    self->workers = sim->workers;
    self->columns = 2 * sim->workers;
    self->modelled = self->policy->reduces && policy_models_reduction(self->policy, options);
    self->units = self->policy->reduces && !self->modelled ? sim->workers : 1;
    self->row_doubles = self->units * self->columns;
    for (uint32_t i = 0; i < sim->fault_count; i++) {
        self->crashes |= sim->fault[i].kind == FAULT_CRASH;
        self->absences |= sim->fault[i].kind <= FAULT_JOIN;
    }
    self->drops = policy_survives_drop(self->policy, options);
    self->tearing = self->crashes || policy_evicts_after_ns(self->policy, options) > 0;
    self->mailboxes =
        self->policy->tensor_class == DELIVERY_NEWEST || self->policy->tensor_class == DELIVERY_SUM;
    self->model_free = SHADOW_NONE;
    self->halves.size = sizeof(struct shadow_half);
    for (uint32_t w = 0; w < self->workers; w++)
        self->edges += sim->worker[w].peer_count;
    take_memory(self);
    self->extremes.y_least = 1;
    self->account.size = sizeof(struct shadow_account);
    link_edges(self);
    shadow_rounds_open(self);
    start_models(self);
    return self;
}

void shadow_close(struct shadow *self)
{
    if (!self)
        return;
    for (uint32_t i = 0; i < self->models; i++) {
        free(self->model[i].mass);
        free(self->model[i].sent);
    }
    for (uint32_t e = 0; e < self->edges; e++) {
        free(self->edge[e].tensor.item);
        free(self->edge[e].control.item);
        free(self->edge[e].held.item);
    }
    for (uint32_t w = 0; w < self->workers; w++) {
        free(self->worker[w].expected);
        free(self->reduction[w].sum);
    }
    free(self->model);
    free(self->halves.item);
    free(self->account.item);
    free(self->distance);
    free(self->lost);
    free(self->worker);
    free(self->edge);
    free(self->reduction);
    free(self->total);
    free(self->applied);
    free(self->gained);
    free(self);
}
