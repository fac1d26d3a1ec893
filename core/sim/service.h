/* SPDX-License-Identifier: BSD-3-Clause */
/** What reaches a worker, and when it deals with that. Internal to core/sim. */
#ifndef CORE_SIM_SERVICE_H
#define CORE_SIM_SERVICE_H

#include "core/sim/sim_state.h"

/** Whether anything at this very moment comes before the queue. */
static inline bool service_is_pending(const struct sim *self)
{
    return self->wakes.first != SIM_NONE || self->roll < config_of(self)->workers ||
           self->plan.nodes.wire.prompt.first != SIM_NONE || self->plan.nodes.resuming != SIM_NONE;
}

/** Deal with one of those things. */
void service_pending(struct sim *self);

/** A message has come to the end of its way. */
void service_message(struct sim *self, uint32_t message);

/** The worker's compute phase ends. */
void service_gradient(struct sim *self, uint32_t worker);

/** A timer that is still armed runs out; number as in sim.timer. */
void service_timer(struct sim *self, uint32_t number);

/** The worker may be able to receive again. */
void service_wake(struct sim *self, uint32_t worker);

#endif
