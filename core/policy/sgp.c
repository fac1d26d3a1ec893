/*
 * Stochastic gradient push: in iteration k half of everything goes to the worker 2^(k mod p) further on, p =
 * floor(log2(N - 1)) + 1; the other half stays, and the shares that are here are added. Sums of x and of the push-sum
 * weight y are kept; the model is x / y.
 *
 * A share of iteration t is used in one of the iterations t .. t + overlap: the worker goes on with what is here, and
 * waits only when the share of iteration k - overlap is missing. A share that is ahead of its receiver is kept until
 * then. So with overlap 0 the result does not depend on timing, and y stays 1.
 *
 * How far a sender runs ahead. Let s be about to send its share of iteration k to r, tau = overlap. s has finished k-1,
 * so it has used every share up to k-1-tau; the sender of one such share t has finished t-1, and so on backwards. Going
 * back in steps of tau+1 iterations (and one more each time the steps come round to a hop that was visited) meets all p
 * hops within L = p (tau + 1) + gcd(tau + 1, p) - 1 iterations. r lies behind s by a sum of different hops, each of
 * which may be taken where it is met. So r has sent its share of some iteration >= k-L and used all that came up to
 * k-L-1-tau. Not used by r are at most the shares of k-L-tau .. k, every p-th of which is for r:
 *     per edge   floor((L + tau) / p) + 1 <= 2 tau + 2,
 *     in all     L + tau + 1 <= p (tau + 1) + 2 tau + 1, where p <= degree / 2 + 1.
 *
 * Stop: everybody ends with the same round. Which shares of it are addressed to whom is known, so a worker takes in the
 * late ones, without splitting any more, and is done.
 */
#include "core/base/check.h"
#include "core/policy/layout.h"
#include "core/policy/rows.h"

#define OVERLAP_MAX 3u
#define HELD_MAX (2u * OVERLAP_MAX + 2u)
#define HOPS_MAX 32u

struct share {
    uint64_t handle, tag;
    uint32_t degree;
};

/* Shares of one in-neighbour, in order of arrival: that of its iterations. */
struct inbox {
    struct share share[HELD_MAX]; /* ring */
    uint32_t peer;                /* index of the in-neighbour */
    uint32_t head, count;
    uint64_t next_tag; /* of the share that arrives next */
};

struct sgp {
    const struct policy_config *config;
    struct inbox *inbox;    /* [hops] */
    struct mix_term *terms; /* [hops * HELD_MAX] */
    uint32_t to[HOPS_MAX];  /* [hops] index of the out-neighbour */
    struct policy_counters counters;
    uint64_t last; /* round, once stopping */
    uint32_t hops;
    uint32_t now; /* iteration */
    bool computing, stopping, done;
};

static uint32_t hops_of(uint32_t workers)
{
    return workers < 2 ? 0 : 32u - (uint32_t)__builtin_clz(workers - 1);
}

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    const uint32_t hops = hops_of(config->workers);
    struct sgp *self = layout_take(&layout, 1, sizeof(*self));
    struct inbox *inbox = layout_take(&layout, hops, sizeof(*inbox));
    struct mix_term *terms = layout_take(&layout, (size_t)hops * HELD_MAX, sizeof(*terms));
    if (self)
        *self = (struct sgp){.config = config, .inbox = inbox, .terms = terms, .hops = hops};
    return layout.used;
}

static size_t sgp_bytes(const struct policy_config *config)
{
    return lay_out(NULL, config);
}

static uint32_t index_of(const struct policy_config *config, uint32_t id)
{
    uint32_t i = 0;
    while (i < config->peer_count && config->peers[i] != id)
        i++;
    CHECK(i < config->peer_count); /* the plan made other edges than the row asks for */
    return i;
}

static void sgp_init(void *state, const struct policy_config *config)
{
    struct sgp *self = state;
    lay_out(state, config);
    for (uint32_t j = 0; j < self->hops; j++) {
        const uint64_t n = config->workers, hop = 1ull << j;
        self->to[j] = index_of(config, (uint32_t)((config->self + hop) % n));
        self->inbox[j].peer = index_of(config, (uint32_t)((config->self + n - hop) % n));
        self->inbox[j].next_tag = j;
    }
}

static const char *sgp_check(const struct policy_config *config)
{
    return config->options.overlap > OVERLAP_MAX ? "sgp: overlap is at most 3" : NULL;
}

/* Take the shares of iterations up to `newest` out of the inboxes and add them to 1 / (degree + 1) of what is here. */
static void mix(struct sgp *self, uint64_t newest, uint32_t degree, struct actions *out)
{
    uint32_t count = 0;
    for (uint32_t j = 0; j < self->hops; j++) {
        struct inbox *const box = &self->inbox[j];
        for (; box->count > 0 && box->share[box->head].tag <= newest; box->count--) {
            const struct share *const share = &box->share[box->head];
            self->terms[count++] = (struct mix_term){
                .handle = share->handle, .peer = box->peer, .weight = share->degree};
            box->head = (box->head + 1) % HELD_MAX;
        }
    }
    if (count == 0 && degree == 0)
        return;
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = MIX_SHARES,
                                      .tag = self->now,
                                      .round = self->now,
                                      .terms = self->terms,
                                      .count = count,
                                      .degree = degree});
    for (uint32_t i = 0; i < count; i++)
        actions_push(out, (struct action){.kind = ACT_RELEASE,
                                          .peer = self->terms[i].peer,
                                          .handle = self->terms[i].handle});
    self->counters.committed += count;
    self->counters.unmixed += count == 0;
}

/* Every share of an iteration up to `tag` has arrived. Those before the last p were waited for already. */
static bool all_arrived(const struct sgp *self, uint64_t tag)
{
    for (uint32_t j = 0; j < self->hops; j++)
        if (self->inbox[j].next_tag <= tag)
            return false;
    return true;
}

static void end_if_whole(struct sgp *self, struct actions *out)
{
    if (!all_arrived(self, self->last))
        return;
    mix(self, self->last, 0, out);
    self->done = true;
    actions_push(out, (struct action){.kind = ACT_DONE});
}

static void begin(struct sgp *self, struct actions *out)
{
    self->computing = false;
    if (self->stopping && self->now > self->last) {
        end_if_whole(self, out);
        return;
    }
    self->computing = true;
    actions_push(out, (struct action){.kind = ACT_COMPUTE, .round = self->now});
}

/* After the own share was sent: go on unless the share that may be late no longer is missing. */
static void try_finish(struct sgp *self, struct actions *out)
{
    const uint32_t overlap = self->config->options.overlap;
    if (self->hops > 0) {
        if (self->now >= overlap) {
            const uint32_t needed = self->now - overlap;
            if (self->inbox[needed % self->hops].next_tag <= needed)
                return;
        }
        mix(self, self->now, 1, out);
    }
    self->now++;
    begin(self, out);
}

static void on_gradient(struct sgp *self, struct actions *out)
{
    CHECK(self->computing);
    self->computing = false;
    actions_push(out, (struct action){.kind = ACT_APPLY, .round = self->now});
    if (self->hops > 0)
        actions_push(out, (struct action){.kind = ACT_SEND,
                                          .type = TENSOR_MODEL,
                                          .tag = self->now,
                                          .peers = &self->to[self->now % self->hops],
                                          .count = 1,
                                          .degree = 1});
    try_finish(self, out);
}

static void on_tensor(struct sgp *self, const struct event *event, struct actions *out)
{
    CHECK(!self->done);
    CHECK(self->hops > 0);
    struct inbox *const box = &self->inbox[event->tag % self->hops];
    CHECK(event->peer == box->peer);
    CHECK(event->tag == box->next_tag);
    CHECK(box->count < HELD_MAX);
    box->share[(box->head + box->count++) % HELD_MAX] =
        (struct share){.handle = event->handle, .tag = event->tag, .degree = event->degree};
    box->next_tag += self->hops;
    if (self->computing)
        return;
    if (self->stopping && self->now > self->last)
        end_if_whole(self, out);
    else
        try_finish(self, out);
}

static void sgp_step(void *state, const struct event *event, struct actions *out)
{
    struct sgp *self = state;
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
    case EV_STOP:
        self->stopping = true;
        self->last = event->tag;
        if (self->now > self->last) /* a gradient beyond the last round is dropped */
            begin(self, out);
        return;
    default:
        return;
    }
}

static void sgp_counters(const void *state, struct policy_counters *out)
{
    *out = ((const struct sgp *)state)->counters;
}

const struct policy policy_sgp = {
    .name = "sgp",
    .help = "pushes half of model and weight along a one-peer exponential graph",
    .source = "Assran et al., ICML 2019, arXiv 1811.10792",
    .waits_for = "the in-neighbour's share of iteration k - overlap",
    .lost_message = "the receiver stalls; the share's mass is gone for good",
    .options = "overlap",
    .edges = POLICY_EDGES_EXPONENTIAL,
    .lanes = LANES_WEIGHT,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_COLUMN,
    .exhausted = SLOT_WAIT,
    .exact_depth = HELD_MAX,
    .slots_fixed =
        3 * OVERLAP_MAX + 2 + 2, /* shares not used yet (above); current, being written */
    .slots_per_edge = (OVERLAP_MAX + 1) / 2, /* (degree / 2 + 1) (tau + 1) of those shares */
    .synchronous = true,
    .check = sgp_check,
    .state_bytes = sgp_bytes,
    .init = sgp_init,
    .step = sgp_step,
    .counters = sgp_counters,
};
