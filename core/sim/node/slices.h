/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Gradients that share a core in slices, as live (core/worker/loop.c). Internal to core/sim.
 *
 * The loop of a core serves whoever has something to do, computes one slice of the next worker's gradient, and so on in turn.
 * Nobody is served during a slice: what comes meanwhile waits for its end. Where gradients are short, and real, that is much
 * of what an iteration takes; without slices (slice_ns 0) gradients are computed one after the other, and services
 * interrupt them.
 */
#ifndef CORE_SIM_NODE_SLICES_H
#define CORE_SIM_NODE_SLICES_H

#include "core/sim/node/node_state.h"

/** The worker's gradient is to have real_ns of its core. */
void slices_want(struct sim_nodes *self, uint32_t worker, uint64_t real_ns);

struct slices_turn {
    bool goes_on;      /* there is another turn … */
    uint64_t next_ns;  /* … then */
    uint32_t finished; /* worker whose gradient had its last slice, or SIM_NONE */
};

/** The core's slice is over, or the next one may begin. */
struct slices_turn slices_turn(struct sim_nodes *self, uint32_t core);

/** Is the gradient computed in slices, and not finished? */
static inline bool slices_go_on(const struct sim_nodes *self, const struct sim_node *node)
{
    return self->wire.base.config.slice_ns > 0 && node->on_core;
}

#endif
