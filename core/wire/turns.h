/* SPDX-License-Identifier: BSD-3-Clause */
/** Streams that wait for their turn, first come first served, each at most once: no stream is looked at that waits for nothing. */
#ifndef CORE_WIRE_TURNS_H
#define CORE_WIRE_TURNS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/base/layout.h"
#include "core/wire/bitmap.h"

struct turns {
    uint64_t *member; /* bit per stream */
    uint16_t *next;   /* [streams] */
    uint32_t streams, count;
    uint16_t first, last;
};

static inline struct turns turns_lay_out(uint32_t streams, struct layout *layout)
{
    return (struct turns){
        .member = layout_take(layout, bitmap_words(streams), sizeof(uint64_t)),
        .next = layout_take(layout, streams, sizeof(uint16_t)),
        .streams = streams,
    };
}

static inline void turns_clear(struct turns *self)
{
    memset(self->member, 0, bitmap_words(self->streams) * sizeof(uint64_t));
    self->count = 0;
}

/** At the end of the line, if it does not wait yet. */
static inline void turns_push(struct turns *self, uint16_t stream)
{
    if (bitmap_has(self->member, stream))
        return;
    bitmap_set(self->member, stream);
    if (self->count++ == 0)
        self->first = stream;
    else
        self->next[self->last] = stream;
    self->last = stream;
}

/** The first of the line leaves it. Requires count > 0. */
static inline uint16_t turns_pop(struct turns *self)
{
    const uint16_t stream = self->first;
    bitmap_clear(self->member, stream);
    self->first = self->next[stream];
    self->count--;
    return stream;
}

#endif
