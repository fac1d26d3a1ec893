/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The inside of the virtual driver. Internal to core/sim.
 *
 * One block of memory per worker holds all that its events touch: this struct, the policy's state, the slots' books.
 * Messages live in one pool and are named by number; due entries of the queue carry {kind, number} and a check word.
 */
#ifndef CORE_SIM_SIM_STATE_H
#define CORE_SIM_SIM_STATE_H

#include "core/sim/node/node_state.h"
#include "core/sim/sim.h"

/** What the plan knows of a worker. */
struct sim_absence {
    uint64_t gone_ns;         /* its peers have heard its last word */
    uint64_t restore_ns;      /* withheld slots come back */
    uint32_t fault;           /* that began last */
    bool noticed;             /* absent, and its peers were told */
    bool leaving, overstayed; /* asked to go; and it should be back already */
    bool withheld, starved;   /* some of its slots are; it has too few */
};

/** A modelled reduction that not all members have asked for, or that is under way. */
struct sim_reduce {
    uint64_t tag;
    uint32_t size, asked;
    uint64_t asked_ns; /* latest … */
    uint32_t last;     /* … by this member */
    uint32_t lowest;   /* member id: where the list that finds it begins */
    uint32_t first;    /* who asked, linked by reduce_next */
    uint32_t next;     /* in the list of `lowest`, or of free ones */
};

#define SIM_BLOCKS_MAX 32u

struct sim {
    struct sim_nodes nodes;
    uint64_t stuck_gradients; /* as they were at wire.stuck_ns */

    /* what comes before anything timed */
    struct sim_list wakes;
    uint32_t roll;     /* next worker to be told roll_kind; == workers: nobody */
    uint8_t roll_kind; /* EV_START or EV_STOP */
    bool stop_wanted, ended, any_timer;

    struct values_model *shown;  /* [workers] at the cut being judged; only with values */
    struct sim_absence *absence; /* [workers] */
    struct sim_fault *faults;    /* [fault_count] */
    uint8_t *late; /* [workers] policy_config.late; NULL: everybody is there from the start */
    uint32_t withholding; /* workers with withheld slots */
    struct actions *actions;
    struct sim_cut *cut; /* [cuts + 1] */

    struct sim_reduce *reduce; /* [workers]: each worker is in one at most */
    uint32_t *reduce_of;       /* [workers] by lowest id */
    uint32_t reduces, reduce_free;
    uint32_t *reduce_next;        /* [workers] in the list of who asked for the same reduction */
    uint32_t *member, *from, *to; /* [workers] of the reduction being executed */
    struct values_row *row;       /* [STEP_PEERS_MAX] of the mix being executed */
    void *shared;

    struct {
        void *at;
        size_t bytes;
    } memory[SIM_BLOCKS_MAX];
    uint32_t memory_count;
    uint64_t memory_refused_bytes;
};

#endif
