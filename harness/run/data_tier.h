/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * How a live matrix reads its data, decided once (`data.io: auto`): runs that are compared must read alike, and a disk is not
 * equally quick each time it is asked.
 */
#ifndef HARNESS_RUN_DATA_TIER_H
#define HARNESS_RUN_DATA_TIER_H

#include "harness/run/plan.h"

/**
 * Try the disk with what each of these plans asks of it, on the calling thread, and let all of them start at the least tier
 * that any came to: plan[i].common.io_from, with the reason in io_reason. A plan without compute.base asks as quickly as
 * its real gradient takes. Nothing to do for a tier that the profile names, and without data. plan: [count], live.
 * 0, or -errno with `err`.
 */
int data_tier_choose(struct plan *plan, uint32_t count, struct err *err);

#endif
