/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where vectors are computed: they are what the row says, up to rounding; and after a step that only mixed, bit for bit
 * what combine() makes of its inputs in order of id.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/learn/combine.h"
#include "core/learn/lanes.h"
#include "tests/random/shadow_state.h"

static const float *vector_of(const struct shadow *self, uint32_t worker)
{
    return values_vector(self->config.floats.values, worker, sim_current(self->sim, worker));
}

/**
 * The most by which a coordinate may be off, as a share of all that went into it: half an epsilon for each operation on floats
 * that led to it. Averages add up those of their inputs by their weights, so that it grows with a model's versions only.
 */
static double rounding_of(const struct shadow_model *model)
{
    return (double)FLT_EPSILON / 2 * (model->roundings + 2.0);
}

static void compare_row(struct shadow *self, uint32_t worker)
{
    const struct shadow_floats *const f = &self->config.floats;
    const struct shadow_model *const model = shadow_current(self, worker);
    const float *const x = vector_of(self, worker);
    for (uint32_t d = 0; d < f->dim; d++) {
        const uint32_t unit = (uint32_t)((uint64_t)d * self->units / f->dim);
        const double *const row = model->mass + unit * self->columns;
        double sum = 0, size = 1;
        for (uint32_t j = 0; j < self->workers; j++) {
            const double start = row[j] * (double)f->start[d];
            const double steps =
                row[self->workers + j] * f->rate * (double)f->gradient[j * f->dim + d];
            sum += start - steps;
            size += fabs(start) + fabs(steps);
        }
        if (!(fabs((double)x[d] - sum) <= rounding_of(model) * size)) {
            shadow_fail(self,
                        "has %.9g in coordinate %u of its model, and its actions made it %.9g",
                        (double)x[d], d, sum);
            return;
        }
    }
    const double y = (double)lanes_weight(f->lanes, x, f->dim);
    if (f->lanes != LANES_PLAIN && !(fabs(y - model->y) <= rounding_of(model) * (1 + model->y)))
        shadow_fail(self, "has the weight %.9g, and its actions made it %.9g", y, model->y);
}

static void compare_bits(struct shadow *self, uint32_t worker)
{
    struct shadow_worker *const w = &self->worker[worker];
    const uint32_t floats = lanes_floats(self->config.floats.lanes, self->config.floats.dim);
    w->expects = false;
    if (memcmp(w->expected, vector_of(self, worker), floats * sizeof(float)))
        shadow_fail(self, "its latest mix is not the sum in order of id, to the last bit");
}

/** The one action that changes the model, if it is a mix; else NULL. */
static const struct action *only_mix(const struct actions *actions)
{
    const struct action *mix = NULL;
    for (uint32_t i = 0; i < actions->count; i++) {
        const struct action *const action = &actions->item[i];
        if (action->kind == ACT_APPLY || action->kind == ACT_REDUCE)
            return NULL;
        if (action->kind != ACT_MIX)
            continue;
        if (mix || action->handle != 0)
            return NULL;
        mix = action;
    }
    return mix;
}

static void expect(struct shadow *self, uint32_t worker, const struct action *mix)
{
    const struct shadow_floats *const f = &self->config.floats;
    struct combine_row row[SHADOW_TERMS_MAX];
    for (uint32_t k = 0; k < mix->count; k++) {
        const struct mix_term *const term = &mix->terms[k];
        const uint32_t peer = shadow_edge_of(self, worker, term->peer)->to;
        const uint32_t base_owner = mix->rule == MIX_DELTA_OWN ? worker : peer;
        row[k] = (struct combine_row){
            .row = values_vector(f->values, peer, slots_slot_of(term->handle)),
            .base =
                term->base ? values_vector(f->values, base_owner, slots_slot_of(term->base)) : NULL,
            .id = peer,
            .weight = term->weight};
    }
    combine(&(struct combine){.rule = (enum mix_rule)mix->rule,
                              .lanes = f->lanes,
                              .dim = f->dim,
                              .self = vector_of(self, worker),
                              .self_id = worker,
                              .degree = mix->degree,
                              .slice = mix->slice,
                              .slices = mix->slices,
                              .row = row,
                              .count = mix->count},
            self->worker[worker].expected);
    self->worker[worker].expects = true;
}

void shadow_floats_look(struct shadow *self, uint32_t worker, const struct event *event,
                        const struct actions *actions)
{
    struct shadow_worker *const w = &self->worker[worker];
    if (event->kind == EV_REDUCED || w->reducing)
        w->expects = w->expects && !self->modelled; /* the driver may have replaced the model */
    if (w->expects)
        compare_bits(self, worker);
    if (self->config.floats.gradient && !(w->reducing && self->modelled))
        compare_row(self, worker);
    const struct action *const mix = only_mix(actions);
    if (mix && !shadow_broken(self))
        expect(self, worker, mix);
}

void shadow_floats_ended(struct shadow *self)
{
    for (uint32_t w = 0; w < self->workers && !shadow_broken(self); w++) {
        if (!shadow_lives(self, w))
            continue;
        if (self->worker[w].expects)
            compare_bits(self, w);
        if (self->config.floats.gradient)
            compare_row(self, w);
    }
}
