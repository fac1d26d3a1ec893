/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is direct I/O quick enough here? Measured on the real file, ring and buffers, before the run.
 *
 * Every lane is kept full, as in the run, so the figure is throughput under prefetch and not the latency of a lone
 * read. Other cores of the run load the same disk at the same time, and the kernel works for it; the caller leaves room.
 */
#include <errno.h>
#include <sched.h>
#include <time.h>

#include "core/worker/loader_internal.h"

#define PROBE_NS_MAX 20000000u
#define PROBE_BATCHES_MAX 64u

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Scattered over the whole file by a multiplicative hash (2^64 / golden ratio), without repeats nearby. */
static void request_scattered(struct loader *self, uint32_t worker, uint64_t *drawn)
{
    struct loader_lane *lane = &self->lane[worker];
    const uint32_t place = (lane->head + lane->used) % self->config.depth;
    uint32_t *index = self->batch[worker * self->config.depth + place].index;

    for (uint32_t k = 0; k < self->config.batch; k++)
        index[k] = (uint32_t)((++*drawn * 0x9e3779b97f4a7c15u >> 32) % self->config.records);
    loader_request(self, worker, index);
}

/* Take what is ready; returns how many batches that were. */
static uint32_t take_ready(struct loader *self)
{
    uint32_t taken = 0;
    for (uint32_t w = 0; w < self->config.workers; w++)
        while (self->lane[w].used > 0 && loader_ready(self, w)) {
            loader_done(self, w);
            taken++;
        }
    return taken;
}

static int drain(struct loader *self)
{
    for (;;) {
        uint32_t outstanding = 0;
        const int rc = self->poll(self);
        if (rc < 0)
            return rc;
        take_ready(self);
        for (uint32_t w = 0; w < self->config.workers; w++)
            outstanding += self->lane[w].used;
        if (outstanding == 0)
            return 0;
        sched_yield();
    }
}

int loader_probe_trial(struct loader *self)
{
    uint32_t *index = self->batch[0].index;

    for (uint32_t k = 0; k < self->config.batch; k++)
        index[k] = 0;
    loader_request(self, 0, index);
    return drain(self);
}

uint64_t loader_probe_batch_ns(struct loader *self)
{
    uint64_t drawn = 0;
    uint32_t requested = 0, finished = 0;
    const uint64_t begin = now_ns();
    uint64_t spent = 0;

    while (finished < PROBE_BATCHES_MAX && spent < PROBE_NS_MAX) {
        for (uint32_t w = 0; w < self->config.workers; w++)
            for (; requested < PROBE_BATCHES_MAX && loader_has_room(self, w); requested++)
                request_scattered(self, w, &drawn);
        if (self->poll(self) < 0)
            return 0;
        finished += take_ready(self);
        spent = now_ns() - begin;
    }
    if (drain(self) < 0)
        return 0;
    return spent / (finished ? finished : 1);
}
