/* SPDX-License-Identifier: BSD-3-Clause */
/* What a worker's own faults do to it, fault by fault; life_peers.c has what its peers notice of it. */
#include "core/worker/life.h"

#include <string.h>

#include "core/base/check.h"
#include "core/worker/account.h"
#include "core/worker/act.h"
#include "core/worker/compute.h"
#include "core/worker/life_private.h"
#include "core/worker/publish.h"

#define NEVER UINT64_MAX

struct cohort_worker *life_public(const struct worker *self, uint32_t id)
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

size_t life_bytes(uint32_t peer_count, uint32_t slots)
{
    const size_t loans = (size_t)peer_count * 2 * slots;
    return ((peer_count * sizeof(struct life_peer) + 63) & ~(size_t)63) +
           loans * sizeof(struct life_loan);
}

void life_open(struct worker *self, void *memory, const struct policy_config *config, void *agent,
               size_t agent_bytes)
{
    struct life *const life = &self->life;
    const size_t heard_bytes = (self->peer_count * sizeof(struct life_peer) + 63) & ~(size_t)63;
    *life = (struct life){.pause_end_cyc = NEVER,
                          .disk_end_cyc = NEVER,
                          .slots_end_cyc = NEVER,
                          .notice_cyc = NEVER,
                          .back_cyc = NEVER,
                          .heard = memory,
                          .loan = (void *)((unsigned char *)memory + heard_bytes),
                          .loans_max = self->peer_count * 2 * self->slots.count,
                          .config = config,
                          .agent = agent,
                          .agent_bytes = agent_bytes};
    atomic_store_explicit(&life_public(self, self->id)->there, 1, memory_order_relaxed);
    for (uint32_t i = 0; i < self->common->faults; i++)
        if (self->common->fault[i].worker == self->id &&
            self->common->fault[i].kind == FAULT_JOIN) {
            life->state = LIFE_GONE;
            life->away = i;
        }
    if (life->state == LIFE_GONE) {
        atomic_store_explicit(&life_public(self, self->id)->there, 0, memory_order_relaxed);
        atomic_store_explicit(&life_public(self, self->id)->news, 1, memory_order_relaxed);
    }
}

void life_start(struct worker *self, uint64_t now)
{
    struct life *const life = &self->life;
    const struct worker_common *const c = self->common;
    if (life->state == LIFE_GONE) {
        life->back_cyc = at_cyc(self, c->fault[life->away].at_ns);
        life->lost = self->sum_start;
        life->lost_weight = 1;
        life_stand_down(self, now);
        cohort_plan(life_public(self, self->id), life->back_cyc);
        return;
    }
    life->start_due = life->hears = true;
    life_listen(self);
}

/* ------------------------------------------------------------------------------------------------- going */

/** Whatever the worker was about is not done any more. Its model stays where it is, for the judge and for who reads it. */
void life_stand_down(struct worker *self, uint64_t now)
{
    struct cohort_worker *const pub = life_public(self, self->id);
    if (self->recording)
        account_halt(self, now);
    self->recording = false;
    compute_abandon(self);
    self->held_compute = false;
    self->actions.count = self->next_action = self->next_peer = 0;
    self->action_blocked = false;
    worker_settle(self);
    memset(self->timer, 0, sizeof(self->timer));
    self->pressure = (struct worker_pressure){0};
    if (self->life.has_kept)
        life_drop(self, &self->life.kept);
    self->life.has_kept = self->life.start_due = false;
    self->done = self->stop_told = true;
    atomic_store_explicit(&pub->there, 0, memory_order_relaxed);
    atomic_store_explicit(&pub->apart, 1, memory_order_relaxed);
    /* release: with `done` goes everything that this worker has sent */
    atomic_store_explicit(&pub->done, 1, memory_order_release);
}

static void go(struct worker *self, uint64_t now)
{
    const struct worker_common *const c = self->common;
    const float *const vector = c->port->ops->slot(c->port, self->id, self->current);
    if (self->life.paused)
        life_resume(self, now);
    life_stand_down(self, now);
    self->life.state = LIFE_GONE;
    self->life.lost = mix_ledger(vector, c->model->dim);
    self->life.lost_weight = lanes_weight(c->policy->lanes, vector, c->model->dim);
    if (self->life.back_cyc != NEVER)
        cohort_plan(life_public(self, self->id), self->life.back_cyc);
}

static void crash(struct worker *self, const struct fault *fault, uint64_t now)
{
    self->count.crashes++;
    self->life.back_cyc = end_cyc(self, fault);
    self->life.notice_cyc = now + clock_to_cyc(self->common->clock, fault->notice_ns);
    cohort_plan(life_public(self, self->id), self->life.notice_cyc);
    go(self, now);
}

/** Its policy is told to stop once nothing is half sent; LEAVING until it is done. */
static void leave(struct worker *self, uint64_t now)
{
    if (!self->stop_told && !self->action_blocked && !self->life.start_due) {
        if (!self->common->policy->synchronous && self->phase != WORKER_IDLE)
            account_abandoned(self, now);
        worker_stop(self, self->begun > 0 ? self->begun - 1 : 0, now);
    }
    if (!self->done || self->action_blocked)
        return;
    go(self, now);
    self->life.parting = true;
    life_part(self);
}

/* ------------------------------------------------------------------------------------------------- spells */

static void pause(struct worker *self, const struct fault *fault, uint64_t now)
{
    account_served(self, now); /* until now it was held, or waited; from now on it is paused */
    account_woken(self, now, now);
    self->life.paused = true;
    self->life.pause_cyc = now;
    self->life.pause_end_cyc = end_cyc(self, fault);
    cohort_plan(life_public(self, self->id), self->life.pause_end_cyc);
}

void life_resume(struct worker *self, uint64_t now)
{
    self->life.paused = false;
    self->life.pause_end_cyc = NEVER;
    account_add(self, PART_INJECTED, self->life.pause_cyc, now);
    account_disown(self, now);
}

/** The latest spell of this kind is over. */
static void note_end(struct worker *self, enum fault_kind kind, uint64_t now)
{
    self->common->happened[self->life.spell[kind]].back_cyc = now;
}

static void disturb_disk(struct worker *self, int disk)
{
    if (self->loader)
        loader_disturb(self->loader, self->loop_index, disk);
}

static void end_spells(struct worker *self, uint64_t now)
{
    struct life *const life = &self->life;
    if (life->paused && now >= life->pause_end_cyc) {
        life_resume(self, now);
        note_end(self, FAULT_PAUSE, now);
    }
    if (now >= life->disk_end_cyc) {
        disturb_disk(self, LOADER_UNDISTURBED);
        note_end(self, FAULT_DISK, now);
        life->disk_end_cyc = NEVER;
    }
    if (now >= life->slots_end_cyc) {
        slots_restore(&self->slots, UINT32_MAX);
        note_end(self, FAULT_SLOTS, now);
        life->slots_end_cyc = NEVER;
    }
}

static void begin(struct worker *self, uint32_t number, uint64_t now)
{
    struct life *const life = &self->life;
    const struct fault *const fault = &self->common->fault[number];
    self->common->happened[number] = (struct worker_fault){.at_cyc = now, .happened = true};
    life->spell[fault->kind] = number;
    if (fault->kind == FAULT_CRASH || fault->kind == FAULT_LEAVE)
        life->away = number;
    switch (fault->kind) {
    case FAULT_CRASH:
        crash(self, fault, now);
        return;
    case FAULT_LEAVE:
        life->state = LIFE_LEAVING;
        life->back_cyc = end_cyc(self, fault);
        return;
    case FAULT_PAUSE:
        pause(self, fault, now);
        return;
    case FAULT_DISK:
        life->disk_end_cyc = end_cyc(self, fault);
        disturb_disk(self, (int)fault->disk);
        cohort_plan(life_public(self, self->id), life->disk_end_cyc);
        return;
    case FAULT_SLOTS:
        life->slots_end_cyc = end_cyc(self, fault);
        life->slots_keep = fault->keep;
        cohort_plan(life_public(self, self->id), life->slots_end_cyc);
        return;
    case FAULT_JOIN: /* life_start */
    case FAULT_KINDS:
        return;
    }
}

/** Faults of this worker that are due. What would befall somebody who is gone has no effect. */
static void begin_due(struct worker *self, uint64_t now)
{
    const struct worker_common *const c = self->common;
    struct life *const life = &self->life;
    for (; life->next < c->faults; life->next++) {
        const struct fault *const fault = &c->fault[life->next];
        if (fault->worker != self->id)
            continue;
        if (now < at_cyc(self, fault->at_ns))
            return;
        if (life->state == LIFE_THERE && fault->kind != FAULT_JOIN)
            begin(self, life->next, now);
    }
}

static uint64_t next_cyc(const struct worker *self)
{
    const struct worker_common *const c = self->common;
    const struct life *const life = &self->life;
    if (life->state != LIFE_THERE || life->slots_end_cyc != NEVER)
        return 0;
    uint64_t next = account_min(life->pause_end_cyc, life->disk_end_cyc);
    for (uint32_t i = life->next; i < c->faults; i++)
        if (c->fault[i].worker == self->id)
            return account_min(next, at_cyc(self, c->fault[i].at_ns));
    return next;
}

bool life_turn(struct worker *self, uint64_t now)
{
    struct life *const life = &self->life;
    if (!life_has_faults(self)) {
        life->wake_cyc = NEVER;
        return false;
    }
    end_spells(self, now);
    begin_due(self, now);
    if (life->slots_end_cyc != NEVER) /* what readers give back meanwhile, too */
        slots_withhold(&self->slots, life->slots_keep);
    if (life->state == LIFE_LEAVING && !life->paused)
        leave(self, now);
    if (life_is_absent(self))
        life_turn_gone(self, now);
    life->wake_cyc = life->paused ? 0 : next_cyc(self);
    return life->paused || life_is_absent(self);
}

void life_halt(struct worker *self, uint64_t now)
{
    struct life *const life = &self->life;
    if (!life_has_faults(self))
        return;
    life->next = self->common->faults;
    life->back_cyc = NEVER;
    life->notice_cyc = life->notice_cyc == NEVER ? NEVER : now;
    life->pause_end_cyc = life->paused ? now : NEVER;
    life->disk_end_cyc = life->disk_end_cyc == NEVER ? NEVER : now;
    life->slots_end_cyc = life->slots_end_cyc == NEVER ? NEVER : now;
    end_spells(self, now);
    if (life->state == LIFE_WISHING)
        life->state = LIFE_GONE;
    life->wake_cyc = 0;
}
