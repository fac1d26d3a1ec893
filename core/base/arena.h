/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Aligned slices out of one memory area that somebody else mapped; sealed before the run.
 *
 * Set-up -> seal -> run -> reset. After arena_seal a further request is a programmer error (CHECK): nobody allocates
 * during a run. Reset hands the whole area out again, so that the cells of a matrix share it with flat memory.
 */
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena {
    unsigned char *base; /* borrowed */
    size_t size_bytes;
    size_t used_bytes;
    size_t peak_bytes;
    bool sealed;
};

#define ARENA_ALIGN 64u

void arena_init(struct arena *self, void *base, size_t size_bytes);

/** `bytes` zeroed bytes, 64-byte aligned, or NULL when the area is too small. */
void *arena_take(struct arena *self, size_t bytes);

void arena_seal(struct arena *self);
void arena_reset(struct arena *self);

/** What arena_take(bytes) costs, for plans. */
static inline size_t arena_cost(size_t bytes)
{
    return (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

#endif
