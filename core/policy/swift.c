/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SWIFT: wait-free averaging. Send the model, compute the gradient at it, every steps-th time average with the newest
 * copy of each neighbour, then step by that gradient.
 *
 * The newest copy of each neighbour is kept and used again until a newer one replaces it. Of a neighbour that was never
 * heard the initial model would be used, which is nobody's any more: its weight goes to the own model.
 *
 * Not reproduced: the paper's client-communication weights, which need the activity rates of all clients and make the
 * expected matrix symmetric doubly stochastic. Here each of the degree + 1 models has the same weight: row stochastic, so
 * the mean of the models drifts towards busy and well-connected workers.
 *
 * Stop: copies are returned, those that arrive later at once. A lost message is a copy that stays old.
 *
 * Paper: arXiv 2210.14026, the loop of a client. A reconstruction, with other weights, as said above.
 */
#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/rows.h"
#include "core/policy/say.h"

struct swift_options {
    uint32_t steps; /* per averaging */
};
POLICY_OPTIONS(struct swift_options)

struct copy {
    uint64_t handle; /* 0: none yet */
    uint64_t tag;    /* the neighbour's iteration */
};

struct swift {
    const struct policy_config *config;
    uint32_t *everyone;     /* [peer_count] */
    struct copy *copies;    /* [peer_count] */
    struct mix_term *terms; /* [peer_count] */
    struct policy_counters counters;
    uint32_t iteration;
    bool done;
};

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    const uint32_t n = config->peer_count;
    struct swift *self = layout_take(&layout, 1, sizeof(*self));
    const struct swift made = {
        .config = config,
        .everyone = layout_everyone(&layout, n),
        .copies = layout_take(&layout, n, sizeof(struct copy)),
        .terms = layout_take(&layout, n, sizeof(struct mix_term)),
    };
    if (self)
        *self = made;
    return layout.used;
}

static const char *swift_check(const struct policy_config *config)
{
    return options_of(config).steps == 0 ? "swift: steps is at least 1" : NULL;
}

static void begin(struct swift *self, struct actions *out)
{
    if (self->config->peer_count > 0)
        say_send(out, TENSOR_MODEL, self->iteration, self->everyone, self->config->peer_count,
                 self->config->peer_count);
    say_compute(out, self->iteration);
}

static void average(struct swift *self, struct actions *out)
{
    const uint32_t n = self->config->peer_count;
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        if (self->copies[i].handle != 0)
            self->terms[count++] =
                (struct mix_term){.handle = self->copies[i].handle, .peer = i, .weight = 1};
    self->counters.committed += count > 0;
    self->counters.unmixed += count == 0 && n > 0;
    if (count > 0)
        actions_push(out, (struct action){.kind = ACT_MIX,
                                          .rule = MIX_WEIGHTED,
                                          .tag = self->iteration,
                                          .round = self->iteration,
                                          .terms = self->terms,
                                          .count = count,
                                          .degree = 1 + n - count});
}

static void on_gradient(struct swift *self, struct actions *out)
{
    CHECK(!self->done);
    if ((self->iteration + 1) % options_of(self->config).steps == 0)
        average(self, out);
    say_apply(out, self->iteration);
    self->iteration++;
    begin(self, out);
}

static void on_tensor(struct swift *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->config->peer_count);
    struct copy *const copy = &self->copies[event->peer];
    const bool overtaken = copy->handle != 0 && event->tag <= copy->tag;
    if (self->done || overtaken) {
        say_release(out, event->peer, event->handle);
        self->counters.dropped += overtaken;
        return;
    }
    if (copy->handle != 0)
        say_release(out, event->peer, copy->handle);
    *copy = (struct copy){.handle = event->handle, .tag = event->tag};
}

static void on_stop(struct swift *self, struct actions *out)
{
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->copies[i].handle != 0) {
            say_release(out, i, self->copies[i].handle);
            self->copies[i].handle = 0;
        }
    self->done = true;
    say_done(out);
}

static void swift_step(void *state, const struct event *event, struct actions *out)
{
    struct swift *self = state;
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
        on_stop(self, out);
        return;
    default:
        return;
    }
}

static const struct policy_option options[] = {
    POLICY_OPTION_STEPS(struct swift_options),
    {.name = NULL},
};

const struct policy policy_swift = {
    .name = "swift",
    .help = "every steps-th iteration averages with the newest copy of each neighbour, waits for "
            "nobody",
    .source = "Bornstein et al., ICLR 2023, arXiv 2210.14026; uniform weights",
    .waits_for = "nothing",
    .lost_message = "an older copy is used",
    .loss_refusal =
        "it takes silence for slowness, and would average with a lost worker's last model for ever",
    .options = options,
    .edges = POLICY_EDGES_GRAPH,
    .tensor_class = DELIVERY_NEWEST,
    .matrix = MATRIX_ROW,
    .slots_fixed = 2,    /* current, being written */
    .slots_per_edge = 3, /* kept, being handed over, and in the mailbox meanwhile */
    .check = swift_check,
    .lay_out = lay_out,
    .step = swift_step,
    .counters_at = offsetof(struct swift, counters),
};
