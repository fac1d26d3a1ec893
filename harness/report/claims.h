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
#include "harness/record/verdict.h"
#include "harness/report/scope.h"

/**
 * Decide all claims of the experiment: its `claims:`, then those in its `checks:`, each text once. Returns how many; every
 * one was accepted by sentences_validate_claim. `run` may lack cells and be in any order. scope NULL: everything ran.
 */
uint32_t claims_evaluate(const struct experiment *experiment, const struct record_run *run,
                         uint32_t count, const struct scope *scope,
                         struct claims_result out[CLAIMS_MAX]);

/** First result of the claim with this text from `from` on, or NULL. */
const struct claims_result *claims_find(const struct claims_result *result, uint32_t count,
                                        uint32_t from, const char *text);

#endif
