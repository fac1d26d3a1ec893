/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums of parameter vectors. Every output element adds its rows in ascending order; rows are taken up to four at a
 * time so that few rows are read once and never pass through `out`. For many rows the running sum is stored and loaded
 * between groups, which is exact, in blocks that stay in L1.
 *
 * The ledger adds with signs (Thue-Morse: the parity of the bits of the element's number), because plain sums are blind to
 * what softmax gradients do: over the classes they cancel by themselves, whatever happens to the vector.
 *
 * Sums over a vector are kept in 16 running doubles (element d adds to number d mod 16), added up at the end in
 * ascending order: a fixed order that vectorises.
 */
#include "core/learn/mix.h"

#include <stdbool.h>

#include "core/base/check.h"

#define LANES 16u
#define BLOCK 1024u /* floats of `out` that wait in L1 for the next rows */

typedef double four __attribute__((vector_size(32)));
typedef float four_floats __attribute__((vector_size(16), may_alias));

/* The running sums, in fours: spelled out because the compiler's own choice spills them (2x slower). */
struct lanes {
    four part[LANES / 4];
};

/* gap = a - b, widened; by pointer, since a wide vector by value has no settled calling convention. */
static inline void widen_gap(four *gap, const float *a, const float *b)
{
    *gap = __builtin_convertvector(*(const four_floats *)a, four) -
           __builtin_convertvector(*(const four_floats *)b, four);
}

static double lanes_sum(const struct lanes *lanes)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < LANES; i++)
        sum += lanes->part[i / 4][i % 4];
    return sum;
}

/* -1 or +1: the parity of the bits of i. For i = 16 b + l it is the product of the signs of b and l. */
static double sign_of(uint32_t i)
{
    return __builtin_parity(i) ? -1.0 : 1.0;
}

/* The lanes of the ledger's sum, each with the sign of its number. */
static double lanes_ledger(const struct lanes *lanes)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < LANES; i++)
        sum += sign_of(i) * lanes->part[i / 4][i % 4];
    return sum;
}

double mix_step(float *restrict out, const float *param, const float *gradient, float lr,
                uint32_t dim)
{
    DCHECK(dim % LANES == 0);
    struct lanes lanes = {0};
    for (uint32_t d = 0; d < dim; d += LANES) {
        const double sign = sign_of(d / LANES);
        for (uint32_t i = 0; i < LANES; i++)
            out[d + i] = param[d + i] - lr * gradient[d + i];
#pragma GCC unroll 4
        for (uint32_t i = 0; i < LANES / 4; i++) {
            four gap;
            widen_gap(&gap, param + d + 4 * i, out + d + 4 * i);
            lanes.part[i] += sign * gap;
        }
    }
    return lanes_ledger(&lanes);
}

/* One to four more rows; `count` and `first` are literals at every call. */
static inline __attribute__((always_inline)) void group(float *restrict out,
                                                        const float *const *row, const float *w,
                                                        uint32_t count, bool first, uint32_t begin,
                                                        uint32_t end)
{
    const float *const r0 = row[0], *const r1 = row[count > 1 ? 1 : 0];
    const float *const r2 = row[count > 2 ? 2 : 0], *const r3 = row[count > 3 ? 3 : 0];
    const float w0 = w[0], w1 = w[count > 1 ? 1 : 0];
    const float w2 = w[count > 2 ? 2 : 0], w3 = w[count > 3 ? 3 : 0];
    for (uint32_t d = begin; d < end; d++) {
        float sum = first ? w0 * r0[d] : out[d] + w0 * r0[d];
        if (count > 1)
            sum += w1 * r1[d];
        if (count > 2)
            sum += w2 * r2[d];
        if (count > 3)
            sum += w3 * r3[d];
        out[d] = sum;
    }
}

static inline __attribute__((always_inline)) void choose(float *restrict out,
                                                         const float *const *row, const float *w,
                                                         uint32_t count, bool first, uint32_t begin,
                                                         uint32_t end)
{
    if (count == 1)
        group(out, row, w, 1, first, begin, end);
    else if (count == 2)
        group(out, row, w, 2, first, begin, end);
    else if (count == 3)
        group(out, row, w, 3, first, begin, end);
    else
        group(out, row, w, 4, first, begin, end);
}

void mix_rows(float *restrict out, const float *const *row, const float *weight, uint32_t count,
              uint32_t dim)
{
    DCHECK(count >= 1);
    DCHECK(count <= MIX_ROWS_MAX);
    DCHECK(dim % LANES == 0);
    if (count <= 4) {
        choose(out, row, weight, count, true, 0, dim);
        return;
    }
    for (uint32_t begin = 0; begin < dim; begin += BLOCK) {
        const uint32_t end = dim - begin < BLOCK ? dim : begin + BLOCK;
        group(out, row, weight, 4, true, begin, end);
        for (uint32_t k = 4; k < count; k += 4)
            choose(out, row + k, weight + k, count - k, false, begin, end);
    }
}

float mix_metropolis(uint32_t own, const uint32_t *degree, uint32_t count, float *weight)
{
    double given = 0.0;
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t larger = degree[k] > own ? degree[k] : own;
        weight[k] = (float)(1.0 / (1.0 + larger));
        given += (double)weight[k];
    }
    return (float)(1.0 - given);
}

void mix_slice(uint32_t dim, uint32_t slice, uint32_t slices, uint32_t *begin, uint32_t *end)
{
    DCHECK(dim % LANES == 0);
    DCHECK(slice < slices);
    const uint64_t blocks = dim / LANES;
    *begin = (uint32_t)(blocks * slice / slices * LANES);
    *end = (uint32_t)(blocks * (slice + UINT64_C(1)) / slices * LANES);
}

double mix_ledger(const float *row, uint32_t dim)
{
    DCHECK(dim % LANES == 0);
    struct lanes lanes = {0};
    for (uint32_t d = 0; d < dim; d += LANES) {
        const double sign = sign_of(d / LANES);
#pragma GCC unroll 4
        for (uint32_t i = 0; i < LANES / 4; i++)
            lanes.part[i] +=
                sign * __builtin_convertvector(*(const four_floats *)(row + d + 4 * i), four);
    }
    return lanes_ledger(&lanes);
}

double mix_distance2(const float *a, const float *b, uint32_t dim)
{
    DCHECK(dim % LANES == 0);
    struct lanes lanes = {0};
    for (uint32_t d = 0; d < dim; d += LANES) {
#pragma GCC unroll 4
        for (uint32_t i = 0; i < LANES / 4; i++) {
            four gap;
            widen_gap(&gap, a + d + 4 * i, b + d + 4 * i);
            lanes.part[i] += gap * gap;
        }
    }
    return lanes_sum(&lanes);
}
