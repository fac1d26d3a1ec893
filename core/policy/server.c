/* SPDX-License-Identifier: BSD-3-Clause */
/* See server.h for the protocol and for why it drains. */
#include "core/policy/server.h"

#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/control.h"
#include "core/policy/say.h"

/* The server's view of one worker. */
struct client {
    uint64_t given; /* version of the model that it has, or is about to get */
    uint32_t clock; /* answers received */
    bool waiting;   /* it is owed a reply */
};

struct server {
    const struct policy_config *config;
    struct server_rules rules;
    struct mix_term term;
    uint32_t iteration; /* worker: gradients begun */
    bool stopping, done;

    /* the server itself */
    struct client *client; /* [peer_count] */
    uint32_t *receivers;   /* [peer_count] of the one send a step can have */
    uint64_t version;      /* answers taken in */
    uint32_t slowest;      /* least clock of all clients */
    uint32_t byes;

    /* a worker */
    uint64_t kept; /* handle of the server's model that the own one was made from; 0 = none */
    bool owed;     /* a reply is to come; true from the start */
};

size_t server_lay_out(void *memory, const struct policy_config *config, struct server_rules rules)
{
    struct layout layout = {.base = memory};
    struct server *self = layout_take(&layout, 1, sizeof(*self));
    const struct server made = {
        .config = config,
        .rules = rules,
        .client = layout_take(&layout, config->peer_count, sizeof(struct client)),
        .receivers = layout_take(&layout, config->peer_count, sizeof(uint32_t)),
        .owed = true,
    };
    CHECK(config->self == 0 || config->peer_count == 1);
    if (self)
        *self = made;
    return layout.used;
}

const char *server_check(const struct policy_config *config)
{
    if (config->workers < 2)
        return "worker 0 serves and computes nothing, so at least 2 workers are needed";
    if (config->workers - 1 > STEP_PEERS_MAX)
        return "one server serves at most 1023 others";
    return NULL;
}

static void finish(struct server *self, struct actions *out)
{
    self->done = true;
    say_done(out);
}

/* ---------------------------------------------------------------------------------------------------- the server */

static bool may_go(const struct server *self, const struct client *client)
{
    return self->stopping || self->rules.ahead_max == SERVER_FREE ||
           client->clock - self->slowest <= self->rules.ahead_max;
}

/* The current model to those of clients [from, to) that are owed it and may have it. */
static void reply(struct server *self, uint32_t from, uint32_t to, struct actions *out)
{
    uint32_t count = 0;
    for (uint32_t i = from; i < to; i++) {
        struct client *client = &self->client[i];
        if (!client->waiting || !may_go(self, client))
            continue;
        client->waiting = false;
        client->given = self->version;
        self->receivers[count++] = i;
    }
    if (count > 0)
        say_send(out, TENSOR_MODEL, self->version, self->receivers, count, 1);
}

static void begin_serving(struct server *self, struct actions *out)
{
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        self->client[i].waiting = true;
    reply(self, 0, self->config->peer_count, out);
}

/* One more answer of this client. True: it was the last of the slowest. */
static bool tick(struct server *self, struct client *client)
{
    if (client->clock++ > self->slowest)
        return false;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->client[i].clock == self->slowest)
            return false;
    self->slowest++; /* everybody is beyond it, this client by one */
    return true;
}

static void take_in(struct server *self, const struct event *event, struct actions *out)
{
    CHECK(!self->done);
    CHECK(event->peer < self->config->peer_count);
    struct client *client = &self->client[event->peer];
    CHECK(!client->waiting);
    const uint64_t staleness = self->version - client->given;
    const bool divided = self->rules.damped && staleness > 1;
    self->term = (struct mix_term){.handle = event->handle,
                                   .base = event->tag,
                                   .peer = event->peer,
                                   .weight = divided ? (uint32_t)staleness : 1};
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = MIX_DELTA_OWN,
                                      .tag = self->version,
                                      .terms = &self->term,
                                      .count = 1,
                                      .degree = 1});
    say_release(out, event->peer, event->handle);
    self->version++;
    client->waiting = true;
    if (tick(self, client))
        reply(self, 0, self->config->peer_count, out);
    else
        reply(self, event->peer, event->peer + 1, out);
}

static void serve(struct server *self, const struct event *event, struct actions *out)
{
    switch ((enum event_kind)event->kind) {
    case EV_START:
        begin_serving(self, out);
        return;
    case EV_TENSOR:
        take_in(self, event, out);
        return;
    case EV_CONTROL:
        CHECK(event->type == SERVER_BYE);
        self->byes++;
        break;
    case EV_STOP:
        self->stopping = true;
        reply(self, 0, self->config->peer_count, out);
        break;
    default:
        return;
    }
    if (self->stopping && self->byes == self->config->peer_count)
        finish(self, out);
}

/* ----------------------------------------------------------------------------------------------------- a worker */

static const uint32_t to_server; /* index 0: the only peer */

static void leave(struct server *self, struct actions *out)
{
    if (self->kept)
        say_release(out, to_server, self->kept);
    self->kept = 0;
    say_control(out, SERVER_BYE, &to_server, 1, 0);
    finish(self, out);
}

static void adopt(struct server *self, const struct event *event, struct actions *out)
{
    CHECK(self->owed);
    CHECK(event->handle != 0);
    self->owed = false;
    if (self->stopping) {
        say_release(out, event->peer, event->handle);
        leave(self, out);
        return;
    }
    self->term = (struct mix_term){.handle = event->handle, .peer = event->peer, .weight = 1};
    actions_push(out,
                 (struct action){.kind = ACT_MIX,
                                 .rule = MIX_WEIGHTED, /* the own model weighs nothing: a copy */
                                 .tag = event->tag,
                                 .terms = &self->term,
                                 .count = 1,
                                 .degree = 0});
    if (self->kept)
        say_release(out, event->peer, self->kept);
    self->kept = event->handle;
    say_compute(out, self->iteration);
}

static void answer(struct server *self, struct actions *out)
{
    CHECK(!self->owed);
    CHECK(!self->stopping);
    self->owed = true;
    say_apply(out, self->iteration++);
    say_send(out, TENSOR_MODEL, self->kept, &to_server, 1, 1);
}

static void work(struct server *self, const struct event *event, struct actions *out)
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
        if (!self->owed)
            leave(self, out);
        return;
    default:
        return;
    }
}

/* --------------------------------------------------------------------------------------------------- both of them */

void server_step(void *state, const struct event *event, struct actions *out)
{
    struct server *self = state;
    if (self->config->self == 0)
        serve(self, event, out);
    else
        work(self, event, out);
}

void server_counters(const void *state, struct policy_counters *out)
{
    const struct server *self = state;
    out->committed = self->version;
}
