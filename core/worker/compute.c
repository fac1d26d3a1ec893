/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The compute phase of an iteration: batch from the loader, real gradient in slices, emulated time and injected delay.
 *
 * Emulated compute *includes* the real gradient: the phase ends at max(real, emulated + injected). With a base time of
 * 0 the real gradient is the base, and laws that scale compute time scale what was measured.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/worker/account.h"
#include "core/worker/act.h"
#include "core/worker/compute.h"

#define SPIN_SLICE_NS 20000u

/* Longer than any disk that works takes for a batch. */
#define LOAD_NS_MAX UINT64_C(10000000000)

static struct cohort_worker *public_of(const struct worker *self)
{
    return &self->common->cohort->worker[self->id];
}

/** Keep the loader's prefetch queue of this worker full; one without a shard computes nothing. */
void compute_prefetch(struct worker *self)
{
    const uint32_t batch = self->common->model->batch;
    while (self->data.sampler.count > 0 && self->data.loader &&
           loader_has_room(self->data.loader, self->data.loop_index)) {
        sampler_next(&self->data.sampler, self->data.indices, batch);
        loader_request(self->data.loader, self->data.loop_index, self->data.indices);
    }
}

static uint64_t to_cyc(const struct worker *self, uint64_t ns)
{
    return clock_to_cyc(self->common->clock, ns);
}

/** What is injected into this iteration, which began at `begin` and takes base_ns undisturbed. */
static struct inject_phase draw_phase(struct worker *self, uint64_t begin, uint64_t base_ns)
{
    const struct worker_common *const c = self->common;
    const struct inject_phase phase = inject_phase(
        &c->inject, INJECT_COMPUTE, self->id, self->begun - 1, act_now_ns(self, begin), base_ns);
    self->compute.spin = phase.spin;
    self->compute.process = phase.process;
    return phase;
}

static void plan_phase(struct worker *self, uint64_t now)
{
    const struct worker_common *const c = self->common;
    struct worker_compute *const compute = &self->compute;
    compute->spin = compute->process = false;
    compute->emulated_cyc = compute->injected_cyc = 0;
    if (c->base_ns > 0) {
        const uint64_t seed = c->inject.seed, iteration = self->begun - 1;
        const uint64_t base_ns =
            c->jitter.law ? inject_jitter_ns(&c->jitter, c->base_ns, seed, self->id, iteration)
                          : inject_base_ns(c->base_ns, c->jitter_cv, seed, self->id, iteration);
        const struct inject_phase phase = draw_phase(self, now, base_ns);
        compute->emulated_cyc = to_cyc(self, phase.base_ns);
        compute->injected_cyc = to_cyc(self, phase.delay_ns);
    }
    compute->begin_cyc = now;
    compute->planned_cyc = now + compute->emulated_cyc + compute->injected_cyc;
    cohort_plan(public_of(self), compute->planned_cyc);
    const uint64_t unknown = c->base_ns > 0 ? 0 : UINT64_MAX;
    phases_begin(&c->cohort->worker[self->id].phases,
                 &(struct blame_phase){.begin = now,
                                       .injected = unknown ? unknown : now + compute->emulated_cyc,
                                       .end = unknown ? unknown : compute->planned_cyc});
}

/** The parameters to take the gradient at. Dividing by the weight is part of the real gradient. */
static const float *model_of_current(struct worker *self)
{
    const struct worker_common *const c = self->common;
    const float *const vector = c->port->ops->slot(c->port, self->id, self->current);
    if (c->policy->lanes == LANES_PLAIN)
        return vector;
    const uint64_t from = clock_cyc();
    const float *const model =
        lanes_model(c->policy->lanes, vector, c->model->dim, self->data.debiased);
    const uint64_t to = clock_cyc();
    self->compute.real_cyc += to - from;
    account_add(self, PART_COMPUTE, from, to);
    return model;
}

static void begin_gradient(struct worker *self)
{
    const struct worker_common *const c = self->common;
    struct worker_compute *const phase = &self->compute;
    phase->slot = self->current;
    phase->slot_version = self->version;
    phase->slot_orphan = false;
    phase->sliced = false;
    phase->real_cyc = 0;
    atomic_store_explicit(&public_of(self)->working, 1, memory_order_relaxed);
    gradient_begin(&phase->gradient, c->model, model_of_current(self), self->data.x,
                   self->data.label, self->data.gradient, self->data.scratch);
}

/** The oldest batch is made to come later than now. */
static bool disk_is_late(const struct worker *self)
{
    const uint64_t ready_ns = disk_ready_ns(&self->data.disk);
    if (ready_ns == 0 || cohort_phase(self->common->cohort) >= COHORT_HALT)
        return false; /* nobody measures the drain: it does not wait */
    return act_now_ns(self, clock_cyc()) < ready_ns;
}

void compute_look_at_batch(struct worker *self, uint64_t now)
{
    if (self->phase == WORKER_LOADING && self->data.since_cyc == 0 && self->data.unused == 0 &&
        loader_ready(self->data.loader, self->data.loop_index))
        self->data.since_cyc = now;
}

uint64_t compute_batch_cyc(const struct worker *self)
{
    const uint64_t ready_ns = disk_ready_ns(&self->data.disk);
    if ((self->data.loader && self->data.since_cyc == 0) || disk_is_late(self))
        return 0;
    const uint64_t delayed_cyc =
        ready_ns > 0 ? self->common->cohort->start_cyc + to_cyc(self, ready_ns) : 0;
    return account_max(self->data.since_cyc, delayed_cyc);
}

/**
 * Batches of gradients that were abandoned before they had one: the k-th gradient asked for uses the k-th batch drawn,
 * however far the disk was, as in virtual time. False: not all of them are there yet.
 */
static bool skip_unused(struct worker *self)
{
    for (; self->data.unused > 0; self->data.unused--) {
        if (disk_is_late(self) || !loader_ready(self->data.loader, self->data.loop_index))
            return false;
        loader_done(self->data.loader, self->data.loop_index);
        disk_take(&self->data.disk, &self->common->inject, self->id, act_now_ns(self, clock_cyc()));
        compute_prefetch(self);
    }
    return true;
}

/** Take the batch if it is there. */
static void try_load(struct worker *self)
{
    const uint64_t now = clock_cyc();
    if (self->data.loader && !skip_unused(self))
        return;
    if (disk_is_late(self))
        return;
    if (self->data.loader) {
        const unsigned char *const *const record =
            loader_ready(self->data.loader, self->data.loop_index);
        if (!record)
            return;
        const struct dataset *const data = self->common->dataset;
        const uint32_t *const index = loader_indices(self->data.loader, self->data.loop_index);
        for (uint32_t i = 0; i < self->common->model->batch; i++) {
            dataset_to_float(data, record[i], self->data.x + (size_t)i * data->features);
            self->data.label[i] = data->label[index[i]];
        }
        loader_done(self->data.loader, self->data.loop_index);
        compute_prefetch(self);
    }
    const uint64_t done = clock_cyc();
    disk_take(&self->data.disk, &self->common->inject, self->id, act_now_ns(self, done));
    account_loaded(self, now, done);
    plan_phase(self, done);
    self->phase = WORKER_COMPUTING;
    begin_gradient(self);
}

static void spin_for(uint64_t cyc)
{
    const uint64_t end = clock_cyc() + cyc;
    while (clock_cyc() < end)
        ;
}

/** The budget in rounds is exact. Who comes back, or late, takes part from the round on that it is asked for. */
static bool may_begin(struct worker *self, uint32_t round)
{
    struct cohort_worker *const pub = public_of(self);
    if (atomic_load_explicit(&pub->apart, memory_order_relaxed)) {
        const uint64_t missed = progress_missed(round, self->finished);
        atomic_store_explicit(&pub->missed, missed, memory_order_relaxed);
        /* release: whoever counts the worker counts what it has missed */
        atomic_store_explicit(&pub->apart, 0, memory_order_release);
    }
    const uint64_t missed = atomic_load_explicit(&pub->missed, memory_order_relaxed);
    return progress_may_begin(&self->common->cohort->budget, self->begun + missed);
}

/** Where workers come back, their iterations say nothing about which round it is. */
static bool misses_rounds(const struct worker *self)
{
    return self->common->policy->synchronous && self->common->policy->survives_return;
}

void compute_want(struct worker *self, uint32_t round)
{
    const enum cohort_phase phase = cohort_phase(self->common->cohort);
    const bool draining =
        phase == COHORT_DRAIN && self->stop_told &&
        progress_owes(self->common->policy->synchronous, round, self->common->cohort->last_round);
    CHECK(self->phase == WORKER_IDLE);
    if (phase >= COHORT_HALT && !draining) {
        self->held.compute = true;
        self->held.round = round;
        return;
    }
    if (self->common->policy->synchronous && !may_begin(self, round)) {
        atomic_store_explicit(&public_of(self)->held, 1, memory_order_relaxed);
        self->held.compute = true;
        self->held.round = round;
        return;
    }
    const uint64_t now = clock_cyc();
    account_iteration(self, now);
    self->begun++;
    self->told_begun = misses_rounds(self) ? (uint64_t)round + 1 : self->begun;
    atomic_store_explicit(&public_of(self)->begun, self->told_begun, memory_order_relaxed);
    atomic_store_explicit(&public_of(self)->longest_cyc, self->account.longest_cyc,
                          memory_order_relaxed);
    self->compute.abandoned = false;
    self->phase = WORKER_LOADING;
    self->data.since_cyc = 0;
    try_load(self);
    if (self->phase == WORKER_LOADING)
        cohort_plan(public_of(self), now + to_cyc(self, LOAD_NS_MAX));
}

void compute_unpin(struct worker *self)
{
    if (self->compute.slot_orphan)
        slots_drop(&self->slots, self->compute.slot);
    self->compute.slot_orphan = false;
}

static void finish_gradient(struct worker *self, uint64_t now)
{
    struct worker_compute *const c = &self->compute;
    c->sliced = true;
    atomic_store_explicit(&public_of(self)->working, 0, memory_order_relaxed);
    account_spent(self, &self->costs.gradients, 1, c->real_cyc);
    compute_unpin(self);
    if (self->common->base_ns == 0) {
        const uint64_t real_ns = clock_ns(self->common->clock, c->real_cyc);
        c->injected_cyc = to_cyc(self, draw_phase(self, c->begin_cyc, real_ns).delay_ns);
        c->planned_cyc = now + c->injected_cyc;
        cohort_plan(public_of(self), c->planned_cyc);
        phases_revise(
            &self->common->cohort->worker[self->id].phases,
            &(struct blame_phase){.begin = c->begin_cyc, .injected = now, .end = c->planned_cyc});
    }
}

bool worker_wants_slice(const struct worker *self)
{
    if (self->phase != WORKER_COMPUTING || self->membership.paused)
        return false;
    return !self->compute.sliced || self->compute.spin;
}

void worker_slice(struct worker *self, uint64_t from)
{
    struct worker_compute *const c = &self->compute;
    account_served(self, from);
    if (c->sliced) {
        const uint64_t left = c->planned_cyc > from ? c->planned_cyc - from : 0;
        spin_for(account_min(left, to_cyc(self, SPIN_SLICE_NS)));
        return;
    }
    const bool finished = gradient_slice(&c->gradient);
    const uint64_t to = clock_cyc();
    c->real_cyc += to - from;
    account_add(self, PART_COMPUTE, from, to);
    account_spent(self, &self->costs.slices, 1, to - from);
    if (finished)
        finish_gradient(self, to);
}

static void deliver_gradient(struct worker *self, uint64_t now)
{
    account_computed(self, now);
    self->phase = WORKER_IDLE;
    self->finished++;
    if (self->recording)
        atomic_store_explicit(&self->common->cohort->worker[self->id].finished, self->finished,
                              memory_order_relaxed);
    act_on(self, &(struct event){.kind = EV_GRADIENT,
                                 .now_ns = act_now_ns(self, now),
                                 .tag = self->begun - 1,
                                 .version = (uint32_t)self->compute.slot_version});
}

bool compute_serve(struct worker *self, uint64_t now)
{
    switch (self->phase) {
    case WORKER_IDLE:
        return false;
    case WORKER_LOADING:
        try_load(self);
        return self->phase != WORKER_LOADING;
    case WORKER_COMPUTING:
        /* Nobody measures the drain: it does not wait for emulated time. */
        if (!self->compute.sliced || (self->recording && now < self->compute.planned_cyc))
            return false;
        /* A fresh stamp: what this turn has mixed or sent since it began is booked already. */
        deliver_gradient(self, clock_cyc());
        return true;
    }
    return false;
}

void compute_abandon(struct worker *self)
{
    if (self->phase == WORKER_COMPUTING && !self->compute.sliced)
        compute_unpin(self);
    atomic_store_explicit(&public_of(self)->working, 0, memory_order_relaxed);
    self->data.unused += self->phase == WORKER_LOADING && self->data.loader;
    self->phase = WORKER_IDLE;
}

void compute_drop(struct worker *self)
{
    self->held.compute = false; /* asked for after the halt, wanted no more */
    if (self->phase == WORKER_IDLE)
        return;
    const uint64_t now = clock_cyc();
    account_abandoned(self, now);
    if (self->phase == WORKER_COMPUTING)
        phases_cut(&self->common->cohort->worker[self->id].phases, now);
    compute_abandon(self);
    self->compute.abandoned = true;
    self->count.abandoned++;
}
