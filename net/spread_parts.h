/* SPDX-License-Identifier: BSD-3-Clause */
/** What a spread is made of; for spread.c and spread_setup.c only. */
#ifndef NET_SPREAD_PARTS_H
#define NET_SPREAD_PARTS_H

#include "net/fabric_cut.h"
#include "net/spread.h"

/* Streams of the k-th cut edge of a direction. */
#define SPREAD_TENSORS(k) ((uint16_t)(2 * (k) + 1))
#define SPREAD_CONTROLS(k) ((uint16_t)(2 * (k) + 2))
#define SPREAD_EDGE(stream) (((stream)-1u) / 2u)
#define SPREAD_IS_TENSOR(stream) ((stream) % 2u == 1u)

/** A message that was taken from a worker and finds no room on its wire yet. */
struct spread_held {
    bool is;
    struct stream_tx_item item;
};

/** Frames that a link is given at once: a system call, or a ring of ports, costs as much for one. */
#define SPREAD_BATCH 16u

struct spread_pair {
    uint32_t process;
    struct wire *wire;
    uint32_t outs, ins;       /* cut edges of each direction … */
    uint32_t *out, *in;       /* … by their numbers in the fabric */
    struct spread_held *held; /* [2 * outs] */
    /* A control that came and found its reader's ring full: nothing else is taken before it. */
    bool waits;
    struct wire_delivery delivery;
    bool delivered;     /* to a worker, which may answer at once … */
    bool deferred;      /* … and what is to be sent has waited a turn for that */
    uint64_t overtaken; /* messages replaced within the wire that were counted */
    bool is_lost;       /* the other process is dead */
    /* Messages to it less those from it, without the settled ones: what its books would have to say when all is quiet. */
    uint64_t owed;
    /* Frames of one call, headers copied to `store`: the wire has one place for a header. From `first` on the link had no room
     * for them, and they are there whole. */
    struct link_out frame[SPREAD_BATCH];
    uint32_t frames, first;
    uint8_t *store; /* [SPREAD_BATCH][payload_max of the link] */
};

struct spread {
    struct bridge bridge; /* first: turn casts back */
    struct spread_config config;
    struct link *link;
    uint32_t pairs;
    struct spread_pair *pair;
};

#endif
