/* SPDX-License-Identifier: BSD-3-Clause */
/** Slots that a fault withholds from a worker. Internal to core/sim. */
#ifndef CORE_SIM_PLAN_WITHHELD_H
#define CORE_SIM_PLAN_WITHHELD_H

#include "core/sim/plan/plan_state.h"

/** The fault begins. Nothing if slots are withheld already. */
void withheld_begin(struct sim_plan *self, const struct fault *fault);

/** The worker's slots come back, at the fault's end or before. */
void withheld_end(struct sim_plan *self, uint32_t worker);

/** Too few free slots may stop a worker from hearing, and enough of them let it hear again: asked after either may be. */
void withheld_look(struct sim_plan *self, uint32_t worker);

#endif
