/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <math.h>

#include "harness/metric/target.h"

/* A run whose training loss at 0, 1, 2 … s is `loss`. */
static struct record_run curve(const double *loss, uint32_t count)
{
    struct record_run run = {.point_count = count, .duration_s = count - 1};
    for (uint32_t i = 0; i < count; i++)
        run.point[i] = (struct record_point){.time_s = i,
                                             .train_loss_mean_model = loss[i],
                                             .heldout_accuracy_mean_model = 1 - loss[i]};
    return run;
}

#define CURVE(...) \
    curve((const double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double))

static const struct target_bound at_least_10 = {10, (double)INFINITY};

static struct target_bound exact(double value)
{
    return (struct target_bound){value, value};
}

Test(target, interpolates_between_the_last_miss_and_the_first_hit)
{
    struct record_run run = CURVE(2.0, 1.0, 0.6, 0.4, 0.3);

    target_judge(&run, TARGET_TRAIN_LOSS_MEAN_MODEL, 0.7, 3);

    cr_expect(run.target.reached);
    cr_expect_float_eq(run.target.time_s, 1.75, 1e-12);
    cr_expect_float_eq(run.target.resolution_s, 1.0, 1e-12);
    cr_expect(run.target.held_at_end);
}

Test(target, starts_over_when_the_curve_leaves_it_before_the_hold)
{
    struct record_run run = CURVE(2.0, 0.5, 0.5, 0.9, 0.5, 0.4, 0.3);

    target_judge(&run, TARGET_TRAIN_LOSS_MEAN_MODEL, 0.5, 3);

    cr_expect_float_eq(run.target.time_s, 4.0, 1e-12);
}

Test(target, is_censored_when_too_few_points_remain_to_hold)
{
    struct record_run run = CURVE(2.0, 1.0, 0.9, 0.4, 0.4);

    target_judge(&run, TARGET_TRAIN_LOSS_MEAN_MODEL, 0.5, 3);

    cr_expect_not(run.target.reached);
    cr_expect(run.target.held_at_end, "it ends below the target all the same");
    cr_expect_float_eq(target_time(&run).low, 4.0, 1e-12);
    cr_expect(isinf(target_time(&run).high));
}

Test(target, says_when_a_reached_target_was_lost_again)
{
    struct record_run run = CURVE(2.0, 0.4, 0.4, 0.4, 0.9);

    target_judge(&run, TARGET_TRAIN_LOSS_MEAN_MODEL, 0.5, 3);

    cr_expect(run.target.reached);
    cr_expect_not(run.target.held_at_end);
}

Test(target, lets_accuracies_rise_to_it)
{
    struct record_run run = CURVE(0.9, 0.5, 0.3, 0.1);

    target_judge(&run, TARGET_HELDOUT_ACCURACY_MEAN_MODEL, 0.6, 1);

    cr_expect_float_eq(run.target.time_s, 1.5, 1e-12);
}

Test(target, takes_the_first_point_as_it_is)
{
    struct record_run run = CURVE(0.1, 0.1, 0.1);

    target_judge(&run, TARGET_TRAIN_LOSS_MEAN_MODEL, 0.5, 2);

    cr_expect_float_eq(run.target.time_s, 0.0, 1e-12);
    cr_expect_float_eq(run.target.resolution_s, 1.0, 1e-12);
}

Test(target, is_met_by_no_point_that_diverged)
{
    struct record_run run = CURVE(2.0, (double)NAN, 0.4, -(double)INFINITY, 0.4, 0.4);

    target_judge(&run, TARGET_TRAIN_LOSS_MEAN_MODEL, 0.5, 2);

    cr_expect_float_eq(run.target.time_s, 4.0, 1e-12, "no interpolation from -inf");
}

Test(target, survives_a_run_without_points)
{
    struct record_run run = {.duration_s = 7};

    target_judge(&run, TARGET_TRAIN_LOSS_MEAN_MODEL, 0.5, 3);

    cr_expect_not(run.target.reached);
    cr_expect_not(run.target.held_at_end);
    cr_expect_float_eq(target_time(&run).low, 7.0, 1e-12);
}

Test(target, is_eased_by_the_factor_for_losses_and_for_accuracies)
{
    const double final[] = {0.2, 0.4, 0.9};

    cr_expect_float_eq(target_relative(TARGET_TRAIN_LOSS_MEAN_MODEL, 1.1, final, 3), 0.44, 1e-12);
    cr_expect_float_eq(target_relative(TARGET_HELDOUT_ACCURACY_MEAN_MODEL, 1.25, final, 3), 0.32,
                       1e-12);
}

Test(target, does_not_exist_relative_to_a_baseline_that_diverged)
{
    const double final[] = {(double)NAN, 0.4, (double)NAN};
    struct record_run run = CURVE(2.0, 1.0);

    const double value = target_relative(TARGET_TRAIN_LOSS_MEAN_MODEL, 1.1, final, 3);
    target_judge(&run, TARGET_TRAIN_LOSS_MEAN_MODEL, value, 1);

    cr_expect(isnan(value));
    cr_expect_not(run.target.reached);
}

Test(target, has_an_exact_median_when_more_than_half_reached_it)
{
    const struct target_bound times[] = {exact(3), at_least_10, exact(5), exact(4), at_least_10};

    const struct target_bound median = target_median(times, 5);

    cr_expect_float_eq(median.low, 5, 1e-12);
    cr_expect_float_eq(median.high, 5, 1e-12);
}

Test(target, has_a_bound_for_median_when_half_or_fewer_reached_it)
{
    const struct target_bound times[] = {exact(3), at_least_10, exact(5), at_least_10};

    const struct target_bound median = target_median(times, 4);

    cr_expect_float_eq(median.low, 7.5, 1e-12);
    cr_expect(isinf(median.high));
}

Test(target, bounds_the_speedup_on_the_side_that_was_seen)
{
    const struct target_bound slow_baseline = target_speedup(at_least_10, exact(2));
    const struct target_bound slow_policy = target_speedup(exact(4), at_least_10);
    const struct target_bound both_slow = target_speedup(at_least_10, at_least_10);

    cr_expect_float_eq(slow_baseline.low, 5, 1e-12);
    cr_expect(isinf(slow_baseline.high));
    cr_expect_float_eq(slow_policy.high, 0.4, 1e-12);
    cr_expect_float_eq(slow_policy.low, 0, 1e-12);
    cr_expect_float_eq(both_slow.low, 0, 1e-12);
    cr_expect(isinf(both_slow.high));
}

Test(target, keeps_diverged_seeds_in_the_spread_and_leaves_unknown_ones_out)
{
    const double value[] = {3, (double)NAN, 1, (double)INFINITY, 2};

    const struct target_spread spread = target_spread(value, 5);

    cr_expect_eq(spread.count, 4);
    cr_expect_float_eq(spread.median, 2.5, 1e-12);
    cr_expect_float_eq(spread.min, 1, 1e-12);
    cr_expect(isinf(spread.max));
}

Test(target, has_no_spread_without_values)
{
    const struct target_spread spread = target_spread(NULL, 0);

    cr_expect_eq(spread.count, 0);
    cr_expect(isnan(spread.median));
    cr_expect(isnan(spread.min));
}
