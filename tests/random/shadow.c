/* SPDX-License-Identifier: BSD-3-Clause */
/* Who sees which event and action, in which order; and the rules about gradients and ends, which need no other file. */
#include "tests/random/shadow.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/random/shadow_state.h"

__attribute__((cold, noinline)) void shadow_fail(struct shadow *self, const char *format, ...)
{
    char what[200], when[100];
    va_list arguments;
    if (shadow_broken(self))
        return;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    shadow_latest(self, when, sizeof(when));
    snprintf(self->failure, sizeof(self->failure), "%s: %s", when, what);
}

void shadow_latest(const struct shadow *self, char *text, uint32_t size)
{
    static const char *const kinds[] = {
        [EV_START] = "start",     [EV_GRADIENT] = "gradient", [EV_TENSOR] = "tensor",
        [EV_CONTROL] = "control", [EV_TIMER] = "timer",       [EV_FULL] = "full",
        [EV_ROOM] = "room",       [EV_REDUCED] = "reduced",   [EV_PEER_DOWN] = "peer down",
        [EV_PEER_UP] = "peer up", [EV_STOP] = "stop",         [EV_WAKE] = "wake",
    };
    const struct event *const event = &self->event;
    char from[40] = "";
    const bool has_peer = event->kind == EV_TENSOR || event->kind == EV_CONTROL ||
                          event->kind == EV_PEER_DOWN || event->kind == EV_PEER_UP;
    if (self->events == 0) {
        snprintf(text, size, "before the first event");
        return;
    }
    if (has_peer)
        snprintf(from, sizeof(from), " %u from worker %u", event->type,
                 self->edge[self->worker[self->at].first_edge + event->peer].to);
    snprintf(text, size, "worker %u at %llu ns, event %llu (%s%s)", self->at,
             (unsigned long long)event->now_ns, (unsigned long long)self->events,
             kinds[event->kind], from);
}

const char *shadow_failure(const struct shadow *self)
{
    return self->failure;
}

uint64_t shadow_gradients(const struct shadow *self, uint32_t worker)
{
    return self->worker[worker].finished + self->worker[worker].abandoned;
}

/* ------------------------------------------------------------------------------------------------------ events */

static void on_gradient(struct shadow *self, uint32_t worker, const struct event *event)
{
    struct shadow_worker *const w = &self->worker[worker];
    if (!w->computing)
        shadow_fail(self, "a gradient that nobody asked for");
    if (w->gradient)
        shadow_fail(self, "a second gradient before the first was applied");
    if (event->version != w->input_version)
        shadow_fail(self, "a gradient at version %u, asked for at version %u", event->version,
                    w->input_version);
    if (event->tag < w->next_tag)
        shadow_fail(self, "gradient %llu again, or late", (unsigned long long)event->tag);
    w->next_tag = event->tag + 1;
    w->computing = false;
    w->gradient = true;
    w->finished++;
}

/** It was absent, and is empty but for somebody's model. */
static void on_return(struct shadow *self, uint32_t worker)
{
    struct shadow_worker *const w = &self->worker[worker];
    w->computing = w->gradient = w->stop_told = w->done = w->expects = false;
    w->round = -1;
    w->split_degree = 0;
    memset(w->timer, 0, sizeof(w->timer));
    shadow_channels_return(self, worker);
    shadow_models_return(self, worker, sim_worker(self->sim, worker)->model_of);
}

static void on_event(struct shadow *self, uint32_t worker, const struct event *event)
{
    struct shadow_worker *const w = &self->worker[worker];
    shadow_channels_event(self, worker, event);
    if (event->kind == EV_GRADIENT)
        on_gradient(self, worker, event);
    else if (event->kind == EV_REDUCED)
        shadow_means_reduced(self, worker, event);
    else if (event->kind == EV_START && event->tag > 0)
        on_return(self, worker);
    else if (event->kind == EV_STOP)
        w->stop_told = true;
}

/* ----------------------------------------------------------------------------------------------------- actions */

static void do_compute(struct shadow *self, uint32_t worker, const struct action *action)
{
    struct shadow_worker *const w = &self->worker[worker];
    if (w->computing || w->gradient)
        shadow_fail(self, "asks for a gradient while it %s one",
                    w->computing ? "waits for" : "has");
    if (w->done)
        shadow_fail(self, "computes after it was done");
    if (action->round <= w->round)
        shadow_fail(self, "computes iteration %u after iteration %lld", action->round,
                    (long long)w->round);
    w->round = action->round;
    w->computing = true;
    w->begun.count++;
    w->begun.last_ns = self->event.now_ns;
    shadow_rounds_look(self, worker);
    w->input_version = shadow_current(self, worker)->version;
}

static void do_apply(struct shadow *self, uint32_t worker, const struct action *action)
{
    struct shadow_worker *const w = &self->worker[worker];
    if (!w->gradient)
        shadow_fail(self, "applies a gradient that it does not have");
    if (w->split_degree > 0)
        shadow_fail(self, "steps between sending a share and splitting");
    if (self->policy->matrix == MATRIX_DOUBLY)
        shadow_pairs_leave(self, worker);
    w->gradient = false;
    self->applied[worker] += action->rule == APPLY_SCALED ? shadow_current(self, worker)->y : 1.0;
    shadow_models_apply(self, worker, action);
}

static void do_abandon(struct shadow *self, uint32_t worker, const struct action *action)
{
    (void)action;
    struct shadow_worker *const w = &self->worker[worker];
    if (!w->computing)
        shadow_fail(self, "abandons a gradient that it did not ask for");
    w->computing = false;
    w->abandoned++;
}

static void do_send(struct shadow *self, uint32_t worker, const struct action *action)
{
    if (self->policy->lanes == LANES_WEIGHT)
        shadow_mass_split(self, worker, action);
    if (action->type == TENSOR_PART)
        shadow_means_enter(self, worker, action);
    shadow_channels_send(self, worker, action);
}

/** The snapshot behind a handle that the worker must hold. */
static uint32_t held_model(struct shadow *self, uint32_t worker, uint32_t peer, uint64_t handle)
{
    const struct shadow_held *const held = shadow_channels_held(self, worker, peer, handle);
    if (held)
        return held->model;
    shadow_fail(self, "mixes a snapshot of worker %u that it does not hold",
                shadow_edge_of(self, worker, peer)->to);
    return SHADOW_NONE;
}

static uint32_t base_model(struct shadow *self, uint32_t worker, const struct action *action,
                           const struct mix_term *term)
{
    if (term->base == 0)
        return SHADOW_NONE;
    if (action->rule != MIX_DELTA_OWN)
        return held_model(self, worker, term->peer, term->base);
    const uint32_t found = shadow_models_find(self, worker, slots_version_of(term->base));
    if (found == SHADOW_NONE)
        shadow_fail(self, "subtracts a model of its own that nobody holds any more");
    return found;
}

static void collect(struct shadow *self, uint32_t worker, const struct mix_term *term,
                    uint32_t model, uint32_t base)
{
    struct shadow_edge *const edge = shadow_edge_to(self, worker, term->peer);
    if (edge->collected != base)
        shadow_fail(self, "collects from worker %u since another snapshot than its last",
                    edge->from);
    shadow_models_keep(self, model);
    if (edge->collected != SHADOW_NONE)
        shadow_models_drop(self, edge->collected);
    edge->collected = model;
}

static bool averages(const struct action *action)
{
    return action->rule == MIX_MEAN || action->rule == MIX_METROPOLIS ||
           action->rule == MIX_WEIGHTED;
}

/** What a rule asks for beside the sum of its terms. */
static void do_rule(struct shadow *self, uint32_t worker, const struct action *action,
                    const uint32_t *term, const uint32_t *base)
{
    switch (action->rule) {
    case MIX_SHARES:
        shadow_mass_mixed(self, worker, action);
        return;
    case MIX_SPLIT:
        if (action->degree != self->config.sim->worker[worker].peer_count)
            shadow_fail(self, "splits for %u of its neighbours", action->degree);
        return;
    case MIX_COLLECT:
        for (uint32_t k = 0; k < action->count; k++)
            collect(self, worker, &action->terms[k], term[k], base[k]);
        return;
    case MIX_DELTA_OWN:
        for (uint32_t k = 0; k < action->count; k++)
            self->divides |= action->terms[k].weight != 1;
        self->adds |= action->count > 0;
        return;
    default:
        return;
    }
}

static void do_mix(struct shadow *self, uint32_t worker, const struct action *action)
{
    uint32_t term[SHADOW_TERMS_MAX], base[SHADOW_TERMS_MAX], peers = 0;
    CHECK(action->count <= SHADOW_TERMS_MAX);
    for (uint32_t k = 0; k < action->count && !shadow_broken(self); k++) {
        term[k] = held_model(self, worker, action->terms[k].peer, action->terms[k].handle);
        base[k] = base_model(self, worker, action, &action->terms[k]);
        if (action->rule != MIX_SHARES && (peers >> action->terms[k].peer & 1))
            shadow_fail(self, "mixes two snapshots of one worker");
        peers |= 1u << action->terms[k].peer;
    }
    if (shadow_broken(self))
        return;
    do_rule(self, worker, action, term, base);
    if (self->policy->matrix == MATRIX_DOUBLY && averages(action))
        shadow_pairs_mix(self, worker, action, term);
    if (self->policy->matrix == MATRIX_DOUBLY)
        shadow_pairs_leave(self, worker);
    shadow_models_mix(self, worker, action, term, base);
    if (action->rule == MIX_SLICE_COPY)
        shadow_means_copied(self, worker, action);
}

static void do_timer(struct shadow *self, uint32_t worker, const struct action *action)
{
    self->worker[worker].timer[action->type] = (struct shadow_timer){
        .generation = action->tag, .at_ns = action->at_ns, .armed = action->kind == ACT_TIMER};
}

static void do_done(struct shadow *self, uint32_t worker, const struct action *action)
{
    (void)action;
    struct shadow_worker *const w = &self->worker[worker];
    if (w->done || !w->stop_told)
        shadow_fail(self, "is done %s", w->done ? "twice" : "before the stop");
    w->done = true;
}

/** Whom a policy no longer waits for, and when it looks again, change nothing that the shadow keeps. */
static void do_nothing(struct shadow *self, uint32_t worker, const struct action *action)
{
    (void)self, (void)worker, (void)action;
}

static void (*const actions_of[])(struct shadow *, uint32_t, const struct action *) = {
    [ACT_COMPUTE] = do_compute,
    [ACT_APPLY] = do_apply,
    [ACT_SEND] = do_send,
    [ACT_MIX] = do_mix,
    [ACT_REDUCE] = shadow_means_enter,
    [ACT_CONTROL] = shadow_channels_control,
    [ACT_TIMER] = do_timer,
    [ACT_CANCEL] = do_timer,
    [ACT_RELEASE] = shadow_channels_release,
    [ACT_ABANDON] = do_abandon,
    [ACT_DONE] = do_done,
    [ACT_EVICT] = do_nothing,
    [ACT_WAKE] = do_nothing,
};

static void do_action(struct shadow *self, uint32_t worker, const struct action *action)
{
    CHECK(action->kind < sizeof(actions_of) / sizeof(actions_of[0]) && actions_of[action->kind]);
    actions_of[action->kind](self, worker, action);
}

static bool tells_epochs(const struct shadow *self)
{
    const bool waves =
        strcmp(self->policy->name, "aau") == 0 || strcmp(self->policy->name, "cb-dybw") == 0;
    return waves && !self->policy->shared_bytes && !self->tearing && !self->absences;
}

void shadow_stepped(void *context, struct sim *sim, uint32_t worker, const struct event *event,
                    struct actions *actions)
{
    struct shadow *const self = context;
    if (shadow_broken(self))
        return;
    self->sim = sim;
    self->at = worker;
    self->event = *event;
    self->events++;
    on_event(self, worker, event);
    if (self->config.floats.values && !shadow_broken(self))
        shadow_floats_look(self, worker, event, actions);
    for (uint32_t i = 0; i < actions->count && !shadow_broken(self); i++)
        do_action(self, worker, &actions->item[i]);
    if (tells_epochs(self) && !shadow_broken(self))
        shadow_epochs_look(self, worker, actions);
    if (!shadow_broken(self))
        shadow_mass_check(self, worker);
}

/* --------------------------------------------------------------------------------------------------------- end */

static void check_worker(struct shadow *self, uint32_t worker)
{
    const struct shadow_worker *const w = &self->worker[worker];
    const struct policy_counters counters = agent_counters(sim_agent(self->sim, worker));
    if (!shadow_lives(self, worker))
        return;
    if (w->gradient)
        shadow_fail(self, "worker %u never applied its last gradient", worker);
    if (!w->done)
        shadow_fail(self, "worker %u is not done", worker);
    if (counters.torn > 0 && !self->tearing && !self->drops)
        shadow_fail(self, "worker %u has torn %llu edges, and nobody was lost", worker,
                    (unsigned long long)counters.torn);
}

void shadow_ended(struct shadow *self, struct sim *sim)
{
    self->sim = sim;
    for (uint32_t w = 0; w < self->workers && !shadow_broken(self); w++)
        check_worker(self, w);
    if (!shadow_broken(self))
        shadow_channels_ended(self);
    if (!shadow_broken(self))
        shadow_pairs_ended(self);
    if (!shadow_broken(self))
        shadow_mass_ended(self);
    if (self->config.floats.values && !shadow_broken(self))
        shadow_floats_ended(self);
}
