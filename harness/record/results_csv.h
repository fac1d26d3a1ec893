/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * iterations.csv: one row per iteration, written by hand because there may be millions.
 *
 * Columns: policy, seed, worker, iteration, start_ns, total_ns, one `<part>_us` per part (tenths of a microsecond),
 * mixed_with, batch_loss (empty when not finite), own_us (load, compute and injected of the gradient; empty: it was abandoned).
 * Labels are quoted as RFC 4180 asks.
 */
#ifndef HARNESS_RECORD_RESULTS_CSV_H
#define HARNESS_RECORD_RESULTS_CSV_H

#include <stdio.h>

#include "harness/metric/record.h"

/** 0 or -EIO. */
int results_csv_head(FILE *out);

/** Append `count` rows of one run. 0 or -EIO. */
int results_csv_rows(FILE *out, const struct record_run *run, const struct record_iteration *row,
                     uint64_t count);

/** stolen.csv: policy,seed,core,start_ns,length_ns. */
void results_csv_stolen_head(FILE *out);

/** The run's rows. 0 or -EIO. */
int results_csv_stolen(FILE *out, const struct record_run *run);

/**
 * summary.csv: policy,seed,metric,value. One row per run and figure that it has; inf: a target not reached, a loss that
 * diverged.
 */
void results_csv_summary(FILE *out, const struct record_run *run, uint32_t count);

/**
 * points.csv: the curves. policy,seed,step (evaluations from 1), time_s,gradients,bytes, and what was evaluated (empty where
 * nothing is, or it is not finite).
 */
void results_csv_points(FILE *out, const struct record_run *run, uint32_t count);

#endif
