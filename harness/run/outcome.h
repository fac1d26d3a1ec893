/* SPDX-License-Identifier: BSD-3-Clause */
/** What all runs of a matrix come to: summaries, checks, claims, the tables, and the exit code. */
#ifndef HARNESS_RUN_OUTCOME_H
#define HARNESS_RUN_OUTCOME_H

#include <stdio.h>

#include "harness/record/results.h"
#include "harness/run/sweep.h"

/** The runs of value v are run[first[v]] to run[first[v + 1] - 1]; what did not run is missing at the end. */
struct outcome_runs {
    const struct sweep *sweep;
    const struct record_run *run; /* [runs] */
    uint32_t runs;
    const uint32_t *first; /* [values + 1] */
    bool interrupted;      /* by a signal: the last run may have been cut short */
    bool failed;           /* an error ended the matrix */
};

/** Hundreds of KiB: keep it off the stack. */
struct outcome {
    struct summary summary[EXPERIMENT_SWEEP_MAX];
    struct checks_result check[EXPERIMENT_CHECKS_MAX];
    struct claims_result claim[CLAIMS_MAX];
    char *warnings;                 /* lines, owned */
    struct results_verdict verdict; /* of the above */
};

/** Accepts a zeroed one. */
void outcome_close(struct outcome *self);

void outcome_evaluate(struct outcome *self, const struct outcome_runs *of);

/** That some of it did not run, in front of everything; the tables, then claims and checks with their verdicts. */
void outcome_print(const struct outcome *self, const struct outcome_runs *of, FILE *out);

/** 0; 4 a check failed (strict: or stayed open), or what must hold in every run does not (said on stderr); 5 incomplete. */
int outcome_code(const struct outcome *self, const struct outcome_runs *of, bool strict);

#endif
