/**
 * The event queue: earliest first, and first in first out among equal times.
 *
 * A monotone radix heap: nothing may be pushed before the time popped last, which a simulation never does. An entry is
 * moved at most once per bit of the time still ahead of it, always in a sequential sweep, so the cost per event hardly
 * grows with the number of events that are due.
 *
 * Source: R. Ahuja, K. Mehlhorn, J. Orlin, R. Tarjan, "Faster algorithms for the shortest path problem", J. ACM 1990.
 */
#ifndef CORE_SIM_QUEUE_H
#define CORE_SIM_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/sim/memory.h"

#define QUEUE_BUCKETS 65u

/** `ref` and `extra` are the owner's. */
struct queue_entry {
    uint64_t at_ns;
    uint32_t ref, extra;
};

/** Entries whose times first differ from `last_ns` in the same bit, in order of insertion. */
struct queue_bucket {
    struct queue_entry *entry; /* [room] */
    uint32_t head, tail, room;
    uint64_t first_ns; /* earliest in it */
};

struct queue {
    struct queue_bucket bucket[QUEUE_BUCKETS];
    uint64_t occupied; /* bit i: bucket i + 1 is not empty */
    uint64_t last_ns;  /* popped last */
    uint64_t count;
    const struct sim_memory *memory; /* borrowed */
    bool exhausted;                  /* a push found no memory and was lost */
    /** Told of entries that are due soon, so that their memory can be fetched; NULL: nobody cares. */
    void (*soon)(const void *owner, const struct queue_entry *entry);
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
