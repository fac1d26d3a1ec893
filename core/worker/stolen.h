/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * When a loop was not on its core: the kernel had given it to another program, or the hypervisor to another guest.
 *
 * A turn that took long is looked into: what of it the thread's CPU clock does not know was stolen. So a long slice of
 * compute is none, and short turns cost no syscall.
 */
#ifndef CORE_WORKER_STOLEN_H
#define CORE_WORKER_STOLEN_H

#include <stdint.h>

#include "core/worker/clock.h"

struct stolen_hole {
    uint64_t begin_cyc, cyc;
};

struct stolen {
    struct stolen_hole *hole; /* [room], borrowed; NULL: only added up */
    uint32_t room, count;
    uint64_t cyc;                   /* all holes together, also those for which there was no room */
    uint64_t suspect_cyc;           /* turns from this length on are looked into */
    uint64_t look_cyc, look_cpu_ns; /* at the latest look */
};

/** On the loop's own thread. `hole` and `room` are set by the caller. */
void stolen_start(struct stolen *self, const struct clock *clock);

/** A turn of `period_cyc` has ended at `now`. */
void stolen_look(struct stolen *self, const struct clock *clock, uint64_t period_cyc, uint64_t now);

#endif
