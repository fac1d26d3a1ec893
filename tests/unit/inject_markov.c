/* SPDX-License-Identifier: BSD-3-Clause */
/* The law `markov`: spells of the length asked for, from the first iteration on, whoever asks and in whatever order. */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/unit/support_inject.h"

#define MS 1000000ull
#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

static struct inject spells(double slow, double fast)
{
    return (struct inject){.law = law_find("markov"),
                           .config = {.factor = 3, .slow = slow, .fast = fast}};
}

static bool is_slow(const struct inject *entry, uint64_t seed, uint32_t worker, uint64_t iteration)
{
    const uint64_t ns = adds_ns(entry, 0, seed, 8, worker, iteration, MS);
    cr_assert(ns == 0 || ns == 2 * MS);
    return ns > 0;
}

static const struct {
    double slow, fast;
} cases[] = {{2, 2}, {1.5, 3}, {5, 20}, {40, 10}, {7.3, 100}, {3, 1e6}};

/* Spell after spell: each length is geometric, P(length = k) = (1 - leave)^(k-1) leave, alone and independent. */
static void expect_geometric(const uint32_t *seen, uint32_t count, double leave, const char *what)
{
    double share[12], rest = 1.0;
    for (uint32_t k = 0; k < 11; k++) {
        share[k] = rest * leave;
        rest -= share[k];
    }
    share[11] = rest;
    cr_expect_lt(chi_square(seen, share, 12, count), chi_square_limit(11), "%s spells, leave %g",
                 what, leave);
}

/** Lengths in tenths of the mean (at least 1), the last class open. */
Test(markov, spells_have_geometric_lengths)
{
    for (uint32_t c = 0; c < 4; c++) {
        const struct inject entry = spells(cases[c].slow, cases[c].fast);
        uint32_t seen[2][12] = {{0}}, count[2] = {0, 0};
        uint64_t since = 0;
        bool state = is_slow(&entry, 1, 0, 0);
        bool first = true;
        for (uint64_t i = 1; i < 200000; i++) {
            if (is_slow(&entry, 1, 0, i) == state)
                continue;
            const uint64_t length = i - since;
            if (!first) { /* the first one was met in its middle */
                seen[state][length < 12 ? length - 1 : 11]++;
                count[state]++;
            }
            first = false;
            since = i;
            state = !state;
        }
        cr_assert_gt(count[0], 3000u);
        expect_geometric(seen[1], count[1], 1.0 / cases[c].slow, "slow");
        expect_geometric(seen[0], count[0], 1.0 / cases[c].fast, "fast");
    }
}

/* Over streams, at single iterations: nothing warms up, and no place in a block is special. */
Test(markov, is_stationary_at_every_iteration)
{
    enum { SEEDS = 8000 };
    const uint64_t at[] = {0, 1, 2, 3, 4, 7, 100, 1000003, UINT64_C(1) << 40};
    for (uint32_t c = 0; c < COUNT(cases); c++) {
        const struct inject entry = spells(cases[c].slow, cases[c].fast);
        const double share = cases[c].slow / (cases[c].slow + cases[c].fast);
        for (uint32_t k = 0; k < COUNT(at); k++) {
            uint32_t slow = 0;
            for (uint64_t seed = 0; seed < SEEDS; seed++)
                slow += is_slow(&entry, seed, 3, at[k]);
            cr_expect_leq(fabs(slow - share * SEEDS), 4.5 * sqrt(SEEDS * share) + 2,
                          "case %u, iteration %lu: %u", c, at[k], slow);
        }
    }
}

/* The correlation of a chain over d iterations is (1 - 1/slow - 1/fast)^d, also across the borders of its blocks. */
Test(markov, forgets_geometrically)
{
    enum { SEEDS = 20000 };
    const struct inject entry = spells(5, 20);
    const double share = 0.2, keep = 1.0 - 1.0 / 5 - 1.0 / 20;
    for (uint64_t from = 0; from < 4; from++)
        for (uint64_t lag = 1; lag <= 8; lag++) {
            double both = 0.0;
            for (uint64_t seed = 0; seed < SEEDS; seed++)
                both += is_slow(&entry, seed, 0, from) && is_slow(&entry, seed, 0, from + lag);
            const double expected = share * (share + (1.0 - share) * pow(keep, (double)lag));
            cr_expect_leq(fabs(both / SEEDS - expected), 4.5 * sqrt(expected / SEEDS),
                          "from %lu, lag %lu: %g, not %g", from, lag, both / SEEDS, expected);
        }
}

Test(markov, answers_alike_in_any_order)
{
    static bool forward[5000];
    const struct inject entry = spells(30, 70);
    for (uint64_t i = 0; i < COUNT(forward); i++)
        forward[i] = is_slow(&entry, 9, 2, i);

    for (uint64_t i = COUNT(forward); i-- > 0;)
        cr_assert_eq(is_slow(&entry, 9, 2, i), forward[i]);
    for (uint64_t i = 0; i < COUNT(forward); i++)
        cr_assert_eq(is_slow(&entry, 9, 2, i * 7 % COUNT(forward)),
                     forward[i * 7 % COUNT(forward)]);
}

Test(markov, workers_are_slow_independently)
{
    const struct inject entry = spells(50, 50);
    double both = 0.0, one = 0.0;
    for (uint64_t seed = 0; seed < 10000; seed++) {
        both += is_slow(&entry, seed, 0, 500) && is_slow(&entry, seed, 1, 500);
        one += is_slow(&entry, seed, 0, 500);
    }

    cr_expect_float_eq(one / 10000, 0.5, 0.0225, "4.5 standard deviations");
    cr_expect_float_eq(both / 10000, 0.25, 0.02);
}
