/* SPDX-License-Identifier: BSD-3-Clause */
/** Messages and the links they travel on. Internal to core/sim. */
#ifndef CORE_SIM_WIRE_LINKS_H
#define CORE_SIM_WIRE_LINKS_H

#include "core/inject/link.h"
#include "core/sim/wire/wire_state.h"

/** Send what `model` says, but for edge, number and time, to peer `peer` of `worker`; bytes 0 = a control message. */
void links_send(struct sim_wire *self, uint32_t worker, uint32_t peer,
                const struct sim_message *model, uint64_t bytes);

/** A message has arrived: what becomes of it before the receiver is asked. True: hand it on. */
bool links_arrived(struct sim_wire *self, uint32_t message);

/** The receiver cannot hear now: into its inbox. */
void links_unread(struct sim_wire *self, struct sim_list *inbox, uint32_t message);

#endif
