/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * State of the partial-averaging policy, shared by its two halves: partial.c waits, averages and computes again,
 * partial_group.c agrees on who is in a group.
 */
#ifndef CORE_POLICY_PARTIAL_STATE_H
#define CORE_POLICY_PARTIAL_STATE_H

#include <stdbool.h>

#include "core/base/rng.h"
#include "core/policy/policy.h"

enum partial_status {
    PARTIAL_COMPUTING,
    PARTIAL_IDLE,       /* ready, in no group */
    PARTIAL_LEADING,    /* waits for answers to its invitation */
    PARTIAL_BOUND,      /* said YES, waits for the leader */
    PARTIAL_EXCHANGING, /* leads a committed group: waits for the members' models */
    PARTIAL_DONE,
};

enum partial_wait { PARTIAL_K, PARTIAL_FRACTION, PARTIAL_TIMEOUT, PARTIAL_RANDOM };
enum partial_weights { WEIGHTS_METROPOLIS, WEIGHTS_UNIFORM };

struct partial_options {
    enum partial_wait wait;
    enum partial_weights weights;
    uint32_t k;          /* wait k: neighbours */
    double fraction;     /* wait fraction: of the neighbours, in (0, 1] */
    uint64_t timeout_ns; /* wait timeout */
};
POLICY_OPTIONS(struct partial_options)

struct partial_peer {
    uint64_t handle; /* of a member: its model, once it is here */
    uint32_t degree; /* that came with it */
    uint32_t seq;    /* of its invitation, while deferred */
    uint32_t since;  /* and since when it waits */
    uint32_t
        claim; /* since when it waits, having been refused here too often; 0 = it makes no claim */
    uint32_t noes; /* that it said during this wait */
    bool claimed;  /* it knows of a claim of ours */
    bool ready;    /* it counts as ready here */
    bool notified; /* this worker counts as ready there */
    bool invited;  /* and has not answered */
    bool member;   /* of the group led here */
    bool deferred; /* waits for an answer */
    bool gone;
};

struct partial {
    const struct policy_config *config;
    struct partial_peer *peer; /* [peer_count] */
    uint32_t *everyone;        /* [peer_count] */
    struct mix_term *terms;    /* [peer_count] */
    struct rng rng;
    struct policy_counters counters;
    enum partial_status status;
    uint32_t alive;        /* neighbours not gone */
    uint32_t drawn;        /* wait random: what this iteration asks for */
    uint32_t iteration;    /* also the generation of the timer */
    uint32_t led;          /* invitations made */
    uint32_t leader;       /* while BOUND: peer index */
    uint32_t seq;          /* of the group, while LEADING, BOUND or EXCHANGING */
    uint32_t clock;        /* logical: never below any beginning of a wait heard of */
    uint32_t since;        /* on that clock: when this wait began */
    uint32_t leader_since; /* while BOUND: when the leader's began */
    uint32_t members;      /* while EXCHANGING: when the group was committed */
    uint32_t awaited;      /* answers while LEADING, models while EXCHANGING */
    bool holding;          /* wait timeout: the timer runs */
    bool stopping;
};

/* ----------------------------------------------------------------------------------------------- partial_group.c */

/** The gradient is applied: a new wait begins. */
void partial_group_ready(struct partial *self, struct actions *out);
/** Idle, and something has changed: is the rule met now? */
void partial_group_consider(struct partial *self, struct actions *out);
void partial_group_control(struct partial *self, const struct event *event, struct actions *out);
/** A peer is gone, and marked so: what this means to a group that is not committed. */
void partial_group_lose(struct partial *self, uint32_t peer, struct actions *out);
/** A peer is back. */
void partial_group_welcome(struct partial *self, uint32_t peer, struct actions *out);
/** This worker goes on: NO to all that wait for an answer, and the end of its claims. */
void partial_group_go_on(struct partial *self, struct actions *out);

/* ----------------------------------------------------------------------------------------------------- partial.c */

/** Ready neighbours that the wait rule asks for: never more than there are. */
uint32_t partial_wanted(const struct partial *self);
/** Lead the exchange with peer[].member, `members` of them. */
void partial_commit(struct partial *self, uint32_t members, struct actions *out);
/** In no group any more: the next gradient, or the end. */
void partial_compute(struct partial *self, struct actions *out);

#endif
