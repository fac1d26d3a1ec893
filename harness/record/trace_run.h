/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One run as a process of trace.pftrace: a thread per worker with a slice per iteration and, in it, one per part; a
 * thread per core that others had; faults; the evaluated figures as counters.
 *
 * Of an iteration the lengths of its parts are measured, not when each was: they are drawn one behind the other, in the
 * order of enum part. `mix` before `wait`, several waits or turns of `held` in between are not told apart.
 *
 * A run has its share of what the file may still take. If its iterations need more, each n-th of every worker is drawn,
 * the same ones of all workers; never more than RECORD_WORKERS_MAX workers are. An event of the run says so.
 */
#ifndef HARNESS_RECORD_TRACE_RUN_H
#define HARNESS_RECORD_TRACE_RUN_H

#include "harness/metric/record.h"
#include "harness/record/trace_file.h"

/** Append and flush. row: [rows], of one worker in order of time. 0, or -errno with `err`. */
int trace_run_add(struct trace_file *file, const struct record_run *run,
                  const struct record_iteration *row, uint64_t rows, struct err *err);

#endif
