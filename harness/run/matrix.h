/**
 * Executing a planned profile: every policy with every seed, judged, written, summed up.
 *
 * Seeds are the outer loop and policies the inner one, so that a drifting host hits all policies alike.
 */
#ifndef HARNESS_RUN_MATRIX_H
#define HARNESS_RUN_MATRIX_H

#include "harness/run/plan.h"
#include "harness/run/run.h"

struct matrix_options {
    const char *out; /* where result directories go */
    bool quiet;      /* no progress lines */
    struct run_faults faults;
};

/**
 * Returns the exit code: 0 ok, 1 internal, 3 environment, 4 a check failed (the profile's or the ledger), 5 incomplete.
 * The table goes to stdout, everything else to stderr. `host` is opened with at least plan->memory_bytes.
 */
int matrix_run(struct host *host, struct plan *plan, const struct matrix_options *options);

#endif
