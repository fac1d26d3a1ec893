/* SPDX-License-Identifier: BSD-3-Clause */
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
#include "core/sim/sim.h"
#include "core/worker/dataset.h"
#include "harness/experiment/experiment.h"
#include "harness/run/ranks.h"
#include "net/impair.h"
#include "topo/graph.h"
#include "topo/machine.h"
#include "topo/place.h"

/** Loops (pinned threads) of one run at most. */
#define CELL_LOOPS_MAX 256u
/** Snapshots that a simulated link of class newest or sum may hold: on their way, and the one that waits to leave. */
#define CELL_ON_VIRTUAL_LINK (SIM_NEWEST_DEPTH + 1u)
/** The same of a live link that something is injected into. */
#define CELL_ON_BAD_LINK (IMPAIR_NEWEST_DEPTH + 1u)
/** The same of a wire between processes: one under way, one that waits, and the one that its bridge has not taken. */
#define CELL_ON_WIRE 3u

/** On which cores, counted from 0, a run had its workers. */
struct cell_place {
    const char *policy; /* label */
    uint64_t seed;
    uint32_t workers, cores;
    const uint32_t *core; /* [workers] */
    /* When others had these cores, ascending; after stolen_period_ns they have them again. */
    const struct sim_stolen *stolen; /* [stolen_count] */
    uint32_t stolen_count;
    uint64_t stolen_period_ns;
};

/** A live host that a simulation imitates. */
struct cell_host {
    const struct cell_place *place; /* [count] of its runs */
    uint32_t count;
    const uint64_t
        *shape;      /* [shapes] seeds of its runs, whose graphs the simulated ones have in turn */
    uint32_t shapes; /* 0: each has that of its own seed */
    /* What gradients took its workers, for cells of as many of them whose base time is still measured_base_ns. */
    const struct law_sample *measured; /* [measured_workers] */
    uint32_t measured_workers;
    uint64_t measured_base_ns;
    const double *cost_ratio; /* [cost_workers] for cells of as many; NULL: costs are equal */
    uint32_t cost_workers;
};

/** What all cells of an experiment share. */
struct cell_common {
    const struct experiment *experiment;
    const struct machine *machine; /* NULL: virtual time needs none */
    const struct ranks *ranks;     /* NULL: this process has all workers, or its children do */
    const struct dataset *dataset; /* NULL: model none */
    bool undealt;                  /* no worker gets its shard: only sizes are asked for */
    struct model_config model;
    uint64_t data_digest;     /* of a live run that is recorded (plan_digest.h); else 0 */
    uint32_t points;          /* judged snapshots, the final model included */
    enum loader_tier io_from; /* live, data.io auto: what all runs read with (data_tier.h) */
    char io_reason[512];      /* why not with a better one */
    const struct cell_host *imitated; /* virtual; NULL: workers are dealt to the cores in turn */
};

struct cell {
    const struct cell_common *common;
    const struct experiment_policy *policy;
    struct policy_options options; /* the policy's, with nothing left to be decided */
    const struct policy *row;      /* what runs: the policy's row, or what its options make of it */
    uint64_t seed;
    uint64_t
        shape; /* seed of its graph; another one than `seed` where a measured run is imitated */

    struct graph graph;
    uint8_t *side;          /* [workers] adpsgd bipartite: 1 = active; else NULL */
    uint32_t edges_dropped; /* by the bipartition */
    uint32_t *peer_begin;   /* [workers + 1] edges of this policy, CSR, symmetric, ascending */
    uint32_t *peer;
    uint8_t
        *tree; /* [peer_begin[workers]] 1 = edge of a spanning tree; NULL unless row->needs_tree */
    uint32_t degree_max;
    struct placement placement; /* live; virtual: zero */
    uint16_t *process;          /* [workers] of each; NULL: one has them all */
    uint32_t *process_loop;     /* [processes + 1] their loops begin there; NULL as `process` */
    uint32_t *group;            /* [workers] racks, or NULL: each worker is one of its own */
    uint32_t *kind[2]; /* [kind_count] workers on cores of enum experiment_cpukind, or NULL */
    uint32_t kind_count[2];

    struct split split;
    uint32_t
        *order; /* [samples] training, validation, test ids; NULL if undealt, as the next two */
    uint32_t *shard;       /* [split.train] */
    uint32_t *shard_begin; /* [workers + 1] */

    uint32_t slots; /* per worker */
    uint32_t exact_depth, control_depth, control_bound;
};

/** 0, or -errno with `err`; nothing is left allocated on error. -EINVAL: the profile asks for what cannot be. */
int cell_open(struct cell *out, const struct cell_common *common, uint32_t policy_index,
              uint32_t seed_index, struct err *err);
void cell_close(struct cell *self);

/** Unread controls per edge at which their sender is told EV_FULL (0: never), and at most, in virtual time. */
uint32_t cell_control_bound(const struct policy *row, uint32_t workers);
uint32_t cell_control_depth(const struct policy *row, uint32_t workers);

/**
 * Slots per worker: what the row states, and per edge what a link of class newest or sum holds besides. A policy knows of
 * its peers and their mailboxes; what a slow link delays is the link's.
 */
uint32_t cell_slots(const struct policy *row, uint32_t degree_max, uint32_t on_link);

/** Loops of a process, and processes of a rank: from the first to before the last. */
void cell_loops(const struct cell *self, uint32_t process, uint32_t *first, uint32_t *end);
void cell_processes(const struct cell *self, uint32_t rank, uint32_t *first, uint32_t *end);

/** Does that rank have the worker? And this one? Always, where there is one. */
bool cell_rank_has(const struct cell *self, uint32_t rank, uint32_t w);
bool cell_is_ours(const struct cell *self, uint32_t w);

/** Do loops of several processes take turns on a core, on any host of the run? */
bool cell_shares_cores(const struct cell *self);

/** What is injected: a copy of the experiment's entries in the caller's `entry`, which the set borrows, as it does from the cell. */
struct inject_set cell_inject(const struct cell *self, struct inject entry[EXPERIMENT_INJECT_MAX]);

/** Is anything injected into what workers send? Then a live run needs a port that holds messages (net/impair.h). */
bool cell_has_bad_links(const struct cell *self);

/** The schedule of faults, ascending by time. How many there are, at most FAULT_SCHEDULE_MAX. */
uint32_t cell_faults(const struct cell *self, struct fault out[FAULT_SCHEDULE_MAX]);

/** The configuration that worker `w`'s policy gets. Borrows from the cell. */
struct policy_config cell_policy_config(const struct cell *self, uint32_t w);

/** Samples of the smallest shard, if shards are dealt; else what each would have if all had as many; 0: no data. */
uint32_t cell_smallest_shard(const struct cell *self);

/** What a receiver is meant to read of one whole vector, without padding. */
uint64_t cell_payload_bytes(const struct cell *self);

#endif
