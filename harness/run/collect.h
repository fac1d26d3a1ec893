/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * From what a driver counted to the record of its run: what is the same on both clocks. Internal to harness/run.
 *
 * run_collect.c (live) and run_virtual_collect.c only read their drivers' counters; what the figures are made of stands
 * here, so that they mean the same.
 */
#ifndef HARNESS_RUN_COLLECT_H
#define HARNESS_RUN_COLLECT_H

#include "core/sim/sim.h"
#include "harness/metric/record.h"
#include "harness/run/cell.h"

/** Which run of which cell this is, and room for its workers' own figures. 0, or -ENOMEM with `err`. */
int collect_begin(struct record_run *out, const struct cell *cell, const char *clock, bool judged,
                  struct err *err);

/** Worker w: into the sums, and, where each worker's figures are kept, by itself. */
void collect_worker(struct record_run *out, uint32_t w, const struct record_worker *worker,
                    const struct counts *count);

/** From the sums, once they are complete: rates and shares of a run whose budget took so long, and its drain. */
void collect_rates(struct record_run *out, double duration_s, double drain_s);

/** When, and after what, snapshot `number` was taken. What is judged of it stays as it is. */
void collect_point(struct record_run *out, uint32_t number, double time_s, uint64_t gradients,
                   uint64_t bytes);

/** What became of the faults of a schedule: `of` says it of each. Counts crashes and returns. 0, or -ENOMEM with `err`. */
int collect_faults(struct record_run *out, const struct fault *fault, uint32_t count,
                   uint64_t stop_ns, struct sim_fault (*of)(const void *context, uint32_t i),
                   const void *context, struct err *err);

/** A row of iterations.csv; loss NaN: it is not known. */
struct record_iteration collect_row(const struct sim_iteration *line, float loss);

#endif
