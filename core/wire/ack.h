/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The payload of an ACK: all that a receiver has of one stream, counted from the first message that is not whole.
 *
 * A stream's window is one long row of bits. Where a message is one chunk, bit i is message `next` + i. Where it is more,
 * each message has `words` whole words of them (stream.h), so bit 64 * words * i + c is chunk c of message `next` + i.
 * `base` words are left out because all their bits are set; `count` words follow. What is behind them has not been seen,
 * unless the ACK is marked as cut: then nothing is said about it.
 */
#ifndef CORE_WIRE_ACK_H
#define CORE_WIRE_ACK_H

#include <stdint.h>

#define ACK_CUT 1u /* there was no room for more words */

struct ack_fixed {
    uint32_t next;    /* number of the first message that is not delivered */
    uint32_t base;    /* words left out in front */
    uint32_t seen;    /* highest counter that has come, of any frame */
    uint32_t flags;   /* ACK_CUT */
    uint64_t probe;   /* counter of the PROBE that this answers; 0: of none */
    uint64_t echo_ns; /* tx_ns of the frame that came last */
    uint64_t held_ns; /* how long ago that was */
};
_Static_assert(sizeof(struct ack_fixed) == 40, "as it is sent");

#define ACK_WORDS_MAX 1024u /* a window is told in pieces where it is longer */

struct ack {
    struct ack_fixed fixed;
    uint32_t count;
    uint64_t word[ACK_WORDS_MAX];
};

#endif
