/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Snapshots and their version stamps: a sequence lock of one writer and many readers.
 *
 * Loans already keep a snapshot from being reused while it is read. The stamp is the proof that they did: a reader that
 * finds another handle afterwards has mixed a torn vector, and says so.
 */
#include "net/store.h"

#include <errno.h>

#include "core/base/check.h"

#define FLOATS_PER_LINE (LINE_BYTES / sizeof(float))

static uint64_t slot_bytes(uint32_t dim)
{
    const uint64_t lines = (dim + FLOATS_PER_LINE - 1) / FLOATS_PER_LINE;
    return LINE_BYTES * (1 + lines);
}

uint64_t store_bytes(uint32_t workers, uint32_t slots, uint32_t dim)
{
    return arena_cost(workers * (uint64_t)slots * slot_bytes(dim));
}

int store_init(struct store *self, uint32_t workers, uint32_t slots, uint32_t dim,
               struct arena *memory)
{
    CHECK(workers >= 1);
    CHECK(slots >= 1);
    CHECK(slots <= SLOTS_MAX);
    CHECK(dim >= 1);
    *self = (struct store){
        .slot_bytes = slot_bytes(dim), .workers = workers, .slots = slots, .dim = dim};
    self->worker_bytes = slots * self->slot_bytes;
    self->second_line = dim > FLOATS_PER_LINE ? 2 * LINE_BYTES : LINE_BYTES;
    self->base = arena_take(memory, workers * self->worker_bytes);
    return self->base != NULL ? 0 : -ENOMEM;
}

static unsigned char *header_of(const struct store *self, uint32_t worker, uint32_t slot)
{
    DCHECK(worker < self->workers);
    DCHECK(slot < self->slots);
    return self->base + worker * self->worker_bytes + slot * self->slot_bytes;
}

static _Atomic uint64_t *stamp_of(const struct store *self, uint32_t worker, uint32_t slot)
{
    return (_Atomic uint64_t *)(void *)header_of(self, worker, slot);
}

float *store_slot(const struct store *self, uint32_t worker, uint32_t slot)
{
    return (float *)(void *)(header_of(self, worker, slot) + LINE_BYTES);
}

void store_stamp(const struct store *self, uint32_t worker, uint32_t slot, slots_handle handle)
{
    /* release: a reader that sees the new handle sees the whole vector written before it. */
    atomic_store_explicit(stamp_of(self, worker, slot), handle, memory_order_release);
    /* And the other way round for 0: a reader that sees one float of the next vector must find the 0 (or something
     * newer) here, so no later store may pass this one. */
    if (handle == 0)
        atomic_thread_fence(memory_order_release);
}

int store_valid(const struct store *self, uint32_t worker, slots_handle handle)
{
    const uint32_t slot = slots_slot_of(handle);

    if (slot >= self->slots)
        return 0;
    /* acquire fence: the floats were read before the stamp is; pairs with the release fence after writing 0. */
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(stamp_of(self, worker, slot), memory_order_relaxed) == handle;
}
