/* SPDX-License-Identifier: BSD-3-Clause */
/** The virtual driver's checklist. Internal to core/sim. */
#ifndef CORE_SIM_ACT_H
#define CORE_SIM_ACT_H

#include "core/sim/sim_state.h"

/** One step of the worker's policy, and all of its actions. */
void sim_act_on(struct sim *self, uint32_t worker, const struct event *event);

#endif
