/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Where virtual time goes. Internal to core/sim.
 *
 * Each stretch is booked once (core/drive/books.h), and what has no name is waiting: the driver has no cost of its own, so
 * `rest` is what a profile says that events cost. What a worker's thread does beside its compute phase costs nothing, as
 * live. The thread's work is booked when it is asked for, so the books may be ahead of the time.
 */
#ifndef CORE_SIM_NODE_ACCOUNT_H
#define CORE_SIM_NODE_ACCOUNT_H

#include "core/sim/node/node_state.h"

/** The worker's own thread spends cost_ns, or what that is on its core, from clock_ns on; clock_ns moves on. */
void sim_account_spend(struct sim_nodes *self, uint32_t worker, enum part part, uint64_t cost_ns);

/** The next batch is asked for: its shared core is the kernel's for a while from clock_ns on, the worker goes on. */
void sim_account_read(struct sim_nodes *self, uint32_t worker);

/** The latest compute phase; zeroed if there was none. */
static inline struct blame_phase account_phase(const struct sim_node *node)
{
    return (struct blame_phase){.begin = node->begin_ns,
                                .injected = node->begin_ns + node->base_ns,
                                .end = node->begin_ns + node->base_ns + node->injected_ns};
}

/** What passed before `until` belongs to what the worker is about. */
void sim_account_until(struct sim_node *node, uint64_t until);

/** A fault pauses the worker from now on; an earlier pause may still go on. */
void sim_account_pause(struct sim_nodes *self, uint32_t worker, uint64_t until);

/** The gradient is there. */
void sim_account_computed(struct sim_nodes *self, struct sim_node *node);

/** An average over `peers` peers is in the current model at clock_ns. */
void sim_account_mixed(struct sim_nodes *self, struct sim_node *node, uint32_t peers);

/** A new iteration begins now: close the books of the one before. */
void sim_account_iteration(struct sim_nodes *self, uint32_t worker);

/** The running gradient is dropped: what has passed of it was computed for nothing. */
void sim_account_abandoned(struct sim_nodes *self, struct sim_node *node);

static inline void account_hist(struct sim_nodes *self, enum series which, uint64_t value)
{
    if (self->recording)
        hist_record(&self->hist[which], value);
}

/** What the worker's thread has spent since now makes it deaf for so long. */
static inline void sim_account_busy(struct sim_nodes *self, struct sim_node *node)
{
    if (self->wire.base.clock_ns <= self->wire.base.now_ns)
        return;
    node->busy_ns = self->wire.base.clock_ns;
    node->ready_ns = sim_max(node->ready_ns, self->wire.base.clock_ns);
}

/** The worker hears what came while its core computed a slice: that it could not be served before is held. */
void sim_account_late(struct sim_nodes *self, uint32_t worker);

/** Recording ends now: what has passed of this iteration counts in the shares of time. */
void sim_account_end(struct sim_nodes *self, uint32_t worker);

/** The worker's core is its own again: what was due meanwhile came late because it was not. */
void sim_account_stolen(struct sim_nodes *self, uint32_t worker);

#endif
