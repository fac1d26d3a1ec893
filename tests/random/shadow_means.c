/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reductions: everybody who leaves one has the mean of what its members came with. A chunked one is entered by sending
 * the first half and left by copying the slices; a modelled one by ACT_REDUCE and EV_REDUCED, and executed by the
 * driver for all members at one moment.
 */
#include <math.h>
#include <string.h>

#include "tests/random/shadow_state.h"

static uint32_t members_of(struct shadow *self, uint32_t worker, const struct action *action)
{
    uint32_t members = 1u << worker;
    for (uint32_t i = 0; i < action->count; i++)
        members |= 1u << shadow_edge_of(self, worker, action->peers[i])->to;
    if (action->count == 0 && self->config.sim->worker[worker].peer_count == 0)
        members = (uint32_t)((1ull << self->workers) - 1);
    return members;
}

static struct shadow_reduction *find(struct shadow *self, uint32_t worker, uint64_t tag)
{
    for (uint32_t i = 0; i < self->workers; i++) {
        struct shadow_reduction *const reduction = &self->reduction[i];
        if (reduction->open && reduction->tag == tag && (reduction->members >> worker & 1))
            return reduction;
    }
    return NULL;
}

static struct shadow_reduction *open_one(struct shadow *self, uint64_t tag, uint32_t members)
{
    for (uint32_t i = 0; i < self->workers; i++) {
        struct shadow_reduction *const reduction = &self->reduction[i];
        if (reduction->open)
            continue;
        reduction->open = true;
        reduction->tag = tag;
        reduction->members = members;
        reduction->size = (uint32_t)__builtin_popcount(members);
        reduction->entered = reduction->left = 0;
        reduction->roundings = 0;
        memset(reduction->sum, 0, self->row_doubles * sizeof(double));
        return reduction;
    }
    shadow_fail(self, "more reductions are open than there are workers");
    return NULL;
}

void shadow_means_enter(struct shadow *self, uint32_t worker, const struct action *action)
{
    const uint32_t members = members_of(self, worker, action);
    struct shadow_reduction *reduction = find(self, worker, action->tag);
    if (!reduction)
        reduction = open_one(self, action->tag, members);
    if (!reduction)
        return;
    if (reduction->members != members)
        shadow_fail(self, "enters reduction %llu with other members than another one",
                    (unsigned long long)action->tag);
    const struct shadow_model *const model = shadow_current(self, worker);
    for (uint32_t i = 0; i < self->row_doubles; i++)
        reduction->sum[i] += model->mass[i];
    if (model->roundings > reduction->roundings)
        reduction->roundings = model->roundings;
    reduction->entered++;
    self->worker[worker].reducing = true;
}

static void leave(struct shadow *self, uint32_t worker, struct shadow_reduction *reduction)
{
    self->worker[worker].reducing = false;
    reduction->left++;
    reduction->open = reduction->left < reduction->size;
}

void shadow_means_copied(struct shadow *self, uint32_t worker, const struct action *action)
{
    struct shadow_reduction *const reduction = find(self, worker, action->tag);
    if (!reduction || reduction->entered < reduction->size) {
        shadow_fail(self, "leaves a reduction that not everybody has entered");
        return;
    }
    const struct shadow_model *const model = shadow_current(self, worker);
    for (uint32_t i = 0; i < self->row_doubles && !shadow_broken(self); i++)
        if (fabs(model->mass[i] - reduction->sum[i] / reduction->size) >
            SHADOW_TOLERANCE * (1 + fabs(model->mass[i])))
            shadow_fail(self, "leaves reduction %llu with %g of coordinate %u, and the mean is %g",
                        (unsigned long long)action->tag, model->mass[i], i,
                        reduction->sum[i] / reduction->size);
    leave(self, worker, reduction);
}

/** The driver has executed it: all members have the mean. */
static void execute(struct shadow *self, const struct shadow_reduction *reduction)
{
    for (uint32_t w = 0; w < self->workers; w++) {
        if (!(reduction->members >> w & 1))
            continue;
        if (self->policy->matrix == MATRIX_DOUBLY)
            shadow_pairs_leave(self, w);
        const uint32_t index = shadow_models_copy(self, w, self->worker[w].current);
        self->model[index].roundings = reduction->roundings + 2.0 * reduction->size + 2.0;
        for (uint32_t i = 0; i < self->row_doubles; i++)
            self->model[index].mass[i] = reduction->sum[i] / reduction->size;
        shadow_models_adopt(self, w, index);
    }
}

void shadow_means_reduced(struct shadow *self, uint32_t worker, const struct event *event)
{
    struct shadow_reduction *const reduction = find(self, worker, event->tag);
    if (!reduction || reduction->entered < reduction->size || !self->worker[worker].reducing) {
        shadow_fail(self, "is told of a reduction that not everybody has entered");
        return;
    }
    if (reduction->left == 0)
        execute(self, reduction);
    leave(self, worker, reduction);
}
