/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Faults of a wire, planted for those who look for them: what a wrong one would have said or done is put in at its edge,
 * into frames and into what it remembers. The wire itself has no such hook.
 */
#ifndef TESTS_RANDOM_WIRE_PLANT_H
#define TESTS_RANDOM_WIRE_PLANT_H

#include "core/wire/wire_parts.h"

enum wire_plant {
    WIRE_PLANT_NONE,
    WIRE_PLANT_CREDIT,     /* credit counts the frames that came, not up to which */
    WIRE_PLANT_PREEMPT,    /* a newer tensor takes the place of one that is under way */
    WIRE_PLANT_ONE_WAVE,   /* one wave of quiet is enough */
    WIRE_PLANT_LATE_BOOKS, /* a message is counted when it is taken, after its ACK */
    WIRE_PLANT_BITMAP, /* an ACK has room for 256 chunks, and what is behind them counts as missing */
    WIRE_PLANT_LOAN,   /* the loan of an exact message ends with its ACK */
    WIRE_PLANT_SESSION, /* frames of other sessions are taken */
    WIRE_PLANT_REPLAY,  /* frames are accepted as often as they come */
    WIRE_PLANT_NUMBER,  /* a chunk of an older message is taken for one of the next */
    WIRE_PLANTS
};

const char *wire_plant_name(enum wire_plant plant);

/** WIRE_PLANTS: there is none of this name. */
enum wire_plant wire_plant_find(const char *name);

/** A whole frame that leaves `wire`; its length may shrink. `first`: the counter before the first that came to it. */
void wire_plant_output(enum wire_plant plant, const struct wire *wire, uint64_t first,
                       unsigned char *bytes, uint32_t *count);

/** A frame that is about to enter `wire`. */
void wire_plant_input(enum wire_plant plant, struct wire *wire, unsigned char *bytes,
                      uint32_t count);

/** A tensor is about to be published on a stream. True, and its token: what was under way counts as replaced. */
bool wire_plant_preempts(enum wire_plant plant, struct wire *wire, uint32_t stream,
                         uint64_t *token);

#endif
