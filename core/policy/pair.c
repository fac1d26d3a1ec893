/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An average with one random neighbour, atomic in the pair: the machine of adpsgd and swarm.
 *
 *   initiator                      responder
 *   REQUEST{seq}          ->       free: sends its model (response), and is GIVING: its model stays as it is
 *   sends its model (return),
 *   then mixes with the response   mixes with the return: the same two versions, so the pair's sum is kept
 *
 * A gradient that finishes while GIVING is held and applied after the mix. While ASKING it is applied at once: the
 * initiator has promised no version yet, it sends and mixes within one step.
 *
 * No deadlock: whoever waits (ASKING or GIVING) refuses, a responder waits only for an initiator that answers within a
 * step, and a request that a computing worker keeps (comm_thread off) is answered when its gradient ends, before it asks
 * anybody itself. A refused initiator backs off for a random time, doubling, and asks another neighbour; after TRIES_MAX
 * refusals it goes on without an exchange in this iteration (counted as unmixed), so no livelock can stop it either.
 *
 * A neighbour that is lost is asked no more, until it is back, and an exchange with it ends at once. Who was GIVING may then
 * be the only one not to have mixed: `torn`, though no worker that is left keeps anything of it.
 */
#include "core/policy/pair.h"

#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/base/rng.h"
#include "core/policy/control.h"
#include "core/policy/say.h"

#define TRIES_MAX 8u
#define BACKOFF_NS \
    8000u /* first back-off is 1 to 2 of these: a few exchanges between cores; it doubles each time */
#define TIMER_BACKOFF 1u
#define NOBODY UINT32_MAX

enum role { FREE, ASKING, GIVING };

size_t pair_lay_out(void *memory, const struct policy_config *config,
                    const struct pair_rules *rules)
{
    struct layout layout = {.base = memory};
    struct pair *self = layout_take(&layout, 1, sizeof(*self));
    const struct pair made = {
        .peer = layout_take(&layout, config->peer_count, sizeof(struct pair_peer)),
        .peer_count = config->peer_count,
        .id = config->self,
        .rng = {.key = config->seed},
        .partner = NOBODY,
        .every = rules->every,
        .comm_thread = rules->comm_thread,
        .present = config->peer_count,
        .initiates = config->peer_count > 0 && (!rules->bipartite || config->adpsgd_active),
    };
    if (self)
        *self = made;
    for (uint32_t i = 0; self && i < config->peer_count; i++)
        self->peer[i] = (struct pair_peer){.index = i, .id = config->peers[i]};
    return layout.used;
}

static void send_control(struct pair *self, uint32_t peer, uint8_t type, uint32_t seq,
                         struct actions *out)
{
    say_control(out, type, &self->peer[peer].index, 1, seq);
}

static void send_model(struct pair *self, uint8_t type, struct actions *out)
{
    say_send(out, type, self->tag, &self->peer[self->partner].index, 1, 1);
}

/* Anybody but the one that refused last, if there is another. */
static uint32_t choose(struct pair *self)
{
    const bool skip = self->present > 1 && self->partner != NOBODY;
    uint32_t before = rng_below(&self->rng, skip ? self->present - 1 : self->present);
    if (self->present == self->peer_count) /* mostly: then nobody is to be counted */
        return before + (skip && before >= self->partner);
    for (uint32_t i = 0;; i++) {
        CHECK(i < self->peer_count);
        if (self->peer[i].lost || (skip && i == self->partner))
            continue;
        if (before-- == 0)
            return i;
    }
}

static void ask(struct pair *self, struct actions *out)
{
    self->partner = choose(self);
    self->role = ASKING;
    self->seq++;
    self->tag = (uint64_t)self->id << 32 | self->seq;
    send_control(self, self->partner, ADPSGD_REQUEST, self->seq, out);
}

static void give(struct pair *self, uint32_t peer, uint32_t seq, struct actions *out)
{
    self->partner = peer;
    self->role = GIVING;
    self->tag = (uint64_t)self->peer[peer].id << 32 | seq;
    send_model(self, TENSOR_RESPONSE, out);
}

/* Once per iteration: is an own exchange due? */
static void owe(struct pair *self)
{
    self->owes = self->initiates && self->present > 0 && self->local >= self->every;
    self->tries = 0;
}

static void apply(struct pair *self, struct actions *out)
{
    say_apply(out, self->iteration);
    self->gradient_held = false;
    self->iteration++;
    self->local++;
    if (!self->comm_thread)
        owe(self);
}

static void compute(struct pair *self, struct actions *out)
{
    self->computing = true;
    say_compute(out, self->iteration);
    if (self->comm_thread)
        owe(self);
}

static uint32_t next_kept(const struct pair *self)
{
    for (uint32_t i = 0; self->kept > 0 && i < self->peer_count; i++)
        if (self->peer[i].waiting)
            return i;
    return NOBODY;
}

/* It is answered now: its sequence number. */
static uint32_t take_kept(struct pair *self, uint32_t peer)
{
    self->peer[peer].waiting = false;
    self->kept--;
    return self->peer[peer].seq;
}

static void refuse_kept(struct pair *self, struct actions *out)
{
    for (uint32_t i = next_kept(self); i != NOBODY; i = next_kept(self))
        send_control(self, i, ADPSGD_REFUSE, take_kept(self, i), out);
}

static void end(struct pair *self, struct actions *out)
{
    refuse_kept(self, out);
    self->done = true;
    say_done(out);
}

static bool may_exchange(const struct pair *self)
{
    return self->comm_thread || !self->computing;
}

/* In no exchange: do what comes next. The order is the deadlock argument: answer before asking. */
static void go_on(struct pair *self, struct actions *out)
{
    if (self->role != FREE || self->done)
        return;
    if (self->stopping) {
        end(self, out);
        return;
    }
    const uint32_t asker = next_kept(self);
    if (may_exchange(self) && asker != NOBODY) {
        give(self, asker, take_kept(self, asker), out);
        return;
    }
    if (!self->computing && !self->owes)
        compute(self, out);
    if (self->owes && !self->backing_off && may_exchange(self))
        ask(self, out);
}

static void finish_exchange(struct pair *self, const struct event *event, struct actions *out)
{
    self->term = (struct mix_term){.handle = event->handle, .peer = event->peer, .weight = 1};
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = MIX_MEAN,
                                      .tag = self->tag,
                                      .terms = &self->term,
                                      .count = 1,
                                      .degree = 1});
    say_release(out, event->peer, event->handle);
    if (self->role == ASKING || self->every > 0)
        self->owes = false;
    self->local = 0;
    self->role = FREE;
    self->partner = NOBODY;
    self->counters.committed++;
    if (self->gradient_held)
        apply(self, out);
    go_on(self, out);
}

static void on_down(struct pair *self, uint32_t peer, struct actions *out)
{
    CHECK(peer < self->peer_count);
    if (self->peer[peer].lost)
        return;
    if (self->peer[peer].waiting)
        take_kept(self, peer);
    self->peer[peer].lost = true;
    self->present--;
    self->owes &= self->present > 0;
    self->counters.evicted++;
    say_evict(out, peer);
    if (self->partner == peer) {
        self->counters.torn += self->role == GIVING;
        self->role = FREE;
        self->partner = NOBODY;
    }
    if (self->gradient_held && self->role == FREE)
        apply(self, out);
    go_on(self, out);
}

static void on_up(struct pair *self, uint32_t peer)
{
    CHECK(peer < self->peer_count);
    self->present += self->peer[peer].lost;
    self->peer[peer].lost = false;
}

static void on_tensor(struct pair *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->peer_count);
    if (self->peer[event->peer].lost) {
        self->counters.dropped++;
        say_release(out, event->peer, event->handle);
        return;
    }
    CHECK(self->role != FREE);
    CHECK(event->peer == self->partner);
    CHECK(event->tag == self->tag);
    CHECK(event->type == (self->role == ASKING ? TENSOR_RESPONSE : TENSOR_RETURN));
    if (self->role == ASKING)
        send_model(self, TENSOR_RETURN,
                   out); /* before the mix: the version that the response meets */
    finish_exchange(self, event, out);
}

static void on_request(struct pair *self, const struct event *event, struct actions *out)
{
    struct pair_peer *const peer = &self->peer[event->peer];
    CHECK(!peer->waiting);
    if (self->done || self->stopping || self->role != FREE) {
        send_control(self, event->peer, ADPSGD_REFUSE, event->word[0], out);
        return;
    }
    peer->seq = event->word[0];
    peer->waiting = true;
    self->kept++;
    go_on(self, out);
}

static void on_refusal(struct pair *self, const struct event *event, struct actions *out)
{
    CHECK(self->role == ASKING);
    CHECK(event->peer == self->partner);
    CHECK(event->word[0] == self->seq);
    self->role = FREE;
    self->counters.refused++;
    self->tries++;
    if (self->tries == TRIES_MAX) {
        self->owes = false;
        self->local = 0;
        self->partner = NOBODY;
        self->counters.unmixed++;
    } else if (!self->stopping) {
        const uint64_t unit_ns = (uint64_t)BACKOFF_NS << (self->tries - 1);
        self->backing_off = true;
        say_timer(out, TIMER_BACKOFF, ++self->backoff_count,
                  event->now_ns + unit_ns + rng_below(&self->rng, (uint32_t)unit_ns));
    }
    go_on(self, out);
}

static void on_control(struct pair *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->peer_count);
    if (self->peer[event->peer].lost)
        return;
    if (event->type == ADPSGD_REQUEST)
        on_request(self, event, out);
    else
        on_refusal(self, event, out);
}

static void on_timer(struct pair *self, const struct event *event, struct actions *out)
{
    if (!self->backing_off || event->tag != self->backoff_count)
        return;
    self->backing_off = false;
    go_on(self, out);
}

static void on_stop(struct pair *self, struct actions *out)
{
    self->stopping = true;
    if (self->backing_off) {
        self->backing_off = false;
        say_cancel(out, TIMER_BACKOFF);
    }
    go_on(self, out);
}

static void on_gradient(struct pair *self, struct actions *out)
{
    CHECK(self->computing);
    self->computing = false;
    if (self->role == GIVING)
        self->gradient_held = true;
    else
        apply(self, out);
    go_on(self, out);
}

void pair_step(void *state, const struct event *event, struct actions *out)
{
    struct pair *self = state;
    switch ((enum event_kind)event->kind) {
    case EV_START:
        compute(self, out);
        go_on(self, out);
        return;
    case EV_GRADIENT:
        on_gradient(self, out);
        return;
    case EV_TENSOR:
        on_tensor(self, event, out);
        return;
    case EV_CONTROL:
        on_control(self, event, out);
        return;
    case EV_PEER_DOWN:
        on_down(self, event->peer, out);
        return;
    case EV_PEER_UP:
        on_up(self, event->peer);
        return;
    case EV_TIMER:
        on_timer(self, event, out);
        return;
    case EV_STOP:
        on_stop(self, out);
        return;
    default:
        return;
    }
}
