/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The layout of a worker's vector when it holds more than parameters.
 *
 *   LANES_PLAIN       x[dim]
 *   LANES_WEIGHT      x[dim], y, 15 zeros
 *   LANES_CUMULATIVE  the same, then the sum of all shares sent so far as (dim + 16) doubles
 *
 * The cumulative sums are in double: after K sends they are about K times as large as one share, and a float would lose
 * log2 K bits of every difference.
 *
 * Source: M. Assran et al., ICML 2019, arXiv 1811.10792 (push-sum weight); A. Spiridonoff et al., JMLR 2020 (running sums).
 */
#ifndef CORE_LEARN_LANES_H
#define CORE_LEARN_LANES_H

#include <stdint.h>

#include "core/base/mix_rules.h"

/**
 * A push-sum weight below this is not split any more (core/learn/combine.c says why). 2^-32: a step of x / y is then four
 * billion times too long, and running sums up to 2^20 still hold every bit of a share.
 */
#define LANES_WEIGHT_LEAST 0x1p-32f

/** Floats of one vector; a multiple of 16. dim: a multiple of 16. */
uint32_t lanes_floats(enum lanes lanes, uint32_t dim);

/** Weight 1, nothing sent; x is untouched. */
void lanes_start(enum lanes lanes, float *vector, uint32_t dim);

/** y, or 1 for LANES_PLAIN. */
float lanes_weight(enum lanes lanes, const float *vector, uint32_t dim);

/** The model that is read and judged: x / y into out[dim]; `vector` itself is returned where they are the same. */
const float *lanes_model(enum lanes lanes, const float *vector, uint32_t dim, float *out);

/** As mix_step over the parameters, the other lanes are copied. Returns what the ledger books as applied. */
double lanes_step(enum lanes lanes, enum apply_rule rule, float *out, const float *vector,
                  const float *gradient, float lr, uint32_t dim);

#endif
