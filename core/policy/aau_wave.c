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
 * release all: a ready worker that learns of a new edge is released too. It starts a wave that commits without a new
 * edge, and with no ready neighbour it goes on alone.
 *
 * A stopping worker joins nothing when idle. In a wave it follows it to the end, also into the wave that
 * extinguishes it; a stopping leader aborts.
 *
 * Source: echo algorithm with extinction (E. Chang, IEEE TSE 1982; G. Tel, "Introduction to Distributed Algorithms", 7.3).
 */
#include "core/base/check.h"
#include "core/policy/aau_state.h"

static bool same(struct aau_name a, struct aau_name b)
{
    return a.leader == b.leader && a.seq == b.seq;
}

/* A newer wave of one leader wins: it would not have begun it were the older alive. */
static bool precedes(struct aau_name a, struct aau_name b)
{
    return a.leader != b.leader ? a.leader < b.leader : a.seq > b.seq;
}

static bool in_wave(const struct aau *self)
{
    return self->status == AAU_FROZEN || self->status == AAU_BOUND;
}

static bool floods(const struct aau *self)
{
    return self->config->aau_release == AAU_CLUSTER || self->config->aau_release == AAU_ALL;
}

static bool is_new(struct aau *self, uint32_t peer)
{
    return pathsearch_new(&self->path, self->config->self, self->config->peers[peer]);
}

static void answer(struct aau *self, uint32_t peer, uint8_t type, struct aau_name wave,
                   struct actions *out)
{
    aau_tell(self, type, wave, &self->everyone[peer], 1, out);
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

static void abort_wave(struct aau *self, struct actions *out)
{
    uint32_t count = 0;
    uint32_t *list = aau_list_begin(self);
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->peer[i].child)
            list[count++] = i;
    aau_list_end(self, count);
    aau_tell(self, AAU_ABORT, self->wave, list, count, out);
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
        self->status = AAU_BOUND;
        answer(self, self->parent, AAU_YES, self->wave, out);
    } else if (self->reason && any_active(self) && !self->stopping) {
        aau_commit(self, out);
    } else {
        self->counters.aborted++;
        abort_wave(self, out);
    }
}

static void settle(struct aau *self, uint32_t peer, struct actions *out)
{
    CHECK(self->peer[peer].pending);
    self->peer[peer].pending = false;
    self->pending_count--;
    if (self->pending_count == 0)
        echo(self, out);
}

/* ------------------------------------------------------------------------------------------- starting, joining */

static void request(struct aau *self, uint32_t peer)
{
    self->peer[peer].pending = true;
    self->peer[peer].told_no = false; /* FREEZE and PROBE say READY */
    self->pending_count++;
}

static void start(struct aau *self, uint32_t target, struct actions *out)
{
    CHECK(self->pending_count == 0);
    const bool pair = self->config->aau_release == AAU_PAIR;
    uint32_t count = 0;
    uint32_t *list = aau_list_begin(self);
    self->wave = (struct aau_name){.leader = self->config->self, .seq = ++self->seq};
    self->status = AAU_FROZEN;
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        if (pair ? i != target : !self->peer[i].ready)
            continue;
        request(self, i);
        list[count++] = i;
    }
    aau_list_end(self, count);
    aau_tell(self, AAU_FREEZE, self->wave, list, count, out);
}

/* Whom a worker that joins must ask: those ready, and whoever the wave that it leaves connected it with. */
static bool must_ask(const struct aau *self, uint32_t peer)
{
    const struct aau_peer *p = &self->peer[peer];
    if (self->config->aau_release == AAU_PAIR)
        return false;
    return p->ready || p->pending || p->active;
}

static void join(struct aau *self, uint32_t parent, struct aau_name wave, struct actions *out)
{
    uint32_t count = 0;
    uint32_t *list = aau_list_begin(self);
    self->pending_count = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        const bool ask = i != parent && must_ask(self, i);
        self->peer[i].pending = false;
        self->peer[i].active = i == parent;
        self->peer[i].child = false;
        if (!ask)
            continue;
        request(self, i);
        list[count++] = i;
    }
    aau_list_end(self, count);
    self->wave = wave;
    self->parent = parent;
    self->reason = false;
    self->status = AAU_FROZEN;
    aau_tell(self, floods(self) ? AAU_FREEZE : AAU_PROBE, wave, list, count, out);
    if (count == 0)
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
    if (self->config->peer_count == 0 || (self->released && !company))
        aau_alone(self, out);
    else if (target != AAU_NOBODY || self->released)
        start(self, target, out);
}

/* ------------------------------------------------------------------------------------------------------ answers */

static void refuse(struct aau *self, uint32_t peer, struct aau_name wave, struct actions *out)
{
    self->peer[peer].told_no = true;
    answer(self, peer, AAU_NO, wave, out);
}

/* Both are in the same wave, and not by each other. */
static void meet(struct aau *self, uint32_t peer, struct actions *out)
{
    self->peer[peer].active = true;
    if (self->peer[peer].pending)
        settle(self, peer, out); /* ours crosses it, and is the answer */
    else
        answer(self, peer, AAU_JOINED, self->wave, out);
}

static void on_freeze(struct aau *self, uint32_t peer, struct aau_name wave, struct actions *out)
{
    self->peer[peer].ready = true;
    if (self->status == AAU_IDLE && !self->stopping) {
        join(self, peer, wave, out);
    } else if (!in_wave(self)) {
        refuse(self, peer, wave, out);
    } else if (same(wave, self->wave)) {
        meet(self, peer, out);
    } else if (!floods(self)) {
        refuse(self, peer, wave, out);
    } else if (precedes(wave, self->wave) && (self->status == AAU_FROZEN || peer == self->parent)) {
        join(self, peer, wave, out);
    } else if (self->status == AAU_BOUND) {
        refuse(self, peer, wave, out);
    } else if (!self->peer[peer].pending) {
        /* ours wins: it has only to get there */
        request(self, peer);
        answer(self, peer, AAU_FREEZE, self->wave, out);
    }
}

static void on_probe(struct aau *self, uint32_t peer, struct aau_name wave, struct actions *out)
{
    self->peer[peer].ready = true;
    if (in_wave(self) && same(wave, self->wave))
        meet(self, peer, out);
    else
        answer(self, peer, AAU_APART, wave, out);
}

/* YES, JOINED, NO or APART. Those to a wave that we left mean nothing any more. */
static void on_answer(struct aau *self, const struct event *event, struct aau_name wave,
                      struct actions *out)
{
    struct aau_peer *peer = &self->peer[event->peer];
    if (event->type == AAU_NO) {
        peer->ready = false;
        self->counters.refused++;
    }
    if (!in_wave(self) || !same(wave, self->wave))
        return;
    CHECK(peer->pending);
    peer->active |= event->type == AAU_YES || event->type == AAU_JOINED;
    peer->child = event->type == AAU_YES;
    self->reason |= event->type == AAU_YES && event->word[3] != 0;
    settle(self, event->peer, out);
}

void aau_wave_control(struct aau *self, const struct event *event, struct actions *out)
{
    const struct aau_name wave = {.leader = event->word[1], .seq = event->word[2]};
    switch ((enum aau_control)event->type) {
    case AAU_FREEZE:
        on_freeze(self, event->peer, wave, out);
        return;
    case AAU_PROBE:
        on_probe(self, event->peer, wave, out);
        return;
    case AAU_YES:
    case AAU_JOINED:
    case AAU_NO:
    case AAU_APART:
        on_answer(self, event, wave, out);
        return;
    case AAU_COMMIT:
    case AAU_ABORT:
        CHECK(self->status == AAU_BOUND);
        CHECK(same(wave, self->wave));
        CHECK(event->peer == self->parent);
        if (event->type == AAU_COMMIT)
            aau_commit(self, out);
        else
            abort_wave(self, out);
        return;
    case AAU_READY:
    case AAU_PATH:
        break;
    }
    CHECK(false && "not a message of a wave");
}
