/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asynchronous gradient push on running sums: nobody waits for anybody, and a lost message only delays mass.
 *
 *   gradient -> step; split: one share stays, one is added to `sent`; publish {x, y, sent};
 *               collect: add what each neighbour's `sent` has grown by since its snapshot used last; compute at x / y
 *
 * Every neighbour is sent the same share, so one running sum serves all edges. The receiver keeps two snapshots of each
 * in-neighbour: the base, which was collected last, and the newest, which will be; a still newer one replaces the
 * newest. What is between the two is in flight and is carried by whichever snapshot arrives, so superseding, loss,
 * duplicates and reordering (an older tag is ignored) change no sum.
 *
 * Stop: after its last split a worker changes `sent` no more. Its last message carries the flag TENSOR_LAST; whoever has
 * those of all neighbours collects for the last time, returns every snapshot and is done: then nothing is in flight. The
 * last message has no successor that would make its loss good, so a worker that misses one asks AGAIN (control, not
 * lost) after a time that doubles, and it is repeated; one that was only late then comes twice and is ignored.
 *
 * agp is the published step: where mass waits in slow neighbours y gets small, the step of x / y is 1 / y times as large,
 * and the run may diverge. agp-yscaled steps by y times the gradient: another algorithm, and a tame one. Both split in
 * every iteration, heard of or not, as published; how small y may get is bounded by the arithmetic (core/learn/combine.c).
 *
 * Source: M. Assran, M. Rabbat, "Asynchronous gradient push", IEEE TAC 2021, arXiv 1803.08950 (order: step, push, add
 *         what came); A. Spiridonoff et al., "Robust asynchronous stochastic gradient-push", JMLR 2020 (running sums).
 *
 * Paper: arXiv 1803.08950, the loop of one agent, with the running sums of Spiridonoff et al. in the place of its
 * messages. A reconstruction; agp-yscaled is ours.
 */
#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/control.h"
#include "core/policy/rows.h"
#include "core/policy/say.h"

#define TIMER_AGAIN 1u
#define AGAIN_NS 1000000u /* first patience with a last message; a round trip over a slow link */
#define AGAIN_DOUBLINGS 12u

struct source {
    uint64_t base, newest; /* handles; 0 = none */
    uint64_t tag;          /* of the newest message seen, from 1 */
    bool last;             /* nothing newer will come */
};

struct agp {
    const struct policy_config *config;
    uint32_t *everyone;     /* [peer_count] */
    struct source *sources; /* [peer_count] */
    struct mix_term *terms; /* [peer_count] */
    struct policy_counters counters;
    uint64_t sends; /* tag of the newest message */
    enum apply_rule rule;
    uint32_t iteration;
    uint32_t lasts;    /* neighbours whose last message is here */
    uint32_t patience; /* how often a last message was asked for again */
    bool stopping, done;
};

static size_t place(void *memory, const struct policy_config *config, enum apply_rule rule)
{
    struct layout layout = {.base = memory};
    const uint32_t n = config->peer_count;
    struct agp *self = layout_take(&layout, 1, sizeof(*self));
    const struct agp made = {
        .config = config,
        .everyone = layout_everyone(&layout, n),
        .sources = layout_take(&layout, n, sizeof(struct source)),
        .terms = layout_take(&layout, n, sizeof(struct mix_term)),
        .rule = rule,
    };
    if (self)
        *self = made;
    return layout.used;
}

static size_t lay_out(void *memory, const struct policy_config *config)
{
    return place(memory, config, APPLY_PLAIN);
}

static size_t lay_out_yscaled(void *memory, const struct policy_config *config)
{
    return place(memory, config, APPLY_SCALED);
}

static void send(struct agp *self, uint8_t type, const uint32_t *peers, uint32_t count,
                 struct actions *out)
{
    say_send(out, type, self->sends, peers, count, self->config->peer_count);
}

static void split_and_send(struct agp *self, struct actions *out)
{
    const uint32_t n = self->config->peer_count;
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = MIX_SPLIT,
                                      .tag = self->iteration,
                                      .round = self->iteration,
                                      .degree = n});
    self->sends++;
    send(self, TENSOR_MODEL, self->everyone, n, out);
}

static void collect(struct agp *self, struct actions *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        struct source *const source = &self->sources[i];
        if (source->newest == 0)
            continue;
        self->terms[count++] =
            (struct mix_term){.handle = source->newest, .base = source->base, .peer = i};
        source->base = source->newest;
        source->newest = 0;
    }
    self->counters.committed += count;
    self->counters.unmixed += count == 0;
    if (count == 0)
        return;
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = MIX_COLLECT,
                                      .tag = self->iteration,
                                      .round = self->iteration,
                                      .terms = self->terms,
                                      .count = count,
                                      .degree = self->config->peer_count});
    for (uint32_t i = 0; i < count; i++)
        if (self->terms[i].base != 0)
            say_release(out, self->terms[i].peer, self->terms[i].base);
}

static void on_gradient(struct agp *self, struct actions *out)
{
    CHECK(!self->stopping);
    actions_push(
        out,
        (struct action){.kind = ACT_APPLY, .rule = (uint8_t)self->rule, .round = self->iteration});
    if (self->config->peer_count > 0) {
        split_and_send(self, out);
        collect(self, out);
    }
    say_compute(out, ++self->iteration);
}

static void end_if_whole(struct agp *self, struct actions *out)
{
    if (!self->stopping || self->done || self->lasts < self->config->peer_count)
        return;
    if (self->config->peer_count > 0)
        collect(self, out);
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        say_release(out, i, self->sources[i].base);
    if (self->patience > 0)
        say_cancel(out, TIMER_AGAIN);
    self->done = true;
    say_done(out);
}

static void on_tensor(struct agp *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->config->peer_count);
    struct source *const source = &self->sources[event->peer];
    if (event->tag <= source->tag) { /* overtaken on its way, or a last message that came twice */
        say_release(out, event->peer, event->handle);
        return;
    }
    CHECK(!source->last);
    CHECK(!self->done);
    if (source->newest != 0)
        say_release(out, event->peer, source->newest);
    source->newest = event->handle;
    source->tag = event->tag;
    source->last = event->type == TENSOR_LAST;
    self->lasts += source->last;
    end_if_whole(self, out);
}

static void arm(struct agp *self, uint64_t now_ns, struct actions *out)
{
    const uint32_t doublings = self->patience < AGAIN_DOUBLINGS ? self->patience : AGAIN_DOUBLINGS;
    self->patience++;
    say_timer(out, TIMER_AGAIN, self->patience, now_ns + ((uint64_t)AGAIN_NS << doublings));
}

static void on_timer(struct agp *self, const struct event *event, struct actions *out)
{
    if (self->done || event->tag != self->patience)
        return;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (!self->sources[i].last)
            say_control(out, AGP_AGAIN, &self->everyone[i], 1, 0);
    arm(self, event->now_ns, out);
}

static void on_stop(struct agp *self, uint64_t now_ns, struct actions *out)
{
    self->stopping = true;
    if (self->config->peer_count > 0) {
        self->sends++;
        send(self, TENSOR_LAST, self->everyone, self->config->peer_count, out);
    }
    end_if_whole(self, out);
    if (!self->done)
        arm(self, now_ns, out);
}

static void agp_step(void *state, const struct event *event, struct actions *out)
{
    struct agp *self = state;
    switch ((enum event_kind)event->kind) {
    case EV_START:
        say_compute(out, 0);
        return;
    case EV_GRADIENT:
        on_gradient(self, out);
        return;
    case EV_TENSOR:
        on_tensor(self, event, out);
        return;
    case EV_CONTROL: /* AGAIN; before the own stop there is no last message yet, and it will come by itself */
        CHECK(event->peer < self->config->peer_count);
        CHECK(event->type == AGP_AGAIN);
        if (self->stopping)
            send(self, TENSOR_LAST, &self->everyone[event->peer], 1, out);
        return;
    case EV_TIMER:
        on_timer(self, event, out);
        return;
    case EV_STOP:
        on_stop(self, event->now_ns, out);
        return;
    default:
        return;
    }
}

/*
 * Snapshots: the current one and the one being written; per edge the receiver's base and newest, the one that is being
 * handed to it while its mailbox already holds the next. What a slow link delays is the link's.
 */
#define AGP_ROW                                                                                   \
    .waits_for = "nothing", .lost_message = "nothing: the next one carries its mass",             \
    .loss_refusal = "what a lost worker holds of the push-sum weights would be missing for good", \
    .edges = POLICY_EDGES_GRAPH, .lanes = LANES_CUMULATIVE, .tensor_class = DELIVERY_SUM,         \
    .matrix = MATRIX_COLUMN, .slots_fixed = 2, .slots_per_edge = 4, .step = agp_step,             \
    .counters_at = offsetof(struct agp, counters)

const struct policy policy_agp = {
    .name = "agp",
    .help = "pushes shares of model and weight to all neighbours, waits for nobody",
    .source = "Assran, Rabbat, IEEE TAC 2021, arXiv 1803.08950; running sums: Spiridonoff et al., "
              "JMLR 2020",
    .lay_out = lay_out,
    AGP_ROW,
};

const struct policy policy_agp_yscaled = {
    .name = "agp-yscaled",
    .help = "as agp, but the step is scaled by the push-sum weight (not the published algorithm)",
    .source = "variant of arXiv 1803.08950; running sums: Spiridonoff et al., JMLR 2020",
    .lay_out = lay_out_yscaled,
    AGP_ROW,
};
