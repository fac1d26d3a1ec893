/* SPDX-License-Identifier: BSD-3-Clause */
/* What of a life others meet: news, arrivals of another life, loans, and the way back with somebody's parameters. */
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

/** Incarnation of whom so many news are known; of one that is gone, the one that went. */
static uint32_t incarnation_at(uint32_t news)
{
    return news / 2 + 1;
}

/* ------------------------------------------------------------------------------------------------- listening */

static void tell(struct worker *self, uint32_t edge, uint32_t news, bool left)
{
    const bool down = news % 2 == 1;
    const uint64_t now = clock_cyc();
    pressure_forget(self, edge);
    if (self->common->policy->survives_loss) {
        const struct cohort_worker *const pub = membership_public(self, self->peers[edge]);
        if (down) /* a later change may have written the time anew: then it is that of hearing */
            account_lost(
                self, edge,
                account_min(atomic_load_explicit(&pub->news_cyc, memory_order_relaxed), now), now);
        else
            account_woken(self, now, now);
        act_on(self, &(struct event){.kind = down ? EV_PEER_DOWN : EV_PEER_UP,
                                     .type = down && left ? PEER_LEFT : PEER_LOST,
                                     .peer = edge,
                                     .incarnation = (uint16_t)incarnation_at(news),
                                     .now_ns = act_now_ns(self, now)});
    }
    if (down) /* it has given back what it had; what is still on its way will be dropped there */
        slots_reclaim(&self->slots, edge);
}

/** What is new of this peer. False: the actions that follow must be done first. */
static bool listen_to(struct worker *self, uint32_t edge, bool emptied)
{
    const struct cohort_worker *const peer = &self->common->cohort->worker[self->peers[edge]];
    struct membership_peer *const heard = &self->membership.heard[edge];
    /* acquire: what the peer did before it went or came, it gave back before */
    const uint32_t news = atomic_load_explicit(&peer->news, memory_order_acquire);
    while (heard->news != news) {
        const uint32_t next = heard->news + 1;
        const bool left = atomic_load_explicit(&peer->left, memory_order_relaxed) == next;
        if (self->action_blocked)
            return false;
        if (left && news == next && !(emptied && heard->ending == next)) {
            heard->ending = next; /* all that it sent is here by now, and comes first */
            self->membership.ending = true;
            return true;
        }
        heard->news = next;
        tell(self, edge, next, left);
    }
    return true;
}

/** The latest round that anybody has begun. */
static uint32_t latest_round(const struct cohort *cohort)
{
    uint64_t begun = 0;
    for (uint32_t w = 0; w < cohort->workers; w++)
        begun = account_max(begun,
                            atomic_load_explicit(&cohort->worker[w].begun, memory_order_relaxed));
    return begun > 0 ? (uint32_t)(begun - 1) : 0;
}

static bool start(struct worker *self)
{
    if (self->action_blocked)
        return false;
    self->membership.start_due = false;
    act_on(self, &(struct event){.kind = EV_START,
                                 .tag = self->slots.incarnation - 1u,
                                 .version = latest_round(self->common->cohort),
                                 .now_ns = act_now_ns(self, clock_cyc())});
    return true;
}

static void listen(struct worker *self, bool emptied)
{
    if (self->membership.start_due && !start(self))
        return;
    for (uint32_t edge = 0; edge < self->peer_count; edge++)
        if (!listen_to(self, edge, emptied))
            return;
    self->membership.hears = false;
}

void membership_notify(struct worker *self)
{
    listen(self, false);
}

void membership_drained(struct worker *self)
{
    self->membership.ending = false;
    listen(self, true);
    self->membership.ending |= self->membership.hears; /* it was interrupted */
}

enum incarnation_verdict membership_judge(const struct worker *self,
                                          const struct port_arrival *arrival)
{
    const struct port_message *const m = &arrival->message;
    const uint32_t heard = self->membership.heard[arrival->edge].news;
    const enum incarnation_verdict verdict =
        incarnation_judge(m->lives, self->slots.incarnation, incarnation_at(heard), heard % 2 == 1);
    if (verdict != INCARNATION_TAKE)
        return verdict;
    /* Peers of a leaving worker may be a round ahead of its last one. */
    const bool beyond = self->membership.state == MEMBER_LEAVING && self->stop_told &&
                        m->is_tensor && self->common->policy->synchronous &&
                        m->tag > self->membership.last_round;
    return beyond ? INCARNATION_DROP : INCARNATION_TAKE;
}

/* ------------------------------------------------------------------------------------------------- loans */

void membership_drop(struct worker *self, const struct port_arrival *arrival)
{
    struct port *const port = self->common->port;
    struct cohort_worker *const pub = membership_public(self, self->id);
    if (arrival->message.is_tensor) {
        port->ops->release(port, self->id, arrival->edge, arrival->message.handle);
        self->count.tensors_gone++;
    } else {
        self->count.control_gone++;
    }
    const uint64_t received = atomic_load_explicit(&pub->received, memory_order_relaxed);
    atomic_store_explicit(&pub->received, received + 1, memory_order_release);
}

void membership_borrow(struct worker *self, uint32_t edge, slots_handle handle)
{
    struct membership *const membership = &self->membership;
    CHECK(membership->loans < membership->loans_max);
    membership->loan[membership->loans++] =
        (struct membership_loan){.handle = handle, .edge = edge};
}

void membership_repay(struct worker *self, uint32_t edge, slots_handle handle)
{
    struct membership *const membership = &self->membership;
    uint32_t i = 0;
    while (i < membership->loans &&
           (membership->loan[i].handle != handle || membership->loan[i].edge != edge))
        i++;
    CHECK(i < membership->loans);
    membership->loan[i] = membership->loan[--membership->loans];
}

void membership_tell_gone(struct worker *self)
{
    struct port *const port = self->common->port;
    struct membership *const membership = &self->membership;
    struct cohort_worker *const pub = membership_public(self, self->id);
    for (; membership->loans > 0; membership->loans--) {
        const struct membership_loan *const loan = &membership->loan[membership->loans - 1];
        port->ops->release(port, self->id, loan->edge, loan->handle);
    }
    const uint64_t now = clock_cyc();
    membership->notice_cyc = NEVER;
    self->common->happened[membership->away].noticed_cyc = now;
    atomic_store_explicit(&pub->news_cyc, now, memory_order_relaxed);
    atomic_fetch_add_explicit(&pub->news, 1, memory_order_release);
    cohort_announce(self->common->cohort);
}

/*
 * All that it sent comes first: rings keep their order and are emptied before the news is told (listen_to), but a bad link
 * may hold messages at this end. What would never leave was given up when the worker was told to stop (worker_stop).
 */
void membership_part(struct worker *self)
{
    struct port *const port = self->common->port;
    struct cohort_worker *const pub = membership_public(self, self->id);
    if (port->ops->held && port->ops->held(port, self->id) > 0)
        return;
    atomic_store_explicit(&pub->left, atomic_load_explicit(&pub->news, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    self->membership.parting = false;
    membership_tell_gone(self);
}

/* ------------------------------------------------------------------------------------------------- gone */

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
        if (atomic_load_explicit(&cohort->worker[self->peers[i]].there, memory_order_relaxed))
            return self->peers[i];
    for (uint32_t w = 0; w < cohort->workers; w++)
        if (w != self->id && atomic_load_explicit(&cohort->worker[w].there, memory_order_relaxed))
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

/** A place for the parameters, and a wish for them. Tried again in the next turn where one of the two is lacking. */
static void wish(struct worker *self)
{
    struct membership *const membership = &self->membership;
    struct port *const port = self->common->port;
    const uint32_t from = donor(self);
    if (membership->state != MEMBER_STATE_TRANSFER) {
        slots_restart(&self->slots);
        membership->wish_slot = SLOTS_NONE;
        membership->state = MEMBER_STATE_TRANSFER;
    }
    if (membership->wish_slot == SLOTS_NONE)
        membership->wish_slot = take_other(self);
    membership->wish_from = from;
    if (from == UINT32_MAX || membership->wish_slot == SLOTS_NONE)
        return;
    port->ops->stamp(port, self->id, membership->wish_slot, 0);
    /* release: the slot is ours to be written */
    atomic_store_explicit(&membership_public(self, self->id)->wish,
                          cohort_wish(WISH_WANTED, membership->wish_slot, from),
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
        self->actions.count = self->next_action = 0;
        journal_add(&self->journal,
                    &(struct event){.kind = EV_START,
                                    .type = JOURNAL_ANEW,
                                    .now_ns = self->told_ns,
                                    .version = self->version},
                    &self->actions, 0);
    }
    for (uint32_t edge = 0; edge < self->peer_count; edge++) {
        const uint32_t news =
            atomic_load_explicit(&c->cohort->worker[self->peers[edge]].news, memory_order_acquire);
        /* a fresh policy takes everybody for present, until it is told otherwise */
        membership->heard[edge] = (struct membership_peer){.news = news & ~1u};
    }
    self->done = self->stop_told = false;
    self->recording = true;
    self->phase = WORKER_IDLE;
    self->ready_cyc = 0;
    account_disown(self, now);
    account_return(self, now);
    self->count.returns++;
    c->happened[membership->away].happened = true;
    c->happened[membership->away].back_cyc = now;
    membership->state = MEMBER_PRESENT;
    membership->back_cyc = membership->notice_cyc = NEVER;
    membership->start_due = membership->hears = true;
    atomic_store_explicit(&pub->done, 0, memory_order_relaxed);
    atomic_store_explicit(&pub->there, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&pub->news, 1, memory_order_release);
    cohort_announce(c->cohort);
    membership_notify(self);
}

/** The parameters are here: they are the model of a new life. */
static void come_back(struct worker *self, uint64_t now)
{
    const struct worker_common *const c = self->common;
    struct membership *const membership = &self->membership;
    float *const param = c->port->ops->slot(c->port, self->id, membership->wish_slot);
    lanes_start(c->policy->lanes, param, c->model->dim);
    self->current = membership->wish_slot;
    c->port->ops->stamp(c->port, self->id, self->current,
                        slots_seal(&self->slots, self->current, ++self->version));
    publish_version(self);
    /* What it had is lost, what it got comes on top: the books of all workers together stay whole. */
    self->sum_start += mix_ledger(param, c->model->dim) - membership->lost;
    self->weight_gained += 1 - (double)membership->lost_weight;
    begin_anew(self, now);
}

static void turn_wish(struct worker *self, uint64_t now)
{
    struct cohort_worker *const pub = membership_public(self, self->id);
    const uint32_t from = self->membership.wish_from;
    /* acquire: the parameters that were given */
    uint64_t wished = atomic_load_explicit(&pub->wish, memory_order_acquire);
    if (cohort_wish_state(wished) == WISH_GIVEN) {
        atomic_store_explicit(&pub->wish, 0, memory_order_relaxed);
        come_back(self, now);
        return;
    }
    if (cohort_wish_state(wished) == WISH_NONE) {
        wish(self); /* something was lacking */
        return;
    }
    const bool there =
        atomic_load_explicit(&self->common->cohort->worker[from].there, memory_order_relaxed);
    if (!there && cohort_wish_state(wished) == WISH_WANTED &&
        atomic_compare_exchange_strong_explicit(&pub->wish, &wished, 0, memory_order_acquire,
                                                memory_order_relaxed))
        wish(self); /* of somebody else */
}

/** Who left in good order comes back when its peers have taken all that it sent: they drop what is of an earlier life. */
static bool has_parted(const struct worker *self)
{
    struct port *const port = self->common->port;
    const struct cohort_worker *const pub = &self->common->cohort->worker[self->id];
    const bool left = atomic_load_explicit(&pub->left, memory_order_relaxed) ==
                      atomic_load_explicit(&pub->news, memory_order_relaxed);
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
        turn_wish(self, now);
    else if (now >= membership->back_cyc && has_parted(self))
        wish(self);
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
    atomic_store_explicit(&pub->wish, cohort_wish(WISH_GIVEN, slot, self->id),
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
        uint64_t wished = atomic_load_explicit(&pub->wish, memory_order_relaxed);
        const uint32_t slot = cohort_wish_slot(wished);
        if (cohort_wish_state(wished) != WISH_WANTED || cohort_wish_from(wished) != self->id)
            continue;
        /* acquire: the slot is its owner's to give away; whoever wins the exchange has it */
        if (atomic_compare_exchange_strong_explicit(&pub->wish, &wished,
                                                    cohort_wish(WISH_TAKEN, slot, self->id),
                                                    memory_order_acquire, memory_order_relaxed))
            give_to(self, pub, w, slot);
    }
}
