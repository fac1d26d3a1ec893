/* SPDX-License-Identifier: BSD-3-Clause */
/* The bridge's side of both halves. Its reads and writes are those of a reader and of a sender of any edge. */
#include "net/fabric_cut.h"

#include "core/base/check.h"
#include "net/fabric_parts.h"

#define RELAXED memory_order_relaxed

/* This thread is the only writer. */
static void count_one(counter *at)
{
    atomic_store_explicit(at, atomic_load_explicit(at, RELAXED) + 1, RELAXED);
}

static void ring_bell(struct fabric_edge *edge)
{
    /* release: who takes the bit must find the message before it (fabric.c) */
    if (edge->bell)
        atomic_fetch_or_explicit(edge->bell, edge->bell_bit, memory_order_release);
}

void fabric_cut_ends(const struct fabric *self, uint32_t cut, uint32_t *from, uint32_t *to)
{
    CHECK(cut < self->cuts);
    *from = self->cut_out[cut]->from;
    *to = self->cut_out[cut]->to;
}

bool fabric_cut_take(struct fabric *self, uint32_t cut, bool tensor, struct port_message *out)
{
    struct fabric_edge *const edge = self->cut_out[cut];
    bool taken;
    if (!tensor)
        taken = channel_ring_pop(edge->control, out, 1) == 1;
    else if (edge->exact)
        taken = channel_ring_pop(edge->exact, out, 1) == 1;
    else
        taken = mailbox_take(edge->mailbox, out);
    if (taken)
        count_one(tensor ? &edge->tensors_delivered : &edge->control_delivered);
    return taken;
}

const float *fabric_cut_vector(const struct fabric *self, uint32_t cut, slots_handle handle)
{
    return store_slot(&self->store, self->cut_out[cut]->from, slots_slot_of(handle));
}

void fabric_cut_return(struct fabric *self, uint32_t cut, slots_handle handle)
{
    CHECK(channel_ring_push_handle(self->cut_out[cut]->returns, handle));
}

void fabric_cut_superseded(struct fabric *self, uint32_t cut)
{
    count_one(&self->cut_out[cut]->tensors_replaced);
}

float *fabric_cut_store(const struct fabric *self, uint32_t cut, size_t *bytes)
{
    *bytes = self->bodies.slot_bytes;
    return store_slot(&self->bodies, cut, 0);
}

/**
 * The place that holds this handle; of several, the one that came last or first. A handle that came twice is given back
 * twice: what is looked at is always the last copy, and what is freed the first one.
 */
static uint32_t find(const struct fabric_bodies *self, slots_handle handle, bool last)
{
    uint32_t found = self->count;
    uint64_t best = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        /* acquire: who finds the name finds the vector and its number */
        if (atomic_load_explicit(&self->handle[i], memory_order_acquire) != handle)
            continue;
        const uint64_t arrived = atomic_load_explicit(&self->arrived[i], RELAXED);
        if (found < self->count && (arrived > best) != last)
            continue;
        found = i;
        best = arrived;
    }
    CHECK(found < self->count); /* the reader was never given it, or has given it back */
    return found;
}

uint32_t fabric_bodies_find(const struct fabric_bodies *self, slots_handle handle)
{
    return find(self, handle, true);
}

static uint32_t free_first(struct fabric_bodies *self, slots_handle handle)
{
    const uint32_t place = find(self, handle, false);
    atomic_store_explicit(&self->handle[place], 0, RELAXED);
    return place;
}

uint32_t fabric_cut_tensor(struct fabric *self, uint32_t cut, const struct port_message *message,
                           uint32_t place)
{
    struct fabric_edge *const edge = &self->cut_in[cut];
    struct fabric_bodies *const bodies = edge->bodies;
    struct port_message old;
    CHECK(place < bodies->count && message->handle != 0);
    atomic_store_explicit(&bodies->arrived[place], ++bodies->arrivals, RELAXED);
    atomic_store_explicit(&bodies->handle[place], message->handle, memory_order_release);
    bool superseded = false;
    if (edge->exact)
        CHECK(channel_ring_push(edge->exact, message)); /* it has room for all that can be out */
    else
        superseded = mailbox_send(edge->mailbox, message, &old);
    ring_bell(edge);
    count_one(&edge->tensors_sent);
    if (!superseded)
        return bodies->count;
    count_one(&edge->tensors_superseded);
    return free_first(bodies, old.handle);
}

bool fabric_cut_control(struct fabric *self, uint32_t cut, const struct port_message *message)
{
    struct fabric_edge *const edge = &self->cut_in[cut];
    if (!channel_ring_push(edge->control, message))
        return false;
    count_one(&edge->control_sent);
    ring_bell(edge);
    return true;
}

uint32_t fabric_cut_released(struct fabric *self, uint32_t cut)
{
    struct fabric_edge *const edge = &self->cut_in[cut];
    slots_handle handle;
    if (channel_ring_pop_handles(edge->returns, &handle, 1) == 0)
        return edge->bodies->count;
    return free_first(edge->bodies, handle);
}
