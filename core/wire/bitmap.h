/* SPDX-License-Identifier: BSD-3-Clause */
/** Bits in 64-bit words, lowest first. */
#ifndef CORE_WIRE_BITMAP_H
#define CORE_WIRE_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

static inline uint32_t bitmap_words(uint32_t bits)
{
    return (bits + 63u) / 64u;
}

static inline bool bitmap_has(const uint64_t *word, uint32_t bit)
{
    return (word[bit / 64u] >> bit % 64u & 1u) != 0;
}

static inline void bitmap_set(uint64_t *word, uint32_t bit)
{
    word[bit / 64u] |= UINT64_C(1) << bit % 64u;
}

static inline void bitmap_clear(uint64_t *word, uint32_t bit)
{
    word[bit / 64u] &= ~(UINT64_C(1) << bit % 64u);
}

/** The bits of word `index` that are below `bits`. */
static inline uint64_t bitmap_below(uint32_t index, uint32_t bits)
{
    if (bits >= 64u * (index + 1u))
        return ~UINT64_C(0);
    return bits <= 64u * index ? 0 : (UINT64_C(1) << (bits - 64u * index)) - 1u;
}

#endif
