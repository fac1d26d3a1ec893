/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The state of an AAU worker, shared by aau.c (steps), aau_exchange.c, aau_wave.c (who exchanges with whom), aau_answer.c (its
 * messages), aau_path.c (Pathsearch) and aau_loss.c (who is there). cb_dybw.c is a row over the same state.
 * Nobody else includes it.
 */
#ifndef CORE_POLICY_AAU_STATE_H
#define CORE_POLICY_AAU_STATE_H

#include "core/base/check.h"
#include "core/base/rng.h"
#include "core/policy/aau_options.h"
#include "core/policy/control.h"
#include "core/policy/pathsearch.h"
#include "core/policy/policy.h"

#define AAU_NOBODY UINT32_MAX
#define AAU_TIMER_AGAIN 2u /* beside the tick of aau_loss.c */
#define AAU_PATIENCE_MAX 8u
#define AAU_LISTS 12u /* lists of peers that one step can name, beside single peers and everyone */

enum aau_status {
    AAU_COMPUTING,
    AAU_IDLE,   /* ready, in no wave */
    AAU_FROZEN, /* in a wave, answers of `pending` neighbours still to come */
    AAU_BOUND,  /* in a wave, answered YES for itself and all below: only the parent can end this */
    AAU_EXCHANGE, /* committed: waiting for the models of the active neighbours */
    AAU_DONE,
};

/** Which wave; the lower leader wins, and of one leader's the newer. */
struct aau_name {
    uint32_t leader; /* id */
    uint32_t seq;
};

static inline bool aau_same(struct aau_name a, struct aau_name b)
{
    return a.leader == b.leader && a.seq == b.seq;
}

/** A newer wave of one leader wins: it would not have begun it were the older alive. */
static inline bool aau_precedes(struct aau_name a, struct aau_name b)
{
    return a.leader != b.leader ? a.leader < b.leader : a.seq > b.seq;
}

/** Tag of the models of a wave. */
static inline uint64_t aau_tag(struct aau_name wave)
{
    return (uint64_t)wave.leader << 32 | wave.seq;
}

struct aau_peer {
    uint64_t handle;   /* its model for this wave; 0: not here yet */
    uint64_t heard_ns; /* when it last said something of its own */
    uint32_t degree;   /* active degree that came with it */
    bool ready;        /* said READY, and nothing since that ended it */
    bool refused;      /* waits for our READY */
    bool pending;      /* owes an answer to a FREEZE or PROBE */
    bool active;       /* the edge is in this wave */
    bool child;        /* joined through us and answered YES */
    bool barred;       /* cut out of this wave: it may not come back into it */
    bool silent;       /* evicted, for it said nothing; until it does */
    bool full;         /* silent, and has too much of ours to read: nothing is sent to it */
    bool down;         /* evicted, the driver said so; until it says otherwise */
};

struct aau {
    const struct policy_config *config;
    struct aau_peer *peer;  /* [peer_count] */
    uint32_t *everyone;     /* [peer_count] */
    uint32_t *lists;        /* [AAU_LISTS * peer_count], used afresh by each step */
    struct mix_term *terms; /* [peer_count] */
    uint32_t *joined;       /* [workers] newest wave of each leader that this worker was in */
    struct pathsearch path;
    struct policy_counters counters;
    const uint8_t *tree;  /* [peer_count] cb-dybw: only these edges can be new; NULL: all can */
    struct aau_name wave; /* while FROZEN, BOUND or EXCHANGE */
    struct aau_name quit; /* the wave that was left to join this one; seq 0 = none */
    struct aau_name
        unsaid;       /* a wave left for the parent's, which the parent is not told; seq 0 = none */
    uint64_t now_ns;  /* of this step */
    uint64_t wait_ns; /* when this status began */
    uint64_t news_ns; /* when an edge, an epoch or somebody's life was last news */
    uint64_t ticks;   /* generation of the timer */
    uint64_t tick_ns; /* when it goes off */
    uint64_t gave_up_ns; /* when somebody was given up last */
    enum aau_status status;
    uint32_t present;     /* peers neither silent nor down */
    uint32_t degree;      /* EXCHANGE: active neighbours when it was committed, as they were told */
    uint32_t mixed_epoch; /* epoch of the last mix */
    uint32_t listed;      /* entries of `lists` in use */
    uint32_t parent;      /* in the wave; AAU_NOBODY: we lead */
    uint32_t pending_count, arrived_count;
    uint32_t seq; /* of the wave led last */
    uint32_t iteration;
    struct rng rng;         /* how long to back off */
    uint64_t backoff_count; /* generation of that timer */
    uint32_t failures;      /* own waves in a row that came to nothing */
    bool backing_off;       /* leads none */
    bool reason;            /* a worker below has a reason to commit */
    bool
        released; /* release all: learned of a new edge while waiting, goes on with whoever is ready */
    bool stopping;
    bool ticking; /* the timer runs */
    bool hurry;   /* the next tick is at once */
    bool hasty;   /* somebody was evicted in this status */
    uint32_t
        patience; /* so often it has been, without a gradient of ours in between (aau_loss.c) */
    bool lossy;   /* somebody has been or may be evicted: messages may come that nobody waits for */
    bool gave_up; /* some workers are given up: our epochs end before others know it */
    bool alarmed; /* since the last mix */
};

/** Answers from it are awaited, and it is kept informed. */
static inline bool aau_present(const struct aau *self, uint32_t peer)
{
    return !self->peer[peer].silent && !self->peer[peer].down;
}

/** cb-dybw: only the tree counts. Lost with one of its workers it is no use any more, and any edge can be new. */
static inline bool aau_by_tree(const struct aau *self)
{
    return self->tree && self->path.present == self->path.workers;
}

static inline bool aau_in_wave(const struct aau *self)
{
    return self->status == AAU_FROZEN || self->status == AAU_BOUND;
}

/** Waves reach as far as ready workers do. */
static inline bool aau_floods(const struct aau *self)
{
    return options_of(self->config).release == AAU_CLUSTER ||
           options_of(self->config).release == AAU_ALL;
}

/** Bytes of the state; with memory, lays it out and fills it. `tree` as in struct aau. */
size_t aau_lay_out(void *memory, const struct policy_config *config);

void aau_step(void *state, const struct event *event, struct actions *out);

void aau_set_status(struct aau *self, enum aau_status status);

/** Peers for an action: valid until the next step. */
struct aau_list {
    const uint32_t *peer; /* [count] */
    uint32_t count;
};

/** Those that are wanted, less `but` (or AAU_NOBODY). Inline, so that `wanted` is. */
static inline struct aau_list aau_select(struct aau *self, uint32_t but,
                                         bool (*wanted)(const struct aau *self, uint32_t peer))
{
    const uint32_t peers = self->config->peer_count;
    CHECK(self->listed + peers <= AAU_LISTS * peers);
    uint32_t *const list = &self->lists[self->listed];
    uint32_t count = 0;
    for (uint32_t i = 0; i < peers; i++)
        if (i != but && wanted(self, i))
            list[count++] = i;
    self->listed += count;
    return (struct aau_list){list, count};
}

static inline struct aau_list aau_only(const struct aau *self, uint32_t peer)
{
    return (struct aau_list){&self->everyone[peer], 1};
}

/** A control message about a wave (or none: pass the current one); nothing where there is nobody in the list. */
void aau_send_control(struct aau *self, uint8_t type, struct aau_name wave, struct aau_list to,
                      struct actions *out);

/* aau_exchange.c */

/** The next gradient, or the end when stopping. */
void aau_compute(struct aau *self, struct actions *out);

/** Forget the model of this peer, if it is here. */
void aau_drop_model(struct aau *self, uint32_t peer, struct actions *out);

/** Mix and go on, if no model is missing. */
void aau_finish_exchange(struct aau *self, struct actions *out);

/** Nobody waits for our READY any more: it is said to everybody, or will be when the next gradient is there. */
void aau_forget_refusals(struct aau *self);

/** COMMIT or ABORT, down the tree of those that answered YES. */
void aau_decide(struct aau *self, uint8_t decision, struct actions *out);

/** The wave is decided: exchange on its active edges. */
void aau_commit(struct aau *self, struct actions *out);

/** The wave is over without an exchange: idle again, or done when stopping. */
void aau_idle(struct aau *self, struct actions *out);

/** Go on without an exchange. */
void aau_alone(struct aau *self, struct actions *out);

/* aau_wave.c */

/** Start a wave, or go on alone, if the rules say so. `own`: because our own gradient finished. */
void aau_wave_consider(struct aau *self, bool own, struct actions *out);

/** The wait is over: earlier waves that came to nothing do not count any more. */
void aau_wave_rest(struct aau *self, struct actions *out);

/** AAU_TIMER_AGAIN */
void aau_wave_again(struct aau *self, uint64_t generation, struct actions *out);

/** The edge to this peer is not in the wave any more, and the peer not ready; who loses its parent leaves the wave. */
void aau_wave_cut(struct aau *self, uint32_t peer, struct actions *out);

/** One message about a wave to one peer. */
void aau_wave_answer(struct aau *self, uint32_t peer, uint8_t type, struct aau_name wave,
                     struct actions *out);

/** This peer is asked, and owes an answer. */
void aau_wave_request(struct aau *self, uint32_t peer);

/** It has answered; with the last answer this worker echoes, or decides. */
void aau_wave_settle(struct aau *self, uint32_t peer, struct actions *out);

/** Into this wave, and out of the one that it is in. */
void aau_wave_join(struct aau *self, uint32_t parent, struct aau_name wave, struct actions *out);

/** ABORT, down the tree, and wait on. */
void aau_wave_abort(struct aau *self, struct actions *out);

/* aau_answer.c */

/** FREEZE, PROBE, YES, JOINED, NO, APART, COMMIT, ABORT and LEFT. */
void aau_answer(struct aau *self, const struct event *event, struct actions *out);

/* aau_path.c */

/** Epoch, edges or a life: to all neighbours that are there but one (or AAU_NOBODY). */
void aau_flood(struct aau *self, uint8_t type, uint32_t but, const struct action *news,
               struct actions *out);

/** The wave is committed: this worker's part of a forest over its members, or of the tree. */
void aau_establish(struct aau *self, struct actions *out);

void aau_on_path(struct aau *self, const struct event *event, struct actions *out);

/** If the sender is in a later epoch, go there. */
void aau_catch_up(struct aau *self, const struct event *event, struct actions *out);

/* aau_loss.c */

/** EV_START: after so many earlier lives. */
void aau_begin(struct aau *self, uint32_t lives);

/** End the epoch if it can end. */
void aau_close(struct aau *self, struct actions *out);

/** A peer said something; false: it is down, and nothing it says counts. */
bool aau_heard(struct aau *self, const struct event *event, struct actions *out);

/** AAU_LIFE */
void aau_on_life(struct aau *self, const struct event *event, struct actions *out);

/** Our gradient is there: whoever took us for absent is wrong. */
void aau_return(struct aau *self, struct actions *out);

void aau_on_down(struct aau *self, uint32_t peer, struct actions *out);
void aau_on_up(struct aau *self, uint32_t peer, struct actions *out);
void aau_on_full(struct aau *self, uint32_t peer, struct actions *out);
void aau_on_room(struct aau *self, uint32_t peer, struct actions *out);
void aau_on_tick(struct aau *self, struct actions *out);

/** Controls that a worker has reason to send to a neighbour that reads nothing (aau_loss.c). */
uint32_t aau_control_bound(uint32_t workers);

/** Last in each step: the timer, the alarm. */
void aau_watch(struct aau *self, struct actions *out);

#endif
