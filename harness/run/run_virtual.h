/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One run in virtual time: the cell as a configuration of core/sim, its arithmetic on the executor's threads, its points
 * judged as they come. No EAL, no core is bound, nothing waits for a clock.
 *
 * The record is a function of the cell alone, except for record_run.wall: not of threads, host or load.
 */
#ifndef HARNESS_RUN_RUN_VIRTUAL_H
#define HARNESS_RUN_RUN_VIRTUAL_H

#include "harness/metric/record.h"
#include "harness/run/cell.h"
#include "harness/run/evaluate.h"
#include "harness/run/samples.h"

/** Workers with an iteration histogram of their own; of more, there is the merged one. */
#define VIRTUAL_HIST_WORKERS_MAX 64u
/** iterations.csv keeps so many rows of a run, in the order in which iterations end; the histograms keep everything. */
#define VIRTUAL_ROWS_MAX 262144u

/** What runs reuse, one after the other. */
struct virtual_buffers {
    uint32_t threads; /* of the executor */
    bool learns;
    struct samples samples;       /* the whole data set; zero if nothing is learned */
    struct hist *merged;          /* [SERIES_BOTH] of the last run */
    struct hist *worker;          /* [VIRTUAL_HIST_WORKERS_MAX] iteration times */
    struct record_iteration *row; /* [VIRTUAL_ROWS_MAX] of the last run */
    uint64_t rows;
    struct models_file *keep; /* where the final models of the next run go; NULL: nowhere */
};

/** Cores that this process may use, at most what the executor takes. */
uint32_t virtual_threads(void);

/** `threads` 0: virtual_threads(). Reads the data set. 0, or -errno with `err`. */
int virtual_buffers_open(struct virtual_buffers *out, const struct cell_common *common,
                         uint32_t threads, struct err *err);
void virtual_buffers_close(struct virtual_buffers *self);

/**
 * Execute the cell; an interrupt ends it early, in good order. Fills `out` except its target. 0; -EPROTO with `err` when the
 * simulation broke one of its own rules (our fault, not the user's); or another -errno. `out` is then meaningless.
 */
int run_virtual(struct virtual_buffers *buffers, const struct cell *cell,
                const struct evaluation_data *data, struct record_run *out, struct err *err);

#endif
