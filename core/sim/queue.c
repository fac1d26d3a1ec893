/*
 * Bucket 0 holds what is due at last_ns itself, bucket b > 0 what first differs from it in bit b - 1. All entries of
 * one time are in one bucket, whatever last_ns is, and are moved in order: that makes equal times first in, first out.
 */
#include "core/sim/queue.h"

#include <string.h>

#include "core/base/check.h"

#define ROOM_FIRST 64u
/* Entries of a bucket of such a size will be popped soon, but not before their memory is there. */
#define SOON_MIN 16u
#define SOON_MAX 128u

void queue_init(struct queue *self, const struct sim_memory *memory)
{
    *self = (struct queue){.memory = memory};
}

void queue_fini(struct queue *self)
{
    for (uint32_t b = 0; b < QUEUE_BUCKETS; b++) {
        struct queue_bucket *const bucket = &self->bucket[b];
        if (bucket->entry)
            self->memory->resize(self->memory->context, bucket->entry,
                                 bucket->room * sizeof(*bucket->entry), 0);
        *bucket = (struct queue_bucket){0};
    }
}

static __attribute__((cold, noinline)) bool grow(struct queue *self, struct queue_bucket *bucket)
{
    const uint32_t room = bucket->room ? 2 * bucket->room : ROOM_FIRST;
    struct queue_entry *const entry = self->memory->resize(
        self->memory->context, bucket->entry, bucket->room * sizeof(*entry), room * sizeof(*entry));
    if (!entry) {
        self->exhausted = true;
        return false;
    }
    bucket->entry = entry;
    bucket->room = room;
    return true;
}

static inline uint32_t bucket_of(const struct queue *self, uint64_t at_ns)
{
    const uint64_t differs = at_ns ^ self->last_ns;
    return differs == 0 ? 0 : 64u - (uint32_t)__builtin_clzll(differs);
}

static inline void put(struct queue *self, struct queue_entry entry)
{
    const uint32_t b = bucket_of(self, entry.at_ns);
    struct queue_bucket *const bucket = &self->bucket[b];
    if (bucket->tail == bucket->room && !grow(self, bucket))
        return;
    if (bucket->tail == 0 || entry.at_ns < bucket->first_ns)
        bucket->first_ns = entry.at_ns;
    bucket->entry[bucket->tail++] = entry;
    if (b > 0)
        self->occupied |= 1ull << (b - 1);
}

void queue_push(struct queue *self, struct queue_entry entry)
{
    DCHECK(entry.at_ns >= self->last_ns);
    put(self, entry);
    self->count++;
}

/** Bucket 0 is empty: move time on to the earliest entry, and its bucket's entries to where they now belong. */
static void advance(struct queue *self)
{
    const uint32_t b = 1u + (uint32_t)__builtin_ctzll(self->occupied);
    struct queue_bucket *const from = &self->bucket[b];
    const uint32_t count = from->tail;
    self->occupied &= self->occupied - 1;
    self->last_ns = from->first_ns;
    from->tail = 0;
    for (uint32_t i = 0; i < count; i++) /* to buckets below this one: nothing is overwritten */
        put(self, from->entry[i]);
    if (self->soon && count >= SOON_MIN && count <= SOON_MAX)
        for (uint32_t i = 0; i < count; i++)
            self->soon(self->owner, &from->entry[i]);
}

bool queue_pop(struct queue *self, struct queue_entry *out)
{
    struct queue_bucket *const due = &self->bucket[0];
    if (due->head == due->tail) {
        if (self->occupied == 0)
            return false;
        advance(self);
    }
    *out = due->entry[due->head++];
    self->count--;
    if (due->head == due->tail)
        due->head = due->tail = 0;
    return true;
}
