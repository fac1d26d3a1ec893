/* SPDX-License-Identifier: BSD-3-Clause */
/* One entry as if it were number `number` of a profile's list: what its laws do to one worker's iteration. */
#ifndef TESTS_UNIT_SUPPORT_INJECT_H
#define TESTS_UNIT_SUPPORT_INJECT_H

#include "core/inject/inject.h"

#define ENTRIES_MAX 4u

/** P(X <= x) of the law that `parameters` describes. */
typedef double stats_cdf(const void *parameters, double x);

/**
 * Kolmogorov-Smirnov for times rounded to whole ns: the greatest distance between the sample's distribution function and
 * the rounded law's, which is cdf(x + 1/2), times sqrt(count). Laws with atoms are welcome. Sorts the sample.
 */
double ks_rounded(uint64_t *sample, uint32_t count, stats_cdf *cdf, const void *parameters);
#define KS_LIMIT 2.23 /* exceeded with probability 1e-4: 2 exp(-2 x^2) */

/** The same for two samples of `count` each: distance times sqrt(count). Sorts both. */
double ks_two(uint64_t *left, uint64_t *right, uint32_t count);

/** Whole numbers low_ns to high_ns of the struct law_config. */
double uniform_cdf(const void *parameters, double x);

double chi_square(const uint32_t *seen, const double *share, uint32_t cells, uint32_t count);
double chi_square_limit(uint32_t freedom); /* exceeded with probability 1e-4 */
double normal_cdf(double z);

/** `list` holds the set's entries: `number` others that do nothing, and this one. */
static inline struct inject_set only(struct inject list[ENTRIES_MAX], const struct inject *entry,
                                     uint32_t number, uint64_t seed, uint32_t workers)
{
    for (uint32_t i = 0; i < number; i++)
        list[i] = (struct inject){.law = law_find("none")};
    list[number] = *entry;
    return (struct inject_set){
        .entry = list, .count = number + 1, .seed = seed, .workers = workers};
}

static inline bool is_hit(const struct inject *entry, uint32_t number, uint64_t seed,
                          uint32_t workers, uint32_t worker, uint64_t iteration)
{
    struct inject list[ENTRIES_MAX];
    const struct inject_set set = only(list, entry, number, seed, workers);
    return inject_hits(&set, number, worker, iteration);
}

/** What it adds to `compute_ns`, from the run's start on. */
static inline uint64_t adds_ns(const struct inject *entry, uint32_t number, uint64_t seed,
                               uint32_t workers, uint32_t worker, uint64_t iteration,
                               uint64_t compute_ns)
{
    struct inject list[ENTRIES_MAX];
    const struct inject_set set = only(list, entry, number, seed, workers);
    return inject_delay_ns(&set, number, worker, iteration, 0, compute_ns);
}

static inline struct inject_phase phase_of(const struct inject *entry, uint64_t seed,
                                           uint32_t worker, uint64_t iteration, uint64_t at_ns,
                                           uint64_t base_ns)
{
    struct inject list[ENTRIES_MAX];
    const struct inject_set set = only(list, entry, 0, seed, 8);
    return inject_phase(&set, INJECT_COMPUTE, worker, iteration, at_ns, base_ns);
}

#endif
