/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * timeline.csv: whole iterations of a stretch of one run of each policy, few enough to be drawn, chosen while recording. The
 * stretch is around the first fault that happened, else in the middle of the run.
 */
#ifndef HARNESS_RECORD_TIMELINE_H
#define HARNESS_RECORD_TIMELINE_H

#include <stdio.h>

#include "harness/metric/record.h"

/** Workers that are in it: the first ones; and iterations of one run. */
#define TIMELINE_WORKERS 32u
#define TIMELINE_ROWS 1600u

struct timeline_row {
    char policy[RECORD_LABEL_MAX]; /* label */
    uint64_t seed;
    uint32_t worker;
    double start_ns, total_ns;
    double compute_ns, injected_ns, wait_ns, held_ns, other_ns; /* their sum: total */
};

/** Of a run whose policy has none yet. 0 or -errno. */
int timeline_write(FILE *out, const struct record_run *run, const struct record_iteration *row,
                   uint64_t count);

struct timeline {
    struct timeline_row *row; /* [count] owned */
    uint32_t count;
};

/** Of a result directory: empty where it has none, or where somebody has changed it. 0 or -ENOMEM. */
int timeline_read(struct timeline *out, const char *dir);
void timeline_free(struct timeline *self);

#endif
