/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is served next. At one moment: wakes, then starts and stops, then controls that take no time, then the worker that
 * works off what it could not receive, then the queue.
 *
 * A worker that is busy, deaf or paused keeps what comes in its inbox. Once it can receive it takes arrivals in order, then
 * timers, then its own gradient, the order of service of a live worker (core/worker/worker.c).
 */
#include "core/sim/service.h"

#include <string.h>

#include "core/sim/act.h"
#include "core/sim/deliver.h"
#include "core/sim/node/account.h"
#include "core/sim/node/waking.h"
#include "core/sim/wire/links.h"
#include "core/sim/wire/messages.h"

/** It is this worker's turn to be told of the stop. */
static void notify_stop(struct sim *self, uint32_t worker)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    struct sim_nodes *const nodes = &self->plan.nodes;
    struct sim_node *const node = node_at(nodes, worker);
    if (node->port.crashed)
        return;
    if (node->pause_ns > now_of(self)) {
        const uint32_t message = messages_take(wire);
        if (message == SIM_NONE)
            return;
        wire->message[message] = (struct sim_message){.kind = MESSAGE_STOP, .to = worker};
        messages_append(wire, &node->port.inbox, message);
    } else {
        deliver_stop(self, worker);
    }
    waking_later(nodes, worker);
}

void service_message(struct sim *self, uint32_t message)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    struct sim_nodes *const nodes = &self->plan.nodes;
    const uint32_t worker = wire->message[message].to;
    struct sim_node *const node = node_at(nodes, worker);
    if (!links_arrived(wire, message))
        return;
    const bool wakes =
        wire->message[message].kind == MESSAGE_WAKE && now_of(self) >= node->ready_ns;
    if (waking_can_receive(nodes, node) || wakes) {
        deliver_message(self, message);
        return;
    }
    links_unread(wire, &node->port.inbox, message);
    waking_later(nodes, worker);
}

void service_gradient(struct sim *self, uint32_t worker)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    struct sim_node *const node = node_at(nodes, worker);
    if (waking_can_receive(nodes, node) && node->timers_due == 0) {
        deliver_gradient(self, worker);
        return;
    }
    node->gradient_due = true;
    if (now_of(self) >= node->ready_ns)
        nodes->resuming = worker; /* arrivals first, but now */
    else
        waking_later(nodes, worker);
}

void service_timer(struct sim *self, uint32_t number)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    const uint32_t worker = number / SIM_TIMERS_MAX;
    struct sim_node *const node = node_at(nodes, worker);
    nodes->timer[number].armed = false;
    if (node->port.crashed)
        return;
    if (waking_can_receive(nodes, node)) {
        deliver_timer(self, number);
        return;
    }
    node->timers_due |= (uint8_t)(1u << number % SIM_TIMERS_MAX);
    waking_later(nodes, worker);
}

void service_wake(struct sim *self, uint32_t worker)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    struct sim_node *const node = node_at(nodes, worker);
    if (node->wake_ns != now_of(self) + 1)
        return; /* it is asked at another time */
    node->wake_ns = 0;
    sim_account_late(nodes, worker);
    sim_account_stolen(nodes, worker);
    if (!node->port.crashed)
        nodes->resuming = worker;
}

/** One thing of those that the resuming worker has not dealt with. */
static void resume(struct sim *self)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    const uint32_t worker = nodes->resuming;
    struct sim_node *const node = node_at(nodes, worker);
    if (now_of(self) < node->ready_ns) {
        nodes->resuming = SIM_NONE;
        waking_later(nodes, worker);
    } else if (node->port.inbox.first != SIM_NONE) {
        deliver_message(self, messages_first(&self->plan.nodes.wire, &node->port.inbox));
    } else if (node->timers_due != 0) {
        const uint32_t timer = (uint32_t)__builtin_ctz(node->timers_due);
        node->timers_due &= (uint8_t)(node->timers_due - 1u);
        deliver_timer(self, worker * SIM_TIMERS_MAX + timer);
    } else if (node->gradient_due) {
        deliver_gradient(self, worker);
    } else {
        nodes->resuming = SIM_NONE;
    }
}

void service_pending(struct sim *self)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    if (self->wakes.first != SIM_NONE) {
        service_message(self, messages_first(wire, &self->wakes));
    } else if (self->roll < config_of(self)->workers) {
        const uint32_t worker = self->roll++;
        if (self->roll_kind == EV_STOP)
            notify_stop(self, worker);
        else if (!node_at(&self->plan.nodes, worker)->port.crashed)
            sim_act_on(self, worker, &(struct event){.kind = EV_START, .now_ns = now_of(self)});
    } else if (wire->prompt.first != SIM_NONE) {
        service_message(self, messages_first(wire, &wire->prompt));
    } else {
        resume(self);
    }
}
