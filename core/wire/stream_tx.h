/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The sending end of a stream: a window of numbered messages, each repaired until the receiver has all of it.
 *
 * What has a number is never given up and never replaced: a newer tensor takes the place of one that *waits*. So what is
 * under way ends, whatever is published meanwhile, and the age of what arrives is bounded by one transfer and its repair.
 *
 * A chunk is due (to be sent), or under way since the frame with its counter, or acknowledged. It is due again when an ACK
 * proves that it was lost: the ACK lacks it and has seen a frame three or more after it, or answers a PROBE sent after it.
 * Nothing else makes a chunk be sent twice; silence asks (PROBE) and does not send.
 *
 * A loan is a body that somebody lent until the message has ended: for `newest` and `sum` when it is acknowledged, for
 * `exact` when the receiver's reader has given its copy back, which may be long after.
 */
#ifndef CORE_WIRE_STREAM_TX_H
#define CORE_WIRE_STREAM_TX_H

#include <stdbool.h>

#include "core/base/layout.h"
#include "core/wire/ack.h"
#include "core/wire/frame.h"
#include "core/wire/stream.h"

/** One message. Header and prefix lie as they are sent, so that a small one is a single piece. */
struct stream_tx_message {
    _Alignas(64) unsigned char unused[64 - FRAME_HEAD_BYTES];
    struct frame_head head;
    unsigned char prefix[STREAM_PREFIX_BYTES];
    const unsigned char *body; /* borrowed until the message has ended */
    uint64_t token;            /* the publisher's name of the loan */
    uint32_t bytes;            /* prefix and body */
    uint32_t hint;             /* no word before this has a due chunk */
};
_Static_assert(offsetof(struct stream_tx_message, prefix) == 64, "behind the header, on a line");

/** What is handed to publish, and what waits. */
struct stream_tx_item {
    unsigned char message[STREAM_MESSAGE_BYTES];
    unsigned char note[STREAM_NOTE_BYTES]; /* tensors */
    const unsigned char *body;
    uint32_t body_bytes;
    uint64_t token;
};

struct stream_tx_loan {
    uint64_t token;
    uint32_t number;
    bool is_lent;
};

struct stream_tx {
    struct stream_shape shape;
    struct stream_plan plan;
    uint16_t id;
    uint32_t
        first; /* number of the oldest message in the window; of the next one when it is empty */
    uint32_t count; /* messages in the window: first, first + 1, … */
    uint32_t at;    /* where `first` lies */
    bool waits;     /* newest, sum: `waiting` holds one that has no number yet */
    struct stream_tx_item waiting;
    uint64_t rows_due;                 /* places with a due chunk */
    struct stream_tx_message *message; /* [window] */
    uint64_t *acked, *due, *tried;     /* [window][words] */
    uint32_t *counter;                 /* [window][chunks_max]: of the frame that carried it last */
    struct stream_tx_loan *loan;       /* [loans]: exact */
    uint32_t loans, lent;
    uint64_t since_ns; /* last sent, or last heard of */
    uint64_t probe;    /* counter of a PROBE without an answer; 0: none */
    uint32_t tries;    /* probes since the last progress */
};

/** Places the arrays; `payload` is the least that may be agreed on. */
void stream_tx_lay_out(struct stream_tx *self, const struct stream_plan *plan, uint16_t id,
                       uint32_t payload, struct layout *layout);

/** A new session: nothing is under way. `template` is the header of its frames. */
void stream_tx_start(struct stream_tx *self, uint32_t payload, const struct frame_head *template);

/** Is there a place in the window, and for the loan? */
bool stream_tx_has_room(const struct stream_tx *self);

/** Give the item the next number. Requires room. */
void stream_tx_begin(struct stream_tx *self, const struct stream_tx_item *item, uint64_t now_ns);

/** The lowest due chunk of the oldest message that has one, marked as sent under `counter`. Requires rows_due. */
void stream_tx_next(struct stream_tx *self, uint32_t counter, struct frame *out,
                    struct frame_head **head);

/** Can the ACK be of what was sent? */
bool stream_tx_believes(const struct stream_tx *self, const struct ack *ack);

/** Mark what the ACK has and what it proves lost; whole messages stay for stream_tx_end. True: progress. */
bool stream_tx_acknowledge(struct stream_tx *self, const struct ack *ack);

/** The oldest message of the window has ended. Returns its token. */
uint64_t stream_tx_end(struct stream_tx *self);

/** A reader gave this number back. Nothing of it is sent any more. False: it is not lent. */
bool stream_tx_give_back(struct stream_tx *self, uint32_t number, uint64_t *token);

/** Nothing waits, nothing is under way. */
static inline bool stream_tx_is_idle(const struct stream_tx *self)
{
    return self->count == 0 && !self->waits;
}

static inline uint32_t stream_tx_place(const struct stream_tx *self, uint32_t row)
{
    const uint32_t place = self->at + row;
    return place < self->shape.window ? place : place - self->shape.window;
}

#endif
