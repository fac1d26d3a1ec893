/* SPDX-License-Identifier: BSD-3-Clause */
/** Cuts, the end of the run, and the accounts of the whole. Internal to core/sim. */
#ifndef CORE_SIM_STOP_H
#define CORE_SIM_STOP_H

#include "core/sim/sim_state.h"

/** Take the next cut: everybody's current model as it is now. */
void stop_cut(struct sim *self);

/** What must be spent until the next cut, and until the end: after a cut, and when somebody comes or goes. */
void stop_aim(struct sim *self);

/** The worker takes no part in rounds from now on … */
void stop_part(struct sim *self, uint32_t worker);

/** … and again from this round on. */
void stop_join(struct sim *self, uint32_t worker, uint32_t round);

/** Recording ends now; everybody will be told. */
void stop_begin(struct sim *self);

/** It is this worker's turn to be told. */
void stop_notify(struct sim *self, uint32_t worker);

/** The worker hears of it. */
void stop_deliver(struct sim *self, uint32_t worker);

/** Nothing is left to happen. True: something is now, after all. */
bool stop_idle(struct sim *self);

#endif
