/* SPDX-License-Identifier: BSD-3-Clause */
/** Messages and the links they travel on. Internal to core/sim. */
#ifndef CORE_SIM_LINKS_H
#define CORE_SIM_LINKS_H

#include "core/inject/link.h"
#include "core/sim/sim_state.h"

/** Index of the class in the arrays of an edge. */
static inline uint32_t links_class(const struct sim_message *m)
{
    return m->kind == MESSAGE_CONTROL;
}

/** Send what `model` says, but for edge, number and time, to peer `peer` of `worker`; bytes 0 = a control message. */
void links_send(struct sim *self, uint32_t worker, uint32_t peer, const struct sim_message *model,
                uint64_t bytes);

/** A message has arrived: what becomes of it before the receiver is asked. True: hand it on. */
bool links_arrived(struct sim *self, uint32_t message);

/** Its receiver is gone. */
void links_lose(struct sim *self, uint32_t message);

/** Its sender is gone before it has left. */
void links_lose_own(struct sim *self, uint32_t message);

/** The receiver cannot hear now: into its inbox. */
void links_unread(struct sim *self, struct sim_list *inbox, uint32_t message);

/** The receiver takes the message: its edge has room again. */
void links_handled(struct sim *self, uint32_t message);

/** A tensor ends unread: its loan goes back, if the sender still keeps it. */
void links_end_unread(struct sim *self, uint32_t message);

/** Nobody will read the message: count it under its cause. */
void links_count_dropped(struct sim *self, const struct sim_message *m, enum link_cause cause);

/** A message leaves its link and nobody will read it: its edge has room again. */
void links_leave(struct sim *self, uint32_t message);
/** The same, counted under its cause. */
void links_drop(struct sim *self, uint32_t message, enum link_cause cause);

/** A tensor that its receiver will never see: the sender gets its snapshot back. */
void links_supersede(struct sim *self, uint32_t message);

#endif
