/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Figures of merit: one visible table of what a run is summarised by (metric_rows.h).
 *
 * The names are those of checks, result.json's `summary`, the closing table and `dawdle list metrics`. Pure.
 */
#ifndef HARNESS_METRIC_METRIC_H
#define HARNESS_METRIC_METRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/metric/metric_rows.h"
#include "harness/metric/record.h"
#include "harness/metric/target.h"

enum metric_unit {
    UNIT_ITERATION_NS, /* tables show it in ms */
    UNIT_LATENCY_NS,   /* tables show it in us */
    UNIT_SECONDS,
    UNIT_SHARE, /* 0..1 */
    UNIT_BYTES, /* tables show it in MiB */
    UNIT_COUNT,
    UNIT_RATE, /* 1/s */
    UNIT_REAL, /* losses, ratios, squared distances */
};

enum metric {
#define METRIC_ID(id, ...) METRIC_##id,
    METRIC_ROWS(METRIC_ID)
#undef METRIC_ID
        METRICS
};

/** What becomes of a figure when other programs take the cores of a live run away. */
enum metric_timing {
    TIMING_NONE,   /* little: it counts gradients, messages or bytes */
    TIMING_BUDGET, /* it says how far a run came: with a budget of time, less far */
    TIMING_CLOCK,  /* it is a time, a rate, or a share of time: it measures the others, too */
};

/** What a figure takes, and what it is about. */
enum metric_needs {
    METRIC_NEEDS_TARGET = 1,  /* `target:` in the profile */
    METRIC_NEEDS_HELDOUT = 2, /* samples that nobody trains on */
    METRIC_OF_LEARNING = 4,   /* it depends on the learning rate */
};

struct metric_row {
    const char *name;
    enum metric_unit unit;
    enum metric_timing timing;
    uint32_t needs; /* enum metric_needs, added up */
    const char *help;
    double (*figure)(const struct record_run *run);
};

extern const struct metric_row metric_table[METRICS];

/** Index by name, or METRICS. */
enum metric metric_find(const char *name);

/**
 * The figure of one run: NaN when the run has none (empty histogram, no target), INFINITY for a diverged loss and for
 * a target not reached, -INFINITY for the accuracy of a model that diverged. Speed-ups need a baseline and are NaN here;
 * what is read at equal budgets needs equal_judge first.
 */
double metric_of(const struct record_run *run, enum metric metric);

/** The same as an interval, which is wider than a point where the target was not reached. */
struct target_bound metric_bound(const struct record_run *run, enum metric metric);

/** What reaching the target costs: which budget does this metric count? RECORD_BUDGETS: it is another one. */
enum record_budget metric_budget(enum metric metric);

/** Does it mean little once the cores of its run were taken away? budget_is_time: stop.time ends the runs. */
bool metric_is_timed(enum metric metric, bool budget_is_time);

/** The unit in words, for lists: "share", "ns". */
const char *metric_unit_name(enum metric_unit unit);

#endif
