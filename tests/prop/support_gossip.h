/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A cluster in virtual time for policies of push-sum and wait-free kinds: models are three doubles {x0, x1, y} and their
 * running sums, channels are exact (in order) or superseding (lossy, reordering), and every loan is counted.
 *
 * Everything is a pure function of the configuration.
 */
#ifndef TESTS_PROP_SUPPORT_GOSSIP_H
#define TESTS_PROP_SUPPORT_GOSSIP_H

#include "core/policy/agent.h"

#define GOSSIP_WORKERS_MAX 40u
#define GOSSIP_LANES 3u /* two coordinates of x, and y */

struct gossip_config {
    const struct policy *policy;
    uint64_t seed;
    uint32_t workers;
    struct policy_options options;
    uint64_t compute_ns;           /* mean; +-20 %, and one in ten takes ten times that */
    uint64_t tensor_delay_ns_max;  /* uniform from 1 */
    uint64_t control_delay_ns_max; /* uniform from 0 */
    uint32_t tardy_factor;         /* when > 1: what worker 0 sends takes this many times as long */
    uint64_t stop_ns;
    uint32_t slow; /* this worker computes slow_factor times as long; UINT32_MAX: nobody */
    uint32_t slow_factor;
    double loss;       /* classes newest and sum: share of messages lost, also after the stop */
    double exact_loss; /* class exact: share of tensors lost for good, also after the stop */
    uint32_t
        flying; /* classes newest and sum: messages under way per edge before one is superseded; 0 = 1 */
    uint32_t
        cut; /* when > 0: the tensor of this number is lost, and all that follow it on its edge */
};

struct gossip_result {
    char failure[256]; /* empty: every invariant held */
    bool done;         /* everybody, and every snapshot came back */
    uint32_t computed_min, computed_max;
    uint32_t gap_max; /* most iterations ahead of a neighbour, at the beginning of one */
    uint32_t depth_max, snapshots_max; /* per edge; on loan, plus current and being written */
    uint32_t snapshots_bound; /* what the row says, for the worker that came nearest to it */
    uint64_t lost, superseded;
    double want[GOSSIP_LANES];   /* sum at the start, less the steps */
    double sum[GOSSIP_LANES];    /* in the models */
    double flying[GOSSIP_LANES]; /* MIX_SHARES: in shares sent and not added yet */
    double cut[GOSSIP_LANES];    /* MIX_SHARES: in shares lost for good, on their way or unread */
    double y_min;
    struct policy_counters counters; /* over all workers */
};

struct gossip_result gossip_run(const struct gossip_config *config);

/** One line that names the configuration. Static memory. */
const char *gossip_describe(const struct gossip_config *config);

#endif
