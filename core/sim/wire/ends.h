/* SPDX-License-Identifier: BSD-3-Clause */
/** How a message ends: its receiver takes it, or nobody reads it. Internal to core/sim. */
#ifndef CORE_SIM_WIRE_ENDS_H
#define CORE_SIM_WIRE_ENDS_H

#include "core/inject/link.h"
#include "core/sim/wire/wire_state.h"

/** The edge has begun another life since it was sent. */
static inline bool ends_is_stale(const struct sim_wire *self, const struct sim_message *m)
{
    return self->life && m->kind <= MESSAGE_CONTROL && m->life != self->life[m->edge].life;
}

/** The receiver takes the message: its edge has room again. */
void ends_taken(struct sim_wire *self, uint32_t message);

/** A tensor ends unread: its loan goes back, if the sender still keeps it. */
void ends_unread(struct sim_wire *self, uint32_t message);

/** A tensor that its receiver will never see: the sender gets its snapshot back. */
void ends_supersede(struct sim_wire *self, uint32_t message);

/** Nobody will read the message: count it under its cause. */
void ends_count_dropped(struct sim_wire *self, const struct sim_message *m, enum link_cause cause);

/** A message leaves its link and nobody will read it: its edge has room again. */
void ends_leave(struct sim_wire *self, uint32_t message);

/** The same, counted under its cause. */
void ends_drop(struct sim_wire *self, uint32_t message, enum link_cause cause);

/** Its receiver is gone. */
void ends_lose(struct sim_wire *self, uint32_t message);

/** Its sender is gone before it has left. */
void ends_lose_own(struct sim_wire *self, uint32_t message);

#endif
