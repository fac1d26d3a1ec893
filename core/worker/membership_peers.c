/* SPDX-License-Identifier: BSD-3-Clause */
/* What others notice of a worker that goes or comes: what policies are told, arrivals of other incarnations, loans. */
#include <string.h>

#include "core/base/check.h"
#include "core/worker/account.h"
#include "core/worker/act.h"
#include "core/worker/compute.h"
#include "core/worker/membership_private.h"
#include "core/worker/pressure.h"
#include "core/worker/publish.h"

#define NEVER UINT64_MAX

/** Incarnation of a worker in this epoch; of one that is gone, the one that went. */
static uint32_t incarnation_at(uint32_t epoch)
{
    return epoch / 2 + 1;
}

/* ------------------------------------------------------------------------------------------------- listening */

static void notify(struct worker *self, uint32_t edge, uint32_t epoch, bool left)
{
    const bool down = epoch % 2 == 1;
    const uint64_t now = clock_cyc();
    pressure_forget(self, edge);
    if (self->common->policy->survives_loss) {
        const struct cohort_worker *const pub = membership_public(self, self->peers[edge]);
        if (down) /* a later change may have written the time anew: then it is that of hearing */
            account_lost(
                self, edge,
                account_min(atomic_load_explicit(&pub->epoch_cyc, memory_order_relaxed), now), now);
        else
            account_woken(self, now, now);
        act_on(self, &(struct event){.kind = down ? EV_PEER_DOWN : EV_PEER_UP,
                                     .type = down && left ? PEER_LEFT : PEER_LOST,
                                     .peer = edge,
                                     .incarnation = (uint16_t)incarnation_at(epoch),
                                     .now_ns = act_now_ns(self, now)});
    }
    /* It has given back what it had; what is still on its way will be dropped there. From another process it comes by itself,
     * and is not to be written to before. */
    if (down && self->common->cohort->bridges == 0)
        slots_reclaim(&self->slots, edge);
}

/** What is new of this peer. False: the actions that follow must be done first. */
static bool listen_to(struct worker *self, uint32_t edge, bool emptied)
{
    const struct cohort_worker *const peer = &self->common->cohort->worker[self->peers[edge]];
    struct membership_peer *const known = &self->membership.known[edge];
    /* acquire: what the peer did before it went or came, it gave back before */
    const uint32_t epoch = atomic_load_explicit(&peer->epoch, memory_order_acquire);
    while (known->epoch != epoch) {
        const uint32_t next = known->epoch + 1;
        const bool left = atomic_load_explicit(&peer->left, memory_order_relaxed) == next;
        if (self->todo.blocked)
            return false;
        if (left && epoch == next && !(emptied && known->departing == next)) {
            known->departing = next; /* all that it sent is here by now, and comes first */
            self->membership.departing = true;
            return true;
        }
        known->epoch = next;
        notify(self, edge, next, left);
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
    if (self->todo.blocked)
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
    self->membership.changed = false;
}

void membership_notify(struct worker *self)
{
    listen(self, false);
}

void membership_drained(struct worker *self)
{
    self->membership.departing = false;
    listen(self, true);
    self->membership.departing |= self->membership.changed; /* it was interrupted */
}

enum incarnation_verdict membership_judge(const struct worker *self,
                                          const struct port_arrival *arrival)
{
    const struct port_message *const m = &arrival->message;
    const uint32_t epoch = self->membership.known[arrival->edge].epoch;
    const enum incarnation_verdict verdict =
        incarnation_judge(m->lives, self->slots.incarnation, incarnation_at(epoch), epoch % 2 == 1);
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
    if (arrival->message.is_tensor)
        port->ops->release(port, self->id, arrival->edge, arrival->message.handle);
    counts_dropped(&self->count, arrival->message.is_tensor, LINK_GONE);
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
    atomic_store_explicit(&pub->epoch_cyc, now, memory_order_relaxed);
    atomic_fetch_add_explicit(&pub->epoch, 1, memory_order_release);
    cohort_announce(self->common->cohort);
}

/*
 * All that it sent comes first: rings keep their order and are emptied before the departure is told (listen_to), but a bad link
 * may hold messages at this end. What would never leave was given up when the worker was told to stop (worker_stop).
 */
void membership_part(struct worker *self)
{
    struct port *const port = self->common->port;
    struct cohort_worker *const pub = membership_public(self, self->id);
    if (port->ops->held && port->ops->held(port, self->id) > 0)
        return;
    atomic_store_explicit(&pub->left, atomic_load_explicit(&pub->epoch, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    self->membership.parting = false;
    membership_tell_gone(self);
}
