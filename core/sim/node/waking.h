/* SPDX-License-Identifier: BSD-3-Clause */
/** When a worker can receive, and is asked again what it could not. Internal to core/sim. */
#ifndef CORE_SIM_NODE_WAKING_H
#define CORE_SIM_NODE_WAKING_H

#include "core/sim/node/node_state.h"

/** At once, as nothing came before. */
static inline bool waking_can_receive(const struct sim_nodes *self, const struct sim_node *node)
{
    return self->wire.base.now_ns >= node->ready_ns && node->port.inbox.first == SIM_NONE;
}

/** See that a worker with something unread is asked again as soon as it can receive. */
void waking_later(struct sim_nodes *self, uint32_t worker);

#endif
