/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Synchronous decentralized SGD: average the models of each round with all neighbours, with Metropolis weights.
 *
 *   adapt, then combine   x <- sum_j W_ij (x_j - lr g_j(x_j)): step, send, wait for the same round of each neighbour, mix
 *   combine, then adapt   x <- sum_j W_ij x_j - lr g_i(x_i): send and compute at once, wait, mix, step; the exchange
 *                         hides behind the gradient, which stays one of the model before the mix
 *
 * A neighbour can be one round ahead, never two: to send round k+2 it must have ended k+1, for which it needs our k+1,
 * and that is sent after we have ended k. (The order only moves the send from the end of a round to its beginning.) So two
 * places per neighbour, and two messages per channel, hold all that can arrive, told apart by the parity of the round.
 *
 * Slots: to end round k+1 we need it from each neighbour, who sends it after giving back our round k. So when the next model
 * is written there are that one, the mixed one it is made from, and k+1, still lent: three in either order, with k on
 * its way back four.
 *
 * Combining first, a stop that names round k may find round k+1 sent, if the driver let nobody begin its gradient: such
 * models are given back unmixed, by everybody. So are those that come to a worker that leaves alone after round k.
 *
 * A neighbour that is lost is not waited for any more, and a model of it that waits to be mixed is given back: so whoever is
 * left keeps the sum among themselves from then on. Every message carries the degree that its sender mixes with in
 * that round, so both ends of an edge still agree when one of them knew of a loss before it sent and the other did not.
 * A model of one that has left in good order is mixed, because it has mixed ours. How one comes back: dsgd_join.c.
 *
 * Paper: arXiv 1705.09056, the update of D-PSGD, which combines and adapts at once; to adapt first is how arXiv
 * 2306.06559 writes it. Messages and losses are ours.
 */
#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/dsgd_state.h"
#include "core/policy/rows.h"
#include "core/policy/say.h"

enum dsgd_order { DSGD_ADAPT_THEN_COMBINE, DSGD_COMBINE_THEN_ADAPT };

struct dsgd_options {
    enum dsgd_order order;
};
POLICY_OPTIONS(struct dsgd_options)

void dsgd_survey(struct dsgd *self)
{
    self->present = &self->places[(self->rounds.now & 1u) * self->peer_count];
    self->present_count = 0;
    for (uint32_t i = 0; i < self->peer_count; i++) {
        const struct dsgd_peer *const peer = &self->peer[i];
        if (peer->last || (!peer->lost && self->edge[i].from <= self->rounds.now))
            self->present[self->present_count++] = i;
    }
}

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    const uint32_t n = config->peer_count;
    struct dsgd *self = layout_take(&layout, 1, sizeof(*self));
    const struct dsgd made = {
        .peer = layout_take(&layout, n, sizeof(struct dsgd_peer)),
        .edge = layout_take(&layout, n, sizeof(struct dsgd_edge)),
        .everyone = layout_everyone(&layout, n),
        .terms = layout_take(&layout, n, sizeof(struct mix_term)),
        .places = layout_take(&layout, 2 * (size_t)n, sizeof(uint32_t)),
        .peer_count = n,
        .combines_first = options_of(config).order == DSGD_COMBINE_THEN_ADAPT,
    };
    if (self) {
        *self = made;
        dsgd_survey(self);
    }
    return layout.used;
}

static void mix(struct dsgd *self, struct actions *out)
{
    const uint32_t n = self->present_count;
    const uint32_t parity = self->rounds.now & 1u;
    for (uint32_t i = 0; i < n; i++) {
        struct dsgd_peer *const peer = &self->peer[self->present[i]];
        self->terms[i] = (struct mix_term){.handle = peer->handle[parity],
                                           .peer = self->present[i],
                                           .weight = peer->degree[parity]};
        peer->handle[parity] = 0;
        peer->last = false;
    }
    self->arrived[parity] = 0;
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = MIX_METROPOLIS,
                                      .tag = self->rounds.now,
                                      .round = self->rounds.now,
                                      .terms = self->terms,
                                      .count = n,
                                      .degree = self->degree});
    say_release_terms(out, self->terms, n);
}

static void send(struct dsgd *self, struct actions *out)
{
    self->unsent = self->asked_count > 0;
    if (self->unsent)
        return;
    if (self->differs)
        dsgd_survey(self);
    self->degree = self->present_count;
    if (self->degree > 0)
        say_send(out, TENSOR_MODEL, self->rounds.now, self->present, self->degree, self->degree);
}

void dsgd_begin_round(struct dsgd *self, struct actions *out)
{
    if (self->combines_first && !rounds_over(&self->rounds))
        send(self, out);
    if (!self->unsent)
        rounds_begin(&self->rounds, out);
}

/* The round ends when our own gradient and every neighbour's model are here. */
static void finish_round(struct dsgd *self, struct actions *out)
{
    if (self->rounds.computing || self->rounds.done || self->unsent || self->joining ||
        self->arrived[self->rounds.now & 1u] < self->present_count)
        return;
    if (self->present_count > 0)
        mix(self, out);
    if (self->combines_first)
        say_apply(out, self->rounds.now);
    self->rounds.now++;
    if (self->differs) {
        dsgd_survey(self);
        dsgd_count_early(self);
    }
    dsgd_begin_round(self, out);
}

void dsgd_go_on(struct dsgd *self, struct actions *out)
{
    if (!self->unsent || self->asked_count > 0)
        return;
    self->unsent = false;
    if (self->combines_first) {
        dsgd_begin_round(self, out);
        return;
    }
    send(self, out);
    finish_round(self, out);
}

static void keep(struct dsgd *self, const struct event *event)
{
    if (dsgd_keep_early(self, event))
        return;
    CHECK(event->tag == self->rounds.now || event->tag == (uint64_t)self->rounds.now + 1);
    const uint32_t parity = (uint32_t)(event->tag & 1u);
    struct dsgd_peer *const peer = &self->peer[event->peer];
    CHECK(peer->handle[parity] == 0);
    peer->handle[parity] = event->handle;
    peer->degree[parity] = event->degree;
    self->arrived[parity]++;
}

/* Stopped: what came for the round after the last one will not be mixed. */
static void release_beyond(struct dsgd *self, uint64_t last, struct actions *out)
{
    const uint32_t parity = (uint32_t)(last + 1) & 1u;
    dsgd_release_early(self, last, out);
    if (self->rounds.now < last || self->joining)
        return; /* no neighbour can have come so far */
    for (uint32_t i = 0; i < self->peer_count; i++) {
        uint64_t *const handle = &self->peer[i].handle[parity];
        if (*handle)
            say_release(out, i, *handle);
        *handle = 0;
    }
    self->arrived[parity] = 0;
}

static void give_back(struct dsgd *self, uint32_t peer, uint64_t handle, struct actions *out)
{
    self->counters.dropped++;
    say_release(out, peer, handle);
}

/* Where it has left in good order, what it sent for this round is here, or it was mixed. */
static void drop_models(struct dsgd *self, uint32_t peer, bool left, struct actions *out)
{
    struct dsgd_peer *const p = &self->peer[peer];
    for (uint32_t parity = 0; parity < 2; parity++) {
        if (p->handle[parity] == 0)
            continue;
        if ((left || p->last) && parity == (self->rounds.now & 1u)) {
            p->last = true;
            continue;
        }
        give_back(self, peer, p->handle[parity], out);
        p->handle[parity] = 0;
        self->arrived[parity]--;
    }
    dsgd_drop_early(self, peer, out);
}

static void on_down(struct dsgd *self, uint32_t peer, bool left, struct actions *out)
{
    CHECK(peer < self->peer_count);
    if (self->peer[peer].lost)
        return;
    self->peer[peer].lost = self->differs = true;
    self->counters.evicted++;
    say_evict(out, peer);
    drop_models(self, peer, left, out);
    dsgd_survey(self);
    finish_round(self, out);
    dsgd_ask_no_more(self, peer, out);
}

static void on_tensor(struct dsgd *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->peer_count);
    if (self->peer[event->peer].lost) {
        give_back(self, event->peer, event->handle, out);
        return;
    }
    const bool beyond = self->rounds.stopping && event->tag > self->rounds.last;
    CHECK(beyond || !self->rounds.done);
    if (beyond) {
        say_release(out, event->peer, event->handle);
        return;
    }
    keep(self, event);
    finish_round(self, out);
}

static void on_gradient(struct dsgd *self, struct actions *out)
{
    CHECK(self->rounds.computing);
    if (self->combines_first) {
        self->rounds.computing = false;
    } else {
        rounds_apply(&self->rounds, out);
        send(self, out);
    }
    finish_round(self, out);
}

static void on_stop(struct dsgd *self, uint64_t last, struct actions *out)
{
    rounds_stop(&self->rounds, last, out);
    if (self->unsent && rounds_over(&self->rounds)) { /* what it waits to send is not wanted */
        self->unsent = false;
        rounds_begin(&self->rounds, out);
    }
}

static void dsgd_step(void *state, const struct event *event, struct actions *out)
{
    struct dsgd *self = state;
    switch ((enum event_kind)event->kind) {
    case EV_START:
        if (event->tag > 0)
            dsgd_join(self, event->version, out);
        else
            dsgd_begin_round(self, out);
        return;
    case EV_GRADIENT:
        on_gradient(self, out);
        return;
    case EV_TENSOR:
        on_tensor(self, event, out);
        return;
    case EV_STOP:
        release_beyond(self, event->tag, out);
        on_stop(self, event->tag, out);
        return;
    case EV_CONTROL:
        dsgd_on_control(self, event, out);
        return;
    case EV_PEER_DOWN:
        on_down(self, event->peer, event->type == PEER_LEFT, out);
        return;
    case EV_PEER_UP:
        CHECK(event->peer < self->peer_count);
        dsgd_on_up(self, event->peer, out);
        return;
    default:
        return;
    }
}

static const struct policy_choice orders[] = {
    [DSGD_ADAPT_THEN_COMBINE] = {.name = "atc",
                                 .help =
                                     "adapt, then combine: step, then average the stepped models"},
    [DSGD_COMBINE_THEN_ADAPT] =
        {.name = "cta",
         .help = "combine, then adapt: average while the gradient is computed, then step"},
    {.name = NULL},
};

static const struct policy_option options[] = {
    {.name = "order",
     .type = OPTION_CHOICE,
     POLICY_OPTION_AT(struct dsgd_options, order),
     .fallback = "atc",
     .unit = "order",
     .help = "does the step come before or after the average?",
     .choices = orders},
    {.name = NULL},
};

const struct policy policy_dsgd = {
    .name = "dsgd",
    .help = "every round averages with all neighbours",
    .source = "Lian et al., NeurIPS 2017, arXiv 1705.09056; adapt, then combine: arXiv 2306.06559",
    .waits_for = "all neighbours, same round",
    .lost_message = "the neighbourhood stalls",
    .options = options,
    .edges = POLICY_EDGES_GRAPH,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_DOUBLY,
    .exact_depth = 2, /* this round and the next */
    .slots_fixed = 5, /* current, being written, one round lent, one on its way back, one spare */
    .synchronous = true,
    .survives_loss = true,
    .survives_return = true,
    .lay_out = lay_out,
    .step = dsgd_step,
    .counters_at = offsetof(struct dsgd, counters),
};
