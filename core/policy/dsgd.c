/*
 * Synchronous decentralized SGD, adapt-then-combine: step, send to all neighbours, wait for the same round of each of
 * them, average with Metropolis weights.
 *
 * A neighbour can be one round ahead, never two: to send round k+2 it needs our round k+1. So two places per neighbour
 * hold all that can arrive, told apart by the parity of the round.
 */
#include "core/base/check.h"
#include "core/policy/layout.h"
#include "core/policy/rounds.h"
#include "core/policy/rows.h"

struct held {
    uint64_t handle; /* 0: not here yet */
    uint32_t degree;
};

struct dsgd {
    const struct policy_config *config;
    uint32_t *everyone;     /* [peer_count] */
    struct held *held;      /* [peer_count * 2], by parity of the round */
    struct mix_term *terms; /* [peer_count] */
    uint32_t arrived[2];    /* messages held of this parity */
    struct rounds rounds;
};

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    const uint32_t n = config->peer_count;
    struct dsgd *self = layout_take(&layout, 1, sizeof(*self));
    const struct dsgd made = {
        .config = config,
        .everyone = layout_everyone(&layout, n),
        .held = layout_take(&layout, 2 * (size_t)n, sizeof(struct held)),
        .terms = layout_take(&layout, n, sizeof(struct mix_term)),
    };
    if (self)
        *self = made;
    return layout.used;
}

static size_t dsgd_bytes(const struct policy_config *config)
{
    return lay_out(NULL, config);
}

static void dsgd_init(void *state, const struct policy_config *config)
{
    lay_out(state, config);
}

static void mix(struct dsgd *self, struct actions *out)
{
    const uint32_t n = self->config->peer_count;
    const uint32_t parity = self->rounds.now & 1u;
    for (uint32_t i = 0; i < n; i++) {
        struct held *held = &self->held[2 * i + parity];
        self->terms[i] =
            (struct mix_term){.handle = held->handle, .peer = i, .weight = held->degree};
        held->handle = 0;
    }
    self->arrived[parity] = 0;
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = MIX_METROPOLIS,
                                      .tag = self->rounds.now,
                                      .round = self->rounds.now,
                                      .terms = self->terms,
                                      .count = n,
                                      .degree = n});
    for (uint32_t i = 0; i < n; i++)
        actions_push(
            out, (struct action){.kind = ACT_RELEASE, .peer = i, .handle = self->terms[i].handle});
}

/* The round ends when our own model was sent and every neighbour's is here. */
static void finish_round(struct dsgd *self, struct actions *out)
{
    if (self->rounds.computing || self->rounds.done ||
        self->arrived[self->rounds.now & 1u] < self->config->peer_count)
        return;
    if (self->config->peer_count > 0)
        mix(self, out);
    rounds_next(&self->rounds, out);
}

static void keep(struct dsgd *self, const struct event *event)
{
    CHECK(!self->rounds.done); /* EV_STOP names a round that nobody has passed */
    CHECK(event->peer < self->config->peer_count);
    CHECK(event->tag == self->rounds.now || event->tag == (uint64_t)self->rounds.now + 1);
    const uint32_t parity = (uint32_t)(event->tag & 1u);
    struct held *held = &self->held[2 * event->peer + parity];
    CHECK(held->handle == 0);
    *held = (struct held){.handle = event->handle, .degree = event->degree};
    self->arrived[parity]++;
}

static void dsgd_step(void *state, const struct event *event, struct actions *out)
{
    struct dsgd *self = state;
    switch ((enum event_kind)event->kind) {
    case EV_START:
        rounds_begin(&self->rounds, out);
        return;
    case EV_GRADIENT:
        rounds_apply(&self->rounds, out);
        if (self->config->peer_count > 0)
            actions_push(out, (struct action){.kind = ACT_SEND,
                                              .type = TENSOR_MODEL,
                                              .tag = self->rounds.now,
                                              .peers = self->everyone,
                                              .count = self->config->peer_count,
                                              .degree = self->config->peer_count});
        finish_round(self, out);
        return;
    case EV_TENSOR:
        keep(self, event);
        finish_round(self, out);
        return;
    case EV_STOP:
        rounds_stop(&self->rounds, event->tag, out);
        return;
    default:
        return;
    }
}

const struct policy policy_dsgd = {
    .name = "dsgd",
    .help = "every round averages with all neighbours (adapt, then combine)",
    .source = "Lian et al., NeurIPS 2017, arXiv 1705.09056; order as in arXiv 2306.06559",
    .waits_for = "all neighbours, same round",
    .lost_message = "the neighbourhood stalls",
    .edges = POLICY_EDGES_GRAPH,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_DOUBLY,
    .exhausted = SLOT_WAIT,
    .exact_depth = 2, /* this round and the next */
    .slots_fixed = 5, /* current, being written, two rounds lent, one on its way back */
    .synchronous = true,
    .state_bytes = dsgd_bytes,
    .init = dsgd_init,
    .step = dsgd_step,
};
