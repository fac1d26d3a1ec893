/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <math.h>

#include "harness/metric/stats.h"

/* Printed tables carry so many digits. */
static void expect_near(double value, double table, double tolerance)
{
    cr_expect_leq(fabs(value - table), tolerance, "%.12g is not %.12g", value, table);
}

Test(stats, knows_the_table_of_students_t)
{
    /* rows of the usual table: freedom, 0.9, 0.95, 0.975, 0.995, 0.9995 */
    static const double table[][6] = {
        {1, 3.078, 6.314, 12.706, 63.657, 636.619}, {2, 1.886, 2.920, 4.303, 9.925, 31.599},
        {5, 1.476, 2.015, 2.571, 4.032, 6.869},     {9, 1.383, 1.833, 2.262, 3.250, 4.781},
        {10, 1.372, 1.812, 2.228, 3.169, 4.587},    {30, 1.310, 1.697, 2.042, 2.750, 3.646},
        {120, 1.289, 1.658, 1.980, 2.617, 3.373},
    };
    static const double p[] = {0.9, 0.95, 0.975, 0.995, 0.9995};
    for (uint32_t r = 0; r < sizeof(table) / sizeof(table[0]); r++)
        for (uint32_t c = 0; c < 5; c++) {
            expect_near(stats_t_quantile(p[c], table[r][0]), table[r][c + 1], 0.00051);
            expect_near(stats_t_quantile(1 - p[c], table[r][0]), -table[r][c + 1], 0.00051);
        }
}

Test(stats, knows_closed_forms_of_students_t)
{
    const double pi = acos(-1.0);
    for (double t = 0.01; t < 1e6; t *= 7) {
        /* one degree of freedom: Cauchy; two: P(|T| > t) = 1 - t / sqrt(2 + t^2), written without cancellation */
        const double cauchy = 2 * atan2(1, t) / pi;
        const double root = sqrt(2 + t * t), two = 2 / (root * (root + t));
        expect_near(stats_t_two_sided(t, 1) / cauchy, 1, 1e-12);
        expect_near(stats_t_two_sided(-t, 2) / two, 1, 1e-12);
    }
    expect_near(stats_t_two_sided(0, 7), 1, 0);
    cr_expect_eq(stats_t_two_sided((double)INFINITY, 7), 0);
    cr_expect(isnan(stats_t_two_sided((double)NAN, 7)));
}

Test(stats, knows_the_normal_table_and_is_its_limit)
{
    expect_near(stats_t_quantile(0.975, (double)INFINITY), 1.959963984540054, 1e-12);
    expect_near(stats_t_quantile(0.995, (double)INFINITY), 2.575829303548901, 1e-12);
    expect_near(stats_t_quantile(1e-9, (double)INFINITY), -5.997807015007687, 1e-11);
    expect_near(stats_t_quantile(0.5, (double)INFINITY), 0, 0);
    expect_near(stats_t_quantile(0.975, 1e6), 1.959966, 1e-6);
}

Test(stats, quantiles_undo_probabilities)
{
    static const double freedom[] = {1, 3, 9, 63, 1000};
    for (uint32_t f = 0; f < 5; f++)
        for (double p = 1e-8; p < 0.5; p *= 3)
            expect_near(stats_t_two_sided(stats_t_quantile(p, freedom[f]), freedom[f]) / 2 / p, 1,
                        1e-10);
}

Test(stats, gives_a_mean_its_interval)
{
    /* Student's own data (sleep, drug 2 against drug 1): t = 4.0621, 9 degrees of freedom, p = 0.002833. */
    static const double gained[] = {1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4};

    const struct stats_mean m = stats_mean(gained, 10, 0);

    expect_near(m.mean, 1.58, 1e-12);
    expect_near(m.low, 0.7001142, 1e-6);
    expect_near(m.high, 2.4598858, 1e-6);
    expect_near(m.p, 0.002833, 5e-7);
    cr_expect_eq(m.count, 10u);
    expect_near(stats_mean(gained, 10, 1.58).p, 1, 1e-9);
}

Test(stats, says_nothing_of_one_value_and_all_of_equal_ones)
{
    static const double equal[] = {0.5, 0.5, 0.5};
    const struct stats_mean one = stats_mean(equal, 1, 0);
    cr_expect(isnan(one.low));
    cr_expect(isnan(one.p));
    cr_expect(isnan(stats_mean(equal, 0, 0).mean));
    const struct stats_mean same = stats_mean(equal, 3, 0);
    cr_expect_eq(same.low, same.high);
    cr_expect_eq(same.p, 0);
    cr_expect_eq(stats_mean(equal, 3, 0.5).p, 1);
}

Test(stats, corrects_a_family_as_holm_does)
{
    /* sorted 0.005 0.01 0.03 0.04: 4 * 0.005, 3 * 0.01, 2 * 0.03, then 1 * 0.04 held up to 0.06 */
    static const double p[] = {0.01, 0.04, 0.03, 0.005};
    double adjusted[4];
    stats_holm(p, 4, adjusted);
    expect_near(adjusted[0], 0.03, 1e-15);
    expect_near(adjusted[1], 0.06, 1e-15);
    expect_near(adjusted[2], 0.06, 1e-15);
    expect_near(adjusted[3], 0.02, 1e-15);
}

Test(stats, holm_counts_members_without_a_p_and_caps_at_one)
{
    const double p[] = {0.02, (double)NAN, 0.6};
    double adjusted[3];
    stats_holm(p, 3, adjusted);
    expect_near(adjusted[0], 0.06, 1e-15);
    cr_expect(isnan(adjusted[1]));
    expect_near(adjusted[2], 1, 0);
}

Test(stats, holm_treats_ties_alike)
{
    const double p[] = {0.02, 0.02};
    double adjusted[2];
    stats_holm(p, 2, adjusted);
    expect_near(adjusted[0], 0.04, 1e-15);
    expect_near(adjusted[1], 0.04, 1e-15);
}
