/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Batches from files while training runs: io_uring with registered file and buffers, prefetched, never waited for.
 *
 * One loader per core; it is created on the thread that uses it (IORING_SETUP_SINGLE_ISSUER). It serves the workers of
 * that core: each has `depth` batch buffers in a ring. The driver asks for batches ahead (loader_request), calls
 * loader_poll between slices, and takes finished batches in order (loader_ready / loader_done). Records are read from
 * the data file as it is; neighbouring records of a batch are merged into one read where that saves reads.
 *
 * Tiers, each falling through with its reason stored: io_uring + O_DIRECT, io_uring buffered, preadv on the thread.
 * `auto` probes: direct is kept only if it can feed the workers of this core at their compute rate, else the measured
 * figures become the reason. A read that fails, comes back short or is
 * told to come again is repeated, ever more slowly, until the file has given nothing for `patience_ns`: only then, or
 * where the file is truncated, is it a final error that names file and offset.
 *
 * The only user of liburing.h.
 */
#ifndef CORE_WORKER_LOADER_H
#define CORE_WORKER_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

enum loader_tier { LOADER_AUTO, LOADER_DIRECT, LOADER_BUFFERED, LOADER_PREADV };

#define LOADER_PATIENCE_NS UINT64_C(5000000000)

struct loader_config {
    const char *path;    /* the data file, also used in errors */
    uint64_t base_bytes; /* offset of record 0 (after the header) */
    uint64_t records;
    uint32_t record_bytes;
    uint32_t batch;   /* records per batch */
    uint32_t depth;   /* batches in flight per worker, >= 2 */
    uint32_t workers; /* on this core */
    uint64_t
        batch_ns; /* how often each of them needs a batch (for the probe); 0: no probe, keep direct */
    uint64_t patience_ns;  /* how long a read may fail; 0: LOADER_PATIENCE_NS */
    enum loader_tier tier; /* LOADER_AUTO, or force one */
    enum loader_tier
        from;     /* auto: the best one to try, which was found to keep up; LOADER_AUTO: find out */
    void *buffer; /* loader_buffer_bytes(), 4096-aligned, borrowed (EAL memory) */
};

struct loader;

/** Size of the buffer area for this configuration. */
size_t loader_buffer_bytes(const struct loader_config *config);

/** Allocates (set-up only). 0, or -errno with the sentence in `err`. Call on the thread that will poll and close.
 *
 * A forced tier never falls through. `auto` does; the environment variable DAWDLE_LOADER=direct|buffered|preadv then
 * forces one (for tests). `auto` keeps direct if the core's workers need at most half of the batches per second that
 * direct reads deliver with every lane full, measured for up to 20 ms on the file itself. */
int loader_open(struct loader **out, const struct loader_config *config, struct err *err);
void loader_close(struct loader *self);

/** The tier in use and, for each better tier, why it was refused; also why reads go without registered buffers. ""
 * if there is nothing to say. */
enum loader_tier loader_tier(const struct loader *self);
const char *loader_tier_name(enum loader_tier tier);
const char *loader_reason(const struct loader *self);

/** True if another batch may be requested for `worker` (fewer than depth outstanding). */
bool loader_has_room(const struct loader *self, uint32_t worker);

/** Queue a batch: `index[batch]` record numbers, copied. Submitted by the next loader_poll. */
void loader_request(struct loader *self, uint32_t worker, const uint32_t *index);

/** Submit what is queued and take completions. 0, or -errno with loader_error() set. Never blocks on I/O except in the
 * preadv tier, which reads one batch per call. */
int loader_poll(struct loader *self);

/** Oldest requested batch of `worker` if complete: record[k] = address of the k-th record's bytes; else NULL. */
const unsigned char *const *loader_ready(struct loader *self, uint32_t worker);

/** The record numbers of that oldest batch, in order. */
const uint32_t *loader_indices(const struct loader *self, uint32_t worker);

/** Give the oldest batch's buffers back. */
void loader_done(struct loader *self, uint32_t worker);

#define LOADER_UNDISTURBED (-1)

/** From now on reads for `worker` end as this kind of disk fault says (enum fault_disk), or as they do. */
void loader_disturb(struct loader *self, uint32_t worker, int disk);

/** Reads that were repeated. */
uint64_t loader_retries(const struct loader *self);

/** Whose read was the final error, or UINT32_MAX. */
uint32_t loader_failed_worker(const struct loader *self);

/** Batches completed and bytes read so far. */
uint64_t loader_batches(const struct loader *self);
uint64_t loader_bytes(const struct loader *self);

/** Changes with every poll that had something to do. */
uint64_t loader_moves(const struct loader *self);
const char *loader_error(const struct loader *self);

#endif
