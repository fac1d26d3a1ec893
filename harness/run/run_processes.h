/* SPDX-License-Identifier: BSD-3-Clause */
/** A live run of several processes of this host. Internal to harness/run. */
#ifndef HARNESS_RUN_RUN_PROCESSES_H
#define HARNESS_RUN_RUN_PROCESSES_H

#include "core/base/err.h"

struct run;

/**
 * As run_threads, with the loops dealt to processes that are forked here and end with the run. The run lies in memory that
 * all of them share: its books, not its parameters, which travel as frames over a link.
 */
int run_processes(struct run *run, struct err *err);

#endif
