/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Synchronous all-reduce: local step, then the exact mean of everybody's model. As all models were equal before the
 * step, this is x - lr * mean of the gradients. The reduction itself is the collective's (core/policy/collective.h), or
 * with `collective: modelled` the driver's: then no edge is used, and ACT_REDUCE without a list means everybody.
 *
 * Paper: none of its own; core/policy/collective.h cites that of the transpose.
 */
#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/rounds.h"
#include "core/policy/rows.h"

struct allreduce_options {
    enum collective_kind collective;
};
POLICY_OPTIONS(struct allreduce_options)

struct allreduce {
    const struct policy_config *config;
    uint32_t *everyone; /* [peer_count] */
    struct rounds rounds;
};

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    struct allreduce *self = layout_take(&layout, 1, sizeof(*self));
    uint32_t *everyone = layout_everyone(&layout, config->peer_count);
    if (self)
        *self = (struct allreduce){.config = config, .everyone = everyone};
    return layout.used;
}

static void allreduce_step(void *state, const struct event *event, struct actions *out)
{
    struct allreduce *self = state;
    switch ((enum event_kind)event->kind) {
    case EV_START:
        rounds_begin(&self->rounds, out);
        return;
    case EV_GRADIENT:
        rounds_apply(&self->rounds, out);
        rounds_reduce(self->config, options_of(self->config).collective, self->rounds.now,
                      self->everyone, out);
        return;
    case EV_REDUCED:
        CHECK(event->tag == self->rounds.now);
        rounds_next(&self->rounds, out);
        return;
    case EV_STOP:
        rounds_stop(&self->rounds, event->tag, out);
        return;
    default:
        CHECK(event->kind != EV_TENSOR); /* all tensors are the collective's */
        return;
    }
}

static const struct policy_option options[] = {
    POLICY_OPTION_COLLECTIVE(struct allreduce_options),
    {.name = NULL},
};

const struct policy policy_allreduce = {
    .name = "allreduce",
    .help = "everybody waits for everybody, exact mean each round",
    .source = "synchronous parallel SGD; transpose all-reduce",
    .waits_for = "all workers",
    .lost_message = "the round stalls",
    .loss_refusal = "every round averages over all workers, so without one of them no round ends",
    .options = options,
    .edges = POLICY_EDGES_ALL,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_EXACT_MEAN,
    .exact_depth = 2, /* part and slice of one round, or the slice and the next part */
    .slots_fixed =
        7, /* current, being written, part and slice lent, next part, one on its way back,
                       * and the last mean, by which the run is judged */
    .synchronous = true,
    .reduces = true,
    .lay_out = lay_out,
    .step = allreduce_step,
};
