/* SPDX-License-Identifier: BSD-3-Clause */
/** Cuts, the end of the run, and the accounts of the whole. Internal to core/sim. */
#ifndef CORE_SIM_PLAN_STOP_H
#define CORE_SIM_PLAN_STOP_H

#include "core/sim/plan/plan_state.h"

/** It is time for the next cut: its number, or SIM_NONE after the stop. */
uint32_t stop_cut(struct sim_plan *self);

/** Recording ends now; everybody will be told. */
void stop_begin(struct sim_plan *self);

/** Nothing is left to happen, and nothing will: add up, and check that all is accounted for. */
void stop_end(struct sim_plan *self);

#endif
