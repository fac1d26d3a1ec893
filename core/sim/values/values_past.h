/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * How far the arithmetic has come, as the policy loop sees it: every task up to `low` has finished, cuts apart.
 *
 * One number is enough to know that a vector has no readers left, because a bounded number of tasks is pending and they
 * take about equally long. Cuts take far longer and nobody waits for their results, so they are kept out of it: at most
 * VALUES_CUTS are pending, and a vector remembers the newest one that reads it.
 */
#ifndef CORE_SIM_VALUES_VALUES_PAST_H
#define CORE_SIM_VALUES_VALUES_PAST_H

#include <stdbool.h>

#include "core/sim/values/tasks.h"

#define VALUES_CUTS 2u

struct values_past {
    struct tasks *tasks;
    task_id low;
    task_id last;             /* submitted */
    task_id cut[VALUES_CUTS]; /* newest ones, in turn; 0 = none yet */
    uint64_t cuts;
    uint32_t window; /* most tasks between low and last */
};

/** Move `low` as far as it goes without waiting. */
void values_past_poll(struct values_past *self);

/** Wait until `low` has moved by at least one task, or nothing is pending. False: nothing was. */
bool values_past_wait(struct values_past *self);

/** Submit when there is room in the window. */
task_id values_past_submit(struct values_past *self, const struct task *task);

/** The same for a cut, which runs after the previous one: task->after must name values_past_cut(). */
task_id values_past_submit_cut(struct values_past *self, const struct task *task);

/** The newest cut, or 0. */
task_id values_past_cut(const struct values_past *self);

/** Wait until the place number cuts % VALUES_CUTS is free. */
void values_past_wait_cut(struct values_past *self);

#endif
