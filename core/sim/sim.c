/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop: what is due next, and what it is. */
#include "core/sim/sim.h"

#include <errno.h>

#include "core/sim/node/budget.h"
#include "core/sim/node/compute.h"
#include "core/sim/plan/faults.h"
#include "core/sim/plan/reduce.h"
#include "core/sim/plan/stop.h"
#include "core/sim/service.h"
#include "core/sim/setup.h"
#include "core/sim/sim_state.h"
#include "core/sim/values/values.h"

#define STATE_FETCHED 256u /* bytes of a policy's state: its struct and the first of its lists */
#define EDGES_FETCHED 128u /* bytes of its edges: a handful */
#define HEARD_FETCHED 128u /* bytes of a node: what a message needs, if nothing ends with it */

static inline void fetch_bytes(const void *from, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += 64)
        __builtin_prefetch((const uint8_t *)from + at);
}

/** Fetch what an event that is due soon will touch: at tens of thousands of workers nothing of it is in a cache. */
static void fetch(const void *owner, const struct queue_entry *entry)
{
    const struct sim *const self = owner;
    const uint32_t index = entry->ref & ((1u << DUE_INDEX_BITS) - 1);
    const enum due_kind kind = (enum due_kind)(entry->ref >> DUE_INDEX_BITS);
    uint32_t worker = index;
    if (kind == DUE_MESSAGE) { /* few are on their way, so that they themselves are near */
        worker = entry->extra;
        __builtin_prefetch(&self->plan.nodes.wire.edge[self->plan.nodes.wire.message[index].edge]);
    } else if (kind == DUE_TIMER) {
        worker = index / SIM_TIMERS_MAX;
    } else if (kind > DUE_BEGIN) {
        return;
    }
    const struct sim_node *const node = node_at(&self->plan.nodes, worker);
    fetch_bytes(node, kind == DUE_MESSAGE ? HEARD_FETCHED : sizeof(*node));
    fetch_bytes((const uint8_t *)node + SIM_STATE_AT, STATE_FETCHED);
    fetch_bytes(&self->plan.nodes.wire.edge[wire_first_edge(&self->plan.nodes.wire, worker)],
                EDGES_FETCHED);
    if (self->any_timer)
        __builtin_prefetch(&self->plan.nodes.timer[worker * SIM_TIMERS_MAX]);
    if (config_of(self)->policy->shared_fetch)
        config_of(self)->policy->shared_fetch(self->shared, worker);
}

/** Inserted before everything else, so first at their times. */
static void plan_cuts(struct sim *self)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    const struct sim_config *const c = config_of(self);
    budget_open(&self->plan.nodes);
    for (uint32_t cut = 0; cut < c->cuts && c->stop_ns > 0; cut++)
        due_at(&wire->base, (uint64_t)((double)c->stop_ns * cut / c->cuts), DUE_CUT, cut, 0);
    if (c->stop_ns > 0)
        due_at(&wire->base, c->stop_ns, DUE_STOP, 0, 0);
}

static void check_config(const struct sim_config *c)
{
    CHECK(c->workers > 0);
    CHECK(c->workers <= SIM_WORKERS_MAX);
    CHECK(c->base_ns > 0);
    CHECK(c->policy);
    CHECK(c->memory);
    CHECK(c->slots > 0);
    CHECK(c->exact_depth <= SIM_DEPTH_MAX);
    CHECK(c->control_depth <= SIM_DEPTH_MAX);
    CHECK(!c->core || c->cores > 0);
}

int sim_open(struct sim **out, const struct sim_config *config, struct err *err)
{
    check_config(config);
    struct sim *const self =
        config->memory->resize(config->memory->context, NULL, 0, sizeof(*self));
    *out = NULL;
    if (!self)
        return err_set(err, -ENOMEM, "no memory for a simulation");
    self->plan.nodes.wire.base.config = *config;
    self->plan.nodes.wire.base.config.inject.seed = config->seed;
    self->plan.nodes.wire.base.config.inject.workers = config->workers;
    const int status = setup_open(self, err);
    if (status < 0) {
        sim_close(self);
        return status;
    }
    self->plan.nodes.recording = true;
    self->roll_kind = EV_START;
    self->plan.nodes.wire.base.queue.owner = self;
    self->plan.nodes.wire.base.queue.soon = fetch;
    plan_cuts(self);
    if (config->values)
        values_start(config->values, node_at(&self->plan.nodes, 0)->current);
    faults_plan(&self->plan);
    *out = self;
    return 0;
}

void sim_close(struct sim *self)
{
    if (!self)
        return;
    const struct sim_memory *const memory = config_of(self)->memory;
    setup_close(self);
    memory->resize(memory->context, self, sizeof(*self), 0);
}

/** What is due for a compute phase counts while that goes on. */
static void dispatch_phase(struct sim *self, enum due_kind kind, uint32_t worker,
                           uint32_t generation)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    if (node_at(nodes, worker)->generation != generation)
        return;
    if (kind == DUE_BEGIN)
        sim_compute_resume(nodes, worker);
    else if (sim_compute_is_over(nodes, worker))
        service_gradient(self, worker);
}

/** Show everybody's current model as it is now. */
static void evaluate(struct sim *self, uint32_t cut)
{
    if (config_of(self)->watch && config_of(self)->watch->cut)
        config_of(self)->watch->cut(config_of(self)->watch->context, self, cut);
    if (!config_of(self)->values || !config_of(self)->evaluation)
        return;
    sim_judged(self, self->shown);
    values_cut(config_of(self)->values, config_of(self)->evaluation, cut, self->shown);
}

static void take_cut(struct sim *self)
{
    const uint32_t cut = stop_cut(&self->plan);
    if (cut != SIM_NONE)
        evaluate(self, cut);
}

/** Everybody is to be told that the run ends. */
static void begin_stop(struct sim *self)
{
    if (self->plan.nodes.stopped)
        return;
    stop_begin(&self->plan);
    self->roll_kind = EV_STOP;
    self->roll = 0;
}

/** What was planned before the start, or for all workers. */
static void dispatch_planned(struct sim *self, enum due_kind kind, uint32_t index)
{
    switch (kind) {
    case DUE_CUT:
        if (index == self->plan.nodes.cuts_taken) /* else it was taken by count */
            take_cut(self);
        return;
    case DUE_STOP:
        begin_stop(self);
        return;
    case DUE_REDUCED:
        reduce_finish(&self->plan, index);
        return;
    case DUE_FAULT:
        faults_begin(&self->plan, index);
        return;
    case DUE_NOTICED:
        faults_notice(&self->plan, index);
        return;
    case DUE_OVER:
        faults_over(&self->plan, index);
        return;
    case DUE_STOLEN:
        faults_steal(&self->plan, index);
        return;
    case DUE_SLICE:
        sim_compute_turn(&self->plan.nodes, index);
        return;
    default:
        CHECK(false);
    }
}

static void dispatch(struct sim *self, const struct queue_entry *due)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    const uint32_t index = due->ref & ((1u << DUE_INDEX_BITS) - 1);
    const enum due_kind kind = (enum due_kind)(due->ref >> DUE_INDEX_BITS);
    switch (kind) {
    case DUE_MESSAGE:
        service_message(self, index);
        return;
    case DUE_GRADIENT:
    case DUE_BEGIN:
        dispatch_phase(self, kind, index, due->extra);
        return;
    case DUE_TIMER:
        if (nodes->timer[index].armed && nodes->timer[index].armed_count == due->extra)
            service_timer(self, index);
        return;
    case DUE_WAKE:
        service_wake(self, index);
        return;
    default:
        dispatch_planned(self, kind, index);
    }
}

/**
 * For PATIENCE_NS nobody has computed anything, and a message will never come, or links still lose what is sent after the
 * stop: timers may ring for ever. Before the stop that is the reason to stop, and after it the end.
 */
#define PATIENCE_NS (24 * LAW_DELAY_NS_MAX)

static __attribute__((cold, noinline)) bool is_stuck(struct sim *self, uint64_t at_ns)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    if (wire->base.totals.count.gradients != self->stuck_gradients) {
        self->stuck_gradients = wire->base.totals.count.gradients;
        wire->stuck_ns = at_ns;
    }
    if (at_ns - wire->stuck_ns <= PATIENCE_NS)
        return false;
    if (self->plan.nodes.stopped) {
        if (!wire_stalls(wire))
            err_set(&wire->stall, 0,
                    "the link from worker %u to worker %u still lost what %s sent a day after the "
                    "stop",
                    wire->lost_from, wire->lost_to, config_of(self)->policy->name);
        return true;
    }
    self->stop_wanted = true;
    wire->stuck_ns = at_ns;
    return false;
}

/** Nothing is left to happen. True: something is now, after all. */
static bool idle(struct sim *self)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    struct sim_nodes *const nodes = &self->plan.nodes;
    const bool nobody_may_begin = config_of(self)->stop_iterations > 0 && nodes->any_deferred;
    if (self->ended)
        return false;
    if (!nodes->stopped && (nobody_may_begin || wire_stalls(wire))) {
        begin_stop(self); /* whoever can will come to an end */
        return true;
    }
    self->ended = true;
    stop_end(&self->plan);
    if (!sim_broken(&wire->base))
        evaluate(self, config_of(self)->cuts);
    return false;
}

/** The budget, or whoever runs this, wants a cut or the end before anything else happens. */
static bool is_spent(struct sim *self)
{
    const struct sim_nodes *const nodes = &self->plan.nodes;
    if (nodes->stopped)
        return false;
    if (nodes->spent >= nodes->spent_cut)
        take_cut(self);
    else if (self->stop_wanted || nodes->spent >= nodes->spent_max)
        begin_stop(self);
    else
        return false;
    return true;
}

/** The next thing that happens. False: nothing is left. */
static bool advance(struct sim *self)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    struct queue_entry due;
    if (service_is_pending(self)) {
        service_pending(self);
        return true;
    }
    if (is_spent(self))
        return true;
    if (!queue_pop(&wire->base.queue, &due) ||
        ((wire_stalls(wire) || (wire->bad && self->plan.nodes.stopped)) &&
         is_stuck(self, due.at_ns)))
        return idle(self);
    wire->base.now_ns = due.at_ns;
    dispatch(self, &due);
    return true;
}

bool sim_run(struct sim *self, uint64_t events)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    const uint64_t enough = wire->base.totals.count.events + events;
    while (wire->base.totals.count.events < enough) {
        if (wire->base.queue.exhausted)
            sim_break(&wire->base, 0, "no memory for more events");
        if (sim_broken(&wire->base) || !advance(self))
            return false;
    }
    return !sim_broken(&wire->base);
}

void sim_stop(struct sim *self)
{
    self->stop_wanted = true;
}
