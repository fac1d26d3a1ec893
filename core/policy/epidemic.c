/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Epidemic learning: after each step a worker sends its model to `fanout` random workers, drawn anew, waits for a while, and
 * takes the mean of its own model and all that came since its last mean, of each sender the newest.
 *
 * The receivers do not send back, so rows of the matrix sum to one and columns only in expectation: the mean of all
 * models drifts. Nobody waits for anybody: a lost message or worker costs one term.
 *
 * The timer begins with the send, when the worker is ready, as the timeout is meant to let slower senders in; what
 * comes while it computes is kept for the next mean.
 *
 * Paper: De Vos et al., NeurIPS 2023, EL-Local. A reconstruction.
 */
#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/base/rng.h"
#include "core/policy/rows.h"
#include "core/policy/say.h"

#define TIMER_MEAN 1u

struct epidemic_options {
    uint64_t timeout_ns;
    uint32_t fanout; /* receivers per iteration */
};
POLICY_OPTIONS(struct epidemic_options)

struct epidemic {
    const struct policy_config *config;
    uint32_t *alive; /* [alive_count] peers that may be drawn, in the order of the last draws */
    uint64_t *held;  /* [peer_count] newest model of each, or 0 */
    bool *gone;      /* [peer_count] */
    struct mix_term *terms; /* [peer_count] */
    struct rng rng;
    struct policy_counters counters;
    uint32_t alive_count;
    uint32_t iteration; /* also the generation of the timer */
    bool waiting;       /* the timer runs */
    bool done;
};

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    const uint32_t n = config->peer_count;
    struct epidemic *self = layout_take(&layout, 1, sizeof(*self));
    const struct epidemic made = {
        .config = config,
        .alive = layout_everyone(&layout, n),
        .held = layout_take(&layout, n, sizeof(uint64_t)),
        .gone = layout_take(&layout, n, sizeof(bool)),
        .terms = layout_take(&layout, n, sizeof(struct mix_term)),
        .rng = {.key = config->seed},
        .alive_count = n,
    };
    if (self)
        *self = made;
    return layout.used;
}

static const char *epidemic_check(const struct policy_config *config)
{
    if (options_of(config).fanout == 0)
        return "epidemic needs a fanout of at least 1";
    if (options_of(config).fanout > config->peer_count)
        return "epidemic has a fanout above the number of other workers";
    return NULL;
}

static void compute(struct epidemic *self, struct actions *out)
{
    say_compute(out, self->iteration);
}

/* The first `fanout` of a shuffle: a list that stays as it is until the next draw. */
static uint32_t draw(struct epidemic *self)
{
    const uint32_t fanout = options_of(self->config).fanout;
    const uint32_t count = fanout < self->alive_count ? fanout : self->alive_count;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t other = i + rng_below(&self->rng, self->alive_count - i);
        const uint32_t peer = self->alive[other];
        self->alive[other] = self->alive[i];
        self->alive[i] = peer;
    }
    return count;
}

static void on_gradient(struct epidemic *self, uint64_t now_ns, struct actions *out)
{
    CHECK(!self->waiting);
    say_apply(out, self->iteration);
    const uint32_t count = draw(self);
    if (count > 0)
        say_send(out, TENSOR_MODEL, self->iteration, self->alive, count, count);
    self->iteration++;
    self->waiting = true;
    say_timer(out, TIMER_MEAN, self->iteration, now_ns + options_of(self->config).timeout_ns);
}

static void mix(struct epidemic *self, struct actions *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        if (self->held[i] != 0)
            self->terms[count++] =
                (struct mix_term){.handle = self->held[i], .peer = i, .weight = 1};
        self->held[i] = 0;
    }
    self->counters.committed += count > 0;
    self->counters.unmixed += count == 0;
    if (count == 0)
        return;
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = MIX_MEAN,
                                      .tag = self->iteration,
                                      .terms = self->terms,
                                      .count = count,
                                      .degree = count});
    say_release_terms(out, self->terms, count);
}

static void keep(struct epidemic *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->config->peer_count);
    if (self->done || self->gone[event->peer]) {
        say_release(out, event->peer, event->handle);
        return;
    }
    if (self->held[event->peer] != 0) {
        say_release(out, event->peer, self->held[event->peer]);
        self->counters.dropped++;
    }
    self->held[event->peer] = event->handle;
}

static void lose(struct epidemic *self, uint32_t peer, struct actions *out)
{
    CHECK(peer < self->config->peer_count);
    CHECK(!self->gone[peer]);
    self->gone[peer] = true;
    self->counters.evicted++;
    say_evict(out, peer);
    uint32_t place = 0;
    while (self->alive[place] != peer)
        place++;
    self->alive[place] = self->alive[--self->alive_count];
}

static void welcome(struct epidemic *self, uint32_t peer)
{
    CHECK(peer < self->config->peer_count);
    CHECK(self->gone[peer]);
    self->gone[peer] = false;
    self->alive[self->alive_count++] = peer;
}

static void stop(struct epidemic *self, struct actions *out)
{
    if (self->waiting)
        say_cancel(out, TIMER_MEAN);
    self->waiting = false;
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        if (self->held[i] != 0)
            say_release(out, i, self->held[i]);
        self->held[i] = 0;
    }
    self->done = true;
    say_done(out);
}

static void epidemic_step(void *state, const struct event *event, struct actions *out)
{
    struct epidemic *self = state;
    switch ((enum event_kind)event->kind) {
    case EV_START:
        compute(self, out);
        return;
    case EV_GRADIENT:
        on_gradient(self, event->now_ns, out);
        return;
    case EV_TENSOR:
        keep(self, event, out);
        return;
    case EV_TIMER:
        if (!self->waiting || event->tag != self->iteration)
            return;
        self->waiting = false;
        mix(self, out);
        compute(self, out);
        return;
    case EV_PEER_DOWN:
        lose(self, event->peer, out);
        return;
    case EV_PEER_UP:
        welcome(self, event->peer);
        return;
    case EV_STOP:
        stop(self, out);
        return;
    default:
        return;
    }
}

static const struct policy_option options[] = {
    {.name = "timeout",
     .type = OPTION_NS,
     POLICY_OPTION_AT(struct epidemic_options, timeout_ns),
     .min = 1,
     .max = OPTION_HOUR_NS,
     .fallback = "1ms",
     .unit = "time",
     .help = "how long others are waited for after the own gradient",
     .draw = {0, 3, 0}},
    {.name = "fanout",
     .type = OPTION_COUNT,
     POLICY_OPTION_AT(struct epidemic_options, fanout),
     .min = 1,
     .max = STEP_PEERS_MAX,
     .fallback = "2",
     .unit = "receivers",
     .help = "to how many a model is sent per iteration",
     .draw = {1, 4, 0}},
    {.name = NULL},
};

const struct policy policy_epidemic = {
    .name = "epidemic",
    .help = "sends to some random workers, averages what came within a timeout",
    .source =
        "De Vos et al., NeurIPS 2023, arXiv 2310.01972; rounds replaced by each worker's timeout",
    .waits_for = "a timeout",
    .lost_message = "one term of one mean",
    .options = options,
    .edges = POLICY_EDGES_ALL,
    .tensor_class = DELIVERY_NEWEST,
    .matrix = MATRIX_ROW,
    .slots_fixed = 3, /* current, being written, one on its way back */
    .slots_per_edge =
        3, /* kept by the receiver, being handed over while that is still held, in the mailbox meanwhile */
    .survives_loss = true,
    .survives_return = true,
    .check = epidemic_check,
    .lay_out = lay_out,
    .step = epidemic_step,
    .counters_at = offsetof(struct epidemic, counters),
};
