/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Versions of models, and the mix rules on them in double: the definitions of core/base/mix_rules.h, not the code of
 * core/learn/combine.c, which is one of the things under test.
 *
 * A slice of the parameters is a whole number of units; everything but a chunked reduction has one unit.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/learn/lanes.h"
#include "core/learn/mix.h"
#include "tests/random/shadow_state.h"

/* A term of an average: its weight, their product, the sum. A step: the rate, the product, its scale, the sum. */
#define ROUNDINGS_OF_TERM 3.0
#define ROUNDINGS_OF_STEP 4.0

static void grow(struct shadow *self)
{
    const uint32_t room = self->models_room ? 2 * self->models_room : 64;
    struct shadow_model *const model = realloc(self->model, room * sizeof(*model));
    CHECK(model);
    self->model = model;
    self->models_room = room;
}

static uint32_t fresh(struct shadow *self)
{
    if (self->models == self->models_room)
        grow(self);
    const bool cumulative = self->policy->lanes == LANES_CUMULATIVE;
    const size_t bytes = self->row_doubles * sizeof(double);
    struct shadow_model *const model = &self->model[self->models];
    *model =
        (struct shadow_model){.mass = malloc(bytes), .sent = cumulative ? malloc(bytes) : NULL};
    CHECK(model->mass);
    return self->models++;
}

uint32_t shadow_models_take(struct shadow *self, uint32_t owner, uint32_t version)
{
    uint32_t index = self->model_free;
    if (index != SHADOW_NONE)
        self->model_free = self->model[index].next;
    else
        index = fresh(self);
    struct shadow_model *const model = &self->model[index];
    model->owner = owner;
    model->version = version;
    model->refs = 1;
    self->worker[owner].models++;
    model->y = model->sent_y = model->roundings = 0;
    memset(model->mass, 0, self->row_doubles * sizeof(double));
    if (model->sent)
        memset(model->sent, 0, self->row_doubles * sizeof(double));
    return index;
}

void shadow_models_keep(struct shadow *self, uint32_t model)
{
    CHECK(self->model[model].refs > 0);
    self->model[model].refs++;
}

void shadow_models_drop(struct shadow *self, uint32_t model)
{
    CHECK(self->model[model].refs > 0);
    if (--self->model[model].refs > 0)
        return;
    self->worker[self->model[model].owner].models--;
    self->model[model].next = self->model_free;
    self->model_free = model;
}

void shadow_models_adopt(struct shadow *self, uint32_t worker, uint32_t model)
{
    shadow_models_drop(self, self->worker[worker].current);
    self->worker[worker].current = model;
}

/** Those on loan, the current one and the one being written: what the row promises for this worker's edges. */
static void check_snapshots(struct shadow *self, uint32_t worker)
{
    const uint32_t most =
        self->policy->slots_fixed +
        self->policy->slots_per_edge * self->config.sim->worker[worker].peer_count;
    const uint32_t models = self->worker[worker].models;
    if (!self->mailboxes && !self->absences && !self->drops && models > most)
        shadow_fail(self, "has %u snapshots, of %u that its row promises at most", models, most);
}

uint32_t shadow_models_copy(struct shadow *self, uint32_t worker, uint32_t from)
{
    const uint32_t version = shadow_current(self, worker)->version + 1;
    const uint32_t index = shadow_models_take(self, worker, version);
    check_snapshots(self, worker);
    const struct shadow_model *const source = &self->model[from];
    struct shadow_model *const out = &self->model[index];
    const size_t bytes = self->row_doubles * sizeof(double);
    memcpy(out->mass, source->mass, bytes);
    if (out->sent)
        memcpy(out->sent, source->sent, bytes);
    out->y = source->y;
    out->sent_y = source->sent_y;
    out->roundings = source->roundings;
    return index;
}

uint32_t shadow_models_find(const struct shadow *self, uint32_t owner, uint32_t version)
{
    for (uint32_t i = 0; i < self->models; i++)
        if (self->model[i].refs > 0 && self->model[i].owner == owner &&
            self->model[i].version == version)
            return i;
    return SHADOW_NONE;
}

/** The model that an action starts from: the current one, or a base of its own. */
static uint32_t source_of(struct shadow *self, uint32_t worker, const struct action *action)
{
    if (action->handle == 0)
        return self->worker[worker].current;
    const uint32_t version = slots_version_of(action->handle);
    const uint32_t found = shadow_models_find(self, worker, version);
    if (found == SHADOW_NONE)
        shadow_fail(self, "starts from version %u of its own, which nobody keeps", version);
    return found;
}

void shadow_models_return(struct shadow *self, uint32_t worker, uint32_t from)
{
    const uint32_t index = shadow_models_copy(self, worker, self->worker[from].current);
    for (uint32_t i = 0; i < self->columns && self->units == 1; i++)
        self->gained[i] += self->model[index].mass[i] - shadow_current(self, worker)->mass[i];
    shadow_models_adopt(self, worker, index);
}

void shadow_models_apply(struct shadow *self, uint32_t worker, const struct action *action)
{
    const uint32_t from = source_of(self, worker, action);
    if (from == SHADOW_NONE)
        return;
    const uint32_t index = shadow_models_copy(self, worker, from);
    struct shadow_model *const model = &self->model[index];
    const double step = action->rule == APPLY_SCALED ? model->y : 1.0;
    model->roundings += ROUNDINGS_OF_STEP;
    for (uint32_t u = 0; u < self->units; u++)
        model->mass[u * self->columns + self->workers + worker] += step;
    shadow_models_adopt(self, worker, index);
}

/* ------------------------------------------------------------------------------------------------------- rules */

double shadow_models_weight(const struct action *action, uint32_t k)
{
    const uint32_t weight = action->terms[k].weight;
    switch ((enum mix_rule)action->rule) {
    case MIX_METROPOLIS:
        return 1.0 / (1.0 + (weight > action->degree ? weight : action->degree));
    case MIX_WEIGHTED: {
        double sum = action->degree;
        for (uint32_t i = 0; i < action->count; i++)
            sum += action->terms[i].weight;
        return weight / sum;
    }
    case MIX_SHARES:
        return 1.0 / (weight + 1.0);
    case MIX_DELTA_OWN:
        return 1.0 / weight;
    case MIX_COLLECT:
        return 1.0;
    default:
        return 1.0 / (action->count + 1.0);
    }
}

static double self_weight(const struct action *action)
{
    double rest = 1.0;
    switch ((enum mix_rule)action->rule) {
    case MIX_SHARES:
    case MIX_SPLIT:
        return 1.0 / (action->degree + 1.0);
    case MIX_DELTA_OWN:
    case MIX_COLLECT:
        return 1.0;
    default:
        for (uint32_t k = 0; k < action->count; k++)
            rest -= shadow_models_weight(action, k);
        return rest;
    }
}

static void add(struct shadow *self, double *out, const double *row, double weight, uint32_t begin,
                uint32_t end)
{
    for (uint32_t i = begin * self->columns; i < end * self->columns; i++)
        out[i] += weight * row[i];
}

static void scale(struct shadow *self, struct shadow_model *out, double weight, uint32_t begin,
                  uint32_t end)
{
    for (uint32_t i = begin * self->columns; i < end * self->columns; i++)
        out->mass[i] *= weight;
}

/** Terms whole, or minus what they were made from. */
static void add_terms(struct shadow *self, struct shadow_model *out, const struct action *action,
                      const uint32_t *term, const uint32_t *base, uint32_t begin, uint32_t end)
{
    const bool sums = action->rule == MIX_COLLECT;
    for (uint32_t k = 0; k < action->count; k++) {
        const struct shadow_model *const from = &self->model[term[k]];
        const double weight = shadow_models_weight(action, k);
        add(self, out->mass, sums ? from->sent : from->mass, weight, begin, end);
        out->y += weight * (sums ? from->sent_y : from->y);
        out->roundings += weight * from->roundings + ROUNDINGS_OF_TERM;
        if (base[k] == SHADOW_NONE)
            continue;
        const struct shadow_model *const minus = &self->model[base[k]];
        add(self, out->mass, sums ? minus->sent : minus->mass, -weight, begin, end);
        out->y -= weight * (sums ? minus->sent_y : minus->y);
        out->roundings += weight * minus->roundings;
    }
}

static void slice_units(struct shadow *self, uint32_t slice, uint32_t slices, uint32_t *begin,
                        uint32_t *end)
{
    mix_slice(self->units * 16u, slice, slices, begin, end);
    *begin /= 16u;
    *end /= 16u;
}

static void copy_slices(struct shadow *self, struct shadow_model *out, const struct action *action,
                        const uint32_t *term)
{
    for (uint32_t k = 0; k < action->count; k++) {
        uint32_t begin, end;
        slice_units(self, action->terms[k].weight, action->slices, &begin, &end);
        if (self->model[term[k]].roundings > out->roundings)
            out->roundings = self->model[term[k]].roundings;
        memcpy(out->mass + begin * self->columns, self->model[term[k]].mass + begin * self->columns,
               (end - begin) * self->columns * sizeof(double));
    }
}

void shadow_models_mix(struct shadow *self, uint32_t worker, const struct action *action,
                       const uint32_t *term, const uint32_t *base)
{
    const uint32_t from = source_of(self, worker, action);
    if (from == SHADOW_NONE)
        return;
    const uint32_t index = shadow_models_copy(self, worker, from);
    struct shadow_model *const out = &self->model[index];
    uint32_t begin = 0, end = self->units;
    const double own = self_weight(action);
    if (action->rule == MIX_SPLIT && out->y < (double)LANES_WEIGHT_LEAST) {
        shadow_models_adopt(self, worker, index); /* too little to give any of it away */
        return;
    }
    if (action->rule == MIX_SLICE_COPY) {
        copy_slices(self, out, action, term);
    } else {
        if (action->rule == MIX_SLICE_MEAN)
            slice_units(self, action->slice, action->slices, &begin, &end);
        scale(self, out, own, begin, end);
        out->roundings =
            (end - begin == self->units ? own : 1.0) * out->roundings + ROUNDINGS_OF_TERM;
        if (action->rule != MIX_SLICE_MEAN)
            out->y *= own;
        if (action->rule == MIX_SPLIT) { /* one such share stays, one goes into the books */
            add(self, out->sent, out->mass, 1.0, 0, self->units);
            out->sent_y += out->y;
        }
        add_terms(self, out, action, term, base, begin, end);
    }
    shadow_models_adopt(self, worker, index);
}
