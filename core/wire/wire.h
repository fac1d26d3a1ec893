/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The protocol between two processes: frames and publishes in, frames and deliveries out.
 *
 * It has no clock (`now_ns` is the caller's, and never goes back), no thread, no allocation: it is laid out in memory that
 * is handed in, and everything that comes out is asked for. The link asks for the next frame when it has room; nothing is
 * made that cannot leave. So the same code runs over ports, over sockets and in virtual time.
 *
 * A *turn* of its owner: wire_input for each frame that came, then wire_take and wire_ended until they are empty, wire_publish
 * for what is new, then wire_output while the link has room. wire_due_ns says when the next turn is wanted if nothing comes.
 *
 * What is promised, in any class: numbers arrive without gap and without repeat (W1), bodies as they were lent (W2), at
 * most a window of messages is half here (W3), each publish ends once (W4), each loan comes back (W5), no DATA goes beyond
 * the credit (W6), forged, foreign and repeated frames change a counter and nothing else (W7), and while some frames come
 * through every message is delivered in the end (W8). harness/doc/wire.md has the arguments.
 *
 * One owner: all calls come from one thread.
 */
#ifndef CORE_WIRE_WIRE_H
#define CORE_WIRE_WIRE_H

#include "core/base/err.h"
#include "core/wire/clocks.h"
#include "core/wire/frame.h"
#include "core/wire/rtt.h"
#include "core/wire/session.h"
#include "core/wire/stream_tx.h"

#define WIRE_STREAMS_MAX 65534u

struct wire_config {
    struct session_terms terms;
    const struct stream_plan *out,
        *in; /* [outs], [ins]: streams 1, 2, … of each direction; borrowed for the call of init */
    uint32_t outs, ins;
    uint32_t window; /* frames that we take in at once: CREDIT_WINDOW_LEAST to CREDIT_WINDOW_MOST */
    uint64_t floor_ns; /* least patience beyond the smoothed round trip; see rtt.h */
    uint64_t seed;     /* of the jitter of time-outs */
    bool is_checked;   /* frames carry a checksum, and those without a right one are refused */
};

/** What was counted, each in frames or messages. Causes of refusal are apart: what is sent is received or has one. */
enum wire_count {
    WIRE_FRAMES_SENT,
    WIRE_FRAMES_RECEIVED, /* accepted: each counter once */
    WIRE_FRAMES_SHORT,    /* refused, from here … */
    WIRE_FRAMES_FOREIGN,
    WIRE_FRAMES_ODD,
    WIRE_FRAMES_STALE, /* of another session, process, or of none */
    WIRE_FRAMES_CORRUPT,
    WIRE_FRAMES_REPLAYED,  /* … to here */
    WIRE_FRAMES_UNPLANNED, /* accepted, but no stream or message of the plan is like that */
    WIRE_FRAMES_EARLY,     /* accepted, but before the session was open */
    WIRE_HELLOS_REFUSED,   /* accepted, but with other terms */
    WIRE_DATA_SENT,
    WIRE_DATA_RESENT, /* of these, chunks that were sent before */
    WIRE_DATA_DUPLICATE,
    WIRE_DATA_BEYOND,
    WIRE_DATA_NO_SLOT,
    WIRE_HELD_BACK, /* times that DATA had no credit when the link had room */
    WIRE_ACKS_SENT,
    WIRE_PROBES_SENT,
    WIRE_PUBLISHED,    /* messages handed in … */
    WIRE_REPLACED,     /* … and replaced before they had a number */
    WIRE_ACKNOWLEDGED, /* … and known to be delivered */
    WIRE_GONE,         /* … and not known to be when their session was closed */
    WIRE_DELIVERED,    /* messages that came whole and in turn … */
    WIRE_OVERTAKEN,    /* … and replaced before they were taken */
    WIRE_COUNTS
};

/** What this end owes and is owed, for whoever asks whether all is quiet (quiet.h): messages that entered and left it. */
struct wire_books {
    uint64_t sent;     /* handed on: counted before its ACK can leave */
    uint64_t received; /* settled: replaced, overtaken, acknowledged or gone */
};

enum wire_publish {
    WIRE_TAKEN = 0,
    WIRE_SUPERSEDED = 1, /* and the one that waited comes back in *old */
    WIRE_FULL = 2, /* nothing was taken; there is room again after an ACK (exact: or a return) */
};

struct wire_delivery {
    uint16_t stream;
    uint32_t number;
    uint32_t
        slot; /* tensors: the place of the body in the store of the plan, the caller's until wire_release */
    uint32_t body_bytes; /* 0: there is none */
    unsigned char message[STREAM_MESSAGE_BYTES];
    unsigned char note[STREAM_NOTE_BYTES]; /* tensors */
};

/** The end of a loan. */
struct wire_end {
    uint16_t stream;
    bool is_gone; /* its session was closed; it may have arrived or not */
    uint64_t token;
};

struct wire;

/** 0, or -EINVAL and a sentence. */
int wire_check(const struct wire_config *config, struct err *err);

/** Bytes that wire_init lays out. */
size_t wire_bytes(const struct wire_config *config);

/** Lay out in `memory`, at a cache line; the wire *is* the memory. Requires wire_check. */
struct wire *wire_init(void *memory, const struct wire_config *config);

/** A session of these two incarnations. Requires that none is open, nothing is unread, and all ends were collected. */
void wire_open(struct wire *self, uint32_t own_incarnation, uint32_t peer_incarnation,
               uint64_t now_ns);

/**
 * The peer is dead, or the run over. What is under way ends as gone (collect it with wire_ended); what was delivered can
 * still be taken; frames of the session are refused from now on.
 */
void wire_close(struct wire *self);

enum session_state wire_state(const struct wire *self);

/**
 * Publish on a stream of ours. The body is lent until wire_ended names its token (control: there is none). Requires an open
 * session. `old` may be NULL on streams that supersede nothing.
 */
enum wire_publish wire_publish(struct wire *self, uint16_t stream,
                               const struct stream_tx_item *item, uint64_t now_ns,
                               struct stream_tx_item *old);

/**
 * One frame, `count` bytes from its header on. True: it was accepted (which says not that it was of use).
 * Cost: a copy of its payload, and a checksum where the plan has one.
 */
bool wire_input(struct wire *self, const unsigned char *bytes, size_t count, uint64_t now_ns);

/** The next frame to send. False: none now. It is borrowed until the next call of anything but wire_due_ns. */
bool wire_output(struct wire *self, uint64_t now_ns, struct frame *out);

/** The next delivery; false: none. */
bool wire_take(struct wire *self, struct wire_delivery *out);

/** A slot of a delivered tensor is free. On `exact` streams the sender will be told. */
void wire_release(struct wire *self, uint16_t stream, uint32_t slot);

/** The next loan that ended; false: none. Must be drained after each wire_input. */
bool wire_ended(struct wire *self, struct wire_end *out);

/** When wire_output wants to be called although nothing happened; UINT64_MAX: never. */
uint64_t wire_due_ns(const struct wire *self);

/** Nothing waits, nothing is under way, no return is owed: all that was published is delivered and known to be. */
bool wire_is_idle(const struct wire *self);

/** This end will publish no more. The session is over (SESSION_ENDED) when the other end has said so too. */
void wire_bye(struct wire *self, uint64_t now_ns);

/** Frames that the peer had sent when it said BYE last; 0: it has not. */
uint64_t wire_peer_sent(const struct wire *self);

/** Ask what the other clock shows; wire_clocks has the answers. */
void wire_ask_clock(struct wire *self);
const struct clocks *wire_clocks(const struct wire *self);
const struct rtt *wire_rtt(const struct wire *self);

uint64_t wire_counted(const struct wire *self, enum wire_count which);
const char *wire_count_name(enum wire_count which);
struct wire_books wire_books(const struct wire *self);

#endif
