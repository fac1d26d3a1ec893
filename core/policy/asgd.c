/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asynchronous SGD with a parameter server that waits for nobody (core/policy/server.h has both sides). With `damped`
 * a step counts 1/staleness, the staleness being the answers that the server took in since it gave the model away.
 *
 * Slots: current and being written, and the two per worker that server.h proves; a worker's one answer, and that of the
 * round before on its way back, fit into the same number.
 *
 * Paper: Dean et al., a server that applies each worker's gradient; damped: arXiv 1511.05950, the rate divided by the
 * staleness. Reconstructions.
 */
#include "core/policy/rows.h"
#include "core/policy/server.h"

struct asgd_options {
    bool damped;
};
POLICY_OPTIONS(struct asgd_options)

static size_t lay_out(void *memory, const struct policy_config *config)
{
    return server_lay_out(
        memory, config,
        (struct server_rules){.ahead_max = SERVER_FREE, .damped = options_of(config).damped});
}

static const struct policy_option options[] = {
    {.name = "damped",
     .type = OPTION_BOOL,
     POLICY_OPTION_AT(struct asgd_options, damped),
     .fallback = "false",
     .unit = "",
     .help = "divide each step by its staleness"},
    {.name = NULL},
};

const struct policy policy_asgd = {
    .name = "asgd",
    .help = "worker 0 is a parameter server that applies each gradient as it comes",
    .source = "Dean et al., NeurIPS 2012; damped: Zhang et al., IJCAI 2016, arXiv 1511.05950",
    .waits_for = "the server",
    .lost_message = "the worker stalls",
    .loss_refusal =
        "its server ends when every worker has said its last word, and a lost one never says it",
    .options = options,
    .edges = POLICY_EDGES_STAR,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_NONE,
    .exact_depth = 2,    /* one is all that is ever unread; a ring has two places */
    .slots_fixed = 3,    /* current, being written, one on its way back */
    .slots_per_edge = 2, /* the model that a worker's answer is subtracted from, and the reply */
    .central = true,
    .check = server_check,
    .lay_out = lay_out,
    .step = server_step,
    .counters = server_counters,
};
