/* SPDX-License-Identifier: BSD-3-Clause */
/** Each policy's median and spread over its seeds, for every metric, and how it compares with the synchronous baseline. Pure. */
#ifndef HARNESS_METRIC_SUMMARY_H
#define HARNESS_METRIC_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/metric/metric.h"

/** One policy over its seeds. */
struct summary_policy {
    char policy[EXPERIMENT_NAME_MAX];
    const struct policy *row;
    uint32_t seeds;
    double stolen_share; /* of the time of its cores in all its runs; 0 in virtual time */
    bool shared_cores;   /* by processes of a run, of which one gives its core to another */
    bool has_target;
    uint32_t reached, held_at_end;            /* of `seeds` */
    struct target_bound cost[RECORD_BUDGETS]; /* of reaching the target */
    struct target_bound speedup, speedup_gradients;
    uint32_t speedup_pairs; /* seeds that the baseline ran too */
    struct target_spread metric[METRICS];
    double latency_clipped; /* values beyond the histograms' range, all seeds */
    uint32_t contended, incomplete, ledger_bad, interrupted; /* seeds */
};

struct summary {
    const char *sweep_key, *sweep_value; /* of the runs; NULL: nothing is swept */
    struct summary_policy policy[EXPERIMENT_POLICIES_MAX];
    uint32_t policy_count;
    uint32_t baseline; /* index of the synchronous baseline, or policy_count when there is none */
    uint32_t seeds;    /* most seeds of any policy */
};

/**
 * Summarise `count` runs; policies appear in the order of their first run. The synchronous baseline is the first policy
 * of kind allreduce, else dsgd, else the first synchronous one.
 */
void summary_make(const struct record_run *run, uint32_t count, struct summary *out);

/** Where the policy's median of `metric` lies; low > high (an empty interval) when it has no such figure. */
struct target_bound summary_value(const struct summary_policy *self, enum metric metric);

#endif
