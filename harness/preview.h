/**
 * `dawdle inject preview`: what a profile's delay laws will do, drawn from the very functions that a run will ask.
 */
#ifndef HARNESS_PREVIEW_H
#define HARNESS_PREVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/base/err.h"
#include "harness/experiment/experiment.h"
#include "harness/results/table_grid.h"

/** About this many (worker, iteration) draws per entry. */
#define PREVIEW_DRAWS 100000u

/** `slowdown factor 10, 10 % of workers anew each iteration (transient), scope compute, park`. Returns `out`. */
const char *preview_describe(const struct experiment_inject *entry, char *out, size_t size);

/**
 * Per entry of the profile's `inject:` list: histogram of the delays, moments, share hit, and by how much the slowest
 * of all workers is slower than the mean (E[max] / E[T]): what a policy that waits for everybody pays. A last block
 * shows all entries together. Uses the first seed. 0 or -ENOMEM.
 */
int preview_print(FILE *out, const struct table_style *style, const struct experiment *experiment,
                  struct err *err);

/** The same draws as CSV: entry,worker,iteration,compute_ns,delay_ns. 0 or -EIO. */
int preview_csv(FILE *out, const struct experiment *experiment, struct err *err);

#endif
