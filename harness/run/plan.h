/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A profile made concrete on this machine with this data: checked as far as it can be without starting anything.
 *
 * Opens the data set (a synthetic one is made on first use, if it is to be run), derives the model, and plans every cell once to know what
 * the largest of them needs. All errors here are the user's to mend: exit code 2 or 3, nothing has started.
 */
#ifndef HARNESS_RUN_PLAN_H
#define HARNESS_RUN_PLAN_H

#include <stdio.h>

#include "harness/experiment/experiment.h"
#include "harness/experiment/plugin.h"
#include "harness/run/cell.h"

struct plan {
    struct experiment *experiment; /* borrowed */
    struct dataset dataset;        /* owned, unless the model needs none */
    struct plugin plugin;          /* owned; zero unless the model is one */
    struct cell_common common;
    size_t memory_bytes, snapshot_bytes; /* of the largest cell */
    size_t buffers_bytes;                /* ordinary memory, that of the evaluation included */
    uint32_t loops, degree_max;          /* of any cell */
    uint32_t log_capacity;               /* iterations kept per worker and run */
    size_t journal_bytes;                /* per worker and run; 0 = nothing is recorded */
    double seconds; /* predicted wall time of all cells; virtual: plan_print measures it */
};

/** How much of a plan is asked for. */
enum plan_depth {
    PLAN_PLACES, /* graphs and placements: neither data nor model */
    PLAN_SIZES, /* and how large everything is: synthetic data are not made, and no shard is dealt */
    PLAN_RUN,   /* and everything that a run needs */
};

/** 0, or -errno with `err`. -EINVAL: the profile asks for what cannot be; else the environment. `machine`: NULL for virtual; `ranks`: NULL for one. */
int plan_open(struct plan *out, struct experiment *experiment, const struct machine *machine,
              const struct ranks *ranks, enum plan_depth depth, struct err *err);
void plan_close(struct plan *self);

/** Predicted wall time of the whole matrix, on so many threads in virtual time. 0, or -errno with `err`. */
int plan_seconds(const struct plan *self, uint32_t threads, double *out, struct err *err);

/** A line if batches are larger than shards, which is legal but seldom meant. */
void plan_print_batch(const struct plan *self, const struct cell *cell, FILE *out);

/**
 * What `--dry-run` prints after the resolved profile: placement, memory, slots, time; in virtual time the graph, memory,
 * and wall time on so many threads.
 */
int plan_print(struct plan *self, uint32_t threads, FILE *out, struct err *err);

#endif
