/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Uniform bits that remember: a stationary Gaussian process of first order, mapped to a uniform marginal.
 *
 * z(i) is standard normal with correlation 2^(-|i - j| / half_life) between i and j, and Markov: what an AR(1) process is,
 * but any index can be had without those before it. bits(i) = Phi(z(i)) is uniform, so a law that inverts keeps its
 * marginals exactly.
 */
#ifndef CORE_INJECT_AR1_H
#define CORE_INJECT_AR1_H

#include <stdint.h>

/** Standard normal number `index` of the stream `key`. half_life > 0, in steps. Pure; costs O(log half_life) draws. */
double ar1_normal(uint64_t key, uint64_t index, double half_life);

/** Its uniform counterpart: 64 bits, of which the upper 52 count. */
uint64_t ar1_bits(uint64_t key, uint64_t index, double half_life);

#endif
