/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Executing a planned profile: every policy with every seed (and every value of a swept key), judged, written, summed up.
 *
 * Values are the outermost loop. Within one, seeds are the outer loop and policies the inner one, so that a drifting host hits all policies alike.
 */
#ifndef HARNESS_RUN_MATRIX_H
#define HARNESS_RUN_MATRIX_H

#include "harness/run/run.h"
#include "harness/run/sweep.h"

struct matrix_options {
    const char *out;               /* where result directories go */
    bool quiet;                    /* no progress lines … */
    bool silent;                   /* … and no table */
    bool strict;                   /* a check that stays open counts as failed */
    uint32_t profile;              /* its number, for other ranks */
    uint32_t threads;              /* of virtual runs; 0 = every core this process may use */
    const struct ranks_turn *only; /* this cell alone, of which parts are left; NULL: all */
    struct run_options run;
    char *dir; /* [dir_bytes] gets the final results directory; NULL: not wanted */
    size_t dir_bytes;
};

/**
 * Returns the exit code: 0 ok, 1 internal, 3 environment, 4 a check failed (the profile's or the ledger), 5 incomplete.
 * The table goes to stdout, everything else to stderr. `host` is opened with at least the memory_bytes of each plan; NULL for a
 * profile in virtual time.
 */
int matrix_run(struct host *host, struct sweep *sweep, const struct matrix_options *options);

#endif
