/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prague: a worker averages in a group that the generator, worker 0, has put it in; groups of different workers run side
 * by side. After its step a worker asks, and joins the group's reduction (core/policy/collective.h).
 *
 *   worker                        generator (core/policy/groups.h), at worker 0, which trains as well
 *   ASK{iteration}           ->   counts it; if the asker is in no group: divides the free workers into groups
 *                            <-   GROUP{id, members}, at once to every member
 *   reduces with the members
 *   LEFT{id}                 ->   when all have left, the members are free again
 *
 * A worker may be drafted while it computes: it keeps the GROUP, and joins when its own gradient is applied. It asks even so,
 * because the slowdown filter counts requests. It is in one group at a time and is told of the next only after its LEFT, so
 * one place keeps it.
 *
 * Nobody waits in a cycle: a group waits for members that compute, or that reduce in it.
 *
 * Stop: QUIT makes sure of exactly one last GROUP (the one it is in, or one of itself alone), and no draft after it. Who was
 * drafted and drops its gradient joins with the model it has, so groups that are formed are finished. Once worker 0 is
 * stopped the generator forms no groups any more, and answers each asker with itself alone.
 *
 * Paper: Luo et al., ASPLOS 2020: P-Reduce, the group generator with group buffer and global division, the slowdown
 * filter. A reconstruction.
 */
#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/control.h"
#include "core/policy/groups.h"
#include "core/policy/rows.h"
#include "core/policy/say.h"

#define GENERATOR 0u /* its id; every other worker's peer 0 */

enum status { COMPUTING, WAITING, REDUCING, DONE };

struct prague_options {
    enum collective_kind collective;
    uint32_t group; /* members */
    uint32_t lag;   /* nobody who lags by more requests is drafted; 0 = no filter */
};
POLICY_OPTIONS(struct prague_options)

struct prague {
    const struct policy_config *config;
    uint32_t *everyone;    /* [peer_count] */
    struct groups *groups; /* the generator's, else NULL */
    uint32_t *to;          /* generator: [peer_count] peers that this step sends a GROUP to */
    uint32_t to_count;
    struct policy_counters counters;
    enum status status;
    uint32_t iteration;
    uint32_t group;                      /* id of the group told last */
    uint32_t count;                      /* its members besides this worker */
    uint32_t member[PRAGUE_MEMBERS_MAX]; /* peer indices */
    bool known;                          /* it is still to be joined */
    bool stopping;
};

static const char *prague_check(const struct policy_config *config)
{
    if (options_of(config).group < 2 || options_of(config).group > PRAGUE_MEMBERS_MAX)
        return "prague needs a group of 2 to 6 members";
    return NULL;
}

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    const bool generates = config->self == GENERATOR;
    CHECK(config->peer_count + 1 == config->workers);
    struct prague *self = layout_take(&layout, 1, sizeof(*self));
    const struct prague made = {
        .config = config,
        .everyone = layout_everyone(&layout, config->peer_count),
        .to = layout_take(&layout, generates ? config->peer_count : 0, sizeof(uint32_t)),
    };
    void *const groups = layout_take(&layout, generates ? groups_bytes(config->workers) : 0, 1);
    if (!self)
        return layout.used;
    *self = made;
    if (generates)
        self->groups = groups_init(groups, config->workers, options_of(config).group,
                                   options_of(config).lag, config->seed);
    return layout.used;
}

/* ------------------------------------------------------------------------------------------------- the generator */

static uint32_t index_of(const struct prague *self, uint32_t id)
{
    const uint32_t index = id < self->config->self ? id : id - 1;
    CHECK(index < self->config->peer_count);
    CHECK(self->config->peers[index] == id);
    return index;
}

/* This worker is in a group, told by id of the members. */
static void keep(struct prague *self, uint32_t group, const uint32_t *member, uint32_t count)
{
    CHECK(!self->known);
    CHECK(self->status == COMPUTING || self->status == WAITING);
    self->known = true;
    self->group = group;
    self->count = 0;
    for (uint32_t i = 0; i < count; i++)
        if (member[i] != self->config->self)
            self->member[self->count++] = index_of(self, member[i]);
}

static void tell_members(struct prague *self, const struct group *group, struct actions *out)
{
    uint32_t *list = &self->to[self->to_count];
    uint32_t count = 0;
    struct action action = {.kind = ACT_CONTROL, .type = PRAGUE_GROUP, .peers = list};
    action.word[0] = group->id;
    action.word[1] = group->count;
    for (uint32_t i = 0; i < group->count; i++) {
        action.word[2 + i] = group->member[i];
        if (group->member[i] == GENERATOR)
            keep(self, group->id, group->member, group->count);
        else
            list[count++] = index_of(self, group->member[i]);
    }
    self->to_count += count;
    action.count = count;
    if (count > 0)
        actions_push(out, action);
}

/* A worker's word reaches the generator. */
static void hear(struct prague *self, uint32_t worker, uint8_t type, uint32_t word,
                 struct actions *out)
{
    CHECK(self->groups);
    if (type == PRAGUE_ASK)
        groups_ask(self->groups, worker);
    else if (type == PRAGUE_LEFT)
        groups_left(self->groups, worker, word);
    else
        groups_quit(self->groups, worker);
    for (const struct group *g = groups_next(self->groups); g; g = groups_next(self->groups))
        tell_members(self, g, out);
}

/* ---------------------------------------------------------------------------------------------------- the worker */

static void say(struct prague *self, uint8_t type, uint32_t word, struct actions *out)
{
    if (self->groups)
        hear(self, GENERATOR, type, word, out);
    else
        say_control(out, type, &self->everyone[GENERATOR], 1, word);
}

static void compute(struct prague *self, struct actions *out)
{
    self->status = COMPUTING;
    say_compute(out, self->iteration);
}

static void leave(struct prague *self, struct actions *out)
{
    CHECK(self->status == REDUCING);
    self->status = COMPUTING; /* free, unless it is done: a draft may come within say() */
    self->counters.committed += self->count > 0;
    self->counters.unmixed += self->count == 0 && !self->stopping;
    say(self, PRAGUE_LEFT, self->group, out);
    if (!self->stopping) {
        compute(self, out);
        return;
    }
    CHECK(!self->known);
    self->status = DONE;
    say_done(out);
}

/* Join the group, if there is one to join. ACT_REDUCE is the last action of its step. */
static void join(struct prague *self, struct actions *out)
{
    if (self->status != WAITING || !self->known)
        return;
    self->known = false;
    self->status = REDUCING;
    if (self->count == 0)
        leave(self, out);
    else
        actions_push(out, (struct action){.kind = ACT_REDUCE,
                                          .tag = self->group,
                                          .peers = self->member,
                                          .count = self->count});
}

static void on_gradient(struct prague *self, struct actions *out)
{
    CHECK(self->status == COMPUTING);
    say_apply(out, self->iteration);
    self->status = WAITING;
    say(self, PRAGUE_ASK, self->iteration++, out);
    join(self, out);
}

static void on_control(struct prague *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->config->peer_count);
    if (event->type == PRAGUE_GROUP) {
        CHECK(event->word[1] <= PRAGUE_MEMBERS_MAX);
        keep(self, event->word[0], &event->word[2], event->word[1]);
    } else {
        hear(self, self->config->peers[event->peer], event->type, event->word[0], out);
    }
    join(self, out);
}

static void on_stop(struct prague *self, struct actions *out)
{
    self->stopping = true;
    if (self->groups)
        groups_close(self->groups);
    if (self->status == COMPUTING)
        self->status = WAITING;
    say(self, PRAGUE_QUIT, 0, out);
    join(self, out);
}

static void prague_step(void *state, const struct event *event, struct actions *out)
{
    struct prague *self = state;
    self->to_count = 0;
    switch ((enum event_kind)event->kind) {
    case EV_START:
        compute(self, out);
        return;
    case EV_GRADIENT:
        on_gradient(self, out);
        return;
    case EV_CONTROL:
        on_control(self, event, out);
        return;
    case EV_REDUCED:
        CHECK(event->tag == self->group);
        leave(self, out);
        return;
    case EV_STOP:
        on_stop(self, out);
        return;
    default:
        CHECK(event->kind != EV_TENSOR); /* all tensors are the collective's */
        return;
    }
}

static const struct policy_option options[] = {
    POLICY_OPTION_COLLECTIVE(struct prague_options),
    {.name = "group",
     .type = OPTION_COUNT,
     POLICY_OPTION_AT(struct prague_options, group),
     .min = 2,
     .max = PRAGUE_MEMBERS_MAX,
     .fallback = "3",
     .unit = "workers",
     .help = "members of a group",
     .draw = {2, OPTION_WORKERS, 0}},
    {.name = "lag",
     .type = OPTION_COUNT,
     POLICY_OPTION_AT(struct prague_options, lag),
     .max = 1e6,
     .fallback = "0",
     .unit = "requests",
     .help = "nobody who lags by more is drafted; 0 = everybody is",
     .draw = {0, 4, 0}},
    {.name = NULL},
};

const struct policy policy_prague = {
    .name = "prague",
    .help = "averages in small random groups that worker 0 hands out (partial all-reduce)",
    .source =
        "Luo et al., ASPLOS 2020, arXiv 1909.08029; groups are locked from forming to leaving",
    .waits_for = "the members of its group",
    .lost_message = "the group hangs, or whoever asked worker 0",
    .loss_refusal = "a group waits for all its members, and nobody tells the generator of groups "
                    "that one is gone",
    .options = options,
    .edges = POLICY_EDGES_ALL,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_DOUBLY,
    .exact_depth =
        2, /* part and slice of one group: two groups of a pair are never alive at once */
    .slots_fixed =
        5, /* current, being written, part and slice lent (all back before the next group), one on its way back */
    .reduces = true,
    .check = prague_check,
    .lay_out = lay_out,
    .step = prague_step,
    .counters_at = offsetof(struct prague, counters),
};
