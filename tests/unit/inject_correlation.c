/* SPDX-License-Identifier: BSD-3-Clause */
/* Draws that remember: the process behind them, and laws whose draws follow it with their marginals unchanged. */
#include <criterion/criterion.h>
#include <math.h>

#include "core/base/rng.h"
#include "core/inject/ar1.h"
#include "tests/unit/support_inject.h"

#define MS 1000000ull
#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

/* One index of many streams: those draws are independent, so the test knows its critical value. */
Test(correlation, every_index_is_standard_normal)
{
    enum { STREAMS = 4000 };
    static uint64_t sample[STREAMS];
    const double half_lives[] = {0.01, 0.7, 3, 50, 1e6};
    const uint64_t indices[] = {0, 1, 31, 32, 1000, UINT64_C(1) << 40};
    const double scale = 1e6; /* to whole numbers */
    for (uint32_t h = 0; h < COUNT(half_lives); h++)
        for (uint32_t k = 0; k < COUNT(indices); k++) {
            for (uint32_t s = 0; s < STREAMS; s++) {
                const double p = normal_cdf(ar1_normal(rng_at(5, s), indices[k], half_lives[h]));
                sample[s] = (uint64_t)(p * scale);
            }
            const struct law_config config = {.low_ns = 0, .high_ns = (uint64_t)scale - 1};
            const double distance = ks_rounded(sample, STREAMS, uniform_cdf, &config);
            cr_expect_lt(distance, KS_LIMIT, "half-life %g, index %lu: %f", half_lives[h],
                         indices[k], distance);
        }
}

Test(correlation, halves_with_each_half_life)
{
    enum { STREAMS = 20000 };
    const double half_lives[] = {0.5, 2, 10, 300};
    const uint64_t lags[] = {1, 2, 5, 17, 64, 300};
    const uint64_t from[] = {0, 29}; /* at and beside the end of a stretch */
    for (uint32_t h = 0; h < COUNT(half_lives); h++)
        for (uint32_t k = 0; k < COUNT(lags); k++) {
            double sum = 0.0;
            for (uint32_t s = 0; s < STREAMS; s++) {
                const uint64_t key = rng_at(7, s), at = from[s % 2];
                sum += ar1_normal(key, at, half_lives[h]) *
                       ar1_normal(key, at + lags[k], half_lives[h]);
            }
            const double expected = exp2(-(double)lags[k] / half_lives[h]);
            const double error = sqrt((1.0 + expected * expected) / STREAMS);
            cr_expect_leq(fabs(sum / STREAMS - expected), 4.5 * error,
                          "half-life %g, lag %lu: %g, not %g", half_lives[h], lags[k],
                          sum / STREAMS, expected);
        }
}

/* The future depends on the past through the present alone: z2 - r z1 is independent of z0. */
Test(correlation, is_markov)
{
    enum { STREAMS = 20000 };
    const double r = exp2(-1.0 / 3.0);
    double sum = 0.0;
    for (uint32_t s = 0; s < STREAMS; s++) {
        const uint64_t key = rng_at(8, s);
        sum += (ar1_normal(key, 7, 3) - r * ar1_normal(key, 6, 3)) * ar1_normal(key, 5, 3);
    }

    cr_expect_leq(fabs(sum / STREAMS), 4.5 * sqrt((1 - r * r) / STREAMS));
}

Test(correlation, answers_alike_in_any_order)
{
    enum { STEPS = 3000 };
    static uint64_t forward[STEPS];
    const double half_lives[] = {0.3, 5, 1234.5};
    for (uint32_t h = 0; h < COUNT(half_lives); h++) {
        for (uint64_t i = 0; i < STEPS; i++)
            forward[i] = ar1_bits(99, i, half_lives[h]);
        for (uint64_t i = STEPS; i-- > 0;)
            cr_assert_eq(ar1_bits(99, i, half_lives[h]), forward[i]);
        for (uint64_t i = 0; i < STEPS; i++)
            cr_assert_eq(ar1_bits(99, i * 1009 % STEPS, half_lives[h]), forward[i * 1009 % STEPS]);
    }
}

Test(correlation, without_memory_gives_fresh_bits)
{
    const uint64_t one = ar1_bits(1, 5, 1e-3), two = ar1_bits(1, 6, 1e-3);

    cr_expect_neq(one, two);
    cr_expect_eq(one & 0xfff, 0, "52 bits count");
}

/* Every law that inverts: the draws of one iteration over many seeds, with memory and without, are of one law. The two-
 * sample distance of n and n draws is exceeded with probability 1e-4 at 2.23 sqrt(2 / n). */
Test(correlation, leaves_the_marginals_of_laws_alone)
{
    enum { SEEDS = 3000 };
    static uint64_t free_draw[SEEDS], tied[SEEDS];
    static const struct law_bin bin[] = {{0.001, 0.002, 3}, {0.004, 0.004, 4}, {0.01, 0.03, 9}};
    const struct law_config config = {.low_ns = MS,
                                      .high_ns = 9 * MS,
                                      .mean_ns = 3 * MS,
                                      .sd_ns = 2 * MS,
                                      .shift_ns = MS,
                                      .median_ns = MS,
                                      .p99_ns = 9 * MS,
                                      .scale_ns = MS,
                                      .alpha = 2.5,
                                      .shape = 0.7,
                                      .share = 0.3,
                                      .sample = {.bin = bin, .count = 3}};
    uint32_t laws = 0;
    for (uint32_t l = 0; l < law_count; l++) {
        struct inject entry = {.law = &law_table[l], .config = config};
        if (!entry.law->inverts)
            continue;
        laws++;
        cr_assert_null(entry.law->check(&config), "%s", entry.law->name);
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            entry.half_life = 0.0;
            free_draw[seed] = adds_ns(&entry, 0, seed, 8, 1, 77, 0);
            entry.half_life = 20.0;
            tied[seed] = adds_ns(&entry, 0, seed + SEEDS, 8, 1, 77, 0);
        }
        const double distance = ks_two(free_draw, tied, SEEDS);
        cr_expect_lt(distance, KS_LIMIT * sqrt(2.0), "%s: %f", entry.law->name, distance);
    }
    cr_expect_eq(laws, 11,
                 "uniform normal lognormal exp shifted-exp weibull gamma pareto paretonormal "
                 "bimodal empirical");
}

Test(correlation, makes_slow_iterations_follow_slow_ones)
{
    struct inject entry = {.law = law_find("exp"), .config = {.mean_ns = MS}, .half_life = 10};
    uint32_t both = 0, one = 0;
    for (uint64_t i = 0; i < 40000; i++) {
        const bool now = adds_ns(&entry, 0, 3, 8, 2, i, 0) > MS;
        one += now;
        both += now && adds_ns(&entry, 0, 3, 8, 2, i + 1, 0) > MS;
    }

    cr_expect_float_eq((double)one / 40000, exp(-1.0), 0.06);
    cr_expect_gt((double)both / one, 0.75, "0.37 without memory");
}
