/* SPDX-License-Identifier: BSD-3-Clause */
/** The compute phase of a simulated worker. Internal to core/sim. */
#ifndef CORE_SIM_NODE_COMPUTE_H
#define CORE_SIM_NODE_COMPUTE_H

#include "core/sim/node/node_state.h"

/** ACT_COMPUTE: begin at clock_ns, or keep it in mind when no further gradient may begin. */
void sim_compute_want(struct sim_nodes *self, uint32_t worker, uint32_t round);

/** The worker's thread is free for the gradient it asked for. */
void sim_compute_resume(struct sim_nodes *self, uint32_t worker);

/** Is it? Otherwise a shared core is not done with the gradient, or only now is, and its end is due again. */
bool sim_compute_is_over(struct sim_nodes *self, uint32_t worker);

/** DUE_SLICE: a slice of this core is over, or the next one may begin. */
void sim_compute_turn(struct sim_nodes *self, uint32_t core);

/** The phase is over and the worker can receive: the gradient, for the policy. */
struct event sim_compute_finish(struct sim_nodes *self, uint32_t worker);

/** Drop the gradient that was asked for, if any. True: there was one. */
bool sim_compute_abandon(struct sim_nodes *self, uint32_t worker);

/** Recording ends now: the books of its iteration end with what has passed of it. */
void sim_compute_halt(struct sim_nodes *self, uint32_t worker);

#endif
