/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Groups are kept in an array indexed by their lowest member, which no two live groups share.
 *
 * No asker waits for ever: it waits for its last group to be left by all, and whoever has not left it is in the middle of a
 * reduction that all have joined.
 */
#include "core/policy/groups.h"

#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/base/rng.h"

#define NO_GROUP UINT32_MAX

struct entry {
    uint32_t group;    /* index of the group that locks this worker, or NO_GROUP */
    uint32_t requests; /* times it has asked */
    bool inside;       /* has not left that group */
    bool asks;         /* waits for a group */
    bool quit;
};

struct groups {
    struct entry *entry;  /* [workers] */
    struct group *group;  /* [workers] */
    uint32_t *candidates; /* [workers] */
    uint32_t *formed;     /* [workers] indices of the groups that the last call formed */
    uint32_t formed_count, formed_read;
    uint32_t workers, size, lag, ids;
    bool closed;
    struct rng rng;
};

static size_t lay_out(void *memory, uint32_t workers)
{
    struct layout layout = {.base = memory};
    struct groups *self = layout_take(&layout, 1, sizeof(*self));
    const struct groups made = {
        .entry = layout_take(&layout, workers, sizeof(struct entry)),
        .group = layout_take(&layout, workers, sizeof(struct group)),
        .candidates = layout_take(&layout, workers, sizeof(uint32_t)),
        .formed = layout_take(&layout, workers, sizeof(uint32_t)),
        .workers = workers,
    };
    if (self)
        *self = made;
    return layout.used;
}

size_t groups_bytes(uint32_t workers)
{
    return lay_out(NULL, workers);
}

struct groups *groups_init(void *memory, uint32_t workers, uint32_t size, uint32_t lag,
                           uint64_t seed)
{
    struct groups *self = memory;
    CHECK(size >= 2);
    CHECK(size <= PRAGUE_MEMBERS_MAX);
    lay_out(memory, workers);
    self->size = size;
    self->lag = lag;
    self->rng = (struct rng){.key = seed};
    for (uint32_t i = 0; i < workers; i++)
        self->entry[i].group = NO_GROUP;
    return self;
}

/* ------------------------------------------------------------------------------------------------ forming groups */

static void sort(uint32_t *item, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        for (uint32_t k = i; k > 0 && item[k] < item[k - 1]; k--) {
            const uint32_t lower = item[k];
            item[k] = item[k - 1];
            item[k - 1] = lower;
        }
}

static void form(struct groups *self, const uint32_t *member, uint32_t count)
{
    struct group made = {.id = ++self->ids, .count = count};
    for (uint32_t i = 0; i < count; i++)
        made.member[i] = member[i];
    sort(made.member, count);
    const uint32_t index = made.member[0];
    for (uint32_t i = 0; i < count; i++) {
        struct entry *entry = &self->entry[member[i]];
        CHECK(entry->group == NO_GROUP);
        entry->group = index;
        entry->inside = true;
        entry->asks = false;
    }
    self->group[index] = made;
    self->formed[self->formed_count++] = index;
}

static bool may_be_drafted(const struct groups *self, uint32_t worker, uint32_t asker)
{
    const struct entry *entry = &self->entry[worker];
    return worker != asker && entry->group == NO_GROUP && !entry->quit &&
           (self->lag == 0 || entry->requests + self->lag >= self->entry[asker].requests);
}

/* Global division. The asker is in the first group; one that is left over alone stays free until it asks. */
static void divide(struct groups *self, uint32_t asker)
{
    uint32_t count = 1;
    self->candidates[0] = asker;
    for (uint32_t i = 0; i < self->workers && !self->closed && !self->entry[asker].quit; i++)
        if (may_be_drafted(self, i, asker))
            self->candidates[count++] = i;
    rng_shuffle(&self->rng, self->candidates + 1, count - 1);
    for (uint32_t begin = 0; begin == 0 || begin + 1 < count; begin += self->size) {
        const uint32_t rest = count - begin;
        form(self, &self->candidates[begin], rest < self->size ? rest : self->size);
    }
}

static void serve(struct groups *self, uint32_t worker)
{
    if (self->entry[worker].asks && self->entry[worker].group == NO_GROUP)
        divide(self, worker);
}

/* -------------------------------------------------------------------------------------------------------- words */

static void begin(struct groups *self)
{
    CHECK(self->formed_read == self->formed_count); /* nobody may be forgotten */
    self->formed_read = 0;
    self->formed_count = 0;
}

void groups_ask(struct groups *self, uint32_t worker)
{
    struct entry *entry = &self->entry[worker];
    begin(self);
    CHECK(worker < self->workers);
    CHECK(!entry->asks);
    entry->requests++;
    entry->asks = !entry->inside; /* else it was drafted, and has been told */
    serve(self, worker);
}

void groups_left(struct groups *self, uint32_t worker, uint32_t id)
{
    struct entry *entry = &self->entry[worker];
    begin(self);
    CHECK(worker < self->workers);
    CHECK(entry->inside);
    struct group *group = &self->group[entry->group];
    CHECK(group->id == id);
    entry->inside = false;
    if (++group->left < group->count)
        return;
    const struct group over = *group; /* its place may be taken by a new one */
    for (uint32_t i = 0; i < over.count; i++)
        self->entry[over.member[i]].group = NO_GROUP;
    for (uint32_t i = 0; i < over.count; i++)
        serve(self, over.member[i]);
}

void groups_quit(struct groups *self, uint32_t worker)
{
    struct entry *entry = &self->entry[worker];
    begin(self);
    CHECK(worker < self->workers);
    CHECK(!entry->quit);
    entry->quit = true;
    entry->asks = !entry->inside;
    serve(self, worker);
}

void groups_close(struct groups *self)
{
    self->closed = true;
}

const struct group *groups_next(struct groups *self)
{
    if (self->formed_read == self->formed_count)
        return NULL;
    return &self->group[self->formed[self->formed_read++]];
}
