/* SPDX-License-Identifier: BSD-3-Clause */
/* The receiving side of an impaired port, and what it only passes on. */
#include "core/base/check.h"
#include "net/impair_parts.h"

#define LOOKS_MAX \
    16u /* at the inner port per poll, while it brings nothing but copies and spoilt lines */

/** A message that nobody will see: the loan goes home, and it counts as received. */
static void discard(struct impair *self, uint32_t id, const struct port_arrival *arrival)
{
    struct port *const inner = self->config.inner;
    if (arrival->message.is_tensor)
        inner->ops->release(inner, id, arrival->edge, arrival->message.handle);
    impair_bump(self->worker[id].books.received);
}

/** Is the message whole, and the first of its number? Else it was counted and thrown away. */
static __attribute__((noinline)) bool accept(struct impair *self, uint32_t id,
                                             struct port_arrival *arrival)
{
    struct impair_worker *const worker = &self->worker[id];
    struct impair_in *const in = &worker->in[arrival->edge];
    struct impair_counts *const count = &worker->count;
    const bool is_tensor = arrival->message.is_tensor;
    uint32_t *const next = &in->next[is_tensor ? LINK_TENSOR : LINK_CONTROL];
    uint32_t number;
    if (!impair_open(&arrival->message, &number)) {
        count->caught++;
        impair_bump(worker->books.received);
        return false;
    }
    if ((int32_t)(number - *next) >= 0) {
        *next = number + 1;
        return true;
    }
    /* On a ring only copies come late. In a mailbox what is older than the newest seen was overtaken, whichever it is. */
    if (number + 1 == *next || !is_tensor || self->config.edges->tensors == FABRIC_EXACT) {
        count->duplicates_seen++;
        count->tensor_duplicates_seen += is_tensor;
    } else {
        count->superseded++;
    }
    discard(self, id, arrival);
    return false;
}

static __attribute__((noinline)) uint32_t sift(struct impair *self, uint32_t id,
                                               struct port_arrival *out, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (self->worker[id].in[out[i].edge].concerned && !accept(self, id, &out[i]))
            continue;
        if (kept != i)
            out[kept] = out[i];
        kept++;
    }
    return kept;
}

/** Poll until something is left; what the first look brought has been sifted away. */
static __attribute__((noinline)) uint32_t look_again(struct impair *self, uint32_t worker,
                                                     struct port_arrival *out, uint32_t max)
{
    for (uint32_t look = 1; look < LOOKS_MAX; look++) {
        const uint32_t got = self->inner.poll(self->config.inner, worker, out, max);
        const uint32_t kept = sift(self, worker, out, got);
        if (kept > 0 || got == 0)
            return kept;
    }
    return 0;
}

static __attribute__((noinline)) uint32_t poll_concerned(struct impair *self, uint32_t worker,
                                                         struct port_arrival *out, uint32_t max)
{
    if (self->worker[worker].held > 0)
        impair_let_go(self, worker, impair_now(self));
    const uint32_t got = self->inner.poll(self->config.inner, worker, out, max);
    if (got == 1 && !self->worker[worker].in[out->edge].concerned) /* workers ask for one */
        return got;
    const uint32_t kept = sift(self, worker, out, got);
    return kept > 0 || got == 0 ? kept : look_again(self, worker, out, max);
}

uint32_t impair_poll(struct port *port, uint32_t worker, struct port_arrival *out, uint32_t max)
{
    struct impair *const self = impair_of(port);
    if (self->worker[worker].held > 0 || self->worker[worker].listens)
        return poll_concerned(self, worker, out, max);
    return self->inner.poll(self->config.inner, worker, out, max);
}

static const float *view(struct port *port, uint32_t worker, uint32_t edge, slots_handle handle)
{
    struct impair *const self = impair_of(port);
    return self->inner.view(self->config.inner, worker, edge, handle);
}

static int valid(struct port *port, uint32_t worker, uint32_t edge, slots_handle handle)
{
    struct impair *const self = impair_of(port);
    return self->inner.valid(self->config.inner, worker, edge, handle);
}

static void release(struct port *port, uint32_t worker, uint32_t edge, slots_handle handle)
{
    struct impair *const self = impair_of(port);
    self->inner.release(self->config.inner, worker, edge, handle);
}

static uint32_t reclaim(struct port *port, uint32_t worker, struct slots *slots)
{
    struct impair *const self = impair_of(port);
    if (self->worker[worker].held > 0)
        impair_let_go(self, worker, impair_now(self));
    return self->inner.reclaim(self->config.inner, worker, slots);
}

static float *slot(struct port *port, uint32_t worker, uint32_t index)
{
    struct impair *const self = impair_of(port);
    return self->inner.slot(self->config.inner, worker, index);
}

static void stamp(struct port *port, uint32_t worker, uint32_t index, slots_handle handle)
{
    struct impair *const self = impair_of(port);
    self->inner.stamp(self->config.inner, worker, index, handle);
}

static uint64_t held(struct port *port, uint32_t worker)
{
    return impair_of(port)->worker[worker].held;
}

static uint64_t unread(struct port *port, uint32_t worker, uint32_t edge)
{
    struct impair *const self = impair_of(port);
    return self->worker[worker].out[edge].held[LINK_CONTROL] +
           self->inner.unread(self->config.inner, worker, edge);
}

static uint64_t in_flight(struct port *port, uint32_t worker)
{
    struct impair *const self = impair_of(port);
    return self->worker[worker].held + self->inner.in_flight(self->config.inner, worker);
}

const struct port_ops impair_ops = {
    .name = "impaired",
    .help = "holds, drops, doubles, reorders and corrupts messages on their way to another port",
    .send = impair_send,
    .poll = impair_poll,
    .view = view,
    .valid = valid,
    .release = release,
    .reclaim = reclaim,
    .slot = slot,
    .stamp = stamp,
    .in_flight = in_flight,
    .unread = unread,
    .held = held,
    .drain = impair_drain,
};
