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

#include "core/drive/arrival.h"
#include "core/sim/account.h"
#include "core/sim/act.h"
#include "core/sim/compute.h"
#include "core/sim/ends.h"
#include "core/sim/links.h"
#include "core/sim/membership.h"
#include "core/sim/messages.h"
#include "core/sim/stop.h"
#include "core/sim/waits.h"
#include "core/sim/waking.h"

static void record_tensor(struct sim *self, const struct sim_message *m)
{
    arrival_count(&self->totals.count, true, m->copy);
    account_hist(self, SERIES_HANDLE, arrival_took(m->sent_ns, self->now_ns));
}

/* The events of messages are built in their place from the message's own: a copy of either would be read in wide words
 * before its fields have left the store buffer, and an event would take a tenth longer. */

static void deliver_tensor(struct sim *self, uint32_t message)
{
    const struct sim_message *const m = &self->message[message];
    const uint32_t worker = m->to;
    const struct event event = {.kind = EV_TENSOR,
                                .type = m->type,
                                .now_ns = self->now_ns,
                                .tag = m->tag,
                                .handle = m->handle,
                                .peer = self->edge[m->edge].peer,
                                .degree = m->degree,
                                .version = slots_version_of(m->handle),
                                .incarnation = slots_incarnation_of(m->handle)};
    record_tensor(self, m);
    messages_free(self, message);
    sim_act_on(self, worker, &event);
}

static void deliver_control(struct sim *self, uint32_t message)
{
    const struct sim_message *const m = &self->message[message];
    const uint32_t worker = m->to;
    struct event event = {.kind = EV_CONTROL,
                          .type = m->type,
                          .now_ns = self->now_ns,
                          .peer = self->edge[m->edge].peer,
                          .incarnation = m->incarnation};
    memcpy(event.word, m->word, sizeof(event.word));
    arrival_count(&self->totals.count, false, false);
    messages_free(self, message);
    sim_act_on(self, worker, &event);
}

/** The worker takes the message. */
static void deliver(struct sim *self, uint32_t message)
{
    ends_taken(self, message); /* the pool may move */
    const struct sim_message *const m = &self->message[message];
    const uint32_t worker = m->to;
    struct event event = {.now_ns = self->now_ns, .tag = m->tag};
    waits_by_message(self, m);
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
        self->clock_ns = self->now_ns;
        sim_account_mixed(self, node_at(self, worker), m->degree);
        break;
    case MESSAGE_ROOM:
        event.kind = EV_ROOM;
        event.peer = m->number;
        break;
    case MESSAGE_STOP:
        stop_deliver(self, worker);
        messages_free(self, message);
        return;
    default:
        sim_membership_deliver(self, message);
        return;
    }
    messages_free(self, message);
    sim_act_on(self, worker, &event);
}

void service_message(struct sim *self, uint32_t message)
{
    const uint32_t worker = self->message[message].to;
    struct sim_node *const node = node_at(self, worker);
    if (!links_arrived(self, message))
        return;
    const bool wakes =
        self->message[message].kind == MESSAGE_WAKE && self->now_ns >= node->ready_ns;
    if (waking_can_receive(self, node) || wakes) {
        deliver(self, message);
        return;
    }
    links_unread(self, &node->inbox, message);
    waking_later(self, worker);
}

static void deliver_gradient(struct sim *self, uint32_t worker)
{
    const struct event event = sim_compute_finish(self, worker);
    sim_act_on(self, worker, &event);
}

void service_gradient(struct sim *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (waking_can_receive(self, node) && node->timers_due == 0) {
        deliver_gradient(self, worker);
        return;
    }
    node->gradient_due = true;
    if (self->now_ns >= node->ready_ns)
        self->resuming = worker; /* arrivals first, but now */
    else
        waking_later(self, worker);
}

static void fire_timer(struct sim *self, uint32_t number)
{
    waits_by_timer(self);
    sim_act_on(self, number / SIM_TIMERS_MAX,
               &(struct event){.kind = EV_TIMER,
                               .type = (uint8_t)(number % SIM_TIMERS_MAX),
                               .now_ns = self->now_ns,
                               .tag = self->timer[number].generation});
}

void service_timer(struct sim *self, uint32_t number)
{
    const uint32_t worker = number / SIM_TIMERS_MAX;
    struct sim_node *const node = node_at(self, worker);
    self->timer[number].armed = false;
    if (node->crashed)
        return;
    if (waking_can_receive(self, node)) {
        fire_timer(self, number);
        return;
    }
    node->timers_due |= (uint8_t)(1u << number % SIM_TIMERS_MAX);
    waking_later(self, worker);
}

void service_wake(struct sim *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (node->wake_ns != self->now_ns + 1)
        return; /* it is asked at another time */
    node->wake_ns = 0;
    sim_account_late(self, worker);
    sim_account_stolen(self, worker);
    if (!node->crashed)
        self->resuming = worker;
}

/** One thing of those that the resuming worker has not dealt with. */
static void resume(struct sim *self)
{
    const uint32_t worker = self->resuming;
    struct sim_node *const node = node_at(self, worker);
    if (self->now_ns < node->ready_ns) {
        self->resuming = SIM_NONE;
        waking_later(self, worker);
    } else if (node->inbox.first != SIM_NONE) {
        deliver(self, messages_first(self, &node->inbox));
    } else if (node->timers_due != 0) {
        const uint32_t timer = (uint32_t)__builtin_ctz(node->timers_due);
        node->timers_due &= (uint8_t)(node->timers_due - 1u);
        fire_timer(self, worker * SIM_TIMERS_MAX + timer);
    } else if (node->gradient_due) {
        deliver_gradient(self, worker);
    } else {
        self->resuming = SIM_NONE;
    }
}

void service_pending(struct sim *self)
{
    if (self->wakes.first != SIM_NONE) {
        service_message(self, messages_first(self, &self->wakes));
    } else if (self->roll < self->config.workers) {
        const uint32_t worker = self->roll++;
        if (self->roll_kind == EV_STOP)
            stop_notify(self, worker);
        else if (!node_at(self, worker)->crashed)
            sim_act_on(self, worker, &(struct event){.kind = EV_START, .now_ns = self->now_ns});
    } else if (self->prompt.first != SIM_NONE) {
        service_message(self, messages_first(self, &self->prompt));
    } else {
        resume(self);
    }
}
