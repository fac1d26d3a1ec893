/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The calibrated clock against the clock it was calibrated with. Nothing here depends on how fast or how loaded the host
 * is: a reading disturbed by the scheduler widens its own bracket, and with it the bound it is judged by.
 */
#include "core/worker/clock.h"

#include <criterion/criterion.h>
#include <math.h>
#include <time.h>

#define INTERVAL_NS 20000000u

/* CLOCK_MONOTONIC_RAW counts in ns, some hosts in a few: over 20 ms that is less than this. */
#define GRANULARITY_PPM 1.0

struct look {
    uint64_t cyc, width_cyc, ns;
};

static struct look look_at_both(void)
{
    struct timespec t;
    const uint64_t before = clock_cyc_fenced();
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    const uint64_t after = clock_cyc_fenced();
    return (struct look){before + (after - before) / 2, after - before,
                         (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec};
}

/* As after a calibration that found `ghz`. */
static struct clock clock_of(double ghz)
{
    return (struct clock){.hz = ghz * 1e9, .ns_per_cyc = 1 / ghz, .cyc_per_ns = ghz};
}

Test(clock, agrees_with_the_raw_clock_within_the_bound_it_states)
{
    struct clock clock;

    const struct look first = look_at_both();
    clock_calibrate(&clock, INTERVAL_NS);
    const struct look last = look_at_both();

    const uint64_t cyc = last.cyc - first.cyc;
    const double ns = (double)(last.ns - first.ns), told = (double)cyc * clock.ns_per_cyc;
    const double brackets_ns = (double)(first.width_cyc + last.width_cyc) * clock.ns_per_cyc;
    const double bound_ns = brackets_ns / 2 + ns * (clock.error_ppm + GRANULARITY_PPM) * 1e-6;
    cr_expect_leq(fabs(told - ns), bound_ns, "%.0f ns are told as %.0f, bound %.0f", ns, told,
                  bound_ns);
}

Test(clock, finds_the_same_rate_twice_within_both_bounds)
{
    struct clock a, b;

    clock_calibrate(&a, INTERVAL_NS);
    clock_calibrate(&b, INTERVAL_NS);

    const double apart_ppm = fabs(a.hz / b.hz - 1) * 1e6;
    cr_expect_leq(apart_ppm, a.error_ppm + b.error_ppm + GRANULARITY_PPM, "%.3f ppm apart",
                  apart_ppm);
}

Test(clock, states_one_rate_in_three_ways)
{
    struct clock clock;

    clock_calibrate(&clock, 1000000);

    cr_expect_gt(clock.hz, 0);
    cr_expect_gt(clock.error_ppm, 0);
    cr_expect_float_eq(clock.ns_per_cyc * clock.hz, 1e9, 1e-3); /* roundings of doubles */
    cr_expect_float_eq(clock.ns_per_cyc * clock.cyc_per_ns, 1.0, 1e-12);
}

Test(clock, finds_a_pair_of_stamps_shorter_than_what_it_measures)
{
    struct clock clock;

    clock_calibrate(&clock, INTERVAL_NS);

    cr_expect_lt(clock.error_ppm, 1e6);
    cr_expect_lt(clock.stamp_cost_cyc, clock_to_cyc(&clock, INTERVAL_NS));
}

Test(clock, converts_there_and_back_to_within_one_unit_of_rounding)
{
    static const double rates[] = {0.5, 1.0, 2.1, 2.4999, 3.7};

    for (uint32_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
        const struct clock clock = clock_of(rates[r]);
        for (uint64_t ns = 1; ns < 3600000000000u; ns = ns * 7 + 3) {
            const uint64_t back = clock_ns(&clock, clock_to_cyc(&clock, ns));
            /* Both conversions round down: by less than one cycle, then by less than one ns. */
            const double lost = 1 + clock.ns_per_cyc;
            cr_assert_leq(back, ns);
            cr_assert_leq((double)(ns - back), lost, "%lu ns at %.4f GHz come back as %lu", ns,
                          rates[r], back);
        }
    }
}

Test(clock, converts_nothing_to_nothing_and_rounds_down)
{
    const struct clock clock = clock_of(2.5);

    cr_expect_eq(clock_ns(&clock, 0), 0u);
    cr_expect_eq(clock_to_cyc(&clock, 0), 0u);
    cr_expect_eq(clock_ns(&clock, 4), 1u);     /* 1.6 */
    cr_expect_eq(clock_to_cyc(&clock, 3), 7u); /* 7.5 */
    cr_expect_eq(clock_to_cyc(&clock, 1000000000), 2500000000u);
}

Test(clock, never_runs_backwards_inside_a_thread)
{
    uint64_t last = clock_cyc_fenced();

    for (uint32_t i = 0; i < 10000; i++) {
        const uint64_t now = clock_cyc_fenced();
        cr_assert_geq(now, last);
        last = now;
    }
}

Test(clock, another_counter_is_read_as_ours)
{
    const struct clock_shift other = {.there = 5000, .here = 900000, .scale = 2};
    const struct clock_shift ours = {.scale = 0};
    cr_expect_eq(clock_shift_length(&other, 30), 60);
    cr_expect_eq(clock_shift_moment(&other, 5000), 900000);
    cr_expect_eq(clock_shift_moment(&other, 5100), 900200);
    cr_expect_eq(clock_shift_moment(&other, 4900), 899800, "before the common moment");
    cr_expect_eq(clock_shift_moment(&other, 0), 0, "none stays none");
    cr_expect_eq(clock_shift_moment(&other, UINT64_MAX), UINT64_MAX, "never stays never");
    cr_expect_eq(clock_shift_length(&other, UINT64_MAX), UINT64_MAX);
    cr_expect_eq(clock_shift_moment(&ours, 1234), 1234);
    cr_expect_eq(clock_shift_length(&ours, 1234), 1234);
}
