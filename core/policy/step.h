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

#include <stdint.h>

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
    TENSOR_PART,  /* all-reduce, first half: the receiver's own slice is to be read; tag = round */
    TENSOR_SLICE, /* all-reduce, second half: the sender's slice, averaged; tag = round */
};

enum event_kind {
    EV_START, /* once, first */
    EV_GRADIENT, /* the gradient asked for by ACT_COMPUTE is there: tag = its iteration, version = input model */
    EV_TENSOR, /* {peer, incarnation, type, tag, version, degree, handle}: a snapshot to read; owe ACT_RELEASE */
    EV_CONTROL, /* {peer, type, word[]} */
    EV_TIMER,   /* {type = timer id, tag = generation} */
    EV_FULL, /* back-pressure: the `exact` channel to peer took nothing; the driver retries by itself */
    EV_SENT,      /* back-pressure to peer is over */
    EV_REDUCED,   /* {tag = round}: the group reduction is in the current model */
    EV_PEER_DOWN, /* {peer, incarnation} */
    EV_PEER_UP,   /* {peer, incarnation} */
    EV_METRIC,    /* {tag = fixed-point value}: for rules that steer by loss or latency */
    EV_STOP, /* {tag = last round to finish}: begin no new exchange, finish what is in flight, then ACT_DONE */
};

struct event {
    uint64_t now_ns; /* the driver's clock: calibrated TSC, or virtual time */
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
    ACT_APPLY, /* current model -= lr * newest gradient (a new version) */
    ACT_SEND,  /* publish the current model to `peers[count]`: {type, tag, degree} */
    ACT_MIX, /* new current model = rule(current, terms[count]); {rule, degree = own active degree, slice} */
    ACT_REDUCE,  /* mean over the group peers[count] + self: {tag = round}; EV_REDUCED follows */
    ACT_CONTROL, /* small ordered message {type, word[]} to `peers[count]` */
    ACT_TIMER,   /* {type = timer id, tag = generation, at_ns} */
    ACT_CANCEL,  /* {type = timer id} */
    ACT_RELEASE, /* {peer, handle}: the snapshot is not needed any more */
    ACT_EVICT,   /* {peer}: reclaim its loans, expect nothing from it */
    ACT_DONE, /* nothing of mine is in flight; only after EV_STOP. Late messages are still delivered. */
};

/** Aggregation rules, executed by the data side (core/learn/mix.h). Sums run in order of worker id, never of arrival. */
enum mix_rule {
    MIX_MEAN, /* (current + sum terms) / (count + 1) */
    MIX_METROPOLIS, /* w_ij = 1 / (1 + max(degree_i, degree_j)) on the active graph; self takes the rest */
    MIX_WEIGHTED, /* sum of weight_k * term_k / sum of weights; self has weight `degree` */
    MIX_SLICE_MEAN, /* coordinates of slice {slice of slices} only: mean of current and terms; others keep current */
    MIX_SLICE_COPY, /* from each term, its own slice (term.weight of slices) is copied in */
};

struct mix_term {
    uint64_t handle;
    uint32_t peer;
    uint32_t
        weight; /* MIX_METROPOLIS: active degree of the peer; MIX_WEIGHTED: weight; MIX_SLICE_COPY: slice */
};

struct action {
    uint64_t tag;
    uint64_t at_ns;  /* ACT_TIMER */
    uint64_t handle; /* ACT_RELEASE; base of ACT_APPLY / ACT_MIX, 0 = the current model */
    const uint32_t *peers;
    const struct mix_term *terms;
    uint32_t count;
    uint32_t peer;
    uint32_t round;
    uint32_t degree;
    uint32_t slice,
        slices; /* MIX_SLICE_*; ACT_SEND: slices > 1 = each receiver counts 1/slices of the bytes */
    uint32_t word[STEP_WORDS];
    uint8_t kind; /* enum action_kind */
    uint8_t type;
    uint8_t rule; /* enum mix_rule */
};

/** Owned by the driver, emptied before each step; overflow is a programmer error. */
struct actions {
    uint32_t count;
    struct action item[STEP_ACTIONS_MAX];
};

/** Append; CHECKs the bound. */
void actions_push(struct actions *out, struct action action);

#endif
