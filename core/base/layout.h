/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Placing the arrays of a state behind its struct: one function computes the size and, with memory, the places.
 *
 * Run it with base = NULL to learn `used`, then again with that many bytes.
 */
#ifndef CORE_BASE_LAYOUT_H
#define CORE_BASE_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

struct layout {
    uint8_t *base; /* NULL: only measure */
    size_t used;
};

/** Room for `count` items of `size` bytes, 16-byte aligned; NULL while measuring. */
static inline void *layout_take(struct layout *self, size_t count, size_t size)
{
    const size_t at = (self->used + 15u) & ~(size_t)15u;
    self->used = at + count * size;
    return self->base ? self->base + at : NULL;
}

/** The same at the beginning of a cache line; `base` must be at one. */
static inline void *layout_take_lines(struct layout *self, size_t count, size_t size)
{
    self->used = (self->used + 63u) & ~(size_t)63u;
    return layout_take(self, count, size);
}

/** The same for a list of all peer indices 0 .. count-1: `&list[i]` with count 1 names one peer. */
static inline uint32_t *layout_everyone(struct layout *self, uint32_t count)
{
    uint32_t *list = layout_take(self, count, sizeof(*list));
    for (uint32_t i = 0; list && i < count; i++)
        list[i] = i;
    return list;
}

#endif
