/* SPDX-License-Identifier: BSD-3-Clause */
/** The schedule of faults: what happens to which worker, when. Internal to core/sim. */
#ifndef CORE_SIM_PLAN_FAULTS_H
#define CORE_SIM_PLAN_FAULTS_H

#include "core/sim/plan/plan_state.h"

/** Put them into the queue; who joins later is absent from now on. */
void faults_plan(struct sim_plan *self);

/** DUE_FAULT, DUE_NOTICED, DUE_OVER. */
void faults_begin(struct sim_plan *self, uint32_t fault);
void faults_notice(struct sim_plan *self, uint32_t fault);
void faults_over(struct sim_plan *self, uint32_t fault);

/** A worker that was asked to leave has gone. */
void faults_departed(struct sim_plan *self, uint32_t worker);

/** Cores are taken from their workers, and with them what they and their gradients would have done: holes from this on. */
void faults_steal(struct sim_plan *self, uint32_t hole);

#endif
