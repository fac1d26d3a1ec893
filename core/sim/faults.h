/** Workers that pause or die. Internal to core/sim. */
#ifndef CORE_SIM_FAULTS_H
#define CORE_SIM_FAULTS_H

#include "core/sim/sim_state.h"

/** Put them into the queue. */
void faults_plan(struct sim *self);

void faults_pause(struct sim *self, uint32_t fault);

/** Cores are taken from their workers, and with them what they and their gradients would have done: holes from this on. */
void faults_steal(struct sim *self, uint32_t hole);

void faults_crash(struct sim *self, uint32_t fault);

/** The peers hear of the crash. */
void faults_notice(struct sim *self, uint32_t fault);

#endif
