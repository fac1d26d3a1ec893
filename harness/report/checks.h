/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A profile's `checks:`: sentences that a finished matrix must make true, e.g. for a CI gate.
 *
 *   wait_share(aau) < 0.5 * wait_share(allreduce)     medians over the policies' seeds
 *   iteration_ns_p99 < 20ms                            a metric without a policy: for every policy in turn
 *   speedup(aau@40%) < speedup(aau@5%)                 where a key is swept; without a value: for every value in turn
 *
 * The grammar is sentence.h's. A median that is only bounded (target not reached) decides a check when the bound
 * suffices; else the check fails and says so. Where the matrix was interrupted, checks about runs that are missing or were
 * cut short are open: neither passed nor failed. So are checks about time (metric_is_timed) of a policy whose cores
 * other programs took for more than `judge.stolen`. An unknown metric or policy is an error before anything has started.
 */
#ifndef HARNESS_REPORT_CHECKS_H
#define HARNESS_REPORT_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "harness/experiment/experiment.h"
#include "harness/metric/summary.h"
#include "harness/record/verdict.h"
#include "harness/report/scope.h"

/**
 * Decide one check that sentences_validate_check accepted. summary: [count], one per value of the swept key that ran, or one. A
 * policy or value that never ran fails it, unless scope says that it would have. scope NULL: everything ran.
 */
void checks_evaluate(const char *text, const struct summary *summary, uint32_t count,
                     const struct scope *scope, struct checks_result *out);

#endif
