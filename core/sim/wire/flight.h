/* SPDX-License-Identifier: BSD-3-Clause */
/** From the sender to the other end of a link. Internal to core/sim. */
#ifndef CORE_SIM_WIRE_FLIGHT_H
#define CORE_SIM_WIRE_FLIGHT_H

#include "core/base/rng.h"
#include "core/sim/wire/wire_state.h"

/** The stream of an edge and class for one purpose; indexed by the message's number. */
uint64_t flight_key(const struct sim_wire *self, enum rng_purpose purpose, uint32_t worker,
                    const struct sim_edge *edge, uint32_t class);

/** Put a message on its link at the sender's time `from_ns`; exact ones and controls fly already. */
void flight_depart(struct sim_wire *self, uint32_t worker, uint32_t message, uint64_t bytes,
                   uint64_t from_ns);

#endif
