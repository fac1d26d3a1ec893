/* SPDX-License-Identifier: BSD-3-Clause */
/** A live run of several processes of this host. Internal to harness/run. */
#ifndef HARNESS_RUN_RUN_PROCESSES_H
#define HARNESS_RUN_RUN_PROCESSES_H

#include "core/base/err.h"

struct run;
struct experiment;
struct link_ops;
struct ranks;

/** The row that carries the profile's frames between processes; ranks NULL: all are children of this one. */
const struct link_ops *run_link(const struct experiment *e, const struct ranks *ranks);

/** Can this host carry them so? 0, or -ENODEV with a sentence. */
int run_check_link(const struct experiment *e, const struct ranks *ranks, struct err *err);

/**
 * As run_threads, with the loops dealt to processes that are forked here and end with the run. The run lies in memory that
 * all of them share: its books, not its parameters, which travel as frames over a link.
 */
int run_processes(struct run *run, struct err *err);

#endif
