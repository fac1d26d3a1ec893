/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is gone, and how it comes back: it asks a neighbour for its parameters, and begins a new incarnation with them. */
#include <string.h>

#include "core/base/check.h"
#include "core/worker/account.h"
#include "core/worker/act.h"
#include "core/worker/compute.h"
#include "core/worker/membership_private.h"
#include "core/worker/pressure.h"
#include "core/worker/publish.h"

#define NEVER UINT64_MAX
#define DISCARDS_MAX 64u

/** What reaches somebody who is gone. False: nothing did. */
static bool discard(struct worker *self)
{
    struct port *const port = self->common->port;
    struct port_arrival arrival;
    uint32_t count = 0;
    for (; count < DISCARDS_MAX && port->ops->poll(port, self->id, &arrival, 1) == 1; count++)
        membership_drop(self, &arrival);
    return count > 0;
}

/** The lowest-numbered neighbour that is there; without one, the lowest-numbered worker; without anybody, UINT32_MAX. */
static uint32_t donor(const struct worker *self)
{
    const struct cohort *const cohort = self->common->cohort;
    for (uint32_t i = 0; i < self->peer_count; i++)
        if (atomic_load_explicit(&cohort->worker[self->peers[i]].present, memory_order_relaxed))
            return self->peers[i];
    for (uint32_t w = 0; w < cohort->workers; w++)
        if (w != self->id && atomic_load_explicit(&cohort->worker[w].present, memory_order_relaxed))
            return w;
    return UINT32_MAX;
}

/** A slot that does not hold the model it had: that is still judged. SLOTS_NONE: none is free. */
static uint32_t take_other(struct worker *self)
{
    const uint32_t slot = slots_take(&self->slots);
    if (slot != self->current)
        return slot;
    const uint32_t other = slots_take(&self->slots);
    slots_drop(&self->slots, slot);
    return other;
}

/** A place for the parameters, and a request for them. Tried again in the next turn where one of the two is lacking. */
static void request_model(struct worker *self)
{
    struct membership *const membership = &self->membership;
    struct port *const port = self->common->port;
    const uint32_t from = donor(self);
    if (membership->state != MEMBER_STATE_TRANSFER) {
        slots_restart(&self->slots);
        membership->transfer_slot = SLOTS_NONE;
        membership->state = MEMBER_STATE_TRANSFER;
    }
    if (membership->transfer_slot == SLOTS_NONE)
        membership->transfer_slot = take_other(self);
    membership->transfer_from = from;
    if (from == UINT32_MAX || membership->transfer_slot == SLOTS_NONE)
        return;
    port->ops->stamp(port, self->id, membership->transfer_slot, 0);
    /* release: the slot is ours to be written */
    atomic_store_explicit(&membership_public(self, self->id)->transfer,
                          cohort_transfer(TRANSFER_WANTED, membership->transfer_slot, from),
                          memory_order_release);
    cohort_announce(self->common->cohort);
}

static void begin_anew(struct worker *self, uint64_t now)
{
    const struct worker_common *const c = self->common;
    struct cohort_worker *const pub = membership_public(self, self->id);
    struct membership *const membership = &self->membership;
    memset(membership->agent, 0, membership->agent_bytes);
    agent_init(&self->agent, membership->agent, c->policy, membership->config);
    if (self->journal.data) {
        self->todo.actions.count = self->todo.next = 0;
        journal_add(&self->journal,
                    &(struct event){.kind = EV_START,
                                    .type = JOURNAL_ANEW,
                                    .now_ns = self->told_ns,
                                    .version = self->version},
                    &self->todo.actions, 0);
    }
    for (uint32_t edge = 0; edge < self->peer_count; edge++) {
        const uint32_t epoch =
            atomic_load_explicit(&c->cohort->worker[self->peers[edge]].epoch, memory_order_acquire);
        /* a fresh policy takes everybody for present, until it is told otherwise */
        membership->known[edge] = (struct membership_peer){.epoch = epoch & ~1u};
    }
    self->done = self->stop_told = false;
    self->recording = true;
    self->phase = WORKER_IDLE;
    self->account.ready_cyc = 0;
    account_disown(self, now);
    account_return(self, now);
    c->happened[membership->away].happened = true;
    c->happened[membership->away].back_cyc = now;
    membership->state = MEMBER_PRESENT;
    membership->back_cyc = membership->notice_cyc = NEVER;
    membership->start_due = membership->changed = true;
    atomic_store_explicit(&pub->done, 0, memory_order_relaxed);
    atomic_store_explicit(&pub->present, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&pub->epoch, 1, memory_order_release);
    cohort_announce(c->cohort);
    membership_notify(self);
}

/** The parameters are here: they are the model of a new life. */
static void come_back(struct worker *self, uint64_t now)
{
    const struct worker_common *const c = self->common;
    struct membership *const membership = &self->membership;
    float *const param = c->port->ops->slot(c->port, self->id, membership->transfer_slot);
    lanes_start(c->policy->lanes, param, c->model->dim);
    self->current = membership->transfer_slot;
    c->port->ops->stamp(c->port, self->id, self->current,
                        slots_seal(&self->slots, self->current, ++self->version));
    publish_version(self);
    /* What it had is lost, what it got comes on top: the books of all workers together stay whole. */
    self->ledger.start += mix_ledger(param, c->model->dim) - membership->lost;
    self->ledger.weight_gained += 1 - (double)membership->lost_weight;
    begin_anew(self, now);
}

static void follow_transfer(struct worker *self, uint64_t now)
{
    struct cohort_worker *const pub = membership_public(self, self->id);
    const uint32_t from = self->membership.transfer_from;
    /* acquire: the parameters that were given */
    uint64_t transfer = atomic_load_explicit(&pub->transfer, memory_order_acquire);
    if (cohort_transfer_state(transfer) == TRANSFER_GIVEN) {
        atomic_store_explicit(&pub->transfer, 0, memory_order_relaxed);
        come_back(self, now);
        return;
    }
    if (cohort_transfer_state(transfer) == TRANSFER_NONE) {
        request_model(self); /* something was lacking */
        return;
    }
    const bool there =
        atomic_load_explicit(&self->common->cohort->worker[from].present, memory_order_relaxed);
    if (!there && cohort_transfer_state(transfer) == TRANSFER_WANTED &&
        atomic_compare_exchange_strong_explicit(&pub->transfer, &transfer, 0, memory_order_acquire,
                                                memory_order_relaxed))
        request_model(self); /* of somebody else */
}

/** Who left in good order comes back when its peers have taken all that it sent: they drop what is of an earlier life. */
static bool has_parted(const struct worker *self)
{
    struct port *const port = self->common->port;
    const struct cohort_worker *const pub = &self->common->cohort->worker[self->id];
    const bool left = atomic_load_explicit(&pub->left, memory_order_relaxed) ==
                      atomic_load_explicit(&pub->epoch, memory_order_relaxed);
    if (self->membership.parting)
        return false;
    return !left || !port->ops->in_flight || port->ops->in_flight(port, self->id) == 0;
}

void membership_turn_gone(struct worker *self, uint64_t now)
{
    struct membership *const membership = &self->membership;
    struct port *const port = self->common->port;
    const bool runs = cohort_phase(self->common->cohort) == COHORT_RUN;
    while (discard(self))
        ;
    port->ops->reclaim(port, self->id, &self->slots);
    if (runs)
        worker_cut(self);
    if (membership->parting)
        membership_part(self);
    if (now >= membership->notice_cyc ||
        (now >= membership->back_cyc && membership->notice_cyc != NEVER))
        membership_tell_gone(self);
    if (!runs)
        return;
    if (membership->state == MEMBER_STATE_TRANSFER)
        follow_transfer(self, now);
    else if (now >= membership->back_cyc && has_parted(self))
        request_model(self);
}

/* ------------------------------------------------------------------------------------------------- giving */

static void give_to(struct worker *self, struct cohort_worker *pub, uint32_t id, uint32_t slot)
{
    const struct worker_common *const c = self->common;
    float *const out = c->port->ops->slot(c->port, id, slot);
    const float *const vector = c->port->ops->slot(c->port, self->id, self->current);
    const uint64_t from = clock_cyc();
    if (!self->membership.paused)
        account_woken(self, from, from);
    const float *const model = lanes_model(c->policy->lanes, vector, c->model->dim, out);
    if (model != out)
        memcpy(out, model, c->model->dim * sizeof(float));
    /* release: the parameters are there */
    atomic_store_explicit(&pub->transfer, cohort_transfer(TRANSFER_GIVEN, slot, self->id),
                          memory_order_release);
    if (self->membership.paused || self->phase == WORKER_COMPUTING)
        return; /* a phase that is late is booked as held or rest when it ends, this included */
    account_add(self, PART_PUBLISH, from, clock_cyc());
}

void membership_give_model(struct worker *self)
{
    struct cohort *const cohort = self->common->cohort;
    if (membership_is_absent(self))
        return;
    for (uint32_t w = 0; w < cohort->workers; w++) {
        struct cohort_worker *const pub = &cohort->worker[w];
        uint64_t transfer = atomic_load_explicit(&pub->transfer, memory_order_relaxed);
        const uint32_t slot = cohort_transfer_slot(transfer);
        if (cohort_transfer_state(transfer) != TRANSFER_WANTED ||
            cohort_transfer_from(transfer) != self->id)
            continue;
        /* acquire: the slot is its owner's to give away; whoever wins the exchange has it */
        if (atomic_compare_exchange_strong_explicit(&pub->transfer, &transfer,
                                                    cohort_transfer(TRANSFER_TAKEN, slot, self->id),
                                                    memory_order_acquire, memory_order_relaxed))
            give_to(self, pub, w, slot);
    }
}
