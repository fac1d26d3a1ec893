/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * `dawdle inject preview`: what a profile's delay laws will do, drawn from the very functions that a run will ask.
 */
#ifndef HARNESS_REPORT_PREVIEW_H
#define HARNESS_REPORT_PREVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/base/err.h"
#include "harness/experiment/experiment.h"
#include "harness/report/table_grid.h"

/** About this many (worker, iteration) draws per entry. */
#define PREVIEW_DRAWS 100000u

/**
 * `slowdown factor 10, 10 % of workers anew each iteration (transient), per iteration, scope compute, sleeping`. Returns
 * `out`; 512 bytes hold all but long lists.
 */
const char *preview_describe(const struct experiment_inject *entry, char *out, size_t size);

/** `crash workers [3] at 1s restart 500ms notice 10ms`. Returns `out`. */
const char *preview_describe_fault(const struct experiment_fault *entry, char *out, size_t size);

/**
 * Per entry of the profile's `inject:` list: histogram of the delays, moments, share hit, and by how much the slowest
 * of all workers is slower than the mean (E[max] / E[T]): what a policy that waits for everybody pays. A last block
 * shows all entries together. Each worker's iterations follow each other, so that what depends on the time is met when a
 * run would meet it. Uses the first seed. 0 or -ENOMEM.
 */
int preview_print(FILE *out, const struct table_style *style, const struct experiment *experiment,
                  struct err *err);

/**
 * The same draws as CSV: entry,worker,iteration,compute_ns,delay_ns,at_ns. compute_ns is what is left of the time that the
 * delay is added to (0 for messages), at_ns when the iteration begins. 0, -ENOMEM or -EIO.
 */
int preview_csv(FILE *out, const struct experiment *experiment, struct err *err);

#endif
