/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Claims: which of two policies is better, decided over paired seeds. Reported with every table; a check that says
 * `claim: …` makes one a gate.
 *
 *   claim = [number *] metric(policy) comparison [number *] metric(policy)      comparison: < or >
 *
 * Where a key is swept, a policy may name a value of it (policy@value); a claim that leaves one open is one claim per value.
 *
 * A pair is one seed that both policies ran: graph, shards, first model, batches and delays are then the same. Per pair
 * there is the ratio left / right; the claim is decided on the mean of its logarithm: a t interval at 95 %, and a two-sided
 * p-value corrected by Holm over all claims of the table.
 *
 *   held      the interval lies on the claimed side, and Holm's p is at most 0.05
 *   refuted   the same on the other side
 *   open      neither; or it cannot be decided: a matrix that was interrupted, cores that other programs
 *             took for more than judge.stolen (for metrics of time), fewer than 10 pairs, rates that were not tuned (for metrics of learning),
 *             seeds without a ratio
 *
 * A time to target that was not reached is only known to exceed the budget, which stands in for it. If the right side was
 * not reached, the true ratio is smaller: such a claim can end "below", never "above"; the other way round for the left
 * side. The mean is then a bound on the cautious side, but the interval may be narrower than with the true times: the
 * finding says how many seeds were bounded.
 */
#ifndef HARNESS_REPORT_CLAIMS_H
#define HARNESS_REPORT_CLAIMS_H

#include "core/base/err.h"
#include "harness/experiment/experiment.h"
#include "harness/metric/record.h"
#include "harness/report/scope.h"

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
const char *claims_verdict_name(enum claims_verdict verdict);

/** The claim in a check (`claim: a < b`), or NULL when the check is an ordinary one. */
const char *claims_in_check(const char *check);

/** Would this claim mean something for this experiment? 0, or -EINVAL with a sentence as checks_validate gives. */
int claims_validate(const char *text, const struct experiment *experiment, struct err *err);

/**
 * Decide all claims of the experiment: its `claims:`, then those in its `checks:`, each text once. Returns how many; every
 * one was accepted by claims_validate. `run` may lack cells and be in any order. scope NULL: everything ran.
 */
uint32_t claims_evaluate(const struct experiment *experiment, const struct record_run *run,
                         uint32_t count, const struct scope *scope,
                         struct claims_result out[CLAIMS_MAX]);

/** First result of the claim with this text from `from` on, or NULL. */
const struct claims_result *claims_find(const struct claims_result *result, uint32_t count,
                                        uint32_t from, const char *text);

#endif
