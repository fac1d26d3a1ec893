/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Two neighbours average, atomically in the pair: what adpsgd and swarm do, whenever each of them does it.
 */
#ifndef CORE_POLICY_PAIR_H
#define CORE_POLICY_PAIR_H

#include "core/base/rng.h"
#include "core/policy/policy.h"

struct pair_peer {
    uint32_t index; /* its own: a list of one, for actions */
    uint32_t id;
    uint32_t seq; /* of its request, to be answered after the gradient */
    bool waiting; /* there is one */
    bool lost;    /* and nothing of this peer counts */
};

/* What most events need comes first: a simulation holds thousands of these. */
struct pair {
    struct pair_peer *peer; /* [peer_count] */
    uint64_t tag;           /* of the exchange in progress: {initiator's id, its seq} */
    uint32_t role;          /* enum role */
    uint32_t partner;       /* while ASKING or GIVING; else the one that refused last, or NOBODY */
    uint32_t seq;           /* of the own request made last */
    uint32_t iteration;
    uint32_t tries; /* refusals in this iteration */
    uint32_t peer_count;
    uint32_t present; /* peers that are not lost */
    uint32_t kept;    /* requests waiting */
    bool comm_thread;
    bool initiates; /* this side asks at all */
    bool owes;      /* own exchange of this iteration is still to come */
    bool computing, gradient_held, backing_off, stopping, done;

    struct rng rng;         /* whom to ask, how long to back off */
    struct mix_term term;   /* of the one mix a step can have */
    uint64_t backoff_count; /* generation of the timer */
    uint32_t
        every; /* local steps per exchange, whoever asked for it; 0: one of its own per iteration */
    uint32_t local; /* local steps since the last exchange */
    uint32_t id;    /* own */
    struct policy_counters counters;
};

/** What the policies on this machine differ in. */
struct pair_rules {
    bool comm_thread; /* answers and initiates while a gradient is being computed */
    bool bipartite;   /* only one side of the graph initiates: policy_config.adpsgd_active */
    uint32_t
        every; /* > 0: an exchange is owed so many local steps after the last one, whoever asked for that */
};

/** policy.lay_out. */
size_t pair_lay_out(void *memory, const struct policy_config *config,
                    const struct pair_rules *rules);

void pair_step(void *state, const struct event *event, struct actions *out);

#endif
