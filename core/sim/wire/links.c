/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a message is between the step that sent it and the step that handles it.
 *
 * exact, control   on the link -> (deaf receiver: inbox) -> handled; `flying` counts all of it against the depth
 * newest, sum      (link full: waiting at the sender, superseded by the next) -> on the link -> mailbox of one What happens on the
 * link: flight.c.
 */
#include "core/sim/wire/links.h"

#include <string.h>

#include "core/drive/incarnation.h"
#include "core/inject/link.h"
#include "core/sim/wire/ends.h"
#include "core/sim/wire/flight.h"
#include "core/sim/wire/messages.h"
#include "core/sim/wire/pressure.h"

/** The receiver is gone, or it is back and the sender was not notified of that: nothing sent now is for it. */
static inline bool goes_nowhere(const struct sim_wire *self, uint32_t edge)
{
    const struct sim_life *const life = self->life ? &self->life[edge] : NULL;
    return self->edge[edge].down || (life && life->notified != incarnation_of_receiver(life->life));
}

/** As many are in flight as its depth allows: it is dropped where the policy survives that, else a bound is broken. */
static __attribute__((cold, noinline)) void refuse(struct sim_wire *self, uint32_t worker,
                                                   uint32_t edge, const struct sim_message *model)
{
    const bool control = messages_class(model) == 1;
    if (!control && self->drops)
        ends_count_dropped(self, model, LINK_FULL);
    else
        sim_break_edge(&self->base, worker, self->edge[edge].to,
                       control ? "more controls in flight than control_depth"
                               : "more tensors in flight than exact_depth");
}

/** A control that takes no time arrives before anything timed, unless something on its edge is before it. */
static inline bool is_prompt(const struct sim_wire *self, uint32_t number)
{
    const struct sim_edge *const edge = &self->edge[number];
    return self->base.config.links.control_is_free && self->base.clock_ns == self->base.now_ns &&
           !self->publishes && !(self->bad && self->is_bad[number]) &&
           (edge->flying[1] == 0 || edge->last_ns[1] < self->base.now_ns);
}

/** The message as it leaves its sender, or SIM_NONE. */
static inline uint32_t make_message(struct sim_wire *self, const struct sim_port *port,
                                    uint32_t number, const struct sim_message *model)
{
    const uint32_t message = messages_take(self);
    if (message == SIM_NONE)
        return SIM_NONE;
    struct sim_edge *const edge = &self->edge[number];
    struct sim_message *const m = &self->message[message];
    *m = *model;
    m->sent_ns = self->base.clock_ns;
    m->edge = number;
    m->to = edge->to;
    m->number = edge->number[messages_class(model)]++;
    m->life = self->life ? self->life[number].life : 0;
    m->incarnation = port->slots.incarnation;
    return message;
}

/** Newest and sum: what does not fit on the link waits, and only the newest of it. */
static void send_by_mailbox(struct sim_wire *self, uint32_t worker, uint32_t peer,
                            const struct sim_message *model)
{
    struct sim_port *const port = port_at(self, worker);
    const uint32_t edge = port->first_edge + peer;
    const uint32_t message = make_message(self, port, edge, model);
    if (message == SIM_NONE)
        return;
    slots_lend(&port->slots, slots_slot_of(model->handle), peer);
    struct sim_mailbox *const box = &self->mailbox[edge];
    if (self->edge[edge].flying[0] < SIM_NEWEST_DEPTH) {
        flight_depart(self, worker, message, self->base.config.payload_bytes, self->base.clock_ns);
        return;
    }
    if (box->waiting != SIM_NONE)
        ends_supersede(self, box->waiting);
    box->waiting = message;
}

/** Exact tensors and controls: in order, and as many at a time as their depth allows. */
static void send_in_order(struct sim_wire *self, uint32_t worker, uint32_t peer,
                          const struct sim_message *model, uint64_t bytes)
{
    struct sim_port *const port = port_at(self, worker);
    const uint32_t number = port->first_edge + peer, class = messages_class(model);
    const uint32_t depth = class ? self->base.config.control_depth : self->base.config.exact_depth;
    if (self->edge[number].flying[class] >= depth) {
        refuse(self, worker, number, model);
        return;
    }
    const bool prompt = class == 1 && is_prompt(self, number);
    const uint32_t message = make_message(self, port, number, model);
    if (message == SIM_NONE)
        return;
    self->edge[number].flying[class]++;
    if (class == 0)
        slots_lend(&port->slots, slots_slot_of(model->handle), peer);
    else
        sim_pressure_sent(self, worker, number);
    if (prompt)
        messages_append(self, &self->prompt, message);
    else
        flight_depart(self, worker, message, bytes, self->base.clock_ns);
}

void links_send(struct sim_wire *self, uint32_t worker, uint32_t peer,
                const struct sim_message *model, uint64_t bytes)
{
    const struct sim_port *const port = port_at(self, worker);
    const uint32_t class = messages_class(model);
    CHECK(peer < port->peer_count);
    self->base.totals.count.tensors_sent += class == 0;
    self->base.totals.count.control_sent += class == 1;
    if (goes_nowhere(self, port->first_edge + peer))
        ends_count_dropped(self, model, LINK_GONE);
    else if (self->mailboxes && class == 0)
        send_by_mailbox(self, worker, peer, model);
    else
        send_in_order(self, worker, peer, model, bytes);
}

/* ------------------------------------------------------------------------------------------------------ arrivals */

/** A message of class newest or sum has come off its link: the next one may leave. */
static void make_room(struct sim_wire *self, uint32_t message)
{
    const struct sim_message *const m = &self->message[message];
    struct sim_edge *const edge = &self->edge[m->edge];
    struct sim_mailbox *const box = &self->mailbox[m->edge];
    edge->flying[0]--;
    self->base.totals.count.duplicates += m->copy;
    if (box->waiting == SIM_NONE || edge->down)
        return;
    const uint32_t next = box->waiting;
    box->waiting = SIM_NONE;
    flight_depart(self, wire_sender(self, m->edge), next, self->base.config.payload_bytes,
                  self->base.now_ns);
}

static bool mailbox_takes(struct sim_wire *self, uint32_t message)
{
    const struct sim_message *const m = &self->message[message];
    struct sim_mailbox *const box = &self->mailbox[m->edge];
    if (m->number + 1 < box->newest) {
        ends_supersede(self, message);
        return false;
    }
    box->newest = m->number + 1;
    return true;
}

/** It was on its way when an end of its edge came back: then it is dropped. In an inbox it is before the notice. */
static bool drop_stale(struct sim_wire *self, uint32_t message)
{
    const struct sim_message *const m = &self->message[message];
    if (!self->life)
        return false;
    if (m->kind >= MESSAGE_DOWN) {
        if (m->to_incarnation == port_at(self, m->to)->slots.incarnation)
            return false;
        messages_free(self, message);
        return true;
    }
    if (!ends_is_stale(self, m))
        return false;
    const bool receiver_is_new =
        incarnation_of_receiver(m->life) != incarnation_of_receiver(self->life[m->edge].life);
    ends_count_dropped(self, m, LINK_GONE);
    if (m->kind == MESSAGE_TENSOR && !receiver_is_new)
        ends_unread(self, message);
    else
        messages_free(
            self, message); /* its loan went back with all others of the receiver's earlier life */
    return true;
}

bool links_arrived(struct sim_wire *self, uint32_t message)
{
    if (drop_stale(self, message))
        return false;
    const bool boxed = self->mailboxes && self->message[message].kind == MESSAGE_TENSOR;
    if (boxed)
        make_room(self, message); /* the pool may move */
    if (self->message[message].corrupt) {
        self->base.totals.count.links.caught++;
        ends_drop(self, message, LINK_CORRUPT);
        return false;
    }
    if (boxed && !mailbox_takes(self, message))
        return false;
    if (!port_at(self, self->message[message].to)->crashed)
        return true;
    ends_lose(self, message);
    return false;
}

void links_unread(struct sim_wire *self, struct sim_list *inbox, uint32_t message)
{
    struct sim_message *const m = &self->message[message];
    uint32_t *const unread =
        self->mailboxes && m->kind == MESSAGE_TENSOR ? &self->mailbox[m->edge].unread : NULL;
    if (unread && *unread != SIM_NONE) { /* the newer one takes its place in the order */
        struct sim_message *const older = &self->message[*unread];
        const struct sim_message kept = *older;
        const uint32_t next = older->next;
        *older = *m;
        older->next = next;
        *m = kept;
        ends_supersede(self, message);
        return;
    }
    if (unread)
        *unread = message;
    messages_append(self, inbox, message);
}
