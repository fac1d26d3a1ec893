/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * For whom, and for what, virtual workers waited. Internal to core/sim.
 *
 * A wait ends with the step that lets its worker go on: everything that account.h books as waiting since the iteration
 * began, or since the previous such step, is the doing of the sender of the message that was handled then. Messages that
 * change nothing for the worker (one of four models that it needs, a control that it passes on) end no wait.
 */
#ifndef CORE_SIM_NODE_WAITS_H
#define CORE_SIM_NODE_WAITS_H

#include "core/sim/node/node_state.h"

/** The worker is about to handle this message, or its timer: who is to blame if it goes on now. */
void waits_by_message(struct sim_nodes *self, const struct sim_message *message);

static inline void waits_by_timer(struct sim_nodes *self)
{
    self->cause = (struct sim_cause){.kind = CAUSE_GONE, .edge = SIM_NONE, .from = SIM_NONE};
}

/** The policy has answered, nothing of its answer is executed yet. */
void waits_answered(struct sim_nodes *self, uint32_t worker, const struct actions *actions);

/** A new compute phase is about to replace the latest one in the node. */
void waits_keep_phase(struct sim_node *node);

/** The latest phase ends at `now`, before its time. */
void waits_cut_phase(struct sim_node *node, uint64_t now);

#endif
