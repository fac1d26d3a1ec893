/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Which channels for controls have more unread than their row's bound: EV_FULL and EV_ROOM. Internal to core/sim.
 *
 * EV_FULL comes before the sender is told anything else, so that nothing but one step's controls is sent beyond the bound.
 */
#ifndef CORE_SIM_WIRE_PRESSURE_H
#define CORE_SIM_WIRE_PRESSURE_H

#include "core/sim/wire/wire_state.h"

enum pressure {
    PRESSURE_NONE,
    PRESSURE_FULL, /* its sender has not been told yet */
    PRESSURE_NOTIFIED,
};

/** A control more, or less, is unread on this directed edge; `worker` sends on it. Nothing without a bound. */
void sim_pressure_sent(struct sim_wire *self, uint32_t worker, uint32_t edge);
void sim_pressure_read(struct sim_wire *self, uint32_t edge);

/** An edge whose EV_FULL is due to `worker`, in its own numbering, which is told from now on; or SIM_NONE. */
uint32_t sim_pressure_next(struct sim_wire *self, uint32_t worker);

/** Both ends begin anew: nothing is unread. */
void sim_pressure_forget(struct sim_wire *self, uint32_t edge);

#endif
