/* SPDX-License-Identifier: BSD-3-Clause */
/** What a run comes to, worker by worker, before it becomes a record. Internal to harness/run. */
#ifndef HARNESS_RUN_RUN_SHARE_H
#define HARNESS_RUN_RUN_SHARE_H

#include "harness/run/run_threads.h"

/** After the end: ask the channels of worker `w` what they hold. */
void run_share_settle(struct run *run, uint32_t w);

#endif
