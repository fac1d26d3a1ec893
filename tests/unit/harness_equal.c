/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <math.h>

#include "harness/metric/equal.h"
#include "harness/metric/summary.h"
#include "harness/metric/target.h"
#include "tests/unit/support_records.h"

/* Three snapshots a second apart; loss 3, 2, 1, accuracy its third from 1, so much of gradients and bytes a second. */
static struct record_run straight(uint64_t gradients, uint64_t bytes)
{
    struct record_run run = {.judged = true, .point_count = 3, .duration_s = 2};
    for (uint32_t i = 0; i < 3; i++)
        run.point[i] = (struct record_point){.time_s = i,
                                             .gradients = gradients * i,
                                             .bytes = bytes * i,
                                             .train_loss_mean_model = 3.0 - i,
                                             .heldout_accuracy_mean_model = i / 3.0};
    return run;
}

Test(equal, levels_are_what_the_slowest_run_reached)
{
    struct record_run run[] = {straight(100, 1000), straight(40, 4000)};

    equal_judge(run, 2);

    cr_expect_float_eq(run[0].equal[RECORD_TIME].level, 2, 0);
    cr_expect_float_eq(run[0].equal[RECORD_GRADIENTS].level, 80, 0);
    cr_expect_float_eq(run[0].equal[RECORD_BYTES].level, 2000, 0);
    cr_expect_float_eq(run[1].equal[RECORD_BYTES].level, 2000, 0);
}

Test(equal, reads_the_curve_along_the_line_between_snapshots)
{
    struct record_run run[] = {straight(100, 1000), straight(40, 4000)};

    equal_judge(run, 2);

    /* 80 of 100 gradients a second: 0.8 of the way from 3 to 2; for the other it is the end */
    cr_expect_float_eq(run[0].equal[RECORD_GRADIENTS].train_loss, 2.2, 1e-12);
    cr_expect_float_eq(run[0].equal[RECORD_GRADIENTS].heldout_accuracy, 0.8 / 3, 1e-12);
    cr_expect_float_eq(run[1].equal[RECORD_GRADIENTS].train_loss, 1, 0);
    cr_expect_float_eq(run[1].equal[RECORD_BYTES].train_loss, 2.5, 1e-12);
    cr_expect_float_eq(run[1].equal[RECORD_TIME].train_loss, 1, 0);
}

Test(equal, who_sends_nothing_sets_no_level_and_gets_no_figure)
{
    struct record_run run[] = {straight(100, 1000), straight(100, 0)};

    equal_judge(run, 2);

    cr_expect_float_eq(run[0].equal[RECORD_BYTES].level, 2000, 0);
    cr_expect_float_eq(run[1].equal[RECORD_BYTES].level, 0, 0);
    cr_expect(isnan(metric_of(&run[1], METRIC_TRAIN_LOSS_EQUAL_BYTES)));
    cr_expect_float_eq(metric_of(&run[0], METRIC_TRAIN_LOSS_EQUAL_BYTES), 1, 0);
}

Test(equal, beside_a_snapshot_that_diverged_everything_has)
{
    struct record_run run[] = {straight(100, 1000), straight(60, 1000)};
    run[0].point[2].train_loss_mean_model = (double)NAN;

    equal_judge(run, 2);

    cr_expect(isinf(metric_of(&run[0], METRIC_TRAIN_LOSS_EQUAL_GRADIENTS)));
    cr_expect(isinf(metric_of(&run[0], METRIC_TRAIN_LOSS_EQUAL_TIME)));
    cr_expect_float_eq(run[1].equal[RECORD_GRADIENTS].train_loss, 1, 0);
}

Test(equal, runs_that_were_not_judged_have_no_figures)
{
    struct record_run run = {.point_count = 2};

    equal_judge(&run, 1);

    cr_expect(isnan(metric_of(&run, METRIC_TRAIN_LOSS_EQUAL_TIME)));
    cr_expect(isnan(metric_of(&run, METRIC_HELDOUT_ACCURACY_EQUAL_GRADIENTS)));
}

Test(cost, of_the_target_is_read_where_the_curve_crosses_it)
{
    struct record_run run = straight(100, 1000);

    target_judge(&run, TARGET_TRAIN_LOSS_MEAN_MODEL, 1.5, 1);

    cr_expect_float_eq(run.target.time_s, 1.5, 1e-12);
    cr_expect_float_eq(run.target.gradients, 150, 1e-9);
    cr_expect_float_eq(run.target.bytes, 1500, 1e-9);
    cr_expect_float_eq(target_cost(&run, RECORD_BYTES).high, 1500, 1e-9);
}

Test(cost, of_a_target_not_reached_is_at_least_what_was_spent)
{
    struct record_run run = straight(100, 1000);

    target_judge(&run, TARGET_TRAIN_LOSS_MEAN_MODEL, 0.5, 1);

    const struct target_bound cost = target_cost(&run, RECORD_GRADIENTS);
    cr_expect_float_eq(cost.low, 200, 0);
    cr_expect(isinf(cost.high));
    cr_expect(isinf(metric_of(&run, METRIC_BYTES_TO_TARGET)));
}

Test(cost, may_be_that_of_the_worst_local_model)
{
    struct record_run run = straight(100, 1000);
    for (uint32_t i = 0; i < 3; i++)
        run.point[i].train_loss_local_worst = 6.0 - 2 * i;

    target_judge(&run, TARGET_TRAIN_LOSS_LOCAL_WORST, 2, 1);

    cr_expect_float_eq(run.target.gradients, 200, 1e-9);
    cr_expect_str_eq(target_metric_name(TARGET_TRAIN_LOSS_LOCAL_WORST), "train_loss_local_worst");
}

Test(cost, in_gradients_has_a_speed_up_of_its_own)
{
    /* the second needs half of the time, with twice the gradients */
    struct record_run run[] = {straight(100, 1000), straight(400, 4000)};
    struct summary summary;
    for (uint32_t i = 0; i < 2; i++) {
        snprintf(run[i].policy, EXPERIMENT_NAME_MAX, "%s", i ? "aau" : "dsgd");
        run[i].row = i ? &records_aau : &records_dsgd;
        target_judge(&run[i], TARGET_TRAIN_LOSS_MEAN_MODEL, i ? 2 : 1, 1);
    }

    summary_make(run, 2, &summary);

    cr_expect_float_eq(summary.policy[1].speedup.low, 2, 1e-12);
    cr_expect_float_eq(summary.policy[1].speedup_gradients.low, 0.5, 1e-12);
    cr_expect_float_eq(summary_value(&summary.policy[1], METRIC_SPEEDUP_GRADIENTS).high, 0.5,
                       1e-12);
}
