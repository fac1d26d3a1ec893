/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stale synchronous parallel: a parameter server (core/policy/server.h) that holds its reply back from a worker whose
 * clock, the number of its answers, is more than `staleness` ahead of the slowest. 0 is bulk-synchronous.
 *
 * What is held back is a message that was not sent, so no channel and no slot sees it: both bounds are those of asgd.
 *
 * Paper: Ho et al., the condition on clocks. A reconstruction.
 */
#include "core/policy/rows.h"
#include "core/policy/server.h"

struct ssp_options {
    uint32_t staleness; /* bound in iterations */
};
POLICY_OPTIONS(struct ssp_options)

static size_t lay_out(void *memory, const struct policy_config *config)
{
    return server_lay_out(memory, config,
                          (struct server_rules){.ahead_max = options_of(config).staleness});
}

static const char *ssp_check(const struct policy_config *config)
{
    if (options_of(config).staleness == SERVER_FREE)
        return "a staleness that bounds nothing is asgd";
    return server_check(config);
}

static const struct policy_option options[] = {
    POLICY_OPTION_STALENESS(struct ssp_options),
    {.name = NULL},
};

const struct policy policy_ssp = {
    .name = "ssp",
    .help = "parameter server; nobody gets more than `staleness` iterations ahead of the slowest",
    .source = "Ho et al., NeurIPS 2013",
    .waits_for = "the server, and the slowest worker when too far ahead",
    .lost_message = "everybody stalls, once `staleness` ahead",
    .loss_refusal = "a lost worker would stay the slowest for ever, and its server holds back "
                    "whoever is ahead of that one",
    .options = options,
    .edges = POLICY_EDGES_STAR,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_NONE,
    .exact_depth = 2,    /* one is all that is ever unread; a ring has two places */
    .slots_fixed = 3,    /* current, being written, one on its way back */
    .slots_per_edge = 2, /* the model that a worker's answer is subtracted from, and the reply */
    .central = true,
    .check = ssp_check,
    .lay_out = lay_out,
    .step = server_step,
    .counters = server_counters,
};
