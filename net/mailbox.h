/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One-slot channel for class `newest`: a newer message replaces an unread one; never full, never blocks.
 *
 * A triple buffer. Three cells of one message each: at any time one belongs to the producer, one to the consumer, and
 * one lies in between, named by the shared word {cell, fresh}. Publishing is one atomic exchange of the producer's cell
 * with the one in between; taking is one exchange of the consumer's. So neither side can ever see the other's half
 * written or half read cell, however long a thread is stopped in the middle.
 *
 * If the cell that the producer gets back is still fresh, nobody read it: that message is superseded, and the producer
 * learns it at once, so that it can take back the loan the message carried. Every message is therefore delivered or
 * handed back, exactly one of the two.
 *
 * One producer thread, one consumer thread. Zeroed memory is not a mailbox: call mailbox_init before the threads start.
 *
 * Source: the triple buffer with an atomic exchange, common in graphics and audio. It does in three cells what
 *         H. Simpson, "Four-slot fully asynchronous communication mechanism", IEE Proc. E 137(1), 1990, does in four
 *         with plain control bits.
 */
#ifndef NET_MAILBOX_H
#define NET_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/worker/port.h"
#include "net/line.h"

#define MAILBOX_CELLS 3u
#define MAILBOX_FRESH 4u /* bit beside the cell number 0..2 */

struct mailbox {
    _Alignas(LINE_BYTES) _Atomic uint32_t word; /* cell in between | MAILBOX_FRESH */
    _Alignas(LINE_BYTES) struct port_message cell[MAILBOX_CELLS];
    _Alignas(LINE_BYTES) uint32_t back;  /* the producer's cell */
    _Alignas(LINE_BYTES) uint32_t front; /* the consumer's cell */
};
_Static_assert(sizeof(struct mailbox) == 6 * LINE_BYTES, "word, three cells, two private lines");

void mailbox_init(struct mailbox *self);

/** Publish. True: an unread older message was replaced and is now in `*old`. Producer only. */
bool mailbox_send(struct mailbox *self, const struct port_message *message,
                  struct port_message *old);

/** True when something may be waiting: one load of a line that is in our cache while nothing happens. */
static inline bool mailbox_ready(struct mailbox *self)
{
    /* relaxed: only a hint; mailbox_take's exchange does the ordering. */
    return (atomic_load_explicit(&self->word, memory_order_relaxed) & MAILBOX_FRESH) != 0;
}

/** Take the newest message. False: nothing new since the last time. Consumer only. */
bool mailbox_take(struct mailbox *self, struct port_message *out);

#endif
