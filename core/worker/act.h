/* SPDX-License-Identifier: BSD-3-Clause */
/** Executing a policy's actions on real parameters: the live driver's checklist. Internal to core/worker. */
#ifndef CORE_WORKER_ACT_H
#define CORE_WORKER_ACT_H

#include "core/worker/worker.h"

/** Give the event to the policy and execute what it answers, as far as slots and channels allow. */
void act_on(struct worker *self, const struct event *given);

/** Go on with actions that met back-pressure. Returns true if the list is finished now. */
bool act_resume(struct worker *self);

/** ACT_COMPUTE, implemented by compute.c. */
void compute_want(struct worker *self, uint32_t round);

/** The gradient's input slot is not needed any more. */
void compute_unpin(struct worker *self);

/** Nanoseconds since the start of training. */
static inline uint64_t act_now_ns(const struct worker *self, uint64_t cyc)
{
    const uint64_t start = self->common->cohort->start_cyc;
    return cyc > start ? clock_ns(self->common->clock, cyc - start) : 0;
}

#endif
