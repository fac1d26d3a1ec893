/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The aggregation rules. Averages (weights that sum to one) are mix_rows(); the rules that move mass or differences from
 * one vector to another have sums of their own, in double.
 *
 * Why double: a push-sum or a delta must arrive whole. Products and sums in double, rounded to float once at the end,
 * lose at most half a unit in the last place per mix, with a sign that changes: after 1e4 mixes the sum over all workers
 * is right to about 2e-6 of its size. (A float 1 / 3 as weight errs the same way each time: 1e-4 over the same distance.)
 *
 * MIX_SPLIT loses nothing: every share is the float s = x / (degree + 1), and what stays is x - degree * s, a few units
 * in the last place from s. Both are multiples of the last place of s, so the difference is a float as well (but for a
 * carry into the next power of two), and the books hold exactly what left.
 *
 * A worker that splits while its neighbours are stopped keeps 1 / (degree + 1) of its weight each time. The algorithm
 * knows no bound: its proof has one, because it bounds the delays. In floats y would be 0 after 80 splits in three and x / y
 * no number, for good and for everybody who hears of it. So a weight below LANES_WEIGHT_LEAST is not split: the worker keeps
 * what it has until somebody sends it more. That column of the mixing matrix still sums to 1.
 */
#include "core/learn/combine.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/check.h"
#include "core/learn/lanes.h"
#include "core/learn/mix.h"

#define BLOCK 512u /* doubles of a running sum that stay in L1 */

/* The sums of shares sent, in the memory of a float vector. */
typedef double sent_sum __attribute__((may_alias));

/** Floats that averages and differences touch: x and y. The running sums are a worker's own books. */
static uint32_t shared_floats(const struct combine *self)
{
    return lanes_floats(self->lanes == LANES_PLAIN ? LANES_PLAIN : LANES_WEIGHT, self->dim);
}

/** Everything from float `from` on stays as it is. */
static void keep_rest(const struct combine *self, float *out, uint32_t from)
{
    const uint32_t floats = lanes_floats(self->lanes, self->dim);
    memcpy(out + from, self->self + from, (floats - from) * sizeof(float));
}

/** By id; rows of one worker stay in the order given. Few and nearly sorted, hence insertion. */
static void sort_rows(const struct combine *self)
{
    for (uint32_t i = 1; i < self->count; i++) {
        const struct combine_row row = self->row[i];
        uint32_t k = i;
        for (; k > 0 && self->row[k - 1].id > row.id; k--)
            self->row[k] = self->row[k - 1];
        self->row[k] = row;
    }
}

/** How many rows are summed before the worker's own: it stands among them by its id. */
static uint32_t rows_before_self(const struct combine *self)
{
    uint32_t before = 0;
    while (before < self->count && self->row[before].id <= self->self_id)
        before++;
    return before;
}

/* ---------------------------------------------------------------- averages */

struct average {
    const float *row[MIX_ROWS_MAX];
    float weight[MIX_ROWS_MAX];
    uint32_t count;
};

static float self_weight(const struct combine *self)
{
    uint32_t degree[MIX_ROWS_MAX];
    float weight[MIX_ROWS_MAX];
    switch (self->rule) {
    case MIX_METROPOLIS: /* in the order of the sum, so that the last bit does not depend on who answered first */
        for (uint32_t i = 0; i < self->count; i++)
            degree[i] = self->row[i].weight;
        return mix_metropolis(self->degree, degree, self->count, weight);
    case MIX_WEIGHTED:
        return (float)self->degree;
    default:
        return 1.0f;
    }
}

static float row_weight(const struct combine *self, const struct combine_row *row)
{
    float weight;
    switch (self->rule) {
    case MIX_METROPOLIS:
        mix_metropolis(self->degree, &row->weight, 1, &weight);
        return weight;
    case MIX_WEIGHTED:
        return (float)row->weight;
    default:
        return 1.0f;
    }
}

static void scale_to_one(struct average *average)
{
    float sum = 0;
    for (uint32_t i = 0; i < average->count; i++)
        sum += average->weight[i];
    for (uint32_t i = 0; i < average->count; i++)
        average->weight[i] /= sum;
}

static void gather(const struct combine *self, struct average *average)
{
    const uint32_t before = rows_before_self(self);
    uint32_t n = 0;
    for (uint32_t i = 0; i <= self->count; i++) {
        if (i == before) {
            average->row[n] = self->self;
            average->weight[n++] = self_weight(self);
        }
        if (i < self->count) {
            average->row[n] = self->row[i].row;
            average->weight[n++] = row_weight(self, &self->row[i]);
        }
    }
    average->count = n;
    if (self->rule != MIX_METROPOLIS)
        scale_to_one(average);
}

static void average_all(const struct combine *self, float *out)
{
    struct average average;
    const uint32_t floats = shared_floats(self);
    gather(self, &average);
    mix_rows(out, average.row, average.weight, average.count, floats);
    keep_rest(self, out, floats);
}

static void average_slice(const struct combine *self, float *out)
{
    struct average average;
    uint32_t begin, end;
    keep_rest(self, out, 0);
    mix_slice(self->dim, self->slice, self->slices, &begin, &end);
    if (end <= begin)
        return;
    gather(self, &average);
    for (uint32_t i = 0; i < average.count; i++)
        average.row[i] += begin;
    mix_rows(out + begin, average.row, average.weight, average.count, end - begin);
}

static void copy_slices(const struct combine *self, float *out)
{
    keep_rest(self, out, 0);
    for (uint32_t i = 0; i < self->count; i++) {
        uint32_t begin, end;
        mix_slice(self->dim, self->row[i].weight, self->slices, &begin, &end);
        memcpy(out + begin, self->row[i].row + begin, (end - begin) * sizeof(float));
    }
}

/* ------------------------------------------------------- shares and deltas */

static void add_scaled(double *restrict sum, const float *restrict row, double scale,
                       uint32_t count)
{
    for (uint32_t d = 0; d < count; d++)
        sum[d] += scale * (double)row[d];
}

static void add_gap(double *restrict sum, const float *restrict row, const float *restrict base,
                    double scale, uint32_t count)
{
    for (uint32_t d = 0; d < count; d++)
        sum[d] += scale * ((double)row[d] - (double)base[d]);
}

static void add_sent(double *restrict sum, const sent_sum *restrict row, uint32_t count)
{
    for (uint32_t d = 0; d < count; d++)
        sum[d] += row[d];
}

static void add_sent_gap(double *restrict sum, const sent_sum *restrict row,
                         const sent_sum *restrict base, uint32_t count)
{
    for (uint32_t d = 0; d < count; d++)
        sum[d] += row[d] - base[d];
}

static const sent_sum *sent_of(const struct combine *self, const float *vector)
{
    return (const sent_sum *)(const void *)(vector + shared_floats(self));
}

/** Add what `row` brings to the coordinates [begin, begin + count). */
static void add_row(const struct combine *self, const struct combine_row *row, double *sum,
                    uint32_t begin, uint32_t count)
{
    switch (self->rule) {
    case MIX_SHARES:
        add_scaled(sum, row->row + begin, 1.0 / (row->weight + 1.0), count);
        return;
    case MIX_COLLECT:
        if (row->base)
            add_sent_gap(sum, sent_of(self, row->row) + begin, sent_of(self, row->base) + begin,
                         count);
        else
            add_sent(sum, sent_of(self, row->row) + begin, count);
        return;
    default:
        if (row->base)
            add_gap(sum, row->row + begin, row->base + begin, 1.0 / row->weight, count);
        else
            add_scaled(sum, row->row + begin, 1.0 / row->weight, count);
        return;
    }
}

static void round_into(float *restrict out, const double *restrict sum, uint32_t count)
{
    for (uint32_t d = 0; d < count; d++)
        out[d] = (float)sum[d];
}

/** Own part plus what every row brings, in double; one block at a time, so that the sums never leave L1. */
static void add_rows(const struct combine *self, float *out)
{
    const uint32_t floats = shared_floats(self), before = rows_before_self(self);
    const double own = self->rule == MIX_SHARES ? 1.0 / (self->degree + 1.0) : 1.0;
    for (uint32_t begin = 0; begin < floats; begin += BLOCK) {
        const uint32_t count = floats - begin < BLOCK ? floats - begin : BLOCK;
        double sum[BLOCK] = {0};
        for (uint32_t i = 0; i <= self->count; i++) {
            if (i == before)
                add_scaled(sum, self->self + begin, own, count);
            if (i < self->count)
                add_row(self, &self->row[i], sum, begin, count);
        }
        round_into(out + begin, sum, count);
    }
    keep_rest(self, out, floats);
}

static void split(const struct combine *self, float *restrict out)
{
    const uint32_t floats = shared_floats(self);
    const float parts = (float)self->degree + 1.0f;
    const double degree = (double)self->degree;
    const float *restrict const x = self->self;
    const sent_sum *const sent = sent_of(self, self->self);
    sent_sum *const books = (sent_sum *)(void *)(out + floats);
    if (lanes_weight(self->lanes, x, self->dim) < LANES_WEIGHT_LEAST) {
        keep_rest(self, out, 0);
        return;
    }
    for (uint32_t d = 0; d < floats; d++)
        out[d] = (float)((double)x[d] - degree * (double)(x[d] / parts));
    for (uint32_t d = 0; d < floats; d++)
        books[d] = sent[d] + (double)(x[d] / parts);
}

static void check(const struct combine *self)
{
    CHECK(self->count < MIX_ROWS_MAX);
    switch (self->rule) {
    case MIX_SPLIT:
        CHECK(self->count == 0);
        CHECK(self->lanes == LANES_CUMULATIVE);
        return;
    case MIX_COLLECT:
        CHECK(self->lanes == LANES_CUMULATIVE);
        return;
    case MIX_DELTA_OWN:
        for (uint32_t i = 0; i < self->count; i++)
            CHECK(self->row[i].weight >= 1); /* a divisor */
        return;
    default:
        return;
    }
}

void combine(const struct combine *self, float *out)
{
    check(self);
    sort_rows(self);
    switch (self->rule) {
    case MIX_MEAN:
    case MIX_METROPOLIS:
    case MIX_WEIGHTED:
        average_all(self, out);
        return;
    case MIX_SLICE_MEAN:
        average_slice(self, out);
        return;
    case MIX_SLICE_COPY:
        copy_slices(self, out);
        return;
    case MIX_SHARES:
    case MIX_DELTA_OWN:
    case MIX_COLLECT:
        add_rows(self, out);
        return;
    case MIX_SPLIT:
        split(self, out);
        return;
    }
    CHECK(self->rule == MIX_SPLIT); /* no such rule */
}
