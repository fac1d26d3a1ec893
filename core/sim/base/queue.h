/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The event queue: earliest first, and first in first out among equal times.
 *
 * A monotone radix heap: nothing may be pushed before the time popped last, which a simulation never does. An entry is
 * moved at most once per 16-ary digit of the time still ahead of it, always in a sequential sweep, and not at all where it
 * is alone in its bucket, so the cost per event hardly grows with the number of events that are due.
 *
 * Source: R. Ahuja, K. Mehlhorn, J. Orlin, R. Tarjan, "Faster algorithms for the shortest path problem", J. ACM 1990.
 */
#ifndef CORE_SIM_BASE_QUEUE_H
#define CORE_SIM_BASE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/sim/base/memory.h"

#define QUEUE_DIGIT_BITS 4u
#define QUEUE_DIGITS (1u << QUEUE_DIGIT_BITS)
#define QUEUE_LEVELS (64u / QUEUE_DIGIT_BITS)

/** `ref` and `extra` are the owner's. */
struct queue_entry {
    uint64_t at_ns;
    uint32_t ref, extra;
};

/** In order of insertion. */
struct queue_bucket {
    struct queue_entry *entry; /* [room] */
    uint32_t tail, room;
};

struct queue {
    struct queue_bucket due; /* due at last_ns, from due_head on */
    struct queue_bucket bucket[QUEUE_LEVELS][QUEUE_DIGITS];
    uint16_t digits[QUEUE_LEVELS]; /* bit d: bucket[level][d] is not empty */
    uint16_t levels;               /* bit l: digits[l] is not 0 */
    uint32_t due_head;
    uint64_t last_ns; /* popped last */
    uint64_t count;
    const struct sim_memory *memory; /* borrowed */
    bool exhausted;                  /* a push found no memory and was lost */
    /** Told of each entry, mostly once, when it will be due soon, so that memory can be fetched; NULL: nobody cares. */
    void (*soon)(const void *owner, const struct queue_entry *entry);
    uint32_t
        near; /* level of windows + 1: what is below that level is in this window; 0: there are none */
    uint32_t popped; /* since tuned_ns, when `near` was chosen */
    uint64_t tuned_ns;
    const struct queue_bucket *ahead; /* the next window, or NULL */
    uint32_t looked;                  /* entries of it told so far */
    const void *owner;
};

/** Starts at time 0. */
void queue_init(struct queue *self, const struct sim_memory *memory);
void queue_fini(struct queue *self);

/** Requires at_ns >= the time popped last. */
void queue_push(struct queue *self, struct queue_entry entry);

/** False: empty. */
bool queue_pop(struct queue *self, struct queue_entry *out);

#endif
