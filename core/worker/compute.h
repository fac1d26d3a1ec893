/** The compute phase of a worker. Internal to core/worker. */
#ifndef CORE_WORKER_COMPUTE_H
#define CORE_WORKER_COMPUTE_H

#include "core/worker/worker.h"

/** Keep the loader's prefetch queue of this worker full. */
void compute_prefetch(struct worker *self);

/** Loading -> computing -> gradient delivered. True if something happened. */
bool compute_serve(struct worker *self, uint64_t now_cyc);

/** The worker answers nothing now: a `scope: process` delay is going on. */
static inline bool compute_is_deaf(const struct worker *self)
{
    return self->phase == WORKER_COMPUTING && self->compute.process;
}

/** Drop the gradient in progress (the run is stopping). */
void compute_abandon(struct worker *self);

#endif
