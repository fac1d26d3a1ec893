/* SPDX-License-Identifier: BSD-3-Clause */
/** Which slot holds a worker's current model, and which ones are kept beside it. Internal to core/sim. */
#ifndef CORE_SIM_NODE_MODELS_H
#define CORE_SIM_NODE_MODELS_H

#include "core/sim/node/node_state.h"

/** A free slot to write into, or SLOTS_NONE (the run is then broken). */
uint32_t models_take(struct sim_nodes *self, uint32_t worker);

/** The vector in `slot` is complete: it becomes the current model, immutable from now on. */
void models_adopt(struct sim_nodes *self, uint32_t worker, uint32_t slot);

/** Its current model is exact mean number `number` of all workers, counted from 1; it is kept until the next one. */
void models_averaged(struct sim_nodes *self, uint32_t worker, uint64_t number);

/** The running gradient reads its model no more: the slot is free if nothing else keeps it. */
void models_unpin(struct sim_nodes *self, uint32_t worker);

#endif
