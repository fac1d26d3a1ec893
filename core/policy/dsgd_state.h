/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The state of a DSGD worker, shared by dsgd.c (rounds) and dsgd_join.c (who comes back, and from which round on it counts).
 * Nobody else includes it.
 */
#ifndef CORE_POLICY_DSGD_STATE_H
#define CORE_POLICY_DSGD_STATE_H

#include "core/policy/control.h"
#include "core/policy/rounds.h"

/* What it has sent, by parity of the round. */
struct dsgd_peer {
    uint64_t handle[2]; /* 0: not here yet */
    uint32_t degree[2];
    bool lost;
    bool last;  /* lost, but its model of this round is here, and it has mixed ours */
    bool asked; /* it will tell us from which round on it takes part; until then no model is sent */
    bool owes;  /* joining: its offer is still to come */
};

/* What matters where workers come back only. */
struct dsgd_edge {
    uint64_t handle;        /* a model that came before it could be counted; 0: there is none */
    uint32_t degree, round; /* of that model */
    uint32_t from;          /* round from which on the edge counts */
    uint32_t offered;       /* round that we have offered for it; joining: 0 */
};

/* What a message needs comes first: a simulation holds thousands of these. */
struct dsgd {
    struct dsgd_peer *peer; /* [peer_count] */
    struct rounds rounds;
    uint32_t arrived[2]; /* messages held of this parity */
    uint32_t peer_count;
    uint32_t present_count;
    uint32_t degree; /* that this round's model was sent with */
    bool combines_first;
    bool joining;      /* in no round yet */
    bool unsent;       /* this round's model waits for those asked */
    bool differs;      /* somebody went or came: who counts is looked up for each round */
    uint32_t *present; /* [peer_count] the first present_count: peers that count in this round */
    uint32_t *
        places; /* [2 * peer_count] of `there`, by parity: a step may send in one round and begin the next */
    struct dsgd_edge *edge; /* [peer_count] */
    uint32_t *everyone;     /* [peer_count] */
    struct mix_term *terms; /* [peer_count] */
    uint32_t asked_count, owing_count, early_count;
    uint32_t entry; /* first round of this worker; joining: as far as is known */
    struct policy_counters counters;
};

/* dsgd.c */

/** Who counts in this round. */
void dsgd_survey(struct dsgd *self);
void dsgd_begin_round(struct dsgd *self, struct actions *out);
/** Nobody is asked any more: go on with what waited for that. */
void dsgd_go_on(struct dsgd *self, struct actions *out);

/* dsgd_join.c */

/** EV_START among workers that have gone on: the latest of them have begun `round`. */
void dsgd_join(struct dsgd *self, uint32_t round, struct actions *out);
void dsgd_on_up(struct dsgd *self, uint32_t peer, struct actions *out);
/** A lost peer neither offers nor answers any more. */
void dsgd_ask_no_more(struct dsgd *self, uint32_t peer, struct actions *out);
void dsgd_on_control(struct dsgd *self, const struct event *event, struct actions *out);
/** A model of a round in which the edge does not count yet is kept for later: then true. */
bool dsgd_keep_early(struct dsgd *self, const struct event *event);
/** Give back the early models of rounds behind the last one. */
void dsgd_release_early(struct dsgd *self, uint64_t last, struct actions *out);
/** The early model of this peer, if there is one. */
void dsgd_drop_early(struct dsgd *self, uint32_t peer, struct actions *out);
/** A new round, or news: some early models may be counted now. */
void dsgd_count_early(struct dsgd *self);

#endif
