/**
 * The state of an AAU worker, shared by aau.c (steps, exchange, Pathsearch) and aau_wave.c (who exchanges with whom).
 * Nobody else includes it.
 */
#ifndef CORE_POLICY_AAU_STATE_H
#define CORE_POLICY_AAU_STATE_H

#include "core/policy/control.h"
#include "core/policy/pathsearch.h"
#include "core/policy/policy.h"

#define AAU_NOBODY UINT32_MAX
#define AAU_LISTS 8u /* lists of peers that one step can name, beside single peers and everyone */

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

struct aau_peer {
    uint64_t handle; /* its model for this wave; 0: not here yet */
    uint32_t degree; /* active degree that came with it */
    bool ready;      /* said READY, and nothing since that ended it */
    bool told_no;    /* waits for our READY */
    bool pending;    /* owes an answer to a FREEZE or PROBE */
    bool active;     /* the edge is in this wave */
    bool child;      /* joined through us and answered YES */
};

struct aau {
    const struct policy_config *config;
    struct aau_peer *peer;  /* [peer_count] */
    uint32_t *everyone;     /* [peer_count] */
    uint32_t *lists;        /* [AAU_LISTS * peer_count], used afresh by each step */
    struct mix_term *terms; /* [peer_count] */
    struct pathsearch path;
    struct policy_counters counters;
    struct aau_name wave; /* while FROZEN, BOUND or EXCHANGE */
    enum aau_status status;
    uint32_t listed; /* entries of `lists` in use */
    uint32_t parent; /* in the wave; AAU_NOBODY: we lead */
    uint32_t pending_count, arrived_count;
    uint32_t seq; /* of the wave led last */
    uint32_t iteration;
    bool reason; /* a worker below has a reason to commit */
    bool
        released; /* release all: learned of a new edge while waiting, goes on with whoever is ready */
    bool stopping;
};

/** A new list of `peer_count` places at most; the caller fills it and calls aau_list_end with how many it used. */
uint32_t *aau_list_begin(struct aau *self);
void aau_list_end(struct aau *self, uint32_t count);

/** A control message about a wave (or none: pass the current one) to `count` peers; nothing when there are none. */
void aau_tell(struct aau *self, uint8_t type, struct aau_name wave, const uint32_t *peers,
              uint32_t count, struct actions *out);

/** The wave is decided: exchange on its active edges. */
void aau_commit(struct aau *self, struct actions *out);

/** The wave is over without an exchange: idle again, or done when stopping. */
void aau_idle(struct aau *self, struct actions *out);

/** Go on without an exchange. */
void aau_alone(struct aau *self, struct actions *out);

/** Start a wave, or go on alone, if the rules say so. `own`: because our own gradient finished. */
void aau_wave_consider(struct aau *self, bool own, struct actions *out);

/** FREEZE, PROBE, YES, JOINED, NO, APART, COMMIT and ABORT. */
void aau_wave_control(struct aau *self, const struct event *event, struct actions *out);

#endif
