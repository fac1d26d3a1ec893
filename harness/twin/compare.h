/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * How well a simulation predicted live runs, policy by policy, and what the errors come to.
 *
 * Of each policy the mean over its measured runs stands against the mean over its simulated ones. Those have seeds of their
 * own: what is predicted is how long such iterations take, not how long the same draws did. So part of an error is chance, in
 * both; `spread` says how much the simulated runs differ among themselves.
 *
 * Iteration time is the mean per worker, duration x workers / gradients, the same figure for both. An error is
 * predicted / measured - 1; of the waiting share also the difference in points, because a share near 0 has no
 * meaningful relative error. Beside it stands the error of a simulation of the same profile, with the same seeds, that no
 * live run calibrated.
 */
#ifndef HARNESS_TWIN_COMPARE_H
#define HARNESS_TWIN_COMPARE_H

#include <stdio.h>

#include "core/base/err.h"
#include "harness/record/results_read.h"

/** NaN where a figure is missing on one of the sides (a target not reached). */
struct compare_pair {
    double predicted, measured, error;
};

struct compare_row {
    const char *policy;           /* borrowed from the measured run */
    uint32_t measured, predicted; /* runs */
    double spread; /* of the predicted iteration times: standard deviation to mean; NaN: only one */
    struct compare_pair iteration_s, plain_s, wait_share, target_s; /* plain: not calibrated */
};

/** Of the absolute errors of a column: nearest ranks. n = 0: both NaN. */
struct compare_errors {
    double median, p90;
    uint32_t n;
};

struct compare {
    struct compare_row *row; /* [count], owned */
    uint32_t count;
    uint32_t only_measured; /* policies that were not simulated */
    struct compare_errors iteration, plain, wait, wait_points,
        target; /* points: shares, not relative */
};

/** plain: not calibrated, or NULL. 0; -EINVAL: no policy was simulated and measured; -ENOMEM. Borrows from `measured`. */
int compare_open(struct compare *out, const struct results_read *predicted,
                 const struct results_read *plain, const struct results_read *measured,
                 struct err *err);
void compare_close(struct compare *self);

/** The table and its summary. */
void compare_print(FILE *out, const struct compare *self, const char *measured_dir);

/** The same as CSV, a line per row: seconds, shares, and errors as fractions; missing figures are empty. */
int compare_csv(FILE *out, const struct compare *self);

#endif
