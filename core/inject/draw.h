/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Random variates out of 64 uniform bits, the same on every x86-64.
 *
 * glibc picks log and exp by the CPU at hand (with or without fused multiply-add), and the last bit differs. One bit
 * can reorder two events, so the laws use these: additions, multiplications, divisions and square roots only, in a
 * fixed order. Relative error below 4e-16 (ln, exp) and 1e-15 (normal).
 */
#ifndef CORE_INJECT_DRAW_H
#define CORE_INJECT_DRAW_H

#include <stdint.h>

/** Natural logarithm of a finite x > 0. */
double draw_ln(double x);

/** e^x; infinite above 709, 0 below -745. */
double draw_exp(double x);

#define DRAW_LANES 4u

/** Each value x into e^x, with the bits of draw_exp: four at once take little longer than one. */
void draw_exp_lanes(double value[DRAW_LANES]);

/** Uniform in [0, 1), 53 bits, as rng_unit_at. */
double draw_unit(uint64_t bits);

/** Uniform in the open interval (0, 1), 52 bits. */
double draw_open(uint64_t bits);

/** Exponential of mean 1. */
double draw_exponential(uint64_t bits);

/** Standard normal, by inversion: one draw, one variate. */
double draw_normal(uint64_t bits);

/** P(Z <= z) of a standard normal Z, in [0, 1 - 2^-53]; absolute error below 1e-15. */
double draw_normal_cdf(double z);

/** Quantile of the standard normal law, 0 < p < 1. */
double draw_normal_quantile(double p);

#endif
