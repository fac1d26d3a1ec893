/* SPDX-License-Identifier: BSD-3-Clause */
/** The plan: what happens to workers at what time, and what all of them do together. Internal to core/sim. */
#ifndef CORE_SIM_PLAN_PLAN_STATE_H
#define CORE_SIM_PLAN_PLAN_STATE_H

#include "core/sim/node/node_state.h"

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

struct sim_plan {
    struct sim_nodes nodes;
    struct sim_cut *cut; /* [cuts + 1] */

    struct sim_fault *faults;    /* [fault_count] */
    struct sim_absence *absence; /* [workers] */
    uint8_t *late; /* [workers] policy_config.late; NULL: everybody is there from the start */
    uint32_t withholding; /* workers with withheld slots */

    struct sim_reduce *reduce; /* [workers]: each worker is in one at most */
    uint32_t *reduce_of;       /* [workers] by lowest id */
    uint32_t *reduce_next;     /* [workers] in the list of who asked for the same reduction */
    uint32_t reduces, reduce_free;
    uint32_t *member, *from, *to; /* [workers] of the reduction being executed */
};

#endif
