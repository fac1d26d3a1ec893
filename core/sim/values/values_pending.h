/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * How far the arithmetic has come, as the policy loop sees it: every task up to `watermark` has finished, cuts apart.
 *
 * One number is enough to know that a vector has no readers left, because a bounded number of tasks is pending and they
 * take about equally long. Cuts take far longer and nobody waits for their results, so they are kept out of it: at most
 * VALUES_CUTS are pending, and a vector remembers the newest one that reads it.
 */
#ifndef CORE_SIM_VALUES_VALUES_PENDING_H
#define CORE_SIM_VALUES_VALUES_PENDING_H

#include <stdbool.h>

#include "core/sim/values/tasks.h"

#define VALUES_CUTS 2u

struct values_pending {
    struct tasks *tasks;
    task_id watermark;        /* completion: every task up to it has finished, cuts apart */
    task_id last;             /* submitted */
    task_id cut[VALUES_CUTS]; /* newest ones, in turn; 0 = none yet */
    uint64_t cuts;
    uint32_t window; /* most tasks between watermark and last */
};

/** Move `watermark` as far as it goes without waiting. */
void values_pending_poll(struct values_pending *self);

/** Wait until `watermark` has moved by at least one task, or nothing is pending. False: nothing was. */
bool values_pending_wait(struct values_pending *self);

/** Submit when there is room in the window. */
task_id values_pending_submit(struct values_pending *self, const struct task *task);

/** The same for a cut, which runs after the previous one: task->after must name values_pending_cut(). */
task_id values_pending_submit_cut(struct values_pending *self, const struct task *task);

/** The newest cut, or 0. */
task_id values_pending_cut(const struct values_pending *self);

/** Wait until the place number cuts % VALUES_CUTS is free. */
void values_pending_wait_cut(struct values_pending *self);

#endif
