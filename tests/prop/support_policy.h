/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A small cluster in virtual time: random graphs, compute times, stragglers and message delays, every action executed
 * on models of a few doubles. It keeps the accounts that the property tests read.
 *
 * Channels are first in, first out per directed edge, separately for tensors and controls, so that either may overtake
 * the other. Everything is a pure function of the configuration.
 */
#ifndef TESTS_PROP_SUPPORT_POLICY_H
#define TESTS_PROP_SUPPORT_POLICY_H

#include "core/policy/agent.h"

#define CLUSTER_WORKERS_MAX 12u

enum cluster_graph {
    CLUSTER_PATH,
    CLUSTER_STAR,
    CLUSTER_RING,
    CLUSTER_COMPLETE,
    CLUSTER_CLIQUES, /* two cliques and a bridge */
    CLUSTER_RANDOM,  /* random tree and extra edges */
    CLUSTER_GRAPHS,
};

struct cluster_config {
    const struct policy *policy;
    uint64_t seed;
    enum cluster_graph graph;
    uint32_t workers;
    struct policy_config options;  /* only the fields that choose a variant */
    uint64_t compute_ns;           /* mean; +-20 %, and one in ten takes ten times that */
    uint64_t tensor_delay_ns_max;  /* uniform from 1 */
    uint64_t control_delay_ns_max; /* uniform from 0; 0: control arrives before anything timed */
    uint64_t stop_ns; /* EV_STOP; asynchronous policies get it spread over one compute time */
    uint32_t stalled; /* this worker is not polled in [stall_begin_ns, stall_end_ns) */
    uint64_t stall_begin_ns, stall_end_ns;
    uint32_t one_sided; /* when > 0: the mix of this number is not executed */
    bool keyed; /* compute times depend on worker and iteration alone: equal for two policies */
    uint32_t crashed; /* when crash_ns > 0: this worker does nothing any more from then on */
    uint64_t crash_ns;
    uint64_t noticed_ns; /* its peers get EV_PEER_DOWN; 0 = never */
};

struct cluster_result {
    char failure[512];                   /* empty: every invariant held */
    uint32_t computed_min, computed_max; /* gradients begun per worker */
    uint32_t mixes;
    uint32_t epochs;            /* AAU: epochs that all workers have seen end */
    uint32_t epoch_commits_max; /* AAU: most waves committed in one of them */
    uint32_t epoch_merges_max;  /* AAU: most waves that established an edge in one of them */
    struct policy_counters sum; /* over all workers */
    uint32_t exchanges; /* AAU: groups released before the stop, with the oracle or led by a wave */
    uint64_t rows;      /* of all mixes before the stop */
    uint64_t row_digest;     /* which they were: time, worker, peer, degrees; in any order */
    uint32_t oracle_longest; /* AAU with the oracle: most exchanges in an epoch */
};

/** Run until everybody is done or nothing can happen any more, and check:
 * sums kept, both ends of each exchange agree, each handle released once, channels and slots within the bounds of the
 * row, nobody hangs, everything drained. */
struct cluster_result cluster_run(const struct cluster_config *config);

/** One line that names the configuration. Static memory. */
const char *cluster_describe(const struct cluster_config *config);

#endif
