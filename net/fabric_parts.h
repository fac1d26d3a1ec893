/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What a fabric is made of; for fabric.c and fabric_setup.c only.
 *
 * An edge keeps what its producer writes, what its consumer writes, and what nobody writes after set-up on lines of
 * their own: a line written by both sides would travel twice per message.
 */
#ifndef NET_FABRIC_PARTS_H
#define NET_FABRIC_PARTS_H

#include <stdatomic.h>

#include "net/channel_ring.h"
#include "net/fabric.h"
#include "net/mailbox.h"

#define BELL_BITS 64u

typedef _Atomic uint64_t counter;

struct fabric_edge {
    /* written at set-up only */
    _Alignas(LINE_BYTES) struct mailbox *mailbox; /* NULL on class exact */
    struct channel_ring *exact;                   /* NULL on class newest */
    struct channel_ring *control;
    struct channel_ring *returns; /* consumer to producer */
    _Atomic uint64_t *bell;       /* the consumer's word for this edge, or NULL */
    uint64_t bell_bit;
    uint32_t from, to;
    struct fabric_bodies
        *bodies; /* the reader's half of a cut edge: where its vectors are; else NULL */
    /* the producer's */
    _Alignas(LINE_BYTES) counter tensors_sent;
    counter tensors_superseded;
    counter control_sent;
    counter full;
    uint32_t unreturned; /* handles that are out and not back */
    uint32_t unreturned_max;
    /* the consumer's */
    _Alignas(LINE_BYTES) counter tensors_delivered;
    counter control_delivered;
    counter tensors_replaced; /* a bridge: taken, and replaced by a newer one before they left */
};

/**
 * The vectors of a cut edge that its reader may look at. The bridge writes a name before the message that carries it is
 * pushed; the reader looks only for names that it was given.
 */
struct fabric_bodies {
    const struct store *store;
    uint32_t row, count;
    uint64_t arrivals;                              /* the bridge's */
    _Atomic uint64_t arrived[FABRIC_BODIES_MAX];    /* in arrivals, which one lies there */
    _Atomic slots_handle handle[FABRIC_BODIES_MAX]; /* 0: none */
};

/** Place of the vector that came last under this name; `count`: there is none. */
uint32_t fabric_bodies_find(const struct fabric_bodies *self, slots_handle handle);

struct fabric_worker {
    _Alignas(LINE_BYTES) struct fabric_edge *out; /* [degree] */
    struct fabric_edge **in;                      /* [degree] */
    uint64_t *pending;       /* [bell_words] edges known to have something; this worker's alone */
    _Atomic uint64_t *bells; /* [bell_words] on their own lines, or NULL: no doorbell */
    uint32_t degree;
    uint32_t bell_words;
    uint32_t cursor; /* in-edge to serve first */
};

extern const struct port_ops fabric_newest_ops;
extern const struct port_ops fabric_exact_ops;

#endif
