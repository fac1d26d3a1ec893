/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A worker's batches from a slow disk (`what: load`): the rule that both drivers follow.
 *
 * The disk is a serial device per worker: batch k is ready at max(when it was asked for, when batch k - 1 was ready) plus
 * its delay. So many batches as are prefetched are asked for at the start, and one more whenever one is taken: delays
 * that are shorter than what the worker does meanwhile stay hidden.
 */
#ifndef CORE_INJECT_DISK_H
#define CORE_INJECT_DISK_H

#include "core/inject/inject.h"

#define DISK_DEPTH_MAX 64u

/** Of one worker. Zeroed: nothing delays its batches. */
struct disk {
    uint64_t ready_ns[DISK_DEPTH_MAX]; /* of batch k, at k % DISK_DEPTH_MAX */
    uint64_t asked, taken;             /* batches */
    uint64_t free_ns;                  /* when the one asked for last is ready */
};

/** Does anything in the set delay batches? If not, there is no need of a disk. */
bool disk_is_delayed(const struct inject_set *set);

/** Ask for the first `depth` batches at at_ns after the start; depth is cut to 1 .. DISK_DEPTH_MAX. */
void disk_open(struct disk *self, const struct inject_set *set, uint32_t worker, uint32_t depth,
               uint64_t at_ns);

/** When the oldest batch is ready; 0 for a zeroed disk. */
static inline uint64_t disk_ready_ns(const struct disk *self)
{
    return self->ready_ns[self->taken % DISK_DEPTH_MAX];
}

/** The oldest batch is taken at at_ns, and the next one asked for. Nothing for a zeroed disk. */
void disk_take(struct disk *self, const struct inject_set *set, uint32_t worker, uint64_t at_ns);

#endif
