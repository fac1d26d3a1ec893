/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the loops of one run share: the start, the snapshots that are evaluated, and how to stop without cutting an
 * exchange in half. A handful of atomics; no locks, no threads (those live in harness/).
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

#include "core/drive/progress.h"
#include "core/worker/clock.h"
#include "core/worker/phases.h"

enum cohort_phase { COHORT_WAIT, COHORT_RUN, COHORT_HALT, COHORT_DRAIN, COHORT_END };

/** One worker's public counters, single writer each, on a line of its own. */
struct cohort_worker {
    _Alignas(64) _Atomic uint64_t
        begun; /* iterations begun; of rows with rounds, rounds, those missed included */
    _Atomic uint64_t finished;       /* gradients computed */
    _Atomic uint64_t sent, received; /* messages, see is_quiet; superseded ones count as received */
    _Atomic uint64_t bytes;
    _Atomic uint32_t done;    /* policy said ACT_DONE, or the worker is gone */
    _Atomic uint32_t working; /* a real gradient is being computed */
    _Atomic uint32_t version; /* of its current model */
    _Atomic uint64_t *
        published_cyc; /* [slots] when the model in it was sent last; NULL: nobody asks how old models are */
    /* Written seldom: what faults do to it (membership.h), and what tells a stall from a long wait (stall.h). */
    _Alignas(64) _Atomic uint32_t epoch; /* times it went (odd: it is gone) and came */
    _Atomic uint64_t epoch_cyc;          /* when that changed last */
    _Atomic uint32_t left;        /* the latest epoch that began with a departure in good order */
    _Atomic uint32_t present;     /* 0: gone, whether or not anybody was told */
    _Atomic uint64_t transfer;    /* of somebody's parameters to it, see cohort_transfer */
    _Atomic uint64_t missed;      /* rounds that it was not there for */
    _Atomic uint64_t due_cyc;     /* something planned happens to it then */
    _Atomic uint64_t longest_cyc; /* iteration */
    _Atomic uint32_t held;        /* it would begin a round that is beyond the budget */
    _Atomic uint32_t is_lost;     /* with its process: nobody counts on its books any more */
    _Atomic uint32_t apart;       /* it takes no part in rounds, until it is asked for one */
    struct phases phases;         /* on a line of its own: who waits for this worker reads it */
};

/** What a returning worker asks for: the model of `from`, copied into a slot of its own. */
enum cohort_transfer_state { TRANSFER_NONE, TRANSFER_WANTED, TRANSFER_TAKEN, TRANSFER_GIVEN };
static inline uint64_t cohort_transfer(enum cohort_transfer_state state, uint32_t slot,
                                       uint32_t from)
{
    return (uint64_t)from << 32 | (uint64_t)slot << 8 | (uint64_t)state;
}
static inline enum cohort_transfer_state cohort_transfer_state(uint64_t transfer)
{
    return (enum cohort_transfer_state)(transfer & 0xff);
}
static inline uint32_t cohort_transfer_slot(uint64_t transfer)
{
    return (uint32_t)(transfer >> 8) & 0xffffu;
}
static inline uint32_t cohort_transfer_from(uint64_t transfer)
{
    return (uint32_t)(transfer >> 32);
}

/** The coordinator's view of whether anything happens at all (stall.h). */
struct stall {
    uint64_t deadline_cyc_min; /* 0: nobody looks */
    uint64_t since_cyc;        /* of the latest progress; 0: not looked yet */
    uint64_t look_cyc;         /* next look */
    uint64_t told_cyc;         /* when it was announced; 0: it was not */
    uint64_t progress;
    bool waited; /* what was planned when progress ended is over */
    bool gave_up;
};

/** One snapshot: when it was taken, and how much had been computed and exchanged by then. */
struct cohort_cut {
    uint64_t cyc, gradients, bytes;
};

#define COHORT_CUTS_MAX 64u

/** What carries messages between processes, one for each: of what workers sent, what nobody will read. */
struct cohort_bridge {
    _Alignas(64) _Atomic uint64_t settled; /* messages: replaced by newer ones on their way */
    _Atomic uint64_t let_go; /* of cohort.lost: what was under way to those is settled */
    _Atomic uint32_t halted; /* of its loops, in place of cohort.halted */
    uint32_t loops;          /* 0: they do not share this memory */
};
#define COHORT_BRIDGES_MAX 64u

struct cohort {
    _Alignas(
        64) _Atomic uint32_t phase; /* enum cohort_phase; advanced by the coordinator (loop 0) */
    _Atomic uint32_t cut;    /* cuts announced: workers copy their model when they lag behind */
    _Atomic uint32_t halted; /* loops that have seen HALT and published `begun` */
    _Atomic uint32_t halted_elsewhere; /* the same, where this memory is not shared */
    _Atomic uint32_t failed;           /* a loop met an error: everybody ends */
    _Atomic uint64_t lost;             /* processes that died, a bit for each … */
    _Atomic uint64_t buried; /* … and whose workers' peers know, so that sums hold without them */
    _Atomic uint32_t
        changes; /* grows when any worker's epoch or transfer changes, or a stall is announced */
    _Atomic uint64_t stalled_cyc; /* a stall is announced: so long nothing has happened */
    const _Atomic uint32_t
        *interrupt;      /* set from outside: stop early, in good order; may be NULL */
    uint64_t last_round; /* valid from DRAIN on: rounds up to this one are finished */

    uint32_t workers, loops;
    uint64_t start_cyc, stop_cyc, end_cyc; /* stop: when HALT was declared */
    struct progress_budget budget;         /* time: the length of RUN, in cycles */
    uint64_t drain_cyc_max;                /* give up after this long */
    uint32_t cuts; /* how many cuts lie inside RUN (the first, at the start, included) */
    struct cohort_cut at[COHORT_CUTS_MAX];
    struct cohort_worker *worker; /* [workers], borrowed */
    struct clock_shift
        *clock; /* [workers] of their stamps, borrowed; NULL: all are of one counter */
    struct cohort_bridge *bridge; /* [bridges], borrowed */
    uint32_t bridges;
    /* Rows of workers elsewhere are copies. Each time all have been renewed, from looks that were taken after all had been
     * renewed before, this grows; 0: there are none. */
    _Atomic uint64_t waves;
    uint64_t quiet_sum;  /* coordinator: messages at the previous quiet look … */
    uint64_t quiet_wave; /* … and the waves by then */
    bool incomplete;
    struct stall stall;
};

/** Every loop looks at what has changed. */
static inline void cohort_announce(struct cohort *self)
{
    /* release: who sees the epoch sees what was changed before it */
    atomic_fetch_add_explicit(&self->changes, 1, memory_order_release);
}

/** Nothing is stuck before `due_cyc`. Called by the worker's own thread. */
static inline void cohort_plan(struct cohort_worker *self, uint64_t due_cyc)
{
    if (atomic_load_explicit(&self->due_cyc, memory_order_relaxed) < due_cyc)
        atomic_store_explicit(&self->due_cyc, due_cyc, memory_order_relaxed);
}

/** Coordinator's duty, called by loop 0 once per turn: announce cuts, HALT, DRAIN and END. */
void cohort_steer(struct cohort *self, uint64_t now_cyc);

/** Loops of this memory that have seen HALT, or never will. */
uint32_t cohort_halted_here(const struct cohort *self);

/*
 * A process died, and its workers with it. One thread outside the loops calls cohort_lose when it sees or hears of that; when
 * all processes that are left have let go of what was under way, cohort_bury for each of its workers, then cohort_buried.
 */
void cohort_lose(struct cohort *self, uint32_t process);
bool cohort_has_let_go(const struct cohort *self);
/** Peers hear of it as of a crash. */
void cohort_bury(struct cohort *self, uint32_t worker, uint64_t now_cyc);
void cohort_buried(struct cohort *self);

static inline bool cohort_is_lost(const struct cohort *self, uint32_t process)
{
    return atomic_load_explicit(&self->lost, memory_order_acquire) >> process & 1;
}

/** Share of the budget that is used up, in [0, 1]. */
double cohort_progress(const struct cohort *self, uint64_t now_cyc);

static inline enum cohort_phase cohort_phase(const struct cohort *self)
{
    /* acquire: whoever sees DRAIN must see last_round */
    return (enum cohort_phase)atomic_load_explicit(&self->phase, memory_order_acquire);
}

#endif
