/*
 * Where a message is between the step that sent it and the step that handles it.
 *
 * exact, control   on the link -> (deaf receiver: inbox) -> handled; `flying` counts all of it against the depth
 * newest, sum      (link full: waiting at the sender, superseded by the next) -> on the link -> mailbox of one
 *
 * Randomness is keyed by {sender, receiver, class} and indexed by the message's number on that edge, so one more edge
 * or message elsewhere changes nothing here.
 */
#include "core/sim/links.h"
#include "core/sim/loans.h"

#include <string.h>

#include "core/base/rng.h"
#include "core/inject/draw.h"
#include "core/inject/link.h"

#define MESSAGES_FIRST 1024u

/** Index of the class in the arrays of an edge. */
static inline uint32_t class_of(const struct sim_message *m)
{
    return m->kind == MESSAGE_CONTROL;
}

static __attribute__((cold, noinline)) bool grow_pool(struct sim *self)
{
    const uint32_t room = self->messages_room ? 2 * self->messages_room : MESSAGES_FIRST;
    struct sim_message *const message =
        room >> DUE_INDEX_BITS
            ? NULL
            : self->config.memory->resize(self->config.memory->context, self->message,
                                          self->messages_room * sizeof(*message),
                                          room * sizeof(*message));
    if (!message) {
        err_set(&self->failure, 0, "no memory for more than %u messages at %llu ns",
                self->messages_room, (unsigned long long)self->now_ns);
        return false;
    }
    self->message = message;
    self->messages_room = room;
    return true;
}

uint32_t links_message(struct sim *self)
{
    const uint32_t free = self->message_free;
    if (free != SIM_NONE) {
        self->message_free = self->message[free].next;
        return free;
    }
    if (self->messages == self->messages_room && !grow_pool(self))
        return SIM_NONE;
    return self->messages++;
}

void links_free(struct sim *self, uint32_t message)
{
    self->message[message].next = self->message_free;
    self->message_free = message;
}

void links_append(struct sim *self, struct sim_list *list, uint32_t message)
{
    self->message[message].next = SIM_NONE;
    if (list->first == SIM_NONE)
        list->first = message;
    else
        self->message[list->last].next = message;
    list->last = message;
}

uint32_t links_take_first(struct sim *self, struct sim_list *list)
{
    const uint32_t first = list->first;
    list->first = self->message[first].next;
    return first;
}

/** Receiver's index of the sender, sender's id: the edge in the words of its sender. */
static uint32_t sender_of(const struct sim *self, const struct sim_message *m)
{
    const struct sim_edge *const edge = &self->edge[m->edge];
    return self->edge[node_at(self, edge->to)->first_edge + edge->peer].to;
}

/** A tensor ends unread: its loan goes back, if the sender still keeps it. */
static void end_unread(struct sim *self, uint32_t message)
{
    const struct sim_message *const m = &self->message[message];
    const uint32_t sender = sender_of(self, m);
    loans_return(self, sender, m->edge - node_at(self, sender)->first_edge, m->handle);
    links_free(self, message);
}

/** Nobody will read the message: count it under its cause. */
static void count_dropped(struct sim *self, const struct sim_message *m, enum link_cause cause)
{
    if (m->kind == MESSAGE_CONTROL)
        self->totals.control_dropped_by[cause]++;
    if (m->kind != MESSAGE_TENSOR || m->copy)
        return;
    self->totals.tensors_dropped++;
    self->totals.tensors_dropped_by[cause]++;
}

void links_supersede(struct sim *self, uint32_t message)
{
    self->totals.tensors_superseded += !self->message[message].copy;
    end_unread(self, message);
}

/* ------------------------------------------------------------------------------------------------------ a flight */

static uint64_t edge_key(const struct sim *self, enum rng_purpose purpose, uint32_t worker,
                         const struct sim_edge *edge, uint32_t class)
{
    return rng_key(self->config.seed, purpose,
                   (uint64_t)worker << 32 | (uint64_t)edge->to << 1 | class);
}

/** A latency of mean latency_ns and the wanted coefficient of variation (as inject_base_ns does for compute times). */
static uint64_t latency_ns(const struct sim *self, uint32_t worker, const struct sim_edge *edge,
                           uint32_t class, uint32_t number)
{
    const uint64_t mean = self->config.links.latency_ns;
    if (self->link_sigma <= 0.0 || mean == 0)
        return mean;
    const uint64_t bits = rng_at(edge_key(self, RNG_LINK, worker, edge, class), number);
    const double factor = draw_exp(self->link_sigma * draw_normal(bits) - self->link_shift);
    const double ns = (double)mean * factor;
    return ns < (double)LAW_DELAY_NS_MAX ? (uint64_t)(ns + 0.5) : LAW_DELAY_NS_MAX;
}

/** What faults do to one message. */
struct mishap {
    uint64_t late_ns, copy_late_ns;
    bool lost, doubled, overtaken;
};

#define RETRIES_MAX 64u /* of one message */

static struct mishap draw_mishap(const struct sim *self, uint32_t worker,
                                 const struct sim_edge *edge, uint32_t class, uint32_t number,
                                 bool reliable)
{
    const struct sim_faults *const faults = self->config.faults;
    struct mishap out = {0};
    if (!faults || self->now_ns >= faults->until_ns)
        return out;
    struct rng rng = {.key = rng_at(edge_key(self, RNG_FAULT, worker, edge, class), number)};
    const double late_ns = (double)faults->retransmit_ns;
    uint32_t losses = 0;
    while (losses < RETRIES_MAX && rng_unit(&rng) < faults->loss && (reliable || losses == 0))
        losses++;
    out.lost = losses > 0 && !reliable;
    out.late_ns = reliable ? losses * faults->retransmit_ns : 0;
    out.doubled = rng_unit(&rng) < faults->duplicate;
    out.overtaken = rng_unit(&rng) < faults->reorder;
    if (out.overtaken)
        out.late_ns += (uint64_t)(rng_unit(&rng) * late_ns);
    out.copy_late_ns = (uint64_t)(rng_unit(&rng) * late_ns);
    return out;
}

/**
 * A second copy. On a mailbox edge it holds a loan of its own, and there is none where the model has been replaced
 * meanwhile; elsewhere the receiver knows the number already.
 */
static void make_copy(struct sim *self, uint32_t worker, uint32_t message, uint64_t at_ns)
{
    const struct sim_message *const m = &self->message[message];
    if (!self->mailboxes || m->kind == MESSAGE_CONTROL) {
        self->totals.duplicated++;
        self->totals.duplicates++;
        return;
    }
    struct sim_node *const node = node_at(self, worker);
    const uint32_t slot = slots_slot_of(m->handle);
    if (!node->slots.entry[slot].held)
        return;
    const uint32_t copy = links_message(self); /* the pool may move */
    if (copy == SIM_NONE)
        return;
    struct sim_message *const made = &self->message[copy];
    *made = self->message[message];
    made->copy = true;
    self->totals.duplicated++;
    slots_lend(&node->slots, slot, made->edge - node->first_edge);
    self->edge[made->edge].flying[0]++;
    due_at(self, at_ns, DUE_MESSAGE, copy, made->to);
}

/** The message has been on its link so far and leaves it: nobody will read it. */
static void drop(struct sim *self, uint32_t message, enum link_cause cause)
{
    const struct sim_message *const m = &self->message[message];
    count_dropped(self, m, cause);
    links_handled(self, message);
    if (m->kind == MESSAGE_TENSOR)
        end_unread(self, message);
    else
        links_free(self, message);
}

/** The message leaves never: a tensor counts as in flight, but it is no longer lent, as nobody will give it back. */
static __attribute__((cold, noinline)) void hold_for_good(struct sim *self, uint32_t worker,
                                                          uint32_t message, enum link_cause cause)
{
    const struct sim_message *const m = &self->message[message];
    if (!self->stall.text[0]) {
        err_set(&self->stall, 0,
                "the link from worker %u to worker %u %s at %llu ns, and %s of %s are sent again "
                "until they arrive",
                worker, m->to, cause == LINK_CUT ? "stays cut" : "lets nothing through",
                (unsigned long long)self->now_ns,
                m->kind == MESSAGE_TENSOR ? "exact tensors" : "control messages",
                self->config.policy->name);
        self->stuck_ns = self->now_ns;
    }
    self->totals.tensors_held += m->kind == MESSAGE_TENSOR;
    self->totals.control_held += m->kind == MESSAGE_CONTROL;
    links_handled(self, message);
    if (m->kind == MESSAGE_TENSOR)
        end_unread(self, message);
    else
        links_free(self, message);
}

/** What arrives damaged is caught there; what is sent again for it was caught already. */
static void count_fate(struct sim *self, const struct link_fate *fate)
{
    const bool flipped = fate->cause == LINK_CORRUPT || fate->resent_for == LINK_CORRUPT;
    const bool arrives = fate->cause == LINK_CORRUPT && fate->release_ns != LINK_NEVER_NS;
    self->totals.resent += fate->resent;
    self->totals.corrupted += flipped;
    self->totals.caught += flipped && !arrives;
}

/** When its sender's port has taken the message; then it meets what bad links do. */
static uint64_t through_port(struct sim *self, struct sim_node *node, uint64_t bytes,
                             uint64_t from_ns)
{
    if (!(self->ns_per_byte > 0.0))
        return from_ns;
    node->port_ns =
        sim_max(from_ns, node->port_ns) + (uint64_t)((double)bytes * self->ns_per_byte + 0.5);
    return node->port_ns;
}

/** What `what: publish` makes of the time at which a message leaves its sender. */
static uint64_t published_ns(const struct sim *self, uint32_t worker, const struct sim_message *m,
                             uint64_t from_ns)
{
    if (!self->publishes)
        return from_ns;
    const uint64_t finished =
        m->kind == MESSAGE_TENSOR ? m->iteration : node_at(self, worker)->finished;
    const uint64_t late_ns =
        link_publish_ns(&self->config.inject, worker, finished > 0 ? finished - 1 : 0, m->sent_ns);
    return sim_max(from_ns, m->sent_ns + late_ns);
}

/** The link is a bad one. What it passes, late or damaged, comes back in `fate`; false: the message ends here. */
static bool passes_bad_link(struct sim *self, uint32_t worker, uint32_t message, uint64_t bytes,
                            uint64_t from_ns, struct link_fate *fate)
{
    struct sim_message *const m = &self->message[message];
    const bool tensor = m->kind == MESSAGE_TENSOR;
    const struct link_packet packet = {.from = worker,
                                       .to = m->to,
                                       .class = tensor ? LINK_TENSOR : LINK_CONTROL,
                                       .resends = !(self->mailboxes && tensor),
                                       .number = m->number,
                                       .at_ns = from_ns,
                                       .bytes = tensor ? bytes : sizeof(m->word)};
    *fate = link_decide(&self->config.inject, &packet, &self->bad[m->edge]);
    count_fate(self, fate);
    if (fate->release_ns == LINK_NEVER_NS)
        hold_for_good(self, worker, message, fate->cause);
    else if (fate->cause != LINK_PASSES && fate->cause != LINK_CORRUPT) {
        self->lost_from = worker;
        self->lost_to = m->to;
        drop(self, message, fate->cause);
    } else {
        m->corrupt = fate->cause == LINK_CORRUPT;
        return true;
    }
    return false;
}

/** Put a message on its link at the sender's time `from_ns`; exact ones and controls fly already. */
static void depart(struct sim *self, uint32_t worker, uint32_t message, uint64_t bytes,
                   uint64_t from_ns)
{
    const struct sim_message *const m = &self->message[message];
    struct sim_edge *const edge = &self->edge[m->edge];
    const uint32_t class = class_of(m);
    const bool mailbox = self->mailboxes && class == 0;
    from_ns = through_port(self, node_at(self, worker), bytes, from_ns);
    from_ns = published_ns(self, worker, m, from_ns);
    struct link_fate fate = {.release_ns = from_ns};
    if (self->bad && self->is_bad[m->edge] &&
        !passes_bad_link(self, worker, message, bytes, from_ns, &fate))
        return;
    const struct mishap mishap = draw_mishap(self, worker, edge, class, m->number, !mailbox);
    if (mishap.lost) {
        drop(self, message, LINK_LOST);
        return;
    }
    const uint64_t on_wire_ns = latency_ns(self, worker, edge, class, m->number);
    uint64_t at_ns = fate.release_ns + on_wire_ns + mishap.late_ns;
    if (!mailbox || !(mishap.overtaken || fate.overtakes)) /* who resends puts in order as well */
        at_ns = edge->last_ns[class] = sim_max(at_ns, edge->last_ns[class]);
    edge->flying[class] = (uint16_t)(edge->flying[class] + mailbox);
    due_at(self, at_ns, DUE_MESSAGE, message, edge->to);
    if (fate.copy_ns > 0)
        make_copy(self, worker, message, sim_max(at_ns, fate.copy_ns + on_wire_ns));
    if (mishap.doubled)
        make_copy(self, worker, message, at_ns + mishap.copy_late_ns);
}

/** Newest and sum: what does not fit on the link waits, and only the newest of it. */
static void send_by_mailbox(struct sim *self, uint32_t worker, uint32_t message)
{
    const uint32_t edge = self->message[message].edge;
    struct sim_mailbox *const box = &self->mailbox[edge];
    if (self->edge[edge].flying[0] < SIM_NEWEST_DEPTH) {
        depart(self, worker, message, self->config.payload_bytes, self->clock_ns);
        return;
    }
    if (box->waiting != SIM_NONE)
        links_supersede(self, box->waiting);
    box->waiting = message;
}

/** The plant lost_accept: one control message in a thousand is lost for good. */
static bool is_planted_loss(const struct sim *self, uint32_t worker, const struct sim_edge *edge,
                            uint32_t number)
{
    if (!self->config.plants || !self->config.plants->lost_accept)
        return false;
    return rng_at(edge_key(self, RNG_FAULT, worker, edge, 1), ~(uint64_t)number) % 1000 == 0;
}

static void lend(struct sim *self, struct sim_node *node, uint32_t worker, uint32_t peer)
{
    const uint32_t slot = node->current;
    slots_lend(&node->slots, slot, peer);
    if (self->config.plants && self->config.plants->early_reuse)
        loans_return(self, worker, peer, slots_current_handle(&node->slots, slot));
}

void links_send(struct sim *self, uint32_t worker, uint32_t peer, const struct sim_message *model,
                uint64_t bytes)
{
    struct sim_node *const node = node_at(self, worker);
    const uint32_t number = node->first_edge + peer;
    struct sim_edge *const edge = &self->edge[number];
    const uint32_t class = class_of(model);
    CHECK(peer < node->peer_count);
    self->totals.tensors_sent += class == 0;
    self->totals.control_sent += class == 1;
    const struct sim_life *const life = self->life ? &self->life[number] : NULL;
    if (edge->down || (life && life->told != life->life >> 4)) {
        count_dropped(self, model, LINK_GONE);
        return;
    }
    const bool mailbox = self->mailboxes && class == 0;
    const uint32_t depth = class ? self->config.control_depth : self->config.exact_depth;
    const bool quick = class == 1 && self->config.links.control_is_free &&
                       self->clock_ns == self->now_ns && !self->publishes &&
                       !(self->bad && self->is_bad[number]) &&
                       (edge->flying[1] == 0 || edge->last_ns[1] < self->now_ns);
    if (!mailbox && edge->flying[class] >= depth) {
        if (class == 0 && self->config.policy->survives_drop) {
            count_dropped(self, model, LINK_FULL);
            return;
        }
        sim_break_edge(self, worker, edge->to,
                       class ? "more controls in flight than control_depth"
                             : "more tensors in flight than exact_depth");
        return;
    }
    const uint32_t message = links_message(self);
    if (message == SIM_NONE)
        return;
    struct sim_message *const m = &self->message[message];
    *m = *model;
    m->sent_ns = self->clock_ns;
    m->edge = number;
    m->to = edge->to;
    m->number = edge->number[class]++;
    m->life = life ? life->life : 0;
    m->incarnation = node->slots.incarnation;
    if (class == 1 && is_planted_loss(self, worker, edge, m->number)) {
        links_free(self, message);
        return;
    }
    if (class == 0)
        lend(self, node, worker, peer);
    if (mailbox) {
        send_by_mailbox(self, worker, message);
        return;
    }
    edge->flying[class]++;
    if (quick)
        links_append(self, &self->prompt, message);
    else
        depart(self, worker, message, bytes, self->clock_ns);
}

/* ------------------------------------------------------------------------------------------------------ arrivals */

/** A message of class newest or sum has come off its link: the next one may leave. */
static void make_room(struct sim *self, uint32_t message)
{
    const struct sim_message *const m = &self->message[message];
    struct sim_edge *const edge = &self->edge[m->edge];
    struct sim_mailbox *const box = &self->mailbox[m->edge];
    edge->flying[0]--;
    self->totals.duplicates += m->copy;
    if (box->waiting == SIM_NONE || edge->down)
        return;
    const uint32_t next = box->waiting;
    box->waiting = SIM_NONE;
    depart(self, sender_of(self, m), next, self->config.payload_bytes, self->now_ns);
}

static bool mailbox_takes(struct sim *self, uint32_t message)
{
    const struct sim_message *const m = &self->message[message];
    struct sim_mailbox *const box = &self->mailbox[m->edge];
    if (m->number + 1 < box->newest) {
        links_supersede(self, message);
        return false;
    }
    box->newest = m->number + 1;
    return true;
}

/** The edge has begun another life since it was sent. */
static bool is_stale(const struct sim *self, const struct sim_message *m)
{
    return self->life && m->kind <= MESSAGE_CONTROL && m->life != self->life[m->edge].life;
}

/** It was on its way when an end of its edge came back: then it is dropped. In an inbox it is before the news. */
static bool drop_stale(struct sim *self, uint32_t message)
{
    const struct sim_message *const m = &self->message[message];
    if (!self->life)
        return false;
    if (m->kind >= MESSAGE_DOWN) {
        if (m->to_incarnation == node_at(self, m->to)->slots.incarnation)
            return false;
        links_free(self, message);
        return true;
    }
    if (!is_stale(self, m))
        return false;
    const bool receiver_is_new = m->life >> 4 != self->life[m->edge].life >> 4;
    count_dropped(self, m, LINK_GONE);
    if (m->kind == MESSAGE_TENSOR && !receiver_is_new)
        end_unread(self, message);
    else
        links_free(self,
                   message); /* its loan went back with all others of the receiver's earlier life */
    return true;
}

bool links_arrived(struct sim *self, uint32_t message)
{
    if (drop_stale(self, message))
        return false;
    const bool boxed = self->mailboxes && self->message[message].kind == MESSAGE_TENSOR;
    if (boxed)
        make_room(self, message); /* the pool may move */
    if (self->message[message].corrupt) {
        self->totals.caught++;
        drop(self, message, LINK_CORRUPT);
        return false;
    }
    if (boxed && !mailbox_takes(self, message))
        return false;
    if (!node_at(self, self->message[message].to)->crashed)
        return true;
    links_lose(self, message);
    return false;
}

void links_lose(struct sim *self, uint32_t message)
{
    const struct sim_message *const m = &self->message[message];
    count_dropped(self, m, LINK_GONE);
    links_handled(self, message);
    if (m->kind == MESSAGE_DOWN) /* of both ends nobody is there any more to take loans back */
        loans_reclaim(self, m->to, m->number);
    links_free(self, message); /* its loan goes back with all others of the dead one */
}

void links_lose_own(struct sim *self, uint32_t message)
{
    count_dropped(self, &self->message[message], LINK_GONE);
    end_unread(self, message);
}

void links_unread(struct sim *self, struct sim_list *inbox, uint32_t message)
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
        links_supersede(self, message);
        return;
    }
    if (unread)
        *unread = message;
    links_append(self, inbox, message);
}

void links_handled(struct sim *self, uint32_t message)
{
    const struct sim_message *const m = &self->message[message];
    if (m->kind > MESSAGE_CONTROL || is_stale(self, m))
        return;
    if (!self->mailboxes || m->kind == MESSAGE_CONTROL)
        self->edge[m->edge].flying[class_of(m)]--;
    else if (self->mailbox[m->edge].unread == message)
        self->mailbox[m->edge].unread = SIM_NONE;
}
