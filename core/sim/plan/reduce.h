/* SPDX-License-Identifier: BSD-3-Clause */
/** The modelled all-reduce: ACT_REDUCE of a row whose collective the agent does not expand. Internal to core/sim. */
#ifndef CORE_SIM_PLAN_REDUCE_H
#define CORE_SIM_PLAN_REDUCE_H

#include "core/sim/plan/plan_state.h"

/** `worker` asks; the last of the members to do so starts the reduction. */
void reduce_ask(struct sim_plan *self, uint32_t worker, const struct action *action);

/** It is over: every member has the mean, and is told so in order of id. */
void reduce_finish(struct sim_plan *self, uint32_t reduce);

#endif
