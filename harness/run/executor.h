/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Threads that run the arithmetic of a simulation (core/sim/values/tasks.h) while its policy loop goes on.
 *
 * The thread that submits is one of them: it executes tasks while it waits and when too many are pending. Which thread
 * runs a task, and when, changes no result, because tasks share nothing but what their dependencies order.
 */
#ifndef HARNESS_RUN_EXECUTOR_H
#define HARNESS_RUN_EXECUTOR_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/sim/values/tasks.h"

#define EXECUTOR_THREADS_MAX 256u
#define EXECUTOR_PENDING_MAX 8192u /* tasks submitted and not finished */

struct executor;

/**
 * `threads`: in [1, EXECUTOR_THREADS_MAX], the caller's included; with 1 each task runs within submit. The others inherit
 * the caller's cores. `scratch_floats`: what each task may use. 0, -ENOMEM or another -errno with `err`.
 */
int executor_open(struct executor **out, uint32_t threads, uint32_t scratch_floats,
                  struct err *err);

/** Waits for everything submitted. NULL is fine. */
void executor_close(struct executor *self);

/** To be used by one thread at a time, and not from within a task. Borrowed until executor_close. */
struct tasks *executor_tasks(struct executor *self);

#endif
