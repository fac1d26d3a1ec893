/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Placement of a graph on a machine: worker -> PU, neighbours near each other.
 *
 * One worker per physical core first, SMT siblings last; more workers than PUs share them evenly (cooperative).
 */
#ifndef TOPO_PLACE_H
#define TOPO_PLACE_H

#include <stdio.h>

#include "topo/graph.h"
#include "topo/machine.h"

struct placement {
    uint32_t workers;
    uint32_t cores_used;  /* loops = PUs in use */
    uint32_t *pu;         /* [workers] index into machine_pu_at; owned */
    uint32_t *loop;       /* [workers] which loop 0..cores_used-1 serves it; owned */
    uint32_t *loop_pu;    /* [cores_used]; owned */
    bool cooperative;     /* more workers than PUs used */
    bool shared;          /* loops of several processes on one PU; place() makes none */
    bool smt_shared;      /* siblings of one core are both used */
    double mean_distance; /* over graph edges, machine_distance units */
};

/** `cores_max` 0 = all allowed. Loops run on the first PUs of the machine's order. Deterministic. 0, or -ENOMEM with `err`. */
int place(struct placement *out, const struct machine *machine, const struct graph *graph,
          uint32_t cores_max, struct err *err);
void place_free(struct placement *self);

/** Draw machine, workers and neighbour lists as text, at most `columns` wide (60 at least). UTF-8 lines. */
void place_draw(FILE *out, const struct machine *machine, const struct graph *graph,
                const struct placement *placement, unsigned columns);

#endif
