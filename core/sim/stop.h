/* SPDX-License-Identifier: BSD-3-Clause */
/** Cuts, the end of the run, and the accounts of the whole. Internal to core/sim. */
#ifndef CORE_SIM_STOP_H
#define CORE_SIM_STOP_H

#include "core/sim/sim_state.h"

/** Take the next cut: everybody's current model as it is now. */
void stop_cut(struct sim *self);

/** Recording ends now; everybody will be told. */
void stop_begin(struct sim *self);

/** It is this worker's turn to be told. */
void stop_notify(struct sim *self, uint32_t worker);

/** The worker hears of it. */
void stop_deliver(struct sim *self, uint32_t worker);

/** Nothing is left to happen. True: something is now, after all. */
bool stop_idle(struct sim *self);

#endif
