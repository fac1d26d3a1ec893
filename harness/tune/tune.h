/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * `dawdle tune`: the learning rate of every policy of a profile, each found with the same budget.
 *
 * Runs the profile's own cells (same stop, same stragglers) for every rate of the grid with three seeds that the profile
 * does not report: the first of 1000001, 1000002, … that are not among its own. A rate counts by the median of the final
 * metric on validation samples (experiment_tuning_metric); test samples are never read. No result directories are made.
 */
#ifndef HARNESS_TUNE_TUNE_H
#define HARNESS_TUNE_TUNE_H

#include "harness/experiment/tuned_file.h"
#include "harness/run/host.h"
#include "harness/run/plan.h"

#define TUNE_SEEDS 3u
#define TUNE_SEED_FIRST 1000001u

struct tune_options {
    const char *out; /* the file to write */
    bool quiet;
    uint32_t threads; /* of virtual runs */
};

/**
 * Make of a loaded experiment the one that is run for tuning (its seeds become the tuning seeds, nothing is recorded), and
 * fill the head of `out`. 0; -EINVAL with `err`: there is nothing to tune, or nothing to judge by.
 */
int tune_prepare(struct experiment *experiment, struct tuned_file *out, struct err *err);

/** What a dry run says besides the plan: runs and time. 0 or -errno. */
int tune_print(const struct plan *plan, const struct tuned_file *file, uint32_t threads, FILE *out,
               struct err *err);

/**
 * Search, and write the file at the end; an interrupted search writes nothing. `file` as tune_prepare left it, `host` NULL
 * in virtual time. Returns the exit code: 0; 1, 3 as matrix_run; 4 a policy diverged at every rate; 5 interrupted.
 */
int tune_run(struct host *host, struct plan *plan, struct tuned_file *file,
             const struct tune_options *options);

#endif
