/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Figures of merit: one visible table of what a run is summarised by, and each policy's median and spread over seeds.
 *
 * The names are those of checks, result.json's `summary` and the closing table. Pure.
 */
#ifndef HARNESS_METRIC_RESULTS_SUMMARY_H
#define HARNESS_METRIC_RESULTS_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/metric/record.h"
#include "harness/metric/target.h"

enum results_unit {
    UNIT_ITERATION_NS, /* tables show it in ms */
    UNIT_LATENCY_NS,   /* tables show it in us */
    UNIT_SECONDS,
    UNIT_SHARE, /* 0..1 */
    UNIT_BYTES, /* tables show it in MiB */
    UNIT_COUNT,
    UNIT_RATE, /* 1/s */
    UNIT_REAL, /* losses, ratios, squared distances */
};

enum results_metric {
    RESULTS_GRADIENTS_PER_S,
    RESULTS_ITERATIONS_PER_S,
    RESULTS_WAIT_SHARE,
    RESULTS_COMPUTE_SHARE,
    RESULTS_INJECTED_SHARE,
    RESULTS_MIX_SHARE,
    RESULTS_HELD_SHARE,
    RESULTS_REST_SHARE,
    RESULTS_WAIT_INJECTED_SHARE,
    RESULTS_STRAGGLERS_PRECISION,
    RESULTS_STRAGGLERS_RECALL,
    RESULTS_TIME_TO_TARGET_S,
    RESULTS_GRADIENTS_TO_TARGET,
    RESULTS_BYTES_TO_TARGET,
    RESULTS_SPEEDUP,
    RESULTS_SPEEDUP_GRADIENTS,
    RESULTS_TRAIN_LOSS_MEAN_MODEL,
    RESULTS_HELDOUT_LOSS_MEAN_MODEL,
    RESULTS_HELDOUT_ACCURACY_MEAN_MODEL,
    RESULTS_TRAIN_LOSS_LOCAL_MEAN,
    RESULTS_TRAIN_LOSS_LOCAL_WORST,
    RESULTS_CONSENSUS_DISTANCE,
    RESULTS_WEIGHT_LEAST,
    RESULTS_TRAIN_LOSS_EQUAL_TIME,
    RESULTS_TRAIN_LOSS_EQUAL_GRADIENTS,
    RESULTS_TRAIN_LOSS_EQUAL_BYTES,
    RESULTS_HELDOUT_ACCURACY_EQUAL_TIME,
    RESULTS_HELDOUT_ACCURACY_EQUAL_GRADIENTS,
    RESULTS_HELDOUT_ACCURACY_EQUAL_BYTES,
    RESULTS_BYTES_EXCHANGED,
    RESULTS_ITERATION_NS_P50,
    RESULTS_ITERATION_NS_P99,
    RESULTS_ITERATION_NS_P999,
    RESULTS_ITERATION_NS_MAX,
    RESULTS_READY_TO_MIXED_NS_P50,
    RESULTS_READY_TO_MIXED_NS_P99,
    RESULTS_READY_TO_MIXED_NS_P999,
    RESULTS_READY_TO_MIXED_NS_MAX,
    RESULTS_HANDLE_NS_P50,
    RESULTS_HANDLE_NS_P99,
    RESULTS_HANDLE_NS_P999,
    RESULTS_HANDLE_NS_MAX,
    RESULTS_AGE_NS_P50,
    RESULTS_AGE_NS_P99,
    RESULTS_AGE_NS_P999,
    RESULTS_AGE_NS_MAX,
    RESULTS_STALENESS_MEAN,
    RESULTS_STALENESS_P50,
    RESULTS_STALENESS_P99,
    RESULTS_STALENESS_MAX,
    RESULTS_AGE_VERSIONS_MEAN,
    RESULTS_AGE_VERSIONS_P50,
    RESULTS_AGE_VERSIONS_P99,
    RESULTS_AGE_VERSIONS_MAX,
    RESULTS_INJECTED_ERROR_NS_P99,
    RESULTS_INJECTED_ERROR_SHARE_P99,
    RESULTS_LEDGER_ERROR,
    RESULTS_TENSORS_SUPERSEDED,
    RESULTS_TENSORS_UNEXPLAINED,
    RESULTS_CONTROL_UNEXPLAINED,
    RESULTS_EXACT_SUPERSEDED,
    RESULTS_REFUSED,
    RESULTS_UNMIXED_SHARE,
    RESULTS_TENSORS_DROPPED,
    RESULTS_EVICTED,
    RESULTS_ALARMS,
    RESULTS_DROPPED,
    RESULTS_ABANDONED,
    RESULTS_SLOT_WAITS,
    RESULTS_COMPUTE_OVERRUNS,
    RESULTS_INVOLUNTARY_SWITCHES,
    RESULTS_STOLEN_SHARE,
    RESULTS_DIVERGED,
    RESULTS_INCOMPLETE,
    RESULTS_METRICS,
};

/** What becomes of a figure when other programs take the cores of a live run away. */
enum results_timing {
    TIMING_NONE,   /* little: it counts gradients, messages or bytes */
    TIMING_BUDGET, /* it says how far a run came: with a budget of time, less far */
    TIMING_CLOCK,  /* it is a time, a rate, or a share of time: it measures the others, too */
};

struct results_metric_row {
    const char *name;
    enum results_unit unit;
    enum results_timing timing;
    const char *help;
};

extern const struct results_metric_row results_metric_table[RESULTS_METRICS];

/** Index by name, or RESULTS_METRICS. */
enum results_metric results_metric_find(const char *name);

/**
 * The figure of one run: NaN when the run has none (empty histogram, no target), INFINITY for a diverged loss and for
 * a target not reached, -INFINITY for the accuracy of a model that diverged. Speed-ups need a baseline and are NaN here;
 * what is read at equal budgets needs equal_judge first.
 */
double results_metric_of(const struct record_run *run, enum results_metric metric);

/** Does it mean little once the cores of its run were taken away? budget_is_time: stop.time ends the runs. */
bool results_metric_is_timed(enum results_metric metric, bool budget_is_time);

/** Is it judged on held-out samples? */
bool results_metric_is_heldout(enum results_metric metric);

/** Is it about reaching the profile's target? */
bool results_metric_needs_target(enum results_metric metric);

/** The same as an interval, which is wider than a point where the target was not reached. */
struct target_bound results_bound_of(const struct record_run *run, enum results_metric metric);

/** One policy over its seeds. */
struct results_policy {
    char policy[EXPERIMENT_NAME_MAX];
    const struct policy *row;
    uint32_t seeds;
    double stolen_share; /* of the time of its cores in all its runs; 0 in virtual time */
    bool has_target;
    uint32_t reached, held_at_end;            /* of `seeds` */
    struct target_bound cost[RECORD_BUDGETS]; /* of reaching the target */
    struct target_bound speedup, speedup_gradients;
    uint32_t speedup_pairs; /* seeds that the baseline ran too */
    struct target_spread metric[RESULTS_METRICS];
    double latency_clipped; /* values beyond the histograms' range, all seeds */
    uint32_t contended, incomplete, ledger_bad, interrupted; /* seeds */
};

struct results_summary {
    const char *sweep_key, *sweep_value; /* of the runs; NULL: nothing is swept */
    struct results_policy policy[EXPERIMENT_POLICIES_MAX];
    uint32_t policy_count;
    uint32_t baseline; /* index of the synchronous baseline, or policy_count when there is none */
    uint32_t seeds;    /* most seeds of any policy */
};

/**
 * Summarise `count` runs; policies appear in the order of their first run. The synchronous baseline is the first policy
 * of kind allreduce, else dsgd, else the first synchronous one.
 */
void results_summarise(const struct record_run *run, uint32_t count, struct results_summary *out);

/** Where the policy's median of `metric` lies; low > high (an empty interval) when it has no such figure. */
struct target_bound results_value(const struct results_policy *self, enum results_metric metric);

#endif
