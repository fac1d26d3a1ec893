/**
 * One cell of the matrix (policy x seed) with everything derived from it: split, shards, graph, the edges that the
 * policy needs, placement, sizes. Depends on the profile and the data set only, never on time.
 *
 * Seeds are split by stream and paired: two policies with the same seed see the same graph, shards, initial model,
 * batches and delays.
 */
#ifndef HARNESS_RUN_CELL_H
#define HARNESS_RUN_CELL_H

#include "core/learn/shard.h"
#include "core/worker/dataset.h"
#include "harness/experiment/experiment.h"
#include "topo/graph.h"
#include "topo/machine.h"
#include "topo/place.h"

/** Loops (pinned threads) of one run at most. */
#define CELL_LOOPS_MAX 256u

/** What all cells of an experiment share. */
struct cell_common {
    const struct experiment *experiment;
    const struct machine *machine;
    const struct dataset *dataset; /* NULL: model none */
    struct model_config model;
    uint32_t points; /* judged snapshots, the final model included */
};

struct cell {
    const struct cell_common *common;
    const struct experiment_policy *policy;
    uint64_t seed;

    struct graph graph;
    uint8_t *side;          /* [workers] adpsgd bipartite: 1 = active; else NULL */
    uint32_t edges_dropped; /* by the bipartition */
    double spectral_gap;
    uint32_t *peer_begin; /* [workers + 1] edges of this policy, CSR, symmetric, ascending */
    uint32_t *peer;
    uint32_t degree_max;
    struct placement placement;

    struct split split;
    uint32_t *order;       /* [samples] training, validation, test ids */
    uint32_t *shard;       /* [split.train] */
    uint32_t *shard_begin; /* [workers + 1] */

    uint32_t slots; /* per worker */
    uint32_t exact_depth, control_depth;
};

/** 0, or -errno with `err`; nothing is left allocated on error. */
int cell_open(struct cell *out, const struct cell_common *common, uint32_t policy_index,
              uint32_t seed_index, struct err *err);
void cell_close(struct cell *self);

/** The configuration that worker `w`'s policy gets. Borrows from the cell. */
struct policy_config cell_policy_config(const struct cell *self, uint32_t w);

#endif
