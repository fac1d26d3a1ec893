/* SPDX-License-Identifier: BSD-3-Clause */
/** The virtual driver's checklist. Internal to core/sim. */
#ifndef CORE_SIM_ACT_H
#define CORE_SIM_ACT_H

#include "core/sim/sim_state.h"

/** One step of the worker's policy, and all of its actions. */
void sim_act_on(struct sim *self, uint32_t worker, const struct event *event);

/** A free slot to write into, or SLOTS_NONE (the run is then broken). */
uint32_t sim_act_take_slot(struct sim *self, uint32_t worker);

/** The vector in `slot` is complete: it becomes the current model, immutable from now on. */
void sim_act_adopt(struct sim *self, uint32_t worker, uint32_t slot);

/** Its current model is exact mean number `number` of all workers, counted from 1; it is kept until the next one. */
void sim_act_averaged(struct sim *self, uint32_t worker, uint64_t number);

/** What the worker's thread has spent since now makes it deaf for so long. */
void sim_act_busy(struct sim *self, struct sim_node *node);

#endif
