/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hop: every iteration averages with neighbours, but not with all of them, or not with their newest models; tokens keep
 * neighbours within gap = staleness + 1 iterations of each other. Serial order: compute, apply, send, wait, average.
 *
 *   backup 0, staleness 0   standard: all neighbours' models of this iteration
 *   backup b > 0            backup workers: the models of this iteration of all but b neighbours, and whatever else is
 *                           there; those that come later are dropped
 *   backup 0, staleness s   bounded staleness: of each neighbour the newest model, which may be s iterations old; it is
 *                           used again until a newer one comes, with weight (its iteration - (k - s) + 1)
 *   jump J > 0              a worker whose neighbours all have begun iteration k + 2 or later when its gradient k is there
 *                           takes in their models of a later iteration m <= k + J instead, one that they all have left,
 *                           and goes on with m + 1: it computes and sends nothing for the iterations between
 *
 * TOKEN{c} says "I have begun iteration c": a counter, not an object, so a lost one is made good by the next. To begin
 * iteration k a worker needs from each neighbour a token c >= k - gap, and a model of iteration k - 1 - gap or later. The
 * second follows from the first where models travel as fast as tokens; without it slow links would pile up models.
 *
 * Nobody waits for an iteration that was jumped over: who jumps to m + 1 knows that all neighbours have begun it. So the
 * worker that is last always finds its models sent, its tokens there, and goes on: no deadlock.
 *
 * Bounds. Let i have begun k and its neighbour j c. c >= k - gap, and j has read a model of i of iteration c - 1 - gap or
 * later; what is still on its way is of c - gap .. c + gap, so exact_depth = 2 gap + 1. Kept by j are models of its own
 * iteration and later ones, at most gap + 1 per neighbour; with staleness the newest, never older than c - 1 - staleness. In
 * all, what may be on loan was made in iterations k - 2 gap .. k.
 *
 * Stop: models are returned, those that arrive later at once.
 *
 * Paper: arXiv 1902.01064: token queues, backup workers, bounded staleness, skipping iterations. A reconstruction.
 */
#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/control.h"
#include "core/policy/rows.h"
#include "core/policy/say.h"

#define STALENESS_MAX 5u /* as the help of POLICY_OPTION_STALENESS says, and no more is drawn */
#define GAP_MAX (STALENESS_MAX + 1u)

struct source {
    uint32_t begun; /* newest token */
    uint32_t next;  /* 1 + iteration of the newest model seen; 0 = none */
};

struct model {
    uint64_t handle; /* 0: not here */
    uint32_t iteration;
    bool used; /* staleness: in a mix already */
};

struct hop_options {
    uint32_t staleness; /* bound in iterations */
    uint32_t backup;    /* neighbours not waited for */
    uint32_t jump;      /* iterations skipped at most at once; 0 = none are skipped */
};
POLICY_OPTIONS(struct hop_options)

struct hop {
    const struct policy_config *config;
    uint32_t *everyone;     /* [peer_count] */
    struct source *sources; /* [peer_count] */
    struct model *models;   /* [peer_count * places]: by iteration modulo places */
    struct mix_term *terms; /* [peer_count] */
    struct policy_counters counters;
    uint32_t gap;
    uint32_t places; /* per neighbour: gap + 1, or with bounded staleness one */
    uint32_t now;    /* iteration; after a jump the one whose models are waited for */
    bool stale;      /* the mode with bounded staleness */
    bool computing, done;
};

static bool is_stale(const struct policy_config *config)
{
    return options_of(config).backup == 0 && options_of(config).staleness > 0;
}

static uint32_t places_of(const struct policy_config *config)
{
    return is_stale(config) ? 1 : options_of(config).staleness + 2;
}

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    const uint32_t n = config->peer_count, places = places_of(config);
    struct hop *self = layout_take(&layout, 1, sizeof(*self));
    const struct hop made = {
        .config = config,
        .everyone = layout_everyone(&layout, n),
        .sources = layout_take(&layout, n, sizeof(struct source)),
        .models = layout_take(&layout, (size_t)n * places, sizeof(struct model)),
        .terms = layout_take(&layout, n, sizeof(struct mix_term)),
        .gap = options_of(config).staleness + 1,
        .places = places,
        .stale = is_stale(config),
    };
    if (self)
        *self = made;
    return layout.used;
}

static const char *hop_check(const struct policy_config *config)
{
    const struct hop_options o = options_of(config);
    if (o.staleness > STALENESS_MAX)
        return "hop: staleness is at most 5";
    if (o.backup > 0 && o.backup >= config->peer_count)
        return "hop: backup must leave at least one neighbour of every worker to wait for";
    if (o.jump > 0 && o.staleness == 0)
        return "hop: jump needs staleness, without it nobody lags by more than one iteration";
    /* a jump or the stop may return everything at once */
    if (config->peer_count * places_of(config) + 16 > STEP_ACTIONS_MAX)
        return "hop: too many neighbours for this staleness (neighbours * (staleness + 2) <= 2096)";
    return NULL;
}

static struct model *place_of(struct hop *self, uint32_t peer, uint32_t iteration)
{
    return &self->models[peer * self->places + iteration % self->places];
}

static void release(uint32_t peer, struct model *model, struct actions *out)
{
    say_release(out, peer, model->handle);
    *model = (struct model){0};
}

/* ------------------------------------------------------------------------------------------------ when to go on */

/* May iteration `next` begin, as far as the gap goes? */
static bool may_begin(const struct hop *self, uint32_t next)
{
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        const struct source *const source = &self->sources[i];
        if (source->begun + self->gap < next || source->next + self->gap < next)
            return false;
    }
    return true;
}

static bool enough_arrived(struct hop *self)
{
    uint32_t here = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        here += self->stale ? self->sources[i].next + options_of(self->config).staleness > self->now
                            : place_of(self, i, self->now)->handle != 0;
    return here + options_of(self->config).backup >= self->config->peer_count;
}

/* -------------------------------------------------------------------------------------------------- what to mix */

static uint32_t gather_fresh(struct hop *self)
{
    const uint32_t staleness = options_of(self->config).staleness;
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        struct model *const model = place_of(self, i, 0);
        if (model->handle == 0)
            continue; /* nothing sent yet, and young enough to go without */
        model->used = true;
        self->terms[count++] =
            (struct mix_term){.handle = model->handle,
                              .peer = i,
                              .weight = model->iteration + staleness + 1 - self->now};
    }
    return count;
}

static uint32_t gather_this_iteration(struct hop *self)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        const struct model *const model = place_of(self, i, self->now);
        if (model->handle != 0)
            self->terms[count++] =
                (struct mix_term){.handle = model->handle, .peer = i, .weight = 1};
    }
    return count;
}

static void mix(struct hop *self, struct actions *out)
{
    const uint32_t count = self->stale ? gather_fresh(self) : gather_this_iteration(self);
    self->counters.committed += count > 0;
    self->counters.unmixed += count == 0;
    if (count == 0)
        return;
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = self->stale ? MIX_WEIGHTED : MIX_MEAN,
                                      .tag = self->now,
                                      .round = self->now,
                                      .terms = self->terms,
                                      .count = count,
                                      .degree = options_of(self->config).staleness + 1});
    for (uint32_t i = 0; i < count && !self->stale; i++)
        release(self->terms[i].peer, place_of(self, self->terms[i].peer, self->now), out);
}

/* ----------------------------------------------------------------------------------------------------- the story */

static void begin(struct hop *self, struct actions *out)
{
    if (self->now > 0 && self->config->peer_count > 0)
        say_control(out, HOP_TOKEN, self->everyone, self->config->peer_count, self->now);
    self->computing = true;
    say_compute(out, self->now);
}

static void try_go_on(struct hop *self, struct actions *out)
{
    if (self->computing || self->done || !enough_arrived(self) || !may_begin(self, self->now + 1))
        return;
    if (self->config->peer_count > 0)
        mix(self, out);
    self->now++;
    begin(self, out);
}

/* Everybody else is ahead: skip to an iteration that all of them have left. */
static void try_jump(struct hop *self, struct actions *out)
{
    uint32_t target = self->now + 1 + options_of(self->config).jump;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        target = self->sources[i].begun < target ? self->sources[i].begun : target;
    if (options_of(self->config).jump == 0 || self->config->peer_count == 0 ||
        target < self->now + 2)
        return;
    self->counters.unmixed += target - 1 - self->now;
    for (; self->now < target - 1; self->now++)
        for (uint32_t i = 0; i < self->config->peer_count && !self->stale; i++) {
            struct model *const model = place_of(self, i, self->now);
            if (model->handle != 0) {
                release(i, model, out);
                self->counters.dropped++;
            }
        }
}

static void on_gradient(struct hop *self, struct actions *out)
{
    CHECK(self->computing);
    self->computing = false;
    say_apply(out, self->now);
    if (self->config->peer_count > 0)
        say_send(out, TENSOR_MODEL, self->now, self->everyone, self->config->peer_count,
                 self->config->peer_count);
    try_jump(self, out);
    try_go_on(self, out);
}

static void on_tensor(struct hop *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->config->peer_count);
    struct source *const source = &self->sources[event->peer];
    const uint32_t iteration = (uint32_t)event->tag;
    struct model arrived = {.handle = event->handle, .iteration = iteration};
    CHECK(event->tag >= source->next);
    source->next = iteration + 1;
    if (self->done) {
        release(event->peer, &arrived, out);
        return;
    }
    if (!self->stale && iteration < self->now) {
        release(event->peer, &arrived, out);
        self->counters.dropped++;
    } else {
        struct model *const place = place_of(self, event->peer, iteration);
        CHECK(iteration <= self->now + self->gap);
        CHECK(self->stale || place->handle == 0);
        if (place->handle != 0) {
            self->counters.dropped += !place->used;
            release(event->peer, place, out);
        }
        *place = arrived;
    }
    try_go_on(self, out);
}

static void on_token(struct hop *self, const struct event *event, struct actions *out)
{
    CHECK(event->type == HOP_TOKEN);
    CHECK(event->peer < self->config->peer_count);
    struct source *const source = &self->sources[event->peer];
    if (event->word[0] > source->begun)
        source->begun = event->word[0];
    try_go_on(self, out);
}

static void on_stop(struct hop *self, struct actions *out)
{
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        for (uint32_t k = 0; k < self->places; k++)
            if (place_of(self, i, k)->handle != 0)
                release(i, place_of(self, i, k), out);
    self->done = true;
    say_done(out);
}

static void hop_step(void *state, const struct event *event, struct actions *out)
{
    struct hop *self = state;
    switch ((enum event_kind)event->kind) {
    case EV_START:
        begin(self, out);
        return;
    case EV_GRADIENT:
        on_gradient(self, out);
        return;
    case EV_TENSOR:
        on_tensor(self, event, out);
        return;
    case EV_CONTROL:
        on_token(self, event, out);
        return;
    case EV_STOP:
        on_stop(self, out);
        return;
    default:
        return;
    }
}

static const struct policy_option options[] = {
    POLICY_OPTION_STALENESS(struct hop_options),
    {.name = "backup",
     .type = OPTION_COUNT,
     POLICY_OPTION_AT(struct hop_options, backup),
     .max = STEP_PEERS_MAX,
     .fallback = "1",
     .unit = "neighbours",
     .help = "how many are not waited for",
     .draw = {0, 2, 0}},
    {.name = "jump",
     .type = OPTION_COUNT,
     POLICY_OPTION_AT(struct hop_options, jump),
     .max = 1e6,
     .fallback = "0",
     .unit = "iterations",
     .help = "how many a straggler may skip at once; 0 = none",
     .draw = {0, 6, 2}},
    {.name = NULL},
};

const struct policy policy_hop = {
    .name = "hop",
    .help = "averages with neighbours' models of this iteration, but for a few, or with older ones",
    .source = "Luo et al., ASPLOS 2019, arXiv 1902.01064",
    .waits_for = "all but `backup` neighbours, or models at most `staleness` old; tokens",
    .lost_message = "a model: as a straggler, or a stall; a token: made good by the next",
    .loss_refusal =
        "a worker waits for tokens of each of its neighbours, and a lost one sends none",
    .options = options,
    .edges = POLICY_EDGES_GRAPH,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_ROW,
    .exact_depth = 2 * GAP_MAX + 1,
    .slots_fixed = 2 * GAP_MAX + 1 + 2, /* on loan (above); current, being written */
    .check = hop_check,
    .lay_out = lay_out,
    .step = hop_step,
    .counters_at = offsetof(struct hop, counters),
};
