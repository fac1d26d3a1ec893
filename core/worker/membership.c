/* SPDX-License-Identifier: BSD-3-Clause */
/* What a worker's own faults do to it, fault by fault; membership_peers.c has what its peers notice of it. */
#include "core/worker/membership.h"

#include <string.h>

#include "core/base/check.h"
#include "core/worker/account.h"
#include "core/worker/act.h"
#include "core/worker/compute.h"
#include "core/worker/membership_private.h"
#include "core/worker/publish.h"

#define NEVER UINT64_MAX

struct cohort_worker *membership_public(const struct worker *self, uint32_t id)
{
    return &self->common->cohort->worker[id];
}

static uint64_t at_cyc(const struct worker *self, uint64_t ns)
{
    return self->common->cohort->start_cyc + clock_to_cyc(self->common->clock, ns);
}

/** End of a spell that began as planned, whenever it was noticed. */
static uint64_t end_cyc(const struct worker *self, const struct fault *fault)
{
    return fault->for_ns > 0 ? at_cyc(self, fault->at_ns + fault->for_ns) : NEVER;
}

size_t membership_bytes(uint32_t peer_count, uint32_t slots)
{
    const size_t loans = (size_t)peer_count * 2 * slots;
    return ((peer_count * sizeof(struct membership_peer) + 63) & ~(size_t)63) +
           loans * sizeof(struct membership_loan);
}

void membership_open(struct worker *self, void *memory, const struct policy_config *config,
                     void *agent, size_t agent_bytes)
{
    struct membership *const membership = &self->membership;
    const size_t known_bytes =
        (self->peer_count * sizeof(struct membership_peer) + 63) & ~(size_t)63;
    *membership = (struct membership){.pause_end_cyc = NEVER,
                                      .disk_end_cyc = NEVER,
                                      .slots_end_cyc = NEVER,
                                      .notice_cyc = NEVER,
                                      .back_cyc = NEVER,
                                      .known = memory,
                                      .loan = (void *)((unsigned char *)memory + known_bytes),
                                      .loans_max = self->peer_count * 2 * self->slots.count,
                                      .config = config,
                                      .agent = agent,
                                      .agent_bytes = agent_bytes};
    atomic_store_explicit(&membership_public(self, self->id)->present, 1, memory_order_relaxed);
    for (uint32_t i = 0; i < self->common->faults; i++)
        if (self->common->fault[i].worker == self->id &&
            self->common->fault[i].kind == FAULT_JOIN) {
            membership->state = MEMBER_GONE;
            membership->away = i;
        }
    if (membership->state == MEMBER_GONE) {
        atomic_store_explicit(&membership_public(self, self->id)->present, 0, memory_order_relaxed);
        atomic_store_explicit(&membership_public(self, self->id)->epoch, 1, memory_order_relaxed);
    }
}

void membership_start(struct worker *self, uint64_t now)
{
    struct membership *const membership = &self->membership;
    const struct worker_common *const c = self->common;
    if (membership->state == MEMBER_GONE) {
        membership->back_cyc = at_cyc(self, c->fault[membership->away].at_ns);
        membership->lost = self->ledger.start;
        membership->lost_weight = 1;
        membership_stand_down(self, now);
        cohort_plan(membership_public(self, self->id), membership->back_cyc);
        return;
    }
    membership->start_due = membership->changed = true;
    membership_notify(self);
}

/* ------------------------------------------------------------------------------------------------- going */

/** Whatever the worker was about is not done any more. Its model stays where it is, for the evaluation and for who reads it. */
void membership_stand_down(struct worker *self, uint64_t now)
{
    struct cohort_worker *const pub = membership_public(self, self->id);
    if (self->recording)
        account_halt(self, now);
    self->recording = false;
    compute_abandon(self);
    self->held.compute = false;
    self->todo.actions.count = self->todo.next = self->todo.next_peer = 0;
    self->todo.blocked = false;
    worker_settle(self);
    memset(self->timer, 0, sizeof(self->timer));
    self->pressure = (struct worker_pressure){0};
    if (self->membership.has_early)
        membership_drop(self, &self->membership.early);
    self->membership.has_early = self->membership.start_due = false;
    self->done = self->stop_told = true;
    atomic_store_explicit(&pub->present, 0, memory_order_relaxed);
    atomic_store_explicit(&pub->apart, 1, memory_order_relaxed);
    /* release: with `done` goes everything that this worker has sent */
    atomic_store_explicit(&pub->done, 1, memory_order_release);
}

static void go(struct worker *self, uint64_t now)
{
    const struct worker_common *const c = self->common;
    const float *const vector = c->port->ops->slot(c->port, self->id, self->current);
    if (self->membership.paused)
        membership_resume(self, now);
    membership_stand_down(self, now);
    self->membership.state = MEMBER_GONE;
    self->membership.lost = mix_ledger(vector, c->model->dim);
    self->membership.lost_weight = lanes_weight(c->policy->lanes, vector, c->model->dim);
    if (self->membership.back_cyc != NEVER)
        cohort_plan(membership_public(self, self->id), self->membership.back_cyc);
}

static void crash(struct worker *self, const struct fault *fault, uint64_t now)
{
    self->membership.back_cyc = end_cyc(self, fault);
    self->membership.notice_cyc = now + clock_to_cyc(self->common->clock, fault->notice_ns);
    cohort_plan(membership_public(self, self->id), self->membership.notice_cyc);
    go(self, now);
}

/** Its policy is told to stop once nothing is half sent; LEAVING until it is done. */
static void leave(struct worker *self, uint64_t now)
{
    if (!self->stop_told && !self->todo.blocked && !self->membership.start_due) {
        if (!self->common->policy->synchronous && self->phase != WORKER_IDLE)
            account_abandoned(self, now);
        worker_stop(self, self->begun > 0 ? self->begun - 1 : 0, now);
    }
    if (!self->done || self->todo.blocked)
        return;
    go(self, now);
    self->membership.parting = true;
    membership_part(self);
}

/* ------------------------------------------------------------------------------------------------- spells */

static void pause(struct worker *self, const struct fault *fault, uint64_t now)
{
    account_served(self, now); /* until now it was held, or waited; from now on it is paused */
    account_woken(self, now, now);
    self->membership.paused = true;
    self->membership.pause_cyc = now;
    self->membership.pause_end_cyc = end_cyc(self, fault);
    cohort_plan(membership_public(self, self->id), self->membership.pause_end_cyc);
}

void membership_resume(struct worker *self, uint64_t now)
{
    self->membership.paused = false;
    self->membership.pause_end_cyc = NEVER;
    account_add(self, PART_INJECTED, self->membership.pause_cyc, now);
    account_disown(self, now);
}

/** The latest spell of this kind is over. */
static void note_end(struct worker *self, enum fault_kind kind, uint64_t now)
{
    self->common->happened[self->membership.spell[kind]].back_cyc = now;
}

static void disturb_disk(struct worker *self, int disk)
{
    if (self->data.loader)
        loader_disturb(self->data.loader, self->data.loop_index, disk);
}

static void end_spells(struct worker *self, uint64_t now)
{
    struct membership *const membership = &self->membership;
    if (membership->paused && now >= membership->pause_end_cyc) {
        membership_resume(self, now);
        note_end(self, FAULT_PAUSE, now);
    }
    if (now >= membership->disk_end_cyc) {
        disturb_disk(self, LOADER_UNDISTURBED);
        note_end(self, FAULT_DISK, now);
        membership->disk_end_cyc = NEVER;
    }
    if (now >= membership->slots_end_cyc) {
        slots_restore(&self->slots, UINT32_MAX);
        note_end(self, FAULT_SLOTS, now);
        membership->slots_end_cyc = NEVER;
    }
}

static void begin(struct worker *self, uint32_t number, uint64_t now)
{
    struct membership *const membership = &self->membership;
    const struct fault *const fault = &self->common->fault[number];
    self->common->happened[number] = (struct worker_fault){.at_cyc = now, .happened = true};
    membership->spell[fault->kind] = number;
    if (fault->kind == FAULT_CRASH || fault->kind == FAULT_LEAVE)
        membership->away = number;
    switch (fault->kind) {
    case FAULT_CRASH:
        crash(self, fault, now);
        return;
    case FAULT_LEAVE:
        membership->state = MEMBER_LEAVING;
        membership->back_cyc = end_cyc(self, fault);
        return;
    case FAULT_PAUSE:
        pause(self, fault, now);
        return;
    case FAULT_DISK:
        membership->disk_end_cyc = end_cyc(self, fault);
        disturb_disk(self, (int)fault->disk);
        cohort_plan(membership_public(self, self->id), membership->disk_end_cyc);
        return;
    case FAULT_SLOTS:
        membership->slots_end_cyc = end_cyc(self, fault);
        membership->slots_keep = fault->keep;
        cohort_plan(membership_public(self, self->id), membership->slots_end_cyc);
        return;
    case FAULT_JOIN: /* membership_start */
    case FAULT_KINDS:
        return;
    }
}

/** Faults of this worker that are due. What would befall somebody who is gone has no effect. */
static void begin_due(struct worker *self, uint64_t now)
{
    const struct worker_common *const c = self->common;
    struct membership *const membership = &self->membership;
    for (; membership->next < c->faults; membership->next++) {
        const struct fault *const fault = &c->fault[membership->next];
        if (fault->worker != self->id)
            continue;
        if (now < at_cyc(self, fault->at_ns))
            return;
        if (membership->state == MEMBER_PRESENT && fault->kind != FAULT_JOIN)
            begin(self, membership->next, now);
    }
}

static uint64_t next_cyc(const struct worker *self)
{
    const struct worker_common *const c = self->common;
    const struct membership *const membership = &self->membership;
    if (membership->state != MEMBER_PRESENT || membership->slots_end_cyc != NEVER)
        return 0;
    uint64_t next = account_min(membership->pause_end_cyc, membership->disk_end_cyc);
    for (uint32_t i = membership->next; i < c->faults; i++)
        if (c->fault[i].worker == self->id)
            return account_min(next, at_cyc(self, c->fault[i].at_ns));
    return next;
}

bool membership_turn(struct worker *self, uint64_t now)
{
    struct membership *const membership = &self->membership;
    if (!membership_has_faults(self)) {
        membership->wake_cyc = NEVER;
        return false;
    }
    end_spells(self, now);
    begin_due(self, now);
    if (membership->slots_end_cyc != NEVER) /* what readers give back meanwhile, too */
        slots_withhold(&self->slots, membership->slots_keep);
    if (membership->state == MEMBER_LEAVING && !membership->paused)
        leave(self, now);
    if (membership_is_absent(self))
        membership_turn_gone(self, now);
    membership->wake_cyc = membership->paused ? 0 : next_cyc(self);
    return membership->paused || membership_is_absent(self);
}

void membership_halt(struct worker *self, uint64_t now)
{
    struct membership *const membership = &self->membership;
    if (!membership_has_faults(self))
        return;
    membership->next = self->common->faults;
    membership->back_cyc = NEVER;
    membership->notice_cyc = membership->notice_cyc == NEVER ? NEVER : now;
    membership->pause_end_cyc = membership->paused ? now : NEVER;
    membership->disk_end_cyc = membership->disk_end_cyc == NEVER ? NEVER : now;
    membership->slots_end_cyc = membership->slots_end_cyc == NEVER ? NEVER : now;
    end_spells(self, now);
    if (membership->state == MEMBER_STATE_TRANSFER)
        membership->state = MEMBER_GONE;
    membership->wake_cyc = 0;
}
