/* SPDX-License-Identifier: BSD-3-Clause */
/** The compute phase of a worker. Internal to core/worker. */
#ifndef CORE_WORKER_COMPUTE_H
#define CORE_WORKER_COMPUTE_H

#include "core/worker/worker.h"

/** Keep the loader's prefetch queue of this worker full. */
void compute_prefetch(struct worker *self);

/** The disk has delivered something: `now_cyc` is when this worker's batch is there, if it is one that it waits for. */
void compute_look_at_batch(struct worker *self, uint64_t now_cyc);

/** Loading: since when the batch is there; 0: it is not. */
uint64_t compute_batch_cyc(const struct worker *self);

/** Loading -> computing -> gradient delivered. True if something happened. */
bool compute_serve(struct worker *self, uint64_t now_cyc);

/**
 * The worker answers nothing now: a `scope: process` delay is going on. Once it is over, messages are served before the
 * gradient is handed on, or a permanent straggler would go from one deafness straight into the next.
 */
static inline bool compute_is_deaf(const struct worker *self, uint64_t now_cyc)
{
    const struct worker_compute *const c = &self->compute;
    const bool over = c->sliced && now_cyc >= c->planned_cyc;
    return self->phase == WORKER_COMPUTING && c->process && !over;
}

/** ACT_ABANDON: the books of the gradient in progress are closed, and it is dropped. Its batch counts as used. */
void compute_drop(struct worker *self);

/** Drop the gradient in progress (the run is stopping). */
void compute_abandon(struct worker *self);

#endif
