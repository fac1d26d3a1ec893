/* SPDX-License-Identifier: BSD-3-Clause */
/* Fabrics on plain memory: nothing here needs DPDK to be started. */
#include "support_net.h"

#include <criterion/criterion.h>
#include <stdlib.h>

void bench_complete(struct bench *self, uint32_t workers)
{
    uint32_t n = 0;

    cr_assert_leq(workers, BENCH_WORKERS_MAX);
    for (uint32_t w = 0; w < workers; w++) {
        self->peer_begin[w] = n;
        for (uint32_t p = 0; p < workers; p++)
            if (p != w)
                self->peers[n++] = p;
    }
    self->peer_begin[workers] = n;
    self->config.workers = workers;
    self->config.peer_begin = self->peer_begin;
    self->config.peers = self->peers;
}

void bench_open(struct bench *self)
{
    struct err err = {""};
    const size_t bytes = fabric_bytes(&self->config);
    void *memory = aligned_alloc(64, bytes);

    cr_assert_not_null(memory);
    arena_init(&self->arena, memory, bytes);
    self->config.memory = &self->arena;
    cr_assert_eq(fabric_init(&self->fabric, &self->config, &err), 0, "%s", err.text);
    arena_seal(&self->arena);
    self->port = &self->fabric.port;
    for (uint32_t w = 0; w < self->config.workers; w++) {
        const uint32_t degree = self->peer_begin[w + 1] - self->peer_begin[w];
        void *books = calloc(1, slots_bytes(self->config.slots, degree));
        cr_assert_not_null(books);
        slots_init(&self->slots[w], books, self->config.slots, degree, 1);
    }
}

void bench_close(struct bench *self)
{
    for (uint32_t w = 0; w < self->config.workers; w++)
        free(self->slots[w].entry);
    free(self->arena.base);
}

slots_handle bench_write(struct bench *self, uint32_t worker, uint32_t version, float value)
{
    const uint32_t slot = slots_take(&self->slots[worker]);

    cr_assert_neq(slot, SLOTS_NONE, "the pool is exhausted");
    self->port->ops->stamp(self->port, worker, slot, 0);
    float *vector = self->port->ops->slot(self->port, worker, slot);
    for (uint32_t d = 0; d < self->config.dim; d++)
        vector[d] = value;
    const slots_handle handle = slots_seal(&self->slots[worker], slot, version);
    self->port->ops->stamp(self->port, worker, slot, handle);
    return handle;
}

enum port_status bench_send(struct bench *self, uint32_t worker, uint32_t edge, slots_handle handle)
{
    struct port_message old;
    const struct port_message message = {
        .tag = slots_version_of(handle), .handle = handle, .is_tensor = 1};

    slots_lend(&self->slots[worker], slots_slot_of(handle), edge);
    const enum port_status status = self->port->ops->send(self->port, worker, edge, &message, &old);
    if (status == PORT_SUPERSEDED)
        cr_assert(slots_return(&self->slots[worker], old.handle, edge));
    if (status == PORT_FULL)
        cr_assert(slots_return(&self->slots[worker], handle, edge));
    return status;
}
