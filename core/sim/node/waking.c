/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/sim/node/waking.h"

void waking_later(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    const uint64_t at_ns = sim_max(node->ready_ns, self->wire.base.now_ns);
    const bool unread =
        node->port.inbox.first != SIM_NONE || node->timers_due != 0 || node->gradient_due;
    if (!unread || self->resuming == worker || (node->wake_ns != 0 && node->wake_ns <= at_ns + 1))
        return;
    node->wake_ns = at_ns + 1;
    due_at(&self->wire.base, at_ns, DUE_WAKE, worker, 0);
}
