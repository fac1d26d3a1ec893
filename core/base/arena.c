/* SPDX-License-Identifier: BSD-3-Clause */
/* A bump allocator: everything of a run lives and dies together, so there is nothing to free one by one. */
#include "core/base/arena.h"

#include <stdint.h>
#include <string.h>

#include "core/base/check.h"

void arena_init(struct arena *self, void *base, size_t size_bytes)
{
    CHECK(base);
    CHECK((uintptr_t)base % ARENA_ALIGN == 0);
    *self = (struct arena){.base = base, .size_bytes = size_bytes};
}

void *arena_take(struct arena *self, size_t bytes)
{
    CHECK(!self->sealed);
    const size_t left_bytes = self->size_bytes - self->used_bytes;
    if (bytes > left_bytes) /* first: arena_cost of a size near SIZE_MAX wraps around */
        return NULL;
    if (arena_cost(bytes) > left_bytes)
        return NULL;

    unsigned char *slice = self->base + self->used_bytes;
    self->used_bytes += arena_cost(bytes);
    if (self->used_bytes > self->peak_bytes)
        self->peak_bytes = self->used_bytes;
    memset(slice, 0, bytes);
    return slice;
}

void arena_seal(struct arena *self)
{
    self->sealed = true;
}

void arena_reset(struct arena *self)
{
    self->used_bytes = 0;
    self->sealed = false;
}
