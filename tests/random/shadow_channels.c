/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every directed edge, message by message. What was sent stays in a queue until it is delivered; of exact tensors and
 * controls only the first may come, of newest and sum any one, which makes all before it void.
 */
#include <string.h>

#include "tests/random/shadow_state.h"

static void pop_tensor(struct shadow *self, struct shadow_edge *edge)
{
    const struct shadow_tensor *const first = shadow_queue_at(&edge->tensor, 0);
    shadow_models_drop(self, first->model);
    shadow_queue_pop(&edge->tensor);
}

/** What was on its way when the receiver came back will never come, and what its earlier life held is forgotten. */
static struct shadow_edge *renewed(struct shadow *self, struct shadow_edge *edge)
{
    const uint32_t to = sim_worker(self->sim, edge->to)->lives;
    if (to == edge->to_lives)
        return edge;
    while (edge->tensor.count > 0)
        pop_tensor(self, edge);
    while (edge->control.count > 0)
        shadow_queue_pop(&edge->control);
    for (; edge->held.count > 0; shadow_queue_pop(&edge->held)) {
        const struct shadow_held *const held = shadow_queue_at(&edge->held, 0);
        shadow_models_drop(self, held->model);
    }
    edge->to_lives = to;
    return edge;
}

/** Nothing of the sender's lives before `lives` will come any more. */
static void forget_before(struct shadow *self, struct shadow_edge *edge, uint32_t lives)
{
    while (edge->tensor.count > 0 &&
           ((struct shadow_tensor *)shadow_queue_at(&edge->tensor, 0))->lives < lives)
        pop_tensor(self, edge);
    while (edge->control.count > 0 &&
           ((struct shadow_control *)shadow_queue_at(&edge->control, 0))->lives < lives)
        shadow_queue_pop(&edge->control);
}

/** `from` may send: it knows who is at the other end. */
static bool knows(const struct shadow *self, const struct shadow_edge *edge)
{
    return !edge->down && edge->told == sim_worker(self->sim, edge->to)->lives;
}

static bool same_tensor(const struct shadow *self, const struct shadow_tensor *sent,
                        const struct event *event)
{
    return self->model[sent->model].version == slots_version_of(event->handle) &&
           sent->tag == event->tag && sent->type == event->type && sent->degree == event->degree;
}

static void hold(struct shadow *self, struct shadow_edge *edge, const struct event *event,
                 const struct shadow_tensor *sent)
{
    for (uint32_t i = 0; i < edge->held.count; i++) {
        struct shadow_held *const held = shadow_queue_at(&edge->held, i);
        if (held->handle != event->handle)
            continue;
        held->times++;
        return;
    }
    struct shadow_held *const held = shadow_queue_push(&edge->held);
    *held = (struct shadow_held){
        .handle = event->handle, .model = sent->model, .degree = sent->degree, .times = 1};
    shadow_models_keep(self, held->model);
}

/** On a mailbox edge the message stays: the link may make a copy of it. */
static void on_tensor(struct shadow *self, struct shadow_edge *edge, const struct event *event)
{
    uint32_t skipped = 0;
    while (skipped < edge->tensor.count &&
           !same_tensor(self, shadow_queue_at(&edge->tensor, skipped), event))
        skipped++;
    const bool drops = self->drops;
    if (skipped == edge->tensor.count || (skipped > 0 && !self->mailboxes && !drops)) {
        shadow_fail(self, "a tensor of version %u with tag %llu, which is not what comes next",
                    slots_version_of(event->handle), (unsigned long long)event->tag);
        return;
    }
    for (; skipped > 0; skipped--) {
        const struct shadow_tensor *const lost = shadow_queue_at(&edge->tensor, 0);
        if (drops)
            shadow_mass_lose(self, lost->model, lost->degree);
        pop_tensor(self, edge);
    }
    const struct shadow_tensor *const sent = shadow_queue_at(&edge->tensor, 0);
    hold(self, edge, event, sent);
    if (!self->mailboxes)
        pop_tensor(self, edge);
}

static void on_control(struct shadow *self, struct shadow_edge *edge, const struct event *event)
{
    if (self->config.trusts_channels)
        return;
    const struct shadow_control *const sent =
        edge->control.count > 0 ? shadow_queue_at(&edge->control, 0) : NULL;
    if (!sent || sent->type != event->type || memcmp(sent->word, event->word, sizeof(sent->word))) {
        shadow_fail(self, "a control of type %u, which is not what comes next", event->type);
        return;
    }
    shadow_queue_pop(&edge->control);
}

static void on_timer(struct shadow *self, uint32_t worker, const struct event *event)
{
    struct shadow_timer *const timer = &self->worker[worker].timer[event->type];
    if (!timer->armed || timer->generation != event->tag || event->now_ns < timer->at_ns)
        shadow_fail(self, "timer %u rang and should not have", event->type);
    timer->armed = false;
}

void shadow_channels_event(struct shadow *self, uint32_t worker, const struct event *event)
{
    switch ((enum event_kind)event->kind) {
    case EV_TENSOR:
        on_tensor(self, renewed(self, shadow_edge_to(self, worker, event->peer)), event);
        return;
    case EV_CONTROL:
        on_control(self, renewed(self, shadow_edge_to(self, worker, event->peer)), event);
        return;
    case EV_TIMER:
        on_timer(self, worker, event);
        return;
    case EV_PEER_DOWN:
        shadow_edge_of(self, worker, event->peer)->down = true;
        return;
    case EV_PEER_UP:
        shadow_edge_of(self, worker, event->peer)->down = false;
        shadow_edge_of(self, worker, event->peer)->told = event->incarnation - 1u;
        forget_before(self, renewed(self, shadow_edge_to(self, worker, event->peer)),
                      event->incarnation - 1u);
        return;
    default:
        return;
    }
}

void shadow_channels_send(struct shadow *self, uint32_t worker, const struct action *action)
{
    for (uint32_t i = 0; i < action->count; i++) {
        struct shadow_edge *const edge =
            renewed(self, shadow_edge_of(self, worker, action->peers[i]));
        if (!knows(self, edge))
            continue;
        struct shadow_tensor *const sent = shadow_queue_push(&edge->tensor);
        *sent = (struct shadow_tensor){.model = self->worker[worker].current,
                                       .tag = action->tag,
                                       .lives = sim_worker(self->sim, worker)->lives,
                                       .type = action->type,
                                       .degree = action->degree};
        shadow_models_keep(self, sent->model);
        if (!self->mailboxes && edge->tensor.count > self->extremes.depth)
            self->extremes.depth = edge->tensor.count;
    }
}

void shadow_channels_control(struct shadow *self, uint32_t worker, const struct action *action)
{
    for (uint32_t i = 0; i < action->count && !self->config.trusts_channels; i++) {
        struct shadow_edge *const edge =
            renewed(self, shadow_edge_of(self, worker, action->peers[i]));
        if (!knows(self, edge))
            continue;
        struct shadow_control *const sent = shadow_queue_push(&edge->control);
        sent->type = action->type;
        sent->lives = sim_worker(self->sim, worker)->lives;
        memcpy(sent->word, action->word, sizeof(sent->word));
    }
}

struct shadow_held *shadow_channels_held(struct shadow *self, uint32_t worker, uint32_t peer,
                                         uint64_t handle)
{
    struct shadow_edge *const edge = shadow_edge_to(self, worker, peer);
    for (uint32_t i = 0; i < edge->held.count; i++) {
        struct shadow_held *const held = shadow_queue_at(&edge->held, i);
        if (held->handle == handle)
            return held;
    }
    return NULL;
}

void shadow_channels_release(struct shadow *self, uint32_t worker, const struct action *action)
{
    struct shadow_edge *const edge = shadow_edge_to(self, worker, action->peer);
    for (uint32_t i = 0; i < edge->held.count; i++) {
        struct shadow_held *const held = shadow_queue_at(&edge->held, i);
        if (held->handle != action->handle)
            continue;
        if (--held->times > 0)
            return;
        if (self->drops && !held->mixed)
            shadow_mass_lose(self, held->model, held->degree);
        else if (self->policy->lanes == LANES_WEIGHT && !held->mixed)
            shadow_fail(self, "gives a share of worker %u back without having taken it in",
                        edge->from);
        shadow_models_drop(self, held->model);
        shadow_queue_remove(&edge->held, i);
        return;
    }
    shadow_fail(self, "gives a snapshot back to worker %u that it does not hold", edge->from);
}

void shadow_channels_return(struct shadow *self, uint32_t worker)
{
    const uint32_t peers = self->config.sim->worker[worker].peer_count;
    for (uint32_t i = 0; i < peers; i++) {
        struct shadow_edge *const edge = renewed(self, shadow_edge_of(self, worker, i));
        edge->down = false;
        edge->told = sim_worker(self->sim, edge->to)->lives;
        renewed(self, shadow_edge_to(self, worker, i));
    }
}

void shadow_channels_ended(struct shadow *self)
{
    for (uint32_t e = 0; e < self->edges && !shadow_broken(self); e++) {
        struct shadow_edge *const edge = renewed(self, &self->edge[e]);
        forget_before(self, edge, sim_worker(self->sim, edge->from)->lives);
        if (!shadow_lives(self, edge->from) || !shadow_lives(self, edge->to))
            continue;
        if (edge->held.count > 0)
            shadow_fail(self, "worker %u never gave %u snapshots of worker %u back", edge->to,
                        edge->held.count, edge->from);
        else if (edge->tensor.count > 0 && !self->mailboxes && !self->drops)
            shadow_fail(self, "%u tensors from worker %u to worker %u never came",
                        edge->tensor.count, edge->from, edge->to);
        else if (edge->control.count > 0)
            shadow_fail(self, "%u controls from worker %u to worker %u never came",
                        edge->control.count, edge->from, edge->to);
    }
}
