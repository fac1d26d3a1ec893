/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A result directory read back for figures: curves, parts, waits, histograms' percentiles, and the summary's metrics.
 *
 * What an older dawdle did not write is NaN or empty here, and the figure of it says so; a value of another type is an
 * error. latency.hlog is read by hlog_read.h.
 */
#ifndef HARNESS_RECORD_RESULTS_RUNS_H
#define HARNESS_RECORD_RESULTS_RUNS_H

#include "core/base/err.h"
#include "harness/experiment/experiment.h"
#include "harness/metric/metric.h"
#include "harness/metric/record.h"

/** What result.json keeps of a histogram; NaN: nothing. */
struct results_figures {
    double p50, p99, p999, max, mean, n;
};

/** One policy with one seed. Times in ns are sums over all workers. */
struct results_run {
    char policy[EXPERIMENT_NAME_MAX];      /* label */
    char value[EXPERIMENT_SWEEP_TEXT_MAX]; /* of the swept key; "": nothing is swept */
    uint64_t seed;
    uint32_t workers;
    double duration_s, iterations, target_value;
    double part_ns[PART_COUNT], total_ns;
    struct record_point *point; /* [point_count] owned; what was not judged is NaN */
    uint32_t point_count;
    struct record_edge *
        edge; /* [edges] owned; every receiver and sender is below `workers`, or RECORD_EVERYBODY */
    uint32_t edges;
    double edges_rest_s; /* of the pairs that are not listed */
    struct results_figures series[SERIES_COUNT];
};

/** One policy over its seeds, with one value of the swept key. */
struct results_summary {
    char policy[EXPERIMENT_NAME_MAX], value[EXPERIMENT_SWEEP_TEXT_MAX];
    uint32_t seeds;
    struct target_spread metric[METRICS]; /* NaN where there is no figure */
};

struct results_runs {
    char dir[EXPERIMENT_PATH_MAX];
    char profile[EXPERIMENT_NAME_MAX], id[64];
    uint32_t schema;
    bool interrupted;                    /* a signal ended the matrix: some runs are missing */
    char key[EXPERIMENT_SWEEP_TEXT_MAX]; /* swept; "": none */
    char baseline[EXPERIMENT_NAME_MAX];  /* label of the synchronous one; "": none */
    char target_metric[64];              /* "": no target */
    uint32_t target_hold;
    struct results_run *run; /* [count] owned */
    uint32_t count;
    struct results_summary *summary; /* [summaries] owned */
    uint32_t summaries;
};

/**
 * `dir`: a result directory, or a link to one. Refused while it is written: no part of a matrix is taken for the whole.
 * 0, or -errno with a sentence. Either way results_runs_free is due.
 */
int results_runs_read(const char *dir, struct results_runs *out, struct err *err);

/** The same from the text of a result.json; `name` stands in errors. */
int results_runs_read_text(const char *text, const char *name, struct results_runs *out,
                           struct err *err);

/** Accepts a zeroed struct. */
void results_runs_free(struct results_runs *self);

#endif
