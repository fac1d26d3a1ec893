/* SPDX-License-Identifier: BSD-3-Clause */
/* The figure of each row of metric_rows.h is made a function here; what several of them need stands in front. */
#include "harness/metric/metric.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : (double)NAN;
}

static double distance(uint64_t a, uint64_t b)
{
    return (double)(a > b ? a - b : b - a);
}

static const struct record_point *last(const struct record_run *run)
{
    static const struct record_point none;
    return run->point_count ? &run->point[run->point_count - 1] : &none;
}

/* A loss that is not finite has diverged: the worst there is, and no reason to leave the seed out. */
static double final_loss(const struct record_run *run, double loss)
{
    if (!run->judged || run->point_count == 0)
        return (double)NAN;
    return isfinite(loss) ? loss : (double)INFINITY;
}

/* The worst accuracy there is, and so that it shows: a model that is no number still hits some class. */
static double final_accuracy(const struct record_run *run)
{
    if (!run->judged || run->point_count == 0)
        return (double)NAN;
    const bool diverged = isinf(final_loss(run, last(run)->train_loss_mean_model));
    return diverged ? -(double)INFINITY : last(run)->heldout_accuracy_mean_model;
}

static double weight_least(const struct record_run *run)
{
    double least = (double)INFINITY;
    for (uint32_t i = 0; i < run->point_count; i++)
        if (run->point[i].weight_least > 0)
            least = fmin(least, run->point[i].weight_least);
    return isfinite(least) ? least : (double)NAN;
}

static double cost(const struct record_run *run, enum record_budget budget)
{
    return run->target.exists ? target_cost(run, budget).high : (double)NAN;
}

static double equal(const struct record_run *run, enum record_budget budget, bool accuracy)
{
    const struct record_equal *const at = &run->equal[budget];
    if (at->level <= 0)
        return (double)NAN;
    return accuracy ? at->heldout_accuracy : at->train_loss;
}

/** A figure of a series of the run. */
#define OF(name, figure) \
    (run->series[SERIES_##name].n ? (double)run->series[SERIES_##name].figure : (double)NAN)

#define FIGURE(id, name, unit, timing, needs, value, help)    \
    static double figure_##id(const struct record_run *run)   \
    {                                                         \
        (void)run; /* a speed-up belongs to a pair of runs */ \
        return (double)(value);                               \
    }
METRIC_ROWS(FIGURE)

#define ROW(id, name, unit, timing, needs, value, help) \
    [METRIC_##id] = {name, unit, timing, needs, help, figure_##id},
const struct metric_row metric_table[METRICS] = {METRIC_ROWS(ROW)};

enum metric metric_find(const char *name)
{
    uint32_t i = 0;
    while (i < METRICS && strcmp(metric_table[i].name, name) != 0)
        i++;
    return (enum metric)i;
}

bool metric_is_timed(enum metric metric, bool budget_is_time)
{
    const enum metric_timing timing = metric_table[metric].timing;
    return timing == TIMING_CLOCK || (timing == TIMING_BUDGET && budget_is_time);
}

double metric_of(const struct record_run *run, enum metric metric)
{
    CHECK(metric < METRICS);
    if (run->no_heldout && (metric_table[metric].needs & METRIC_NEEDS_HELDOUT))
        return (double)NAN;
    return metric_table[metric].figure(run);
}

enum record_budget metric_budget(enum metric metric)
{
    static const enum metric of[RECORD_BUDGETS] = {[RECORD_TIME] = METRIC_TIME_TO_TARGET_S,
                                                   [RECORD_GRADIENTS] = METRIC_GRADIENTS_TO_TARGET,
                                                   [RECORD_BYTES] = METRIC_BYTES_TO_TARGET};
    uint32_t budget = 0;
    while (budget < RECORD_BUDGETS && of[budget] != metric)
        budget++;
    return (enum record_budget)budget;
}

struct target_bound metric_bound(const struct record_run *run, enum metric metric)
{
    const enum record_budget budget = metric_budget(metric);
    if (budget < RECORD_BUDGETS && run->target.exists)
        return target_cost(run, budget);
    const double value = metric_of(run, metric);
    return (struct target_bound){value, value};
}

const char *metric_unit_name(enum metric_unit unit)
{
    static const char *const name[] = {
        [UNIT_ITERATION_NS] = "ns", [UNIT_LATENCY_NS] = "ns", [UNIT_SECONDS] = "s",
        [UNIT_SHARE] = "share",     [UNIT_BYTES] = "bytes",   [UNIT_COUNT] = "count",
        [UNIT_RATE] = "1/s",        [UNIT_REAL] = "number"};
    return name[unit];
}
