/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * k-sync SGD: worker 0 is a server with rounds. It sends its model to all others, takes the first k gradients at it,
 * steps by their mean, and sends the next round's model; who is still computing abandons and begins anew.
 *
 * What travels back is x_r - lr g. As all k were made from the same x_r, which is still the server's current model, their
 * mean *is* x_r - lr * mean g: MIX_WEIGHTED with self weight 0. Nothing is subtracted, so a worker copies the model
 * and gives it back at once.
 *
 * Channels are exact, not newest, and the server counts. A model is *open* from when it is sent until the worker has said
 * what became of it: an answer (tensor), or SKIP (control) for one that a newer model or the stop has overtaken. At most
 * OPEN_MAX = 2 are open per worker: the one it computes on, and the next. A worker that is deaf for some rounds
 * misses them; when it has settled a model it gets the newest. With class newest, a lost answer could leave a round short
 * of k for ever, and a server that hears nothing of a worker could not bound what it has lent it.
 *
 *   Unread per edge: models and answers are both bounded by what is open, 2 each.
 *   Server's slots: a worker gives a model back before it settles it, so 2 are lent per edge. All k answers of a round
 *     share one current model; with it and the one being written 2 more.
 *   Worker's slots: an answer of round r is given back at the latest in the step that sends r+1, before which this
 *     worker computes nothing new; a second one may be there that came too late. Current, being written, and 2.
 *
 * Stop, in any order: a worker settles its model with SKIP and is done; what still comes is given back and settled likewise. A
 * server gives back what it holds of the unfinished round, sends nothing more, and is done when no model is open. Workers
 * settle every model whatever the server does, so it gets there; then nothing is under way in either direction.
 *
 * Paper: arXiv 1803.01113, k-sync SGD. A reconstruction; what is open, and how it drains, is ours.
 */
#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/control.h"
#include "core/policy/rows.h"
#include "core/policy/say.h"

#define OPEN_MAX 2u

struct client {
    uint32_t next; /* first round it has not been sent */
    uint32_t open; /* models sent and not settled */
};

struct k_sync_options {
    uint32_t k; /* gradients per round */
};
POLICY_OPTIONS(struct k_sync_options)

struct k_sync {
    const struct policy_config *config;
    struct mix_term *terms; /* server: [k] answers of this round; worker: [1] */
    struct policy_counters counters;
    uint32_t round; /* server: the current one; worker: of the model it took last */
    bool stopping, done;

    /* the server */
    struct client *client; /* [peer_count] */
    uint32_t *receivers;   /* [peer_count] of the one send a step can have */
    uint32_t held;         /* answers of this round */
    uint64_t open;         /* models, all clients together */

    /* a worker */
    uint32_t iteration; /* gradients begun */
    bool computing;
};

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    struct k_sync *self = layout_take(&layout, 1, sizeof(*self));
    const struct k_sync made = {
        .config = config,
        .terms = layout_take(&layout, config->self == 0 ? options_of(config).k : 1,
                             sizeof(struct mix_term)),
        .client = layout_take(&layout, config->peer_count, sizeof(struct client)),
        .receivers = layout_take(&layout, config->peer_count, sizeof(uint32_t)),
    };
    CHECK(config->self == 0 || config->peer_count == 1);
    if (self)
        *self = made;
    return layout.used;
}

static const char *k_sync_check(const struct policy_config *config)
{
    if (config->workers < 2)
        return "worker 0 serves and computes nothing, so at least 2 workers are needed";
    if (config->workers - 1 > STEP_PEERS_MAX)
        return "one server serves at most 1023 others";
    if (options_of(config).k == 0)
        return "k is the number of gradients in a round, at least 1";
    if (options_of(config).k > config->workers - 1)
        return "k gradients per round need k workers besides the server";
    return NULL;
}

static void finish(struct k_sync *self, struct actions *out)
{
    self->done = true;
    say_done(out);
}

/* ---------------------------------------------------------------------------------------------------- the server */

/* This round's model to those of clients [from, to) that lack it and have settled enough. */
static void send_round(struct k_sync *self, uint32_t from, uint32_t to, struct actions *out)
{
    uint32_t count = 0;
    for (uint32_t i = from; i < to && !self->stopping; i++) {
        struct client *client = &self->client[i];
        if (client->next > self->round || client->open == OPEN_MAX)
            continue;
        client->next = self->round + 1;
        client->open++;
        self->open++;
        self->receivers[count++] = i;
    }
    if (count > 0)
        say_send(out, TENSOR_MODEL, self->round, self->receivers, count, 1);
}

static void release_held(struct k_sync *self, struct actions *out)
{
    say_release_terms(out, self->terms, self->held);
    self->held = 0;
}

static void end_round(struct k_sync *self, struct actions *out)
{
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = MIX_WEIGHTED,
                                      .tag = self->round,
                                      .round = self->round,
                                      .terms = self->terms,
                                      .count = self->held,
                                      .degree = 0});
    release_held(self, out);
    self->counters.committed++;
    self->round++;
    send_round(self, 0, self->config->peer_count, out);
}

/* This client has said what became of one of its models. */
static void settle(struct k_sync *self, uint32_t peer, struct actions *out)
{
    CHECK(peer < self->config->peer_count);
    CHECK(self->client[peer].open > 0);
    self->client[peer].open--;
    self->open--;
    send_round(self, peer, peer + 1, out);
    if (self->stopping && self->open == 0)
        finish(self, out);
}

static void take_in(struct k_sync *self, const struct event *event, struct actions *out)
{
    CHECK(event->tag <= self->round);
    if (event->tag < self->round || self->stopping) {
        self->counters.dropped += event->tag < self->round;
        say_release(out, event->peer, event->handle);
        settle(self, event->peer, out);
        return;
    }
    settle(self, event->peer, out); /* sends nothing: this client has this round's model */
    self->terms[self->held++] =
        (struct mix_term){.handle = event->handle, .peer = event->peer, .weight = 1};
    if (self->held == options_of(self->config).k)
        end_round(self, out);
}

static void serve(struct k_sync *self, const struct event *event, struct actions *out)
{
    switch ((enum event_kind)event->kind) {
    case EV_START:
        send_round(self, 0, self->config->peer_count, out);
        return;
    case EV_TENSOR:
        take_in(self, event, out);
        return;
    case EV_CONTROL:
        CHECK(event->type == K_SYNC_SKIP);
        settle(self, event->peer, out);
        return;
    case EV_STOP:
        self->stopping = true;
        release_held(self, out);
        if (self->open == 0)
            finish(self, out);
        return;
    default:
        return;
    }
}

/* ------------------------------------------------------------------------------------------------------ a worker */

static const uint32_t to_server; /* index 0: the only peer */

static void skip(uint32_t round, struct actions *out)
{
    say_control(out, K_SYNC_SKIP, &to_server, 1, round);
}

static void adopt(struct k_sync *self, const struct event *event, struct actions *out)
{
    if (self->stopping) {
        say_release(out, event->peer, event->handle);
        skip((uint32_t)event->tag, out);
        return;
    }
    if (self->computing) {
        CHECK(event->tag > self->round);
        actions_push(out, (struct action){.kind = ACT_ABANDON});
        skip(self->round, out);
    }
    self->terms[0] = (struct mix_term){.handle = event->handle, .peer = event->peer, .weight = 1};
    actions_push(out,
                 (struct action){.kind = ACT_MIX,
                                 .rule = MIX_WEIGHTED, /* the own model weighs nothing: a copy */
                                 .tag = event->tag,
                                 .round = (uint32_t)event->tag,
                                 .terms = self->terms,
                                 .count = 1,
                                 .degree = 0});
    say_release(out, event->peer, event->handle);
    self->round = (uint32_t)event->tag;
    self->computing = true;
    say_compute(out, self->iteration++);
}

static void answer(struct k_sync *self, struct actions *out)
{
    CHECK(self->computing);
    CHECK(!self->stopping);
    self->computing = false;
    say_apply(out, self->iteration - 1);
    say_send(out, TENSOR_MODEL, self->round, &to_server, 1, 1);
}

static void work(struct k_sync *self, const struct event *event, struct actions *out)
{
    switch ((enum event_kind)event->kind) {
    case EV_TENSOR:
        adopt(self, event, out);
        return;
    case EV_GRADIENT:
        answer(self, out);
        return;
    case EV_STOP:
        self->stopping = true;
        if (self->computing) /* the driver drops that gradient */
            skip(self->round, out);
        self->computing = false;
        finish(self, out);
        return;
    default:
        return;
    }
}

/* --------------------------------------------------------------------------------------------------- both of them */

static void k_sync_step(void *state, const struct event *event, struct actions *out)
{
    struct k_sync *self = state;
    if (self->config->self == 0)
        serve(self, event, out);
    else
        work(self, event, out);
}

static const struct policy_option options[] = {
    {.name = "k",
     .type = OPTION_COUNT,
     POLICY_OPTION_AT(struct k_sync_options, k),
     .min = 1,
     .max = OPTION_PEERS_MAX,
     .fallback = "2",
     .unit = "gradients",
     .help = "how many make a round",
     .draw = {1, OPTION_WORKERS, 0}},
    {.name = NULL},
};

const struct policy policy_k_sync = {
    .name = "k-sync",
    .help = "parameter server in rounds: the first k gradients count, the others are abandoned",
    .source = "Dutta et al., AISTATS 2018, arXiv 1803.01113",
    .waits_for = "the k fastest workers",
    .lost_message = "its worker stalls, and everybody once fewer than k are left",
    .loss_refusal = "its server waits until each worker has settled every model it was sent, and a "
                    "lost one never does",
    .options = options,
    .edges = POLICY_EDGES_STAR,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_NONE,
    .exact_depth = OPEN_MAX,
    .slots_fixed = 3, /* current, being written, one on its way back */
    .slots_per_edge = OPEN_MAX,
    .central = true,
    .check = k_sync_check,
    .lay_out = lay_out,
    .step = k_sync_step,
    .counters_at = offsetof(struct k_sync, counters),
};
