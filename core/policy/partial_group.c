/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is in a group of the partial policy: a leader invites all neighbours that it knows as ready, each answers once,
 * and with enough YES the leader commits (partial.c).
 *
 * Where invitations meet, the older wait has the better claim. Age is told by a logical clock (L. Lamport, CACM 1978): a wait
 * begins one tick after every beginning that this worker has heard of, READY, INVITE and CLAIM tell it, and equal ones are
 * ordered by id. So a worker that goes on again and again soon waits since later than one that stands still, also when it
 * came back with its clock at 0. A worker that leads, or follows a leader, defers its answer to an inviter whose claim is
 * better than that leader's, until its own group is over; to any other it says NO at once.
 *
 * Who has heard NO from one neighbour NOES_MAX times in one wait claims it: CLAIM. A claimed worker says NO to every leader
 * whose wait is younger than that of the claimant, and does not lead itself if its own is, until the two have exchanged or the
 * claimant has gone on with others and says so. So the order of claims decides only who would else be passed over for ever.
 *
 * Nobody waits in a cycle: a deferred answer makes a leader wait until a leader with a worse claim has decided, and so on down.
 *
 * Everybody goes on again and again. Suppose that some do not, from some moment on, though all answer and no rule asks for
 * more than all neighbours; w is the one of them with the best claim. Those who do go on begin later and later waits, so in
 * the end nobody that waits has a better claim than w, and no such claim is left. w leads again and again: whoever said NO to
 * it says READY when it is idle again, and whoever said NO because it was claimed says READY when that is over. Nobody who
 * stands still says NO to w: who is free says YES, who is taken defers, and its group is aborted, as else it would go on.
 * Whoever else says NO each time is claimed at last; from then on it can go on with w alone, and it waits for w. So a
 * group of w commits: a contradiction. After its CLAIM the best claimant waits for one iteration of each neighbour at most.
 * With k = 2 on a path this means that two ready workers in the middle wait until an end is ready, whose rule asks for its
 * one neighbour only. A worker that answers nothing holds up those that wait for its answer, as in AAU.
 *
 * READY is said once per edge: a worker knows who counts on it, until it says NO there or the two exchange; and CLAIM only
 * after NO. So a neighbour that is not polled for long finds a few messages and not one per iteration. A READY gone stale
 * costs an aborted group, never a wrong average.
 */
#include "core/base/check.h"
#include "core/policy/control.h"
#include "core/policy/partial_state.h"
#include "core/policy/say.h"

#define NOES_MAX 4u

/* READY, INVITE and YES say that this worker counts as ready, NO the opposite; the others say nothing of it. */
static void send_control(struct partial *self, uint32_t peer, uint8_t type, uint32_t word,
                         struct actions *out)
{
    if (type != PARTIAL_ABORT && type != PARTIAL_CLAIM)
        self->peer[peer].notified = type != PARTIAL_NO;
    say_control(out, type, &self->everyone[peer], 1, word,
                type == PARTIAL_INVITE ? self->since : 0);
}

/* -------------------------------------------------------------------------------------------------------- claims */

static void hear(struct partial *self, uint32_t since)
{
    if (since > self->clock)
        self->clock = since;
}

/* Has a wait since then, of the worker of that id, the better claim? */
static bool precedes(uint32_t since, uint32_t id, uint32_t other_since, uint32_t other_id)
{
    return since != other_since ? since < other_since : id < other_id;
}

/* Somebody else who claims this worker has a better claim than a leader of that id. */
static bool is_owed(const struct partial *self, uint32_t since, uint32_t id)
{
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->peer[i].claim > 0 &&
            precedes(self->peer[i].claim, self->config->peers[i], since, id))
            return true;
    return false;
}

/* One at a time: a step has room for two messages per peer, and the next refusal brings the next claim. */
static void claim(struct partial *self, struct actions *out)
{
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        struct partial_peer *const peer = &self->peer[i];
        if (peer->noes < NOES_MAX || peer->claimed || peer->gone)
            continue;
        peer->claimed = true;
        send_control(self, i, PARTIAL_CLAIM, self->since, out);
        return;
    }
}

static void refuse(struct partial *self, struct actions *out)
{
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->peer[i].deferred) {
            self->peer[i].deferred = false;
            send_control(self, i, PARTIAL_NO, self->peer[i].seq, out);
        }
}

void partial_group_go_on(struct partial *self, struct actions *out)
{
    refuse(self, out);
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        self->peer[i].noes = 0;
        if (self->peer[i].claimed)
            send_control(self, i, PARTIAL_CLAIM, 0, out);
        self->peer[i].claimed = false;
    }
}

/* ------------------------------------------------------------------------------------------------------- leading */

static void lead(struct partial *self, struct actions *out)
{
    self->status = PARTIAL_LEADING;
    self->seq = ++self->led;
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        if (!self->peer[i].ready)
            continue;
        self->peer[i].invited = true;
        self->awaited++;
        send_control(self, i, PARTIAL_INVITE, self->seq, out);
    }
}

void partial_group_consider(struct partial *self, struct actions *out)
{
    uint32_t ready = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        ready += self->peer[i].ready;
    const bool expired = options_of(self->config).wait == PARTIAL_TIMEOUT && !self->holding;
    if (self->alive == 0 || (expired && ready == 0)) {
        self->counters.unmixed++;
        partial_compute(self, out);
    } else if (!self->holding && ready >= partial_wanted(self) &&
               !is_owed(self, self->since, self->config->self)) {
        lead(self, out);
    }
}

/* In no group: lead one if the rule is met, else be invited. */
static void idle(struct partial *self, struct actions *out)
{
    self->status = PARTIAL_IDLE;
    partial_group_consider(self, out);
    if (self->status == PARTIAL_COMPUTING)
        return;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (!self->peer[i].notified && !self->peer[i].gone)
            send_control(self, i, PARTIAL_READY, self->since, out);
    claim(self, out);
}

void partial_group_ready(struct partial *self, struct actions *out)
{
    self->since = ++self->clock;
    idle(self, out);
}

/* ------------------------------------------------------------------------------------------------------ following */

static void join(struct partial *self, uint32_t leader, struct actions *out)
{
    self->status = PARTIAL_BOUND;
    self->leader = leader;
    self->seq = self->peer[leader].seq;
    self->leader_since = self->peer[leader].since;
    self->peer[leader].deferred = false;
    send_control(self, leader, PARTIAL_YES, self->seq, out);
}

static bool may_join(const struct partial *self, uint32_t leader)
{
    return !is_owed(self, self->peer[leader].since, self->config->peers[leader]);
}

/* The best claim of those that wait for an answer, or peer_count. */
static uint32_t best_deferred(const struct partial *self)
{
    uint32_t best = self->config->peer_count;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->peer[i].deferred &&
            (best == self->config->peer_count || self->peer[i].since < self->peer[best].since))
            best = i; /* peers ascend by id */
    return best;
}

/* After its timeout this worker has asked all that it knew as ready, and none of them was: it has waited long enough. */
static bool asked_in_vain(const struct partial *self)
{
    return options_of(self->config).wait == PARTIAL_TIMEOUT && self->status == PARTIAL_LEADING;
}

/* The group came to nothing: join the best leader that waits for an answer, or wait on. */
static void leave(struct partial *self, struct actions *out)
{
    const uint32_t best = best_deferred(self);
    if (self->stopping) {
        partial_compute(self, out); /* that is, be done */
        return;
    }
    if (best < self->config->peer_count && may_join(self, best)) {
        join(self, best, out);
        refuse(self, out);
        return;
    }
    refuse(self, out);
    if (asked_in_vain(self)) {
        self->counters.unmixed++;
        partial_compute(self, out);
    } else {
        idle(self, out);
    }
}

/* In a group whose leader has a worse claim than this inviter. */
static bool taken_by_worse(const struct partial *self, uint32_t inviter)
{
    const uint32_t since = self->peer[inviter].since, id = self->config->peers[inviter];
    if (self->status == PARTIAL_LEADING)
        return precedes(since, id, self->since, self->config->self);
    return self->status == PARTIAL_BOUND &&
           precedes(since, id, self->leader_since, self->config->peers[self->leader]);
}

static void on_invite(struct partial *self, const struct event *event, struct actions *out)
{
    struct partial_peer *const peer = &self->peer[event->peer];
    peer->ready = true;
    peer->seq = event->word[0];
    peer->since = event->word[1];
    hear(self, peer->since);
    if (self->status == PARTIAL_IDLE && may_join(self, event->peer))
        join(self, event->peer, out);
    else if (taken_by_worse(self, event->peer))
        peer->deferred = true;
    else
        send_control(self, event->peer, PARTIAL_NO, peer->seq, out);
}

static void on_claim(struct partial *self, uint32_t peer, uint32_t since, struct actions *out)
{
    hear(self, since);
    self->peer[peer].claim = since;
    if (since == 0 && self->status == PARTIAL_IDLE)
        idle(self, out);
}

/* -------------------------------------------------------------------------------------------------------- answers */

/* All answers are here. */
static void decide(struct partial *self, struct actions *out)
{
    uint32_t members = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        members += self->peer[i].member;
    if (members > 0 && members >= partial_wanted(self) && !self->stopping) {
        partial_commit(self, members, out);
        return;
    }
    self->counters.aborted++;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->peer[i].member) {
            self->peer[i].member = false;
            send_control(self, i, PARTIAL_ABORT, self->seq, out);
        }
    leave(self, out);
}

static void settle(struct partial *self, uint32_t peer, bool yes, struct actions *out)
{
    CHECK(self->peer[peer].invited);
    self->peer[peer].invited = false;
    self->peer[peer].member = yes;
    self->peer[peer].ready = yes;
    if (--self->awaited == 0)
        decide(self, out);
}

void partial_group_control(struct partial *self, const struct event *event, struct actions *out)
{
    switch ((enum partial_control)event->type) {
    case PARTIAL_READY:
        hear(self, event->word[0]);
        self->peer[event->peer].ready = true;
        if (self->status == PARTIAL_IDLE)
            partial_group_consider(self, out);
        return;
    case PARTIAL_INVITE:
        on_invite(self, event, out);
        return;
    case PARTIAL_CLAIM:
        on_claim(self, event->peer, event->word[0], out);
        return;
    case PARTIAL_YES:
    case PARTIAL_NO:
        CHECK(self->status == PARTIAL_LEADING);
        CHECK(event->word[0] == self->seq);
        self->counters.refused += event->type == PARTIAL_NO;
        self->peer[event->peer].noes += event->type == PARTIAL_NO;
        settle(self, event->peer, event->type == PARTIAL_YES, out);
        return;
    case PARTIAL_ABORT:
        CHECK(self->status == PARTIAL_BOUND);
        CHECK(event->peer == self->leader);
        leave(self, out);
        return;
    }
    CHECK(false && "not a message of partial");
}

void partial_group_lose(struct partial *self, uint32_t peer, struct actions *out)
{
    self->peer[peer].deferred = false;
    self->peer[peer].member = false;
    if (self->peer[peer].invited)
        settle(self, peer, false, out);
    else if (self->status == PARTIAL_BOUND && peer == self->leader)
        leave(self, out);
    else if (self->status == PARTIAL_IDLE)
        idle(self, out); /* it may have been owed to this peer */
}

void partial_group_welcome(struct partial *self, uint32_t peer, struct actions *out)
{
    if (self->status == PARTIAL_IDLE)
        send_control(self, peer, PARTIAL_READY, self->since, out);
}
