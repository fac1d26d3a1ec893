/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Where the time of an iteration went; called by the worker's own code, one part at a time.
 *
 * Each stretch of time is booked once (core/drive/books.h), where it happens:
 *   publish, mix, judge   bracketed by two stamps
 *   compute, injected     planned (emulated) durations, plus own slices that ran past the plan
 *   wait                  from the moment nothing was left to do until the enabling message was *sent* by the peer
 *   held                  the service came late because the core was busy with other workers (their busy time, measured)
 *   load                  from the wish for a batch until it is there, and its conversion
 * What remains of the iteration is `rest`: polling, policy steps, preemption, the unexplained.
 *
 * While a worker computes, publishing and mixing on the side (AD-PSGD's communication thread) overlap with the emulated
 * compute time and cost nothing; only what lies past the planned end is booked.
 */
#ifndef CORE_WORKER_ACCOUNT_H
#define CORE_WORKER_ACCOUNT_H

#include "core/worker/worker.h"

static inline uint64_t account_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}
static inline uint64_t account_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/** The compute phase as planned: it neither begins nor ends later because the core is taken. */
static inline struct blame_phase account_phase(const struct worker *self)
{
    const struct worker_compute *const c = &self->compute;
    return (struct blame_phase){
        .begin = c->begin_cyc, .injected = c->planned_cyc - c->injected_cyc, .end = c->planned_cyc};
}

/** What passed before `until` belongs to what the worker is about; without anything that is `rest`. */
static inline void account_until(struct worker *self, uint64_t until)
{
    if (self->phase == WORKER_LOADING)
        books_fill(&self->account.books, PART_LOAD, until);
    if (self->phase == WORKER_COMPUTING) {
        const struct blame_phase phase = account_phase(self);
        books_phase(&self->account.books, &phase, until);
        if (until < phase.end)
            return;
    }
    books_fill(&self->account.books, PART_REST, until);
}

/** [from, to) was spent on `part`. What overlaps the planned compute phase costs nothing. */
static inline void account_add(struct worker *self, enum part part, uint64_t from, uint64_t to)
{
    if (self->phase == WORKER_COMPUTING && from < self->compute.planned_cyc)
        from = account_min(self->compute.planned_cyc, to);
    account_until(self, from);
    if (self->phase != WORKER_COMPUTING || to > self->compute.planned_cyc)
        books_fill(&self->account.books, part, to);
}

/**
 * Count what work took, wherever it is booked. Now and then the kernel takes the core away meanwhile, for a thousand times
 * as long as the work: what is far above the typical says nothing about the work. The very first has nothing to compare with.
 *
 * The typical one steps up and down by a sixteenth, so it stays near the median however long the long ones are.
 * Source: Q. Ma, S. Muthukrishnan, M. Sandler, "Frugal streaming for estimating quantiles", 2013.
 */
static inline void account_spent(const struct worker *self, struct worker_spent *spent,
                                 double count, uint64_t cyc)
{
    if (!self->recording || !(count > 0))
        return;
    const double each = (double)cyc / count;
    if (spent->typical_cyc <= 0 || each < spent->typical_cyc / 4)
        spent->typical_cyc = each;
    else
        spent->typical_cyc *= each > spent->typical_cyc ? 17.0 / 16 : 15.0 / 16;
    if (each > 8 * spent->typical_cyc)
        return;
    spent->cyc += cyc;
    spent->count += count;
}

/** What work of a kind of its own has taken so far: an event is what its step took less this. */
static inline uint64_t account_named_cyc(const struct worker *self)
{
    const struct worker_costs *const c = &self->costs;
    return c->applies.cyc + c->sends.cyc + c->vectors.cyc + c->conversions.cyc;
}

/**
 * The time until `now` is booked, or belongs to nobody: the worker was away, paused, or has not started. What others had of
 * the core in it is not held against anybody.
 */
static inline void account_disown(struct worker *self, uint64_t now)
{
    self->account.served_cyc = now;
    self->account.others_cyc = 0;
}

/** Something could have been done since `since`, and is from `now` on: others' time on the core meanwhile is booked as held. */
void account_held(struct worker *self, uint64_t since, uint64_t now);

/** Service began at `now`: book lateness explained by other workers' use of the core. */
void account_served(struct worker *self, uint64_t now);

/** The idle worker handles something that was enabled at `cause` (sent by a peer, or due): book the wait until then. */
void account_woken(struct worker *self, uint64_t cause, uint64_t now);

/**
 * The policy is about to be told of a message (left_cyc: when a link let it go, else sent_cyc), or of a timer that was due
 * at sent_cyc: edge WORKER_NO_EDGE. Calls account_woken.
 */
void account_caused(struct worker *self, uint32_t edge, uint64_t sent_cyc, uint64_t left_cyc,
                    uint64_t now);

/** The policy is about to be told that the peer of this in-edge is gone, as was noticed at `noticed_cyc`. */
void account_lost(struct worker *self, uint32_t edge, uint64_t noticed_cyc, uint64_t now);

/**
 * The policy has answered, and nothing of its answer is executed. If the worker goes on by it, its wait is over: it is
 * blamed on the peer that sent the message, and split by what that peer's compute phases were meanwhile (blame.h).
 */
void account_answered(struct worker *self);

/** An action cannot be executed, because a channel is full or no snapshot free: until `now` the worker waited. */
void account_blocked(struct worker *self, uint64_t now);

/** What the worker did until `now` has no name. */
void account_idle(struct worker *self, uint64_t now);

/** The books of an iteration are closed: of its waits, those that no message ended are of this kind. */
void account_unended(struct worker *self, enum blame kind);

/** The batch was found at `now` and converted at `done`. */
void account_loaded(struct worker *self, uint64_t now, uint64_t done);

/** The compute phase ended as planned or later. */
void account_computed(struct worker *self, uint64_t now);

/** The gradient is dropped at `now`: what its phase has taken so far is booked, and the worker is idle. */
void account_abandoned(struct worker *self, uint64_t now);

/** An average over `peers` peers is in the current model since `now`. */
void account_mixed(struct worker *self, uint32_t peers, uint64_t now);

/**
 * The budget is over at `now`: the iteration in progress counts in the shares of time (a worker that waited for the whole
 * run must not vanish from them), but not as an iteration.
 */
void account_halt(struct worker *self, uint64_t now);

/** Back at `now`, after its books were closed: what it waits for until its first gradient belongs to that iteration. */
void account_return(struct worker *self, uint64_t now);

/** A new iteration begins at `now`: close the books of the previous one. */
void account_iteration(struct worker *self, uint64_t now);

#endif
