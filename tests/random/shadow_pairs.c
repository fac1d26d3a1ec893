/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Doubly stochastic, seen from one edge: when a mixes b's version v with weight w into its own version u, then b mixes
 * a's u with the same w into its v, before its model changes in any other way. Where this holds for every edge the
 * columns keep their sums whatever the graph of the exchange is, and in whatever order its members get to it.
 */
#include <math.h>

#include "tests/random/shadow_state.h"

static bool is_mirror(const struct shadow_half *other, const struct shadow_half *own)
{
    return other->a == own->b && other->a_version == own->b_version && other->b == own->a &&
           other->b_version == own->a_version;
}

static void meet(struct shadow *self, const struct shadow_half *own)
{
    for (uint32_t i = 0; i < self->halves.count; i++) {
        const struct shadow_half other = *(struct shadow_half *)shadow_queue_at(&self->halves, i);
        if (!is_mirror(&other, own))
            continue;
        shadow_queue_remove(&self->halves, i);
        if (fabs(other.weight - own->weight) > SHADOW_TOLERANCE)
            shadow_fail(self, "weighs worker %u by %g and is weighed by %g", own->b, own->weight,
                        other.weight);
        return;
    }
    *(struct shadow_half *)shadow_queue_push(&self->halves) = *own;
}

void shadow_pairs_mix(struct shadow *self, uint32_t worker, const struct action *action,
                      const uint32_t *term)
{
    const uint32_t version = shadow_current(self, worker)->version;
    for (uint32_t k = 0; k < action->count; k++) {
        const struct shadow_model *const model = &self->model[term[k]];
        const struct shadow_half own = {.a = worker,
                                        .a_version = version,
                                        .b = model->owner,
                                        .b_version = model->version,
                                        .weight = shadow_models_weight(action, k)};
        meet(self, &own);
    }
}

void shadow_pairs_leave(struct shadow *self, uint32_t worker)
{
    const uint32_t version = shadow_current(self, worker)->version;
    for (uint32_t i = 0; i < self->halves.count; i++) {
        const struct shadow_half half = *(struct shadow_half *)shadow_queue_at(&self->halves, i);
        if (half.b != worker || half.b_version != version)
            continue;
        shadow_queue_remove(&self->halves, i--);
        if (!self->tearing)
            shadow_fail(self, "leaves version %u, which worker %u has mixed, without mixing back",
                        version, half.a);
    }
}

void shadow_pairs_ended(struct shadow *self)
{
    for (uint32_t i = 0; i < self->halves.count && !shadow_broken(self); i++) {
        const struct shadow_half *const half = shadow_queue_at(&self->halves, i);
        if (!self->tearing)
            shadow_fail(self,
                        "worker %u has mixed version %u of worker %u, and never the other way",
                        half->a, half->b_version, half->b);
    }
}
