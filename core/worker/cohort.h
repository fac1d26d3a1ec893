/**
 * What the loops of one run share: the start, the cuts of the judge, and how to stop without cutting an exchange in
 * half. A handful of atomics; no locks, no threads (those live in harness/).
 *
 * Stopping takes four phases. RUN: training. HALT: no gradient is begun any more; every worker says which iteration it
 * has begun, so that synchronous policies can agree on the last round (the largest one begun by anybody). DRAIN:
 * policies get EV_STOP and finish what is in flight. END: everybody is done and every message sent was received.
 */
#ifndef CORE_WORKER_COHORT_H
#define CORE_WORKER_COHORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum cohort_phase { COHORT_WAIT, COHORT_RUN, COHORT_HALT, COHORT_DRAIN, COHORT_END };

/** One worker's public counters, single writer each, on a line of its own. */
struct cohort_worker {
    _Alignas(64) _Atomic uint64_t begun; /* iterations begun */
    _Atomic uint64_t finished;           /* gradients computed */
    _Atomic uint64_t sent, received; /* messages, see is_quiet; superseded ones count as received */
    _Atomic uint64_t bytes;
    _Atomic uint32_t done; /* policy said ACT_DONE */
};

/** One cut of the judge: when it was taken, and how much had been computed and exchanged by then. */
struct cohort_cut {
    uint64_t cyc, gradients, bytes;
};

#define COHORT_CUTS_MAX 64u

struct cohort {
    _Alignas(
        64) _Atomic uint32_t phase; /* enum cohort_phase; advanced by the coordinator (loop 0) */
    _Atomic uint32_t cut;    /* cuts announced: workers copy their model when they lag behind */
    _Atomic uint32_t halted; /* loops that have seen HALT and published `begun` */
    _Atomic uint32_t failed; /* a loop met an error: everybody ends */
    const _Atomic uint32_t
        *interrupt;      /* set from outside: stop early, in good order; may be NULL */
    uint64_t last_round; /* valid from DRAIN on: rounds up to this one are finished */

    uint32_t workers, loops;
    uint64_t start_cyc, stop_cyc, end_cyc; /* stop: when HALT was declared */
    uint64_t budget_cyc;                   /* length of RUN; 0 = none */
    uint64_t budget_iterations;            /* of all workers together; 0 = none */
    uint64_t drain_cyc_max;                /* give up after this long */
    uint32_t cuts; /* how many cuts lie inside RUN (the first, at the start, included) */
    struct cohort_cut at[COHORT_CUTS_MAX];
    struct cohort_worker *worker; /* [workers], borrowed */
    uint64_t quiet_sum;           /* coordinator: messages at the previous quiet look */
    bool incomplete;
};

/** Coordinator's duty, called by loop 0 once per turn: announce cuts, HALT, DRAIN and END. */
void cohort_steer(struct cohort *self, uint64_t now_cyc);

/** Share of the budget that is used up, in [0, 1]. */
double cohort_progress(const struct cohort *self, uint64_t now_cyc);

static inline enum cohort_phase cohort_phase(const struct cohort *self)
{
    /* acquire: whoever sees DRAIN must see last_round */
    return (enum cohort_phase)atomic_load_explicit(&self->phase, memory_order_acquire);
}

#endif
