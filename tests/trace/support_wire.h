/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Golden traces of one end of a wire as text: what happens to it on the left, what comes out on the right, one step per line.
 *
 *     @0   open                      -> hello asks 448 #1
 *     @10  helloack asks 448 #1      -> hello agreed 448 #2
 *     @20  publish s1                -> data s1 n1 0/1 #3
 *     @30  ack s1 next 2 seen 3 #2   ->
 *     @40  data s2 n1 1/4 #3         -> ack s2 next 1 has 01 seen 3 #4
 *
 * Left: open, close, bye, wait, clock; publish sN [bytes]; keep on, keep off (deliveries are taken and given back at once, or
 * lie), take, release sN slot; and frames of the other end, with their counter:
 *   hello, helloack: asks or agreed, length;  data sN nN chunk/chunks [bytes];  probe sN;  bye [heard] [last];
 *   ack sN next N [base N] [has BITS] seen N [probe N] [cut];  returns sN nN (DATA of stream 0).
 * `credit N` behind any of them is what it grants (else 100 beyond what this end has sent), `session N` adds to its session.
 *
 * Right: frames that leave, as on the left; `took sN nN`; `ended sN tN` or `gone sN tN` (tokens count publishes from 1);
 * `replaced tN`; `full`; `refused: CAUSE`.
 *
 * Times are in microseconds. The plan of both directions: s1 control (8 deep), s2 exact (2 deep, bodies up to 600 bytes, 5
 * slots), s3 newest (the same bodies, 3 slots). A payload has 192 bytes, so a body of 500 makes 4 chunks.
 */
#ifndef TESTS_TRACE_SUPPORT_WIRE_H
#define TESTS_TRACE_SUPPORT_WIRE_H

#include "core/wire/wire_parts.h"

#define TRACE_WIRE_BODY 600u

struct trace_wire {
    struct wire *wire;
    void *memory;
    uint64_t now_ns, token;
    bool keeps; /* deliveries lie until `take` */
    unsigned char store[2][5][TRACE_WIRE_BODY], body[TRACE_WIRE_BODY];
};

/** An end with id 1 that asks (its peer is 2), or id 2 that waits. `payloads`: {448, 192} where `two`, else {192}. */
void trace_wire_init(struct trace_wire *self, bool asks, bool two, uint32_t window);

/** The same, waiting, and opened by the peer's frame #1; this end has sent frame #1. */
void trace_wire_init_open(struct trace_wire *self, uint32_t window);
void trace_wire_free(struct trace_wire *self);

/** Run the text; fails the test at the first line that comes out otherwise. */
void expect_wire(struct trace_wire *self, const char *text);

#endif
