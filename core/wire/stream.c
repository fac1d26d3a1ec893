/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/wire/stream.h"

#include "core/wire/bitmap.h"

static uint32_t prefix_of(enum stream_class class)
{
    if (class == STREAM_RETURNS)
        return 0;
    return class == STREAM_CONTROL ? STREAM_MESSAGE_BYTES : STREAM_PREFIX_BYTES;
}

struct stream_shape stream_shape(const struct stream_plan *plan, uint32_t payload)
{
    const uint32_t prefix = prefix_of(plan->class);
    const uint32_t body = plan->class == STREAM_CONTROL ? 0 : plan->body_bytes;
    const uint32_t depth = stream_newer_wins(plan->class) ? 1 : plan->depth;
    const uint32_t chunks = (uint32_t)(((uint64_t)prefix + body + payload - 1) / payload);
    return (struct stream_shape){
        .prefix_bytes = prefix,
        .chunk_bytes = payload,
        .chunks_max = chunks,
        .words = bitmap_words(chunks),
        .window = depth < STREAM_WINDOW_MAX ? depth : STREAM_WINDOW_MAX,
        .depth = depth,
    };
}
