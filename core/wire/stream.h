/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One direction of one edge and class: what the plan says of it, and how its messages are cut into chunks.
 *
 * A message is a prefix, then a body. The prefix of a control is its 64 bytes, and there is no body. That of a tensor is the
 * message, a note of 24 bytes and zeros up to 128; its body is a stretch of a vector. `returns` has a body alone.
 */
#ifndef CORE_WIRE_STREAM_H
#define CORE_WIRE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#define STREAM_RETURNS_ID 0u /* the first stream of each direction; those of the plan follow it */
#define STREAM_WINDOW_MAX 64u
#define STREAM_REORDER 3u /* frames by which one may be overtaken before it counts as lost */
#define STREAM_MESSAGE_BYTES 64u
#define STREAM_NOTE_BYTES 24u
#define STREAM_PREFIX_BYTES 128u /* so that a body begins, and its chunks stay, at a whole line */
#define STREAM_BODY_MAX (UINT32_C(1) << 31)

enum stream_class {
    STREAM_RETURNS, /* the wire's own: loans on their way back */
    STREAM_CONTROL, /* small messages, all of them, in order */
    STREAM_EXACT,   /* tensors, all of them, in order */
    STREAM_NEWEST,  /* tensors; a newer one takes the place of one that waits or lies unread */
    STREAM_SUM,     /* the same: each carries all before it */
};

struct stream_plan {
    enum stream_class class;
    uint32_t depth; /* control, exact: messages that may lie unread at the receiver, 1 or more */
    uint32_t
        slots; /* tensors: places at the receiver: what its policy keeps, and 2 depth, or 2 where newer ones win */
    uint32_t body_bytes; /* tensors: of the longest body */
    /* Receiver: where bodies go, [slots] places `slot_bytes` apart. Borrowed. Sender: NULL. */
    unsigned char *store;
    size_t slot_bytes;
};

struct stream_shape {
    uint32_t prefix_bytes;
    uint32_t chunk_bytes;
    uint32_t chunks_max;
    uint32_t words;  /* of bits of one message */
    uint32_t window; /* messages under way at once, at most STREAM_WINDOW_MAX */
    uint32_t depth;  /* messages that may lie unread */
};

/** `payload`: bytes of a full frame behind its header, a multiple of 64. */
struct stream_shape stream_shape(const struct stream_plan *plan, uint32_t payload);

static inline int stream_newer_wins(enum stream_class class)
{
    return class == STREAM_NEWEST || class == STREAM_SUM;
}

#endif
