/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PATH: each member but the leader establishes the edge to its parent, if that is still new to it. A worker that learns
 * of an edge forwards it only if it merged something here, all edges of a step in one message; so an edge crosses each
 * link about once. By the time a worker's knowledge makes one component, what it knows has been sent to all its neighbours, and
 * control is first in, first out: they all end the epoch themselves. The jump to a higher epoch when one is
 * heard of is only for a worker that missed something, and it passes the news on.
 */
#include "core/base/check.h"
#include "core/policy/aau_state.h"

static bool is_present(const struct aau *self, uint32_t peer)
{
    return aau_present(self, peer);
}

static void push_news(struct aau *self, uint8_t type, const struct action *news, struct aau_list to,
                      struct actions *out)
{
    struct action message = *news;
    message.kind = ACT_CONTROL;
    message.type = type;
    message.peers = to.peer;
    message.count = to.count;
    message.word[0] = self->path.epoch;
    if (to.count > 0)
        actions_push(out, message);
}

void aau_flood(struct aau *self, uint8_t type, uint32_t but, const struct action *news,
               struct actions *out)
{
    push_news(self, type, news, aau_select(self, but, is_present), out);
}

/* Something merged, and everybody is informed: what follows from it. */
static void learned(struct aau *self, struct actions *out)
{
    self->news_ns = self->now_ns;
    if (options_of(self->config).release == AAU_ALL &&
        (self->status == AAU_IDLE || aau_in_wave(self)))
        self->released = true;
    aau_close(self, out);
}

static void add_edge(struct action *news, uint32_t a, uint32_t b)
{
    news->word[2 + 2 * news->word[1]] = a;
    news->word[3 + 2 * news->word[1]] = b;
    news->word[1]++;
}

/* cb-dybw: all edges of the tree that are active now, each by its lower id. */
static void establish_tree(struct aau *self, struct actions *out)
{
    const struct aau_list to = aau_select(self, AAU_NOBODY, is_present);
    const uint32_t id = self->config->self;
    struct action news = {.count = 0};
    bool any = false;
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        const uint32_t peer = self->config->peers[i];
        if (!self->peer[i].active || !self->tree[i] || peer < id ||
            !pathsearch_join(&self->path, id, peer))
            continue;
        add_edge(&news, id, peer);
        any = true;
        if (news.word[1] < AAU_PATH_EDGES)
            continue;
        push_news(self, AAU_PATH, &news, to, out);
        news.word[1] = 0;
    }
    if (news.word[1] > 0)
        push_news(self, AAU_PATH, &news, to, out);
    if (any)
        learned(self, out);
}

void aau_establish(struct aau *self, struct actions *out)
{
    if (aau_by_tree(self)) {
        establish_tree(self, out);
        return;
    }
    if (self->parent == AAU_NOBODY)
        return;
    struct action news = {.count = 0};
    add_edge(&news, self->config->self, self->config->peers[self->parent]);
    if (!pathsearch_join(&self->path, news.word[2], news.word[3]))
        return;
    aau_flood(self, AAU_PATH, AAU_NOBODY, &news, out);
    learned(self, out);
}

void aau_on_path(struct aau *self, const struct event *event, struct actions *out)
{
    if (event->word[0] < self->path.epoch)
        return;
    CHECK(event->word[1] <= AAU_PATH_EDGES);
    struct action news = {.count = 0};
    for (uint32_t i = 0; i < event->word[1]; i++) {
        const uint32_t a = event->word[2 + 2 * i];
        const uint32_t b = event->word[3 + 2 * i];
        pathsearch_heard(&self->path, a);
        pathsearch_heard(&self->path, b);
        if (pathsearch_join(&self->path, a, b))
            add_edge(&news, a, b);
    }
    if (news.word[1] == 0)
        return;
    aau_flood(self, AAU_PATH, event->peer, &news, out);
    learned(self, out);
}

void aau_catch_up(struct aau *self, const struct event *event, struct actions *out)
{
    if (event->word[0] <= self->path.epoch)
        return;
    pathsearch_adopt(&self->path, event->word[0]);
    self->news_ns = self->now_ns;
    aau_flood(self, AAU_PATH, event->peer, &(struct action){0}, out);
}
