/* SPDX-License-Identifier: BSD-3-Clause */
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
 *
 * give_up: where links lose shares for good, a share that has been waited for so long is given up (counted in `torn`), and
 * so are, at the end, all that are missing when nothing has come for as long. Their mass is lost, x and y alike, unless
 * one comes after all. Nothing bounds how far a sender runs ahead then: a share that meets a full inbox is lost too
 * (`dropped`), as is one that comes when all is over.
 *
 * Paper: arXiv 1811.10792, SGP and its overlapped form. A reconstruction; giving up (give_up) is ours.
 */
#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/rows.h"
#include "core/policy/say.h"

#define OVERLAP_MAX 3u
#define HELD_MAX (2u * OVERLAP_MAX + 2u)
#define TIMER_GIVE_UP 1u
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
    uint64_t next_tag; /* of the share that is waited for next */
};

struct sgp_options {
    uint64_t give_up_ns; /* a message that has not come for so long is lost; 0 = never */
    uint32_t overlap;    /* iterations a message may be late */
};
POLICY_OPTIONS(struct sgp_options)

struct sgp {
    const struct policy_config *config;
    struct inbox *inbox;    /* [hops] */
    struct mix_term *terms; /* [hops * HELD_MAX] */
    uint32_t to[HOPS_MAX];  /* [hops] index of the out-neighbour */
    struct policy_counters counters;
    uint64_t last; /* round, once stopping */
    uint32_t hops;
    uint32_t now;      /* iteration */
    uint32_t patience; /* generation of the timer */
    bool computing, stopping, done, armed;
};

static uint32_t hops_of(uint32_t workers)
{
    return workers < 2 ? 0 : 32u - (uint32_t)__builtin_clz(workers - 1);
}

static uint32_t index_of(const struct policy_config *config, uint32_t id)
{
    uint32_t i = 0;
    while (i < config->peer_count && config->peers[i] != id)
        i++;
    CHECK(i < config->peer_count); /* the plan made other edges than the row asks for */
    return i;
}

static void begin_inboxes(struct sgp *self)
{
    const struct policy_config *const config = self->config;
    for (uint32_t j = 0; j < self->hops; j++) {
        const uint64_t n = config->workers, hop = 1ull << j;
        self->to[j] = index_of(config, (uint32_t)((config->self + hop) % n));
        self->inbox[j].peer = index_of(config, (uint32_t)((config->self + n - hop) % n));
        self->inbox[j].next_tag = j;
    }
}

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    const uint32_t hops = hops_of(config->workers);
    struct sgp *self = layout_take(&layout, 1, sizeof(*self));
    struct inbox *inbox = layout_take(&layout, hops, sizeof(*inbox));
    struct mix_term *terms = layout_take(&layout, (size_t)hops * HELD_MAX, sizeof(*terms));
    if (self) {
        *self = (struct sgp){.config = config, .inbox = inbox, .terms = terms, .hops = hops};
        begin_inboxes(self);
    }
    return layout.used;
}

static const char *sgp_check(const struct policy_config *config)
{
    return options_of(config).overlap > OVERLAP_MAX ? "sgp: overlap is at most 3" : NULL;
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
    say_release_terms(out, self->terms, count);
    self->counters.committed += count;
    self->counters.unmixed += count == 0;
}

static void arm(struct sgp *self, uint64_t now_ns, struct actions *out)
{
    const uint64_t give_up_ns = options_of(self->config).give_up_ns;
    if (give_up_ns == 0)
        return;
    self->armed = true;
    say_timer(out, TIMER_GIVE_UP, ++self->patience, now_ns + give_up_ns);
}

static void disarm(struct sgp *self, struct actions *out)
{
    if (!self->armed)
        return;
    self->armed = false;
    say_cancel(out, TIMER_GIVE_UP);
}

/* Every share of an iteration up to `tag` has arrived. Those before the last p were waited for already. */
static bool all_arrived(const struct sgp *self, uint64_t tag)
{
    for (uint32_t j = 0; j < self->hops; j++)
        if (self->inbox[j].next_tag <= tag)
            return false;
    return true;
}

static void end_if_whole(struct sgp *self, uint64_t now_ns, struct actions *out)
{
    if (!all_arrived(self, self->last)) {
        arm(self, now_ns, out); /* anew with each arrival: somebody is still sending */
        return;
    }
    disarm(self, out);
    mix(self, self->last, 0, out);
    self->done = true;
    say_done(out);
}

static void begin(struct sgp *self, uint64_t now_ns, struct actions *out)
{
    self->computing = false;
    if (self->stopping && self->now > self->last) {
        end_if_whole(self, now_ns, out);
        return;
    }
    self->computing = true;
    say_compute(out, self->now);
}

/* After the own share was sent: go on unless the share that may be late no longer is missing. */
static void try_finish(struct sgp *self, uint64_t now_ns, struct actions *out)
{
    const uint32_t overlap = options_of(self->config).overlap;
    if (self->hops > 0) {
        if (self->now >= overlap) {
            const uint32_t needed = self->now - overlap;
            if (self->inbox[needed % self->hops].next_tag <= needed) {
                if (!self->armed)
                    arm(self, now_ns, out);
                return;
            }
        }
        disarm(self, out);
        mix(self, self->now, 1, out);
    }
    self->now++;
    begin(self, now_ns, out);
}

static void on_gradient(struct sgp *self, uint64_t now_ns, struct actions *out)
{
    CHECK(self->computing);
    self->computing = false;
    say_apply(out, self->now);
    if (self->hops > 0)
        say_send(out, TENSOR_MODEL, self->now, &self->to[self->now % self->hops], 1, 1);
    try_finish(self, now_ns, out);
}

/* Nobody waits any longer for the shares of this in-neighbour before iteration `end`. */
static void give_up(struct sgp *self, struct inbox *box, uint64_t end)
{
    for (; box->next_tag < end; box->next_tag += self->hops)
        self->counters.torn++;
}

static void on_tensor(struct sgp *self, const struct event *event, struct actions *out)
{
    const bool lossy = options_of(self->config).give_up_ns > 0;
    CHECK(self->hops > 0);
    struct inbox *const box = &self->inbox[event->tag % self->hops];
    CHECK(event->peer == box->peer);
    CHECK(lossy || !self->done);
    CHECK(lossy || event->tag == box->next_tag);
    CHECK(lossy || box->count < HELD_MAX);
    give_up(self, box, event->tag); /* those before it are lost: an edge keeps its order */
    if (event->tag == box->next_tag)
        box->next_tag += self->hops;
    if (self->done || box->count == HELD_MAX) {
        self->counters.dropped++;
        say_release(out, event->peer, event->handle);
    } else {
        box->share[(box->head + box->count++) % HELD_MAX] =
            (struct share){.handle = event->handle, .tag = event->tag, .degree = event->degree};
    }
    if (self->computing || self->done)
        return;
    if (self->stopping && self->now > self->last)
        end_if_whole(self, event->now_ns, out);
    else
        try_finish(self, event->now_ns, out);
}

static void on_timer(struct sgp *self, const struct event *event, struct actions *out)
{
    if (!self->armed || event->tag != self->patience)
        return;
    self->armed = false;
    if (self->stopping && self->now > self->last) {
        for (uint32_t j = 0; j < self->hops; j++)
            give_up(self, &self->inbox[j], self->last + 1);
        end_if_whole(self, event->now_ns, out);
        return;
    }
    const uint32_t needed = self->now - options_of(self->config).overlap;
    give_up(self, &self->inbox[needed % self->hops], needed + 1);
    try_finish(self, event->now_ns, out);
}

static void sgp_step(void *state, const struct event *event, struct actions *out)
{
    struct sgp *self = state;
    switch ((enum event_kind)event->kind) {
    case EV_START:
        begin(self, event->now_ns, out);
        return;
    case EV_GRADIENT:
        on_gradient(self, event->now_ns, out);
        return;
    case EV_TENSOR:
        on_tensor(self, event, out);
        return;
    case EV_TIMER:
        on_timer(self, event, out);
        return;
    case EV_STOP:
        self->stopping = true;
        self->last = event->tag;
        if (self->now > self->last) /* a gradient beyond the last round is dropped */
            begin(self, event->now_ns, out);
        return;
    default:
        return;
    }
}

static const struct policy_option options[] = {
    {.name = "overlap",
     .type = OPTION_COUNT,
     POLICY_OPTION_AT(struct sgp_options, overlap),
     .max = 1e6,
     .fallback = "0",
     .unit = "iterations",
     .help = "how late a message may be used; at most 3",
     .draw = {0, OVERLAP_MAX, 0}},
    /* Never drawn: what is given up is lost, and scenarios hold rows to their sums. */
    {.name = "give_up",
     .type = OPTION_NS,
     POLICY_OPTION_AT(struct sgp_options, give_up_ns),
     .max = OPTION_HOUR_NS,
     .fallback = "0",
     .unit = "time",
     .help = "how long a message is waited for that may be lost for good; 0 = for ever"},
    {.name = NULL},
};

static const struct policy *variant(const struct policy_options *chosen, uint32_t workers)
{
    (void)workers;
    return options_in(chosen).give_up_ns > 0 ? &policy_sgp_lossy : NULL;
}

#define SGP_ROW                                                                                   \
    .name = "sgp", .help = "pushes half of model and weight along a one-peer exponential graph",  \
    .source = "Assran et al., ICML 2019, arXiv 1811.10792",                                       \
    .waits_for = "the in-neighbour's share of iteration k - overlap",                             \
    .loss_refusal = "what a lost worker holds of the push-sum weights would be missing for good", \
    .options = options, .edges = POLICY_EDGES_EXPONENTIAL, .lanes = LANES_WEIGHT,                 \
    .tensor_class = DELIVERY_EXACT, .matrix = MATRIX_COLUMN, .exact_depth = HELD_MAX,             \
    .synchronous = true, .check = sgp_check, .lay_out = lay_out, .step = sgp_step,                \
    .counters_at = offsetof(struct sgp, counters)

const struct policy policy_sgp = {
    SGP_ROW,
    .variant = variant,
    .lost_message = "the receiver stalls; the share's mass is gone for good",
    .slots_fixed =
        3 * OVERLAP_MAX + 2 + 2, /* shares not used yet (above); current, being written */
    .slots_per_edge = (OVERLAP_MAX + 1) / 2, /* (degree / 2 + 1) (tau + 1) of those shares */
};

/* With give_up > 0. Per out-neighbour, of which there are degree / 2 + 1 at most: a whole channel and a whole inbox. */
const struct policy policy_sgp_lossy = {
    SGP_ROW,
    .lost_message = "the receiver waits for give_up; the share's mass is gone for good",
    .slots_fixed = 2 + 2 * HELD_MAX,
    .slots_per_edge = HELD_MAX,
    .survives_drop = true,
};
