/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the work of a live run took, by kind: sums of what its workers and loops counted (core/worker/account.h).
 */
#ifndef HARNESS_RUN_RUN_COSTS_H
#define HARNESS_RUN_RUN_COSTS_H

#include "harness/metric/record.h"
#include "harness/run/run_threads.h"

/** Fill out->costs, and cost_ratio of each worker. */
void run_costs(const struct run *run, struct record_run *out);

#endif
