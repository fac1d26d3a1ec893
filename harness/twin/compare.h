/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * How well a simulation predicted live runs: per policy and seed, and what the errors come to.
 *
 * Iteration time is the mean per worker, duration x workers / gradients, the same figure for both. An error is
 * predicted / measured - 1; of the waiting share also the difference in points, because a share near 0 has no
 * meaningful relative error.
 */
#ifndef HARNESS_TWIN_COMPARE_H
#define HARNESS_TWIN_COMPARE_H

#include <stdio.h>

#include "core/base/err.h"
#include "harness/results/results_read.h"

/** NaN where a figure is missing on one of the sides (a target not reached). */
struct compare_pair {
    double predicted, measured, error;
};

struct compare_row {
    const char *policy; /* borrowed from the measured run */
    uint64_t seed;
    struct compare_pair iteration_s, wait_share, target_s;
};

/** Of the absolute errors of a column: nearest ranks. n = 0: both NaN. */
struct compare_errors {
    double median, p90;
    uint32_t n;
};

struct compare {
    struct compare_row *row; /* [count], owned */
    uint32_t count;
    uint32_t only_predicted, only_measured;                     /* cells without a counterpart */
    struct compare_errors iteration, wait, wait_points, target; /* points: shares, not relative */
};

/** 0; -EINVAL: no cell has a counterpart; -ENOMEM. Borrows from `measured`. */
int compare_open(struct compare *out, const struct results_read *predicted,
                 const struct results_read *measured, struct err *err);
void compare_close(struct compare *self);

/** The table and its summary. */
void compare_print(FILE *out, const struct compare *self, const char *measured_dir);

/** The same as CSV, a line per row: seconds, shares, and errors as fractions; missing figures are empty. */
int compare_csv(FILE *out, const struct compare *self);

#endif
