/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who exchanges with whom: an echo wave freezes a group of ready workers, and the wave's leader decides.
 *
 * FREEZE floods from the leader over ready neighbours; the first one received makes its sender the parent. A worker whose
 * neighbours have all answered echoes YES to its parent and is bound. When the leader has all echoes it says COMMIT, if a
 * new edge is active anywhere in the group (YES carries that up), else ABORT; both go down the tree of YES. Messages are
 * of constant size. Each edge is settled by exactly one exchange of words: a FREEZE is answered by YES (child), by the
 * same wave's FREEZE crossing it or by JOINED (both in the wave by other ways: the edge is active), or by NO. So at
 * COMMIT both ends agree which edges are active.
 *
 * release cluster, all: the flood goes as far as ready workers reach; where two waves meet, the lower one wins
 * (extinction): a frozen worker leaves its wave for a lower one, tells it to all its neighbours, and so the higher wave
 * dies as a whole:
 *   - up: its parent awaits its answer, so it is not bound, and is told;
 *   - down: its children are told by their parent, and FREEZE of a lower wave from the parent unbinds.
 * A bound worker answers NO to every other FREEZE at once. It may have to keep its promise, and nobody waits in a cycle.
 * The winner is not decided before all these have answered, and every neighbour that owes an answer is asked again, so
 * when it is decided no FREEZE of a dead wave is under way: nobody can join a wave that has no leader any more.
 *
 * release nbr, pair: the group is the leader and its ready neighbours (or one). Members answer NO to every other wave; there is
 * no extinction, so nobody leaves a group after a third one counted on it. Under nbr they PROBE for edges among them.
 *
 * The epoch is no part of a wave's name: it says which edges are new, not which wave is older. A wave that outlives its
 * epoch is completed or aborted like any other, and the edges it establishes count in the epoch where they are.
 *
 * Who starts: a worker whose gradient just finished, or else the lower id of the edge, so that mostly one of both
 * does. An edge with two idle ends is never forgotten: NO means "not ready for you until I say READY again", which an
 * aborted worker says to everybody it refused, and the condition is looked at after every message.
 *
 * Members of nbr and pair that refuse each other in step, because messages take the same time each, would go on so for ever:
 * a leader whose waves have come to nothing FAILURES_MAX times in a row leaves the others a time, random and doubling, to
 * lead theirs. It joins meanwhile.
 *
 * release all: a ready worker that learns of a new edge is released too. It starts a wave that commits without a new
 * edge, and with no ready neighbour it goes on alone.
 *
 * Losses. A neighbour may be cut out of a wave, and a worker without its parent leaves it, telling everybody in it LEFT. A
 * wave that a worker left for a lower one may then outlive the lower one, against the argument above. So
 *   - nobody joins a wave twice: an answer or a crossing FREEZE is never one of an earlier stay;
 *   - whoever leaves a wave for a lower one says so in its FREEZE (word[3], word[4]), or, when it was the new parent it shared
 *     the old one with, in the FREEZE or LEFT that follows (unsaid);
 *   - whoever does not follow a neighbour of its own wave into another one cuts it, and tells it LEFT.
 * An edge cut before it was mixed over is cut at both ends, so the average stays exact.
 *
 * A stopping worker joins nothing when idle. In a wave it follows it to the end, also into the wave that
 * extinguishes it; a stopping leader aborts.
 *
 * Source: echo algorithm with extinction (E. Chang, IEEE TSE 1982; G. Tel, "Introduction to Distributed Algorithms", 7.3).
 */
#include "core/base/check.h"
#include "core/policy/aau_state.h"
#include "core/policy/say.h"

#define FAILURES_MAX 3u
#define BACKOFF_NS 8000u /* a few messages between cores; up to a quarter of a second */
#define DOUBLINGS_MAX 15u

static bool is_new(struct aau *self, uint32_t peer)
{
    if (!aau_present(self, peer) || (aau_by_tree(self) && !self->tree[peer]))
        return false;
    return pathsearch_new(&self->path, self->config->self, self->config->peers[peer]);
}

void aau_wave_answer(struct aau *self, uint32_t peer, uint8_t type, struct aau_name wave,
                     struct actions *out)
{
    aau_send_control(self, type, wave, aau_only(self, peer), out);
}

/* --------------------------------------------------------------------------------------------- deciding, echoing */

static bool has_reason(struct aau *self)
{
    if (self->reason || self->released)
        return true;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->peer[i].active && is_new(self, i))
            return true;
    return false;
}

/* Nobody wins where these waves meet, so two leaders that answer each other NO in step would do so for ever. */
static void back_off(struct aau *self, struct actions *out)
{
    if (aau_floods(self) || ++self->failures < FAILURES_MAX)
        return;
    const uint32_t over = self->failures - FAILURES_MAX;
    const uint32_t unit_ns = BACKOFF_NS << (over < DOUBLINGS_MAX ? over : DOUBLINGS_MAX);
    self->backing_off = true;
    say_timer(out, AAU_TIMER_AGAIN, ++self->backoff_count,
              self->now_ns + unit_ns + rng_below(&self->rng, unit_ns));
}

void aau_wave_rest(struct aau *self, struct actions *out)
{
    self->failures = 0;
    if (self->backing_off)
        say_cancel(out, AAU_TIMER_AGAIN);
    self->backing_off = false;
}

void aau_wave_again(struct aau *self, uint64_t generation, struct actions *out)
{
    if (!self->backing_off || generation != self->backoff_count)
        return;
    self->backing_off = false;
    aau_wave_consider(self, false, out);
}

void aau_wave_abort(struct aau *self, struct actions *out)
{
    aau_decide(self, AAU_ABORT, out);
    aau_idle(self, out);
}

static bool any_active(const struct aau *self)
{
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->peer[i].active)
            return true;
    return false;
}

/* All answers are in. */
static void echo(struct aau *self, struct actions *out)
{
    self->reason = has_reason(self);
    if (self->parent != AAU_NOBODY) {
        aau_set_status(self, AAU_BOUND);
        aau_wave_answer(self, self->parent, AAU_YES, self->wave, out);
    } else if (self->reason && any_active(self) && !self->stopping) {
        aau_commit(self, out);
    } else {
        self->counters.aborted++;
        back_off(self, out);
        aau_wave_abort(self, out);
    }
}

void aau_wave_settle(struct aau *self, uint32_t peer, struct actions *out)
{
    CHECK(self->peer[peer].pending);
    self->peer[peer].pending = false;
    self->pending_count--;
    if (self->pending_count == 0)
        echo(self, out);
}

/* ------------------------------------------------------------------------------------------- starting, joining */

void aau_wave_request(struct aau *self, uint32_t peer)
{
    self->peer[peer].pending = true;
    self->peer[peer].refused = false; /* FREEZE and PROBE say READY */
    self->pending_count++;
}

static bool is_ready(const struct aau *self, uint32_t peer)
{
    return self->peer[peer].ready;
}

static void start(struct aau *self, uint32_t target, struct actions *out)
{
    CHECK(self->pending_count == 0);
    const bool pair = options_of(self->config).release == AAU_PAIR;
    CHECK(!pair || target != AAU_NOBODY);
    const struct aau_list to =
        pair ? aau_only(self, target) : aau_select(self, AAU_NOBODY, is_ready);
    self->quit = (struct aau_name){0};
    self->wave = (struct aau_name){.leader = self->config->self, .seq = ++self->seq};
    self->joined[self->config->self] = self->seq;
    aau_set_status(self, AAU_FROZEN);
    for (uint32_t i = 0; i < to.count; i++)
        aau_wave_request(self, to.peer[i]);
    aau_send_control(self, AAU_FREEZE, self->wave, to, out);
}

/* Whom a worker that joins must ask: those ready, and whoever the wave that it leaves connected it with. */
static bool must_ask(const struct aau *self, uint32_t peer)
{
    const struct aau_peer *p = &self->peer[peer];
    if (options_of(self->config).release == AAU_PAIR)
        return false;
    return p->ready || p->pending || p->active;
}

/* The wave left for this parent's that the parent does not know of: it shared that wave with us, or has not heard yet. */
static struct aau_name left_unsaid(const struct aau *self, uint32_t parent)
{
    const bool shared = self->peer[parent].pending || self->peer[parent].active;
    if (parent == self->parent && self->unsaid.seq > 0)
        return self->unsaid;
    return aau_in_wave(self) && shared ? self->wave : (struct aau_name){0};
}

/* Nothing of the old wave holds; in the new one only the edge to the parent is active yet. */
static void change_wave(struct aau *self, uint32_t parent, struct actions *out)
{
    self->pending_count = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        aau_drop_model(self, i, out); /* of a part of the old wave that was committed without us */
        self->peer[i].pending = false;
        self->peer[i].active = i == parent;
        self->peer[i].child = false;
        self->peer[i].barred = false;
    }
}

void aau_wave_join(struct aau *self, uint32_t parent, struct aau_name wave, struct actions *out)
{
    const struct aau_name unsaid = left_unsaid(self, parent);
    const struct aau_list to = aau_select(self, parent, must_ask);
    if (parent == self->parent)
        self->unsaid = (struct aau_name){0};
    change_wave(self, parent, out);
    for (uint32_t i = 0; i < to.count; i++)
        aau_wave_request(self, to.peer[i]);
    self->quit = aau_in_wave(self) ? self->wave : (struct aau_name){0};
    self->wave = wave;
    self->joined[wave.leader] = wave.seq;
    self->parent = parent;
    self->reason = false;
    aau_set_status(self, AAU_FROZEN);
    aau_send_control(self, aau_floods(self) ? AAU_FREEZE : AAU_PROBE, wave, to, out);
    self->unsaid = unsaid;
    if (to.count == 0)
        echo(self, out);
}

static uint32_t new_neighbour(struct aau *self, bool own)
{
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->peer[i].ready && (own || self->config->self < self->config->peers[i]) &&
            is_new(self, i))
            return i;
    return AAU_NOBODY;
}

void aau_wave_consider(struct aau *self, bool own, struct actions *out)
{
    if (self->status != AAU_IDLE || self->stopping)
        return;
    bool company = false;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        company |= self->peer[i].ready;
    const uint32_t target = new_neighbour(self, own);
    if (self->present == 0 || (self->released && !company))
        aau_alone(self, out);
    else if ((target != AAU_NOBODY || self->released) && !self->backing_off)
        start(self, target, out);
}

/* ------------------------------------------------------------------------------------------------- getting out */

/* A bound worker may have committed its neighbours: each of them learns that nobody will mix over their edge. */
static bool must_hear(const struct aau *self, uint32_t peer)
{
    const struct aau_peer *const p = &self->peer[peer];
    return (p->pending || p->active) && !p->down;
}

static void leave(struct aau *self, struct actions *out)
{
    if (self->unsaid.seq > 0 && aau_present(self, self->parent))
        aau_wave_answer(self, self->parent, AAU_LEFT, self->unsaid, out);
    const struct aau_list to = aau_select(self, AAU_NOBODY, must_hear);
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->peer[i].pending || self->peer[i].active) {
            aau_drop_model(self, i, out);
            self->peer[i].pending = false;
        }
    for (uint32_t i = 0; i < to.count; i++)
        self->peer[to.peer[i]].refused = true;
    aau_send_control(self, AAU_LEFT, self->wave, to, out);
    self->pending_count = 0;
    self->counters.aborted += self->parent == AAU_NOBODY;
    aau_idle(self, out);
}

void aau_wave_cut(struct aau *self, uint32_t peer, struct actions *out)
{
    struct aau_peer *const p = &self->peer[peer];
    p->ready = false;
    if (aau_in_wave(self) && peer == self->parent) {
        leave(self, out);
    } else if (aau_in_wave(self)) {
        aau_drop_model(self, peer, out);
        p->active = false;
        p->child = false;
        p->barred = true;
        if (p->pending)
            aau_wave_settle(self, peer, out);
    } else if (self->status == AAU_EXCHANGE && p->active && p->handle == 0) {
        p->active = false;
        aau_finish_exchange(self, out);
    }
}
