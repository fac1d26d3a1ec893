/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DSGD-AAU, our reconstruction, with a central Pathsearch (oracle.h): the worker's part. It applies its gradient and is
 * ready; the oracle says at once who is released, and ACT_WAKE tells the others. Each of them sends its model to its active
 * neighbours, that is those released by the same exchange, waits for theirs and mixes with Metropolis weights.
 *
 * Nobody can be in two exchanges: a member leaves its own only after all its active neighbours have sent. So the number of
 * the exchange is tag enough, and the shared state still says who is in it when the last member learns of it. Models may
 * overtake the wake-up.
 *
 * Release nbr: the edges among the neighbours of the worker that finished are active too, as A(k) exchanges along E.
 * Release all: whoever is released without an active neighbour goes on unmixed, and is counted.
 */
#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/aau_options.h"
#include "core/policy/oracle.h"
#include "core/policy/rows.h"
#include "core/policy/say.h"

enum status {
    COMPUTING,
    READY,    /* waits for the oracle, or has been released and not woken yet */
    EXCHANGE, /* has sent, waits for models */
    DONE,
};

struct peer {
    uint64_t handle; /* its model for this exchange; 0: not here yet */
    uint32_t id;
    uint16_t degree; /* active degree that came with it */
    bool active;
    bool lost;
};

/* What most events need comes first: a simulation holds thousands of these. */
struct aau_oracle {
    struct oracle *oracle;
    struct peer *peer; /* [peer_count] */
    enum status status;
    uint32_t self; /* own id */
    uint32_t peer_count;
    uint32_t waiting; /* EXCHANGE: models still to come */
    uint32_t degree;  /* EXCHANGE: active neighbours at its beginning */
    uint32_t present; /* peers not lost */
    uint32_t iteration;
    uint32_t mixed_epoch;   /* in which this worker mixed last */
    uint32_t max_staleness; /* 0: no alarm */
    bool alarmed;           /* since it mixed last */
    bool stopping;
    uint32_t *list;         /* [peer_count] active neighbours */
    struct mix_term *terms; /* [peer_count] */
    struct policy_counters counters;
};

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    const uint32_t n = config->peer_count;
    struct aau_oracle *self = layout_take(&layout, 1, sizeof(*self));
    const struct aau_oracle made = {
        .oracle = config->shared,
        .self = config->self,
        .peer_count = n,
        .max_staleness = options_of(config).max_staleness,
        .peer = layout_take(&layout, n, sizeof(struct peer)),
        .list = layout_take(&layout, n, sizeof(uint32_t)),
        .terms = layout_take(&layout, n, sizeof(struct mix_term)),
        .present = n,
    };
    if (self)
        *self = made;
    CHECK(!self || self->oracle);
    for (uint32_t i = 0; self && i < n; i++)
        self->peer[i].id = config->peers[i];
    return layout.used;
}

static const char *aau_oracle_check(const struct policy_config *config)
{
    if (options_of(config).evict_after_ns > 0)
        return "evict_after needs pathsearch: messages, because an oracle knows who is there";
    return NULL;
}

static struct oracle_worker *seat(struct aau_oracle *self)
{
    return &self->oracle->worker[self->self];
}

static void compute(struct aau_oracle *self, struct actions *out)
{
    oracle_leave(self->oracle, self->self);
    if (self->stopping) {
        self->status = DONE;
        say_done(out);
        return;
    }
    self->status = COMPUTING;
    say_compute(out, self->iteration);
}

static void alone(struct aau_oracle *self, struct actions *out)
{
    self->counters.unmixed++;
    compute(self, out);
}

/* ------------------------------------------------------------------------------------------------- the exchange */

static void mix(struct aau_oracle *self, struct actions *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->peer_count; i++) {
        struct peer *const peer = &self->peer[i];
        if (!peer->active)
            continue;
        CHECK(peer->handle != 0);
        self->terms[count++] =
            (struct mix_term){.handle = peer->handle, .peer = i, .weight = peer->degree};
        peer->handle = 0;
        peer->active = false;
    }
    if (count == 0) {
        self->counters.unmixed++;
        return;
    }
    self->mixed_epoch = self->oracle->path.epoch;
    self->alarmed = false;
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = MIX_METROPOLIS,
                                      .tag = seat(self)->exchange,
                                      .terms = self->terms,
                                      .count = count,
                                      .degree = self->degree});
    say_release_terms(out, self->terms, count);
}

static void finish_exchange(struct aau_oracle *self, struct actions *out)
{
    if (self->status != EXCHANGE || self->waiting > 0)
        return;
    mix(self, out);
    compute(self, out);
}

/* Released: whoever is in the same exchange is an active neighbour. */
static void begin_exchange(struct aau_oracle *self, struct actions *out)
{
    const uint32_t exchange = seat(self)->exchange;
    self->degree = 0;
    self->waiting = 0;
    for (uint32_t i = 0; i < self->peer_count; i++) {
        struct peer *const peer = &self->peer[i];
        peer->active = self->oracle->worker[peer->id].exchange == exchange && !peer->lost;
        if (!peer->active)
            continue;
        self->list[self->degree++] = i;
        self->waiting += peer->handle == 0;
    }
    if (self->degree == 0) {
        alone(self, out);
        return;
    }
    self->status = EXCHANGE;
    self->counters.committed++;
    say_send(out, TENSOR_MODEL, exchange, self->list, self->degree, self->degree);
    finish_exchange(self, out);
}

/* What the oracle has just decided: wake the others, then go on ourselves, if we are among them. */
static void follow(struct aau_oracle *self, struct actions *out)
{
    const struct oracle *const oracle = self->oracle;
    if (oracle->released_count > 0)
        actions_push(out, (struct action){.kind = ACT_WAKE,
                                          .tag = oracle->exchanges,
                                          .peers = oracle->released,
                                          .count = oracle->released_count});
    if (self->status == READY && seat(self)->status == ORACLE_RELEASED)
        begin_exchange(self, out);
}

/* ------------------------------------------------------------------------------------------------------ events */

static void watch_staleness(struct aau_oracle *self)
{
    const uint32_t most = self->max_staleness;
    if (most == 0 || self->alarmed || self->oracle->path.epoch - self->mixed_epoch <= most)
        return;
    self->alarmed = true;
    self->counters.alarms++;
}

static void on_gradient(struct aau_oracle *self, struct actions *out)
{
    CHECK(self->status == COMPUTING);
    say_apply(out, self->iteration);
    self->iteration++;
    watch_staleness(self);
    if (self->present == 0) {
        alone(self, out);
        return;
    }
    self->status = READY;
    oracle_ready(self->oracle, self->self);
    follow(self, out);
}

static void on_model(struct aau_oracle *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->peer_count);
    struct peer *const peer = &self->peer[event->peer];
    if (peer->lost) {
        self->counters.dropped++;
        say_release(out, event->peer, event->handle);
        return;
    }
    CHECK(seat(self)->status == ORACLE_RELEASED);
    CHECK(event->tag == seat(self)->exchange);
    CHECK(peer->handle == 0);
    peer->handle = event->handle;
    peer->degree = (uint16_t)event->degree;
    if (self->status != EXCHANGE)
        return;
    CHECK(peer->active);
    self->waiting--;
    finish_exchange(self, out);
}

static void on_stop(struct aau_oracle *self, struct actions *out)
{
    self->stopping = true;
    if (self->status == COMPUTING || seat(self)->status == ORACLE_READY)
        compute(self, out); /* that is, be done */
}

/* ------------------------------------------------------------------------------------------------------- losses */

/* A model that is here is mixed: the lost worker may have mixed ours, too. One that is not is not waited for. */
static void on_down(struct aau_oracle *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->peer_count);
    struct peer *const peer = &self->peer[event->peer];
    if (peer->lost)
        return;
    peer->lost = true;
    self->present--;
    self->counters.evicted++;
    say_evict(out, event->peer);
    if (self->status == READY && peer->handle != 0) {
        say_release(out, event->peer, peer->handle);
        peer->handle = 0;
    }
    oracle_lose(self->oracle, self->peer[event->peer].id, self->self);
    follow(self, out);
    if (self->status == EXCHANGE && peer->active && peer->handle == 0) {
        peer->active = false;
        self->waiting--;
        self->counters.torn++;
        finish_exchange(self, out);
    } else if (self->present == 0 && seat(self)->status == ORACLE_READY) {
        alone(self, out);
    }
}

static void on_up(struct aau_oracle *self, const struct event *event)
{
    CHECK(event->peer < self->peer_count);
    struct peer *const peer = &self->peer[event->peer];
    self->present += peer->lost;
    peer->lost = false;
    oracle_return(self->oracle, self->peer[event->peer].id);
}

static void aau_oracle_step(void *state, const struct event *event, struct actions *out)
{
    struct aau_oracle *self = state;
    switch ((enum event_kind)event->kind) {
    case EV_START:
        compute(self, out);
        return;
    case EV_GRADIENT:
        on_gradient(self, out);
        return;
    case EV_WAKE:
        if (self->status != READY) /* it had to go on before, because of a loss */
            return;
        CHECK(seat(self)->status == ORACLE_RELEASED);
        begin_exchange(self, out);
        return;
    case EV_TENSOR:
        on_model(self, event, out);
        return;
    case EV_PEER_DOWN:
        on_down(self, event, out);
        return;
    case EV_PEER_UP:
        on_up(self, event);
        return;
    case EV_STOP:
        on_stop(self, out);
        return;
    default:
        return;
    }
}

static void aau_oracle_counters(const void *state, struct policy_counters *out)
{
    const struct aau_oracle *const self = state;
    out->epochs = self->oracle->path.epoch;
}

const struct policy policy_aau_oracle = {
    .name = "aau",
    .help = "waits only until an edge new to this epoch is ready (our reconstruction of DSGD-AAU)",
    .source =
        "Xiong et al., MobiHoc 2024, arXiv 2306.06559: our reconstruction, as its full text was "
        "not read; central Pathsearch",
    .caution = "our reconstruction",
    .waits_for = "a ready neighbour that the epoch has not connected yet",
    .lost_message = "the group hangs",
    .options = aau_options,
    .edges = POLICY_EDGES_GRAPH,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_DOUBLY,
    .exact_depth =
        2, /* one model per edge and exchange, and no next exchange before it was mixed */
    .slots_fixed = 3,    /* current, being written, one on its way back */
    .slots_per_edge = 1, /* a neighbour that still waits for somebody else's model */
    .survives_loss = true,
    .return_refusal = "neighbours hear of who comes back at different times, and would contradict "
                      "each other in the "
                      "state that they share; pathsearch: messages takes it in",
    .check = aau_oracle_check,
    .shared_bytes = oracle_bytes,
    .shared_init = oracle_init,
    .shared_fetch = oracle_fetch,
    .lay_out = lay_out,
    .step = aau_oracle_step,
    .counters_at = offsetof(struct aau_oracle, counters),
    .counters = aau_oracle_counters,
};
