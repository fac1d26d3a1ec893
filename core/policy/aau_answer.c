/* SPDX-License-Identifier: BSD-3-Clause */
/* What a worker does with each message of a wave; the rules of waves stand in aau_wave.c. */
#include "core/base/check.h"
#include "core/policy/aau_state.h"

static void on_left(struct aau *self, uint32_t peer, struct aau_name wave, struct actions *out)
{
    self->peer[peer].ready = false;
    if (!(aau_in_wave(self) || self->status == AAU_EXCHANGE) || !aau_same(wave, self->wave))
        return;
    self->lossy = true;
    aau_wave_cut(self, peer, out);
}

static void refuse(struct aau *self, uint32_t peer, struct aau_name wave, struct actions *out)
{
    self->peer[peer].refused = true;
    aau_wave_answer(self, peer, AAU_NO, wave, out);
}

/* Both are in the same wave, and not by each other. */
static void meet(struct aau *self, uint32_t peer, struct actions *out)
{
    self->peer[peer].active = true;
    if (self->peer[peer].pending)
        aau_wave_settle(self, peer, out); /* ours crosses it, and is the answer */
    else
        aau_wave_answer(self, peer, AAU_JOINED, self->wave, out);
}

/* A wave that this worker got out of, or an older one of the same leader: who is in it might not know. */
static bool was_in(const struct aau *self, struct aau_name wave)
{
    return self->lossy && wave.seq <= self->joined[wave.leader];
}

/*
 * A neighbour in our wave asks for another one, so it has left ours, or it will when it hears of ours; and we do not go
 * there. Without losses our wave then dies with it; with them the other one may, and ours must end in order.
 */
static void part(struct aau *self, uint32_t peer, struct aau_name wave, bool quit,
                 struct actions *out)
{
    struct aau_peer *const p = &self->peer[peer];
    refuse(self, peer, wave, out);
    if (!(p->pending || p->active) || !(self->lossy || quit))
        return;
    if (peer != self->parent)
        aau_wave_answer(self, peer, AAU_LEFT, self->wave, out);
    aau_wave_cut(self, peer, out);
}

/* A request while in no wave. */
static void freeze_idle(struct aau *self, uint32_t peer, struct aau_name wave, struct actions *out)
{
    if (was_in(self, wave)) {
        aau_wave_answer(self, peer, AAU_NO, wave, out);
        aau_wave_answer(self, peer, AAU_READY, wave, out);
    } else if (!self->stopping) {
        aau_wave_join(self, peer, wave, out);
    } else {
        refuse(self, peer, wave, out);
    }
}

/* A request while in a wave: the same one, or one of two that meet. */
static void freeze_in_wave(struct aau *self, uint32_t peer, struct aau_name wave, bool quit,
                           struct actions *out)
{
    const bool same = aau_same(wave, self->wave), barred = self->peer[peer].barred;
    const bool may_leave = self->status == AAU_FROZEN || peer == self->parent;
    if (same && !barred) {
        meet(self, peer, out);
    } else if (was_in(self, wave)) {
        part(self, peer, wave, quit, out);
    } else if (same || !aau_floods(self)) {
        refuse(self, peer, wave, out);
    } else if (aau_precedes(wave, self->wave) && may_leave) {
        aau_wave_join(self, peer, wave, out);
    } else if (self->status == AAU_BOUND || barred) {
        part(self, peer, wave, quit, out);
    } else if (!self->peer[peer].pending) {
        /* ours wins: it has only to get there */
        aau_wave_request(self, peer);
        aau_wave_answer(self, peer, AAU_FREEZE, self->wave, out);
    }
}

static void on_freeze(struct aau *self, const struct event *event, struct aau_name wave,
                      struct actions *out)
{
    const uint32_t peer = event->peer;
    const struct aau_name left[2] = {{event->word[3], event->word[4]},
                                     {event->word[5], event->word[6]}};
    const bool quit = aau_same(left[0], self->wave) || aau_same(left[1], self->wave);
    if (self->status == AAU_EXCHANGE && quit)
        aau_wave_cut(self, peer, out);
    self->peer[peer].ready = true;
    if (self->status == AAU_IDLE)
        freeze_idle(self, peer, wave, out);
    else if (aau_in_wave(self))
        freeze_in_wave(self, peer, wave, quit, out);
    else
        refuse(self, peer, wave, out);
}

static void on_probe(struct aau *self, uint32_t peer, struct aau_name wave, struct actions *out)
{
    self->peer[peer].ready = true;
    if (aau_in_wave(self) && aau_same(wave, self->wave) && !self->peer[peer].barred)
        meet(self, peer, out);
    else
        aau_wave_answer(self, peer, AAU_APART, wave, out);
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
    const bool here = aau_in_wave(self) || self->status == AAU_EXCHANGE;
    if (!here || !aau_same(wave, self->wave) || peer->barred)
        return;
    if (event->type == AAU_NO && !peer->pending) {
        /* it was in this wave when it asked us, and is not any more: nobody comes twice */
        aau_wave_cut(self, event->peer, out);
        return;
    }
    CHECK(aau_in_wave(self));
    CHECK(peer->pending);
    peer->active |= event->type == AAU_YES || event->type == AAU_JOINED;
    peer->child = event->type == AAU_YES;
    self->reason |= event->type == AAU_YES && event->word[3] != 0;
    aau_wave_settle(self, event->peer, out);
}

/* COMMIT or ABORT, from the parent. */
static void on_decision(struct aau *self, const struct event *event, struct aau_name wave,
                        struct actions *out)
{
    if (self->status != AAU_BOUND || !aau_same(wave, self->wave) || event->peer != self->parent) {
        CHECK(self->lossy); /* we got out of this wave */
        return;
    }
    if (event->type == AAU_COMMIT)
        aau_commit(self, out);
    else
        aau_wave_abort(self, out);
}

void aau_answer(struct aau *self, const struct event *event, struct actions *out)
{
    const struct aau_name wave = {.leader = event->word[1], .seq = event->word[2]};
    CHECK(wave.leader < self->config->workers);
    switch ((enum aau_control)event->type) {
    case AAU_FREEZE:
        on_freeze(self, event, wave, out);
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
        on_decision(self, event, wave, out);
        return;
    case AAU_LEFT:
        on_left(self, event->peer, wave, out);
        return;
    case AAU_READY:
    case AAU_PATH:
    case AAU_ALIVE:
    case AAU_LIFE:
        break;
    }
    CHECK(false && "not a message of a wave");
}
