/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Everything that a policy is told begins here. What it means for the links, the worker and the plan is done by their own
 * files, which say at most what the event is.
 */
#include "core/sim/deliver.h"

#include <string.h>

#include "core/drive/arrival.h"
#include "core/sim/act.h"
#include "core/sim/node/account.h"
#include "core/sim/node/compute.h"
#include "core/sim/node/waits.h"
#include "core/sim/plan/faults.h"
#include "core/sim/plan/membership.h"
#include "core/sim/wire/ends.h"
#include "core/sim/wire/loans.h"
#include "core/sim/wire/messages.h"

static void record_tensor(struct sim *self, const struct sim_message *m)
{
    arrival_count(&self->plan.nodes.wire.base.totals.count, true, m->copy);
    account_hist(&self->plan.nodes, SERIES_HANDLE, arrival_took(m->sent_ns, now_of(self)));
}

/* The events of messages are built in their place from the message's own: a copy of either would be read in wide words
 * before its fields have left the store buffer, and an event would take a tenth longer. */

static void deliver_tensor(struct sim *self, uint32_t message)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    const struct sim_message *const m = &wire->message[message];
    const uint32_t worker = m->to;
    const struct event event = {.kind = EV_TENSOR,
                                .type = m->type,
                                .now_ns = now_of(self),
                                .tag = m->tag,
                                .handle = m->handle,
                                .peer = wire->edge[m->edge].peer,
                                .degree = m->degree,
                                .version = slots_version_of(m->handle),
                                .incarnation = slots_incarnation_of(m->handle)};
    record_tensor(self, m);
    messages_free(wire, message);
    sim_act_on(self, worker, &event);
}

static void deliver_control(struct sim *self, uint32_t message)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    const struct sim_message *const m = &wire->message[message];
    const uint32_t worker = m->to;
    struct event event = {.kind = EV_CONTROL,
                          .type = m->type,
                          .now_ns = now_of(self),
                          .peer = wire->edge[m->edge].peer,
                          .incarnation = m->incarnation};
    memcpy(event.word, m->word, sizeof(event.word));
    arrival_count(&wire->base.totals.count, false, false);
    messages_free(wire, message);
    sim_act_on(self, worker, &event);
}

/** The whole run ends. What the worker asked for and still owes its peers begins now. */
void deliver_stop(struct sim *self, uint32_t worker)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    struct sim_node *const node = node_at(nodes, worker);
    if (node->stop_notified)
        return; /* it is about to leave */
    node->stop_notified = true;
    sim_act_on(self, worker,
               &(struct event){.kind = EV_STOP, .now_ns = now_of(self), .tag = nodes->last_round});
    if (node->deferred_compute && !node->record.done &&
        progress_owes(config_of(self)->policy->synchronous, node->deferred_round,
                      nodes->last_round)) {
        node->deferred_compute = false;
        sim_compute_want(nodes, worker, node->deferred_round);
        sim_account_busy(nodes, node);
    }
}

/** A worker goes or comes. */
static void deliver_membership(struct sim *self, const struct sim_message *m)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    struct event event = {.now_ns = now_of(self), .peer = m->number, .incarnation = m->incarnation};
    switch ((enum message_kind)m->kind) {
    case MESSAGE_DOWN:
        event.kind = EV_PEER_DOWN;
        event.type = m->type;
        sim_membership_lost(&self->plan, m);
        sim_act_on(self, m->to, &event);
        loans_reclaim(&self->plan.nodes.wire, m->to,
                      m->number); /* whatever the policy does about it */
        return;
    case MESSAGE_UP:
        event.kind = EV_PEER_UP;
        sim_membership_found(&self->plan, m);
        break;
    case MESSAGE_LEAVE:
        if (!sim_membership_stops(&self->plan, m->to))
            return;
        event = (struct event){
            .kind = EV_STOP, .now_ns = now_of(self), .tag = node_at(nodes, m->to)->round};
        break;
    case MESSAGE_GONE:
        sim_membership_depart(&self->plan, m->to);
        faults_departed(&self->plan, m->to);
        return;
    case MESSAGE_BEGIN:
        event = (struct event){.kind = EV_START,
                               .now_ns = now_of(self),
                               .tag = node_at(nodes, m->to)->port.slots.incarnation - 1u,
                               .version = nodes->round_max};
        break;
    default:
        CHECK(false);
    }
    sim_act_on(self, m->to, &event);
}

/** The worker takes the message. */
void deliver_message(struct sim *self, uint32_t message)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    struct sim_nodes *const nodes = &self->plan.nodes;
    ends_taken(wire, message); /* the pool may move */
    const struct sim_message *const m = &wire->message[message];
    const uint32_t worker = m->to;
    struct event event = {.now_ns = now_of(self), .tag = m->tag};
    waits_by_message(nodes, m);
    switch ((enum message_kind)m->kind) {
    case MESSAGE_TENSOR:
        deliver_tensor(self, message);
        return;
    case MESSAGE_CONTROL:
        deliver_control(self, message);
        return;
    case MESSAGE_WAKE:
        event.kind = EV_WAKE;
        break;
    case MESSAGE_REDUCED:
        event.kind = EV_REDUCED;
        wire->base.clock_ns = now_of(self);
        sim_account_mixed(nodes, node_at(nodes, worker), m->degree);
        break;
    case MESSAGE_ROOM:
        event.kind = EV_ROOM;
        event.peer = m->number;
        break;
    case MESSAGE_STOP:
        deliver_stop(self, worker);
        messages_free(wire, message);
        return;
    default: {
        const struct sim_message notice = *m;
        messages_free(wire, message);
        deliver_membership(self, &notice);
        return;
    }
    }
    messages_free(wire, message);
    sim_act_on(self, worker, &event);
}

void deliver_gradient(struct sim *self, uint32_t worker)
{
    const struct event event = sim_compute_finish(&self->plan.nodes, worker);
    sim_act_on(self, worker, &event);
}

void deliver_timer(struct sim *self, uint32_t number)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    waits_by_timer(nodes);
    sim_act_on(self, number / SIM_TIMERS_MAX,
               &(struct event){.kind = EV_TIMER,
                               .type = (uint8_t)(number % SIM_TIMERS_MAX),
                               .now_ns = now_of(self),
                               .tag = nodes->timer[number].generation});
}
