/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The file that `dawdle tune` writes and `train: {tuned: FILE}` reads: for each policy its learning rate, and the whole
 * curve that it was chosen from.
 *
 * Two digests tell whether it still speaks of the same experiment: one of the profile without its rates, its policies and
 * what only reports (seeds, checks, claims); one of each policy's options. A rate counts by the median over the tuning
 * seeds of the metric's final value; a run that diverged counts as the worst there is.
 */
#ifndef HARNESS_EXPERIMENT_TUNED_FILE_H
#define HARNESS_EXPERIMENT_TUNED_FILE_H

#include <stdio.h>

#include "harness/experiment/experiment.h"
#include "harness/profile/profile_errors.h"

#define TUNED_FILE_VERSION 1u
#define TUNED_RATES_MAX 32u
#define TUNED_SEEDS_MAX 8u

/** One rate. value: [seeds], in the order of the file's seeds; infinite (the bad way) where the run diverged. */
struct tuned_point {
    double lr;
    double value[TUNED_SEEDS_MAX];
};

enum tuned_edge { TUNED_INSIDE, TUNED_LOWER, TUNED_UPPER };

struct tuned_policy {
    char label[EXPERIMENT_NAME_MAX];
    uint64_t digest;
    bool usable;          /* false: every rate diverged, lr says nothing */
    double lr, centre;    /* chosen; what the grid was laid around */
    enum tuned_edge edge; /* lr is the lowest or highest that was tried */
    uint32_t points;
    struct tuned_point point[TUNED_RATES_MAX]; /* by rate, ascending */
};

struct tuned_file {
    char profile[EXPERIMENT_NAME_MAX];
    enum experiment_clock clock;
    uint64_t digest;
    enum target_metric metric;
    uint32_t seeds;
    uint64_t seed[TUNED_SEEDS_MAX];
    uint64_t time_ns, iterations; /* budget of one run, as stop.* */
    uint32_t rates;               /* of every policy's grid before it was extended */
    uint32_t runs;
    double seconds; /* of training, all runs, on the profile's clock */
    uint32_t policies;
    struct tuned_policy policy[EXPERIMENT_POLICIES_MAX];
};

/** An accuracy is better when it is higher, a loss when it is lower. */
bool tuned_is_better(enum target_metric metric, double a, double b);

/** A value as it counts: not finite is infinitely bad. */
double tuned_value(enum target_metric metric, double value);

/** By what a point counts. seeds: 1 to TUNED_SEEDS_MAX. */
double tuned_median(const struct tuned_point *point, uint32_t seeds);

/** The same bytes for the same content. */
void tuned_file_write(FILE *out, const struct tuned_file *self);

/**
 * Read and check: complete, no unknown keys, rates ascending, and each lr the best of its curve. 0, or -EINVAL with what is
 * wrong and where in that file in `errors`.
 */
int tuned_file_read(const char *path, struct tuned_file *out, struct profile_errors *errors);

#endif
