/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Loops report here that they are ready (or not) and wait for the one decision that counts for all of them. Plain atomics,
 * because loops may be of several processes, and one that dies must not take a lock with it. Set-up only: waiting sleeps.
 */
#ifndef HARNESS_RUN_RUN_GATE_H
#define HARNESS_RUN_RUN_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum run_decision { RUN_UNDECIDED, RUN_GO, RUN_GO_HOME };

struct run_gate {
    _Atomic uint32_t reported;
    _Atomic uint32_t elsewhere; /* the same, of loops that do not share this memory */
    _Atomic uint32_t refused;   /* somebody could not get ready */
    _Atomic uint32_t decision;
};

static inline void run_gate_sleep(void)
{
    const struct timespec pause = {.tv_nsec = 100000};
    nanosleep(&pause, NULL);
}

static inline void run_gate_report(struct run_gate *self, bool ready)
{
    if (!ready)
        atomic_store(&self->refused, 1);
    atomic_fetch_add(&self->reported, 1);
}

static inline uint32_t run_gate_reported(const struct run_gate *self)
{
    return atomic_load(&self->reported) + atomic_load(&self->elsewhere);
}

static inline enum run_decision run_gate_wait(const struct run_gate *self)
{
    while (atomic_load(&self->decision) == RUN_UNDECIDED)
        run_gate_sleep();
    return (enum run_decision)atomic_load(&self->decision);
}

/** For all of them, once they have reported. */
static inline enum run_decision run_gate_decide(struct run_gate *self)
{
    const enum run_decision decision = atomic_load(&self->refused) ? RUN_GO_HOME : RUN_GO;
    atomic_store(&self->decision, decision);
    return decision;
}

#endif
