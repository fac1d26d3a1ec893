/* SPDX-License-Identifier: BSD-3-Clause */
/* Graphs without chance: none, ring, path, star, complete. A ring of two is one edge, a ring of one has none. */
#include <errno.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "topo/graph_rows.h"

int graph_regular_none(struct graph *out, const struct graph_config *config, struct err *err)
{
    return graph_from_edges(out, config->workers, NULL, 0, err);
}

/** i -- next(i) for the first `count` workers: a path, closed to a ring by the last one. */
static int chain(struct graph *out, uint32_t workers, uint32_t count, struct err *err)
{
    struct graph_edge *edge = calloc(workers, sizeof(*edge));
    if (!edge)
        return err_set(err, -ENOMEM, "out of memory for a graph of %u workers", workers);
    for (uint32_t i = 0; i < count; i++)
        edge[i] = (struct graph_edge){i, i + 1 < workers ? i + 1 : 0};
    const int rc = graph_from_edges(out, workers, edge, count, err);
    free(edge);
    return rc;
}

int graph_regular_ring(struct graph *out, const struct graph_config *config, struct err *err)
{
    const uint32_t n = config->workers;
    return chain(out, n, n > 2 ? n : n - 1, err);
}

int graph_regular_path(struct graph *out, const struct graph_config *config, struct err *err)
{
    return chain(out, config->workers, config->workers - 1, err);
}

int graph_regular_star(struct graph *out, const struct graph_config *config, struct err *err)
{
    const uint32_t n = config->workers;
    struct graph_edge *edge = calloc(n, sizeof(*edge));
    if (!edge)
        return err_set(err, -ENOMEM, "out of memory for a graph of %u workers", n);
    for (uint32_t i = 1; i < n; i++)
        edge[i - 1] = (struct graph_edge){0, i};
    const int rc = graph_from_edges(out, n, edge, n - 1, err);
    free(edge);
    return rc;
}

int graph_regular_complete(struct graph *out, const struct graph_config *config, struct err *err)
{
    const uint32_t n = config->workers;
    const uint64_t edges = (uint64_t)n * (n - 1) / 2;
    int rc = graph_check_edges(edges, err);
    if (rc < 0)
        return rc;
    struct graph_edge *edge = calloc(edges ? edges : 1, sizeof(*edge));
    if (!edge)
        return err_set(err, -ENOMEM, "out of memory for a complete graph of %u workers", n);
    uint32_t count = 0;
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t b = a + 1; b < n; b++)
            edge[count++] = (struct graph_edge){a, b};
    CHECK(count == edges);
    rc = graph_from_edges(out, n, edge, count, err);
    free(edge);
    return rc;
}
