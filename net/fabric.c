/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The in-process port at run time: send, poll, and the way of snapshots and loans.
 *
 * Counters have one writer and are read by others, hence relaxed atomics: they order nothing.
 *
 * With many in-edges an idle poll would touch two lines per edge. Above FABRIC_BELL_DEGREE each worker has a doorbell, one
 * bit per in-edge: senders set it after publishing, the worker clears it before looking. Small degrees do without,
 * because the bell is one more line that has to travel.
 */
#include "net/fabric.h"

#include "core/base/check.h"
#include "net/fabric_parts.h"

#define RECLAIM_BURST 16u

static inline void count_one(counter *at)
{
    /* relaxed load and store, no locked add: this thread is the only writer. */
    atomic_store_explicit(at, atomic_load_explicit(at, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

static inline uint64_t count_of(const counter *at)
{
    return atomic_load_explicit(at, memory_order_relaxed);
}

static inline struct fabric *fabric_of(struct port *port)
{
    return (struct fabric *)port;
}

static inline struct fabric_edge *out_edge(struct port *port, uint32_t worker, uint32_t edge)
{
    const struct fabric_worker *self = &fabric_of(port)->workers[worker];
    DCHECK(worker < fabric_of(port)->config.workers);
    DCHECK(edge < self->degree);
    return &self->out[edge];
}

static inline struct fabric_edge *in_edge(struct port *port, uint32_t worker, uint32_t edge)
{
    const struct fabric_worker *self = &fabric_of(port)->workers[worker];
    DCHECK(worker < fabric_of(port)->config.workers);
    DCHECK(edge < self->degree);
    return self->in[edge];
}

/* ------------------------------------------------------------------ send */

static inline void ring_bell(struct fabric_edge *edge)
{
    /* release: who takes the bit (acquire) must find the message published before it. A locked or, never skipped when the
     * bit looks set: the consumer may be clearing it right now. */
    if (edge->bell != NULL)
        atomic_fetch_or_explicit(edge->bell, edge->bell_bit, memory_order_release);
}

__attribute__((cold, noinline)) static enum port_status refuse(struct fabric_edge *edge)
{
    count_one(&edge->full);
    return PORT_FULL;
}

static enum port_status send_control(struct fabric_edge *edge, const struct port_message *message)
{
    if (!channel_ring_push(edge->control, message))
        return refuse(edge);
    count_one(&edge->control_sent);
    ring_bell(edge);
    return PORT_OK;
}

static enum port_status send_newest(struct port *port, uint32_t worker, uint32_t edge_index,
                                    const struct port_message *message, struct port_message *old)
{
    struct fabric_edge *edge = out_edge(port, worker, edge_index);

    if (!message->is_tensor)
        return send_control(edge, message);
    if (edge->unreturned == edge->unreturned_max)
        return refuse(edge);
    const bool superseded = mailbox_send(edge->mailbox, message, old);
    ring_bell(edge);
    count_one(&edge->tensors_sent);
    if (superseded) {
        count_one(&edge->tensors_superseded);
        return PORT_SUPERSEDED; /* one handle went out and one came home */
    }
    edge->unreturned++;
    return PORT_OK;
}

static enum port_status send_exact(struct port *port, uint32_t worker, uint32_t edge_index,
                                   const struct port_message *message, struct port_message *old)
{
    struct fabric_edge *edge = out_edge(port, worker, edge_index);

    (void)old;
    if (!message->is_tensor)
        return send_control(edge, message);
    if (edge->unreturned == edge->unreturned_max || !channel_ring_push(edge->exact, message))
        return refuse(edge);
    ring_bell(edge);
    count_one(&edge->tensors_sent);
    edge->unreturned++;
    return PORT_OK;
}

/* ------------------------------------------------------------------ poll */

static inline uint32_t take_ring(struct channel_ring *ring, counter *delivered, uint32_t index,
                                 struct port_arrival *out, uint32_t room)
{
    uint32_t n = 0;

    while (n < FABRIC_BURST && n < room && channel_ring_pop(ring, &out[n].message, 1) == 1) {
        count_one(delivered);
        out[n++].edge = index;
    }
    return n;
}

/* At most FABRIC_BURST tensors and as many control messages of one edge. `tensors` is a constant at each call. */
__attribute__((always_inline)) static inline uint32_t
take_edge(const struct fabric *self, struct fabric_edge *edge, enum fabric_class tensors,
          uint32_t index, struct port_arrival *out, uint32_t room)
{
    uint32_t n = 0;

    if (tensors == FABRIC_EXACT) {
        n = take_ring(edge->exact, &edge->tensors_delivered, index, out, room);
    } else if (mailbox_take(edge->mailbox, &out[0].message)) {
        count_one(&edge->tensors_delivered);
        out[n++].edge = index;
    }
    for (uint32_t i = 0; i < n && !edge->bodies; i++)
        store_prefetch(&self->store, edge->from, out[i].message.handle);
    return n + take_ring(edge->control, &edge->control_delivered, index, out + n, room - n);
}

/* All edges, one lap, the starting place moving on so that no edge is always last. */
__attribute__((always_inline)) static inline uint32_t
poll_lap(const struct fabric *fabric, struct fabric_worker *self, enum fabric_class tensors,
         struct port_arrival *out, uint32_t max)
{
    uint32_t n = 0, edge = self->cursor;

    for (uint32_t k = 0; k < self->degree && n < max; k++) {
        n += take_edge(fabric, self->in[edge], tensors, edge, out + n, max - n);
        edge = edge + 1 < self->degree ? edge + 1 : 0;
    }
    if (n < max &&
        self->degree > 0) /* a whole lap: begin with the next one; else go on where we stopped */
        edge = edge + 1 < self->degree ? edge + 1 : 0;
    self->cursor = edge;
    return n;
}

/* Edges of word `word` that rang, now or earlier and not yet found empty. */
static inline uint64_t heard(struct fabric_worker *self, uint32_t word)
{
    /* relaxed: a hint that saves the exchange. acquire: see what was published before the bit was set. Clearing comes before
     * looking at the edges, so a message published after our look leaves its bit set for the next poll. */
    if (atomic_load_explicit(&self->bells[word], memory_order_relaxed) != 0)
        self->pending[word] |=
            atomic_exchange_explicit(&self->bells[word], 0, memory_order_acquire);
    return self->pending[word];
}

/* Only edges that rang, one lap from the cursor: its word is visited twice, upper bits first, lower bits last. */
__attribute__((always_inline)) static inline uint32_t
poll_bells(const struct fabric *fabric, struct fabric_worker *self, enum fabric_class tensors,
           struct port_arrival *out, uint32_t max)
{
    const uint32_t first = self->cursor / BELL_BITS;
    const uint64_t upper = ~0ull << self->cursor % BELL_BITS;
    uint32_t n = 0, word = first;

    for (uint32_t k = 0; k <= self->bell_words; k++) {
        uint64_t todo = heard(self, word);
        if (word == first)
            todo &= k == 0 ? upper : ~upper;
        for (; todo != 0 && n < max; todo &= todo - 1) {
            const uint32_t edge = word * BELL_BITS + (uint32_t)__builtin_ctzll(todo);
            const uint32_t got = take_edge(fabric, self->in[edge], tensors, edge, out + n, max - n);
            if (got == 0) /* kept until found empty: a burst limit may have left some behind */
                self->pending[word] &= ~(1ull << edge % BELL_BITS);
            n += got;
            self->cursor = edge + 1 < self->degree ? edge + 1 : 0;
        }
        word = word + 1 < self->bell_words ? word + 1 : 0;
    }
    return n;
}

__attribute__((always_inline)) static inline uint32_t
poll_worker(struct port *port, uint32_t worker, enum fabric_class tensors, struct port_arrival *out,
            uint32_t max)
{
    const struct fabric *fabric = fabric_of(port);
    struct fabric_worker *self = &fabric->workers[worker];

    DCHECK(worker < fabric->config.workers);
    if (max == 0)
        return 0;
    return self->bells != NULL ? poll_bells(fabric, self, tensors, out, max)
                               : poll_lap(fabric, self, tensors, out, max);
}

static uint32_t poll_newest(struct port *port, uint32_t worker, struct port_arrival *out,
                            uint32_t max)
{
    return poll_worker(port, worker, FABRIC_NEWEST, out, max);
}

static uint32_t poll_exact(struct port *port, uint32_t worker, struct port_arrival *out,
                           uint32_t max)
{
    return poll_worker(port, worker, FABRIC_EXACT, out, max);
}

/* ------------------------------------------------------- snapshots and loans */

static const float *view(struct port *port, uint32_t worker, uint32_t edge, slots_handle handle)
{
    const struct fabric *self = fabric_of(port);
    const struct fabric_edge *const in = in_edge(port, worker, edge);

    CHECK(slots_slot_of(handle) < self->config.slots);
    if (in->bodies)
        return store_slot(in->bodies->store, in->bodies->row,
                          fabric_bodies_find(in->bodies, handle));
    return store_slot(&self->store, in->from, slots_slot_of(handle));
}

static int valid(struct port *port, uint32_t worker, uint32_t edge, slots_handle handle)
{
    const struct fabric_edge *const in = in_edge(port, worker, edge);

    /* A copy of one's own is nobody else's to write. */
    return in->bodies ? 1 : store_valid(&fabric_of(port)->store, in->from, handle);
}

static void release(struct port *port, uint32_t worker, uint32_t edge, slots_handle handle)
{
    /* send() keeps no more handles out than this ring holds: full means that one was released twice. */
    CHECK(channel_ring_push_handle(in_edge(port, worker, edge)->returns, handle));
}

static uint32_t reclaim(struct port *port, uint32_t worker, struct slots *slots)
{
    struct fabric_worker *self = &fabric_of(port)->workers[worker];
    slots_handle back[RECLAIM_BURST];
    uint32_t total = 0;

    for (uint32_t e = 0; e < self->degree; e++) {
        struct fabric_edge *edge = &self->out[e];
        if (edge->unreturned == 0)
            continue;
        const uint32_t n = channel_ring_pop_handles(edge->returns, back, RECLAIM_BURST);
        for (uint32_t i = 0; i < n; i++)
            slots_return(slots, back[i], e); /* false after an eviction: already taken back */
        CHECK(n <= edge->unreturned);
        edge->unreturned -= n;
        total += n;
    }
    return total;
}

static float *slot(struct port *port, uint32_t worker, uint32_t index)
{
    return store_slot(&fabric_of(port)->store, worker, index);
}

static void stamp(struct port *port, uint32_t worker, uint32_t index, slots_handle handle)
{
    store_stamp(&fabric_of(port)->store, worker, index, handle);
}

/* ------------------------------------------------------------------ counts */

static uint64_t in_flight(struct port *port, uint32_t worker)
{
    const struct fabric_worker *self = &fabric_of(port)->workers[worker];
    uint64_t count = 0;

    for (uint32_t e = 0; e < self->degree; e++) {
        const struct fabric_edge *edge = &self->out[e];
        count += count_of(&edge->tensors_sent) - count_of(&edge->tensors_superseded) -
                 count_of(&edge->tensors_delivered);
        count += count_of(&edge->control_sent) - count_of(&edge->control_delivered);
        const struct fabric_edge *const in = self->in[e];
        if (!in->bodies) /* else the sender's own half, as above, ends at the bridge */
            continue;
        count += count_of(&in->tensors_sent) - count_of(&in->tensors_superseded) -
                 count_of(&in->tensors_delivered);
        count += count_of(&in->control_sent) - count_of(&in->control_delivered);
    }
    return count;
}

static uint64_t unread(struct port *port, uint32_t worker, uint32_t edge)
{
    const struct fabric_edge *const out = &fabric_of(port)->workers[worker].out[edge];
    return count_of(&out->control_sent) - count_of(&out->control_delivered);
}

struct fabric_counts fabric_counts(const struct fabric *self, uint32_t worker)
{
    struct fabric_counts sum = {.full = 0};

    CHECK(worker < self->config.workers);
    const struct fabric_worker *of = &self->workers[worker];
    for (uint32_t e = 0; e < of->degree; e++) {
        sum.tensors_sent += count_of(&of->out[e].tensors_sent);
        sum.tensors_superseded += count_of(&of->out[e].tensors_superseded);
        sum.tensors_replaced += count_of(&of->out[e].tensors_replaced);
        sum.control_sent += count_of(&of->out[e].control_sent);
        sum.full += count_of(&of->out[e].full);
        if (of->in[e]->bodies) /* else its sender counts it */
            sum.tensors_replaced += count_of(&of->in[e]->tensors_superseded);
        sum.tensors_delivered += count_of(&of->in[e]->tensors_delivered);
        sum.control_delivered += count_of(&of->in[e]->control_delivered);
    }
    sum.tensors_superseded += sum.tensors_replaced;
    return sum;
}

const struct port_ops fabric_newest_ops = {
    .name = "handle",
    .help = "handles through one-slot mailboxes; a newer message replaces an unread one",
    .send = send_newest,
    .poll = poll_newest,
    .view = view,
    .valid = valid,
    .release = release,
    .reclaim = reclaim,
    .slot = slot,
    .stamp = stamp,
    .in_flight = in_flight,
    .unread = unread,
};

const struct port_ops fabric_exact_ops = {
    .name = "handle",
    .help = "handles through rings; nothing is lost, a full ring pushes back",
    .send = send_exact,
    .poll = poll_exact,
    .view = view,
    .valid = valid,
    .release = release,
    .reclaim = reclaim,
    .slot = slot,
    .stamp = stamp,
    .in_flight = in_flight,
    .unread = unread,
};
