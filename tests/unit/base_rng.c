/* SPDX-License-Identifier: BSD-3-Clause */
/* The generator is fixed for ever (results depend on it), so besides statistics the tests pin values. */
#include "core/base/rng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>

#define DRAWS 65536u

static double chi_square(const uint32_t *count, uint32_t cells, double expected)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < cells; i++)
        sum += (count[i] - expected) * (count[i] - expected) / expected;
    return sum;
}

/* Pearson correlation of the first DRAWS draws of two streams. */
static double correlation(uint64_t a, uint64_t b)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < DRAWS; i++)
        sum += (rng_unit_at(a, i) - 0.5) * (rng_unit_at(b, i) - 0.5);
    return sum / DRAWS * 12.0;
}

Test(rng, draws_what_splitmix64_draws)
{
    /* First outputs of Vigna's splitmix64.c started with state 1234567. */
    cr_expect_eq(rng_at(1234567, 0), 6457827717110365317ull);
    cr_expect_eq(rng_at(1234567, 1), 3203168211198807973ull);
    cr_expect_eq(rng_at(1234567, 2), 9817491932198370423ull);
}

Test(rng, never_changes_the_key_of_a_stream)
{
    cr_expect_eq(rng_key(1, RNG_GRAPH, 0), 0xb18a02f46d8d86c3ull);
    cr_expect_eq(rng_key(42, RNG_TEST, 7), 0xc23595d7ba7452b0ull);
}

Test(rng, reads_a_stream_in_order_or_at_any_index_alike)
{
    struct rng rng = rng_start(9, RNG_TEST, 3);
    const uint64_t key = rng_key(9, RNG_TEST, 3);

    for (uint64_t i = 0; i < 100; i++)
        cr_assert_eq(rng_next(&rng), rng_at(key, i));
    cr_expect_eq(rng_unit(&rng), rng_unit_at(key, 100));
}

Test(rng, has_the_mean_and_variance_of_the_uniform_law)
{
    for (uint64_t worker = 0; worker < 8; worker++) {
        const uint64_t key = rng_key(5, RNG_TEST, worker);
        double sum = 0.0, squares = 0.0;

        for (uint32_t i = 0; i < DRAWS; i++) {
            const double u = rng_unit_at(key, i);
            cr_assert(u >= 0.0 && u < 1.0);
            sum += u;
            squares += u * u;
        }

        /* Five standard errors: sqrt(1/12/n) of the mean, sqrt(1/180/n) of the variance. */
        const double mean = sum / DRAWS;
        cr_expect_lt(fabs(mean - 0.5), 5 * sqrt(1.0 / 12 / DRAWS), "worker %lu", worker);
        cr_expect_lt(fabs(squares / DRAWS - mean * mean - 1.0 / 12), 5 * sqrt(1.0 / 180 / DRAWS));
    }
}

Test(rng, fills_cells_of_high_and_low_bits_evenly)
{
    for (uint64_t worker = 0; worker < 8; worker++) {
        uint32_t high[256] = {0}, low[256] = {0};
        const uint64_t key = rng_key(6, RNG_TEST, worker);

        for (uint32_t i = 0; i < DRAWS; i++) {
            high[rng_at(key, i) >> 56]++;
            low[rng_at(key, i) & 255]++;
        }

        /* 255 degrees of freedom: mean 255, deviation 22.6; five deviations up and down. */
        cr_expect_lt(fabs(chi_square(high, 256, DRAWS / 256.0) - 255), 113.0);
        cr_expect_lt(fabs(chi_square(low, 256, DRAWS / 256.0) - 255), 113.0);
    }
}

Test(rng, keeps_workers_purposes_and_seeds_uncorrelated)
{
    const double bound = 5.0 / sqrt(DRAWS); /* five standard errors */
    const uint64_t key = rng_key(1, RNG_TEST, 2);

    cr_expect_lt(fabs(correlation(key, rng_key(1, RNG_TEST, 3))), bound);
    cr_expect_lt(fabs(correlation(key, rng_key(1, RNG_DELAY, 2))), bound);
    cr_expect_lt(fabs(correlation(key, rng_key(2, RNG_TEST, 2))), bound);
    cr_expect_lt(fabs(correlation(key, rng_key(1, RNG_TEST, 1ull << 32 | 2))), bound);
    cr_expect_gt(correlation(key, key), 0.9, "the measure itself works");
}

Test(rng, keys_differ_for_every_small_seed_purpose_and_worker)
{
    static uint64_t keys[10 * 10 * 40];
    uint32_t count = 0;
    for (uint64_t seed = 0; seed < 10; seed++)
        for (uint32_t purpose = RNG_GRAPH; purpose <= RNG_TEST; purpose++)
            for (uint64_t worker = 0; worker < 40; worker++)
                keys[count++] = rng_key(seed, (enum rng_purpose)purpose, worker);

    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (keys[i] == keys[j])
                cr_assert_fail("keys %u and %u are equal", i, j);
}

Test(rng, below_is_uniform_for_bounds_that_do_not_divide_2_32)
{
    const uint32_t bounds[] = {2, 3, 7, 10, 100};
    for (uint32_t k = 0; k < 5; k++) {
        uint32_t count[100] = {0};
        struct rng rng = rng_start(3, RNG_TEST, k);

        for (uint32_t i = 0; i < DRAWS; i++) {
            const uint32_t value = rng_below(&rng, bounds[k]);
            cr_assert_lt(value, bounds[k]);
            count[value]++;
        }

        const double freedom = bounds[k] - 1;
        const double chi = chi_square(count, bounds[k], (double)DRAWS / bounds[k]);
        cr_expect_lt(chi, freedom + 6 * sqrt(2 * freedom) + 6, "bound %u: %f", bounds[k], chi);
    }
}

Test(rng, below_has_no_bias_where_it_would_be_worst)
{
    /* 2^32 inputs onto 3 * 2^30 outcomes: without rejection, one outcome in three gets twice the chance. */
    const uint32_t bound = 3u << 30;
    uint32_t count[3] = {0};
    struct rng rng = rng_start(4, RNG_TEST, 0);

    for (uint32_t i = 0; i < DRAWS; i++)
        count[rng_below(&rng, bound) % 3]++;

    cr_expect_lt(chi_square(count, 3, DRAWS / 3.0), 20.0);
    cr_expect_gt(rng.next, DRAWS + DRAWS / 4, "a quarter of all draws is rejected");
}

Test(rng, below_one_is_zero)
{
    struct rng rng = rng_start(1, RNG_TEST, 0);

    cr_expect_eq(rng_below(&rng, 1), 0u);
}

Test(rng, below_zero_is_a_programmer_error, .signal = SIGABRT)
{
    struct rng rng = rng_start(1, RNG_TEST, 0);

    rng_below(&rng, 0);
}

Test(rng, shuffles_into_each_permutation_equally_often)
{
    uint32_t count[27] = {0};
    struct rng rng = rng_start(8, RNG_TEST, 0);

    for (uint32_t i = 0; i < DRAWS; i++) {
        uint32_t items[3] = {0, 1, 2};
        rng_shuffle(&rng, items, 3);
        cr_assert_eq(1u << items[0] | 1u << items[1] | 1u << items[2], 7u, "still a permutation");
        count[items[0] * 9 + items[1] * 3 + items[2]]++;
    }

    const uint32_t cells[6] = {count[5], count[7], count[11], count[15], count[19], count[21]};
    cr_expect_lt(chi_square(cells, 6, DRAWS / 6.0), 30.0);
}

Test(rng, shuffles_nothing_and_one_item_without_touching_the_stream)
{
    uint32_t item = 7;
    struct rng rng = rng_start(8, RNG_TEST, 0);

    rng_shuffle(&rng, &item, 1);
    rng_shuffle(&rng, NULL, 0);

    cr_expect_eq(item, 7u);
    cr_expect_eq(rng.next, 0u);
}
