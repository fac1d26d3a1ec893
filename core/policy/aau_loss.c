/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is there. A neighbour is evicted when the driver says that it is down, or when it has said nothing of its own for
 * evict_after while this worker waited for it. What it waits for depends on where it is:
 *
 *   idle      for neighbours that are not ready. A straggler that computes longer than evict_after is evicted too, and
 *             comes back with its READY; news that it merely passes on are no words of its own.
 *   frozen    for answers; bound: for the parent; exchange: for models. Whoever is in a wave says ALIVE every quarter of
 *             evict_after to those it is in the wave with, so nobody is evicted who only waits for somebody else.
 *
 * An evicted neighbour is cut out of the wave, or of the exchange, and told LEFT in case it is alive after all: then it
 * does not mix over that edge either. Where it has mixed already the average is one-sided: `torn` counts each edge for
 * which that may be so. An orphan leaves its wave and tells everybody LEFT; its children follow.
 *
 * Only from one that is down its loans are reclaimed: one that was merely silent may be reading, and gives back itself.
 *
 * Evicting costs messages: it is told to everybody by everybody. Where that makes workers so busy that they seem silent, each
 * eviction brings more. So who has evicted somebody in a wave, and got into no exchange by it, waits twice as long in the next
 * one, until a gradient of its own shows that it goes on.
 *
 * An evicted worker is absent for everybody: LIFE floods, as PATH does, that epochs end without it (pathsearch.h). Whoever
 * hears it again floods the contrary.
 *
 * A loss may cut the graph. Nobody can know: so a worker that has been idle for twice evict_after and heard no news either
 * gives up all workers that it is not connected with, and ends its epochs without them; the others of its part are led
 * by its epochs. After eight times evict_after it expects them again: it may have been wrong, and then its short epochs
 * keep workers waiting that the others would have come to. Without evict_after, or with one of another worker only, a cut graph makes everybody wait.
 */
#include "core/base/check.h"
#include "core/policy/aau_state.h"
#include "core/policy/say.h"

#define TIMER_TICK 1u
#define TICKS 4u        /* per evict_after */
#define GIVEN_UP_FOR 8u /* times evict_after */

/* -------------------------------------------------------------------------------------------------------- lives */

/* `id` is there, or is not: tell everybody, if that is news. */
static void turn(struct aau *self, uint32_t id, bool there, struct actions *out)
{
    const uint32_t life = pathsearch_life(&self->path, id);
    if (there)
        pathsearch_heard(&self->path, id);
    if (((life & 1u) == 0) == there)
        return;
    pathsearch_live(&self->path, id, life + 1);
    self->news_ns = self->now_ns;
    aau_flood(self, AAU_LIFE, AAU_NOBODY, &(struct action){.word = {0, id, life + 1}}, out);
}

/** Without evict_after only the driver says who is gone, and it is right. What comes after that is somebody's last word. */
static bool may_err(const struct aau *self)
{
    return options_of(self->config).evict_after_ns > 0;
}

/* Said to be absent, but ready: ourselves, or a neighbour who told us. */
static bool wrong(const struct aau *self, uint32_t id)
{
    if (id == self->config->self)
        return self->status != AAU_COMPUTING && self->status != AAU_DONE;
    if (!may_err(self))
        return false;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->config->peers[i] == id)
            return self->peer[i].ready && aau_present(self, i);
    return false;
}

void aau_on_life(struct aau *self, const struct event *event, struct actions *out)
{
    const uint32_t id = event->word[1];
    const uint32_t life = event->word[2];
    if (!pathsearch_live(&self->path, id, life))
        return;
    self->lossy = true;
    self->news_ns = self->now_ns;
    aau_flood(self, AAU_LIFE, event->peer, &(struct action){.word = {0, id, life}}, out);
    if ((life & 1u) && wrong(self, id))
        turn(self, id, true, out);
    aau_close(self, out);
}

void aau_return(struct aau *self, struct actions *out)
{
    turn(self, self->config->self, true, out);
}

/* ------------------------------------------------------------------------------------------------ losing, hearing */

static void evict(struct aau *self, uint32_t peer, struct actions *out)
{
    struct aau_peer *const p = &self->peer[peer];
    self->present--;
    self->lossy = true;
    self->counters.evicted++;
    if (p->down)
        say_evict(out, peer);
    turn(self, self->config->peers[peer], false, out);

    const bool missing = self->status == AAU_EXCHANGE && p->active && p->handle == 0;
    const bool in_wave = aau_in_wave(self) && (p->pending || p->active) && peer != self->parent;
    if ((missing || in_wave) && !p->down) {
        aau_send_control(self, AAU_LEFT, self->wave, aau_only(self, peer), out);
        p->refused = true;
    }
    self->counters.torn += missing;
    aau_wave_cut(self, peer, out);
    aau_close(self, out);
}

static void admit(struct aau *self, uint32_t peer, struct actions *out)
{
    self->peer[peer].silent = self->peer[peer].full = false;
    self->peer[peer].down = false;
    self->present++;
    turn(self, self->config->peers[peer], true, out);
    self->peer[peer].refused = aau_in_wave(self); /* it has not heard that we are ready */
    if (self->status == AAU_IDLE)
        aau_send_control(self, AAU_READY, self->wave, aau_only(self, peer), out);
    else
        say_control(out, AAU_PATH, &self->everyone[peer], 1, self->path.epoch);
}

void aau_on_down(struct aau *self, uint32_t peer, struct actions *out)
{
    CHECK(peer < self->config->peer_count);
    const bool was_there = aau_present(self, peer), was_down = self->peer[peer].down;
    self->peer[peer].down = true;
    if (was_there)
        evict(self, peer, out);
    else if (!was_down)
        say_evict(out, peer);
    aau_wave_consider(self, false, out);
}

/*
 * What can be unread. Of a neighbour that reads nothing (it is paused, or deaf while it computes) no answer comes. Until a
 * worker waits for that neighbour itself, and if nobody is lost, it can say to it
 *
 *   READY   once per iteration. The epoch does not end without the neighbour, nor does the next one if it was connected in
 *           this one already; and each exchange of a worker needs an edge that is new: 2 (N - 1)
 *   PATH    each merges something: 2 (N - 1)
 *   FREEZE  one per wave that it leaves for a lower one, of as many leaders: N; then one LEFT, NO, YES, COMMIT or ABORT
 *
 * Where somebody may be lost nothing bounds how often waves end and begin, nor how often others are taken for absent and heard
 * again. There whoever has as much unread is evicted as if it had been silent, and told nothing at all until it has read half
 * of it; meanwhile what it says is not answered either. Without evict_after nobody is evicted by mistake: LIFE comes
 * twice for each fault, which is 2 N where each worker goes and comes once, of those that are not in an epoch any more.
 */
#define FEW 64u

uint32_t aau_control_bound(uint32_t workers)
{
    return 5 * workers + FEW;
}

void aau_on_full(struct aau *self, uint32_t peer, struct actions *out)
{
    const bool was_there = aau_present(self, peer);
    if (options_of(self->config).evict_after_ns == 0 || self->peer[peer].down)
        return;
    self->peer[peer].full = self->peer[peer].silent = true;
    self->hasty = was_there && (aau_in_wave(self) || self->status == AAU_EXCHANGE);
    if (was_there)
        evict(self, peer, out);
    aau_wave_consider(self, false, out);
}

/* Its sign of life: what it has said meanwhile went unheard, and it may have evicted us for that. */
void aau_on_room(struct aau *self, uint32_t peer, struct actions *out)
{
    const bool was_full = self->peer[peer].full;
    self->peer[peer].full = false;
    if (was_full && self->status == AAU_IDLE && !self->peer[peer].down)
        aau_send_control(self, AAU_READY, self->wave, aau_only(self, peer), out);
}

/* To one that comes back empty: whose lives have changed. */
static void tell_lives(struct aau *self, uint32_t peer, struct actions *out)
{
    for (uint32_t id = 0; id < self->config->workers; id++) {
        const uint32_t life = pathsearch_life(&self->path, id);
        if (life == 0 || id == self->config->peers[peer])
            continue;
        say_control(out, AAU_LIFE, &self->everyone[peer], 1, self->path.epoch, id, life);
    }
}

void aau_on_up(struct aau *self, uint32_t peer, struct actions *out)
{
    CHECK(peer < self->config->peer_count);
    if (aau_present(self, peer))
        return;
    admit(self, peer, out);
    tell_lives(self, peer, out);
}

/* Waves are told apart by their numbers, so those of this life follow those of the lives before. */
#define SEQ_OF_A_LIFE (1u << 20)

void aau_begin(struct aau *self, uint32_t lives)
{
    CHECK(lives < UINT32_MAX / SEQ_OF_A_LIFE);
    self->seq = lives * SEQ_OF_A_LIFE;
    self->lossy |= lives > 0;
}

/* What only a worker says that takes part. */
static bool takes_part(const struct event *event)
{
    if (event->kind == EV_TENSOR)
        return true;
    return event->type == AAU_READY || event->type == AAU_FREEZE || event->type == AAU_PROBE ||
           event->type == AAU_YES || event->type == AAU_JOINED;
}

bool aau_heard(struct aau *self, const struct event *event, struct actions *out)
{
    struct aau_peer *const peer = &self->peer[event->peer];
    if (peer->down)
        return false;
    if (event->kind == EV_CONTROL && (event->type == AAU_PATH || event->type == AAU_LIFE))
        return true;
    if (peer->full)
        return false; /* no answer could be given */
    peer->heard_ns = self->now_ns;
    if (!takes_part(event))
        return true;
    if (peer->silent)
        admit(self, event->peer, out);
    else if (may_err(self))
        turn(self, self->config->peers[event->peer], true, out);
    return true;
}

/* ---------------------------------------------------------------------------------------------------------- time */

static bool awaited(const struct aau *self, uint32_t peer)
{
    const struct aau_peer *const p = &self->peer[peer];
    if (!aau_present(self, peer))
        return false;
    switch (self->status) {
    case AAU_IDLE:
        return !p->ready;
    case AAU_FROZEN:
        return p->pending;
    case AAU_BOUND:
        return peer == self->parent;
    case AAU_EXCHANGE:
        return p->active && p->handle == 0;
    case AAU_COMPUTING:
    case AAU_DONE:
        break;
    }
    return false;
}

static bool in_wave_with_us(const struct aau *self, uint32_t peer)
{
    return self->peer[peer].pending || self->peer[peer].active;
}

static void say_alive(struct aau *self, struct actions *out)
{
    const struct aau_list to = aau_select(self, AAU_NOBODY, in_wave_with_us);
    aau_send_control(self, AAU_ALIVE, self->wave, to, out);
}

static bool overdue(const struct aau *self, uint64_t since_ns, uint64_t after_ns)
{
    const uint64_t begin_ns = since_ns > self->wait_ns ? since_ns : self->wait_ns;
    return self->now_ns - begin_ns >= after_ns;
}

/* Idle, it waits for neighbours that compute, and evicting them is what is wanted. */
static uint64_t patience_ns(const struct aau *self)
{
    return options_of(self->config).evict_after_ns
           << (self->status == AAU_IDLE ? 0 : self->patience);
}

/* One eviction may change everything, and a step has room for so many lists: the next one has a tick of its own. */
static void evict_overdue(struct aau *self, struct actions *out)
{
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        if (!awaited(self, i) || !overdue(self, self->peer[i].heard_ns, patience_ns(self)))
            continue;
        self->peer[i].silent = true;
        self->hasty = self->status != AAU_IDLE;
        self->hurry = true;
        evict(self, i, out);
        return;
    }
}

static void give_up(struct aau *self, struct actions *out)
{
    if (self->status != AAU_IDLE || self->present == 0 ||
        !overdue(self, self->news_ns, 2 * options_of(self->config).evict_after_ns))
        return;
    if (pathsearch_give_up(&self->path, self->config->self) == 0)
        return;
    self->gave_up = true;
    self->gave_up_ns = self->now_ns;
    self->news_ns = self->now_ns;
    aau_close(self, out);
}

/* Whoever gave workers up ends epochs that others cannot end: it tells them. */
void aau_close(struct aau *self, struct actions *out)
{
    if (!pathsearch_close(&self->path))
        return;
    self->counters.epochs++;
    if (!self->gave_up)
        return;
    aau_flood(self, AAU_PATH, AAU_NOBODY, &(struct action){0}, out);
    if (self->now_ns - self->gave_up_ns < GIVEN_UP_FOR * options_of(self->config).evict_after_ns)
        return;
    pathsearch_expect_all(&self->path);
    self->gave_up = false;
}

void aau_on_tick(struct aau *self, struct actions *out)
{
    const uint64_t late_ns = self->now_ns - self->tick_ns;
    self->ticking = false;
    if (late_ns > options_of(self->config).evict_after_ns / TICKS) {
        self->wait_ns = self->now_ns; /* it was us who slept */
        return;
    }
    evict_overdue(self, out);
    if (aau_in_wave(self) && !self->hurry)
        say_alive(self, out);
    give_up(self, out);
    aau_wave_consider(self, true,
                      out); /* the lower id that should have begun may be the lost one */
}

static void watch_staleness(struct aau *self)
{
    const uint32_t most = options_of(self->config).max_staleness;
    if (most == 0 || self->alarmed || self->path.epoch - self->mixed_epoch <= most)
        return;
    self->alarmed = true;
    self->counters.alarms++;
}

void aau_watch(struct aau *self, struct actions *out)
{
    watch_staleness(self);
    const uint64_t after_ns = options_of(self->config).evict_after_ns;
    if (after_ns == 0)
        return;
    if (self->status == AAU_DONE && self->ticking) {
        self->ticking = false;
        self->ticks++;
        say_cancel(out, TIMER_TICK);
    }
    if (self->status == AAU_DONE || self->status == AAU_COMPUTING || self->ticking)
        return;
    self->ticking = true;
    self->tick_ns = self->now_ns + 1 + (self->hurry ? 0 : after_ns / TICKS);
    say_timer(out, TIMER_TICK, ++self->ticks, self->tick_ns);
    self->hurry = false;
}
