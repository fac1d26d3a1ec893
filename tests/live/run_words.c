/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words that no policy of the first day used, live, in the smallest policies that use them: mailboxes, running sums,
 * abandoned gradients, and differences from an own snapshot.
 */
#include <criterion/criterion.h>

#include "core/base/check.h"
#include "core/base/layout.h"
#include "harness/run/run_threads.h"
#include "tests/live/support_run.h"

/* Two loops at most, so that some neighbours share one whatever the host: they hear each other however busy it is. */
#define PROFILE(stop)                                                      \
    "name: t\nseeds: [3]\nworkers: {count: 6, graph: ring, cores: 2}\n"    \
    "data: {format: synthetic, samples: 2000, features: 16, classes: 4}\n" \
    "model: {kind: softmax}\ntrain: {batch: 8, lr: 0.05}\n"                \
    "compute: {base: 300us, jitter: {kind: lognormal, cv: 30%}}\n"         \
    "policies: [none]\njudge: {points: 4}\n" stop

#define CONTROL 3u
#define QUORUM 2u /* of the server */

/* What the peers of one worker have sent, and what it does with that. */
struct fake {
    const struct policy_config *config;
    uint32_t *everyone;
    uint64_t *kept, *base; /* [peer_count] newest handle; the one that was collected before it */
    struct mix_term *terms;
    uint32_t iteration, heard;
    uint64_t round;
    bool computing, stopped;
};

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    const uint32_t n = config->peer_count;
    struct fake *const self = layout_take(&layout, 1, sizeof(*self));
    const struct fake made = {.config = config,
                              .everyone = layout_everyone(&layout, n),
                              .kept = layout_take(&layout, n, sizeof(uint64_t)),
                              .base = layout_take(&layout, n, sizeof(uint64_t)),
                              .terms = layout_take(&layout, n, sizeof(struct mix_term))};
    if (self)
        *self = made;
    return layout.used;
}

static void begin(struct fake *self, struct actions *out)
{
    self->computing = true;
    actions_push(out, (struct action){.kind = ACT_COMPUTE, .round = self->iteration++});
}

static void release(uint32_t peer, uint64_t handle, struct actions *out)
{
    if (handle != 0)
        actions_push(out, (struct action){.kind = ACT_RELEASE, .peer = peer, .handle = handle});
}

static void send(struct fake *self, uint32_t first, uint32_t count, uint64_t tag,
                 struct actions *out)
{
    actions_push(out, (struct action){.kind = ACT_SEND,
                                      .type = TENSOR_MODEL,
                                      .tag = tag,
                                      .peers = &self->everyone[first],
                                      .count = count,
                                      .degree = self->config->peer_count});
}

/* ---- newest: send, average with the newest of each neighbour, go on; a control message beside each model */

static void newest_mix(struct fake *self, struct actions *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->kept[i] != 0)
            self->terms[n++] = (struct mix_term){.handle = self->kept[i], .peer = i};
    actions_push(
        out, (struct action){.kind = ACT_MIX, .rule = MIX_MEAN, .terms = self->terms, .count = n});
}

static void newest_step(void *state, const struct event *event, struct actions *out)
{
    struct fake *const self = state;
    const uint32_t n = self->config->peer_count;
    if (event->kind == EV_START) {
        begin(self, out);
    } else if (event->kind == EV_GRADIENT) {
        actions_push(out, (struct action){.kind = ACT_APPLY});
        send(self, 0, n, 0, out);
        actions_push(
            out, (struct action){
                     .kind = ACT_CONTROL, .type = CONTROL, .peers = self->everyone, .count = n});
        newest_mix(self, out);
        begin(self, out);
    } else if (event->kind == EV_TENSOR && !self->stopped) {
        release(event->peer, self->kept[event->peer], out);
        self->kept[event->peer] = event->handle;
    } else if (event->kind == EV_TENSOR) {
        release(event->peer, event->handle, out);
    } else if (event->kind == EV_STOP) {
        for (uint32_t i = 0; i < n; i++)
            release(i, self->kept[i], out);
        self->stopped = true;
        actions_push(out, (struct action){.kind = ACT_DONE});
    }
}

static struct policy newest = {.name = "newest",
                               .edges = POLICY_EDGES_GRAPH,
                               .tensor_class = DELIVERY_NEWEST,
                               .matrix = MATRIX_ROW,
                               .slots_fixed = 4,
                               .slots_per_edge = 4,
                               .lay_out = lay_out,
                               .step = newest_step};

/* ---- sums: push-sum over running sums, every worker at its own pace */

static void collect(struct fake *self, uint32_t peer, uint64_t handle, struct actions *out)
{
    self->terms[peer] = (struct mix_term){.handle = handle, .base = self->base[peer], .peer = peer};
    actions_push(
        out, (struct action){
                 .kind = ACT_MIX, .rule = MIX_COLLECT, .terms = &self->terms[peer], .count = 1});
    release(peer, self->base[peer], out);
    self->base[peer] = handle;
}

static void sums_step(void *state, const struct event *event, struct actions *out)
{
    struct fake *const self = state;
    const uint32_t n = self->config->peer_count;
    if (event->kind == EV_START) {
        begin(self, out);
    } else if (event->kind == EV_GRADIENT) {
        actions_push(out, (struct action){.kind = ACT_APPLY, .rule = APPLY_SCALED});
        actions_push(out, (struct action){.kind = ACT_MIX, .rule = MIX_SPLIT, .degree = n});
        send(self, 0, n, 0, out);
        begin(self, out);
    } else if (event->kind == EV_TENSOR) {
        collect(self, event->peer, event->handle, out); /* also after the end: it is mass */
    } else if (event->kind == EV_STOP) {
        actions_push(out, (struct action){.kind = ACT_DONE});
    }
}

static struct policy sums = {.name = "sums",
                             .edges = POLICY_EDGES_GRAPH,
                             .lanes = LANES_CUMULATIVE,
                             .tensor_class = DELIVERY_SUM,
                             .matrix = MATRIX_COLUMN,
                             .slots_fixed = 4,
                             .slots_per_edge = 4,
                             .lay_out = lay_out,
                             .step = sums_step};

/* ---- server: worker 0 takes the first QUORUM differences of a round; the other gradients are abandoned */

static void serve(struct fake *self, const struct event *event, struct actions *out)
{
    const bool late = event->degree != (uint32_t)self->round; /* its base may be gone */
    if (!late && !self->stopped) {
        self->terms[0] = (struct mix_term){
            .handle = event->handle, .base = event->tag, .peer = event->peer, .weight = QUORUM};
        actions_push(out,
                     (struct action){
                         .kind = ACT_MIX, .rule = MIX_DELTA_OWN, .terms = self->terms, .count = 1});
        self->heard++;
    }
    release(event->peer, event->handle, out);
    if (self->heard < QUORUM)
        return;
    self->heard = 0;
    self->round++;
    send(self, 0, self->config->peer_count, self->round, out);
}

/* The next model of the server: drop what is being computed on the old one. */
static void take_model(struct fake *self, const struct event *event, struct actions *out)
{
    if (self->computing)
        actions_push(out, (struct action){.kind = ACT_ABANDON});
    release(0, self->kept[0], out);
    self->kept[0] = event->handle;
    self->round = event->tag;
    self->terms[0] = (struct mix_term){.handle = event->handle, .peer = 0, .weight = 1};
    actions_push(out, (struct action){
                          .kind = ACT_MIX, .rule = MIX_WEIGHTED, .terms = self->terms, .count = 1});
    begin(self, out);
}

static void server_step(void *state, const struct event *event, struct actions *out)
{
    struct fake *const self = state;
    const bool serves = self->config->self == 0;
    if (event->kind == EV_START && serves) {
        send(self, 0, self->config->peer_count, 0, out);
    } else if (event->kind == EV_TENSOR && serves) {
        serve(self, event, out);
    } else if (event->kind == EV_TENSOR && self->stopped) {
        release(event->peer, event->handle, out);
    } else if (event->kind == EV_TENSOR) {
        take_model(self, event, out);
    } else if (event->kind == EV_GRADIENT) {
        self->computing = false;
        actions_push(out, (struct action){.kind = ACT_APPLY});
        actions_push(out, (struct action){.kind = ACT_SEND,
                                          .type = TENSOR_MODEL,
                                          .tag = self->kept[0], /* where the step began */
                                          .peers = self->everyone,
                                          .count = 1,
                                          .degree = (uint32_t)self->round});
    } else if (event->kind == EV_STOP) {
        self->stopped = true;
        if (!serves)
            release(0, self->kept[0], out);
        actions_push(out, (struct action){.kind = ACT_DONE});
    }
}

static struct policy server = {.name = "server",
                               .edges = POLICY_EDGES_ALL,
                               .tensor_class = DELIVERY_EXACT,
                               .matrix = MATRIX_NONE,
                               .exact_depth = 4,
                               .slots_fixed = 6,
                               .slots_per_edge = 4,
                               .central = true,
                               .lay_out = lay_out,
                               .step = server_step};

/* ---- tests */

static void expect_settled(const struct live *live)
{
    const struct record_run *const r = &live->record;
    cr_expect(r->drained, "nothing is in flight in the end");
    cr_expect_eq(r->count.tensors_in_flight, 0u);
    cr_expect_eq(r->left_in_channels, 0u);
    cr_expect_eq(r->count.tensors_sent, r->count.tensors_delivered + r->count.tensors_superseded);
    cr_expect_eq(r->count.control_sent, r->count.control_delivered);
    cr_expect(r->ledger.ok, "ledger error %g", r->ledger.error);
}

/* Snapshots still lent, after everything that came back was collected. */
static void expect_loans(const struct live *live, uint32_t per_edge)
{
    uint64_t edges = 0;
    for (uint32_t w = 0; w < live->record.workers; w++)
        edges += live->buffers.run->worker[w]->peer_count;
    cr_expect_eq(live->record.count.loans, per_edge * edges);
}

Test(words, newest_models_supersede_each_other_and_every_loan_comes_back)
{
    struct live *const live =
        live_run_row(PROFILE("stop: {iterations: 400}\n"), &newest, (struct run_options){0});

    expect_settled(live);
    expect_loans(live, 0);
    cr_expect_gt(live->record.count.tensors_delivered, 400u);
    cr_expect_eq(live->record.count.exact_superseded, 0u);
    live_close(live);
}

Test(words, running_sums_keep_all_mass_though_messages_supersede_each_other)
{
    struct live *const live =
        live_run_row(PROFILE("stop: {iterations: 60}\n"), &sums, (struct run_options){0});

    expect_settled(live);
    expect_loans(live, 1); /* the base of each reader, which waits for more */
    cr_expect_lt(live->record.ledger.error, 1e-5);
    live_close(live);
}

Test(words, running_sums_divide_by_no_weight_that_ran_out)
{
    struct live *const live = live_run_row(
        PROFILE("inject:\n  - {what: compute, scope: process, select: {workers: [0, 2]}, "
                "law: {kind: slowdown, factor: 5000}}\nstop: {iterations: 150}\n"),
        &sums, (struct run_options){0});

    expect_settled(live);
    cr_expect_eq(live->record.ledger.diverged, 0u,
                 "worker 1 splits while both its neighbours are deaf");
    live_close(live);
}

Test(words, a_server_takes_differences_and_makes_the_late_abandon_theirs)
{
    struct live *const live =
        live_run_row(PROFILE("stop: {iterations: 60}\n"), &server, (struct run_options){0});
    const struct record_run *const r = &live->record;
    uint64_t begun = 0;

    for (uint32_t w = 0; w < r->workers; w++)
        begun += live->buffers.run->worker[w]->begun;
    expect_settled(live);
    expect_loans(live, 0);
    cr_expect_gt(r->count.abandoned, 20u, "of five, three or fewer are too late in each round");
    cr_expect_gt(r->count.gradients, 20u);
    cr_expect_leq(r->count.gradients + r->count.abandoned, begun);
    cr_expect_geq(begun, 5u * 60u, "the budget is that of the five that compute");
    cr_expect_eq(live->buffers.run->worker[0]->begun, 0u);
    live_close(live);
}
