/* SPDX-License-Identifier: BSD-3-Clause */
/* Not reached is a bound and no number, so statistics run on intervals and say what they can still decide. */
#include "harness/metric/target.h"

#include <math.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "harness/metric/equal.h"
#include "harness/metric/stats.h"

static const struct {
    const char *name;
    bool rises;
} metrics[] = {
    [TARGET_TRAIN_LOSS_MEAN_MODEL] = {"train_loss_mean_model", false},
    [TARGET_HELDOUT_LOSS_MEAN_MODEL] = {"heldout_loss_mean_model", false},
    [TARGET_HELDOUT_ACCURACY_MEAN_MODEL] = {"heldout_accuracy_mean_model", true},
    [TARGET_TRAIN_LOSS_LOCAL_MEAN] = {"train_loss_local_mean", false},
    [TARGET_TRAIN_LOSS_LOCAL_WORST] = {"train_loss_local_worst", false},
};

const char *target_metric_name(enum target_metric metric)
{
    return metrics[metric].name;
}

bool target_metric_rises(enum target_metric metric)
{
    return metrics[metric].rises;
}

double target_metric_at(enum target_metric metric, const struct record_point *point)
{
    switch (metric) {
    case TARGET_TRAIN_LOSS_MEAN_MODEL:
        return point->train_loss_mean_model;
    case TARGET_HELDOUT_LOSS_MEAN_MODEL:
        return point->heldout_loss_mean_model;
    case TARGET_HELDOUT_ACCURACY_MEAN_MODEL:
        return point->heldout_accuracy_mean_model;
    case TARGET_TRAIN_LOSS_LOCAL_MEAN:
        return point->train_loss_local_mean;
    case TARGET_TRAIN_LOSS_LOCAL_WORST:
        return point->train_loss_local_worst;
    }
    check_failed(__FILE__, __LINE__, "a metric without a row");
}

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The values hold no NaN, nor infinities of both signs: the two middle ones are added. */
static double median_of(const double *value, uint32_t count)
{
    double sorted[EXPERIMENT_SEEDS_MAX];
    CHECK(count >= 1);
    CHECK(count <= EXPERIMENT_SEEDS_MAX);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = value[i];
    qsort(sorted, count, sizeof(sorted[0]), ascending);
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

double target_relative(enum target_metric metric, double factor, const double *final,
                       uint32_t count)
{
    double value[EXPERIMENT_SEEDS_MAX];
    const bool rises = target_metric_rises(metric);
    if (count == 0)
        return (double)NAN;
    CHECK(count <= EXPERIMENT_SEEDS_MAX);
    for (uint32_t i = 0; i < count; i++)
        value[i] = isfinite(final[i]) ? final[i] : rises ? -(double)INFINITY : (double)INFINITY;
    const double median = median_of(value, count);
    if (!isfinite(median))
        return (double)NAN;
    return rises ? median / factor : median * factor;
}

static bool meets(enum target_metric metric, const struct record_point *point, double value)
{
    const double at = target_metric_at(metric, point);
    return isfinite(at) && isfinite(value) &&
           (target_metric_rises(metric) ? at >= value : at <= value);
}

/** Points of a curve. */
struct curve {
    const struct record_point *point;
    uint32_t count;
};

/* Index of the first of `hold` consecutive points that meet the target, or their count. */
static uint32_t first_held(struct curve of, enum target_metric metric, double value, uint32_t hold)
{
    uint32_t streak = 0;
    for (uint32_t i = 0; i < of.count; i++) {
        streak = meets(metric, &of.point[i], value) ? streak + 1 : 0;
        if (streak == hold)
            return i + 1 - hold;
    }
    return of.count;
}

/** Where between points `first` - 1 (0) and `first` (1) the target is crossed. */
static double crossing_share(struct curve of, enum target_metric metric, double value,
                             uint32_t first)
{
    if (first == 0)
        return 1;
    const double from = target_metric_at(metric, &of.point[first - 1]);
    const double to = target_metric_at(metric, &of.point[first]);
    /* the point before misses the target and this one meets it, so from != to */
    return isfinite(from) ? (from - value) / (from - to) : 1;
}

/** What of the budget was spent when the target was crossed. */
static double crossing(struct curve of, uint32_t first, double share, enum record_budget budget)
{
    const double after = equal_spent(&of.point[first], budget);
    const double before = first ? equal_spent(&of.point[first - 1], budget) : after;
    return before + share * (after - before);
}

double target_first(const struct record_point *point, uint32_t count, enum target_metric metric,
                    double value, uint32_t hold)
{
    const struct curve of = {point, count};
    const uint32_t first = first_held(of, metric, value, hold ? hold : 1);
    if (first == count)
        return (double)INFINITY;
    return crossing(of, first, crossing_share(of, metric, value, first), RECORD_TIME);
}

void target_judge(struct record_run *run, enum target_metric metric, double value, uint32_t hold)
{
    const struct curve of = {run->point, run->point_count};
    const uint32_t first = first_held(of, metric, value, hold ? hold : 1);
    const uint32_t last = run->point_count ? run->point_count - 1 : 0;
    run->target.exists = true;
    run->target.value = value;
    run->target.reached = first < run->point_count;
    run->target.held_at_end = run->point_count && meets(metric, &run->point[last], value);
    run->target.time_s = run->target.gradients = run->target.bytes = 0;
    if (run->target.reached) {
        const double share = crossing_share(of, metric, value, first);
        run->target.time_s = crossing(of, first, share, RECORD_TIME);
        run->target.gradients = crossing(of, first, share, RECORD_GRADIENTS);
        run->target.bytes = crossing(of, first, share, RECORD_BYTES);
    }

    const uint32_t at = run->target.reached && first > 0 ? first : last;
    run->target.resolution_s = at ? run->point[at].time_s - run->point[at - 1].time_s : 0;
}

struct target_bound target_time(const struct record_run *run)
{
    if (run->target.reached)
        return (struct target_bound){run->target.time_s, run->target.time_s};
    return (struct target_bound){run->duration_s, (double)INFINITY};
}

struct target_bound target_cost(const struct record_run *run, enum record_budget budget)
{
    if (budget == RECORD_TIME)
        return target_time(run);
    if (run->target.reached) {
        const double cost = budget == RECORD_GRADIENTS ? run->target.gradients : run->target.bytes;
        return (struct target_bound){cost, cost};
    }
    const double all =
        run->point_count ? equal_spent(&run->point[run->point_count - 1], budget) : 0;
    return (struct target_bound){all, (double)INFINITY};
}

/* 0/0 and inf/inf say nothing; the caller supplies what "nothing" means on its side. */
static double ratio(double over, double under, double unknown)
{
    const double value = over / under;
    return isnan(value) ? unknown : value;
}

struct target_bound target_speedup(struct target_bound baseline, struct target_bound policy)
{
    return (struct target_bound){ratio(baseline.low, policy.high, 0),
                                 ratio(baseline.high, policy.low, (double)INFINITY)};
}

struct target_bound target_median(const struct target_bound *bound, uint32_t count)
{
    double low[EXPERIMENT_SEEDS_MAX];
    double high[EXPERIMENT_SEEDS_MAX];
    if (count == 0)
        return (struct target_bound){0, (double)INFINITY};
    CHECK(count <= EXPERIMENT_SEEDS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        low[i] = bound[i].low;
        high[i] = bound[i].high;
    }
    return (struct target_bound){median_of(low, count), median_of(high, count)};
}

struct target_spread target_spread(const double *value, uint32_t count)
{
    double known[EXPERIMENT_SEEDS_MAX];
    const double none = (double)NAN;
    struct target_spread out = {none, none, none, none, none, none, 0};
    CHECK(count <= EXPERIMENT_SEEDS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        if (isnan(value[i]))
            continue;
        known[out.count++] = value[i];
        out.min = fmin(out.min, value[i]); /* fmin and fmax ignore a NaN */
        out.max = fmax(out.max, value[i]);
    }
    if (out.count)
        out.median = median_of(known, out.count);
    if (out.count < STATS_INTERVAL_SEEDS || isinf(out.min) || isinf(out.max))
        return out;
    const struct stats_mean mean = stats_mean(known, out.count, 0);
    out.mean = mean.mean;
    out.low = mean.low;
    out.high = mean.high;
    return out;
}
