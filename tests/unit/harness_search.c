/* SPDX-License-Identifier: BSD-3-Clause */
/* The search for a rate against objectives whose optimum is known. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "harness/tune/tune_search.h"

#define SEEDS 3u

/* What a policy would measure: value(lr, seed). */
typedef double (*objective)(double lr, uint32_t seed);

static struct tuned_policy curve;
static uint32_t asked;

static void search(double centre, enum target_metric metric, objective value)
{
    struct tune_search self;
    double lr;
    memset(&curve, 0, sizeof(curve));
    asked = 0;
    tune_search_begin(&self, centre, metric, SEEDS, &curve);
    while (tune_search_next(&self, &lr)) {
        double values[SEEDS];
        for (uint32_t s = 0; s < SEEDS; s++)
            values[s] = value(lr, s);
        tune_search_tell(&self, lr, values);
        asked++;
        cr_assert_leq(asked, TUNE_GRID + TUNE_EXTENSIONS_MAX);
    }
    tune_search_end(&self);
}

static void search_loss(double centre, objective value)
{
    search(centre, TARGET_HELDOUT_LOSS_MEAN_MODEL, value);
}

static void expect_ascending(void)
{
    for (uint32_t i = 1; i < curve.points; i++)
        cr_expect_float_eq(curve.point[i].lr / curve.point[i - 1].lr, 2, 1e-12);
}

/* |log2(lr / optimum)|, a little different for each seed; everything above 64 times the optimum diverges. */
static double valley(double lr, double optimum, uint32_t seed)
{
    if (lr > 64 * optimum)
        return (double)NAN;
    return fabs(log2(lr / optimum)) + 0.01 * seed;
}

static double at_the_centre(double lr, uint32_t seed)
{
    return valley(lr, 0.1, seed);
}

Test(search, measures_seven_rates_around_the_centre)
{
    search_loss(0.1, at_the_centre);

    cr_expect_eq(asked, 7u);
    cr_expect_eq(curve.points, 7u);
    cr_expect_float_eq(curve.point[0].lr, 0.1 / 8, 1e-15);
    cr_expect_float_eq(curve.point[6].lr, 0.1 * 8, 1e-15);
    cr_expect_eq(curve.lr, 0.1);
    cr_expect_eq(curve.edge, TUNED_INSIDE);
    cr_expect(curve.usable);
    expect_ascending();
}

static double far_above(double lr, uint32_t seed)
{
    return valley(lr, 0.1 * 32, seed);
}

static double far_below(double lr, uint32_t seed)
{
    return valley(lr, 0.1 / 16, seed);
}

Test(search, extends_the_grid_upwards_until_the_best_lies_inside)
{
    search_loss(0.1, far_above);

    cr_expect_eq(curve.points, 7u + 3u, "three octaves from the edge to one beyond the optimum");
    cr_expect_float_eq(curve.lr, 3.2, 1e-12);
    cr_expect_eq(curve.edge, TUNED_INSIDE);
    expect_ascending();
}

Test(search, extends_the_grid_downwards_and_counts_divergence_as_worst)
{
    search_loss(0.1, far_below);

    cr_expect_eq(curve.points, 7u + 2u);
    cr_expect_float_eq(curve.lr, 0.1 / 16, 1e-15);
    cr_expect(isinf(curve.point[curve.points - 1].value[0]), "it diverges at 0.8");
    expect_ascending();
}

static double ever_better(double lr, uint32_t seed)
{
    return 1 / lr + seed;
}

Test(search, gives_up_at_a_bound_and_says_so)
{
    search_loss(0.1, ever_better);

    cr_expect_eq(curve.points, 7u + 6u);
    cr_expect_eq(curve.edge, TUNED_UPPER);
    cr_expect_float_eq(curve.lr, 0.1 * 512, 1e-9);
    cr_expect(curve.usable);
}

Test(search, never_leaves_the_range_of_rates)
{
    search_loss(1e5, ever_better);
    cr_expect_leq(curve.lr, 1e6);
    cr_expect_eq(curve.edge, TUNED_UPPER);
}

static double diverges(double lr, uint32_t seed)
{
    (void)seed;
    return lr > 0 ? (double)INFINITY : 0;
}

Test(search, looks_below_where_everything_diverges_and_then_finds_nothing)
{
    search_loss(0.1, diverges);
    cr_expect_not(curve.usable);
    cr_expect_eq(curve.edge, TUNED_LOWER);
    cr_expect_float_eq(curve.point[0].lr, 0.1 / 512, 1e-15);
}

/* The best mean is at 0.2, the best median at 0.05. */
static double with_an_outlier(double lr, uint32_t seed)
{
    return valley(lr, 0.05, 0) + (seed == 2 && lr < 0.15 ? 100 : 0);
}

Test(search, counts_the_median_of_the_seeds)
{
    search_loss(0.1, with_an_outlier);
    cr_expect_float_eq(curve.lr, 0.05, 1e-15);
}

static double diverges_with_two_seeds(double lr, uint32_t seed)
{
    return lr > 0.15 && seed > 0 ? (double)NAN : 1 / lr;
}

Test(search, does_not_take_a_rate_at_which_most_seeds_diverge)
{
    search_loss(0.1, diverges_with_two_seeds);
    cr_expect_eq(curve.lr, 0.1);
}

static double accuracy(double lr, uint32_t seed)
{
    return lr > 0.3 ? (double)NAN : 0.9 - 0.1 * valley(lr, 0.2, seed);
}

Test(search, looks_for_the_highest_accuracy)
{
    search(0.1, TARGET_HELDOUT_ACCURACY_MEAN_MODEL, accuracy);
    cr_expect_float_eq(curve.lr, 0.2, 1e-15);
    cr_expect_lt(curve.point[curve.points - 1].value[0], 0, "diverged is the worst accuracy");
}

static double flat(double lr, uint32_t seed)
{
    (void)lr;
    (void)seed;
    return 1;
}

Test(search, prefers_the_centre_among_equals)
{
    search(0.1, TARGET_HELDOUT_ACCURACY_MEAN_MODEL, flat);
    cr_expect_eq(curve.lr, 0.1);
    cr_expect_eq(curve.points, 7u);
}
