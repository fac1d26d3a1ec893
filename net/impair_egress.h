/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The egress of an impaired edge: where messages are held, and how they leave; for impair.c and impair_leave.c only.
 */
#ifndef NET_IMPAIR_EGRESS_H
#define NET_IMPAIR_EGRESS_H

#include "net/impair_parts.h"

/** What one call works on. */
struct egress {
    struct impair *port;
    struct impair_worker *worker;
    struct impair_out *out;
    uint32_t id, edge;
    uint64_t now_cyc;
};

static inline struct egress egress_of(struct impair *port, uint32_t worker, uint32_t edge,
                                      uint64_t now_cyc)
{
    struct impair_worker *const self = &port->worker[worker];
    return (struct egress){port, self, &self->out[edge], worker, edge, now_cyc};
}

/** Append a held message to a queue. */
void impair_append(struct impair_worker *worker, struct impair_queue *queue, uint32_t held);
void impair_drop_first(struct impair_worker *worker, struct impair_queue *queue);

/** A place for a message of the edge. There is one: its depths were counted at set-up. */
uint32_t impair_take_place(const struct egress *e, const struct port_message *message,
                           enum impair_kind kind, uint32_t number);
void impair_free_place(const struct egress *e, uint32_t held);

/** It leaves no trace, or that of a corrupted message: a line that its receiver throws away. */
void impair_drop(const struct egress *e, uint32_t number);

/** Newest, sum: if the link has room again, what waits for that sets out. In impair.c. */
void impair_depart_waiting(const struct egress *e);

#endif
