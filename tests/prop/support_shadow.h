/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A small simulated cluster as a property test wants it, with the shadow of tests/random attached: random compute times,
 * a straggler, links that are slow, lose or overtake, somebody stalled or crashed. A pure function of the configuration.
 */
#ifndef TESTS_PROP_SUPPORT_SHADOW_H
#define TESTS_PROP_SUPPORT_SHADOW_H

#include "core/policy/agent.h"
#include "tests/random/plant.h"
#include "tests/random/scenario.h"

extern const char *const cluster_graphs[]; /* path, star, ring, complete, cliques, random */
#define CLUSTER_GRAPHS 6u

struct cluster_config {
    const struct policy *policy;
    uint64_t seed;
    const char *graph;
    uint32_t workers;
    struct policy_options options; /* hop: as many backups as the graph allows */
    uint64_t compute_ns;           /* mean; jitter of 12 %, and one in ten takes ten times that */
    bool deaf;                     /* who takes that long handles nothing meanwhile */
    uint64_t delay_ns;             /* of a message: mean of half of it, by a lognormal law */
    bool control_is_free;          /* control arrives before anything timed */
    uint64_t stop_ns;
    uint32_t slow, slow_factor; /* factor > 0: this worker computes so many times as long */
    uint64_t tardy_ns;          /* > 0: one tensor of worker 0 per edge leaves in so long */
    double loss, reorder;       /* of messages, also after the stop; tensors are lost for good */
    struct fault fault[2];      /* for_ns or notice_ns > 0: those that happen */
    uint32_t cut; /* > 0: the tensor of this number, and all that follow on its edge, are lost */
    enum plant_kind plant;
    bool values; /* vectors are computed and compared, too */
};

struct cluster_result {
    char failure[700]; /* empty: every invariant held, nobody hung, everything drained */
    uint32_t computed_min, computed_max; /* gradients begun per worker that is there at the end */
    uint32_t epochs;                     /* AAU: that all workers have seen end */
    uint32_t epoch_commits_max,
        epoch_merges_max;       /* AAU: waves in one of them; that established an edge */
    struct policy_counters sum; /* over all workers */
    uint32_t exchanges; /* AAU: groups released before the stop, with the oracle or led by a wave */
    uint64_t rows;      /* of all mixes before the stop */
    uint64_t row_digest;     /* which they were: time, worker, peer, degrees; in any order */
    uint32_t oracle_longest; /* AAU with the oracle: most exchanges in an epoch */
    uint32_t gap_max,
        depth_max; /* iterations ahead of a neighbour; tensors on their way over one edge */
    uint64_t lost, superseded;
    double weight_lost, y_min; /* of push-sum */
};

struct cluster_result cluster_run(const struct cluster_config *config);

/** Is this failure that a model is not what the worker's actions make of its inputs? */
bool cluster_has_drifted(const struct cluster_result *result);

/** One line that names the configuration. Static memory. */
const char *cluster_describe(const struct cluster_config *config);

#endif
