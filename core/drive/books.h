/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Where the time of a worker's iteration went.
 *
 * The books have an edge: all that passed before it is booked, nothing behind it is. Time is booked by moving the edge on, so
 * each stretch belongs to one part, and the parts add up to the whole whatever a driver does. Ticks are the driver's own.
 *
 * Which part a stretch belongs to is sometimes only known later: books_move corrects the past, within the whole.
 */
#ifndef CORE_DRIVE_BOOKS_H
#define CORE_DRIVE_BOOKS_H

#include <string.h>

#include "core/drive/blame.h"
#include "core/drive/time_parts.h"

struct books {
    uint64_t begin, edge;      /* of the iteration; begin <= edge */
    uint64_t part[PART_COUNT]; /* add up to edge - begin */
};

static inline void books_open(struct books *self, uint64_t now)
{
    memset(self->part, 0, sizeof(self->part));
    self->begin = self->edge = now;
}

/** Of what is not booked before `until`, `most` at most belongs to `part`. Returns how much that was. */
static inline uint64_t books_share(struct books *self, enum part part, uint64_t most,
                                   uint64_t until)
{
    const uint64_t open = until > self->edge ? until - self->edge : 0;
    const uint64_t share = most < open ? most : open;
    self->part[part] += share;
    self->edge += share;
    return share;
}

/** All that is not booked before `until` belongs to `part`. Returns how much that was. */
static inline uint64_t books_fill(struct books *self, enum part part, uint64_t until)
{
    return books_share(self, part, UINT64_MAX, until);
}

/** What passed before `until` of a gradient: it had to wait for its core, computed, and was delayed. */
static inline void books_phase(struct books *self, const struct blame_phase *phase, uint64_t until)
{
    if (phase->end < until)
        until = phase->end;
    books_fill(self, PART_HELD, phase->begin < until ? phase->begin : until);
    books_fill(self, PART_COMPUTE, phase->injected < until ? phase->injected : until);
    books_fill(self, PART_INJECTED, until);
}

/** `most` at most of what was booked as `from` was `to`. Returns how much that was. */
static inline uint64_t books_move(struct books *self, enum part from, enum part to, uint64_t most)
{
    const uint64_t share = most < self->part[from] ? most : self->part[from];
    self->part[from] -= share;
    self->part[to] += share;
    return share;
}

/** What was booked as `part` and lies behind `now` did not happen. */
static inline void books_cut(struct books *self, enum part part, uint64_t now)
{
    const uint64_t ahead = self->edge > now ? self->edge - now : 0;
    const uint64_t share = ahead < self->part[part] ? ahead : self->part[part];
    self->part[part] -= share;
    self->edge -= share;
}

#endif
