/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The live driver's checklist: one function per action. The optimizer and the mixes write out of place into a free
 * slot, which becomes the current model; published snapshots stay untouched until their last loan is back, so readers
 * average straight out of them.
 *
 * An action that finds no free slot or a full channel stops the list; the rest goes on in a later turn (act_resume),
 * and no further event reaches the policy before it is done.
 */
#include "core/worker/act.h"

#include <string.h>

#include "core/base/check.h"
#include "core/drive/arrival.h"
#include "core/drive/model_slot.h"
#include "core/learn/combine.h"
#include "core/learn/lanes.h"
#include "core/policy/staleness.h"
#include "core/worker/account.h"
#include "core/worker/compute.h"
#include "core/worker/membership.h"
#include "core/worker/publish.h"

static float *slot_at(const struct worker *self, uint32_t slot)
{
    return self->common->port->ops->slot(self->common->port, self->id, slot);
}

static uint32_t take_slot(struct worker *self)
{
    uint32_t slot = slots_take(&self->slots);
    if (slot == SLOTS_NONE) {
        self->common->port->ops->reclaim(self->common->port, self->id, &self->slots);
        slot = slots_take(&self->slots);
    }
    if (slot == SLOTS_NONE)
        self->count.slot_waits += !self->todo.blocked;
    else
        self->common->port->ops->stamp(self->common->port, self->id, slot, 0); /* being written */
    return slot;
}

static void record(const struct worker *self, enum series which, uint64_t value)
{
    if (self->recording)
        hist_record(&self->hist[which], value);
}

/** The vector in `slot` is complete: it becomes the current model, immutable from now on. */
static void adopt(struct worker *self, uint32_t slot)
{
    const slots_handle handle = slots_seal(&self->slots, slot, ++self->version);
    self->common->port->ops->stamp(self->common->port, self->id, slot, handle);
    publish_version(self);
    const bool is_read = self->phase == WORKER_COMPUTING && !self->compute.sliced &&
                         self->current == self->compute.slot && !self->compute.slot_orphan;
    const enum model_slot old =
        model_slot_replaced(is_read, self->average.kept && self->current == self->average.slot);
    self->compute.slot_orphan |= old == MODEL_SLOT_ORPHANED;
    if (old == MODEL_SLOT_DROPPED)
        slots_drop(&self->slots, self->current);
    self->current = slot;
}

/** The current model is exact mean number `number` of all workers: it is kept until the next one. */
static void keep_average(struct worker *self, uint64_t number)
{
    const uint32_t old = self->average.slot;
    if (!self->average.kept)
        return;
    self->average.slot = self->current;
    self->average.number = number;
    if (old != self->current)
        slots_drop(&self->slots, old);
}

static float rate_now(struct worker *self)
{
    const struct worker_common *const c = self->common;
    const double used = c->decay.every > 0 ? cohort_progress(c->cohort, clock_cyc()) : 0;
    return progress_rate(c->lr, &c->decay, used, &self->used);
}

static bool do_apply(struct worker *self, const struct action *action)
{
    const uint64_t from = clock_cyc();
    self->common->port->ops->reclaim(self->common->port, self->id, &self->slots);
    const uint32_t slot = take_slot(self);
    if (slot == SLOTS_NONE)
        return false;
    if (staleness_counts_apply(self->common->policy))
        record(self, SERIES_STALENESS, self->version - self->compute.slot_version);
    self->ledger.applied += lanes_step(self->common->policy->lanes, (enum apply_rule)action->rule,
                                       slot_at(self, slot), slot_at(self, self->current),
                                       self->data.gradient, self->rate, self->common->model->dim);
    adopt(self, slot);
    const uint64_t to = clock_cyc();
    account_add(self, PART_PUBLISH, from, to);
    account_spent(self, &self->costs.applies, 1, to - from);
    return true;
}

static const float *view_of(const struct worker *self, uint32_t peer, slots_handle handle)
{
    struct port *const port = self->common->port;
    return port->ops->view(port, self->id, peer, handle);
}

/** An own older snapshot: somebody still has it on loan, or it is not there any more. */
static const float *own_base(const struct worker *self, slots_handle handle)
{
    const uint32_t slot = slots_slot_of(handle);
    CHECK(slots_current_handle(&self->slots, slot) == handle);
    CHECK(self->slots.entry[slot].held || self->slots.entry[slot].loans > 0);
    return slot_at(self, slot);
}

static const float *base_of(const struct worker *self, const struct action *action,
                            const struct mix_term *term)
{
    if (term->base == 0)
        return NULL;
    return action->rule == MIX_DELTA_OWN ? own_base(self, term->base)
                                         : view_of(self, term->peer, term->base);
}

static void mix_into(const struct worker *self, const struct action *action, float *out)
{
    struct combine_row row[MIX_ROWS_MAX];
    CHECK(action->count < MIX_ROWS_MAX);
    for (uint32_t i = 0; i < action->count; i++) {
        const struct mix_term *const term = &action->terms[i];
        row[i] = (struct combine_row){.row = view_of(self, term->peer, term->handle),
                                      .base = base_of(self, action, term),
                                      .id = self->peers[term->peer],
                                      .weight = term->weight};
    }
    const struct combine mix = {.rule = (enum mix_rule)action->rule,
                                .lanes = self->common->policy->lanes,
                                .dim = self->common->model->dim,
                                .self = slot_at(self, self->current),
                                .self_id = self->id,
                                .degree = action->degree,
                                .slice = action->slice,
                                .slices = action->slices,
                                .row = row,
                                .count = action->count};
    combine(&mix, out);
}

/** Nobody may have reused what we have just read. */
static void check_reads(const struct worker *self, const struct action *action)
{
    struct port *const port = self->common->port;
    for (uint32_t i = 0; i < action->count; i++) {
        const struct mix_term *const term = &action->terms[i];
        CHECK(port->ops->valid(port, self->id, term->peer, term->handle));
        if (term->base != 0 && action->rule != MIX_DELTA_OWN)
            CHECK(port->ops->valid(port, self->id, term->peer, term->base));
    }
}

/**
 * The average is in place since `now`: how old was what went into it? The sender's newest version is the one it shows at
 * this moment.
 */
static void record_age(struct worker *self, const struct action *action, uint64_t now)
{
    const struct worker_common *const c = self->common;
    if (!self->recording || !staleness_has_age(c->policy, self->id, action))
        return;
    const struct mix_term *const term = staleness_term(action, self->finished);
    const struct cohort_worker *const peer = &c->cohort->worker[self->peers[term->peer]];
    if (!peer->published_cyc)
        return;
    const uint32_t version = atomic_load_explicit(&peer->version, memory_order_relaxed);
    const uint64_t sent = atomic_load_explicit(&peer->published_cyc[slots_slot_of(term->handle)],
                                               memory_order_relaxed);
    const struct arrival_age age = arrival_age(term->handle, sent, version, now);
    hist_record(&self->hist[SERIES_AGE], clock_ns(c->clock, age.time));
    hist_record(&self->hist[SERIES_AGE_VERSIONS], age.versions);
}

/** A server's average of gradients, before it is in place. */
static void record_staleness(struct worker *self, const struct action *action)
{
    if (!staleness_takes_gradients(self->common->policy, self->id))
        return;
    for (uint32_t i = 0; i < action->count; i++)
        record(self, SERIES_STALENESS, staleness_of_term(&action->terms[i], self->version));
}

static bool do_mix(struct worker *self, const struct action *action)
{
    const uint64_t from = clock_cyc();
    const uint32_t slot = take_slot(self);
    if (slot == SLOTS_NONE)
        return false;
    mix_into(self, action, slot_at(self, slot));
    check_reads(self, action);
    record_staleness(self, action);
    adopt(self, slot);
    const uint64_t to = clock_cyc();
    account_add(self, PART_MIX, from, to);
    const double slices = action->slices ? action->slices : 1;
    account_spent(self, &self->costs.vectors, action->count / slices, to - from);
    /* MIX_SLICE_MEAN is half of an all-reduce, the other half follows; MIX_SPLIT reads nobody */
    if (action->rule != MIX_SLICE_MEAN && action->count > 0)
        account_mixed(self, action->count, to);
    record_age(self, action, to);
    if (action->rule == MIX_SLICE_COPY)
        keep_average(self, action->tag + 1);
    return true;
}

static bool do_timer(struct worker *self, const struct action *action)
{
    CHECK(action->type < WORKER_TIMERS_MAX);
    self->timer[action->type] =
        (struct worker_timer){.at_cyc = self->common->cohort->start_cyc +
                                        clock_to_cyc(self->common->clock, action->at_ns),
                              .generation = action->tag,
                              .armed = action->kind == ACT_TIMER};
    if (action->kind == ACT_TIMER)
        cohort_plan(&self->common->cohort->worker[self->id], self->timer[action->type].at_cyc);
    return true;
}

static bool do_done(struct worker *self)
{
    CHECK(self->stop_told);
    self->done = true;
    /* release: the counters of everything this worker sent are visible to who sees `done` */
    atomic_store_explicit(&self->common->cohort->worker[self->id].done, 1, memory_order_release);
    return true;
}

/** False: this action cannot be executed now. */
static bool do_action(struct worker *self, const struct action *action)
{
    struct port *const port = self->common->port;
    switch ((enum action_kind)action->kind) {
    case ACT_COMPUTE:
        compute_want(self, action->round);
        return true;
    case ACT_APPLY:
        return do_apply(self, action);
    case ACT_SEND:
        return publish_tensor(self, action);
    case ACT_MIX:
        return do_mix(self, action);
    case ACT_CONTROL:
        return publish_control(self, action);
    case ACT_RELEASE:
        if (membership_has_faults(self))
            membership_repay(self, action->peer, action->handle);
        port->ops->release(port, self->id, action->peer, action->handle);
        return true;
    case ACT_TIMER:
    case ACT_CANCEL:
        return do_timer(self, action);
    case ACT_EVICT:
        slots_reclaim(&self->slots, action->peer);
        return true;
    case ACT_DONE:
        return do_done(self);
    case ACT_ABANDON:
        compute_drop(self);
        return true;
    case ACT_REDUCE: /* the agent has expanded it */
    case ACT_WAKE:   /* only rows that share a state, which the plan refuses here */
        break;
    }
    CHECK(action->kind ==
          ACT_DONE); /* a policy asked for an action the live driver does not know */
    return false;
}

bool act_resume(struct worker *self)
{
    while (self->todo.next < self->todo.actions.count) {
        if (!do_action(self, &self->todo.actions.item[self->todo.next])) {
            self->todo.blocked = true;
            account_blocked(self, clock_cyc());
            return false;
        }
        self->todo.next++;
        self->todo.blocked = false;
    }
    account_idle(self, clock_cyc());
    return true;
}

void act_on(struct worker *self, const struct event *given)
{
    const uint64_t from = clock_cyc(), named_cyc = account_named_cyc(self);
    struct event event = *given;
    CHECK(self->todo.next == self->todo.actions.count);
    /* A message is stamped when it is taken, a timer after it when the turn began: a policy's time never runs backwards. */
    if (event.now_ns < self->told_ns)
        event.now_ns = self->told_ns;
    self->told_ns = event.now_ns;
    self->todo.next = 0;
    agent_step(&self->agent, &event, &self->todo.actions);
    account_answered(self);
    self->rate =
        rate_now(self); /* once per event, so that the journal names the rate that is used */
    act_resume(self);
    if (self->journal.data) /* after the actions: what they send and mix does not wait for it */
        journal_add(&self->journal, &event, &self->todo.actions, self->rate);
    const uint64_t named = account_named_cyc(self) - named_cyc, all = clock_cyc() - from;
    account_spent(self, &self->costs.events, 1, all > named ? all - named : 0);
}
