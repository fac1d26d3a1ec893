/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SwarmSGD, blocking: a pair averages after each has made some local steps of its own. The machine is AD-PSGD's without
 * a communication thread (pair.c): a worker that has made `steps` steps since its last exchange asks a random neighbour,
 * and one that is asked answers between two of its steps. Either way its count begins anew, so a worker makes up to `steps`
 * local steps per exchange, fewer when it is asked. The model does not move while it exchanges: both ends
 * average the same two versions, and no local step is lost.
 *
 * Paper: arXiv 1910.12308, the blocking interaction of two workers. A reconstruction.
 */
#include "core/policy/pair.h"
#include "core/policy/rows.h"

struct swarm_options {
    uint32_t steps; /* per exchange */
};
POLICY_OPTIONS(struct swarm_options)

static const char *swarm_check(const struct policy_config *config)
{
    return options_of(config).steps == 0 ? "swarm needs steps of at least 1" : NULL;
}

static size_t lay_out(void *memory, const struct policy_config *config)
{
    return pair_lay_out(memory, config, &(struct pair_rules){.every = options_of(config).steps});
}

static const struct policy_option options[] = {
    POLICY_OPTION_STEPS(struct swarm_options),
    {.name = NULL},
};

const struct policy policy_swarm = {
    .name = "swarm",
    .help = "averages with one random neighbour after some local steps (blocking SwarmSGD)",
    .source = "Nadiradze et al., NeurIPS 2021, arXiv 1910.12308",
    .waits_for = "one partner, every few steps",
    .lost_message = "the mean drifts by half the pair's difference",
    .options = options,
    .edges = POLICY_EDGES_GRAPH,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_DOUBLY,
    .exact_depth = 2, /* as in adpsgd.c, and the bounds below too */
    .slots_fixed = 3,
    .slots_per_edge = 1,
    .survives_loss = true,
    .survives_return = true,
    .check = swarm_check,
    .lay_out = lay_out,
    .step = pair_step,
    .counters_at = offsetof(struct pair, counters),
};
