/* SPDX-License-Identifier: BSD-3-Clause */
/* Sending to peers: loans, superseded messages, back-pressure, and publishes that are left out for want of slots. */
#include "core/worker/publish.h"

#include <string.h>

#include "core/base/check.h"
#include "core/drive/incarnation.h"
#include "core/worker/account.h"
#include "core/worker/pressure.h"

#define RELAXED memory_order_relaxed

/** One writer per counter: a plain add published by a relaxed store. */
static void bump(_Atomic uint64_t *counter, uint64_t by)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, RELAXED) + by, RELAXED);
}

static struct cohort_worker *public_of(const struct worker *self)
{
    return &self->common->cohort->worker[self->id];
}

void publish_version(struct worker *self)
{
    atomic_store_explicit(&public_of(self)->version, self->version, RELAXED);
}

/** Send to the peers from next_peer on; false when a channel is full. */
static bool send_to_all(struct worker *self, const struct action *action,
                        struct port_message *message)
{
    struct port *const port = self->common->port;
    struct cohort_worker *const pub = public_of(self);
    for (; self->todo.next_peer < action->count; self->todo.next_peer++) {
        const uint32_t edge = action->peers[self->todo.next_peer];
        struct port_message old;
        CHECK(edge < self->peer_count);
        if (message->is_tensor && message->type == TENSOR_PART)
            message->slice = self->todo.next_peer + (self->todo.next_peer >= action->slice);
        message->lives = incarnation_pair(
            self->slots.incarnation,
            self->membership.known ? self->membership.known[edge].epoch / 2 + 1 : 1);
        bump(&pub->sent, 1);
        message->sent_cyc = clock_cyc();
        const enum port_status status = port->ops->send(port, self->id, edge, message, &old);
        if (status == PORT_FULL) {
            bump(&pub->sent, (uint64_t)-1);
            self->count.full_waits += !self->todo.blocked;
            port->ops->reclaim(port, self->id, &self->slots); /* full may mean: too few came back */
            return false;
        }
        if (message->is_tensor)
            slots_lend(&self->slots, self->current, edge);
        else
            pressure_sent(self, edge);
        if (status == PORT_SUPERSEDED) {
            CHECK(slots_return(&self->slots, old.handle, edge));
            self->count.tensors_superseded++;
            bump(&pub->received, 1);
        }
    }
    self->todo.next_peer = 0;
    return true;
}

bool publish_tensor(struct worker *self, const struct action *action)
{
    const uint64_t from = clock_cyc();
    struct port_message message = {.tag = action->tag,
                                   .handle = slots_current_handle(&self->slots, self->current),
                                   .degree = action->degree,
                                   .is_tensor = 1,
                                   .type = action->type};
    message.slice = action->slice;
    message.slices = action->slices;
    message.iteration = (uint32_t)self->finished;
    _Atomic uint64_t *const published = public_of(self)->published_cyc;
    if (published) /* relaxed: whoever receives the message sees what was written before it */
        atomic_store_explicit(&published[self->current], from, RELAXED);
    const bool sent = send_to_all(self, action, &message);
    if (sent) {
        const uint64_t bytes = (uint64_t)action->count * (self->common->payload_bytes /
                                                          (action->slices ? action->slices : 1));
        self->count.tensors_sent += action->count;
        if (self->recording) {
            self->count.bytes_exchanged += bytes;
            bump(&public_of(self)->bytes, bytes);
        }
    }
    const uint64_t to = clock_cyc();
    account_add(self, PART_PUBLISH, from, to);
    account_spent(self, &self->costs.sends, sent ? action->count : 0, to - from);
    return sent;
}

bool publish_control(struct worker *self, const struct action *action)
{
    struct port_message message = {.degree = (uint32_t)self->finished, .type = action->type};
    memcpy(message.word, action->word, sizeof(message.word));
    if (!send_to_all(self, action, &message))
        return false;
    self->count.control_sent += action->count;
    return true;
}
