/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Figures between two evaluations are interpolated, because budgets other than time are never spent at the same
 * moment.
 */
#include "harness/metric/equal.h"

#include <math.h>

const char *const equal_budget_name[RECORD_BUDGETS] = {
    [RECORD_TIME] = "time", [RECORD_GRADIENTS] = "gradients", [RECORD_BYTES] = "bytes"};

double equal_spent(const struct record_point *point, enum record_budget budget)
{
    switch (budget) {
    case RECORD_TIME:
        return point->time_s;
    case RECORD_GRADIENTS:
        return (double)point->gradients;
    default:
        return (double)point->bytes;
    }
}

/** Until the end of the run; 0 for a run that was not judged. */
static double spent_in_all(const struct record_run *run, enum record_budget budget)
{
    const bool known = run->judged && run->point_count > 0;
    return known ? equal_spent(&run->point[run->point_count - 1], budget) : 0;
}

static double common_level(const struct record_run *run, uint32_t count, enum record_budget budget)
{
    double level = 0;
    for (uint32_t i = 0; i < count; i++) {
        const double all = spent_in_all(&run[i], budget);
        if (all > 0 && (level <= 0 || all < level))
            level = all;
    }
    return level;
}

static double between(double from, double to, double share)
{
    if (!isfinite(from) || !isfinite(to))
        return (double)INFINITY;
    return from + share * (to - from);
}

/** The first snapshot at or beyond the level; there is one, as the run spent at least so much. */
static uint32_t first_beyond(const struct record_run *run, enum record_budget budget, double level)
{
    uint32_t i = 0;
    while (i + 1 < run->point_count && equal_spent(&run->point[i], budget) < level)
        i++;
    return i;
}

static struct record_equal at_level(const struct record_run *run, enum record_budget budget,
                                    double level)
{
    const uint32_t k = first_beyond(run, budget, level);
    const struct record_point *const to = &run->point[k];
    const struct record_point *const from = k ? to - 1 : to;
    const double width = equal_spent(to, budget) - equal_spent(from, budget);
    const double share = width > 0 ? (level - equal_spent(from, budget)) / width : 1;
    const double loss = between(from->train_loss_mean_model, to->train_loss_mean_model, share);
    const bool diverged = isinf(loss);
    const double accuracy = run->no_heldout ? (double)NAN
                            : diverged      ? -(double)INFINITY
                                            : between(from->heldout_accuracy_mean_model,
                                                      to->heldout_accuracy_mean_model, share);
    return (struct record_equal){.level = level, .train_loss = loss, .heldout_accuracy = accuracy};
}

void equal_judge(struct record_run *run, uint32_t count)
{
    for (uint32_t b = 0; b < RECORD_BUDGETS; b++) {
        const enum record_budget budget = (enum record_budget)b;
        const double level = common_level(run, count, budget);
        for (uint32_t i = 0; i < count; i++) {
            const bool spends = level > 0 && spent_in_all(&run[i], budget) > 0;
            run[i].equal[b] = spends ? at_level(&run[i], budget, level) : (struct record_equal){0};
        }
    }
}
