/* SPDX-License-Identifier: BSD-3-Clause */
/** From counters to a record. Internal to harness/run*. */
#ifndef HARNESS_RUN_RUN_COLLECT_H
#define HARNESS_RUN_RUN_COLLECT_H

#include "harness/run/run_threads.h"

int run_collect(struct run *run, struct record_run *out, struct err *err);

#endif
