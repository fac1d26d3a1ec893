/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Mixing and stepping of parameter vectors: the arithmetic behind ACT_APPLY and ACT_MIX.
 *
 * Pure, float32, fixed order (rows ascending), so live and simulated sums are bit-equal. All vectors are 64-byte
 * aligned, [dim], dim a multiple of 16. Sums over a vector run in 16 doubles (element d in number d mod 16), which are
 * then added in ascending order.
 *
 * Source: L. Xiao, S. Boyd, S. Lall, "A scheme for robust distributed sensor fusion based on average consensus",
 *         IPSN 2005 (Metropolis weights).
 */
#ifndef CORE_LEARN_MIX_H
#define CORE_LEARN_MIX_H

#include <stdint.h>

#define MIX_ROWS_MAX 1024u

/**
 * out[d] = param[d] - lr * gradient[d]. Returns mix_ledger(param) - mix_ledger(out) up to rounding, in
 * double: what the ledger books as applied.
 * out aliases nothing.
 */
double mix_step(float *restrict out, const float *param, const float *gradient, float lr,
                uint32_t dim);

/** out[d] = sum_k weight[k] * row[k][d], k ascending. Requires count in [1, MIX_ROWS_MAX]; out aliases no row. */
void mix_rows(float *restrict out, const float *const *row, const float *weight, uint32_t count,
              uint32_t dim);

/**
 * Metropolis row of worker i: weight[k] = 1 / (1 + max(own, degree[k])) for its `count` active peers; returns the self
 * weight 1 - sum. own = count unless the caller says otherwise.
 */
float mix_metropolis(uint32_t own, const uint32_t *degree, uint32_t count, float *weight);

/** First and one-past-last coordinate of slice `slice` of `slices`: multiples of 16, together they cover [0, dim). */
void mix_slice(uint32_t dim, uint32_t slice, uint32_t slices, uint32_t *begin, uint32_t *end);

/**
 * The ledger's sum: sum_d s(d) * row[d] in double, fixed order, s(d) = -1 or +1 by the parity of d's bits.
 *
 * Linear, so averaging that keeps the vector sum keeps it; unlike the plain sum it does not vanish where the entries of a
 * gradient cancel each other (the classes of a softmax layer).
 */
double mix_ledger(const float *row, uint32_t dim);

/** Squared Euclidean distance, in double. */
double mix_distance2(const float *a, const float *b, uint32_t dim);

#endif
