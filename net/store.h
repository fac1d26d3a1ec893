/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The memory behind slots: one row of snapshots per worker, each with a version stamp in front.
 *
 * A slot is one 64-byte header line (the handle it holds now, 0 while it is being written) and `dim` floats, padded to
 * whole lines. Which slot is free is decided by core/base/slots.h; this is only where the bytes live.
 */
#ifndef NET_STORE_H
#define NET_STORE_H

#include <stdatomic.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/slots.h"
#include "net/line.h"

struct store {
    unsigned char *base;   /* borrowed from the arena */
    uint64_t second_line;  /* offset of the second line of floats; of the first if there is one */
    uint64_t slot_bytes;   /* header line and padded floats */
    uint64_t worker_bytes; /* all slots of one worker */
    uint32_t workers;
    uint32_t slots;
    uint32_t dim;
};

/** What store_init takes from the arena. */
uint64_t store_bytes(uint32_t workers, uint32_t slots, uint32_t dim);

/** 0, or -ENOMEM when the arena is too small. Zeroed: no slot holds a valid handle. */
int store_init(struct store *self, uint32_t workers, uint32_t slots, uint32_t dim,
               struct arena *memory);

/** The floats of a slot: [dim], 64-byte aligned, padding zero. */
float *store_slot(const struct store *self, uint32_t worker, uint32_t slot);

/** Owner: 0 before writing into the slot, its handle when the vector is complete. */
void store_stamp(const struct store *self, uint32_t worker, uint32_t slot, slots_handle handle);

/** Reader: is the snapshot behind `handle` still that version? Meaningful *after* the vector was read. */
int store_valid(const struct store *self, uint32_t worker, slots_handle handle);

/**
 * Start fetching the first lines of a snapshot that will be read soon. Never past its end: the next slot's header is
 * about to be written by its owner, and would be torn out of that core's cache.
 */
static inline void store_prefetch(const struct store *self, uint32_t worker, slots_handle handle)
{
    const unsigned char *at =
        self->base + worker * self->worker_bytes + slots_slot_of(handle) * self->slot_bytes;
    line_prefetch_read(at + LINE_BYTES);
    line_prefetch_read(at + self->second_line);
}

#endif
