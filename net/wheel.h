/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Timers of one thread: numbered nodes, each with a time, handed back when it has come, the earliest first.
 *
 * A hashed timing wheel of WHEEL_SLOTS slots, a power of two of cycles wide each (about half a microsecond), with a bit
 * per slot that is in use; whatever lies beyond the wheel's window waits in a list and is dealt onto it when it has run
 * empty. Nodes of one slot are sorted, so the width of a slot costs no accuracy: only how often the owner looks does.
 * Nodes of equal time come out in the order in which they were added.
 *
 * Single-threaded, no allocation after wheel_init. Adding and taking cost some 10 ns while nodes are spread over slots.
 *
 * Source: G. Varghese, T. Lauck, "Hashed and hierarchical timing wheels", SOSP 1987 (scheme 5, with sorted lists).
 */
#ifndef NET_WHEEL_H
#define NET_WHEEL_H

#include <stdint.h>

#include "core/base/arena.h"

#define WHEEL_SLOTS 4096u
#define WHEEL_WORDS (WHEEL_SLOTS / 64u)
#define WHEEL_NONE UINT32_MAX

struct wheel_list {
    uint32_t first, last; /* WHEEL_NONE: empty */
};

struct wheel {
    uint64_t earliest_cyc; /* of all nodes; UINT64_MAX: there is none */
    uint64_t begin,
        end; /* slots since the TSC's zero: the window; what is due before it counts to its first slot */
    uint64_t used;             /* one bit per word of `bit` that is not 0 */
    uint64_t bit[WHEEL_WORDS]; /* one bit per slot that has nodes */
    struct wheel_list slot[WHEEL_SLOTS];
    struct wheel_list far; /* in the order in which they were added */
    uint64_t far_least_cyc;
    uint32_t near_count;
    uint32_t shift;    /* a slot is 2^shift cycles */
    uint32_t capacity; /* nodes */
    uint64_t *due_cyc; /* [capacity] */
    uint32_t *next;    /* [capacity] */
};

/** What wheel_init takes from the arena. */
uint64_t wheel_bytes(uint32_t capacity);

/** An empty wheel for nodes 0 .. capacity - 1; `slot_ns` is rounded down to a power of two of cycles. CHECKs the arena's room. */
void wheel_init(struct wheel *self, uint32_t capacity, double slot_ns, double cyc_per_ns,
                struct arena *memory);

/** `node` is not on the wheel and comes out at due_cyc, which may have passed. now_cyc never runs backwards. */
void wheel_add(struct wheel *self, uint32_t node, uint64_t due_cyc, uint64_t now_cyc);

/** The earliest node whose time has come, or WHEEL_NONE. */
uint32_t wheel_take(struct wheel *self, uint64_t now_cyc);

/** When a node is due, from wheel_add on. */
static inline uint64_t wheel_due_cyc(const struct wheel *self, uint32_t node)
{
    return self->due_cyc[node];
}

#endif
