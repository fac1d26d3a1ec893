/*
 * The sending side of an impaired port: what becomes of a message, and letting it go in time.
 *
 * A held message is in exactly one place: on the wheel, in a queue of its edge because the inner port was full when its
 * time came, waiting behind a full link (newest, sum), or behind a cut that lasts. It counts as in flight in all of them.
 *
 * The loan of a message is made by the driver after send() has accepted it, so nothing that send() takes in is dropped
 * before the port is called again.
 */
#include "net/impair.h"

#include "core/base/check.h"
#include "net/impair_parts.h"

/** What one call works on. */
struct egress {
    struct impair *port;
    struct impair_worker *worker;
    struct impair_out *out;
    uint32_t id, edge;
    uint64_t now_cyc;
};

static struct egress egress_of(struct impair *port, uint32_t worker, uint32_t edge,
                               uint64_t now_cyc)
{
    struct impair_worker *const self = &port->worker[worker];
    return (struct egress){port, self, &self->out[edge], worker, edge, now_cyc};
}

static bool has_mailboxes(const struct impair *self)
{
    return self->config.edges->tensors == FABRIC_NEWEST;
}

/* ------------------------------------------------------------------------------------------------------ places */

static void push(struct impair_worker *worker, struct impair_queue *queue, uint32_t held)
{
    worker->place[held].next = WHEEL_NONE;
    if (queue->first == WHEEL_NONE)
        queue->first = held;
    else
        worker->place[queue->last].next = held;
    queue->last = held;
}

static void drop_first(struct impair_worker *worker, struct impair_queue *queue)
{
    queue->first = worker->place[queue->first].next;
}

/** A place for a message of the edge. There is one: its depths were counted at set-up. */
static uint32_t take_place(const struct egress *e, const struct port_message *message,
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

static void free_place(const struct egress *e, uint32_t held)
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
static void drop(const struct egress *e, uint32_t number)
{
    struct impair_held *const held = &e->worker->place[number];
    count_drop(e, held);
    if (held->cause != LINK_CORRUPT || e->out->spare == 0) {
        end_unread(e, &held->message);
        free_place(e, number);
        return;
    }
    const struct port_message message = held->message;
    const uint32_t flip = held->flip, of = held->number;
    free_place(e, number);
    e->out->spare--;
    const uint32_t wrong = take_place(e, &message, HELD_WRONG, of);
    e->worker->place[wrong].flip = flip;
    e->worker->count.corrupted++;
    impair_bump(
        e->worker->books.sent); /* the line is a message of its own, the whole one has ended */
    end_unread(e, &message);
    push(e->worker, &e->out->due[LINK_CONTROL], wrong);
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

static void depart_waiting(const struct egress *e);

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
        drop_first(e->worker, queue);
        e->worker->due--;
        free_place(e, number);
    }
    depart_waiting(e);
}

/** A held message's time has come. */
static void come_due(const struct egress *e, uint32_t number)
{
    const struct impair_held *const held = &e->worker->place[number];
    const enum link_class class = held->kind == HELD_WRONG ? LINK_CONTROL : held->class;
    if (held->kind == HELD_DROP) {
        drop(e, number);
        empty_queue(e, LINK_CONTROL); /* of a corrupted one */
        depart_waiting(e);
        return;
    }
    push(e->worker, &e->out->due[class], number);
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

/* ------------------------------------------------------------------------------------------------------ deciding */

static uint64_t since_start_ns(const struct impair *self, uint64_t cyc)
{
    const uint64_t start = *self->config.start_cyc;
    return cyc > start ? (uint64_t)((double)(cyc - start) * self->config.ns_per_cyc) : 0;
}

static uint64_t cyc_at(const struct impair *self, uint64_t ns)
{
    return *self->config.start_cyc + (uint64_t)((double)ns * self->config.cyc_per_ns);
}

static uint64_t bytes_of(const struct impair *self, const struct port_message *message)
{
    if (!message->is_tensor)
        return IMPAIR_CONTROL_BYTES;
    return self->config.payload_bytes / (message->slices ? message->slices : 1);
}

/** When a message is on its way that `what: publish` holds after it was sent. */
static uint64_t published_ns(const struct egress *e, const struct port_message *message,
                             uint64_t at_ns)
{
    const uint32_t finished = message->is_tensor ? message->iteration : message->degree;
    const uint64_t sent_ns = since_start_ns(e->port, message->sent_cyc);
    const uint64_t then_ns = sent_ns + link_publish_ns(e->port->config.set, e->id,
                                                       finished > 0 ? finished - 1 : 0, sent_ns);
    return then_ns > at_ns ? then_ns : at_ns;
}

static struct link_fate decide(const struct egress *e, const struct port_message *message,
                               uint32_t number)
{
    const enum link_class class = message->is_tensor ? LINK_TENSOR : LINK_CONTROL;
    uint64_t at_ns = since_start_ns(e->port, e->now_cyc);
    if (e->worker->by_publish)
        at_ns = published_ns(e, message, at_ns);
    const struct link_packet packet = {.from = e->id,
                                       .to = e->out->to,
                                       .class = class,
                                       .resends = class == LINK_CONTROL || !has_mailboxes(e->port),
                                       .number = number,
                                       .at_ns = at_ns,
                                       .bytes = bytes_of(e->port, message)};
    if (!e->out->by_link)
        return (struct link_fate){.release_ns = at_ns};
    return link_decide(e->port->config.set, &packet, &e->out->state);
}

/** Hold a second copy. In a mailbox it is as good as the original, so it holds a loan of its own; on a ring it never is. */
static void hold_copy(const struct egress *e, const struct port_message *message, uint32_t number,
                      uint64_t due_cyc)
{
    struct port_message copy = *message;
    if (e->out->spare == 0)
        return;
    if (copy.is_tensor && has_mailboxes(e->port)) {
        struct slots *const slots = e->worker->books.slots;
        const uint32_t slot = slots_slot_of(copy.handle);
        if (!slots->entry[slot].held || slots_current_handle(slots, slot) != copy.handle)
            return; /* the model has been replaced while the original waited */
        slots_lend(slots, slot, e->edge);
    } else {
        copy.handle = 0;
    }
    e->out->spare--;
    e->worker->count.duplicated++;
    e->worker->count.tensors_duplicated += copy.is_tensor;
    impair_bump(e->worker->books.sent); /* now: before it, or anything else, leaves */
    wheel_add(e->worker->wheel, take_place(e, &copy, HELD_COPY, number), due_cyc, e->now_cyc);
}

/** What arrives spoilt before the message that is sent again for it. It holds no loan. */
static void hold_wrong(const struct egress *e, const struct port_message *message, uint32_t number,
                       uint32_t flip)
{
    if (e->out->spare == 0)
        return;
    e->out->spare--;
    e->worker->count.corrupted++;
    impair_bump(e->worker->books.sent);
    const uint32_t wrong = take_place(e, message, HELD_WRONG, number);
    e->worker->place[wrong].flip = flip;
    wheel_add(e->worker->wheel, wrong, e->now_cyc, e->now_cyc);
}

/** May the message leave before what was sent before it? A ring keeps its order whatever the link does. */
static bool overtakes(const struct egress *e, const struct link_fate *fate, enum link_class class)
{
    return fate->overtakes && class == LINK_TENSOR && has_mailboxes(e->port);
}

static uint64_t in_order(const struct egress *e, const struct link_fate *fate,
                         enum link_class class, uint64_t due_cyc)
{
    uint64_t *const last = &e->out->last_cyc[class];
    if (overtakes(e, fate, class))
        return due_cyc;
    if (due_cyc > *last)
        *last = due_cyc;
    return *last;
}

static void hold_for_good(const struct egress *e, uint32_t number)
{
    struct impair_held *const held = &e->worker->place[number];
    held->kind = HELD_DROP;
    if (held->cause == LINK_PASSES)
        held->cause = LINK_CUT;
    e->worker->count.given_up++;
    if (e->worker->draining) /* dropped in the next turn: its loan is not made yet */
        wheel_add(e->worker->wheel, number, e->now_cyc, e->now_cyc);
    else
        push(e->worker, &e->worker->never, number);
}

/** The message is on its way: hold it until its fate comes. */
static void hold(const struct egress *e, const struct port_message *message, uint32_t number,
                 const struct link_fate *fate)
{
    const enum link_class class = message->is_tensor ? LINK_TENSOR : LINK_CONTROL;
    const uint32_t held = take_place(e, message, HELD_WHOLE, number);
    struct impair_held *const place = &e->worker->place[held];
    e->out->held[class]++;
    place->cause = (uint8_t)fate->cause;
    place->flip = fate->flip;
    if (fate->release_ns == LINK_NEVER_NS) {
        hold_for_good(e, held);
        return;
    }
    uint64_t due = cyc_at(e->port, fate->release_ns);
    if (fate->cause == LINK_PASSES)
        due = in_order(e, fate, class, due);
    else
        place->kind = HELD_DROP;
    wheel_add(e->worker->wheel, held, due, e->now_cyc);
    if (fate->copy_ns == 0 || fate->copy_ns == LINK_NEVER_NS || fate->cause != LINK_PASSES)
        return;
    const uint64_t copy = cyc_at(e->port, fate->copy_ns);
    hold_copy(e, message, number, copy > due ? copy : due); /* after its original */
}

/** Decide and hold; what is not late at all leaves at the worker's next turn or, from `impair_send`, at once. */
static struct link_fate depart(const struct egress *e, const struct port_message *message,
                               uint32_t number)
{
    const struct link_fate fate = decide(e, message, number);
    e->worker->count.resent += fate.resent;
    if (fate.resent_for == LINK_CORRUPT)
        hold_wrong(e, message, number, fate.flip);
    return fate;
}

/** The link has room again for the one that waits. */
static void depart_waiting(const struct egress *e)
{
    const uint32_t held = e->out->waiting;
    if (held == WHEEL_NONE || e->out->held[LINK_TENSOR] > IMPAIR_NEWEST_DEPTH)
        return;
    e->out->waiting = WHEEL_NONE;
    const struct port_message message = e->worker->place[held].message;
    const uint32_t number = e->worker->place[held].number;
    free_place(e, held);
    const struct link_fate fate = depart(e, &message, number);
    hold(e, &message, number, &fate);
}

/* ------------------------------------------------------------------------------------------------------ sending */

static enum port_status wait_behind(const struct egress *e, const struct port_message *message,
                                    struct port_message *old)
{
    struct impair_out *const out = e->out;
    const uint32_t number = out->number[LINK_TENSOR]++;
    if (out->waiting != WHEEL_NONE) {
        struct impair_held *const held = &e->worker->place[out->waiting];
        *old = held->message;
        held->message = *message;
        held->number = number;
        return PORT_SUPERSEDED;
    }
    out->waiting = take_place(e, message, HELD_WHOLE, number);
    out->held[LINK_TENSOR]++;
    return PORT_OK;
}

/** May the message leave at once, with nothing of its class before it? */
static bool is_prompt(const struct egress *e, const struct link_fate *fate, enum link_class class)
{
    return fate->cause == LINK_PASSES && fate->copy_ns == 0 &&
           e->out->due[class].first == WHEEL_NONE && fate->release_ns != LINK_NEVER_NS &&
           cyc_at(e->port, fate->release_ns) <= e->now_cyc &&
           (e->out->last_cyc[class] <= e->now_cyc || overtakes(e, fate, class));
}

static enum port_status send_now(const struct egress *e, const struct port_message *message,
                                 uint32_t number, const struct link_fate *fate,
                                 struct port_message *old)
{
    struct port *const inner = e->port->config.inner;
    struct port_message line = *message;
    impair_seal(&line, number, e->now_cyc);
    const enum port_status status = inner->ops->send(inner, e->id, e->edge, &line, old);
    if (status == PORT_FULL) {
        hold(e, message, number, fate);
        return PORT_OK;
    }
    return status;
}

static enum port_status send_impaired(const struct egress *e, const struct port_message *message,
                                      struct port_message *old)
{
    const enum link_class class = message->is_tensor ? LINK_TENSOR : LINK_CONTROL;
    const struct fabric_config *const edges = e->port->config.edges;
    struct impair_out *const out = e->out;
    if (class == LINK_TENSOR && has_mailboxes(e->port)) {
        if (out->held[class] >= IMPAIR_NEWEST_DEPTH)
            return wait_behind(e, message, old);
    } else if (out->held[class] >=
               (class == LINK_TENSOR ? edges->exact_depth : edges->control_depth)) {
        return PORT_FULL;
    }
    const uint32_t number = out->number[class]++;
    const struct link_fate fate = depart(e, message, number);
    if (is_prompt(e, &fate, class))
        return send_now(e, message, number, &fate, old);
    hold(e, message, number, &fate);
    return PORT_OK;
}

static __attribute__((noinline)) enum port_status send_concerned(struct impair *self,
                                                                 uint32_t worker, uint32_t edge,
                                                                 const struct port_message *message,
                                                                 struct port_message *old)
{
    const struct egress e = egress_of(self, worker, edge, impair_now(self));
    if (e.worker->held > 0)
        impair_let_go(self, worker, e.now_cyc);
    return send_impaired(&e, message, old);
}

enum port_status impair_send(struct port *port, uint32_t worker, uint32_t edge,
                             const struct port_message *message, struct port_message *old)
{
    struct impair *const self = impair_of(port);
    DCHECK(edge < self->worker[worker].degree);
    if (self->worker[worker].out[edge].concerned)
        return send_concerned(self, worker, edge, message, old);
    return self->inner.send(self->config.inner, worker, edge, message, old);
}

void impair_drain(struct port *port, uint32_t id)
{
    struct impair *const self = impair_of(port);
    struct impair_worker *const worker = &self->worker[id];
    const uint64_t now = impair_now(self);
    worker->draining = true;
    while (worker->never.first != WHEEL_NONE) {
        const uint32_t number = worker->never.first;
        drop_first(worker, &worker->never);
        const struct egress e = egress_of(self, id, worker->place[number].edge, now);
        drop(&e, number);
        depart_waiting(&e);
    }
}
