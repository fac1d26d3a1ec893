/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The triple buffer's two exchanges.
 *
 * What costs time is lines that wait for each other. One delivery needs the producer's cell, the shared word for
 * writing, the shared word at the consumer, and the cell at the consumer. The producer fetches its *next* cell
 * for writing right after a publication, when nobody waits for it, and the word while the cell is being filled; the consumer
 * fetches the cell while its exchange waits for the word. That leaves about two transfers in series.
 */
#include "net/mailbox.h"

#define CELL_MASK 3u

void mailbox_init(struct mailbox *self)
{
    for (uint32_t i = 0; i < MAILBOX_CELLS; i++)
        self->cell[i] = (struct port_message){.sent_cyc = 0};
    atomic_init(&self->word, 0); /* cell 0 in between, stale */
    self->back = 1;
    self->front = 2;
}

bool mailbox_send(struct mailbox *self, const struct port_message *message,
                  struct port_message *old)
{
    const uint32_t mine = self->back;

    line_prefetch_write(&self->word);
    self->cell[mine] = *message;
    /* release: the consumer that reads this word must see the whole cell written above.
     * acquire: the cell we get back was read (or skipped) by the consumer before it gave it away with its release;
     * without it our next write could overtake that read. */
    const uint32_t before =
        atomic_exchange_explicit(&self->word, mine | MAILBOX_FRESH, memory_order_acq_rel);

    self->back = before & CELL_MASK;
    line_prefetch_write(&self->cell[self->back]);
    if ((before & MAILBOX_FRESH) == 0)
        return false;
    *old = self->cell[self->back]; /* our own writing of last time: nobody else touched it */
    return true;
}

bool mailbox_take(struct mailbox *self, struct port_message *out)
{
    /* relaxed: decides only whether to go on. Only the consumer clears FRESH, so once seen it stays; the exchange
     * below may name a newer cell than this load did, and it is the one that counts. */
    const uint32_t seen = atomic_load_explicit(&self->word, memory_order_relaxed);
    if ((seen & MAILBOX_FRESH) == 0)
        return false;
    line_prefetch_read(&self->cell[seen & CELL_MASK]);

    /* acquire: see the cell that the producer filled before its release.
     * release: our reads of the old front cell happened before the producer may write it again. */
    const uint32_t before =
        atomic_exchange_explicit(&self->word, self->front, memory_order_acq_rel);
    self->front = before & CELL_MASK;
    *out = self->cell[self->front];
    return true;
}
