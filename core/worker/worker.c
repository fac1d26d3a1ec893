/* SPDX-License-Identifier: BSD-3-Clause */
/* One turn of a live worker: arrivals, blocked actions, timers, compute phase, snapshot, in this order. */
#include "core/worker/worker.h"

#include <string.h>

#include "core/base/check.h"
#include "core/drive/arrival.h"
#include "core/worker/account.h"
#include "core/worker/act.h"
#include "core/worker/compute.h"
#include "core/worker/membership.h"
#include "core/worker/pressure.h"
#include "core/worker/publish.h"

#define ARRIVALS_MAX 16u

void worker_start(struct worker *self, const float *initial, uint64_t now)
{
    struct port *const port = self->common->port;
    const uint32_t dim = self->common->model->dim;
    const uint32_t slot = slots_take(&self->slots);
    CHECK(slot != SLOTS_NONE);
    float *const param = port->ops->slot(port, self->id, slot);
    memcpy(param, initial, dim * sizeof(float));
    lanes_start(self->common->policy->lanes, param, dim);
    self->current = self->average.slot = slot;
    self->average.kept = matrix_keeps_average(self->common->policy->matrix, self->common->workers);
    self->version = 1;
    port->ops->stamp(port, self->id, slot, slots_seal(&self->slots, slot, self->version));
    publish_version(self);
    self->ledger.start = mix_ledger(param, dim);
    self->recording = true;
    self->phase = WORKER_IDLE;
    books_open(&self->account.books, now);
    account_disown(self, now);
    if (disk_is_delayed(&self->common->inject))
        disk_open(&self->data.disk, &self->common->inject, self->id, self->common->prefetch, 0);
    if (membership_has_faults(self))
        membership_start(self, now);
    else
        act_on(self, &(struct event){.kind = EV_START, .now_ns = act_now_ns(self, now)});
}

static struct event event_of(const struct worker *self, const struct port_arrival *arrival,
                             uint64_t now)
{
    const struct port_message *const m = &arrival->message;
    struct event event = {.kind = m->is_tensor ? EV_TENSOR : EV_CONTROL,
                          .type = m->type,
                          .now_ns = act_now_ns(self, now),
                          .peer = arrival->edge};
    if (m->is_tensor) {
        event.tag = m->tag;
        event.handle = m->handle;
        event.degree = m->degree;
        event.version = slots_version_of(m->handle);
        event.incarnation = slots_incarnation_of(m->handle);
    } else {
        memcpy(event.word, m->word, sizeof(event.word));
    }
    return event;
}

/** A stamp of the peer of this edge, as this core would have taken it. */
static uint64_t moment_here(const struct worker *self, uint32_t edge, uint64_t cyc)
{
    const struct clock_shift *const clock = self->common->cohort->clock;
    return clock ? clock_shift_moment(&clock[self->peers[edge]], cyc) : cyc;
}

static void record_arrival(struct worker *self, const struct port_message *m, uint64_t sent_cyc,
                           uint64_t now)
{
    self->owed++;
    arrival_count(&self->count, m->is_tensor, false);
    if (m->is_tensor && self->recording)
        hist_record(&self->hist[SERIES_HANDLE],
                    clock_ns(self->common->clock, arrival_took(sent_cyc, now)));
}

void worker_settle(struct worker *self)
{
    struct cohort_worker *const pub = &self->common->cohort->worker[self->id];
    if (self->owed == 0 || self->todo.blocked)
        return;
    const uint64_t received = atomic_load_explicit(&pub->received, memory_order_relaxed);
    /* release: whoever counts the message as received also sees what was sent because of it */
    atomic_store_explicit(&pub->received, received + self->owed, memory_order_release);
    self->owed = 0;
}

static bool next_arrival(struct worker *self, struct port_arrival *out)
{
    struct port *const port = self->common->port;
    if (!self->membership.has_early)
        return port->ops->poll(port, self->id, out, 1) == 1;
    self->membership.has_early = false;
    *out = self->membership.early;
    return true;
}

/** With faults about, some arrivals are not for the policy, or not yet. */
static bool admit(struct worker *self, const struct port_arrival *arrival)
{
    enum incarnation_verdict verdict = membership_judge(self, arrival);
    if (verdict == INCARNATION_LATER) {
        membership_notify(self);
        verdict = membership_judge(self, arrival);
    }
    if (verdict == INCARNATION_DROP)
        membership_drop(self, arrival);
    self->membership.has_early =
        verdict == INCARNATION_LATER || (verdict == INCARNATION_TAKE && self->todo.blocked);
    if (self->membership.has_early)
        self->membership.early = *arrival;
    if (verdict != INCARNATION_TAKE || self->membership.has_early)
        return false;
    if (arrival->message.is_tensor)
        membership_borrow(self, arrival->edge, arrival->message.handle);
    return true;
}

/** False: it waits until the worker may take it, and so does all behind it. */
static bool serve_arrival(struct worker *self, const struct port_arrival *arrival)
{
    const uint64_t now = clock_cyc();
    if (self->heard_cyc)
        self->heard_cyc[arrival->edge] = now;
    if (membership_has_faults(self) && !admit(self, arrival))
        return !self->membership.has_early;
    const uint64_t sent = moment_here(self, arrival->edge, arrival->message.sent_cyc);
    record_arrival(self, &arrival->message, sent, now);
    account_caused(self, arrival->edge, sent,
                   moment_here(self, arrival->edge, port_left_cyc(&arrival->message)), now);
    const struct event event = event_of(self, arrival, now);
    act_on(self, &event);
    return true;
}

/** One arrival at a time: its actions must be done before the next event may reach the policy. */
static bool serve_arrivals(struct worker *self)
{
    struct port_arrival arrival;
    uint32_t served = 0;
    bool goes_on = true;
    while (goes_on && served < ARRIVALS_MAX && pressure_tell(self) && !self->membership.start_due &&
           next_arrival(self, &arrival)) {
        served++;
        goes_on = serve_arrival(self, &arrival);
    }
    if (self->membership.departing && served < ARRIVALS_MAX && !self->todo.blocked)
        membership_drained(self);
    worker_settle(self);
    return served > 0;
}

static bool serve_timers(struct worker *self, uint64_t now)
{
    bool any = false;
    for (uint32_t t = 0; t < WORKER_TIMERS_MAX && pressure_tell(self); t++) {
        struct worker_timer *const timer = &self->timer[t];
        if (!timer->armed || now < timer->at_cyc)
            continue;
        timer->armed = false;
        account_caused(self, WORKER_NO_EDGE, timer->at_cyc, timer->at_cyc, now);
        act_on(self, &(struct event){.kind = EV_TIMER,
                                     .type = (uint8_t)t,
                                     .tag = timer->generation,
                                     .now_ns = act_now_ns(self, now)});
        any = true;
    }
    return any;
}

static float *snapshot_row(const struct worker *self, uint32_t cut)
{
    const struct worker_common *const c = self->common;
    const size_t floats = worker_snapshot_floats(c->policy, c->model);
    return c->snapshot + ((size_t)cut * c->workers + self->id) * floats;
}

static void copy_snapshot(struct worker *self, uint32_t cut)
{
    const struct worker_common *const c = self->common;
    const uint32_t slot = self->average.kept ? self->average.slot : self->current;
    const float *const vector = c->port->ops->slot(c->port, self->id, slot);
    memcpy(snapshot_row(self, cut), vector,
           worker_snapshot_floats(c->policy, c->model) * sizeof(float));
    if (c->snapshot_average)
        c->snapshot_average[(size_t)cut * c->workers + self->id] = self->average.number;
    if (c->snapshot_absent)
        c->snapshot_absent[(size_t)cut * c->workers + self->id] = membership_is_absent(self);
}

bool worker_cut(struct worker *self)
{
    const uint32_t cut = atomic_load_explicit(&self->common->cohort->cut, memory_order_acquire);
    if (self->cut >= cut)
        return false;
    const uint64_t from = clock_cyc();
    account_woken(self, from, from); /* waiting until now; the copy is a part of its own */
    while (self->cut < cut)
        copy_snapshot(self, self->cut++);
    account_add(self, PART_JUDGE, from, clock_cyc());
    return true;
}

bool worker_serve(struct worker *self, uint64_t now)
{
    bool any = false;
    if (now >= self->membership.wake_cyc && membership_turn(self, now)) {
        self->common->port->ops->poll(self->common->port, self->id, NULL, 0); /* its links work */
        return false;
    }
    if (self->todo.blocked) {
        account_blocked(self, now); /* it waits, whoever has its core */
        any |= act_resume(self);
        worker_settle(self);
    } else {
        account_served(self, now);
    }
    if (self->recording)
        any |= worker_cut(self);
    if (!compute_is_deaf(self, now)) {
        if (self->membership.changed && !self->todo.blocked)
            membership_notify(self);
        any |= serve_arrivals(self);
        any |= serve_timers(self, now);
    } else {
        self->common->port->ops->poll(self->common->port, self->id, NULL,
                                      0); /* deaf, but its links work */
    }
    if (pressure_tell(self))
        any |= compute_serve(self, now);
    return any;
}

void worker_halt(struct worker *self)
{
    membership_halt(self, clock_cyc());
    worker_cut(self); /* announced before HALT: belongs to the run */
    account_halt(self, clock_cyc());
    self->recording = false;
}

void worker_stop(struct worker *self, uint64_t last_round, uint64_t now)
{
    struct port *const port = self->common->port;
    if (port->ops->drain) /* first: what never leaves may be what blocks this worker */
        port->ops->drain(port, self->id);
    if (self->todo.blocked || self->stop_told || self->membership.start_due)
        return; /* told in a later turn */
    const bool goes_on = self->common->policy->synchronous && self->told_begun <= last_round + 1;
    if (self->phase != WORKER_IDLE && !goes_on)
        compute_abandon(self);
    self->stop_told = true;
    self->membership.last_round = last_round;
    self->compute.process = false;
    act_on(self,
           &(struct event){.kind = EV_STOP, .tag = last_round, .now_ns = act_now_ns(self, now)});
    if (self->held.compute && !self->done &&
        progress_owes(self->common->policy->synchronous, self->held.round, last_round)) {
        self->held.compute = false;
        compute_want(self, self->held.round);
    }
}

void worker_lose(struct worker *self)
{
    const uint32_t cut = atomic_load_explicit(&self->common->cohort->cut, memory_order_acquire);
    self->membership.state = MEMBER_GONE;
    self->phase = WORKER_IDLE; /* what it was about may be half done */
    self->done = true;
    while (self->cut < cut)
        copy_snapshot(self, self->cut++);
    worker_finish(self);
}

void worker_finish(struct worker *self)
{
    compute_abandon(self);
    /* After the cuts that were taken: all of them, unless the run was stopped early. */
    copy_snapshot(self, atomic_load_explicit(&self->common->cohort->cut, memory_order_acquire));
    self->count.policy = agent_counters(&self->agent);
}
