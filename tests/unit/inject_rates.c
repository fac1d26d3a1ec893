/* SPDX-License-Identifier: BSD-3-Clause */
/* Laws per time: where their pieces lie, and how long work takes that meets them. */
#include <criterion/criterion.h>
#include <math.h>

#include "core/base/rng.h"
#include "tests/unit/support_inject.h"

#define MS 1000000ull
#define US 1000ull

static struct law_piece piece(const char *law, const struct law_config *config, uint64_t key,
                              uint64_t at_ns)
{
    return law_find(law)->piece(config, key, at_ns);
}

static void expect_piece(const char *law, const struct law_config *config, uint64_t at_ns,
                         double rate, uint64_t until_ns)
{
    const struct law_piece got = piece(law, config, 1, at_ns);
    cr_expect_float_eq(got.rate, rate, 1e-12, "%s at %lu: rate %g", law, at_ns, got.rate);
    cr_expect_eq(got.until_ns, until_ns, "%s at %lu: until %lu", law, at_ns, got.until_ns);
}

/* ---- periodic ---- */

Test(pause, stands_still_at_the_end_of_each_period)
{
    const struct law_config config = {.every_ns = 10 * US, .length_ns = 2 * US, .aligned = true};

    expect_piece("pause", &config, 0, 1, 8 * US);
    expect_piece("pause", &config, 8 * US - 1, 1, 8 * US);
    expect_piece("pause", &config, 8 * US, 0, 10 * US);
    expect_piece("pause", &config, 10 * US, 1, 18 * US);
    expect_piece("pause", &config, 1000 * US + 9 * US, 0, 1010 * US);
}

Test(duty, works_for_its_share_of_each_period)
{
    const struct law_config config = {.period_ns = 4 * US, .share = 0.25, .aligned = true};
    const struct law_config all = {.period_ns = 4 * US, .share = 1.0, .aligned = true};

    expect_piece("duty", &config, 0, 1, US);
    expect_piece("duty", &config, US, 0, 4 * US);
    expect_piece("duty", &config, 4 * US, 1, 5 * US);
    expect_piece("duty", &all, 4 * US - 1, 1, 4 * US);
}

Test(ramp, rises_to_the_factor_at_mid_period_and_falls_as_it_rose)
{
    const struct law_config config = {.period_ns = 64 * US, .factor = 5, .aligned = true};
    double sum = 0.0, before = 1.0;
    for (uint64_t step = 0; step < 64; step++) {
        const struct law_piece got = piece("ramp", &config, 1, step * US);
        const struct law_piece mirrored = piece("ramp", &config, 1, (63 - step) * US);
        const double times = 1.0 / got.rate;
        cr_assert_eq(got.until_ns, (step + 1) * US);
        cr_assert_float_eq(got.rate, mirrored.rate, 1e-12);
        cr_assert_leq(fabs(times - before), 4 * 1.5 / 32 + 1e-9, "no jump at step %lu", step);
        cr_assert(step >= 32 || times > before);
        cr_assert_float_eq(times, 1 + 2 * (1 - cos(2 * M_PI * ((double)step + 0.5) / 64)),
                           4 * 0.0102);
        before = times;
        sum += times;
    }
    cr_expect_float_eq(sum / 64, 3.0, 1e-3, "half-way on average");
    cr_expect_gt(1.0 / piece("ramp", &config, 1, 32 * US).rate, 4.99);
}

Test(ramp, of_a_period_that_64_does_not_divide_has_64_steps_of_nearly_equal_length)
{
    const struct law_config config = {.period_ns = 1003, .factor = 2, .aligned = true};
    uint32_t steps = 0;
    for (uint64_t at = 0; at < 1003; steps++) {
        const struct law_piece got = piece("ramp", &config, 1, at);
        cr_assert(got.until_ns - at == 15 || got.until_ns - at == 16);
        at = got.until_ns;
    }
    cr_expect_eq(steps, 64u);
}

/* Unaligned, each worker's phase is uniform over the period: so many workers, so many stand still at any time. */
Test(pause, workers_have_phases_of_their_own_unless_aligned)
{
    static uint64_t sample[4000];
    const struct law_config config = {.every_ns = 10 * MS, .length_ns = 2 * MS};
    const struct law_config whole = {.low_ns = 0, .high_ns = 10 * MS - 1};
    for (uint64_t key = 0; key < 4000; key++) {
        uint64_t at = 0;
        while (piece("pause", &config, rng_at(3, key), at).rate < 1.0)
            at = piece("pause", &config, rng_at(3, key), at).until_ns;
        sample[key] = (piece("pause", &config, rng_at(3, key), at).until_ns) % (10 * MS);
    }

    cr_expect_lt(ks_rounded(sample, 4000, uniform_cdf, &whole), KS_LIMIT);
}

/* ---- fail-slow ---- */

/* Episodes of 1 ns never meet: each slow piece is one start. */
Test(fail_slow, starts_are_a_poisson_process)
{
    enum { WINDOWS = 20000, CELLS = 10 };
    const struct law_config config = {
        .factor = 2, .every_ns = 100 * US, .shortest_ns = 1, .longest_ns = 1};
    const uint64_t window_ns = 270 * US; /* not a whole number of cells */
    uint32_t seen[CELLS] = {0}, count = 0, window = 0;
    for (uint64_t at = 0; window < WINDOWS;) {
        const struct law_piece got = piece("fail-slow", &config, 77, at);
        count += got.rate < 1.0;
        at = got.until_ns;
        for (; window < WINDOWS && at >= (window + 1) * window_ns; window++) {
            seen[count < CELLS ? count : CELLS - 1]++;
            count = 0;
        }
    }
    double share[CELLS], rest = 1.0;
    for (uint32_t k = 0; k < CELLS - 1; k++) {
        share[k] = exp(-2.7) * pow(2.7, k) / tgamma(k + 1.0);
        rest -= share[k];
    }
    share[CELLS - 1] = rest;
    cr_expect_lt(chi_square(seen, share, CELLS, WINDOWS), chi_square_limit(CELLS - 1));
}

static double log_uniform_cdf(const void *parameters, double x)
{
    const struct law_config *const c = parameters;
    const double low = (double)c->shortest_ns, high = (double)c->longest_ns;
    return fmin(1.0, fmax(0.0, log(x / low) / log(high / low)));
}

/* So far apart that two hardly ever meet. */
Test(fail_slow, lengths_are_log_uniform)
{
    static uint64_t sample[5000];
    const struct law_config config = {
        .factor = 2, .every_ns = 1000 * MS, .shortest_ns = US, .longest_ns = MS};
    uint32_t found = 0;
    for (uint64_t at = 0; found < 5000;) {
        const struct law_piece got = piece("fail-slow", &config, 5, at);
        if (got.rate < 1.0)
            sample[found++] = got.until_ns - at;
        at = got.until_ns;
    }

    cr_expect_lt(ks_rounded(sample, 5000, log_uniform_cdf, &config), KS_LIMIT);
}

/* How many are under way is Poisson with mean E[length] / every, at any time, the first moment included. */
Test(fail_slow, covers_time_as_episodes_that_overlap_do)
{
    enum { STREAMS = 4000 };
    const struct law_config cases[] = {
        {.factor = 3, .every_ns = 10 * MS, .shortest_ns = MS, .longest_ns = 10 * MS},
        {.factor = 3, .every_ns = 10 * MS, .shortest_ns = MS / 10, .longest_ns = 200 * MS},
    };
    const uint64_t at[] = {0, MS, 25 * MS, 3600000 * MS + 7};
    for (uint32_t c = 0; c < 2; c++)
        for (uint32_t k = 0; k < 4; k++) {
            uint32_t slow = 0;
            for (uint64_t s = 0; s < STREAMS; s++)
                slow += piece("fail-slow", &cases[c], rng_at(9, s), at[k]).rate < 1.0;
            const double low = (double)cases[c].shortest_ns, high = (double)cases[c].longest_ns;
            const double mean = (high - low) / log(high / low) / (double)cases[c].every_ns;
            const double expected = 1.0 - exp(-mean);
            cr_expect_leq(fabs((double)slow / STREAMS - expected), 4.5 * 0.5 / sqrt(STREAMS),
                          "case %u at %lu: %g, not %g", c, at[k], (double)slow / STREAMS, expected);
        }
}

/* ---- all of them ---- */

static struct inject random_entry(struct rng *rng)
{
    static const char *const laws[] = {"pause", "duty", "ramp", "fail-slow"};
    struct inject entry = {.law = law_find(laws[rng_below(rng, 4)])};
    entry.config = (struct law_config){.every_ns = US + rng_below(rng, 9000),
                                       .period_ns = US + rng_below(rng, 9000),
                                       .share = 0.05 + 0.95 * rng_unit(rng),
                                       .factor = 1.0 + 9.0 * rng_unit(rng),
                                       .shortest_ns = 1 + rng_below(rng, 500),
                                       .aligned = rng_below(rng, 2)};
    entry.config.longest_ns = entry.config.shortest_ns + rng_below(rng, 20000);
    entry.config.length_ns = 1 + rng_below(rng, 900);
    if (rng_below(rng, 2))
        entry.when.start_ns = rng_below(rng, 5000);
    if (rng_below(rng, 3) == 0)
        entry.when.ramp_ns = rng_below(rng, 10000);
    if (rng_below(rng, 3) == 0) {
        entry.when.every_ns = 100 + rng_below(rng, 3000);
        entry.when.for_ns = rng_below(rng, (uint32_t)entry.when.every_ns);
    }
    cr_assert_null(entry.law->check(&entry.config));
    return entry;
}

/** ns after ns, asking neither how long a piece lasts nor the set. */
static uint64_t brute_force(const struct inject_set *set, uint32_t worker, uint64_t at_ns,
                            uint64_t work_ns)
{
    double left = (double)work_ns;
    uint64_t t = at_ns;
    for (; left > 1e-6; t++) {
        double rate = 1.0;
        for (uint32_t i = 0; i < set->count; i++) {
            const struct inject *const entry = &set->entry[i];
            const uint64_t key = rng_key(set->seed, RNG_DELAY, (uint64_t)i << 32 | worker);
            rate *= 1.0 - inject_when_at(&entry->when, t).scale *
                              (1.0 - entry->law->piece(&entry->config, key, t).rate);
        }
        left -= rate;
    }
    return t - at_ns;
}

Test(rates, work_ends_when_the_integral_of_the_rate_reaches_it)
{
    struct rng rng = rng_start(3, RNG_TEST, 0);
    for (uint32_t round = 0; round < 150; round++) {
        struct inject entries[3];
        const uint32_t count = 1 + rng_below(&rng, 3), worker = rng_below(&rng, 8);
        for (uint32_t i = 0; i < count; i++)
            entries[i] = random_entry(&rng);
        const struct inject_set set = {
            .entry = entries, .count = count, .seed = round, .workers = 8};
        const uint64_t at_ns = rng_below(&rng, 20000), work_ns = 1 + rng_below(&rng, 3000);

        const struct inject_phase phase =
            inject_phase(&set, INJECT_COMPUTE, worker, 0, at_ns, work_ns);

        const uint64_t expected = brute_force(&set, worker, at_ns, work_ns);
        const uint64_t took = phase.base_ns + phase.delay_ns;
        cr_assert(took <= expected + 1 && expected <= took + 1, "round %u: %lu ns, not %lu", round,
                  took, expected);
    }
}

/* What is left is met by the rate of the time at which it is done: two phases take as long as both in one. */
Test(rates, work_may_be_cut_anywhere)
{
    struct rng rng = rng_start(4, RNG_TEST, 0);
    for (uint32_t round = 0; round < 300; round++) {
        struct inject entry = random_entry(&rng);
        entry.when.stop_ns = 0;
        const uint64_t one = 1 + rng_below(&rng, 5000), two = 1 + rng_below(&rng, 5000);
        const struct inject_phase whole = phase_of(&entry, round, 1, 0, 77, one + two);
        const struct inject_phase first = phase_of(&entry, round, 1, 0, 77, one);
        const uint64_t took = first.base_ns + first.delay_ns;
        const struct inject_phase second = phase_of(&entry, round, 1, 0, 77 + took, two);
        const double sum = (double)(took + second.base_ns + second.delay_ns);
        /* the cut is rounded to a whole ns, of which the slowest rate makes ten */
        cr_assert_float_eq(sum, (double)(whole.base_ns + whole.delay_ns), 12.0, "round %u", round);
    }
}

Test(rates, pieces_tile_time_and_hold_to_their_end)
{
    struct rng rng = rng_start(5, RNG_TEST, 0);
    for (uint32_t round = 0; round < 60; round++) {
        const struct inject entry = random_entry(&rng);
        struct law_piece held = entry.law->piece(&entry.config, round, 0);
        for (uint64_t at = 0; at < 30000; at += 1 + round % 3) {
            while (held.until_ns <= at)
                held = entry.law->piece(&entry.config, round, held.until_ns);
            const struct law_piece now = entry.law->piece(&entry.config, round, at);
            cr_assert_gt(now.until_ns, at);
            cr_assert_float_eq(now.rate, held.rate, 1e-15, "%s, round %u, at %lu", entry.law->name,
                               round, at);
        }
    }
}

Test(rates, neither_overflow_nor_stop_at_the_end_of_time)
{
    const uint64_t longest = UINT64_C(36000000000000000);
    const struct law_config cases[] = {
        {.every_ns = longest,
         .period_ns = longest,
         .length_ns = 1,
         .share = 0.001,
         .factor = 1e300,
         .shortest_ns = 1,
         .longest_ns = 63 * longest},
        {.every_ns = US,
         .period_ns = US,
         .length_ns = 999,
         .share = 1,
         .factor = 1,
         .shortest_ns = 1,
         .longest_ns = 1,
         .aligned = true},
    };
    const uint64_t at[] = {0, 1, longest, UINT64_MAX / 2, UINT64_MAX - US, UINT64_MAX - 1};
    for (uint32_t l = 0; l < law_count; l++)
        for (uint32_t c = 0; law_table[l].piece && c < 2; c++) {
            cr_assert_null(law_table[l].check(&cases[c]), "%s", law_table[l].name);
            for (uint32_t k = 0; k < 6; k++)
                for (uint64_t key = 0; key < 50; key++) {
                    const struct law_piece got = law_table[l].piece(&cases[c], key, at[k]);
                    cr_assert_gt(got.until_ns, at[k], "%s at %lu", law_table[l].name, at[k]);
                    cr_assert(got.rate >= 0.0 && got.rate <= 1.0);
                }
        }
}

/* A thousand changes per ms, one thousandth of the speed: found by the mean, and soon. */
Test(rates, that_change_too_often_are_met_by_their_mean)
{
    const struct inject entry = {.law = law_find("duty"),
                                 .config = {.period_ns = US, .share = 0.001}};

    const struct inject_phase phase = phase_of(&entry, 1, 0, 0, 0, 100 * MS);

    cr_expect_float_eq((double)(phase.base_ns + phase.delay_ns) / 1e11, 1.0, 0.001);
}

Test(rates, nothing_takes_longer_than_an_hour)
{
    const struct inject entry = {.law = law_find("pause"),
                                 .config = {.every_ns = LAW_DELAY_NS_MAX * 3,
                                            .length_ns = LAW_DELAY_NS_MAX * 3 - 1,
                                            .aligned = true}};

    cr_expect_eq(phase_of(&entry, 1, 0, 0, 1, MS).delay_ns, LAW_DELAY_NS_MAX - MS);
    cr_expect_eq(phase_of(&entry, 1, 0, 0, 0, 1).delay_ns, 0u, "its first ns is one of work");
}

/* Standing still goes on to its end, however often another law changes meanwhile. */
Test(rates, a_long_standstill_is_not_cut_short_by_a_fast_cycle)
{
    const struct inject entries[] = {
        {.law = law_find("duty"), .config = {.period_ns = US, .share = 0.5, .aligned = true}},
        {.law = law_find("pause"),
         .config = {.every_ns = 20000 * MS, .length_ns = 10000 * MS, .aligned = true}},
    };
    const struct inject_set set = {.entry = entries, .count = 2, .seed = 1, .workers = 1};

    const struct inject_phase phase = inject_phase(&set, INJECT_COMPUTE, 0, 0, 10000 * MS, MS);

    cr_expect_float_eq((double)phase.delay_ns, 10001e6, 1000.0,
                       "10 s of standstill and half of each us");
}
