/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cb-DyBW: AAU's machinery with a fixed spanning tree Q of the graph. Only an edge of Q that this epoch has not established
 * yet is a reason to exchange; then everybody of the ready cluster exchanges over all edges of the graph among them, so
 * those who are late are the backup workers. When all of Q is established, the next epoch begins.
 *
 * Our reconstruction, as the full text was not read:
 *   - theta(k) is the moment at which one more edge of Q has both ends ready;
 *   - the paper's iteration k is common to all workers and ends for everybody at theta(k). Here, as in AAU on messages, it
 *     ends for the ready cluster around that edge: workers elsewhere do not know, and go on waiting for an edge of theirs;
 *   - a straggler keeps its own step, and its model does not change before it is ready;
 *   - the paper's own schedule of the learning rate is the profile's business.
 *
 * A tree lost with one of its workers cannot be established any more: from then on any edge can be new, as in AAU.
 */
#include "core/policy/aau_state.h"
#include "core/policy/rows.h"

static const char *cb_dybw_check(const struct policy_config *config)
{
    if (config->peer_count > 0 && !config->tree)
        return "cb-dybw needs a spanning tree of the graph";
    return NULL;
}

static const struct policy_option options[] = {
    AAU_OPTION_EVICT_AFTER,
    AAU_OPTION_MAX_STALENESS,
    {.name = NULL},
};

const struct policy policy_cb_dybw = {
    .name = "cb-dybw",
    .help = "waits for one more edge of a fixed tree, averages with whoever is ready (our "
            "reconstruction)",
    .source =
        "Xiong et al., 2021, arXiv 2102.06280: our reconstruction, as its full text was not read; "
        "the message level is our own",
    .caution = "our reconstruction",
    .waits_for = "an edge of the tree that the epoch has not established yet",
    .lost_message = "the group hangs",
    .options = options,
    .edges = POLICY_EDGES_GRAPH,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_DOUBLY,
    .exact_depth = 2,
    .slots_fixed = 3,
    .control_bound = aau_control_bound,
    .slots_per_edge = 1,
    .needs_tree = true,
    .survives_loss = true,
    .survives_return = true,
    .check = cb_dybw_check,
    .lay_out = aau_lay_out,
    .step = aau_step,
    .counters_at = offsetof(struct aau, counters),
};
