/* SPDX-License-Identifier: BSD-3-Clause */
/** Inside topo/ only: the makers behind the rows of graph_table, and the one way to build a graph from edges. */
#ifndef TOPO_GRAPH_ROWS_H
#define TOPO_GRAPH_ROWS_H

#include "topo/graph.h"

/** `workers` up to here, and `edges` up to there: 1 GiB of neighbour lists. */
#define GRAPH_WORKERS_MAX 131072u
#define GRAPH_EDGES_MAX (1u << 27)

struct graph_edge {
    uint32_t a, b;
};

/** Neighbour lists of `count` distinct undirected edges, in any order. 0 or -ENOMEM; borrows `edge` for the call. */
int graph_from_edges(struct graph *out, uint32_t workers, const struct graph_edge *edge,
                     uint32_t count, struct err *err);

/** -EINVAL when `edges` is over the limit, else 0. */
int graph_check_edges(uint64_t edges, struct err *err);

int graph_regular_none(struct graph *out, const struct graph_config *config, struct err *err);
int graph_regular_ring(struct graph *out, const struct graph_config *config, struct err *err);
int graph_regular_path(struct graph *out, const struct graph_config *config, struct err *err);
int graph_regular_star(struct graph *out, const struct graph_config *config, struct err *err);
int graph_regular_complete(struct graph *out, const struct graph_config *config, struct err *err);
int graph_random_make(struct graph *out, const struct graph_config *config, struct err *err);

#endif
