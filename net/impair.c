/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sending side of an impaired port: what becomes of a message. Where it is held, and how it leaves: impair_leave.c.
 *
 * The loan of a message is made by the driver after send() has accepted it, so nothing that send() takes in is dropped
 * before the port is called again.
 */
#include "net/impair.h"

#include "core/base/check.h"
#include "net/impair_egress.h"

static bool has_mailboxes(const struct impair *self)
{
    return self->config.edges->tensors == FABRIC_NEWEST;
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
    wheel_add(e->worker->wheel, impair_take_place(e, &copy, HELD_COPY, number), due_cyc,
              e->now_cyc);
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
    const uint32_t wrong = impair_take_place(e, message, HELD_WRONG, number);
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
        impair_append(e->worker, &e->worker->never, number);
}

/** The message is on its way: hold it until its fate comes. */
static void hold(const struct egress *e, const struct port_message *message, uint32_t number,
                 const struct link_fate *fate)
{
    const enum link_class class = message->is_tensor ? LINK_TENSOR : LINK_CONTROL;
    const uint32_t held = impair_take_place(e, message, HELD_WHOLE, number);
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
void impair_depart_waiting(const struct egress *e)
{
    const uint32_t held = e->out->waiting;
    if (held == WHEEL_NONE || e->out->held[LINK_TENSOR] > IMPAIR_NEWEST_DEPTH)
        return;
    e->out->waiting = WHEEL_NONE;
    const struct port_message message = e->worker->place[held].message;
    const uint32_t number = e->worker->place[held].number;
    impair_free_place(e, held);
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
    out->waiting = impair_take_place(e, message, HELD_WHOLE, number);
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
        impair_drop_first(worker, &worker->never);
        const struct egress e = egress_of(self, id, worker->place[number].edge, now);
        impair_drop(&e, number);
        impair_depart_waiting(&e);
    }
}
