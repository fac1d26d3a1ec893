/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The inside of the virtual driver. Internal to core/sim.
 *
 * One block of memory per worker holds all that its events touch: this struct, the policy's state, the slots' books.
 * Messages live in one pool and are named by number; due entries of the queue carry {kind, number} and a check word.
 */
#ifndef CORE_SIM_SIM_STATE_H
#define CORE_SIM_SIM_STATE_H

#include "core/sim/plan/plan_state.h"
#include "core/sim/values/values_config.h"

#define SIM_BLOCKS_MAX 32u

struct sim {
    struct sim_plan plan;
    uint64_t stuck_gradients; /* as they were at the wire's stuck_ns */

    /* what comes before anything timed, with the wire's `prompt` */
    struct sim_list wakes;
    uint32_t roll;     /* next worker to be told roll_kind; == workers: nobody */
    uint8_t roll_kind; /* EV_START or EV_STOP */
    bool stop_wanted, ended, any_timer;

    struct actions *actions;
    struct values_row *row;     /* [STEP_PEERS_MAX] of the mix being executed */
    struct values_model *shown; /* [workers] at the cut being judged; only with values */
    void *shared;               /* the policy's */

    struct {
        void *at;
        size_t bytes;
    } memory[SIM_BLOCKS_MAX];
    uint32_t memory_count;
    uint64_t memory_refused_bytes;
};

static inline const struct sim_config *config_of(const struct sim *self)
{
    return &self->plan.nodes.wire.base.config;
}

static inline uint64_t now_of(const struct sim *self)
{
    return self->plan.nodes.wire.base.now_ns;
}

#endif
