/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The vocabulary between averaging policies and drivers: event in -> actions out.
 *
 * A policy does no I/O, reads no clock, allocates nothing and touches no parameter. A driver (live or virtual) feeds
 * it events in arrival order and executes the actions in the order given. VOCABULARY.md maps every policy of the
 * roadmap to these words.
 *
 * Peers are indices into the list of neighbours that the policy was configured with (policy_config.peers holds their
 * 32-bit ids). Lists in actions (`peers`, `terms`) belong to the policy and stay valid until its next step.
 */
#ifndef CORE_POLICY_STEP_H
#define CORE_POLICY_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/check.h"
#include "core/base/mix_rules.h"

#define STEP_WORDS 8u
#define STEP_PEERS_MAX 1023u /* of one worker; with itself MIX_ROWS_MAX rows */

/* The worst step is the second half of an all-reduce whose messages were all early: two releases per peer, each an
 * action of its own, and a handful of others. About 250 KB: a driver keeps one struct actions, and not on a stack. */
#define STEP_ACTIONS_MAX (2u * STEP_PEERS_MAX + 66u)

/** What a tensor message is, in event.type and in action.type of ACT_SEND. */
enum tensor_type {
    TENSOR_MODEL = 1, /* a model to average with; tag = round or transaction */
    TENSOR_RESPONSE,  /* pair exchange: the asked worker's model; tag = transaction */
    TENSOR_RETURN,    /* pair exchange: the asking worker's model; tag = transaction */
    TENSOR_PART, /* all-reduce, first half: to be read is the slice of the receiver's place in the group; tag = round */
    TENSOR_SLICE, /* all-reduce, second half: the sender's slice, averaged; tag = round */
    TENSOR_LAST,  /* agp: as TENSOR_MODEL, and the sender's running sums change no more */
};

enum event_kind {
    EV_START, /* once, first. tag = 0: with everybody, at the beginning; else the others have gone on: how often this
               * worker was there before or could have been, the model is a copy of somebody's, and version = the latest
               * round that anybody has begun (rows with rounds) */
    EV_GRADIENT, /* the gradient asked for by ACT_COMPUTE is there: tag = its iteration, version = input model */
    EV_TENSOR, /* {peer, incarnation, type, tag, version, degree, handle}: a snapshot to read; owe ACT_RELEASE */
    EV_CONTROL, /* {peer, type, word[]} */
    EV_TIMER,   /* {type = timer id, tag = generation} */
    EV_FULL, /* {peer} has not read policy.control_bound messages, though it may be there: whoever goes on telling it
              * things will have to wait for it (rows with a control_bound) */
    EV_ROOM, /* {peer} has read half of them since */
    EV_REDUCED,   /* {tag = round}: the group reduction is in the current model */
    EV_PEER_DOWN, /* {peer, incarnation, type = enum peer_down} */
    EV_PEER_UP, /* {peer, incarnation}: one that was down is back, empty; nothing of its earlier life comes any more */
    /* {tag = last round to finish}: begin no new exchange, finish what is in flight, then ACT_DONE. 10 was a kind that nobody
     * told; journals keep the numbers of the others. */
    EV_STOP = 11,
    EV_WAKE, /* {tag}: another worker's ACT_WAKE named this one (rows that share a state) */
};

/** How a peer went, in event.type of EV_PEER_DOWN. */
enum peer_down {
    PEER_LOST, /* anything may be missing */
    PEER_LEFT, /* it has ended every exchange that it was in, and all that it sent has been delivered */
};

struct event {
    uint64_t
        now_ns; /* the driver's clock: calibrated TSC, or virtual time; never before the event before it */
    uint64_t tag;
    uint64_t handle; /* EV_TENSOR: see core/base/slots.h */
    uint32_t peer;
    uint32_t version;
    uint32_t degree; /* EV_TENSOR: active degree of the sender in this exchange */
    uint16_t incarnation;
    uint8_t kind; /* enum event_kind */
    uint8_t type; /* EV_TENSOR: tensor kind; EV_CONTROL: message type; EV_TIMER: timer id */
    uint32_t word[STEP_WORDS];
};

enum action_kind {
    ACT_COMPUTE, /* gradient of the current model on the next batch; round = iteration number, from 0 */
    ACT_APPLY, /* current model -= lr * newest gradient (a new version); rule: enum apply_rule */
    ACT_SEND,  /* publish the current model to `peers[count]`: {type, tag, degree} */
    ACT_MIX, /* new current model = rule(current, terms[count]); {rule, degree = own active degree, slice} */
    ACT_REDUCE, /* mean over the group peers[count] + self: {tag = round}; EV_REDUCED follows. peers NULL: everybody */
    ACT_CONTROL, /* small ordered message {type, word[]} to `peers[count]` */
    ACT_TIMER,   /* {type = timer id, tag = generation, at_ns} */
    ACT_CANCEL,  /* {type = timer id} */
    ACT_RELEASE, /* {peer, handle}: the snapshot is not needed any more */
    ACT_EVICT,   /* {peer}: reclaim its loans, expect nothing from it */
    ACT_DONE, /* nothing of mine is in flight; only after EV_STOP. Late messages are still delivered. */
    ACT_ABANDON, /* drop the running gradient: no EV_GRADIENT follows for it */
    ACT_WAKE, /* EV_WAKE{tag} to the workers with the *ids* peers[count], at this very moment (rows that share a state) */
};

struct mix_term {
    uint64_t handle;
    uint64_t
        base; /* MIX_COLLECT: an older handle of the same peer; MIX_DELTA_OWN: of one's own; or 0 */
    uint32_t peer;
    uint32_t
        weight; /* METROPOLIS: active degree of the peer; SHARES: its out-degree; WEIGHTED: weight; DELTA*:
                        divisor; SLICE_COPY: slice */
};

/** One cache line. What only ACT_CONTROL has shares its place with what only the others have. */
struct action {
    union {
        struct {
            uint64_t tag;
            uint64_t at_ns;  /* ACT_TIMER */
            uint64_t handle; /* ACT_RELEASE; base of ACT_APPLY / ACT_MIX, 0 = the current model */
            uint32_t round;
            uint16_t
                slice; /* MIX_SLICE_*; ACT_SEND with slices > 1: the sender's place in its group */
            uint16_t
                slices; /* and ACT_SEND: slices > 1 = each receiver counts 1/slices of the bytes */
        };
        uint32_t word[STEP_WORDS]; /* ACT_CONTROL */
    };
    const uint32_t *peers;
    const struct mix_term *terms;
    uint32_t count;
    uint32_t peer;
    uint32_t degree;
    uint8_t kind; /* enum action_kind */
    uint8_t type;
    uint8_t rule; /* ACT_MIX: enum mix_rule; ACT_APPLY: enum apply_rule */
};
_Static_assert(sizeof(struct action) == 64, "an action is one cache line");

/** Owned by the driver, emptied before each step; overflow is a programmer error. */
struct actions {
    uint32_t count;
    struct action item[STEP_ACTIONS_MAX];
};

/** Room for one more at the end; CHECKs the bound. */
static inline struct action *actions_next(struct actions *out)
{
    CHECK(out->count < STEP_ACTIONS_MAX);
    return &out->item[out->count++];
}

/**
 * Does a worker that waits go on by doing this? Answers by control, and snapshots given back, leave it where it was; but
 * when it runs out of patience (not by_message), to ask somebody else is to go on. For drivers, who say what waits were for.
 */
static inline bool actions_go_on(const struct actions *self, bool by_message)
{
    const uint32_t housekeeping =
        1u << ACT_RELEASE | 1u << ACT_TIMER | 1u << ACT_CANCEL | 1u << ACT_EVICT | 1u << ACT_DONE;
    const uint32_t talk = by_message ? 1u << ACT_CONTROL | 1u << ACT_WAKE : 0;
    for (uint32_t i = 0; i < self->count; i++)
        if (!((housekeeping | talk) >> self->item[i].kind & 1))
            return true;
    return false;
}

/* Append a struct action. Written in its place: passed by value it would be built field by field, read back in wide
 * words to be copied, and each such read waits until the fields have left the store buffer. */
#define actions_push(out, ...) (*actions_next(out) = (__VA_ARGS__))

#endif
