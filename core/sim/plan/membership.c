/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What has arrived is delivered before the notice that its sender is gone, even if that is back by then.
 *
 * Order at a return: first the peers are notified, then the worker starts, then it is notified of who else is absent; all at
 * one moment. So nothing of the new incarnation can reach a peer before the notice, and nothing that a peer sends before it
 * has the notice reaches the new incarnation (sim_life.notified).
 */
#include "core/sim/plan/membership.h"

#include <string.h>

#include "core/drive/incarnation.h"
#include "core/sim/node/budget.h"
#include "core/sim/node/compute.h"
#include "core/sim/plan/withheld.h"
#include "core/sim/values/values.h"
#include "core/sim/wire/ends.h"
#include "core/sim/wire/loans.h"
#include "core/sim/wire/messages.h"
#include "core/sim/wire/pressure.h"

static uint32_t make(struct sim_plan *self, const struct sim_message *model)
{
    const uint32_t message = messages_take(&self->nodes.wire);
    if (message == SIM_NONE)
        return SIM_NONE;
    self->nodes.wire.message[message] = *model;
    self->nodes.wire.message[message].to_incarnation =
        node_at(&self->nodes, model->to)->port.slots.incarnation;
    return message;
}

static void post(struct sim_plan *self, const struct sim_message *model)
{
    const uint32_t message = make(self, model);
    if (message != SIM_NONE)
        messages_append(&self->nodes.wire, &self->nodes.wire.prompt, message);
}

/** The notice about the worker at this edge's beginning, for whoever is at its end. */
static struct sim_message notice_of(const struct sim_plan *self, uint32_t worker, uint32_t peer,
                                    enum message_kind kind, enum peer_down how)
{
    const struct sim_node *const node = node_at(&self->nodes, worker);
    const struct sim_edge *const edge = &self->nodes.wire.edge[node->port.first_edge + peer];
    return (struct sim_message){.kind = (uint8_t)kind,
                                .type = (uint8_t)how,
                                .to = edge->to,
                                .number = edge->peer,
                                .edge = node->port.first_edge + peer,
                                .incarnation = node->port.slots.incarnation};
}

/* ------------------------------------------------------------------------------------------------------- going */

static void forget(struct sim_plan *self, uint32_t worker)
{
    struct sim_node *const node = node_at(&self->nodes, worker);
    struct sim_absence *const absence = &self->absence[worker];
    budget_part(&self->nodes, worker);
    node->port.crashed = node->record.crashed = true;
    node->generation++; /* its gradient will not come */
    node->gradient_due = node->deferred_compute = absence->noticed = absence->leaving = false;
    node->timers_due = 0;
    for (uint32_t t = 0; t < SIM_TIMERS_MAX; t++)
        self->nodes.timer[worker * SIM_TIMERS_MAX + t].armed = false;
    while (node->port.inbox.first != SIM_NONE)
        ends_lose(&self->nodes.wire, messages_first(&self->nodes.wire, &node->port.inbox));
    if (absence->withheld)
        withheld_end(self, worker);
    if (self->nodes.wire.base.config.values)
        values_lose(self->nodes.wire.base.config.values, worker, node->current);
    loans_drop(&self->nodes.wire, worker, node->current);
    node->current = SLOTS_NONE;
}

void sim_membership_await(struct sim_plan *self, uint32_t worker)
{
    forget(self, worker);
    sim_membership_notice(self, worker);
}

void sim_membership_crash(struct sim_plan *self, uint32_t worker)
{
    if (self->nodes.stopped || node_at(&self->nodes, worker)->port.crashed)
        return;
    sim_compute_halt(&self->nodes, worker);
    sim_compute_abandon(&self->nodes, worker);
    forget(self, worker);
}

void sim_membership_notice(struct sim_plan *self, uint32_t worker)
{
    struct sim_node *const node = node_at(&self->nodes, worker);
    struct sim_absence *const absence = &self->absence[worker];
    if (!node->port.crashed || absence->noticed)
        return; /* the run had ended before, or it was known */
    absence->noticed = true;
    for (uint32_t i = 0; i < node->port.peer_count; i++) {
        const struct sim_message message = notice_of(self, worker, i, MESSAGE_DOWN, PEER_LOST);
        post(self, &message);
    }
}

void sim_membership_leave(struct sim_plan *self, uint32_t worker)
{
    struct sim_node *const node = node_at(&self->nodes, worker);
    struct sim_absence *const absence = &self->absence[worker];
    if (self->nodes.stopped || node->port.crashed || absence->leaving)
        return; /* it may have taken longer to leave than it was to be away */
    absence->leaving = true;
    post(self, &(struct sim_message){.kind = MESSAGE_LEAVE, .to = worker});
}

bool sim_membership_stops(struct sim_plan *self, uint32_t worker)
{
    struct sim_node *const node = node_at(&self->nodes, worker);
    struct sim_absence *const absence = &self->absence[worker];
    if (node->stop_notified || node->deferred_compute) { /* the run ends before it has gone */
        absence->leaving = false;
        return false;
    }
    node->stop_notified = true;
    if (!self->nodes.wire.base.config.policy->synchronous)
        sim_compute_abandon(&self->nodes, worker);
    return true;
}

void sim_membership_end(struct sim_plan *self, uint32_t worker)
{
    post(self, &(struct sim_message){.kind = MESSAGE_GONE, .to = worker});
}

/** Its last word follows all that it sent. */
void sim_membership_depart(struct sim_plan *self, uint32_t worker)
{
    struct sim_node *const node = node_at(&self->nodes, worker);
    struct sim_absence *const absence = &self->absence[worker];
    if (!self->nodes.stopped)
        sim_compute_halt(&self->nodes, worker);
    sim_compute_abandon(&self->nodes, worker);
    forget(self, worker);
    absence->noticed = true;
    absence->gone_ns = self->nodes.wire.base.now_ns;
    for (uint32_t i = 0; i < node->port.peer_count; i++) {
        const struct sim_edge *const edge = &self->nodes.wire.edge[node->port.first_edge + i];
        const struct sim_message model = notice_of(self, worker, i, MESSAGE_DOWN, PEER_LEFT);
        const uint64_t at_ns =
            sim_max(self->nodes.wire.base.now_ns, sim_max(edge->last_ns[0], edge->last_ns[1]));
        const uint32_t message = make(self, &model);
        if (message == SIM_NONE)
            return;
        absence->gone_ns = sim_max(absence->gone_ns, at_ns);
        due_at(&self->nodes.wire.base, at_ns, DUE_MESSAGE, message, edge->to);
    }
}

/* ------------------------------------------------------------------------------------------------- coming (back) */

static bool is_there(const struct sim_plan *self, uint32_t worker)
{
    return !node_at(&self->nodes, worker)->port.crashed;
}

/** The lowest neighbour that is there, or the lowest worker. */
static uint32_t whose_model(const struct sim_plan *self, uint32_t worker)
{
    const struct sim_node *const node = node_at(&self->nodes, worker);
    for (uint32_t i = 0; i < node->port.peer_count; i++)
        if (is_there(self, self->nodes.wire.edge[node->port.first_edge + i].to))
            return self->nodes.wire.edge[node->port.first_edge + i].to;
    uint32_t any = 0;
    while (any < self->nodes.wire.base.config.workers && !is_there(self, any))
        any++;
    return any;
}

/** All that is on its way belongs to the past, at both ends. */
static void renew_edges(struct sim_plan *self, uint32_t worker)
{
    const struct sim_node *const node = node_at(&self->nodes, worker);
    for (uint32_t i = 0; i < node->port.peer_count; i++) {
        const uint32_t out = node->port.first_edge + i;
        const uint32_t in = wire_first_edge(&self->nodes.wire, self->nodes.wire.edge[out].to) +
                            self->nodes.wire.edge[out].peer;
        struct sim_life *const there = &self->nodes.wire.life[out], *const back =
                                                                        &self->nodes.wire.life[in];
        there->life = incarnation_pair(incarnation_of_sender(there->life) + 1,
                                       incarnation_of_receiver(there->life));
        there->notified = (uint8_t)incarnation_of_receiver(there->life);
        back->life = incarnation_pair(incarnation_of_sender(back->life),
                                      incarnation_of_receiver(back->life) + 1);
        memset(self->nodes.wire.edge[out].flying, 0, sizeof(self->nodes.wire.edge[out].flying));
        memset(self->nodes.wire.edge[in].flying, 0, sizeof(self->nodes.wire.edge[in].flying));
        sim_pressure_forget(&self->nodes.wire, out);
        sim_pressure_forget(&self->nodes.wire, in);
        self->nodes.wire.edge[out].down = 0;
        if (!self->nodes.wire.mailboxes)
            continue;
        if (self->nodes.wire.mailbox[out].waiting != SIM_NONE)
            ends_lose_own(&self->nodes.wire, self->nodes.wire.mailbox[out].waiting);
        self->nodes.wire.mailbox[out].waiting = self->nodes.wire.mailbox[out].unread = SIM_NONE;
        self->nodes.wire.mailbox[in].unread = SIM_NONE;
    }
}

static void renew_node(struct sim_plan *self, uint32_t worker)
{
    struct sim_node *const node = node_at(&self->nodes, worker);
    const struct policy_config *const config = &self->nodes.wire.base.config.worker[worker];
    uint8_t *const state = (uint8_t *)node + SIM_STATE_AT;
    memset(state, 0, agent_bytes(self->nodes.wire.base.config.policy, config));
    agent_init(&node->agent, state, self->nodes.wire.base.config.policy, config);
    slots_restart(&node->port.slots);
    books_open(&node->books, self->nodes.wire.base.now_ns);
    node->port.crashed = node->record.crashed = node->record.done = false;
    node->came = node->orphan = node->stop_notified = false;
    node->ready_ns = node->busy_ns = node->pause_ns = self->nodes.wire.base.now_ns;
    node->ready_at_ns = node->disk_ns = node->blamed_ns = node->paused.end_ns = 0;
    node->mixed_with = node->round = 0;
    node->record.lives++;
}

static void take_model(struct sim_plan *self, uint32_t worker, uint32_t from)
{
    struct sim_node *const node = node_at(&self->nodes, worker);
    node->current = slots_take(&node->port.slots);
    slots_seal(&node->port.slots, node->current, ++node->version);
    node->record.model_of = from;
    if (self->nodes.wire.base.config.values)
        values_adopt(self->nodes.wire.base.config.values, worker, node->current, from,
                     node_at(&self->nodes, from)->current);
}

bool sim_membership_return(struct sim_plan *self, uint32_t worker, uint64_t *again_ns)
{
    struct sim_node *const node = node_at(&self->nodes, worker);
    struct sim_absence *const absence = &self->absence[worker];
    const uint32_t room = self->nodes.wire.base.config.policy->slots_fixed
                              ? self->nodes.wire.base.config.policy->slots_fixed
                              : 1;
    if (self->nodes.wire.base.now_ns < absence->gone_ns) { /* its last words come first */
        *again_ns = absence->gone_ns;
        return false;
    }
    if (node->port.slots.free_count < room) { /* others still read what it left */
        *again_ns = self->nodes.wire.base.now_ns + 1 + self->nodes.wire.base.config.base_ns / 8;
        return false;
    }
    const uint32_t from = whose_model(self, worker);
    sim_membership_notice(self, worker);
    renew_edges(self, worker);
    renew_node(self, worker);
    take_model(self, worker, from);
    for (uint32_t i = 0; i < node->port.peer_count; i++) {
        const struct sim_message message = notice_of(self, worker, i, MESSAGE_UP, PEER_LOST);
        post(self, &message);
    }
    post(self, &(struct sim_message){.kind = MESSAGE_BEGIN, .to = worker});
    for (uint32_t i = 0; i < node->port.peer_count; i++) {
        const struct sim_edge *const edge = &self->nodes.wire.edge[node->port.first_edge + i];
        const struct sim_node *const peer = node_at(&self->nodes, edge->to);
        const struct sim_message message =
            notice_of(self, edge->to, edge->peer, MESSAGE_DOWN, PEER_LOST);
        if (peer->port.crashed && self->absence[edge->to].noticed)
            post(self, &message);
    }
    return true;
}

/* ------------------------------------------------------------------------------------------------- hearing of it */

void sim_membership_lost(struct sim_plan *self, const struct sim_message *notice)
{
    const uint32_t edge = node_at(&self->nodes, notice->to)->port.first_edge + notice->number;
    self->nodes.wire.edge[edge].down = true;
    if (self->nodes.wire.mailboxes && self->nodes.wire.mailbox[edge].waiting != SIM_NONE) {
        ends_lose(&self->nodes.wire, self->nodes.wire.mailbox[edge].waiting);
        self->nodes.wire.mailbox[edge].waiting = SIM_NONE;
    }
}

void sim_membership_found(struct sim_plan *self, const struct sim_message *notice)
{
    const uint32_t edge = node_at(&self->nodes, notice->to)->port.first_edge + notice->number;
    self->nodes.wire.edge[edge].down = false;
    self->nodes.wire.life[edge].notified = (notice->incarnation - 1u) & INCARNATION_MASK;
}
