/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Time to target: when a run's curve first meets a target and stays there, and what that says over several seeds.
 *
 * Pure. A run that never meets its target is censored at its budget: its time is only known to be larger. Statistics
 * over seeds therefore work on intervals [low, high] in which a value is known to lie; the median of such values lies
 * between the median of the lows and the median of the highs, which is exact when more than half are exact.
 */
#ifndef HARNESS_METRIC_TARGET_H
#define HARNESS_METRIC_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/metric/record.h"

/** A value known to lie in [low, high]; equal when exact, high = INFINITY when only bounded from below. */
struct target_bound {
    double low, high;
};

/**
 * Over the known values of some seeds; all NaN when count is 0. A diverged seed is INFINITY, so it shows. From 6 finite
 * values on there is the mean with its t interval at 95 %; else these are NaN.
 */
struct target_spread {
    double median, min, max;
    double mean, low, high;
    uint32_t count;
};

/** What a target may be set for. */
enum target_metric {
    TARGET_TRAIN_LOSS_MEAN_MODEL,
    TARGET_HELDOUT_LOSS_MEAN_MODEL,
    TARGET_HELDOUT_ACCURACY_MEAN_MODEL,
    TARGET_TRAIN_LOSS_LOCAL_MEAN,
    TARGET_TRAIN_LOSS_LOCAL_WORST,
};

/** Spelling as in profiles and result.json, e.g. `train_loss_mean_model`. */
const char *target_metric_name(enum target_metric metric);

/** The metric's value of one judged snapshot. */
double target_metric_at(enum target_metric metric, const struct record_point *point);

/** Accuracy must rise to the target, losses must fall. */
bool target_metric_rises(enum target_metric metric);

/**
 * The value of a relative target: factor x the median over the baseline's seeds of the metric at the last snapshot.
 * Accuracies are divided by the factor instead, so that a factor above 1 is the easier target for either kind.
 * final: the baseline's last values; those not finite (diverged) count as infinitely bad. NaN when count is 0 or the median
 * itself diverged; nothing meets such a target.
 */
double target_relative(enum target_metric metric, double factor, const double *final,
                       uint32_t count);

/**
 * Fill the target fields of `run` from its points.
 *
 * The time (and with it the gradients and bytes) is the start of the first `hold` consecutive points that meet `value`, linearly interpolated between the
 * point before and the first that meets it (the first point's own time if there is none before, or if that is not
 * finite). The resolution is the distance of those two points (of the last two when not reached). held_at_end: the last
 * point meets the target, whether or not it held long enough to count as reached. Points that are not finite meet
 * nothing. hold 0 counts as 1.
 */
void target_judge(struct record_run *run, enum target_metric metric, double value, uint32_t hold);

/** The same time alone, of any curve; INFINITY: not reached. */
double target_first(const struct record_point *point, uint32_t count, enum target_metric metric,
                    double value, uint32_t hold);

/** Time to target of a judged run: exact, or from its budget to infinity. */
struct target_bound target_time(const struct record_run *run);

/** What reaching the target cost in time, gradients of all workers, or bytes: exact, or from what the run spent to infinity. */
struct target_bound target_cost(const struct record_run *run, enum record_budget budget);

/** policy's speed-up over a baseline run of the same seed: baseline time / policy time. */
struct target_bound target_speedup(struct target_bound baseline, struct target_bound policy);

/** Median of intervals; [0, INFINITY] when count is 0. Reorders nothing. count <= EXPERIMENT_SEEDS_MAX. */
struct target_bound target_median(const struct target_bound *bound, uint32_t count);

/** Median, min, max and interval of the values that are not NaN (NaN: the run has no such figure). count <= EXPERIMENT_SEEDS_MAX. */
struct target_spread target_spread(const double *value, uint32_t count);

#endif
