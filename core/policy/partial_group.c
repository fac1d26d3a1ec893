/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is in a group of the partial policy: a leader invites all neighbours that it knows as ready, each answers once,
 * and with enough YES the leader commits (partial.c).
 *
 * Where invitations meet, the lower id has the better claim. A worker that leads, or follows a leader, defers its answer
 * to an inviter whose id is below that leader's, until its own group is over; to any other it says NO at once.
 *
 * Nobody waits in a cycle: a deferred answer makes a leader wait until a leader of higher id has decided, and so on up.
 *
 * Somebody can always go on: suppose that no group commits from some moment on. In the end all are ready, and all know
 * it, for READY follows every NO; and no rule asks for more than all neighbours. So some lead again and again. Nobody says NO
 * to the lowest of them: who is free says YES; who is taken defers, and says YES to the lowest that waits when its own
 * group is aborted. So that group commits: a contradiction. With k = 2 on a path this means that two ready
 * workers in the middle wait until an end is ready, whose rule asks for its one neighbour only. A worker that
 * answers nothing holds up those that wait for its answer, as in AAU.
 *
 * READY is said once per edge: a worker knows who counts on it, until it says NO there or the two exchange. So a
 * neighbour that is not polled for long finds a few messages and not one per iteration. A READY gone stale costs an
 * aborted group, never a wrong average.
 */
#include "core/base/check.h"
#include "core/policy/control.h"
#include "core/policy/partial_state.h"

/* READY, INVITE and YES say that this worker counts as ready, NO the opposite; ABORT says nothing of it. */
static void tell(struct partial *self, uint32_t peer, uint8_t type, uint32_t seq,
                 struct actions *out)
{
    if (type != PARTIAL_ABORT)
        self->peer[peer].told = type != PARTIAL_NO;
    actions_push(out, (struct action){.kind = ACT_CONTROL,
                                      .type = type,
                                      .peers = &self->everyone[peer],
                                      .count = 1,
                                      .word = {seq}});
}

void partial_group_refuse(struct partial *self, struct actions *out)
{
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->peer[i].deferred) {
            self->peer[i].deferred = false;
            tell(self, i, PARTIAL_NO, self->peer[i].seq, out);
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
        tell(self, i, PARTIAL_INVITE, self->seq, out);
    }
}

void partial_group_consider(struct partial *self, struct actions *out)
{
    uint32_t ready = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        ready += self->peer[i].ready;
    const bool expired = self->config->options.wait == PARTIAL_TIMEOUT && !self->holding;
    if (self->alive == 0 || (expired && ready == 0)) {
        self->counters.unmixed++;
        partial_compute(self, out);
    } else if (!self->holding && ready >= partial_wanted(self)) {
        lead(self, out);
    }
}

void partial_group_idle(struct partial *self, struct actions *out)
{
    self->status = PARTIAL_IDLE;
    partial_group_consider(self, out);
    if (self->status == PARTIAL_COMPUTING)
        return;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (!self->peer[i].told && !self->peer[i].gone)
            tell(self, i, PARTIAL_READY, 0, out);
}

/* ------------------------------------------------------------------------------------------------------ following */

static void join(struct partial *self, uint32_t leader, uint32_t seq, struct actions *out)
{
    self->status = PARTIAL_BOUND;
    self->leader = leader;
    self->seq = seq;
    self->peer[leader].deferred = false;
    tell(self, leader, PARTIAL_YES, seq, out);
}

/* After its timeout this worker has asked all that it knew as ready, and none of them was: it has waited long enough. */
static bool asked_in_vain(const struct partial *self)
{
    return self->config->options.wait == PARTIAL_TIMEOUT && self->status == PARTIAL_LEADING;
}

/* The group came to nothing: join the lowest leader that waits for an answer, or wait on. */
static void leave(struct partial *self, struct actions *out)
{
    uint32_t i = 0;
    while (i < self->config->peer_count && !self->peer[i].deferred)
        i++;
    if (self->stopping) {
        partial_compute(self, out); /* that is, be done */
    } else if (i < self->config->peer_count) {
        join(self, i, self->peer[i].seq, out);
        partial_group_refuse(self, out);
    } else if (asked_in_vain(self)) {
        self->counters.unmixed++;
        partial_compute(self, out);
    } else {
        partial_group_idle(self, out);
    }
}

static bool taken_by_higher(const struct partial *self, uint32_t inviter)
{
    if (self->status == PARTIAL_LEADING)
        return self->config->self > inviter;
    return self->status == PARTIAL_BOUND && self->config->peers[self->leader] > inviter;
}

static void on_invite(struct partial *self, uint32_t peer, uint32_t seq, struct actions *out)
{
    self->peer[peer].ready = true;
    self->peer[peer].seq = seq;
    if (self->status == PARTIAL_IDLE)
        join(self, peer, seq, out);
    else if (taken_by_higher(self, self->config->peers[peer]))
        self->peer[peer].deferred = true;
    else
        tell(self, peer, PARTIAL_NO, seq, out);
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
            tell(self, i, PARTIAL_ABORT, self->seq, out);
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
        self->peer[event->peer].ready = true;
        if (self->status == PARTIAL_IDLE)
            partial_group_consider(self, out);
        return;
    case PARTIAL_INVITE:
        on_invite(self, event->peer, event->word[0], out);
        return;
    case PARTIAL_YES:
    case PARTIAL_NO:
        CHECK(self->status == PARTIAL_LEADING);
        CHECK(event->word[0] == self->seq);
        self->counters.refused += event->type == PARTIAL_NO;
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
        partial_group_consider(self, out);
}

void partial_group_welcome(struct partial *self, uint32_t peer, struct actions *out)
{
    if (self->status == PARTIAL_IDLE)
        tell(self, peer, PARTIAL_READY, 0, out);
}
