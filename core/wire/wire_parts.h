/* SPDX-License-Identifier: BSD-3-Clause */
/** What the files of the wire share, and tests look at. */
#ifndef CORE_WIRE_WIRE_PARTS_H
#define CORE_WIRE_WIRE_PARTS_H

#include "core/wire/credit.h"
#include "core/wire/replay.h"
#include "core/wire/returns.h"
#include "core/wire/stream_rx.h"
#include "core/wire/turns.h"
#include "core/wire/wire.h"

/* Ends that one frame can bring: returns of a full window, or acknowledgements of one. */
#define WIRE_ENDS_MAX (RETURNS_ITEMS * RETURNS_DEPTH)

/** A frame of the wire's own, as it is sent. */
struct wire_scratch {
    _Alignas(64) unsigned char unused[64 - FRAME_HEAD_BYTES];
    struct frame_head head;
    unsigned char payload[]; /* of the longest */
};

struct wire {
    struct wire_config config;
    struct session session;

    uint64_t counter;               /* of the last frame sent */
    uint32_t credit;                /* as the peer said */
    uint32_t since_ack;             /* frames received since the last ACK */
    struct replay replay;           /* its top is the highest counter received */
    uint64_t heard_ns, heard_tx_ns; /* when the last frame came, and its tx_ns */
    uint64_t due_ns;                /* no time-out ends before */
    uint64_t peer_sent;
    struct rtt rtt;
    struct clocks clocks;
    bool asks_clock, echoes;
    struct frame_echo echo;

    struct stream_tx *tx; /* [outs + 1], 0 is `returns` */
    struct stream_rx *rx; /* [ins + 1] */
    struct returns returns;
    struct turns acks, probes;      /* streams that owe one */
    struct turns controls, tensors; /* streams with due chunks */
    struct turns unread;            /* streams with deliveries */
    uint32_t run;                   /* frames that this kind had since the other was asked */
    bool serves_tensors;            /* which kind */

    struct wire_end *end; /* [WIRE_ENDS_MAX] */
    uint32_t ends, ends_first;
    uint32_t closing; /* stream whose loans end as gone; behind the last one: none */
    struct wire_books books;
    uint64_t count[WIRE_COUNTS];
    struct ack *ack;
    struct wire_scratch *scratch;
};

/* wire_setup.c */
void wire_start_streams(struct wire *self);

/* wire.c */
void wire_push_end(struct wire *self, uint16_t stream, uint64_t token);
void wire_wake_by(struct wire *self, uint64_t at_ns);
void wire_begin(struct wire *self, struct stream_tx *tx, const struct stream_tx_item *item,
                uint64_t now_ns);

/** The stream has chunks to send. */
void wire_queue(struct wire *self, const struct stream_tx *tx);

/** Deliver what is whole; `returns` are used up here. */
void wire_advance(struct wire *self, struct stream_rx *rx);

/** How long the stream may be silent. */
uint64_t wire_patience_ns(const struct wire *self, const struct stream_tx *tx);

#endif
