/* SPDX-License-Identifier: BSD-3-Clause */
/* Ready workers stand in a list that is only ever taken from in constant time: the last one moves into the gap. */
#include "core/policy/oracle.h"

#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/aau_options.h"

#define NOBODY UINT32_MAX

static size_t lay_out(void *memory, const struct policy_config *all, uint32_t workers)
{
    struct layout layout = {.base = memory};
    size_t edges = 0;
    for (uint32_t i = 0; i < workers; i++)
        edges += all[i].peer_count;
    struct oracle *self = layout_take(&layout, 1, sizeof(*self));
    const struct oracle made = {
        .workers = workers,
        .degree = (uint32_t)(edges / workers),
        .worker = layout_take(&layout, workers, sizeof(struct oracle_worker)),
        .ready = layout_take(&layout, workers, sizeof(uint32_t)),
        .queue = layout_take(&layout, workers, sizeof(uint32_t)),
        .released = layout_take(&layout, workers, sizeof(uint32_t)),
        .mark = layout_take(&layout, workers, sizeof(uint32_t)),
        .peer = layout_take(&layout, edges, sizeof(uint32_t)),
    };
    struct pathsearch_place *place = layout_take(&layout, workers, sizeof(*place));
    if (self) {
        *self = made;
        pathsearch_init(&self->path, place, workers, options_of(&all[0]).new_edge == AAU_VERTEX);
    }
    return layout.used;
}

size_t oracle_bytes(const struct policy_config *all, uint32_t workers)
{
    return lay_out(NULL, all, workers);
}

/* ------------------------------------------------------------------------------------------------------- parts */

/** Ids of the neighbours of `worker`, ascending. */
static const uint32_t *peers_of(const struct oracle *self, uint32_t worker)
{
    return &self->peer[self->worker[worker].first];
}

static void see(struct oracle *self, uint32_t worker, uint32_t *seen)
{
    if (self->mark[worker] == self->marks || !pathsearch_present(&self->path, worker))
        return;
    self->mark[worker] = self->marks;
    self->queue[(*seen)++] = worker;
}

/* Into how many parts the graph of those that are there falls, and how many of these are one worker alone. */
static void count_parts(struct oracle *self)
{
    uint32_t seen = 0, done = 0, parts = 0, lonely = 0;
    self->marks++;
    for (uint32_t i = 0; i < self->workers; i++) {
        const uint32_t before = seen;
        see(self, i, &seen);
        parts += seen > done;
        for (; done < seen; done++) {
            const uint32_t *const peer = peers_of(self, self->queue[done]);
            for (uint32_t n = 0; n < self->worker[self->queue[done]].peer_count; n++)
                see(self, peer[n], &seen);
        }
        lonely += seen == before + 1;
    }
    self->path.parts = parts;
    self->path.lonely = lonely;
}

void oracle_init(void *memory, const struct policy_config *all, uint32_t workers)
{
    struct oracle *const self = memory;
    uint32_t edges = 0;
    lay_out(memory, all, workers);
    for (uint32_t i = 0; i < workers; i++) {
        self->worker[i] = (struct oracle_worker){.first = edges,
                                                 .peer_count = (uint16_t)all[i].peer_count,
                                                 .status = ORACLE_AWAY,
                                                 .release = (uint8_t)options_of(&all[i]).release};
        for (uint32_t n = 0; n < all[i].peer_count; n++)
            self->peer[edges++] = all[i].peers[n];
    }
    count_parts(self);
}

/* Its neighbours' places are often near its own; and where its list begins is known without asking on a regular graph. */
void oracle_fetch(const void *memory, uint32_t worker)
{
    const struct oracle *const self = memory;
    __builtin_prefetch(&self->worker[worker]);
    __builtin_prefetch(&self->path.place[worker]);
    __builtin_prefetch(&self->peer[(size_t)worker * self->degree]);
}

/* ------------------------------------------------------------------------------------------------- ready workers */

static bool is_ready(const struct oracle *self, uint32_t worker)
{
    return self->worker[worker].status == ORACLE_READY;
}

static void enter(struct oracle *self, uint32_t worker)
{
    self->worker[worker].status = ORACLE_READY;
    self->worker[worker].place = self->ready_count;
    self->ready[self->ready_count++] = worker;
}

static void leave(struct oracle *self, uint32_t worker, enum oracle_status status)
{
    if (is_ready(self, worker)) {
        const uint32_t gap = self->worker[worker].place;
        const uint32_t last = self->ready[--self->ready_count];
        self->ready[gap] = last;
        self->worker[last].place = gap;
    }
    self->worker[worker].status = (uint8_t)status;
}

void oracle_leave(struct oracle *self, uint32_t worker)
{
    leave(self, worker, ORACLE_AWAY);
}

/* ------------------------------------------------------------------------------------------------------ releasing */

/* The members of the exchange that is being put together are queue[0 .. *count - 1]. */
static void admit(struct oracle *self, uint32_t worker, uint32_t *count)
{
    leave(self, worker, ORACLE_RELEASED);
    self->worker[worker].exchange = self->exchanges;
    self->queue[(*count)++] = worker;
}

static void admit_neighbours(struct oracle *self, uint32_t worker, uint32_t *count)
{
    const uint32_t *const peer = peers_of(self, worker);
    for (uint32_t n = 0; n < self->worker[worker].peer_count; n++)
        if (is_ready(self, peer[n])) {
            pathsearch_join(&self->path, worker, peer[n]);
            admit(self, peer[n], count);
        }
}

/* Release all: the edges among its members are not found on the way, so that they are looked for. */
static void join_members(struct oracle *self, uint32_t worker)
{
    const uint32_t *const peer = peers_of(self, worker);
    for (uint32_t n = 0; n < self->worker[worker].peer_count && peer[n] < worker; n++)
        if (self->worker[peer[n]].exchange == self->exchanges)
            pathsearch_join(&self->path, worker, peer[n]);
}

/* Exchange number `exchanges`: `worker` and its neighbour `other` have a new edge. */
static void release(struct oracle *self, uint32_t worker, uint32_t other, uint32_t caller)
{
    uint32_t count = 0;
    self->exchanges++;
    self->epoch_exchanges++;
    admit(self, worker, &count);
    switch ((enum aau_release)self->worker[worker].release) {
    case AAU_PAIR:
        pathsearch_join(&self->path, worker, other);
        admit(self, other, &count);
        break;
    case AAU_NBR:
        admit_neighbours(self, worker, &count);
        break;
    case AAU_CLUSTER:
        for (uint32_t i = 0; i < count; i++)
            admit_neighbours(self, self->queue[i], &count);
        break;
    case AAU_ALL:
        while (self->ready_count > 0)
            admit(self, self->ready[self->ready_count - 1], &count);
        for (uint32_t i = 0; i < count; i++)
            join_members(self, self->queue[i]);
        break;
    }
    for (uint32_t i = 0; i < count; i++)
        if (self->queue[i] != caller)
            self->released[self->released_count++] = self->queue[i];
}

static uint32_t new_neighbour(struct oracle *self, uint32_t worker)
{
    const uint32_t *const peer = peers_of(self, worker);
    for (uint32_t n = 0; n < self->worker[worker].peer_count; n++)
        if (is_ready(self, peer[n]) && pathsearch_new(&self->path, worker, peer[n]))
            return peer[n];
    return NOBODY;
}

static bool close_epoch(struct oracle *self)
{
    if (!pathsearch_close(&self->path))
        return false;
    if (self->epoch_exchanges > self->epoch_longest)
        self->epoch_longest = self->epoch_exchanges;
    self->epoch_exchanges = 0;
    return true;
}

/* Are edges new that were not before? Because the epoch has ended, or, by vertex, everybody has been touched. */
static bool more_is_new(struct oracle *self)
{
    const bool closed = close_epoch(self);
    const bool was = self->reached;
    self->reached = self->path.by_vertex && pathsearch_reached(&self->path);
    return closed || (self->reached && !was);
}

/* Release the worker in place `i`, if it has a new edge. True: somebody else stands there now, or nobody. */
static bool try_place(struct oracle *self, uint32_t i, uint32_t caller)
{
    const uint32_t worker = self->ready[i];
    const uint32_t other = new_neighbour(self, worker);
    if (other == NOBODY)
        return false;
    release(self, worker, other, caller);
    return true;
}

/*
 * Any edge between ready workers may have become new. From the end of the list, because a release moves its
 * last workers down into the gaps: some are then looked at twice, nobody is passed over.
 */
static void search_all(struct oracle *self, uint32_t caller)
{
    for (uint32_t i = self->ready_count; i > 0;) {
        if (!try_place(self, i - 1, caller))
            i--;
        else if (more_is_new(self))
            i = self->ready_count;
        else if (i > self->ready_count)
            i = self->ready_count;
    }
}

void oracle_ready(struct oracle *self, uint32_t worker)
{
    self->released_count = 0;
    if (self->worker[worker].status == ORACLE_LOST)
        oracle_return(self, worker);
    CHECK(self->worker[worker].status == ORACLE_AWAY);
    enter(self, worker);
    if (try_place(self, self->worker[worker].place, worker) && more_is_new(self))
        search_all(self, worker);
}

/* ---------------------------------------------------------------------------------------------------------- losses */

void oracle_lose(struct oracle *self, uint32_t worker, uint32_t caller)
{
    self->released_count = 0;
    if (self->worker[worker].status == ORACLE_LOST)
        return;
    leave(self, worker, ORACLE_LOST);
    pathsearch_live(&self->path, worker, pathsearch_life(&self->path, worker) + 1);
    count_parts(self);
    if (more_is_new(self))
        search_all(self, caller);
}

void oracle_return(struct oracle *self, uint32_t worker)
{
    if (self->worker[worker].status != ORACLE_LOST)
        return;
    self->worker[worker].status = ORACLE_AWAY;
    pathsearch_live(&self->path, worker, pathsearch_life(&self->path, worker) + 1);
    count_parts(self);
}
