/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times are numbers of 16-ary digits. `due` holds what is due at last_ns itself; bucket {level, digit} holds what first
 * differs from last_ns in the digit of that level. All entries of one time are in one bucket, whatever last_ns is, and are
 * moved in order: that makes equal times first in, first out.
 *
 * One level's buckets are windows of time. While one window passes, the entries of the next are told to the owner, in no
 * order; what is pushed into the passing one is told at once.
 */
#include "core/sim/base/queue.h"

#include <string.h>

#include "core/base/check.h"

#define ROOM_FIRST 64u
/* A window: the time that a bucket of one level spans, long enough for this many events as they came lately. */
#define WINDOW_EVENTS 4u
#define RETUNE_POPS 1024u

void queue_init(struct queue *self, const struct sim_memory *memory)
{
    *self = (struct queue){.memory = memory};
}

static void give_back(struct queue *self, struct queue_bucket *bucket)
{
    if (bucket->entry)
        self->memory->resize(self->memory->context, bucket->entry,
                             bucket->room * sizeof(*bucket->entry), 0);
    *bucket = (struct queue_bucket){0};
}

void queue_fini(struct queue *self)
{
    give_back(self, &self->due);
    for (uint32_t level = 0; level < QUEUE_LEVELS; level++)
        for (uint32_t digit = 0; digit < QUEUE_DIGITS; digit++)
            give_back(self, &self->bucket[level][digit]);
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

/** False: there is no memory, and the entry is lost. */
static inline bool append(struct queue *self, struct queue_bucket *bucket, struct queue_entry entry)
{
    if (bucket->tail == bucket->room && !grow(self, bucket))
        return false;
    bucket->entry[bucket->tail++] = entry;
    return true;
}

/** Returns above which level it now is: 0 = due; UINT32_MAX: it is lost. */
static inline uint32_t put(struct queue *self, struct queue_entry entry)
{
    const uint64_t differs = entry.at_ns ^ self->last_ns;
    if (differs == 0)
        return append(self, &self->due, entry) ? 0 : UINT32_MAX;
    const uint32_t level = (63u - (uint32_t)__builtin_clzll(differs)) / QUEUE_DIGIT_BITS;
    const uint32_t digit = (uint32_t)(entry.at_ns >> (level * QUEUE_DIGIT_BITS)) % QUEUE_DIGITS;
    if (!append(self, &self->bucket[level][digit], entry))
        return UINT32_MAX;
    self->digits[level] |= (uint16_t)(1u << digit);
    self->levels |= (uint16_t)(1u << level);
    return level + 1;
}

void queue_push(struct queue *self, struct queue_entry entry)
{
    DCHECK(entry.at_ns >= self->last_ns);
    if (put(self, entry) < self->near)
        self->soon(self->owner, &entry);
    self->count++;
}

/** Choose the level of windows, from how far the last events lay apart. */
static __attribute__((cold, noinline)) void retune(struct queue *self)
{
    const uint64_t span_ns = (self->last_ns - self->tuned_ns) * WINDOW_EVENTS / RETUNE_POPS;
    const uint32_t bits = 63u - (uint32_t)__builtin_clzll(span_ns | 1);
    self->near = self->soon ? 1u + bits / QUEUE_DIGIT_BITS + 1u : 0;
    self->tuned_ns = self->last_ns;
    self->popped = 0;
    self->ahead = NULL;
}

/* One entry per pop, not a window at once: of 128 prefetches in a row a processor of 2022 drops most. */
static inline void look_ahead(struct queue *self)
{
    if (self->ahead && self->looked < self->ahead->tail)
        self->soon(self->owner, &self->ahead->entry[self->looked++]);
}

/** A window has begun: look at the next one from now on. */
static void aim(struct queue *self)
{
    const uint32_t level = self->near - 1;
    const struct queue_bucket *const next =
        level < QUEUE_LEVELS && self->digits[level]
            ? &self->bucket[level][__builtin_ctz(self->digits[level])]
            : NULL;
    if (next != self->ahead)
        self->looked = 0;
    self->ahead = next;
}

/**
 * Move the entries of a bucket to where they now belong, all of them nearer; the first one that is due goes out. The first
 * `told` of them need not be told any more.
 */
static void spread(struct queue *self, const struct queue_bucket *from, uint32_t count,
                   uint32_t told, struct queue_entry *out)
{
    uint64_t first_ns = UINT64_MAX;
    bool found = false;
    for (uint32_t i = 0; i < count; i++)
        first_ns = from->entry[i].at_ns < first_ns ? from->entry[i].at_ns : first_ns;
    self->last_ns = first_ns;
    for (uint32_t i = 0; i < count; i++) {
        const struct queue_entry entry = from->entry[i];
        if (!found && entry.at_ns == first_ns) {
            *out = entry;
            found = true;
        } else if (put(self, entry) < self->near && i >= told) {
            self->soon(self->owner, &entry);
        }
    }
}

/** Nothing is due at last_ns any more: time moves on to the earliest entry. */
static void advance(struct queue *self, struct queue_entry *out)
{
    const uint32_t level = (uint32_t)__builtin_ctz(self->levels);
    const uint32_t digit = (uint32_t)__builtin_ctz(self->digits[level]);
    struct queue_bucket *const from = &self->bucket[level][digit];
    const uint32_t count = from->tail;
    self->digits[level] &= (uint16_t)(self->digits[level] - 1u);
    if (self->digits[level] == 0)
        self->levels &= (uint16_t)(self->levels - 1u);
    from->tail = 0;
    if (self->popped >= RETUNE_POPS)
        retune(self);
    if (count == 1) {
        *out = from->entry[0];
        self->last_ns = out->at_ns;
    } else {
        uint32_t told = from == self->ahead ? self->looked : 0;
        if (level + 1 < self->near)
            told = count;
        spread(self, from, count, told, out);
    }
    if (level + 1 >= self->near)
        aim(self);
}

bool queue_pop(struct queue *self, struct queue_entry *out)
{
    struct queue_bucket *const due = &self->due;
    if (self->due_head < due->tail) {
        *out = due->entry[self->due_head++];
        if (self->due_head == due->tail)
            self->due_head = due->tail = 0;
    } else if (self->levels != 0) {
        advance(self, out);
    } else {
        return false;
    }
    look_ahead(self);
    self->count--;
    self->popped++;
    return true;
}
