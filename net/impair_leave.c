/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Held messages: their places, and how they end or leave.
 *
 * A held message is in exactly one place: on the wheel, in a queue of its edge because the inner port was full when its
 * time came, waiting behind a full link (newest, sum), or behind a cut that lasts. It counts as in flight in all of them.
 */
#include "core/base/check.h"
#include "net/impair_egress.h"

/* ------------------------------------------------------------------------------------------------------ places */

void impair_append(struct impair_worker *worker, struct impair_queue *queue, uint32_t held)
{
    worker->place[held].next = WHEEL_NONE;
    if (queue->first == WHEEL_NONE)
        queue->first = held;
    else
        worker->place[queue->last].next = held;
    queue->last = held;
}

void impair_drop_first(struct impair_worker *worker, struct impair_queue *queue)
{
    queue->first = worker->place[queue->first].next;
}

/** A place for a message of the edge. There is one: its depths were counted at set-up. */
uint32_t impair_take_place(const struct egress *e, const struct port_message *message,
                           enum impair_kind kind, uint32_t number)
{
    struct impair_worker *const worker = e->worker;
    const uint32_t held = worker->free;
    CHECK(held != WHEEL_NONE);
    worker->free = worker->place[held].next;
    worker->place[held] =
        (struct impair_held){.message = *message,
                             .edge = e->edge,
                             .number = number,
                             .kind = (uint8_t)kind,
                             .class = message->is_tensor ? LINK_TENSOR : LINK_CONTROL};
    worker->held++;
    worker->count.held_tensors += message->is_tensor;
    if (worker->held > worker->count.held_max)
        worker->count.held_max = worker->held;
    return held;
}

void impair_free_place(const struct egress *e, uint32_t held)
{
    struct impair_worker *const worker = e->worker;
    struct impair_held *const place = &worker->place[held];
    if (place->kind == HELD_COPY || place->kind == HELD_WRONG)
        e->out->spare++;
    else
        e->out->held[place->class]--;
    worker->count.held_tensors -= place->class == LINK_TENSOR;
    place->next = worker->free;
    worker->free = held;
    worker->held--;
}

/* ------------------------------------------------------------------------------------------------------ ends */

/** A message ends unread at its sender: its loan, if it has one, comes home. */
static void end_unread(const struct egress *e, const struct port_message *message)
{
    const struct impair_books *const books = &e->worker->books;
    if (message->is_tensor && message->handle != 0)
        slots_return(books->slots, message->handle, e->edge); /* false after an eviction */
    impair_bump(books->received);
}

static void count_drop(const struct egress *e, const struct impair_held *held)
{
    struct impair_counts *const count = &e->worker->count;
    (held->class == LINK_TENSOR ? count->dropped_by : count->control_dropped_by)[held->cause]++;
}

/** It leaves no trace, or that of a corrupted message: a line that its receiver throws away. */
void impair_drop(const struct egress *e, uint32_t number)
{
    struct impair_held *const held = &e->worker->place[number];
    count_drop(e, held);
    if (held->cause != LINK_CORRUPT || e->out->spare == 0) {
        end_unread(e, &held->message);
        impair_free_place(e, number);
        return;
    }
    const struct port_message message = held->message;
    const uint32_t flip = held->flip, of = held->number;
    impair_free_place(e, number);
    e->out->spare--;
    const uint32_t wrong = impair_take_place(e, &message, HELD_WRONG, of);
    e->worker->place[wrong].flip = flip;
    e->worker->count.corrupted++;
    impair_bump(
        e->worker->books.sent); /* the line is a message of its own, the whole one has ended */
    end_unread(e, &message);
    impair_append(e->worker, &e->out->due[LINK_CONTROL], wrong);
    e->worker->due++;
}

/* ------------------------------------------------------------------------------------------------------ leaving */

/** The line that leaves: as it is, or on the control ring and spoilt. */
static struct port_message line_of(const struct impair_held *held, uint64_t now_cyc)
{
    struct port_message line = held->message;
    if (held->kind == HELD_WRONG) {
        line.is_tensor = 0;
        impair_seal(&line, held->number, now_cyc);
        impair_flip(&line, held->flip);
        return line;
    }
    impair_seal(&line, held->number, now_cyc);
    return line;
}

/**
 * Our message has replaced an unread one in the mailbox. If that was the newer of the two it goes back into its place:
 * a mailbox keeps the newest. The receiver may take ours in between, and then gets both in their order.
 */
static void superseded(const struct egress *e, uint32_t number, const struct port_message *old)
{
    struct port_message ours;
    uint32_t of;
    CHECK(impair_open(old, &of));
    if ((int32_t)(of - number) > 0) {
        struct port *const inner = e->port->config.inner;
        if (inner->ops->send(inner, e->id, e->edge, old, &ours) != PORT_SUPERSEDED)
            return;
        old = &ours;
    }
    e->worker->count.superseded++;
    end_unread(e, old);
}

/** False: the inner port is full. */
static bool leave(const struct egress *e, struct impair_held *held)
{
    struct port *const inner = e->port->config.inner;
    struct port_message old;
    const struct port_message line = line_of(held, impair_now(e->port));
    const enum port_status status = inner->ops->send(inner, e->id, e->edge, &line, &old);
    if (status == PORT_FULL)
        return false;
    if (status == PORT_SUPERSEDED)
        superseded(e, held->number, &old);
    return true;
}

static void record_late(const struct egress *e, uint32_t number)
{
    const uint64_t due = wheel_due_cyc(e->worker->wheel, number), now = impair_now(e->port);
    const uint64_t cyc = now > due ? now - due : 0;
    hist_record(e->worker->books.late_ns, (uint64_t)((double)cyc * e->port->config.ns_per_cyc));
}

/** As much of an edge's queue as the inner port has room for. */
static void empty_queue(const struct egress *e, enum link_class class)
{
    struct impair_queue *const queue = &e->out->due[class];
    while (queue->first != WHEEL_NONE) {
        const uint32_t number = queue->first;
        struct impair_held *const held = &e->worker->place[number];
        if (!leave(e, held))
            return;
        if (held->kind != HELD_WRONG)
            record_late(e, number);
        impair_drop_first(e->worker, queue);
        e->worker->due--;
        impair_free_place(e, number);
    }
    impair_depart_waiting(e);
}

/** A held message's time has come. */
static void come_due(const struct egress *e, uint32_t number)
{
    const struct impair_held *const held = &e->worker->place[number];
    const enum link_class class = held->kind == HELD_WRONG ? LINK_CONTROL : held->class;
    if (held->kind == HELD_DROP) {
        impair_drop(e, number);
        empty_queue(e, LINK_CONTROL); /* of a corrupted one */
        impair_depart_waiting(e);
        return;
    }
    impair_append(e->worker, &e->out->due[class], number);
    e->worker->due++;
    empty_queue(e, class);
}

void impair_let_go(struct impair *self, uint32_t id, uint64_t now_cyc)
{
    struct impair_worker *const worker = &self->worker[id];
    uint32_t number;
    for (uint32_t edge = 0; worker->due > 0 && edge < worker->degree; edge++) {
        const struct egress e = egress_of(self, id, edge, now_cyc);
        empty_queue(&e, LINK_TENSOR);
        empty_queue(&e, LINK_CONTROL);
    }
    while ((number = wheel_take(worker->wheel, now_cyc)) != WHEEL_NONE) {
        const struct egress e = egress_of(self, id, worker->place[number].edge, now_cyc);
        come_due(&e, number);
    }
}
