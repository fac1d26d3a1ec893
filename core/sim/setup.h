/* SPDX-License-Identifier: BSD-3-Clause */
/** Memory of a simulation. Internal to core/sim. */
#ifndef CORE_SIM_SETUP_H
#define CORE_SIM_SETUP_H

#include "core/sim/sim_state.h"

/** Everything but the struct itself, which has its config and is otherwise zero. 0 or -ENOMEM. */
int setup_open(struct sim *self, struct err *err);
void setup_close(struct sim *self);

#endif
