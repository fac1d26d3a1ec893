/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AD-PSGD: each iteration averages with one random neighbour (pair.h).
 *
 * comm_thread on: one exchange of its own per iteration, asked for when it starts computing; answers at any time.
 * comm_thread off: asks after the gradient was applied, before it computes again; keeps requests while computing.
 *
 * Paper: arXiv 1710.06952, the loops of a computing and a communication thread. A reconstruction; refusing and
 * backing off (pairing any) and losses are ours.
 */
#include "core/policy/pair.h"
#include "core/policy/rows.h"

enum adpsgd_pairing { ADPSGD_ANY, ADPSGD_BIPARTITE };

struct adpsgd_options {
    enum adpsgd_pairing pairing;
    bool comm_thread; /* answer and initiate while a gradient is being computed */
};
POLICY_OPTIONS(struct adpsgd_options)

static size_t lay_out(void *memory, const struct policy_config *config)
{
    const struct adpsgd_options own = options_of(config);
    return pair_lay_out(memory, config,
                        &(struct pair_rules){.comm_thread = own.comm_thread,
                                             .bipartite = own.pairing == ADPSGD_BIPARTITE});
}

static const struct policy_choice pairings[] = {
    [ADPSGD_ANY] = {.name = "any", .help = "any neighbour; conflicting requests are refused"},
    [ADPSGD_BIPARTITE] = {.name = "bipartite",
                          .help = "active workers ask passive ones: no deadlock by construction"},
    {.name = NULL},
};

static const struct policy_option options[] = {
    {.name = "pairing",
     .type = OPTION_CHOICE,
     POLICY_OPTION_AT(struct adpsgd_options, pairing),
     .fallback = "any",
     .unit = "pairing",
     .help = "who may average with whom",
     .choices = pairings},
    {.name = "comm_thread",
     .type = OPTION_BOOL,
     POLICY_OPTION_AT(struct adpsgd_options, comm_thread),
     .fallback = "true",
     .unit = "",
     .help = "average while a gradient is being computed, as with a communication thread"},
    {.name = NULL},
};

const struct policy policy_adpsgd = {
    .name = "adpsgd",
    .help = "averages with one random neighbour per iteration, asynchronously",
    .source = "Lian et al., ICML 2018, arXiv 1710.06952",
    .waits_for = "one partner",
    .lost_message = "the mean drifts by half the pair's difference",
    .options = options,
    .edges = POLICY_EDGES_GRAPH,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_DOUBLY,
    .exact_depth = 2, /* one exchange per pair and moment; its tensor may wait behind none other */
    .slots_fixed = 3, /* current, being written, one on its way back */
    .slots_per_edge = 1, /* a partner that has not mixed yet */
    .survives_loss = true,
    .survives_return = true,
    .lay_out = lay_out,
    .step = pair_step,
    .counters_at = offsetof(struct pair, counters),
};
