/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Coming back to a synchronous policy: all must agree from which round on the newcomer takes part.
 *
 *   neighbour                            newcomer
 *   EV_PEER_UP: OFFER r              ->  waits for an offer of each neighbour that is there
 *   sends no model before ENTER
 *                                    <-  ENTER k, k = the highest of the offers, to all of them; begins round k
 *   counts the edge from round k on
 *
 * r is the first round whose model the neighbour has not sent. Nothing is sent between OFFER and ENTER, so k is no earlier than
 * any round in which the neighbour can still include the newcomer. Parts of the graph that a loss had cut apart may be
 * many rounds apart: those behind go on without the newcomer until round k, and its first model waits for them (early).
 *
 * A newcomer enters no round before the latest that anybody has begun: one without neighbours, or among newcomers alone,
 * would else count from 0, and whoever gets to know it later would wait until it has caught up.
 *
 * Of two newcomers one hears that the other came up. It offers round 0 and says that it joins too, and the edge counts from the
 * later of both entries on; each waits for the other's ENTER before it sends. Live, both may hear it: then offers cross, and the
 * edge counts from the latest of what both have entered or offered, which both know. Offers wait for nothing and
 * entries for offers only, so nobody waits in a cycle. Whoever goes again is neither asked nor waited for.
 */
#include "core/base/check.h"
#include "core/policy/dsgd_state.h"
#include "core/policy/say.h"

static uint32_t latest(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static void send_control(struct dsgd *self, uint32_t peer, uint8_t type, uint32_t round,
                         bool joining, struct actions *out)
{
    say_control(out, type, &self->everyone[peer], 1, round, joining);
}

static void ask(struct dsgd *self, uint32_t peer)
{
    CHECK(!self->peer[peer].asked);
    self->peer[peer].asked = true;
    self->asked_count++;
}

static void enter(struct dsgd *self, struct actions *out)
{
    if (!self->joining || self->owing_count > 0)
        return;
    self->joining = false;
    self->rounds.now = self->entry;
    for (uint32_t i = 0; i < self->peer_count; i++) {
        self->edge[i].from = latest(self->edge[i].from, self->entry);
        if (!self->peer[i].lost)
            send_control(self, i, DSGD_ENTER, self->entry, false, out);
    }
    dsgd_count_early(self);
    dsgd_begin_round(self, out);
}

void dsgd_join(struct dsgd *self, uint32_t round, struct actions *out)
{
    self->joining = self->differs = true;
    self->entry = round;
    for (uint32_t i = 0; i < self->peer_count; i++) {
        self->peer[i].owes = !self->peer[i].lost;
        self->owing_count += self->peer[i].owes;
    }
    enter(self, out);
}

void dsgd_on_up(struct dsgd *self, uint32_t peer, struct actions *out)
{
    struct dsgd_peer *const p = &self->peer[peer];
    CHECK(p->lost);
    self->differs = true;
    p->lost = false;
    self->edge[peer].from = UINT32_MAX;
    ask(self, peer);
    const bool sent = self->combines_first || !self->rounds.computing;
    const uint32_t next = self->rounds.now + (sent && !self->unsent && !self->rounds.done);
    self->edge[peer].offered = self->joining ? 0 : next;
    send_control(self, peer, DSGD_OFFER, self->edge[peer].offered, self->joining, out);
}

void dsgd_ask_no_more(struct dsgd *self, uint32_t peer, struct actions *out)
{
    struct dsgd_peer *const p = &self->peer[peer];
    self->asked_count -= p->asked;
    self->owing_count -= p->owes;
    p->asked = p->owes = false;
    enter(self, out);
    dsgd_go_on(self, out);
}

/** The edge counts from `round` on, but from no round before those that either end has entered or offered. */
static void agree(struct dsgd *self, uint32_t peer, uint32_t round, struct actions *out)
{
    struct dsgd_edge *const edge = &self->edge[peer];
    self->peer[peer].asked = false;
    self->asked_count--;
    edge->from = latest(latest(round, self->entry), edge->offered);
    if (self->joining)
        return;
    dsgd_count_early(self);
    dsgd_go_on(self, out);
}

/** Both ends have heard that the other came up: two that began at the same moment. */
static void on_crossed(struct dsgd *self, const struct event *event, struct actions *out)
{
    if (event->word[1] || !self->peer[event->peer].asked)
        return; /* its ENTER follows */
    if (self->joining)
        self->entry = latest(self->entry, event->word[0]);
    agree(self, event->peer, event->word[0], out);
}

static void on_offer(struct dsgd *self, const struct event *event, struct actions *out)
{
    struct dsgd_peer *const peer = &self->peer[event->peer];
    if (!peer->owes) {
        on_crossed(self, event, out);
        return;
    }
    CHECK(self->joining);
    peer->owes = false;
    self->owing_count--;
    self->entry = latest(self->entry, event->word[0]);
    if (event->word[1])
        ask(self, event->peer);
    enter(self, out);
}

static void on_enter(struct dsgd *self, const struct event *event, struct actions *out)
{
    CHECK(self->peer[event->peer].asked);
    agree(self, event->peer, event->word[0], out);
}

void dsgd_on_control(struct dsgd *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->peer_count);
    if (self->peer[event->peer].lost)
        return; /* sent before it was lost */
    if (event->type == DSGD_OFFER)
        on_offer(self, event, out);
    else
        on_enter(self, event, out);
}

/* Its ENTER may still be on the way: controls and models travel apart. */
bool dsgd_keep_early(struct dsgd *self, const struct event *event)
{
    struct dsgd_edge *const edge = &self->edge[event->peer];
    const bool asked = self->peer[event->peer].asked;
    if (!self->differs || (!asked && event->tag <= (uint64_t)self->rounds.now + 1))
        return false;
    CHECK(edge->handle == 0);
    CHECK(asked || event->tag == edge->from);
    edge->handle = event->handle;
    edge->degree = event->degree;
    edge->round = (uint32_t)event->tag;
    self->early_count++;
    return true;
}

void dsgd_count_early(struct dsgd *self)
{
    for (uint32_t i = 0; i < self->peer_count && self->early_count > 0; i++) {
        struct dsgd_edge *const edge = &self->edge[i];
        struct dsgd_peer *const peer = &self->peer[i];
        const uint32_t parity = edge->round & 1u;
        if (edge->handle == 0 || peer->asked || edge->round > self->rounds.now + 1)
            continue;
        CHECK(edge->round == edge->from);
        CHECK(peer->handle[parity] == 0);
        peer->handle[parity] = edge->handle;
        peer->degree[parity] = edge->degree;
        self->arrived[parity]++;
        edge->handle = 0;
        self->early_count--;
    }
}

void dsgd_drop_early(struct dsgd *self, uint32_t peer, struct actions *out)
{
    struct dsgd_edge *const edge = &self->edge[peer];
    if (edge->handle == 0)
        return;
    say_release(out, peer, edge->handle);
    edge->handle = 0;
    self->early_count--;
    self->counters.dropped++;
}

void dsgd_release_early(struct dsgd *self, uint64_t last, struct actions *out)
{
    for (uint32_t i = 0; i < self->peer_count && self->early_count > 0; i++)
        if (self->edge[i].round > last)
            dsgd_drop_early(self, i, out);
}
