/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two halves, each "wait until every member's message of this tag is here, then mix all of them at once": the sums then
 * run in order of worker id whatever the order of arrival. The lists of both halves live side by side, because one
 * step can pass through both when the messages came early.
 */
#include "core/policy/collective.h"

#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/say.h"

const struct policy_choice policy_collectives[] = {
    [COLLECTIVE_CHUNKED] = {.name = "chunked", .help = "slices travel over direct edges"},
    [COLLECTIVE_MODELLED] =
        {"modelled",
         "one event per group at the time that its messages would take; virtual time only",
         .virtual_only = "exists in virtual time only; use chunked, or clock: virtual"},
    {.name = NULL},
};

enum half { HALF_NONE, HALF_PARTS, HALF_SLICES };

struct held {
    uint64_t handle, tag;
    uint8_t type; /* enum tensor_type; 0 = empty */
};

struct collective {
    const struct policy_config *config;
    struct held *held;     /* [peer_count * COLLECTIVE_HELD] */
    uint32_t *group;       /* [count] peer indices, ascending */
    struct mix_term *part; /* [count] terms of the first half */
    struct mix_term *copy; /* [count] terms of the second half */
    uint64_t tag;
    uint32_t count;   /* members besides this worker */
    uint32_t rank;    /* own slice */
    uint32_t missing; /* messages of this half still to come */
    enum half half;
};

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    struct collective *self = layout_take(&layout, 1, sizeof(*self));
    const struct collective made = {
        .config = config,
        .held =
            layout_take(&layout, (size_t)config->peer_count * COLLECTIVE_HELD, sizeof(struct held)),
        .group = layout_take(&layout, config->peer_count, sizeof(uint32_t)),
        .part = layout_take(&layout, config->peer_count, sizeof(struct mix_term)),
        .copy = layout_take(&layout, config->peer_count, sizeof(struct mix_term)),
    };
    if (self)
        *self = made;
    return layout.used;
}

size_t collective_bytes(const struct policy_config *config)
{
    return lay_out(NULL, config);
}

struct collective *collective_init(void *memory, const struct policy_config *config)
{
    lay_out(memory, config);
    return memory;
}

uint64_t collective_tag(const struct collective *self)
{
    return self->tag;
}

static struct held *find(struct collective *self, uint32_t peer, uint8_t type, uint64_t tag)
{
    struct held *held = &self->held[(size_t)peer * COLLECTIVE_HELD];
    for (uint32_t i = 0; i < COLLECTIVE_HELD; i++)
        if (held[i].type == type && (type == 0 || held[i].tag == tag))
            return &held[i];
    return NULL;
}

static uint8_t awaited(const struct collective *self)
{
    return self->half == HALF_PARTS ? TENSOR_PART : TENSOR_SLICE;
}

static void enter(struct collective *self, enum half half, struct actions *out)
{
    self->half = half;
    self->missing = 0;
    for (uint32_t i = 0; i < self->count; i++)
        self->missing += !find(self, self->group[i], awaited(self), self->tag);
    actions_push(out, (struct action){.kind = ACT_SEND,
                                      .type = awaited(self),
                                      .tag = self->tag,
                                      .peers = self->group,
                                      .count = self->count,
                                      .degree = self->count,
                                      .slice = (uint16_t)self->rank,
                                      .slices = (uint16_t)(self->count + 1)});
}

/* Every message of this half is here: mix them, then give them back. */
static void mix(struct collective *self, enum mix_rule rule, struct mix_term *term,
                struct actions *out)
{
    for (uint32_t i = 0; i < self->count; i++) {
        const uint32_t peer = self->group[i];
        struct held *held = find(self, peer, awaited(self), self->tag);
        CHECK(held);
        term[i] = (struct mix_term){
            .handle = held->handle, .peer = peer, .weight = i + (i >= self->rank)};
        held->type = 0;
    }
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = (uint8_t)rule,
                                      .tag = self->tag,
                                      .terms = term,
                                      .count = self->count,
                                      .degree = self->count,
                                      .slice = (uint16_t)self->rank,
                                      .slices = (uint16_t)(self->count + 1)});
    say_release_terms(out, term, self->count);
}

static bool progress(struct collective *self, struct actions *out)
{
    if (self->half == HALF_PARTS && self->missing == 0) {
        mix(self, MIX_SLICE_MEAN, self->part, out);
        enter(self, HALF_SLICES, out);
    }
    if (self->half == HALF_SLICES && self->missing == 0) {
        mix(self, MIX_SLICE_COPY, self->copy, out);
        self->half = HALF_NONE;
        return true;
    }
    return false;
}

bool collective_begin(struct collective *self, const struct action *reduce, struct actions *out)
{
    CHECK(self->half == HALF_NONE);
    CHECK(reduce->count <= self->config->peer_count);
    self->tag = reduce->tag;
    self->count = reduce->count;
    self->rank = 0;
    for (uint32_t i = 0; i < reduce->count; i++) {
        CHECK(reduce->peers[i] < self->config->peer_count);
        CHECK(i == 0 || reduce->peers[i] > reduce->peers[i - 1]);
        self->group[i] = reduce->peers[i];
        self->rank += self->config->peers[reduce->peers[i]] < self->config->self;
    }
    if (self->count == 0)
        return true;
    enter(self, HALF_PARTS, out);
    return progress(self, out);
}

bool collective_tensor(struct collective *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->config->peer_count);
    CHECK(event->type == TENSOR_PART || event->type == TENSOR_SLICE);
    CHECK(!find(self, event->peer, event->type, event->tag));
    struct held *place = find(self, event->peer, 0, 0);
    CHECK(place);
    *place = (struct held){.handle = event->handle, .tag = event->tag, .type = event->type};
    if (self->half == HALF_NONE || event->tag != self->tag || event->type != awaited(self))
        return false;
    CHECK(self->missing > 0);
    self->missing--;
    return progress(self, out);
}
