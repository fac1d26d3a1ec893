/* SPDX-License-Identifier: BSD-3-Clause */
/* The order of a turn: io_uring, then every worker (edges, timers, compute phase), then one slice, then steering. */
#include "core/worker/loop.h"

#include <sched.h>

#include "core/base/check.h"
#include "core/worker/account.h"
#include "core/worker/compute.h"
#include "core/worker/membership.h"
#include "core/worker/stall.h"

/**
 * Every stretch of the core's time goes to one worker (its start, a service, a slice) or to the loader; to all others it is
 * time that they were held. Between `give` and `take_back` the core is the worker's, and a worker books nothing outside: so no
 * stretch has two owners, and what it is booked as is the owner's business. Halt and drain are not measured.
 */
static void give(const struct loop *self, struct worker *worker)
{
    worker->account.others_cyc = self->busy_cyc - worker->account.busy_seen;
}

static void take_back(struct loop *self, struct worker *worker, uint64_t from, uint64_t to,
                      bool any)
{
    self->busy_cyc += to - from;
    self->work_cyc += any && !self->halted ? to - from : 0;
    worker->account.busy_seen = self->busy_cyc;
    worker->account.served_cyc = to;
}

/** What reading took this core; what is far above the typical was taken from it (account_spent). */
static void turn_loader(struct loop *self)
{
    if (!self->loader)
        return;
    const uint64_t moves = loader_moves(self->loader), from = clock_cyc();
    const int rc = loader_poll(self->loader);
    const uint64_t cyc = clock_cyc() - from;
    if (rc < 0 && !self->error) {
        self->error = rc;
        atomic_store_explicit(&self->cohort->failed, 1, memory_order_relaxed);
    }
    self->busy_cyc += cyc;
    if (loader_moves(self->loader) == moves)
        return;
    account_spent(self->worker[0], &self->reads, 1, cyc);
    for (uint32_t i = 0; i < self->count; i++)
        compute_look_at_batch(self->worker[i], from);
}

/** Processes that died since. */
static void lose_processes(struct loop *self)
{
    const uint64_t lost = atomic_load_explicit(&self->cohort->lost, memory_order_acquire);
    if (lost == self->lost)
        return;
    self->lost = lost;
    for (uint32_t b = 0; b < self->cohort->bridges; b++)
        if (lost >> b & 1)
            self->bridge->lose(self->bridge, b);
    /* release: what was under way has been settled */
    atomic_store_explicit(&self->process->let_go, lost, memory_order_release);
}

/** Its time is nobody's of the workers: they were off the core meanwhile. */
static void turn_bridge(struct loop *self)
{
    if (!self->bridge)
        return;
    const uint64_t from = clock_cyc();
    lose_processes(self);
    self->bridge->turn(self->bridge, from);
    self->busy_cyc += clock_cyc() - from;
}

/** Something happened to somebody, or nothing to anybody. */
static void turn_changes(struct loop *self, uint64_t now)
{
    struct cohort *const cohort = self->cohort;
    if (atomic_load_explicit(&cohort->changes, memory_order_relaxed) == self->changes)
        return;
    /* acquire: whatever was changed before the epoch was */
    self->changes = atomic_load_explicit(&cohort->changes, memory_order_acquire);
    for (uint32_t i = 0; i < self->count; i++) {
        struct worker *const worker = self->worker[i];
        if (membership_has_faults(worker)) {
            const uint64_t from = clock_cyc();
            give(self, worker);
            worker->membership.changed = true;
            if (!worker->membership.paused)
                account_served(worker, from);
            membership_give_model(worker);
            take_back(self, worker, from, clock_cyc(), true);
        }
        stall_explain(worker, now);
    }
}

static void turn_start(struct loop *self, struct worker *worker)
{
    const uint64_t from = clock_cyc();
    give(self, worker);
    worker_start(worker, self->initial, from);
    take_back(self, worker, from, clock_cyc(), true);
}

static void turn_worker(struct loop *self, struct worker *worker)
{
    const uint64_t from = clock_cyc();
    give(self, worker);
    const bool any = worker_serve(worker, from);
    take_back(self, worker, from, clock_cyc(), any);
}

static void turn_slice(struct loop *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        struct worker *const worker = self->worker[self->turn];
        self->turn = self->turn + 1 < self->count ? self->turn + 1 : 0;
        if (!worker_wants_slice(worker))
            continue;
        const uint64_t from = clock_cyc();
        give(self, worker);
        worker_slice(worker, from);
        take_back(self, worker, from, clock_cyc(), true);
        return;
    }
}

static uint64_t batches_of(const struct loop *self)
{
    return self->loader ? loader_batches(self->loader) : 0;
}

/** Follow the cohort's phase. Returns false at END. */
static bool follow(struct loop *self, uint64_t now)
{
    switch (cohort_phase(self->cohort)) {
    case COHORT_WAIT:
    case COHORT_RUN:
        return true;
    case COHORT_HALT:
        if (!self->halted) {
            self->halted = true;
            self->run_cyc = now - self->cohort->start_cyc;
            self->batches = batches_of(self) - self->batches;
            for (uint32_t i = 0; i < self->count; i++)
                worker_halt(self->worker[i]);
            /* release: what the workers have begun is visible to the coordinator */
            atomic_fetch_add_explicit(self->process ? &self->process->halted
                                                    : &self->cohort->halted,
                                      1, memory_order_release);
        }
        return true;
    case COHORT_DRAIN:
        for (uint32_t i = 0; i < self->count; i++)
            worker_stop(self->worker[i], self->cohort->last_round, now);
        return true;
    case COHORT_END:
        return false;
    }
    return false;
}

static void record_period(struct loop *self, uint64_t cyc, uint64_t now)
{
    const struct clock *const clock = self->worker[0]->common->clock;
    if (self->halted)
        return;
    hist_record(self->period, (uint64_t)((double)cyc * clock->ns_per_cyc));
    stolen_look(&self->stolen, clock, cyc, now);
}

/**
 * A loop that finds nothing keeps its core from those that would bring it something, until the kernel takes it away after
 * milliseconds. What others have of the core in between is no part of the loop's period.
 */
static uint64_t give_core_away(const struct loop *self, uint64_t worked, uint64_t now)
{
    if (!self->yields || self->work_cyc != worked)
        return now;
    sched_yield();
    return clock_cyc();
}

int loop_run(struct loop *self)
{
    CHECK(self->count > 0);
    const struct clock *const clock = self->worker[0]->common->clock;
    for (uint32_t i = 0; i < self->count; i++)
        compute_prefetch(self->worker[i]);
    stolen_start(&self->stolen, clock);
    while (cohort_phase(self->cohort) == COHORT_WAIT)
        turn_loader(self); /* the first batches are there when training starts */
    self->batches = batches_of(self);
    uint64_t now = clock_cyc();
    for (uint32_t i = 0; i < self->count; i++)
        turn_start(self, self->worker[i]);
    if (now > self->cohort->start_cyc) /* the start itself may have been slept through */
        stolen_look(&self->stolen, clock, now - self->cohort->start_cyc, now);

    while (follow(self, now)) {
        const uint64_t worked = self->work_cyc;
        turn_loader(self);
        turn_bridge(self);
        turn_changes(self, now);
        for (uint32_t i = 0; i < self->count; i++)
            turn_worker(self, self->worker[i]);
        turn_slice(self);
        const uint64_t end = clock_cyc();
        record_period(self, end - now, end);
        now = give_core_away(self, worked, end);
        if (self->index == 0)
            cohort_steer(self->cohort, now);
    }
    for (uint32_t i = 0; i < self->count; i++)
        worker_finish(self->worker[i]);
    return self->error;
}
