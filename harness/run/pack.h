/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Values as bytes, for another process of the run: one function lists them, and the same calls write and read, so that both
 * ends cannot differ. Words are of this kind of machine (little-endian); the ends have agreed on their version before.
 *
 * What is read is hostile until it was checked here: lengths against the room there is, and nothing is ever a pointer.
 * Times are of the writer's time-stamp counter; a reader on another host has them in its own.
 */
#ifndef HARNESS_RUN_PACK_H
#define HARNESS_RUN_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/hist.h"
#include "core/worker/clock.h"

struct pack {
    bool reads; /* else writes */
    bool bad;   /* the bytes end too soon, say what cannot be, or there was no memory for them */
    uint8_t *data;
    size_t used, size;        /* writes: room; reads: bytes there are */
    struct clock_shift clock; /* reads: the writer's */
};

/** Begins to write; what was written is in data, for pack_close. */
struct pack pack_writer(void);
/** Begins to read; borrows. */
struct pack pack_reader(const void *data, size_t bytes);
/** Of a writer. */
void pack_close(struct pack *self);

void pack_bytes(struct pack *self, void *at, size_t bytes);
void pack_words(struct pack *self, uint64_t *at, size_t count);
void pack_numbers(struct pack *self, uint32_t *at, size_t count);
void pack_doubles(struct pack *self, double *at, size_t count);

/** Lengths of time, in cycles; and moments. */
void pack_cycles(struct pack *self, uint64_t *at, size_t count);
void pack_moments(struct pack *self, uint64_t *at, size_t count);

/**
 * The writer's start of the run and the length of its cycles, which a reader on another host begins with. Read, they are
 * checked.
 */
void pack_clock(struct pack *self, uint64_t *start_cyc, double *ns_per_cyc);

/** How many of something follow: at most `most`. Returns how many it is. */
uint64_t pack_count(struct pack *self, uint64_t count, uint64_t most);

/** Text with its end in [size]. */
void pack_text(struct pack *self, char *at, size_t size);

/** Without its empty buckets. Reads into one that is reset. */
void pack_hist(struct pack *self, struct hist *hist);

#endif
