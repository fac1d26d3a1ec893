/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What a worker's two latest compute phases consist of, for peers on other cores that ask why they had to wait.
 *
 * One writer; readers notice when they read while it wrote. Times are TSC cycles. Only blame is read from it, no decision.
 */
#ifndef CORE_WORKER_PHASES_H
#define CORE_WORKER_PHASES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/drive/blame.h"

/** One cache line. Zeroed: there was no phase yet. */
struct phases {
    _Alignas(64) _Atomic uint64_t sequence; /* odd: being written */
    _Atomic uint64_t begin[2], injected[2], end[2];
    uint32_t latest; /* the writer's */
};
_Static_assert(sizeof(struct phases) == 64, "one line");

/** A phase begins; a real gradient ends nobody knows when: injected and end UINT64_MAX. */
void phases_begin(struct phases *self, const struct blame_phase *phase);

/** The latest phase is now known to be this one. */
void phases_revise(struct phases *self, const struct blame_phase *phase);

/** The latest phase ends at `now` at the latest: its gradient was abandoned. */
void phases_cut(struct phases *self, uint64_t now);

/** Both, in any order. False: the writer was in between, each time of a few. Any thread. */
bool phases_read(const struct phases *self, struct blame_phase out[2]);

#endif
