/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Runs at equal budgets: what each is worth at a time, a number of gradients and a number of bytes that all of them reached.
 *
 * A policy that hurries computes more gradients per second and sends more bytes than one that waits; at equal time it is
 * paid for that, at equal gradients and equal bytes it is not. Pure.
 */
#ifndef HARNESS_METRIC_EQUAL_H
#define HARNESS_METRIC_EQUAL_H

#include "harness/metric/record.h"

/** `time`, `gradients`, `bytes`. */
extern const char *const equal_budget_name[RECORD_BUDGETS];

/** What the snapshot says of a budget: seconds, gradients or bytes until then. */
double equal_spent(const struct record_point *point, enum record_budget budget);

/**
 * Fill run[i].equal for `count` runs that are to be compared. The level of a budget is the least that any of the runs spent
 * until its end; runs that spent none of it (a policy that sends nothing) set no level and get no figures. Figures
 * are read off the curve along the straight line between two snapshots; a snapshot that is not finite has diverged, and so
 * has what is read beside it.
 */
void equal_judge(struct record_run *run, uint32_t count);

#endif
