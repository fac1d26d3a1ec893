/* SPDX-License-Identifier: BSD-3-Clause */
/* The coordinator's side of starting, cutting and stopping; see cohort.h for the phases. */
#include "core/worker/cohort.h"

#include "core/worker/stall.h"

#define RELAXED memory_order_relaxed

static uint64_t sum_finished(const struct cohort *self)
{
    uint64_t sum = 0;
    for (uint32_t w = 0; w < self->workers; w++)
        sum += atomic_load_explicit(&self->worker[w].finished, RELAXED);
    return sum;
}

/** What counts for a budget in iterations, and how many workers do not. */
static uint64_t sum_spent(const struct cohort *self, uint32_t *apart)
{
    uint64_t sum = 0;
    *apart = 0;
    for (uint32_t w = 0; w < self->workers; w++) {
        const struct cohort_worker *const worker = &self->worker[w];
        const bool counts = !self->budget.rounds || !atomic_load_explicit(&worker->apart, RELAXED);
        *apart += !counts;
        if (counts)
            sum += atomic_load_explicit(&worker->finished, RELAXED) +
                   atomic_load_explicit(&worker->missed, RELAXED);
    }
    return sum;
}

static uint64_t sum_bytes(const struct cohort *self)
{
    uint64_t sum = 0;
    for (uint32_t w = 0; w < self->workers; w++)
        sum += atomic_load_explicit(&self->worker[w].bytes, RELAXED);
    return sum;
}

double cohort_progress(const struct cohort *self, uint64_t now_cyc)
{
    uint32_t apart = 0;
    const uint64_t spent = self->budget.iterations ? sum_spent(self, &apart) : 0;
    /* stamps of two cores may be a little apart */
    const uint64_t passed = now_cyc > self->start_cyc ? now_cyc - self->start_cyc : 0;
    return progress_used(&self->budget, passed, spent, apart);
}

static void phase_to(struct cohort *self, enum cohort_phase phase)
{
    /* release: everything the coordinator wrote (last_round, stop_cyc) is visible to who sees the phase */
    atomic_store_explicit(&self->phase, phase, memory_order_release);
}

static void take_cut(struct cohort *self, uint32_t number, uint64_t now_cyc)
{
    self->at[number] = (struct cohort_cut){now_cyc, sum_finished(self), sum_bytes(self)};
    atomic_store_explicit(&self->cut, number + 1, memory_order_release);
}

static bool is_cancelled(const struct cohort *self)
{
    return atomic_load_explicit(&self->failed, RELAXED) ||
           (self->interrupt && atomic_load_explicit(self->interrupt, RELAXED));
}

static void steer_run(struct cohort *self, uint64_t now_cyc)
{
    const double used = cohort_progress(self, now_cyc);
    uint32_t cut = atomic_load_explicit(&self->cut, RELAXED);
    /* Late cuts are taken late, not left out: every point of the curve is a model that existed. */
    for (; cut < self->cuts && used >= (double)cut / (double)self->cuts; cut++)
        take_cut(self, cut, now_cyc);
    const enum stall_verdict stall = stall_look(self, now_cyc);
    if (used >= 1 || stall != STALL_NONE || is_cancelled(self)) {
        self->stop_cyc = now_cyc;
        stall_reset(self, now_cyc);
        phase_to(self, COHORT_HALT);
    }
}

uint32_t cohort_halted_here(const struct cohort *self)
{
    uint32_t sum = atomic_load_explicit(&self->halted, memory_order_acquire);
    for (uint32_t b = 0; b < self->bridges; b++)
        sum += cohort_is_lost(self, b)
                   ? self->bridge[b].loops
                   : atomic_load_explicit(&self->bridge[b].halted, memory_order_acquire);
    return sum;
}

static void steer_halt(struct cohort *self)
{
    if (cohort_halted_here(self) +
            atomic_load_explicit(&self->halted_elsewhere, memory_order_acquire) <
        self->loops)
        return;
    uint64_t last = 0;
    for (uint32_t w = 0; w < self->workers; w++) {
        const uint64_t begun = atomic_load_explicit(&self->worker[w].begun, RELAXED);
        last = begun > last ? begun : last;
    }
    /* Rounds count from 0. Nobody has begun one where a server's first model was too late for the budget. */
    self->last_round = last > 0 ? last - 1 : 0;
    phase_to(self, COHORT_DRAIN);
}

/** Sums over all who are there. False: somebody is not done, or has just died. */
static bool add_books(const struct cohort *self, uint64_t *sent, uint64_t *received)
{
    *sent = *received = 0;
    if (atomic_load_explicit(&self->buried, memory_order_acquire) !=
        atomic_load_explicit(&self->lost, memory_order_acquire))
        return false;
    for (uint32_t b = 0; b < self->bridges; b++)
        if (!cohort_is_lost(self, b))
            *received += atomic_load_explicit(&self->bridge[b].settled, memory_order_acquire);
    for (uint32_t w = 0; w < self->workers; w++) {
        const struct cohort_worker *const worker = &self->worker[w];
        if (atomic_load_explicit(&worker->is_lost, RELAXED))
            continue;
        if (!atomic_load_explicit(&worker->done, memory_order_acquire))
            return false;
        *received += atomic_load_explicit(&worker->received, memory_order_acquire);
        *sent += atomic_load_explicit(&worker->sent, memory_order_acquire);
    }
    return true;
}

/**
 * Everybody done, and nothing sent that was not dealt with, seen in two looks without a message in between: `sent` is
 * counted before a message leaves and `received` after its consequences were sent, so equal and unchanged sums mean
 * silence (the four-counter method of F. Mattern, 1987). The second look must see copies that were taken after the first:
 * not those of the wave that may have been under way then, but of the next.
 */
static bool is_quiet(struct cohort *self)
{
    uint64_t sent, received;
    const uint64_t waves = atomic_load_explicit(&self->waves, memory_order_acquire);
    if (waves > 0 && self->quiet_sum > 0 && waves < self->quiet_wave + 2)
        return false;
    if (!add_books(self, &sent, &received))
        return false;
    const bool quiet = sent == received && self->quiet_sum == sent + 1;
    self->quiet_sum = sent == received ? sent + 1 : 0;
    atomic_thread_fence(
        memory_order_seq_cst); /* no wave that this look has seen a part of is later than this */
    self->quiet_wave = atomic_load_explicit(&self->waves, memory_order_relaxed);
    return quiet;
}

static void steer_drain(struct cohort *self, uint64_t now_cyc)
{
    const bool late =
        now_cyc - self->stop_cyc > self->drain_cyc_max || stall_look(self, now_cyc) == STALL_OVER;
    const bool failed = atomic_load_explicit(&self->failed, RELAXED) != 0;
    const bool quiet = is_quiet(self);
    if (!quiet && !late && !failed)
        return;
    self->incomplete = !quiet || self->stall.gave_up;
    self->end_cyc = now_cyc;
    phase_to(self, COHORT_END);
}

void cohort_lose(struct cohort *self, uint32_t process)
{
    atomic_fetch_or_explicit(&self->lost, UINT64_C(1) << process, memory_order_release);
}

bool cohort_has_let_go(const struct cohort *self)
{
    const uint64_t lost = atomic_load_explicit(&self->lost, RELAXED);
    for (uint32_t b = 0; b < self->bridges; b++)
        if (!(lost >> b & 1) &&
            (atomic_load_explicit(&self->bridge[b].let_go, memory_order_acquire) & lost) != lost)
            return false;
    return true;
}

void cohort_bury(struct cohort *self, uint32_t w, uint64_t now_cyc)
{
    struct cohort_worker *const worker = &self->worker[w];
    atomic_store_explicit(&worker->present, 0, RELAXED);
    atomic_store_explicit(&worker->transfer, 0, RELAXED);
    atomic_store_explicit(&worker->working, 0, RELAXED);
    atomic_store_explicit(&worker->held, 0, RELAXED);
    atomic_store_explicit(&worker->apart, 1, RELAXED);
    atomic_store_explicit(&worker->epoch_cyc, now_cyc, RELAXED);
    atomic_store_explicit(&worker->is_lost, 1, RELAXED);
    if (atomic_load_explicit(&worker->epoch, RELAXED) % 2 == 0)
        atomic_fetch_add_explicit(&worker->epoch, 1, memory_order_release);
    cohort_announce(self);
}

void cohort_buried(struct cohort *self)
{
    /* release: whose books do not count is known */
    atomic_store_explicit(&self->buried, atomic_load_explicit(&self->lost, RELAXED),
                          memory_order_release);
}

void cohort_steer(struct cohort *self, uint64_t now_cyc)
{
    switch (cohort_phase(self)) {
    case COHORT_RUN:
        steer_run(self, now_cyc);
        return;
    case COHORT_HALT:
        steer_halt(self);
        return;
    case COHORT_DRAIN:
        steer_drain(self, now_cyc);
        return;
    case COHORT_WAIT:
    case COHORT_END:
        return;
    }
}
