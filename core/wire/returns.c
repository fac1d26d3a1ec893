/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/wire/returns.h"

#include <string.h>

#include "core/base/check.h"

struct returns returns_lay_out(uint32_t places, struct layout *layout)
{
    return (struct returns){
        .queue = layout_take(layout, places, sizeof(struct returns_item)),
        .places = places,
        .body = layout_take_lines(layout, RETURNS_DEPTH, RETURNS_BODY_BYTES),
        .store = layout_take_lines(layout, 2 * RETURNS_DEPTH, RETURNS_BODY_BYTES),
    };
}

struct stream_plan returns_plan(unsigned char *store)
{
    return (struct stream_plan){
        .class = STREAM_RETURNS,
        .depth = RETURNS_DEPTH,
        .slots = 2 * RETURNS_DEPTH,
        .body_bytes = RETURNS_BODY_BYTES,
        .store = store,
        .slot_bytes = RETURNS_BODY_BYTES,
    };
}

bool returns_push(struct returns *self, struct returns_item item)
{
    if (self->count == self->places)
        return false;
    self->queue[(self->first + self->count++) % self->places] = item;
    return true;
}

uint32_t returns_fill(struct returns *self, uint32_t place)
{
    CHECK(place < RETURNS_DEPTH);
    unsigned char *const body = self->body + (size_t)place * RETURNS_BODY_BYTES;
    uint32_t bytes = 0;
    for (; self->count > 0 && bytes < RETURNS_BODY_BYTES; self->count--) {
        memcpy(body + bytes, &self->queue[self->first], sizeof(self->queue[0]));
        bytes += (uint32_t)sizeof(self->queue[0]);
        self->first = self->first + 1 < self->places ? self->first + 1 : 0;
    }
    return bytes;
}
