/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Which peers have more controls to read than the row's bound: EV_FULL and EV_ROOM, as core/sim/pressure.h in virtual time.
 */
#ifndef CORE_WORKER_PRESSURE_H
#define CORE_WORKER_PRESSURE_H

#include "core/worker/worker.h"

/** A control was sent on this out-edge. */
void pressure_sent(struct worker *self, uint32_t edge);

void pressure_tell_all(struct worker *self);

/** Tell the policy what has changed, before it is told anything else. False: actions that follow must be done first. */
static inline bool pressure_tell(struct worker *self)
{
    if (self->pressure.dues + self->pressure.tolds > 0)
        pressure_tell_all(self);
    return !self->todo.blocked;
}

/** This peer begins anew, or is gone: nothing that it was sent is unread. */
void pressure_forget(struct worker *self, uint32_t edge);

#endif
