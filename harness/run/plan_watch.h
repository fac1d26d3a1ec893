/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What a user sees while a large data set is read, converted or made: nothing for two seconds, then how far it is. Ctrl-C
 * ends it in order, so that nothing half made stays in the cache.
 */
#ifndef HARNESS_RUN_PLAN_WATCH_H
#define HARNESS_RUN_PLAN_WATCH_H

#include "harness/run/status.h"

/** For struct dataset_watch; context: struct status. 1: somebody pressed Ctrl-C. */
int plan_watch_step(void *context, const char *doing, const char *path, uint64_t done,
                    uint64_t all);

#endif
