/* SPDX-License-Identifier: BSD-3-Clause */
/* A ring of items of one size; its room is a power of two and doubles. Items move when it grows. */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/random/shadow_state.h"

#define ROOM_FIRST 8u

void *shadow_queue_at(const struct shadow_queue *self, uint32_t index)
{
    CHECK(index < self->count);
    return (char *)self->item + (size_t)((self->head + index) & (self->room - 1)) * self->size;
}

static void grow(struct shadow_queue *self)
{
    const uint32_t room = self->room ? 2 * self->room : ROOM_FIRST;
    char *const item = malloc((size_t)room * self->size);
    CHECK(item);
    for (uint32_t i = 0; i < self->count; i++)
        memcpy(item + (size_t)i * self->size, shadow_queue_at(self, i), self->size);
    free(self->item);
    self->item = item;
    self->room = room;
    self->head = 0;
}

void *shadow_queue_push(struct shadow_queue *self)
{
    if (self->count == self->room)
        grow(self);
    self->count++;
    return shadow_queue_at(self, self->count - 1);
}

void shadow_queue_pop(struct shadow_queue *self)
{
    CHECK(self->count > 0);
    self->head = (self->head + 1) & (self->room - 1);
    self->count--;
}

void shadow_queue_remove(struct shadow_queue *self, uint32_t index)
{
    void *const at = shadow_queue_at(self, index);
    void *const last = shadow_queue_at(self, self->count - 1);
    if (at != last)
        memcpy(at, last, self->size);
    self->count--;
}
