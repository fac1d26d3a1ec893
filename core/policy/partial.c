/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Partial averaging by a fixed rule: AAU without what adapts. A worker that has applied its gradient is ready; it averages
 * as soon as enough of its neighbours are ready too, and the option `wait` says how many that is:
 *
 *   k         k of them, or all when it has fewer
 *   fraction  that share of them, rounded up
 *   random    a number drawn anew for each iteration, from 1 to all
 *   timeout   whoever is ready timeout_ns after itself; nobody: it goes on unmixed
 *
 *   leader: its rule is met       member
 *   INVITE                   ->   is ready: YES, and from now on it is bound: it waits and changes nothing. Else NO
 *   enough YES: its model    ->   sends its model, mixes, computes
 *   mixes the models         <-
 *   too few YES: ABORT       ->   waits on
 *
 * The active graph is a star whose edges and degrees both ends know, so the matrix is symmetric and doubly stochastic.
 * Weights metropolis: by active degrees (all members; 1); uniform: by degrees in the graph, so that an edge weighs the
 * same whoever else takes part. A member goes on with its leader even if its own rule asks for more, as in AAU.
 *
 * How a group is agreed on, and why everybody goes on again and again, stands in partial_group.c.
 *
 * Paper: none; the control for arXiv 2306.06559, with a fixed number in the place of one that adapts. The messages
 * are ours.
 */
#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/partial_state.h"
#include "core/policy/rows.h"
#include "core/policy/say.h"

#define TIMER_WAIT 1u

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    struct partial *self = layout_take(&layout, 1, sizeof(*self));
    const struct partial made = {
        .config = config,
        .peer = layout_take(&layout, config->peer_count, sizeof(struct partial_peer)),
        .everyone = layout_everyone(&layout, config->peer_count),
        .terms = layout_take(&layout, config->peer_count, sizeof(struct mix_term)),
        .rng = {.key = config->seed},
        .alive = config->peer_count,
    };
    if (self)
        *self = made;
    return layout.used;
}

static const char *partial_check(const struct policy_config *config)
{
    const struct partial_options o = options_of(config);
    if (o.wait == PARTIAL_K && o.k == 0)
        return "partial with wait k needs k of at least 1";
    if (o.wait == PARTIAL_FRACTION && !(o.fraction > 0 && o.fraction <= 1))
        return "partial with wait fraction needs a fraction above 0 and up to 1";
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ the wait rules */

uint32_t partial_wanted(const struct partial *self)
{
    const struct partial_options o = options_of(self->config);
    uint32_t want = 1; /* timeout: whoever is there by then */
    if (o.wait == PARTIAL_K)
        want = o.k;
    else if (o.wait == PARTIAL_FRACTION)
        want = (uint32_t)(o.fraction * self->alive + (1 - 1e-9)); /* up, but 0.07 * 100 is 7 */
    else if (o.wait == PARTIAL_RANDOM)
        want = self->drawn;
    return want < self->alive ? want : self->alive;
}

static void on_gradient(struct partial *self, uint64_t now_ns, struct actions *out)
{
    const struct partial_options o = options_of(self->config);
    CHECK(self->status == PARTIAL_COMPUTING);
    say_apply(out, self->iteration);
    self->iteration++;
    if (o.wait == PARTIAL_RANDOM && self->alive > 0)
        self->drawn = 1 + rng_below(&self->rng, self->alive);
    if (o.wait == PARTIAL_TIMEOUT && self->alive > 0) {
        self->holding = true;
        say_timer(out, TIMER_WAIT, self->iteration, now_ns + o.timeout_ns);
    }
    partial_group_ready(self, out);
}

static void on_timer(struct partial *self, const struct event *event, struct actions *out)
{
    if (!self->holding || event->tag != self->iteration)
        return;
    self->holding = false;
    if (self->status == PARTIAL_IDLE)
        partial_group_consider(self, out);
}

void partial_compute(struct partial *self, struct actions *out)
{
    partial_group_go_on(self, out);
    if (self->holding)
        say_cancel(out, TIMER_WAIT);
    self->holding = false;
    self->status = self->stopping ? PARTIAL_DONE : PARTIAL_COMPUTING;
    if (self->stopping)
        say_done(out);
    else
        say_compute(out, self->iteration);
}

/* -------------------------------------------------------------------------------------------------- the exchange */

static uint64_t tag_of(const struct partial *self, uint32_t leader)
{
    return (uint64_t)leader << 32 | self->seq;
}

/* What the Metropolis rule is told at both ends. */
static uint32_t degree_of(const struct partial *self, uint32_t active)
{
    return options_of(self->config).weights == WEIGHTS_UNIFORM ? self->config->peer_count : active;
}

/* It says as well that neither end counts as ready for the other any more, nor claims it. */
static void send_model(struct partial *self, uint32_t peer, uint8_t type, uint64_t tag,
                       uint32_t active, struct actions *out)
{
    self->peer[peer].ready = false;
    self->peer[peer].notified = false;
    self->peer[peer].claim = 0;
    self->peer[peer].claimed = false;
    say_send(out, type, tag, &self->everyone[peer], 1, degree_of(self, active));
}

static void mix(struct partial *self, uint64_t tag, uint32_t active, uint32_t count,
                struct actions *out)
{
    self->counters.committed++;
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = MIX_METROPOLIS,
                                      .tag = tag,
                                      .terms = self->terms,
                                      .count = count,
                                      .degree = degree_of(self, active)});
    say_release_terms(out, self->terms, count);
}

/* Member: the leader's model is the word that the group is committed. */
static void follow(struct partial *self, const struct event *event, struct actions *out)
{
    CHECK(self->status == PARTIAL_BOUND);
    CHECK(event->peer == self->leader);
    CHECK(event->tag == tag_of(self, self->config->peers[event->peer]));
    send_model(self, event->peer, TENSOR_RESPONSE, event->tag, 1, out);
    self->terms[0] =
        (struct mix_term){.handle = event->handle, .peer = event->peer, .weight = event->degree};
    mix(self, event->tag, 1, 1, out);
    partial_compute(self, out);
}

void partial_commit(struct partial *self, uint32_t members, struct actions *out)
{
    const uint64_t tag = tag_of(self, self->config->self);
    self->status = PARTIAL_EXCHANGING;
    self->members = members;
    self->awaited = members;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->peer[i].member)
            send_model(self, i, TENSOR_MODEL, tag, members, out);
    partial_group_go_on(self, out);
}

/* Leader: mix when all models are here. The share of a member that was lost on the way stays with this worker. */
static void finish(struct partial *self, struct actions *out)
{
    uint32_t count = 0;
    if (self->awaited > 0)
        return;
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        struct partial_peer *const peer = &self->peer[i];
        if (peer->member)
            self->terms[count++] =
                (struct mix_term){.handle = peer->handle, .peer = i, .weight = peer->degree};
        peer->member = false;
        peer->handle = 0;
    }
    if (count > 0)
        mix(self, tag_of(self, self->config->self), self->members, count, out);
    else
        self->counters.unmixed++;
    partial_compute(self, out);
}

static void gather(struct partial *self, const struct event *event, struct actions *out)
{
    struct partial_peer *const peer = &self->peer[event->peer];
    CHECK(self->status == PARTIAL_EXCHANGING);
    CHECK(event->tag == tag_of(self, self->config->self));
    CHECK(peer->member);
    CHECK(peer->handle == 0);
    peer->handle = event->handle;
    peer->degree = event->degree;
    self->awaited--;
    finish(self, out);
}

/* --------------------------------------------------------------------------------------------------------- events */

/* Nothing will come from this peer any more. */
static void lose(struct partial *self, uint32_t index, struct actions *out)
{
    struct partial_peer *const peer = &self->peer[index];
    CHECK(!peer->gone);
    peer->gone = true;
    peer->ready = peer->claimed = false;
    peer->claim = peer->noes = 0;
    self->alive--;
    self->counters.evicted++;
    say_evict(out, index);
    if (self->status != PARTIAL_EXCHANGING) {
        partial_group_lose(self, index, out);
    } else if (peer->member && peer->handle == 0) {
        peer->member = false;
        self->awaited--;
        finish(self, out);
    }
}

/* Back, empty: neither end counts as ready for the other, and a model of its earlier life may still be held to be mixed. */
static void welcome(struct partial *self, uint32_t index, struct actions *out)
{
    struct partial_peer *const peer = &self->peer[index];
    CHECK(peer->gone);
    peer->gone = peer->ready = peer->notified = false;
    self->alive++;
    partial_group_welcome(self, index, out);
}

static void on_message(struct partial *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->config->peer_count);
    if (self->peer[event->peer].gone) { /* sent before it was lost */
        if (event->kind == EV_TENSOR)
            say_release(out, event->peer, event->handle);
    } else if (event->kind == EV_CONTROL) {
        partial_group_control(self, event, out);
    } else if (event->type == TENSOR_MODEL) {
        follow(self, event, out);
    } else {
        gather(self, event, out);
    }
}

static void partial_step(void *state, const struct event *event, struct actions *out)
{
    struct partial *self = state;
    switch ((enum event_kind)event->kind) {
    case EV_START:
        partial_compute(self, out);
        return;
    case EV_GRADIENT:
        on_gradient(self, event->now_ns, out);
        return;
    case EV_TENSOR:
    case EV_CONTROL:
        on_message(self, event, out);
        return;
    case EV_TIMER:
        on_timer(self, event, out);
        return;
    case EV_PEER_DOWN:
        lose(self, event->peer, out);
        return;
    case EV_PEER_UP:
        welcome(self, event->peer, out);
        return;
    case EV_STOP:
        self->stopping = true;
        if (self->status == PARTIAL_COMPUTING || self->status == PARTIAL_IDLE)
            partial_compute(self, out); /* that is, be done */
        return;
    default:
        return;
    }
}

static const struct policy_choice waits[] = {
    [PARTIAL_K] = {.name = "k", .help = "until `k` neighbours have answered"},
    [PARTIAL_FRACTION] = {.name = "fraction",
                          .help = "until this `fraction` of the neighbours has answered"},
    [PARTIAL_TIMEOUT] = {.name = "timeout", .help = "until `timeout` after the own gradient"},
    [PARTIAL_RANDOM] = {.name = "random",
                        .help = "until a number of neighbours drawn each round has answered"},
    {.name = NULL},
};

static const struct policy_choice weights[] = {
    [WEIGHTS_METROPOLIS] = {.name = "metropolis", .help = "1 / (1 + the larger active degree)"},
    [WEIGHTS_UNIFORM] = {.name = "uniform", .help = "the same for everybody who takes part"},
    {.name = NULL},
};

static const struct policy_option options[] = {
    {.name = "wait",
     .type = OPTION_CHOICE,
     POLICY_OPTION_AT(struct partial_options, wait),
     .fallback = "k",
     .unit = "wait rule",
     .help = "how long a worker waits for its neighbours",
     .choices = waits},
    {.name = "weights",
     .type = OPTION_CHOICE,
     POLICY_OPTION_AT(struct partial_options, weights),
     .fallback = "metropolis",
     .unit = "kind of weights",
     .help = "weights of the average",
     .choices = weights},
    {.name = "k",
     .type = OPTION_COUNT,
     POLICY_OPTION_AT(struct partial_options, k),
     .by = "wait",
     .only = "k",
     .min = 1,
     .max = OPTION_PEERS_MAX,
     .fallback = "2",
     .unit = "neighbours",
     .help = "how many are waited for; who has fewer waits for all",
     .draw = {1, OPTION_WORKERS, 0}},
    {.name = "fraction",
     .type = OPTION_SHARE,
     POLICY_OPTION_AT(struct partial_options, fraction),
     .by = "wait",
     .only = "fraction",
     .min = 1e-6,
     .max = 1,
     .fallback = "50%",
     .unit = "of the neighbours",
     .help = "how many are waited for",
     .draw = {1, 10, 0}},
    {.name = "timeout",
     .type = OPTION_NS,
     POLICY_OPTION_AT(struct partial_options, timeout_ns),
     .by = "wait",
     .only = "timeout",
     .min = 1,
     .max = OPTION_HOUR_NS,
     .fallback = "1ms",
     .unit = "time",
     .help = "how long others are waited for after the own gradient",
     .draw = {0, 3, 0}},
    {.name = NULL},
};

const struct policy policy_partial = {
    .name = "partial",
    .help = "waits by a fixed rule for some ready neighbours (aau without what adapts)",
    .source = "control for Xiong et al., MobiHoc 2024, arXiv 2306.06559",
    .waits_for = "a number of ready neighbours, or a timeout",
    .lost_message = "the group hangs",
    .options = options,
    .edges = POLICY_EDGES_GRAPH,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_DOUBLY,
    .exact_depth =
        2, /* the least; one model per edge and group is unread, and no next group before it was mixed */
    .slots_fixed = 3, /* current, being written, one on its way back */
    .slots_per_edge =
        1, /* a leader that still waits for another member; its next YES or INVITE comes after the mix */
    .survives_loss = true,
    .survives_return = true,
    .check = partial_check,
    .lay_out = lay_out,
    .step = partial_step,
    .counters_at = offsetof(struct partial, counters),
};
