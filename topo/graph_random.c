/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connected random graph with an exact number of edges.
 *
 * First a spanning tree, uniform among all labelled trees: the first-entry edges of a random walk on the complete
 * graph (D. Aldous, SIAM J. Discrete Math. 1990; A. Broder, FOCS 1989). Then the missing edges, uniform without
 * replacement among the pairs outside the tree, by R. Floyd's sampling (J. Bentley, CACM 30(9), 1987): its cost
 * depends on the number drawn, not on how dense the graph gets.
 *
 * Pairs are numbered 0 .. n(n-1)/2 - 1 by (larger, smaller): 64-bit numbers, since 131072 workers have 2^33 pairs.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/rng.h"
#include "topo/graph_rows.h"

/** Streams of RNG_GRAPH: one each, so that a denser graph grows on the same tree. */
enum { STREAM_TREE = 0, STREAM_EXTRA = 1 };

static uint64_t pair_index(uint32_t a, uint32_t b)
{
    const uint64_t high = a > b ? a : b, low = a > b ? b : a;
    return high * (high - 1) / 2 + low;
}

static struct graph_edge pair_of(uint64_t index)
{
    uint64_t high = (uint64_t)((1.0 + sqrt(1.0 + 8.0 * (double)index)) / 2.0);
    while (high * (high - 1) / 2 > index) /* the root may be one off */
        high--;
    while (high * (high + 1) / 2 <= index)
        high++;
    return (struct graph_edge){(uint32_t)(index - high * (high - 1) / 2), (uint32_t)high};
}

static int ascending(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/** pair[0 .. n - 2] becomes the sorted pair numbers of a uniform spanning tree. */
static int draw_tree(uint64_t *pair, uint32_t n, uint64_t seed)
{
    bool *visited = calloc(n, sizeof(*visited));
    if (!visited)
        return -ENOMEM;
    struct rng rng = rng_start(seed, RNG_GRAPH, STREAM_TREE);
    uint32_t at = rng_below(&rng, n), count = 0;
    visited[at] = true;
    while (count < n - 1) {
        uint32_t next = rng_below(&rng, n - 1);
        next += next >= at; /* uniform among the others */
        if (!visited[next]) {
            visited[next] = true;
            pair[count++] = pair_index(at, next);
        }
        at = next;
    }
    free(visited);
    qsort(pair, count, sizeof(*pair), ascending);
    return 0;
}

/** Open-addressed set of numbers, half full at most; UINT64_MAX is an empty cell. */
struct number_set {
    uint64_t *cell;
    uint32_t mask;
};

static bool number_set_add(struct number_set *set, uint64_t value)
{
    uint32_t i = (uint32_t)((value * 0x9e3779b97f4a7c15u) >> 32) & set->mask;
    for (; set->cell[i] != UINT64_MAX; i = (i + 1) & set->mask)
        if (set->cell[i] == value)
            return false;
    set->cell[i] = value;
    return true;
}

__extension__ typedef unsigned __int128 wide;

/** A number below `bound`; beyond 32 bits by scaling 64 bits down, whose bias (2^-30) nobody will see. */
static uint64_t draw_below(struct rng *rng, uint64_t bound)
{
    if (bound <= UINT32_MAX)
        return rng_below(rng, (uint32_t)bound);
    return (uint64_t)((wide)rng_next(rng) * bound >> 64);
}

/** out[0 .. count) becomes `count` distinct sorted numbers below `bound`, every subset equally likely. */
static int draw_subset(uint64_t *out, uint32_t count, uint64_t bound, uint64_t seed)
{
    CHECK(count <= bound);
    if (count == 0)
        return 0;
    uint32_t size = 2;
    while (size < 2 * count)
        size *= 2;
    struct number_set set = {.cell = malloc(size * sizeof(*set.cell)), .mask = size - 1};
    if (!set.cell)
        return -ENOMEM;
    for (uint32_t i = 0; i < size; i++)
        set.cell[i] = UINT64_MAX;

    struct rng rng = rng_start(seed, RNG_GRAPH, STREAM_EXTRA);
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t top = bound - count + i;
        out[i] = draw_below(&rng, top + 1);
        if (!number_set_add(&set, out[i])) {
            out[i] = top;
            const bool added = number_set_add(&set, top);
            CHECK(added);
        }
    }
    free(set.cell);
    qsort(out, count, sizeof(*out), ascending);
    return 0;
}

/** The r-th pair that is not in the tree, for ascending r: step over every tree pair on the way. */
static void skip_tree(uint64_t *rank, uint32_t count, const uint64_t *tree, uint32_t tree_count)
{
    uint32_t passed = 0;
    for (uint32_t i = 0; i < count; i++) {
        while (passed < tree_count && tree[passed] <= rank[i] + passed)
            passed++;
        rank[i] += passed;
    }
}

/** The exact number of edges, round(n * degree / 2), or -EINVAL when no connected graph has it. */
static int edge_count(const struct graph_config *config, uint32_t *edges, struct err *err)
{
    const uint32_t n = config->workers;
    const double degree_min = 2.0 * (n - 1) / n, degree_max = n - 1;
    *edges = 0;
    if (n == 1)
        return 0;
    if (!(config->degree >= degree_min - 1e-9))
        return err_set(err, -EINVAL,
                       "a random graph of %u workers with mean degree %g cannot be connected: at "
                       "least %.4g",
                       n, config->degree, degree_min);
    if (config->degree > degree_max + 1e-9)
        return err_set(err, -EINVAL,
                       "a random graph of %u workers with mean degree %g: at most %g (everybody "
                       "else)",
                       n, config->degree, degree_max);
    const double wanted = floor(n * config->degree / 2.0 + 0.5);
    const int rc = graph_check_edges((uint64_t)wanted, err);
    if (rc < 0)
        return rc;
    *edges = (uint32_t)wanted;
    CHECK(*edges >= n - 1);
    return 0;
}

int graph_random_make(struct graph *out, const struct graph_config *config, struct err *err)
{
    const uint32_t n = config->workers, tree = n - 1;
    uint32_t edges;
    int rc = edge_count(config, &edges, err);
    if (rc < 0)
        return rc;
    if (n == 1)
        return graph_from_edges(out, n, NULL, 0, err);

    const uint64_t pairs = pair_index(n - 1, n - 2) + 1;
    const uint32_t extra = edges - tree;
    uint64_t *pair = calloc(edges, sizeof(*pair));
    struct graph_edge *edge = calloc(edges, sizeof(*edge));
    rc = pair && edge ? 0 : -ENOMEM;
    if (rc == 0)
        rc = draw_tree(pair, n, config->seed);
    if (rc == 0)
        rc = draw_subset(pair + tree, extra, pairs - tree, config->seed);
    if (rc < 0) {
        err_set(err, rc, "out of memory for a graph of %u workers and %u edges", n, edges);
        goto out;
    }
    skip_tree(pair + tree, extra, pair, tree);
    for (uint32_t i = 0; i < edges; i++)
        edge[i] = pair_of(pair[i]);
    rc = graph_from_edges(out, n, edge, edges, err);
out:
    free(edge);
    free(pair);
    return rc;
}
