/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two lists through the nodes: free ones are taken from the top (the buffer touched last is the one still in a cache),
 * dropped ones are looked through when no free one is left. A look costs a comparison per dropped node, and there are
 * only as many of them as tasks may be pending.
 */
#include "core/sim/values/values_pool.h"

#include <stdbool.h>

#include "core/base/check.h"

#define CHUNK_BYTES (1u << 20) /* buffers smaller than this share a chunk */

/* Head of each chunk; its line is followed by the buffers. */
struct values_pool_chunk {
    _Alignas(64) struct values_pool_chunk *next;
    size_t bytes;
};
_Static_assert(sizeof(struct values_pool_chunk) == 64, "buffers begin on a line");

void values_pool_init(struct values_pool *self, const struct sim_memory *memory, uint32_t floats)
{
    CHECK(floats > 0);
    CHECK(floats % 16 == 0);
    *self = (struct values_pool){
        .memory = memory, .floats = floats, .free = VALUES_POOL_NONE, .dropped = VALUES_POOL_NONE};
}

void values_pool_fini(struct values_pool *self)
{
    const struct sim_memory *const memory = self->memory;
    while (self->chunk) {
        struct values_pool_chunk *const chunk = self->chunk;
        self->chunk = chunk->next;
        memory->resize(memory->context, chunk, chunk->bytes, 0);
    }
    if (self->node)
        memory->resize(memory->context, self->node, self->capacity * sizeof(*self->node), 0);
    *self = (struct values_pool){0};
}

static bool make_room(struct values_pool *self, uint32_t more)
{
    if (self->capacity - self->count >= more)
        return true;
    const size_t capacity = (size_t)self->capacity * 2 + more;
    if (capacity >= VALUES_POOL_NONE)
        return false;
    struct values_node *const node =
        self->memory->resize(self->memory->context, self->node, self->capacity * sizeof(*node),
                             capacity * sizeof(*node));
    if (!node)
        return false;
    self->node = node;
    self->capacity = (uint32_t)capacity;
    return true;
}

static bool grow(struct values_pool *self)
{
    const size_t each = self->floats * sizeof(float);
    const uint32_t more = each < CHUNK_BYTES ? (uint32_t)(CHUNK_BYTES / each) : 1;
    const size_t bytes = sizeof(struct values_pool_chunk) + more * each;
    if (!make_room(self, more))
        return false;
    struct values_pool_chunk *const chunk =
        self->memory->resize(self->memory->context, NULL, 0, bytes);
    if (!chunk)
        return false;
    chunk->next = self->chunk;
    chunk->bytes = bytes;
    self->chunk = chunk;
    for (uint32_t i = 0; i < more; i++)
        self->node[self->count++].data = (float *)(chunk + 1) + (size_t)i * self->floats;
    return true;
}

static bool is_idle(const struct values_node *node, const struct values_pending *pending)
{
    return node->last <= pending->watermark &&
           (node->cut == 0 || pending->tasks->ops->finished(pending->tasks, node->cut));
}

static void collect(struct values_pool *self, const struct values_pending *pending)
{
    uint32_t *link = &self->dropped;
    while (*link != VALUES_POOL_NONE) {
        const uint32_t index = *link;
        struct values_node *const node = &self->node[index];
        if (!is_idle(node, pending)) {
            link = &node->next;
            continue;
        }
        *link = node->next;
        node->next = self->free;
        self->free = index;
    }
}

/* A buffer that was never used, if need be from a new chunk. */
static uint32_t take_fresh(struct values_pool *self)
{
    if (self->used == self->count && !grow(self))
        return VALUES_POOL_NONE;
    return self->used++;
}

/* Out of memory: what is pending may give some back. */
static void collect_patiently(struct values_pool *self, struct values_pending *pending)
{
    while (self->free == VALUES_POOL_NONE && values_pending_wait(pending))
        collect(self, pending);
    if (self->free == VALUES_POOL_NONE && pending->cuts > 0) {
        pending->tasks->ops->wait(pending->tasks, values_pending_cut(pending));
        collect(self, pending);
    }
}

static uint32_t take_free(struct values_pool *self)
{
    const uint32_t index = self->free;
    if (index != VALUES_POOL_NONE)
        self->free = self->node[index].next;
    return index;
}

uint32_t values_pool_take(struct values_pool *self, struct values_pending *pending)
{
    if (self->free == VALUES_POOL_NONE) {
        values_pending_poll(pending);
        collect(self, pending);
    }
    uint32_t index = take_free(self);
    if (index == VALUES_POOL_NONE)
        index = take_fresh(self);
    if (index == VALUES_POOL_NONE) {
        collect_patiently(self, pending);
        index = take_free(self);
    }
    if (index != VALUES_POOL_NONE)
        self->node[index] = (struct values_node){
            .data = self->node[index].data, .refs = 1, .next = VALUES_POOL_NONE};
    return index;
}

void values_pool_drop(struct values_pool *self, uint32_t index)
{
    struct values_node *const node = &self->node[index];
    CHECK(index < self->count);
    CHECK(node->refs > 0);
    if (--node->refs > 0)
        return;
    node->next = self->dropped;
    self->dropped = index;
}
