/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The null port. A tensor is reported as having superseded itself: that is the one outcome by which a driver takes its
 * loan back at once, so slots never run out and the ledger sent = superseded holds. Control messages are dropped.
 */
#include "net/port_null.h"

#include <errno.h>

#include "core/base/check.h"

#define COUNTS_PER_LINE (LINE_BYTES / sizeof(uint64_t))

static inline struct port_null *null_of(struct port *port)
{
    return (struct port_null *)port;
}

static enum port_status send(struct port *port, uint32_t worker, uint32_t edge,
                             const struct port_message *message, struct port_message *old)
{
    (void)edge;
    if (!message->is_tensor)
        return PORT_OK;
    null_of(port)->sent[worker * COUNTS_PER_LINE]++;
    *old = *message;
    return PORT_SUPERSEDED;
}

static uint32_t poll(struct port *port, uint32_t worker, struct port_arrival *out, uint32_t max)
{
    (void)port, (void)worker, (void)out, (void)max;
    return 0;
}

/* Nothing arrives, so nobody can hold a handle to look behind or to give back. */
static const bool arrived = false;

static const float *view(struct port *port, uint32_t worker, uint32_t edge, slots_handle handle)
{
    (void)port, (void)worker, (void)edge, (void)handle;
    CHECK(arrived);
    return NULL;
}

static int valid(struct port *port, uint32_t worker, uint32_t edge, slots_handle handle)
{
    (void)port, (void)worker, (void)edge, (void)handle;
    return 0;
}

static void release(struct port *port, uint32_t worker, uint32_t edge, slots_handle handle)
{
    (void)port, (void)worker, (void)edge, (void)handle;
    CHECK(arrived);
}

static uint32_t reclaim(struct port *port, uint32_t worker, struct slots *slots)
{
    (void)port, (void)worker, (void)slots;
    return 0;
}

static float *slot(struct port *port, uint32_t worker, uint32_t index)
{
    return store_slot(&null_of(port)->store, worker, index);
}

static void stamp(struct port *port, uint32_t worker, uint32_t index, slots_handle handle)
{
    store_stamp(&null_of(port)->store, worker, index, handle);
}

static uint64_t in_flight(struct port *port, uint32_t worker)
{
    (void)port, (void)worker;
    return 0;
}

static const struct port_ops null_ops = {
    .name = "null",
    .help = "every message vanishes at once: what the loop costs without channels",
    .send = send,
    .poll = poll,
    .view = view,
    .valid = valid,
    .release = release,
    .reclaim = reclaim,
    .slot = slot,
    .stamp = stamp,
    .in_flight = in_flight,
};

uint64_t port_null_bytes(const struct fabric_config *config)
{
    return arena_cost(config->workers * (uint64_t)LINE_BYTES) +
           store_bytes(config->workers, config->slots, config->dim);
}

int port_null_init(struct port_null *self, const struct fabric_config *config, struct err *err)
{
    *self = (struct port_null){.port = {.ops = &null_ops}, .workers = config->workers};
    self->sent = arena_take(config->memory, config->workers * (size_t)LINE_BYTES);
    if (self->sent == NULL ||
        store_init(&self->store, config->workers, config->slots, config->dim, config->memory) < 0)
        return err_set(err, -ENOMEM, "the slots need %llu KiB: more than is left of the area",
                       (unsigned long long)(port_null_bytes(config) + 1023) / 1024);
    return 0;
}

struct fabric_counts port_null_counts(const struct port_null *self, uint32_t worker)
{
    CHECK(worker < self->workers);
    const uint64_t sent = self->sent[worker * COUNTS_PER_LINE];
    return (struct fabric_counts){.tensors_sent = sent, .tensors_superseded = sent};
}
