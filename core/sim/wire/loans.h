/* SPDX-License-Identifier: BSD-3-Clause */
/** Snapshots lent to edges; the sender keeps the book. Internal to core/sim. */
#ifndef CORE_SIM_WIRE_LOANS_H
#define CORE_SIM_WIRE_LOANS_H

#include "core/sim/wire/wire_state.h"

/** The handle lent on peer `peer`'s edge to `worker` goes back. False: it was not lent. */
bool loans_release(struct sim_wire *self, uint32_t worker, uint32_t peer, uint64_t handle);

/** `worker` takes back all that `peer` holds. */
void loans_reclaim(struct sim_wire *self, uint32_t worker, uint32_t peer);

/** A loan of `worker` on its peer's edge comes back. */
bool loans_return(struct sim_wire *self, uint32_t worker, uint32_t peer, uint64_t handle);

/** `worker` needs the slot no more itself. */
void loans_drop(struct sim_wire *self, uint32_t worker, uint32_t slot);

#endif
