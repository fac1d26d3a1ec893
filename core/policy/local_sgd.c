/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local SGD: `steps` local steps, then the exact mean of everybody's model. With steps = 1 this is allreduce.
 *
 * Iterations are the rounds of core/policy/rounds.h, and reduction number m belongs to iteration (m+1) * steps - 1 of
 * every worker. A stop names the last iteration, the same for all; so all reduce equally often, and where it is not the
 * last of its `steps` all end without a reduction. Nobody waits in a reduction that another one will not join.
 *
 * Between two reductions workers send nothing. To begin reduction m+1 a worker needs the slice of m of each other one,
 * so channels and slots are as full as in allreduce.
 *
 * Paper: arXiv 1805.09767, local SGD with a synchronisation every `steps` iterations. A reconstruction.
 */
#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/rounds.h"
#include "core/policy/rows.h"

struct local_sgd_options {
    enum collective_kind collective;
    uint32_t steps; /* per reduction */
};
POLICY_OPTIONS(struct local_sgd_options)

struct local_sgd {
    const struct policy_config *config;
    uint32_t *everyone; /* [peer_count] */
    uint32_t taken;     /* local steps since the last reduction */
    uint32_t reduction; /* number of the next one */
    struct rounds rounds;
};

static size_t lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    struct local_sgd *self = layout_take(&layout, 1, sizeof(*self));
    uint32_t *everyone = layout_everyone(&layout, config->peer_count);
    CHECK(options_of(config).steps > 0);
    if (self)
        *self = (struct local_sgd){.config = config, .everyone = everyone};
    return layout.used;
}

static const char *local_sgd_check(const struct policy_config *config)
{
    return options_of(config).steps == 0 ? "steps is the number of local steps, at least 1" : NULL;
}

static void after_gradient(struct local_sgd *self, struct actions *out)
{
    rounds_apply(&self->rounds, out);
    if (++self->taken < options_of(self->config).steps) {
        rounds_next(&self->rounds, out);
        return;
    }
    self->taken = 0;
    rounds_reduce(self->config, options_of(self->config).collective, self->reduction,
                  self->everyone, out);
}

static void local_sgd_step(void *state, const struct event *event, struct actions *out)
{
    struct local_sgd *self = state;
    switch ((enum event_kind)event->kind) {
    case EV_START:
        rounds_begin(&self->rounds, out);
        return;
    case EV_GRADIENT:
        after_gradient(self, out);
        return;
    case EV_REDUCED:
        CHECK(event->tag == self->reduction);
        self->reduction++;
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
    POLICY_OPTION_COLLECTIVE(struct local_sgd_options),
    POLICY_OPTION_STEPS(struct local_sgd_options),
    {.name = NULL},
};

const struct policy policy_local_sgd = {
    .name = "local-sgd",
    .help = "`steps` local steps between exact means of all models",
    .source = "Stich, ICLR 2019, arXiv 1805.09767; McMahan et al., AISTATS 2017 (FedAvg)",
    .waits_for = "all workers, every `steps` iterations",
    .lost_message = "the reduction stalls",
    .loss_refusal = "every average is one of all workers, so without one of them none is made",
    .options = options,
    .edges = POLICY_EDGES_ALL,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_EXACT_MEAN,
    .exact_depth = 2, /* part and slice of one reduction, or the slice and the next part */
    .slots_fixed =
        7, /* current, being written, part and slice lent, next part, one on its way back,
                       * and the last mean, by which the run is judged */
    .synchronous = true,
    .reduces = true,
    .check = local_sgd_check,
    .lay_out = lay_out,
    .step = local_sgd_step,
};
