/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/base/hist.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>

#include "core/base/rng.h"

static struct hist hist, other, both; /* 135 kB each: not on the stack */

static void record_all(struct hist *self, const uint64_t *values, uint32_t count)
{
    hist_reset(self);
    for (uint32_t i = 0; i < count; i++)
        hist_record(self, values[i]);
}

/* HdrHistogram's countsArrayIndex, transcribed with its own names for (1, 3600000000000, 3). */
static uint32_t reference_index(uint64_t value)
{
    const int sub_bucket_half_count_magnitude = 10, sub_bucket_half_count = 1024;
    const uint64_t sub_bucket_mask = 2047;
    const int leading_zeros = __builtin_clzll(value | sub_bucket_mask);
    const int bucket_index = 64 - leading_zeros - (sub_bucket_half_count_magnitude + 1);
    const int sub_bucket_index = (int)(value >> bucket_index);
    const int bucket_base_index = (bucket_index + 1) << sub_bucket_half_count_magnitude;
    return (uint32_t)(bucket_base_index + sub_bucket_index - sub_bucket_half_count);
}

Test(hist, has_as_many_counts_as_hdrhistogram)
{
    cr_expect_eq(HIST_COUNTS, 33792u, "countsArrayLength of Histogram(1, 3600000000000, 3)");
}

Test(hist, places_values_where_hdrhistogram_does)
{
    for (uint32_t bit = 2; bit <= 41; bit++)
        for (uint64_t value = (1ull << bit) - 2; value <= (1ull << bit) + 2; value++)
            cr_expect_eq(hist_index(value), reference_index(value), "%lu", value);
    cr_expect_eq(hist_index(0), 0u);
    cr_expect_eq(hist_index(1), 1u);
    cr_expect_eq(hist_index(2047), 2047u);
    cr_expect_eq(hist_index(2048), 2048u);
    cr_expect_eq(hist_index(2049), 2048u, "from 2048 on a bucket is two wide");
    cr_expect_eq(hist_index(2050), 2049u);
    cr_expect_eq(hist_index(4096), 3072u);
    cr_expect_eq(hist_index(HIST_VALUE_MAX), reference_index(HIST_VALUE_MAX));
    cr_expect_lt(hist_index(HIST_VALUE_MAX), HIST_COUNTS);
}

Test(hist, has_buckets_that_tile_the_range_without_gap_or_overlap)
{
    cr_assert_eq(hist_low_at(0), 0u);
    for (uint32_t i = 0; i < HIST_COUNTS; i++) {
        const uint64_t low = hist_low_at(i), high = hist_high_at(i);
        if (hist_index(low) != i || hist_index(high) != i)
            cr_assert_fail("index %u is not that of its own bounds", i);
        if (i > 0 && low != hist_high_at(i - 1) + 1)
            cr_assert_fail("gap or overlap below index %u", i);
        if ((high - low) * 1024 > low)
            cr_assert_fail("bucket %u is wider than 1/1024", i);
    }
}

Test(hist, aborts_beyond_the_last_index, .signal = SIGABRT)
{
    hist_low_at(HIST_COUNTS);
}

Test(hist, is_empty_after_reset)
{
    hist_reset(&hist);
    hist_record(&hist, 7);
    hist_reset(&hist);

    cr_expect_eq(hist.total, 0u);
    cr_expect_eq(hist_percentile(&hist, 50), 0u);
    cr_expect_eq(hist_percentile(&hist, 100), 0u);
    cr_expect_eq(hist_mean(&hist), 0.0);
    cr_expect_eq(hist.min, UINT64_MAX);
}

Test(hist, keeps_minimum_maximum_and_mean_exact)
{
    record_all(&hist, (uint64_t[]){5000001, 17, 1000003}, 3);

    cr_expect_eq(hist.min, 17u);
    cr_expect_eq(hist.max, 5000001u);
    cr_expect_eq(hist.sum, 6000021u);
    cr_expect_eq(hist_mean(&hist), 2000007.0);
}

Test(hist, clips_and_counts_values_above_an_hour)
{
    record_all(&hist, (uint64_t[]){HIST_VALUE_MAX, HIST_VALUE_MAX + 1, UINT64_MAX}, 3);

    cr_expect_eq(hist.total, 3u);
    cr_expect_eq(hist.clipped, 2u);
    cr_expect_eq(hist.max, HIST_VALUE_MAX);
    cr_expect_eq(hist.count[hist_index(HIST_VALUE_MAX)], 3u);
    cr_expect_geq(hist_percentile(&hist, 100), HIST_VALUE_MAX);
}

Test(hist, reports_the_highest_value_equivalent_to_the_sample_of_that_rank)
{
    record_all(&hist, (uint64_t[]){1, 2, 3, 4, 10000}, 5);

    cr_expect_eq(hist_percentile(&hist, 0), 1u);
    cr_expect_eq(hist_percentile(&hist, 20), 1u);
    cr_expect_eq(hist_percentile(&hist, 20.1), 2u);
    cr_expect_eq(hist_percentile(&hist, 50), 3u);
    cr_expect_eq(hist_percentile(&hist, 80), 4u);
    cr_expect_eq(hist_percentile(&hist, 80.1), 10007u, "10000 lies in [10000, 10007]");
    cr_expect_eq(hist_percentile(&hist, 100), 10007u);
}

Test(hist, starts_percentile_zero_at_the_low_end_of_the_first_bucket)
{
    record_all(&hist, (uint64_t[]){10001}, 1);

    cr_expect_eq(hist_percentile(&hist, 0), 10000u);
    cr_expect_eq(hist_percentile(&hist, 50), 10007u);
}

Test(hist, does_not_round_a_whole_rank_up_to_the_next_sample)
{
    hist_reset(&hist);
    for (uint64_t v = 1; v <= 1000; v++)
        hist_record(&hist, v);

    for (uint64_t tenths = 1; tenths <= 1000; tenths++)
        cr_expect_eq(hist_percentile(&hist, (double)tenths / 10.0), tenths, "p%lu/10", tenths);
}

Test(hist, aborts_on_a_percentile_above_100, .signal = SIGABRT)
{
    hist_reset(&hist);
    hist_percentile(&hist, 100.5);
}

static int compare_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

Test(hist, agrees_with_sorting_the_samples)
{
    enum { N = 5000 };
    static uint64_t values[N];
    const double percentiles[] = {1, 10, 25, 50, 75, 90, 99, 99.9, 100};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct rng rng = rng_start(seed, RNG_TEST, 0);
        for (uint32_t i = 0; i < N; i++)
            values[i] = rng_next(&rng) >> (23 + rng_below(&rng, 40)); /* log-uniform to 2^41 */
        record_all(&hist, values, N);
        qsort(values, N, sizeof(values[0]), compare_u64);

        for (uint32_t k = 0; k < sizeof(percentiles) / sizeof(percentiles[0]); k++) {
            const uint32_t rank = (uint32_t)ceil(percentiles[k] * N / 100.0);
            const uint64_t expected = hist_high_at(hist_index(values[rank - 1]));
            cr_expect_eq(hist_percentile(&hist, percentiles[k]), expected, "seed %lu, p%g", seed,
                         percentiles[k]);
        }
    }
}

Test(hist, merges_into_what_recording_everything_in_one_gives)
{
    hist_reset(&hist);
    hist_reset(&other);
    hist_reset(&both);
    struct rng rng = rng_start(1, RNG_TEST, 0);
    for (uint32_t i = 0; i < 1000; i++) {
        const uint64_t value = rng_next(&rng) >> 21; /* some above an hour */
        hist_record(i % 3 ? &hist : &other, value);
        hist_record(&both, value);
    }

    hist_merge(&hist, &other);

    cr_expect_gt(both.clipped, 0u);
    cr_expect_arr_eq(&hist, &both, sizeof(hist));
}

Test(hist, merges_an_empty_histogram_without_effect)
{
    record_all(&hist, (uint64_t[]){3, 4}, 2);
    hist_reset(&other);

    hist_merge(&hist, &other);

    cr_expect_eq(hist.min, 3u);
    cr_expect_eq(hist.max, 4u);
    cr_expect_eq(hist.total, 2u);
}

Test(hist, counts_beyond_32_bits)
{
    record_all(&hist, (uint64_t[]){3}, 1);
    record_all(&other, (uint64_t[]){3}, 1);
    other.count[3] = UINT32_MAX;

    hist_merge(&hist, &other);

    cr_expect_eq(hist.count[3], (uint64_t)UINT32_MAX + 1);
}
