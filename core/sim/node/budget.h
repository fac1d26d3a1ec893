/* SPDX-License-Identifier: BSD-3-Clause */
/** How much of the run's budget is spent (core/drive/progress.h), and who takes part in its rounds. Internal to core/sim. */
#ifndef CORE_SIM_NODE_BUDGET_H
#define CORE_SIM_NODE_BUDGET_H

#include "core/sim/node/node_state.h"

/** What the configuration allows. */
void budget_open(struct sim_nodes *self);

/** What must be spent until the next cut, and until the end: after a cut, and when somebody comes or goes. */
void budget_aim(struct sim_nodes *self);

/** The worker takes no part in rounds from now on … */
void budget_part(struct sim_nodes *self, uint32_t worker);

/** … and again from this round on. */
void budget_join(struct sim_nodes *self, uint32_t worker, uint32_t round);

/** The learning rate of this moment. */
float budget_rate(struct sim_nodes *self);

#endif
