/**
 * A profile's `checks:`: sentences that a finished matrix must make true, e.g. for a CI gate.
 *
 *   check   = operand comparison operand          comparison: < <= > >= == !=
 *   operand = [number *] metric(policy)           median over the policy's seeds
 *           | [number *] metric                   the same for every policy in turn
 *           | number[unit]                        20ms, 5%, 64KiB, 0.35
 *
 * Metrics are the names of results_metric_table; both sides must be of one kind (time, share, size, plain number). A
 * median that is only bounded (target not reached) decides a check when the bound suffices; else the check fails and
 * says so. An unknown metric or policy is an error before anything has started.
 */
#ifndef HARNESS_RESULTS_CHECKS_H
#define HARNESS_RESULTS_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "harness/experiment/experiment.h"
#include "harness/results/results_summary.h"

struct checks_result {
    const char *text; /* borrowed: the check as written */
    bool pass;
    char finding[560]; /* both sides with their values, or why it could not be decided */
};

/**
 * Would this check mean something for this experiment? 0, or -EINVAL with a sentence that quotes the check, names the
 * column and, for an unknown name, the nearest valid one.
 */
int checks_validate(const char *text, const struct experiment *experiment, struct err *err);

/** Decide one check that checks_validate accepted. A policy that never ran fails it. */
void checks_evaluate(const char *text, const struct results_summary *summary,
                     struct checks_result *out);

#endif
