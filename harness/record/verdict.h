/* SPDX-License-Identifier: BSD-3-Clause */
/** What a matrix of runs says of the checks and claims of its profile: decided by harness/report, kept in result.json. */
#ifndef HARNESS_RECORD_VERDICT_H
#define HARNESS_RECORD_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/experiment/experiment.h"

struct checks_result {
    const char *text; /* borrowed: the check as written */
    bool pass;
    bool open;         /* pass is false, but only because it cannot be decided */
    char finding[768]; /* both sides with their values, or why it could not be decided */
};

/** Of them with a sweep: each value makes one. */
#define CLAIMS_MAX ((EXPERIMENT_CLAIMS_MAX + EXPERIMENT_CHECKS_MAX) * EXPERIMENT_SWEEP_MAX)

enum claims_verdict { CLAIM_OPEN, CLAIM_HELD, CLAIM_REFUTED };

/** NaN where there is no figure. */
struct claims_result {
    const char *text;        /* borrowed: the claim as written */
    const char *sweep_value; /* borrowed: what its open places stand for; NULL: it has none */
    enum claims_verdict verdict;
    bool unfit; /* open because of how the runs went, not of what they found */
    double ratio, low,
        high;         /* geometric mean of left / right without their factors, and its interval */
    double threshold; /* what the ratio is compared with: 1 without factors */
    double p, p_holm;
    uint32_t pairs; /* seeds that both ran */
    uint32_t bounded_above,
        bounded_below; /* pairs whose right (left) side did not reach the target */
    char finding[560]; /* the verdict with its figures, or why it is open */
};

/** Spelling as in result.json. */
const char *verdict_name(enum claims_verdict verdict);

#endif
