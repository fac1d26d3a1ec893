/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums. A row sums to 1, or with push-sum to its weight y. Of a column stochastic policy the columns sum to N workers'
 * starts at any moment, if what is on its way is counted:
 *
 *   shares      a model sent to d others is as good as split into d + 1; a share is on its way until it is mixed
 *   lost        where a tensor may be lost for good (survives_drop), its share is counted as lost, and nothing else is missing
 *   running sums  on its way over an edge is what the sender's sum has grown by since the receiver collected it
 */
#include <math.h>
#include <string.h>

#include "tests/random/shadow_state.h"

static void check_row(struct shadow *self, uint32_t worker)
{
    const struct shadow_model *const model = shadow_current(self, worker);
    const double expected = self->policy->lanes == LANES_PLAIN ? 1.0 : model->y;
    if (model->y < self->extremes.y_least)
        self->extremes.y_least = model->y;
    for (uint32_t u = 0; u < self->units; u++) {
        const double *const row = model->mass + u * self->columns;
        double sum = 0, least = 0;
        for (uint32_t j = 0; j < self->workers; j++) {
            sum += row[j];
            least = row[j] < least ? row[j] : least;
        }
        if (fabs(sum - expected) > SHADOW_TOLERANCE || least < -SHADOW_TOLERANCE)
            shadow_fail(self, "has a model whose weights sum to %.9g (least %.3g), not to %.9g",
                        sum, least, expected);
    }
}

static void add(double *total, const double *row, double scale, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        total[i] += scale * row[i];
}

void shadow_mass_lose(struct shadow *self, uint32_t model, uint32_t degree)
{
    const double share = 1.0 / (degree + 1.0);
    add(self->lost, self->model[model].mass, share, self->columns);
    self->lost_y += share * self->model[model].y;
}

static void add_shares(struct shadow *self, const struct shadow_edge *edge, double *y)
{
    for (uint32_t i = 0; i < edge->tensor.count; i++) {
        const struct shadow_tensor *const sent = shadow_queue_at(&edge->tensor, i);
        add(self->total, self->model[sent->model].mass, 1.0 / (sent->degree + 1.0), self->columns);
        *y += self->model[sent->model].y / (sent->degree + 1.0);
    }
    for (uint32_t i = 0; i < edge->held.count; i++) {
        const struct shadow_held *const held = shadow_queue_at(&edge->held, i);
        if (held->mixed)
            continue;
        add(self->total, self->model[held->model].mass, 1.0 / (held->degree + 1.0), self->columns);
        *y += self->model[held->model].y / (held->degree + 1.0);
    }
}

static void add_growth(struct shadow *self, const struct shadow_edge *edge, double *y)
{
    const struct shadow_model *const from = shadow_current(self, edge->from);
    add(self->total, from->sent, 1.0, self->columns);
    *y += from->sent_y;
    if (edge->collected == SHADOW_NONE)
        return;
    add(self->total, self->model[edge->collected].sent, -1.0, self->columns);
    *y -= self->model[edge->collected].sent_y;
}

/** Adds up all models and what is on its way: the columns to `total`, the weights as what it returns. */
static double add_columns(struct shadow *self)
{
    double y = self->lost_y;
    memcpy(self->total, self->lost, self->columns * sizeof(double));
    for (uint32_t w = 0; w < self->workers; w++) {
        const struct shadow_model *const model = shadow_current(self, w);
        const double kept = 1.0 / (self->worker[w].split_degree + 1.0);
        add(self->total, model->mass, kept, self->columns);
        y += kept * model->y;
    }
    for (uint32_t e = 0; e < self->edges; e++) {
        if (self->policy->lanes == LANES_WEIGHT)
            add_shares(self, &self->edge[e], &y);
        else if (self->policy->lanes == LANES_CUMULATIVE)
            add_growth(self, &self->edge[e], &y);
    }
    return y;
}

static void check_columns(struct shadow *self)
{
    const double y = add_columns(self);
    for (uint32_t j = 0; j < self->columns; j++) {
        const double expected =
            self->gained[j] + (j < self->workers ? 1.0 : self->applied[j - self->workers]);
        if (fabs(self->total[j] - expected) > SHADOW_TOLERANCE * (1 + expected)) {
            shadow_fail(self, "all models and what is on its way hold %.9g of %s %u, not %.9g",
                        self->total[j], j < self->workers ? "the start of" : "the steps of",
                        j % self->workers, expected);
            return;
        }
    }
    const double weights = self->policy->lanes == LANES_PLAIN ? y : self->workers;
    if (fabs(y - weights) > SHADOW_TOLERANCE * weights)
        shadow_fail(self, "the weights sum to %.9g, not to %.9g", y, weights);
}

void shadow_mass_split(struct shadow *self, uint32_t worker, const struct action *send)
{
    struct shadow_worker *const w = &self->worker[worker];
    if (w->split_degree > 0 || send->count != send->degree)
        shadow_fail(self, "sends %u shares of degree %u before it has split for the last ones",
                    send->count, send->degree);
    w->split_degree = send->degree;
    w->split_version = shadow_current(self, worker)->version;
}

void shadow_mass_mixed(struct shadow *self, uint32_t worker, const struct action *action)
{
    struct shadow_worker *const w = &self->worker[worker];
    const uint32_t version = shadow_current(self, worker)->version;
    for (uint32_t k = 0; k < action->count; k++) {
        const struct mix_term *const term = &action->terms[k];
        struct shadow_held *const held =
            shadow_channels_held(self, worker, term->peer, term->handle);
        if (held->mixed || held->degree != term->weight)
            shadow_fail(self, "takes a share of degree %u in as one of %u, %s", held->degree,
                        term->weight, held->mixed ? "again" : "once");
        held->mixed = true;
    }
    if (action->degree > 0 && (w->split_degree != action->degree || w->split_version != version))
        shadow_fail(self, "splits version %u into %u + 1, and sent version %u to %u", version,
                    action->degree, w->split_version, w->split_degree);
    if (action->degree > 0)
        w->split_degree = 0;
}

void shadow_mass_check(struct shadow *self, uint32_t worker)
{
    check_row(self, worker);
    if (self->policy->matrix == MATRIX_COLUMN && !self->crashes)
        check_columns(self);
}

double shadow_weight_lost(const struct shadow *self)
{
    double y = self->lost_y;
    for (uint32_t e = 0; e < self->edges; e++) {
        const struct shadow_edge *const edge = &self->edge[e];
        for (uint32_t i = 0; self->policy->lanes == LANES_WEIGHT && i < edge->tensor.count; i++) {
            const struct shadow_tensor *const sent = shadow_queue_at(&edge->tensor, i);
            y += self->model[sent->model].y / (sent->degree + 1.0);
        }
        if (self->policy->lanes != LANES_CUMULATIVE)
            continue;
        y += self->model[self->worker[edge->from].current].sent_y;
        y -= edge->collected == SHADOW_NONE ? 0 : self->model[edge->collected].sent_y;
    }
    return y;
}

/** Everything a server was sent is in its model, whole. */
static void check_server(struct shadow *self)
{
    const struct shadow_model *const model = shadow_current(self, 0);
    for (uint32_t j = 0; j < self->workers; j++)
        if (fabs(model->mass[self->workers + j] - self->applied[j]) >
            SHADOW_TOLERANCE * (1 + self->applied[j]))
            shadow_fail(self, "the server holds %.9g steps of worker %u, which made %.9g",
                        model->mass[self->workers + j], j, self->applied[j]);
}

/** Does averaging by this policy keep the sum of all columns? */
static bool keeps_columns(const struct policy *policy)
{
    return policy->matrix == MATRIX_COLUMN || policy->matrix == MATRIX_DOUBLY ||
           policy->matrix == MATRIX_EXACT_MEAN ||
           (policy->matrix == MATRIX_NONE && !policy->central);
}

static void check_split(struct shadow *self)
{
    for (uint32_t w = 0; w < self->workers && !shadow_broken(self); w++)
        if (self->worker[w].split_degree > 0 && shadow_lives(self, w))
            shadow_fail(self, "worker %u never split what it sent", w);
}

static void check_lost(struct shadow *self)
{
    if (!self->absences && !self->drops &&
        shadow_weight_lost(self) > SHADOW_TOLERANCE * self->workers)
        shadow_fail(self, "a weight of %.9g was never taken in", shadow_weight_lost(self));
}

void shadow_mass_ended(struct shadow *self)
{
    check_split(self);
    if (keeps_columns(self->policy) && !self->crashes && !self->tearing)
        check_columns(self);
    check_lost(self);
    if (self->policy->central && self->adds && !self->divides && !self->crashes)
        check_server(self);
}
