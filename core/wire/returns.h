/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Loans on their way back: the readers of `exact` tensors give their copies up, and the publishers must learn of each.
 *
 * They travel as messages of the stream `returns`, exactly once and in order like any other exact one, up to RETURNS_ITEMS
 * in each. What is given up while a message is under way waits in a queue that holds every loan there can be.
 */
#ifndef CORE_WIRE_RETURNS_H
#define CORE_WIRE_RETURNS_H

#include <stdbool.h>

#include "core/base/layout.h"
#include "core/wire/stream.h"

#define RETURNS_ITEMS 128u
#define RETURNS_DEPTH 4u /* messages under way */

struct returns_item {
    uint32_t stream;
    uint32_t number;
};
_Static_assert(sizeof(struct returns_item) == 8, "as it is sent");

#define RETURNS_BODY_BYTES (RETURNS_ITEMS * (uint32_t)sizeof(struct returns_item))

struct returns {
    struct returns_item *queue; /* [places], a ring */
    uint32_t places, first, count;
    unsigned char *body;  /* [RETURNS_DEPTH] bodies of messages under way */
    unsigned char *store; /* [2 RETURNS_DEPTH] bodies that come in */
};

/** `places`: all loans that the peer can have out. */
struct returns returns_lay_out(uint32_t places, struct layout *layout);

/** What both ends must take for the plan of the stream. */
struct stream_plan returns_plan(unsigned char *store);

/** False: there is no room, so the peer sends more than it can lend. */
bool returns_push(struct returns *self, struct returns_item item);

/** Write up to RETURNS_ITEMS of the queue into body `place`. Returns the bytes. */
uint32_t returns_fill(struct returns *self, uint32_t place);

#endif
