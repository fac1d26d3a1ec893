/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "harness/report/axis.h"
#include "harness/report/chart.h"

/* The ticks as `text@place`, small ones as dots. The axis is 100 long. */
static const char *ticks_of(enum axis_kind kind, double low, double high, uint32_t wanted)
{
    static char out[1024];
    struct axis axis = axis_fit(kind, low, high);
    struct axis_tick tick[AXIS_TICKS_MAX];
    axis.from = 0;
    axis.to = 100;
    const uint32_t count = axis_ticks(&axis, wanted, tick);
    out[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        const size_t used = strlen(out);
        if (*tick[i].text)
            snprintf(out + used, sizeof(out) - used, "%s%s@%.0f", used ? " " : "", tick[i].text,
                     axis_at(&axis, tick[i].value));
        else
            snprintf(out + used, sizeof(out) - used, ".");
    }
    return out;
}

Test(axis, puts_linear_ticks_at_round_numbers_with_equal_decimals)
{
    cr_expect_str_eq(ticks_of(AXIS_LINEAR, 0, 3, 4), "0@0 1@33 2@67 3@100");
    cr_expect_str_eq(ticks_of(AXIS_LINEAR, 0.02, 0.97, 2), "0.0@0 0.5@50 1.0@100");
    cr_expect_str_eq(ticks_of(AXIS_LINEAR, -1, 1, 4), "-1.0@0 -0.5@25 0.0@50 0.5@75 1.0@100");
    cr_expect_str_eq(ticks_of(AXIS_LINEAR, 5e7, 1e8, 2), "5e+07@0 1e+08@100");
}

Test(axis, gives_a_single_value_room)
{
    cr_expect_str_eq(ticks_of(AXIS_LINEAR, 7, 7, 2), "0@0 5@71");
    cr_expect_str_eq(ticks_of(AXIS_LINEAR, 0, 0, 2), "0.0@0 0.5@50 1.0@100");
}

Test(axis, names_1_2_5_of_a_short_logarithmic_axis)
{
    cr_expect_str_eq(ticks_of(AXIS_LOG, 1, 10, 4), "1@4 2@32.. 5@68.... 10@96");
}

Test(axis, names_powers_of_ten_of_a_long_one)
{
    cr_expect_str_eq(ticks_of(AXIS_LOG, 1, 1000, 4),
                     ".. 1@4........ 10@35........ 100@65........ 1000@96");
    cr_expect_str_eq(ticks_of(AXIS_LOG, 1e-6, 1e3, 3),
                     ".. 10\xe2\x81\xbb\xe2\x81\xb4@24... 10\xe2\x81\xb0@65...");
}

Test(axis, is_nearly_linear_where_a_logarithm_hardly_bends)
{
    cr_expect_str_eq(ticks_of(AXIS_LOG, 10, 20, 3), "10@4 15@58 20@96");
}

Test(axis, puts_nines_at_equal_distances)
{
    cr_expect_str_eq(ticks_of(AXIS_NINES, 0, 99.99, 9), "0@0 90@25 99@50 99.9@75 99.99@100");
    cr_expect_str_eq(ticks_of(AXIS_NINES, 0, 50, 9), "0@0 90@100");
}

Test(axis, begins_counts_at_0)
{
    cr_expect_str_eq(ticks_of(AXIS_COUNTS, 0, 99, 9), "0@0 1@15 3@30 10@52 30@75");
}

Test(axis, has_no_place_for_what_it_cannot_show)
{
    const struct axis log = {AXIS_LOG, 1, 10, 0, 100}, nines = {AXIS_NINES, 0, 99, 0, 100};

    cr_expect(isnan(axis_at(&log, 0)));
    cr_expect(isnan(axis_at(&log, (double)NAN)));
    cr_expect(isnan(axis_at(&nines, 100)));
    cr_expect_float_eq(axis_at(&nines, 90), 50, 1e-9, "one nine of two");
}

Test(axis, counts_in_units_of_few_digits)
{
    cr_expect_str_eq(axis_unit_ns(999).name, "ns");
    cr_expect_str_eq(axis_unit_ns(1000).name, "\xc2\xb5s");
    cr_expect_str_eq(axis_unit_ns(2e12).name, "s");
}

Test(chart, spreads_names_as_little_as_it_can)
{
    double apart[] = {10, 30, 50}, together[] = {20, 21, 22}, low[] = {98, 99}, many[] = {5, 5, 5};

    chart_spread(apart, 3, 8, 0, 100);
    chart_spread(together, 3, 8, 0, 100);
    chart_spread(low, 2, 8, 0, 100);
    chart_spread(many, 3, 60, 0, 100);

    cr_expect_arr_eq(apart, ((double[]){10, 30, 50}), sizeof(apart));
    cr_expect_arr_eq(together, ((double[]){13, 21, 29}), sizeof(together));
    cr_expect_arr_eq(low, ((double[]){92, 100}), sizeof(low));
    cr_expect_arr_eq(many, ((double[]){0, 50, 100}), sizeof(many));
}
