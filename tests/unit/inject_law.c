/* SPDX-License-Identifier: BSD-3-Clause */
/* Each law against its formula (computed with libm), whom it hits against the binomial law, and purity. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/inject/draw.h"
#include "tests/unit/support_inject.h"

#define MS 1000000ull
#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

static struct inject entry(const char *law, struct law_config config)
{
    return (struct inject){.law = law_find(law), .config = config, .select = SELECT_ALL};
}

/* ---- elementary functions and variates ---- */

Test(draw, has_a_logarithm_and_an_exponential_within_two_units_of_libm)
{
    struct rng rng = rng_start(1, RNG_TEST, 0);
    for (uint32_t i = 0; i < 20000; i++) {
        const double x = ldexp(0.5 + rng_unit(&rng), (int)rng_below(&rng, 200) - 100);
        const double y = 1400.0 * rng_unit(&rng) - 700.0;

        cr_expect_float_eq(draw_ln(x) / log(x), 1.0, 5e-16, "ln %a", x);
        cr_expect_float_eq(draw_exp(y) / exp(y), 1.0, 5e-16, "exp %a", y);
    }
    cr_expect_eq(draw_ln(1.0), 0.0);
    cr_expect_eq(draw_exp(0.0), 1.0);
    cr_expect_eq(draw_exp(710.0), HUGE_VAL);
    cr_expect_eq(draw_exp(-746.0), 0.0);
}

/* Also where one lane is too large or too small for the series of the others. */
Test(draw, raises_four_values_at_once_to_the_same_bits_as_one)
{
    struct rng rng = rng_start(2, RNG_TEST, 0);
    for (uint32_t i = 0; i < 5000; i++) {
        const double range = i % 5 == 0 ? 1600.0 : 1.0;
        double lanes[DRAW_LANES], alone[DRAW_LANES];
        for (uint32_t k = 0; k < DRAW_LANES; k++)
            lanes[k] = alone[k] = range * (rng_unit(&rng) - 0.5);

        draw_exp_lanes(lanes);

        for (uint32_t k = 0; k < DRAW_LANES; k++)
            alone[k] = draw_exp(alone[k]);
        cr_assert_arr_eq(lanes, alone, sizeof(lanes), "case %u", i);
    }
}

Test(draw, inverts_the_normal_law)
{
    const double probabilities[] = {1e-16, 1e-12, 1e-6, 0.01, 0.0749, 0.0751, 0.3, 0.5, 0.7, 0.99};
    for (uint32_t i = 0; i < COUNT(probabilities); i++) {
        const double p = probabilities[i];
        const double back = erfc(-draw_normal_quantile(p) / sqrt(2.0)) / 2.0;
        cr_expect_float_eq(back / p, 1.0, 1e-13, "p = %g came back as %g", p, back);
    }
    cr_expect_float_eq(draw_normal_quantile(0.99), 2.3263478740408408, 1e-15);
    cr_expect_eq(draw_normal_quantile(0.5), 0.0);
}

Test(draw, stays_inside_the_open_interval_and_finite_at_both_ends)
{
    cr_expect_gt(draw_open(0), 0.0);
    cr_expect_lt(draw_open(UINT64_MAX), 1.0);
    cr_expect(isfinite(draw_normal(0)) && isfinite(draw_normal(UINT64_MAX)));
    cr_expect(isfinite(draw_exponential(0)) && draw_exponential(UINT64_MAX) > 0.0);
}

Test(draw, never_changes_its_bits)
{
    /* Pinned: these must come out on every CPU, compiler and optimization level. */
    uint64_t hash = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        const double values[] = {draw_exponential(rng_at(1, i)), draw_normal(rng_at(2, i)),
                                 draw_exp(draw_normal(rng_at(3, i)))};
        uint64_t bits[3];
        memcpy(bits, values, sizeof(bits));
        for (int k = 0; k < 3; k++)
            hash = rng_at(hash ^ bits[k], 0);
    }

    cr_expect_eq(hash, 0xd54c82e217aa4912ull, "hash %#lx", hash);
}

/* ---- the table ---- */

Test(law, finds_each_row_by_its_name)
{
    for (uint32_t i = 0; i < law_count; i++)
        cr_expect_eq(law_find(law_table[i].name), &law_table[i]);
    cr_expect_null(law_find("no such law"));
    cr_expect_null(law_find(""));
}

Test(law, none_delays_nothing)
{
    const struct inject none = entry("none", (struct law_config){.factor = 10});

    cr_expect_null(none.law->check(&none.config));
    cr_expect_eq(adds_ns(&none, 0, 1, 8, 3, 77, MS), 0u);
}

struct domain {
    const char *law;
    struct law_config config;
    const char *complaint; /* a piece of the sentence; NULL: accepted */
};

Test(law, check_names_what_is_out_of_domain)
{
    static const double one[] = {1.0};
    static const struct law_bin bin[] = {{1, 1, 1}}, nothing[] = {{1, 2, 0}};
    const struct domain cases[] = {
        {"slowdown", {.factor = 1}, NULL},
        {"slowdown", {.factor = 0.99}, "factor"},
        {"slowdown", {.factor = (double)NAN}, "factor"},
        {"slowdown", {.factor = HUGE_VAL}, "factor"},
        {"shifted-exp", {.mean_ns = 1}, NULL},
        {"shifted-exp", {.shift_ns = 1}, "mean"},
        {"shifted-exp", {.mean_ns = LAW_DELAY_NS_MAX + 1}, "1h"},
        {"shifted-exp", {.mean_ns = 1, .shift_ns = LAW_DELAY_NS_MAX + 1}, "1h"},
        {"pareto", {.scale_ns = 1, .alpha = 0.1}, NULL},
        {"pareto", {.scale_ns = 1, .alpha = 0}, "alpha"},
        {"pareto", {.scale_ns = 1, .alpha = -1}, "alpha"},
        {"pareto", {.scale_ns = 1, .alpha = (double)NAN}, "alpha"},
        {"pareto", {.scale_ns = 0, .alpha = 1.5}, "scale"},
        {"pareto", {.scale_ns = LAW_DELAY_NS_MAX + 1, .alpha = 1.5}, "scale"},
        {"lognormal", {.median_ns = 5, .p99_ns = 5}, NULL},
        {"lognormal", {.median_ns = 0, .p99_ns = 5}, "median"},
        {"lognormal", {.median_ns = 5, .p99_ns = 4}, "p99"},
        {"lognormal", {.median_ns = 5, .p99_ns = LAW_DELAY_NS_MAX + 1}, "1h"},
        {"trace", {.trace = {one, 1, 1, 1.0}}, NULL},
        {"trace", {.trace = {NULL, 1, 1, 1.0}}, "empty"},
        {"trace", {.trace = {one, 0, 1, 1.0}}, "empty"},
        {"trace", {.trace = {one, 1, 1, 0.0}}, "median"},
        {"empirical", {.sample = {bin, 1}}, NULL},
        {"empirical", {.sample = {NULL, 1}}, "no measured"},
        {"empirical", {.sample = {bin, 0}}, "no measured"},
        {"empirical", {.sample = {nothing, 1}}, "empty"},
    };
    for (uint32_t i = 0; i < COUNT(cases); i++) {
        const char *sentence = law_find(cases[i].law)->check(&cases[i].config);
        if (cases[i].complaint == NULL)
            cr_expect_null(sentence, "case %u: %s", i, sentence ? sentence : "");
        else
            cr_expect(sentence && strstr(sentence, cases[i].complaint), "case %u: %s", i,
                      sentence ? sentence : "no complaint");
    }
}

/* ---- distributions ---- */

#define DRAWS 10000u

static int compare_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov: greatest distance between the law's distribution function and the sample's, times sqrt(n). */
static double ks_distance(uint64_t *sample, double (*cdf)(double ns))
{
    qsort(sample, DRAWS, sizeof(sample[0]), compare_u64);
    double worst = 0.0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        const double f = cdf((double)sample[i]);
        worst = fmax(worst, fmax(f - (double)i / DRAWS, (double)(i + 1) / DRAWS - f));
    }
    return worst * sqrt(DRAWS);
}

static double exponential_cdf(double ns)
{
    return ns < 2e6 ? 0.0 : 1.0 - exp(-(ns - 2e6) / 3e6);
}
static double pareto_cdf(double ns)
{
    return ns < 1e6 ? 0.0 : 1.0 - pow(1e6 / ns, 1.5);
}
static double lognormal_cdf(double ns)
{
    const double sigma = log(40e6 / 5e6) / 2.326348;
    return erfc(-log(ns / 5e6) / sigma / sqrt(2.0)) / 2.0;
}
static double jitter_cdf(double ns)
{
    const double variance = log(1.0 + 0.05 * 0.05);
    return erfc(-(log(ns / 1e6) + variance / 2.0) / sqrt(2.0 * variance)) / 2.0;
}

Test(law, draws_from_the_distributions_that_the_formulas_give)
{
    static uint64_t sample[DRAWS];
    const struct {
        struct inject entry;
        double (*cdf)(double ns);
    } cases[] = {
        {entry("shifted-exp", (struct law_config){.mean_ns = 3 * MS, .shift_ns = 2 * MS}),
         exponential_cdf},
        {entry("pareto", (struct law_config){.scale_ns = MS, .alpha = 1.5}), pareto_cdf},
        {entry("lognormal", (struct law_config){.median_ns = 5 * MS, .p99_ns = 40 * MS}),
         lognormal_cdf},
    };
    for (uint32_t k = 0; k < COUNT(cases); k++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            for (uint32_t i = 0; i < DRAWS; i++) /* over workers and over iterations */
                sample[i] = adds_ns(&cases[k].entry, 0, seed, 8, i % 8, i / 8, MS);
            const double distance = ks_distance(sample, cases[k].cdf);
            cr_expect_lt(distance, 1.95, "%s, seed %lu: %f exceeds the 0.1 %% point",
                         cases[k].entry.law->name, seed, distance);
        }
}

Test(law, jitters_the_base_time_lognormally)
{
    static uint64_t sample[DRAWS];
    for (uint32_t i = 0; i < DRAWS; i++)
        sample[i] = inject_base_ns(MS, 0.05, 1, i % 8, i / 8);

    cr_expect_lt(ks_distance(sample, jitter_cdf), 1.95);
}

Test(law, jitter_keeps_the_mean_and_has_the_given_coefficient_of_variation)
{
    const double cv =
        0.5; /* large, so that the mean of the unshifted lognormal would be 12 % off */
    double sum = 0.0, squares = 0.0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        const double factor = (double)inject_base_ns(MS, cv, 1, i % 8, i / 8) / 1e6;
        sum += factor;
        squares += factor * factor;
    }

    const double mean = sum / DRAWS;
    cr_expect_float_eq(mean, 1.0, 5 * cv / sqrt(DRAWS), "five standard errors");
    cr_expect_float_eq(sqrt(squares / DRAWS - mean * mean) / mean, cv, 0.05);
}

Test(law, keeps_the_base_time_without_jitter)
{
    cr_expect_eq(inject_base_ns(12345, 0.0, 1, 2, 3), 12345u);
    cr_expect_eq(inject_base_ns(0, 0.05, 1, 2, 3), 0u);
    cr_expect_eq(inject_base_ns(UINT64_MAX, 0.0, 1, 2, 3), LAW_DELAY_NS_MAX);
}

Test(law, draws_base_times_of_several_iterations_as_one_by_one)
{
    const double cvs[] = {0.0, 1e-9, 0.05, 3.0};
    for (uint32_t c = 0; c < COUNT(cvs); c++)
        for (uint64_t first = 0; first < 4000; first += INJECT_BASE_LANES) {
            const uint64_t base_ns = first % 3 ? MS : LAW_DELAY_NS_MAX + 1;
            const uint32_t worker = (uint32_t)first % 7;
            struct inject_base law;
            uint64_t got[INJECT_BASE_LANES];
            inject_base_init(&law, base_ns, cvs[c]);

            inject_base_lanes(&law, 5, worker, first, got);

            for (uint32_t i = 0; i < INJECT_BASE_LANES; i++)
                cr_assert_eq(got[i], inject_base_ns(base_ns, cvs[c], 5, worker, first + i),
                             "cv %g, iteration %lu", cvs[c], first + i);
        }
}

Test(law, varies_base_times_by_any_law_on_top_of_the_base)
{
    const struct law_config config = {.mean_ns = MS / 2, .factor = 3};
    const struct inject_jitter exponential = {law_find("exp"), &config};
    const struct inject_jitter slowdown = {law_find("slowdown"), &config};
    struct inject_base law;
    double sum = 0;
    inject_base_init(&law, MS, 0);
    law.jitter = exponential;
    for (uint64_t first = 0; first < 40000; first += INJECT_BASE_LANES) {
        uint64_t got[INJECT_BASE_LANES];
        inject_base_lanes(&law, 5, 3, first, got);
        for (uint32_t i = 0; i < INJECT_BASE_LANES; i++) {
            cr_assert_eq(got[i], inject_jitter_ns(&exponential, MS, 5, 3, first + i));
            cr_assert_geq(got[i], MS);
            sum += (double)(got[i] - MS);
        }
    }
    cr_expect_float_eq(sum / 40000, MS / 2, MS / 50, "mean %.0f", sum / 40000);
    cr_expect_eq(inject_jitter_ns(&slowdown, MS, 5, 3, 7), 3 * MS);
    cr_expect_eq(inject_jitter_ns(&slowdown, LAW_DELAY_NS_MAX, 5, 3, 7), LAW_DELAY_NS_MAX);
}

Test(law, slows_down_by_the_factor)
{
    const struct inject ten = entry("slowdown", (struct law_config){.factor = 10});
    const struct inject same = entry("slowdown", (struct law_config){.factor = 1});
    const struct inject half = entry("slowdown", (struct law_config){.factor = 1.5});

    cr_expect_eq(adds_ns(&ten, 0, 1, 8, 0, 0, MS), 9 * MS);
    cr_expect_eq(adds_ns(&same, 0, 1, 8, 0, 0, MS), 0u);
    cr_expect_eq(adds_ns(&half, 0, 1, 8, 0, 0, 3), 2u, "1.5 ns to the nearest");
}

Test(law, lognormal_with_equal_median_and_p99_is_constant)
{
    const struct inject flat = entry("lognormal", (struct law_config){.median_ns = 7, .p99_ns = 7});

    for (uint64_t i = 0; i < 100; i++)
        cr_assert_eq(adds_ns(&flat, 0, 1, 8, 0, i, MS), 7u);
}

Test(law, saturates_at_an_hour)
{
    const struct inject cases[] = {
        entry("slowdown", (struct law_config){.factor = 1e300}),
        entry("shifted-exp",
              (struct law_config){.mean_ns = LAW_DELAY_NS_MAX, .shift_ns = LAW_DELAY_NS_MAX}),
        entry("pareto", (struct law_config){.scale_ns = LAW_DELAY_NS_MAX, .alpha = 1e-9}),
    };
    for (uint32_t k = 0; k < COUNT(cases); k++)
        for (uint64_t i = 0; i < 100; i++)
            cr_assert_eq(adds_ns(&cases[k], 0, 1, 8, 0, i, MS), LAW_DELAY_NS_MAX, "%s",
                         cases[k].law->name);
    cr_expect_eq(adds_ns(&cases[0], 0, 1, 8, 0, 0, 0), 0u, "no compute, no slowdown");
}

Test(law, replays_a_trace_around_its_median)
{
    static const double seconds[] = {2, 4, 1, 2, 3, 2};
    const struct law_trace trace = {.seconds = seconds, .steps = 2, .workers = 3, .median_s = 2};
    const struct inject replay = entry("trace", (struct law_config){.trace = trace});

    cr_expect_eq(adds_ns(&replay, 0, 1, 8, 0, 0, MS), 0u);
    cr_expect_eq(adds_ns(&replay, 0, 1, 8, 1, 0, MS), MS, "4 s where the median is 2 s");
    cr_expect_eq(adds_ns(&replay, 0, 1, 8, 2, 0, MS), 0u, "faster than the median: no delay …");
    cr_expect_eq(phase_of(&replay, 1, 2, 0, 0, MS).base_ns, MS / 2, "… but half the compute");
    cr_expect_eq(phase_of(&replay, 1, 1, 0, 0, MS).base_ns, MS, "slower: all of it, and more");
    cr_expect_eq(adds_ns(&replay, 0, 1, 8, 4, 0, MS), MS, "worker 4 is worker 1 again");
    cr_expect_eq(adds_ns(&replay, 0, 1, 8, 1, 1, MS), MS / 2);
    cr_expect_eq(adds_ns(&replay, 0, 1, 8, 1, 3, MS), MS / 2, "step 3 is step 1 again");
}

/* ---- whom it hits ---- */

Test(select, hits_all_or_exactly_the_listed_workers)
{
    const uint32_t listed[] = {6, 1};
    struct inject some = entry("slowdown", (struct law_config){.factor = 2});
    cr_expect(is_hit(&some, 0, 1, 8, 5, 0));

    some.select = SELECT_WORKERS;
    some.workers = listed;
    some.worker_count = 2;

    for (uint32_t w = 0; w < 8; w++) {
        cr_expect_eq(is_hit(&some, 0, 1, 8, w, w), w == 1 || w == 6);
        cr_expect_eq(adds_ns(&some, 0, 1, 8, w, w, MS), w == 1 || w == 6 ? MS : 0);
    }
}

Test(select, hits_each_iteration_with_the_given_share)
{
    const double shares[] = {0.0, 0.01, 0.1, 0.5, 1.0};
    for (uint32_t k = 0; k < COUNT(shares); k++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            const struct inject each = {.select = SELECT_PERCENT_EACH, .share = shares[k]};
            uint32_t hits = 0;
            for (uint32_t i = 0; i < 8 * 2000; i++)
                hits += is_hit(&each, 0, seed, 8, i % 8, i / 8);

            const double sigma = sqrt(16000 * shares[k] * (1 - shares[k]));
            cr_expect_leq(fabs(hits - 16000 * shares[k]), 4.5 * sigma, "share %g, seed %lu: %u",
                          shares[k], seed, hits);
        }
}

Test(select, draws_exactly_the_rounded_share_of_workers_once)
{
    const uint32_t sizes[] = {1, 2, 3, 5, 8, 64, 100, 1000};
    const double shares[] = {0.0, 0.05, 0.1, 0.25, 0.5, 0.99, 1.0};
    for (uint32_t n = 0; n < COUNT(sizes); n++)
        for (uint32_t k = 0; k < COUNT(shares); k++)
            for (uint64_t seed = 1; seed <= 5; seed++) {
                const struct inject once = {.select = SELECT_PERCENT_ONCE, .share = shares[k]};
                uint32_t hits = 0;
                for (uint32_t w = 0; w < sizes[n]; w++) {
                    hits += is_hit(&once, 0, seed, sizes[n], w, 0);
                    cr_assert_eq(is_hit(&once, 0, seed, sizes[n], w, 0),
                                 is_hit(&once, 0, seed, sizes[n], w, 999), "for good");
                }
                cr_expect_eq(hits, (uint32_t)lround(shares[k] * sizes[n]), "%u workers, share %g",
                             sizes[n], shares[k]);
            }
}

Test(select, draws_each_worker_and_each_pair_equally_often)
{
    enum { SEEDS = 28000 };
    const uint32_t sizes[] = {2, 3, 5, 8};
    for (uint32_t k = 0; k < COUNT(sizes); k++) {
        const uint32_t n = sizes[k];
        const struct inject once = {.select = SELECT_PERCENT_ONCE, .share = 2.0 / n};
        uint32_t pairs[64] = {0};
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            uint32_t set = 0;
            for (uint32_t w = 0; w < n; w++)
                if (is_hit(&once, 0, seed, n, w, 0))
                    set = set * 8 + w;
            pairs[set & 63]++;
        }

        const double cells = n * (n - 1) / 2.0, expected = SEEDS / cells;
        double chi = 0.0;
        for (uint32_t a = 0; a < n; a++)
            for (uint32_t b = a + 1; b < n; b++)
                chi += pow(pairs[a * 8 + b] - expected, 2) / expected;
        cr_expect_lt(chi, cells - 1 + 5 * sqrt(2 * cells), "%u workers: chi-square %f", n, chi);
    }
}

Test(select, draws_whether_and_how_long_independently)
{
    /* Were both one draw, the hit ones would all be at one end of the law. */
    static uint64_t sample[DRAWS];
    struct inject each =
        entry("shifted-exp", (struct law_config){.mean_ns = 3 * MS, .shift_ns = 2 * MS});
    each.select = SELECT_PERCENT_EACH;
    each.share = 0.1;
    uint32_t found = 0;
    for (uint64_t i = 0; found < DRAWS; i++) {
        const uint64_t delay_ns = adds_ns(&each, 0, 1, 8, (uint32_t)(i % 8), i / 8, MS);
        if (delay_ns > 0)
            sample[found++] = delay_ns;
    }

    cr_expect_lt(ks_distance(sample, exponential_cdf), 1.95);
}

Test(select, lets_two_entries_of_a_profile_hit_independently)
{
    const struct inject each = {.select = SELECT_PERCENT_EACH, .share = 0.5};
    uint32_t same = 0;
    for (uint32_t i = 0; i < 10000; i++)
        same += is_hit(&each, 0, 1, 8, i % 8, i) == is_hit(&each, 1, 1, 8, i % 8, i);

    cr_expect_lt(abs((int)same - 5000), 250, "five standard deviations");
}

Test(select, makes_a_synchronous_round_wait_as_the_closed_form_says)
{
    /* E[max] = 1 + (s - 1) (1 - (1 - p)^N) base times: 6.13 for N = 8, p = 0.1, s = 10. */
    enum { ROUNDS = 20000 };
    struct inject transient = entry("slowdown", (struct law_config){.factor = 10});
    transient.select = SELECT_PERCENT_EACH;
    transient.share = 0.1;
    uint64_t sum_ns = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t slowest_ns = 0;
        for (uint32_t w = 0; w < 8; w++) {
            const uint64_t ns = MS + adds_ns(&transient, 0, 7, 8, w, round, MS);
            slowest_ns = ns > slowest_ns ? ns : slowest_ns;
        }
        sum_ns += slowest_ns;
    }

    const double expected = 1.0 + 9.0 * (1.0 - pow(0.9, 8));
    cr_expect_float_eq(expected, 6.13, 0.005);
    cr_expect_float_eq((double)sum_ns / ROUNDS / 1e6 / expected, 1.0, 0.02);
}

Test(select, answers_alike_in_any_order)
{
    enum { N = 8, ITERATIONS = 200 };
    static uint64_t forward[ITERATIONS][N];
    struct inject each = entry("pareto", (struct law_config){.scale_ns = MS, .alpha = 1.5});
    each.select = SELECT_PERCENT_EACH;
    each.share = 0.5;
    for (uint32_t i = 0; i < ITERATIONS; i++)
        for (uint32_t w = 0; w < N; w++)
            forward[i][w] = adds_ns(&each, 2, 3, N, w, i, MS) + inject_base_ns(MS, 0.05, 3, w, i);

    for (uint32_t w = N; w-- > 0;)
        for (uint32_t i = ITERATIONS; i-- > 0;)
            cr_assert_eq(adds_ns(&each, 2, 3, N, w, i, MS) + inject_base_ns(MS, 0.05, 3, w, i),
                         forward[i][w]);
}

Test(select, aborts_on_a_worker_out_of_range, .signal = SIGABRT)
{
    const struct inject all = {.select = SELECT_ALL};

    is_hit(&all, 0, 1, 8, 8, 0);
}
