/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One function per action, as core/worker/act.c. Nothing blocks here: a full channel or a pool without a free slot is a
 * broken bound, and ends the run with a sentence.
 *
 * clock_ns is the worker's own thread: it starts at now and moves on by what each action costs, so that a message sent
 * after a mix leaves later than one sent before it.
 */
#include "core/sim/act.h"

#include <string.h>

#include "core/drive/arrival.h"
#include "core/policy/staleness.h"
#include "core/sim/node/account.h"
#include "core/sim/node/budget.h"
#include "core/sim/node/compute.h"
#include "core/sim/node/models.h"
#include "core/sim/node/waits.h"
#include "core/sim/plan/membership.h"
#include "core/sim/plan/reduce.h"
#include "core/sim/plan/withheld.h"
#include "core/sim/values/values.h"
#include "core/sim/wire/links.h"
#include "core/sim/wire/loans.h"
#include "core/sim/wire/messages.h"
#include "core/sim/wire/pressure.h"

static uint32_t own_slot(const struct sim *self, uint32_t worker, uint64_t handle)
{
    return handle ? slots_slot_of(handle) : node_at(&self->plan.nodes, worker)->current;
}

static void do_apply(struct sim *self, uint32_t worker, const struct action *action)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    const uint32_t slot = models_take(nodes, worker);
    if (slot == SLOTS_NONE)
        return;
    const struct sim_node *const node = node_at(nodes, worker);
    if (staleness_counts_apply(config_of(self)->policy))
        account_hist(nodes, SERIES_STALENESS, node->version - node->reads.version);
    if (config_of(self)->values)
        values_apply(config_of(self)->values, worker, own_slot(self, worker, action->handle), slot,
                     (enum apply_rule)action->rule, budget_rate(nodes));
    models_adopt(nodes, worker, slot);
    sim_account_spend(nodes, worker, PART_PUBLISH, config_of(self)->costs.apply_ns);
}

static void do_send(struct sim *self, uint32_t worker, const struct action *action)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    struct sim_nodes *const nodes = &self->plan.nodes;
    const struct sim_node *const node = node_at(nodes, worker);
    const uint64_t bytes = config_of(self)->payload_bytes / (action->slices ? action->slices : 1);
    const struct sim_message model = {
        .kind = MESSAGE_TENSOR,
        .type = action->type,
        .tag = action->tag,
        .handle = slots_current_handle(&node->port.slots, node->current),
        .degree = action->degree,
        .iteration = node->port.finished,
    };
    *published_at(nodes, worker, node->current) = wire->base.clock_ns;
    for (uint32_t i = 0; i < action->count && !sim_broken(&wire->base); i++) {
        sim_account_spend(nodes, worker, PART_PUBLISH, config_of(self)->costs.send_ns);
        links_send(wire, worker, action->peers[i], &model, bytes);
    }
    wire->base.totals.count.bytes_exchanged += nodes->recording ? action->count * bytes : 0;
}

static void do_control(struct sim *self, uint32_t worker, const struct action *action)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    struct sim_message model = {.kind = MESSAGE_CONTROL, .type = action->type};
    memcpy(model.word, action->word, sizeof(model.word));
    for (uint32_t i = 0; i < action->count && !sim_broken(&wire->base); i++) {
        sim_account_spend(&self->plan.nodes, worker, PART_PUBLISH, config_of(self)->costs.send_ns);
        links_send(wire, worker, action->peers[i], &model, 0);
    }
}

/** The term as (worker, slot), checked to be the snapshot that was lent. */
static struct values_row row_of(struct sim *self, uint32_t worker, const struct action *action,
                                const struct mix_term *term)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    struct sim_nodes *const nodes = &self->plan.nodes;
    const struct sim_node *const node = node_at(nodes, worker);
    const uint32_t peer = wire->edge[node->port.first_edge + term->peer].to;
    const uint32_t slot = slots_slot_of(term->handle);
    if (slots_current_handle(&node_at(nodes, peer)->port.slots, slot) != term->handle)
        sim_break_edge(&wire->base, worker, peer, "a snapshot was overwritten while it was lent");
    return (struct values_row){.worker = peer,
                               .slot = slot,
                               .base_worker = action->rule == MIX_DELTA_OWN ? worker : peer,
                               .base_slot = term->base ? slots_slot_of(term->base) : SLOTS_NONE,
                               .weight = term->weight};
}

/** All at once and not one after the other: the books of all senders, and the rest of a worker that goes on after it. */
static void fetch_for_mix(const struct sim *self, const struct sim_node *node,
                          const struct action *action)
{
    const struct sim_nodes *const nodes = &self->plan.nodes;
    for (size_t at = offsetof(struct sim_node, asked_ns); at < sizeof(*node); at += 64)
        __builtin_prefetch((const uint8_t *)node + at);
    for (uint32_t i = 0; i < action->count; i++) {
        const struct sim_node *const peer = node_at(
            nodes, self->plan.nodes.wire.edge[node->port.first_edge + action->terms[i].peer].to);
        __builtin_prefetch(&peer->port.slots);
        if (nodes->books_at > 0) {
            __builtin_prefetch((const uint8_t *)peer + nodes->books_at);
            __builtin_prefetch((const uint8_t *)peer + nodes->books_at + 64);
        }
    }
}

/** The average is in place at clock_ns: how old was what went into it? */
static void record_age(struct sim *self, uint32_t worker, const struct action *action)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    struct sim_nodes *const nodes = &self->plan.nodes;
    const struct sim_node *const node = node_at(nodes, worker);
    if (!nodes->recording || !staleness_has_age(config_of(self)->policy, worker, action))
        return;
    const struct mix_term *const term = staleness_term(action, node->port.finished);
    const uint32_t peer = wire->edge[node->port.first_edge + term->peer].to;
    const uint64_t sent_ns = *published_at(nodes, peer, slots_slot_of(term->handle));
    const struct arrival_age age =
        arrival_age(term->handle, sent_ns, node_at(nodes, peer)->version, wire->base.clock_ns);
    hist_record(&nodes->hist[SERIES_AGE], age.time);
    hist_record(&nodes->hist[SERIES_AGE_VERSIONS], age.versions);
}

/** A server's average of gradients, before it is in place. */
static void record_staleness(struct sim *self, uint32_t worker, const struct action *action)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    if (!staleness_takes_gradients(config_of(self)->policy, worker))
        return;
    for (uint32_t i = 0; i < action->count; i++)
        account_hist(nodes, SERIES_STALENESS,
                     staleness_of_term(&action->terms[i], node_at(nodes, worker)->version));
}

static void do_mix(struct sim *self, uint32_t worker, const struct action *action)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    struct sim_node *const node = node_at(nodes, worker);
    CHECK(action->count <= STEP_PEERS_MAX);
    const uint32_t slot = models_take(nodes, worker);
    if (slot == SLOTS_NONE)
        return;
    fetch_for_mix(self, node, action);
    for (uint32_t i = 0; i < action->count; i++)
        self->row[i] = row_of(self, worker, action, &action->terms[i]);
    const struct values_mix mix = {.rule = (enum mix_rule)action->rule,
                                   .worker = worker,
                                   .from = own_slot(self, worker, action->handle),
                                   .to = slot,
                                   .degree = action->degree,
                                   .slice = action->slice,
                                   .slices = action->slices,
                                   .row = self->row,
                                   .count = action->count};
    if (config_of(self)->values)
        values_mix(config_of(self)->values, &mix);
    record_staleness(self, worker, action);
    models_adopt(nodes, worker, slot);
    sim_account_spend(nodes, worker, PART_MIX,
                      action->count * config_of(self)->costs.mix_ns /
                          (action->slices ? action->slices : 1));
    record_age(self, worker, action);
    if (action->rule == MIX_SLICE_COPY)
        models_averaged(nodes, worker, action->tag + 1);
    /* MIX_SLICE_MEAN is half of an all-reduce, the other half follows; without terms a share is given away at most */
    if (action->rule != MIX_SLICE_MEAN && action->count > 0)
        sim_account_mixed(nodes, node, action->count);
}

static void do_timer(struct sim *self, uint32_t worker, const struct action *action)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    CHECK(action->type < SIM_TIMERS_MAX);
    const uint32_t number = worker * SIM_TIMERS_MAX + action->type;
    struct sim_timer *const timer = &nodes->timer[number];
    timer->armed = action->kind == ACT_TIMER;
    self->any_timer = true;
    timer->generation = action->tag;
    timer->armed_count++;
    node_at(nodes, worker)->timers_due &= (uint8_t) ~(1u << action->type);
    if (timer->armed)
        due_at(&self->plan.nodes.wire.base, sim_max(action->at_ns, now_of(self)), DUE_TIMER, number,
               timer->armed_count);
}

static void do_wake(struct sim *self, uint32_t worker, const struct action *action)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    for (uint32_t i = 0; i < action->count; i++) {
        const uint32_t message = messages_take(wire);
        if (message == SIM_NONE)
            return;
        CHECK(action->peers[i] < config_of(self)->workers);
        wire->message[message] = (struct sim_message){.kind = MESSAGE_WAKE,
                                                      .tag = action->tag,
                                                      .to = action->peers[i],
                                                      .number = worker,
                                                      .sent_ns = now_of(self)};
        messages_append(wire, &self->wakes, message);
    }
}

static void do_release(struct sim *self, uint32_t worker, const struct action *action)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    struct sim_nodes *const nodes = &self->plan.nodes;
    if (loans_release(wire, worker, action->peer, action->handle))
        return;
    const struct sim_edge *const edge =
        &self->plan.nodes.wire.edge[node_at(nodes, worker)->port.first_edge + action->peer];
    if (!node_at(nodes, edge->to)->port.crashed)
        sim_break_edge(&wire->base, worker, edge->to,
                       "a snapshot was given back that was not lent");
}

static void do_done(struct sim *self, uint32_t worker)
{
    struct sim_node *const node = node_at(&self->plan.nodes, worker);
    if (!node->stop_notified || node->record.done)
        sim_break(&self->plan.nodes.wire.base, worker, "done twice, or without being told to stop");
    node->record.done = true;
    if (self->plan.absence[worker].leaving)
        sim_membership_end(&self->plan, worker);
}

/** What few policies ask for, or once. */
static void do_rare_action(struct sim *self, uint32_t worker, const struct action *action)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    switch ((enum action_kind)action->kind) {
    case ACT_EVICT:
        loans_reclaim(wire, worker, action->peer);
        return;
    case ACT_REDUCE:
        reduce_ask(&self->plan, worker, action);
        return;
    case ACT_WAKE:
        do_wake(self, worker, action);
        return;
    case ACT_ABANDON:
        wire->base.totals.count.abandoned += sim_compute_abandon(&self->plan.nodes, worker);
        return;
    case ACT_DONE:
        do_done(self, worker);
        return;
    default:
        break;
    }
    sim_break(&wire->base, worker, "an action that no driver knows");
}

static void do_action(struct sim *self, uint32_t worker, const struct action *action)
{
    switch ((enum action_kind)action->kind) {
    case ACT_COMPUTE:
        sim_compute_want(&self->plan.nodes, worker, action->round);
        return;
    case ACT_APPLY:
        do_apply(self, worker, action);
        return;
    case ACT_SEND:
        do_send(self, worker, action);
        return;
    case ACT_MIX:
        do_mix(self, worker, action);
        return;
    case ACT_CONTROL:
        do_control(self, worker, action);
        return;
    case ACT_RELEASE:
        do_release(self, worker, action);
        return;
    case ACT_TIMER:
    case ACT_CANCEL:
        do_timer(self, worker, action);
        return;
    default:
        do_rare_action(self, worker, action);
    }
}

/** What a live worker takes from a port, a timer or its core. */
static bool costs_time(const struct event *event)
{
    return event->kind == EV_TENSOR || event->kind == EV_CONTROL || event->kind == EV_TIMER ||
           event->kind == EV_GRADIENT;
}

static void step(struct sim *self, uint32_t worker, const struct event *event)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    struct sim_nodes *const nodes = &self->plan.nodes;
    struct sim_node *const node = node_at(nodes, worker);
    struct actions *const actions = self->actions;
    wire->base.totals.count.events++;
    nodes->active_ns = now_of(self);
    agent_step(&node->agent, event, actions);
    if (config_of(self)->watch && config_of(self)->watch->stepped)
        config_of(self)->watch->stepped(config_of(self)->watch->context, self, worker, event,
                                        actions);
    waits_answered(nodes, worker, actions);
    wire->base.clock_ns = sim_max(now_of(self), node->busy_ns);
    if (config_of(self)->costs.event_ns > 0 && costs_time(event))
        sim_account_spend(nodes, worker, PART_REST, config_of(self)->costs.event_ns);
    for (uint32_t i = 0; i < actions->count && !sim_broken(&wire->base); i++)
        do_action(self, worker, &actions->item[i]);
    sim_account_busy(nodes, node);
    if (self->plan.withholding > 0)
        withheld_look(&self->plan, worker);
}

void sim_act_on(struct sim *self, uint32_t worker, const struct event *event)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    uint32_t full;
    while ((full = sim_pressure_next(wire, worker)) != SIM_NONE && !sim_broken(&wire->base))
        step(self, worker, &(struct event){.kind = EV_FULL, .now_ns = now_of(self), .peer = full});
    step(self, worker, event);
}
