/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A schedule fixed before the start (core/inject/fault.h). Who goes and comes is in membership.c; here is when, and what is
 * not a matter of life: pauses, disks, slots, and cores that the host takes away.
 */
#include "core/sim/plan/faults.h"

#include "core/sim/node/account.h"
#include "core/sim/plan/membership.h"
#include "core/sim/plan/withheld.h"

static void plan(struct sim_plan *self, uint32_t number)
{
    const struct fault *const fault = &self->nodes.wire.base.config.fault[number];
    const uint64_t over_ns = fault_end_ns(fault);
    CHECK(fault->worker < self->nodes.wire.base.config.workers);
    CHECK(!fault_is_absence(fault->kind) ||
          !policy_refuses(self->nodes.wire.base.config.policy, fault_returns(fault)));
    if (fault->kind == FAULT_JOIN)
        sim_membership_await(self, fault->worker);
    due_at(&self->nodes.wire.base, fault->at_ns, DUE_FAULT, number, 0);
    if (fault->kind == FAULT_CRASH)
        due_at(&self->nodes.wire.base, fault_noticed_ns(fault), DUE_NOTICED, number, 0);
    if (over_ns < UINT64_MAX)
        due_at(&self->nodes.wire.base, over_ns, DUE_OVER, number, 0);
}

void faults_plan(struct sim_plan *self)
{
    faults_steal(self, 0); /* nobody starts on a core that is not there */
    for (uint32_t i = 0; i < self->nodes.wire.base.config.fault_count; i++)
        plan(self, i);
}

/* ---------------------------------------------------------------------------------------------- begin, over */

static void pause(struct sim_plan *self, const struct fault *fault)
{
    struct sim_node *const node = node_at(&self->nodes, fault->worker);
    const uint64_t until_ns = fault_end_ns(fault);
    sim_account_pause(&self->nodes, fault->worker, until_ns);
    node->pause_ns = sim_max(node->pause_ns, until_ns);
    node->ready_ns = sim_max(node->ready_ns, node->pause_ns);
}

/** What disturbs a worker and does not take it away. */
static void disturb(struct sim_plan *self, const struct fault *fault)
{
    struct sim_node *const node = node_at(&self->nodes, fault->worker);
    if (fault->kind == FAULT_PAUSE)
        pause(self, fault);
    else if (fault->kind == FAULT_DISK)
        node->disk_ns = sim_max(node->disk_ns, fault_end_ns(fault));
    else if (fault->kind == FAULT_SLOTS)
        withheld_begin(self, fault);
}

void faults_begin(struct sim_plan *self, uint32_t number)
{
    const struct fault *const fault = &self->nodes.wire.base.config.fault[number];
    struct sim_absence *const absence = &self->absence[fault->worker];
    const bool drains = self->nodes.stopped && fault->kind != FAULT_PAUSE;
    if (fault->kind == FAULT_JOIN) {
        faults_over(self, number);
        return;
    }
    if (node_at(&self->nodes, fault->worker)->port.crashed || drains)
        return;
    self->faults[number].happened = true;
    self->faults[number].at_ns = self->nodes.wire.base.now_ns;
    if (!fault_is_absence(fault->kind)) {
        disturb(self, fault);
        self->faults[number].back_ns = fault_end_ns(fault);
        return;
    }
    absence->fault = number;
    absence->overstayed = false;
    if (fault->kind == FAULT_CRASH)
        sim_membership_crash(self, fault->worker);
    else
        sim_membership_leave(self, fault->worker);
}

void faults_notice(struct sim_plan *self, uint32_t number)
{
    if (!self->faults[number].happened)
        return;
    self->faults[number].noticed_ns = self->nodes.wire.base.now_ns;
    sim_membership_notice(self, self->nodes.wire.base.config.fault[number].worker);
}

void faults_departed(struct sim_plan *self, uint32_t worker)
{
    struct sim_absence *const absence = &self->absence[worker];
    self->faults[absence->fault].noticed_ns = absence->gone_ns;
    if (absence->overstayed)
        due_at(&self->nodes.wire.base, absence->gone_ns, DUE_OVER, absence->fault, 0);
    absence->overstayed = false;
}

void faults_over(struct sim_plan *self, uint32_t number)
{
    const struct fault *const fault = &self->nodes.wire.base.config.fault[number];
    struct sim_node *const node = node_at(&self->nodes, fault->worker);
    struct sim_absence *const absence = &self->absence[fault->worker];
    uint64_t again_ns;
    if (fault->kind == FAULT_SLOTS && absence->withheld && self->faults[number].happened)
        withheld_end(self, fault->worker);
    if (!fault_returns(fault) || self->nodes.stopped)
        return;
    if (!node->port.crashed) {
        absence->overstayed =
            absence->leaving; /* still about to leave: it comes back as soon as it has */
        return;
    }
    if (!sim_membership_return(self, fault->worker, &again_ns)) {
        due_at(&self->nodes.wire.base, again_ns, DUE_OVER, number, 0);
        return;
    }
    if (fault->kind == FAULT_JOIN)
        self->faults[number].at_ns = 0;
    self->faults[number].happened = true;
    self->faults[number].back_ns = self->nodes.wire.base.now_ns;
}

/* -------------------------------------------------------------------------------------------------- stolen cores */

static void displace(struct sim_core *core, uint64_t from, uint64_t ns)
{
    core->free_ns = core->free_ns > from ? core->free_ns + ns : from + ns;
    if (core->work_ns > from) {
        core->work_ns += ns;
        core->displaced_ns += ns;
    }
}

static void steal(struct sim_plan *self, const struct sim_stolen *hole)
{
    const struct sim_config *const c = &self->nodes.wire.base.config;
    if (hole->end_ns <= self->nodes.wire.base.now_ns)
        return;
    if (c->core)
        displace(&self->nodes.core[hole->core], self->nodes.wire.base.now_ns,
                 hole->end_ns - self->nodes.wire.base.now_ns);
    for (uint32_t w = 0; w < c->workers; w++) {
        if ((c->core ? c->core[w] : w) != hole->core)
            continue;
        struct sim_node *const node = node_at(&self->nodes, w);
        if (node->paused.stolen_ns == 0 || node->pause_ns < self->nodes.wire.base.now_ns)
            node->paused.stolen_ns = self->nodes.wire.base.now_ns + 1;
        node->pause_ns = sim_max(node->pause_ns, hole->end_ns);
        node->ready_ns = sim_max(node->ready_ns, hole->end_ns);
    }
}

void faults_steal(struct sim_plan *self, uint32_t number)
{
    const struct sim_config *const c = &self->nodes.wire.base.config;
    for (; number < c->stolen_count && c->stolen[number].begin_ns <= self->nodes.wire.base.now_ns;
         number++)
        steal(self, &c->stolen[number]);
    if (number < c->stolen_count && !self->nodes.stopped)
        due_at(&self->nodes.wire.base, c->stolen[number].begin_ns, DUE_STOLEN, number, 0);
}
