/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The little statistics that claims need: Student's t and its quantiles, the interval of a mean, Holm's correction.
 *
 * Pure. Accurate to about 1e-12 (relative, tails included) for up to 1e6 degrees of freedom.
 *
 * Source: NIST Digital Library of Mathematical Functions, 8.17 (incomplete beta function: symmetry 8.17.4, continued
 *         fraction 8.17.22); S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
 *         Statistics 6 (1979).
 */
#ifndef HARNESS_METRIC_STATS_H
#define HARNESS_METRIC_STATS_H

#include <stdint.h>

/** Level of every interval, and of every test: 95 %, 5 %. */
#define STATS_LEVEL 0.95
/** Seeds from which an interval is shown, and from which a claim is decided. */
#define STATS_INTERVAL_SEEDS 6u
#define STATS_CLAIM_SEEDS 10u

/** P(|T| >= |t|). freedom > 0; INFINITY is the normal distribution. NaN for a NaN. */
double stats_t_two_sided(double t, double freedom);

/** The t that T stays below with probability p; 0 < p < 1. */
double stats_t_quantile(double p, double freedom);

/** A mean, its interval at STATS_LEVEL, and how likely a mean so far from `null` is if `null` is the truth. */
struct stats_mean {
    double mean, low, high, p;
    uint32_t count;
};

/** Of `count` finite values. Below 2 values the interval and p are NaN, without any the mean is too. */
struct stats_mean stats_mean(const double *value, uint32_t count, double null);

/**
 * Holm's adjusted p-values of a family of `count` tests: adjusted[i] <= 0.05 rejects i while the chance of one false
 * rejection or more stays below 5 %. A NaN (a member that could not be tested) counts in the family as 1, and stays NaN.
 */
void stats_holm(const double *p, uint32_t count, double *adjusted);

#endif
