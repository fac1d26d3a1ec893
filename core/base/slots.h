/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Slots and loans: who may still read which published parameter vector.
 *
 * Pure logic, shared by the live and the virtual driver; the memory of the vectors is somebody else's. A worker owns
 * `count` numbered slots. It writes into a taken slot, may make it its current model, and lends it to any number of
 * outgoing edges. A slot is free again when it is neither held by the owner nor lent to anybody. The *sender* keeps
 * the loans, per edge, so that losing a peer reclaims exactly what that peer held.
 *
 * A handle names a snapshot, not an address: {incarnation, slot, version}. Version numbers grow with every new model
 * of this worker, so a handle that outlived its slot is recognised (slots_current_handle differs). A worker that comes
 * back empty has a new incarnation; what others still read of the old one keeps its slot and its name.
 */
#ifndef CORE_BASE_SLOTS_H
#define CORE_BASE_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#define SLOTS_MAX 65536u
#define SLOTS_NONE UINT32_MAX

/** Packed {incarnation:16, slot:16, version:32}; 0 is "no handle" (incarnations start at 1). */
typedef uint64_t slots_handle;

static inline slots_handle slots_pack(uint16_t incarnation, uint32_t slot, uint32_t version)
{
    return (uint64_t)incarnation << 48 | (uint64_t)(slot & 0xffffu) << 32 | version;
}
static inline uint16_t slots_incarnation_of(slots_handle h)
{
    return (uint16_t)(h >> 48);
}
static inline uint32_t slots_slot_of(slots_handle h)
{
    return (uint32_t)(h >> 32) & 0xffffu;
}
static inline uint32_t slots_version_of(slots_handle h)
{
    return (uint32_t)h;
}

/** One slot's book-keeping. */
struct slots_entry {
    uint32_t version;     /* of the vector it holds */
    uint32_t loans;       /* readers outside */
    bool held;            /* the owner still wants it (current model, or being written) */
    uint16_t incarnation; /* in which it was sealed */
};

/** One loan: an edge that may read a slot. `head` lists per edge are kept in `slots`. */
struct slots {
    struct slots_entry *entry; /* [count], caller's */
    uint16_t *loan;            /* [edges * count] how often edge e holds slot s, caller's */
    uint32_t count;
    uint32_t edges;
    uint32_t free_count;
    uint32_t free_count_min; /* low-water mark, for the result */
    uint32_t cursor;         /* where the next search begins: spreads reuse */
    uint16_t incarnation;
};

/** Bytes of the two arrays together, for the plan. */
uint64_t slots_bytes(uint32_t count, uint32_t edges);

/** `memory`: slots_bytes() bytes, 8-byte aligned, borrowed until the end. All slots start free. */
void slots_init(struct slots *self, void *memory, uint32_t count, uint32_t edges,
                uint16_t incarnation);

/** Take a free slot to write into (held, no loans), or SLOTS_NONE when the pool is exhausted. */
uint32_t slots_take(struct slots *self);

/** Give the held slot its version; from now on it is an immutable snapshot. Returns its handle. */
slots_handle slots_seal(struct slots *self, uint32_t slot, uint32_t version);

/** The owner no longer wants the slot (a newer model replaced it). Free once every loan is back. */
void slots_drop(struct slots *self, uint32_t slot);

/** Lend a held, sealed slot to `edge`. */
void slots_lend(struct slots *self, uint32_t slot, uint32_t edge);

/** `edge` gives the snapshot back (mixed, or superseded unread). False: it held no such loan (already reclaimed). */
bool slots_return(struct slots *self, slots_handle handle, uint32_t edge);

/** The peer behind `edge` is gone: take back all it holds. Returns how many loans that were. */
uint32_t slots_reclaim(struct slots *self, uint32_t edge);

/** The owner has come back empty, and wants none of its slots. What is lent stays lent. */
void slots_restart(struct slots *self);

/** Take all free slots but `keep` out of use until slots_restore. Returns how many. No slot is being written. */
uint32_t slots_withhold(struct slots *self, uint32_t keep);

/** Give up to `count` withheld slots back. Returns how many. */
uint32_t slots_restore(struct slots *self, uint32_t count);

/** Handle the slot has now; a reader compares it with its own to detect reuse. */
slots_handle slots_current_handle(const struct slots *self, uint32_t slot);

#endif
