/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Executing cells of a planned profile one after the other, on either clock, in memory that they share.
 */
#ifndef HARNESS_RUN_RUNNER_H
#define HARNESS_RUN_RUNNER_H

#include "harness/run/evaluate.h"
#include "harness/run/plan.h"
#include "harness/run/run.h"
#include "harness/run/run_virtual.h"

struct runner {
    struct host *host; /* NULL: virtual time */
    struct plan *plan;
    const struct run_options *options;
    struct run_buffers live;
    struct virtual_buffers simulated;
    struct models_file *keep; /* where the final models of the next run go; NULL: nowhere */
};

/** Takes the memory that the largest cell needs. threads: of virtual runs, 0 = all. Borrows the rest. 0, or -errno with `err`. */
int runner_open(struct runner *self, struct host *host, struct plan *plan, uint32_t threads,
                const struct run_options *options, struct err *err);

/** Accepts a zeroed struct. */
void runner_close(struct runner *self);

/**
 * Run and evaluate one cell; fills `out` except its target. 0; or -errno with `err`, and nothing of `out` is kept (-EPROTO:
 * the simulation broke one of its own rules). What `out` borrows is valid until the next run: see record_settle.
 */
int runner_execute(struct runner *self, const struct cell *cell, const struct evaluation_data *data,
                   struct record_run *out, struct err *err);

/** The last run's rows of iterations.csv. */
const struct record_iteration *runner_rows(const struct runner *self, uint64_t *rows);

#endif
