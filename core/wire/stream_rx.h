/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The receiving end of a stream: messages that are being put together, then delivered in the order of their numbers.
 *
 * One ring holds both: in front the whole ones that nobody has taken yet, behind them the window of those that still lack
 * chunks. Chunks are copied to their place in the end as they come. A message is delivered, and the ACK counts it, when all
 * before it have been and there is room among the unread ones. Of streams where newer ones win, one may be unread: the next
 * one takes its place.
 */
#ifndef CORE_WIRE_STREAM_RX_H
#define CORE_WIRE_STREAM_RX_H

#include <stdbool.h>

#include "core/base/layout.h"
#include "core/wire/ack.h"
#include "core/wire/frame.h"
#include "core/wire/stream.h"

#define STREAM_RX_NO_SLOT UINT32_MAX

struct stream_rx_message {
    unsigned char prefix[STREAM_PREFIX_BYTES];
    uint32_t number;
    uint32_t chunks; /* 0: nothing of it has come */
    uint32_t got;
    uint32_t bytes; /* prefix and body, once the last chunk is here */
    uint32_t slot;  /* STREAM_RX_NO_SLOT where there is no body */
    uint32_t high;  /* words of bits up to the last chunk that came */
};

/** Which number a slot holds, for whoever gives it back. */
struct stream_rx_slot {
    uint32_t number;
    uint32_t session; /* of the stream's life: what is left of an earlier one owes nobody */
    bool is_used;
};

struct stream_rx {
    struct stream_shape shape;
    struct stream_plan plan;
    uint16_t id;
    uint32_t next;                     /* first number that is not delivered */
    uint32_t unread;                   /* delivered and not taken, before `next` */
    uint32_t at;                       /* where the oldest of these lies, or `next` */
    uint32_t ring;                     /* depth + window */
    uint64_t ahead;                    /* bit i: message next + i is whole */
    struct stream_rx_message *message; /* [ring] */
    uint64_t *bits;                    /* [ring][words] */
    struct stream_rx_slot *slot;       /* [plan.slots] */
    uint32_t *free;                    /* stack of slots */
    uint32_t frees;
    uint32_t session; /* counts those that were abandoned */
    uint64_t probe;   /* counter of a PROBE to be answered; 0: none */
};

enum stream_rx_verdict {
    STREAM_RX_TAKEN,     /* a chunk that was missing */
    STREAM_RX_WHOLE,     /* and the last one of its message */
    STREAM_RX_DUPLICATE, /* it is here already, or its message is */
    STREAM_RX_BEYOND,    /* behind the window: its sender errs */
    STREAM_RX_ODD,       /* chunks or length that no message of the plan has */
    STREAM_RX_FULL,      /* no slot is free for it */
};

void stream_rx_lay_out(struct stream_rx *self, const struct stream_plan *plan, uint16_t id,
                       uint32_t payload, struct layout *layout);

/** All slots are free. Once, before the first start. */
void stream_rx_init(struct stream_rx *self);

/** A new session. What was half here is dropped; what is unread or kept stays. Requires nothing unread. */
void stream_rx_start(struct stream_rx *self, uint32_t payload);

/** One chunk. `hole` is set when the one before it is missing. */
enum stream_rx_verdict stream_rx_data(struct stream_rx *self, const struct frame_head *head,
                                      const unsigned char *payload, bool *hole);

/**
 * Deliver what is whole and has room. Returns how many; `superseded` grows by those whose place was taken unread.
 */
uint32_t stream_rx_advance(struct stream_rx *self, uint32_t *superseded);

/** The oldest unread message, or NULL. */
struct stream_rx_message *stream_rx_first(const struct stream_rx *self);

/** It has been taken; its slot is the taker's. Requires one. */
void stream_rx_pop(struct stream_rx *self);

/** The session is over. Drop what is half here, so that its slots are free; what is kept is owed to nobody any more. */
void stream_rx_abandon(struct stream_rx *self);

/** A slot is free again. True, and its number: its sender must be told. */
bool stream_rx_release(struct stream_rx *self, uint32_t slot, uint32_t *number);

/** What to acknowledge, with at most `words_max` words of bits; fixed.seen, probe and times are the caller's. */
void stream_rx_report(const struct stream_rx *self, uint32_t words_max, struct ack *out);

/** Messages of which something has come and something is missing. */
uint32_t stream_rx_assembling(const struct stream_rx *self);

#endif
