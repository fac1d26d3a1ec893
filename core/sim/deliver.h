/* SPDX-License-Identifier: BSD-3-Clause */
/** What reaches a worker's policy, as events. Internal to core/sim. */
#ifndef CORE_SIM_DELIVER_H
#define CORE_SIM_DELIVER_H

#include "core/sim/sim_state.h"

/** The worker takes the message. */
void deliver_message(struct sim *self, uint32_t message);

/** Its gradient. */
void deliver_gradient(struct sim *self, uint32_t worker);

/** Its timer has run out; number as in sim.timer. */
void deliver_timer(struct sim *self, uint32_t number);

/** The run ends. */
void deliver_stop(struct sim *self, uint32_t worker);

#endif
