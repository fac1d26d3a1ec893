/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two sides for pairwise exchange: as many edges across as local search finds, and the edges across still connected.
 *
 * A spanning tree in two colours already crosses at every tree edge, and a bipartite graph is then cut completely. From
 * there single workers change sides while that gains crossing edges (maximum cut itself is NP-hard). A change is refused
 * when it would split the crossing subgraph, because gossip would then average within the parts only.
 *
 * A disconnected graph is treated component by component: the crossing subgraph gets no further component.
 */
#include <stdlib.h>

#include "core/base/check.h"
#include "topo/graph.h"

/** Bounds of the search: passes over all workers, and edges read by connectivity tests (about a second). */
#define BIPARTITION_PASSES_MAX 16
#define BIPARTITION_WORK_MAX 150000000ull

struct search {
    const struct graph *graph;
    uint8_t *side;
    uint32_t *queue;     /* [workers] of a walk, or the stack of a tree */
    uint32_t *mark;      /* [workers] number of the last walk that came by */
    uint32_t *reach;     /* [workers] size of the component */
    uint32_t *order;     /* [workers] as the trees found them */
    uint32_t *next_edge; /* [workers] of a tree */
    uint32_t walk;
    uint64_t work;
};

/** Does a walk along the crossing edges still get from `start` to its whole component? */
static bool reaches_all(struct search *self, uint32_t start)
{
    const struct graph *graph = self->graph;
    uint32_t tail = 0;
    self->walk++;
    self->queue[tail++] = start;
    self->mark[start] = self->walk;
    for (uint32_t head = 0; head < tail && tail < self->reach[start]; head++) {
        const uint32_t w = self->queue[head];
        self->work += graph_degree(graph, w) + 1;
        for (uint32_t e = graph->begin[w]; e < graph->begin[w + 1]; e++) {
            const uint32_t peer = graph->peer[e];
            if (self->side[peer] == self->side[w] || self->mark[peer] == self->walk)
                continue;
            self->mark[peer] = self->walk;
            self->queue[tail++] = peer;
        }
    }
    return tail == self->reach[start];
}

/**
 * Two-colour a depth-first tree of the component of `root`. Depth first, because its long paths alternate: on a complete
 * graph they give two halves at once, where a breadth-first tree would start from one against all.
 * Appends the members to `order` behind `found`; returns how many it holds then.
 */
static uint32_t colour_tree(struct search *self, uint32_t root, uint32_t found)
{
    const struct graph *graph = self->graph;
    uint32_t depth = 0;
    self->side[root] = 0;
    self->mark[root] = self->walk;
    self->order[found++] = root;
    self->queue[depth++] = root;
    while (depth > 0) {
        const uint32_t w = self->queue[depth - 1];
        if (self->next_edge[w] == graph_degree(graph, w)) {
            depth--;
            continue;
        }
        const uint32_t peer = graph->peer[graph->begin[w] + self->next_edge[w]++];
        if (self->mark[peer] == self->walk)
            continue;
        self->mark[peer] = self->walk;
        self->side[peer] = !self->side[w];
        self->order[found++] = peer;
        self->queue[depth++] = peer;
    }
    return found;
}

static void colour_trees(struct search *self)
{
    uint32_t found = 0;
    self->walk = 1;
    for (uint32_t root = 0; root < self->graph->workers; root++) {
        if (self->mark[root] == self->walk)
            continue;
        const uint32_t first = found;
        found = colour_tree(self, root, first);
        for (uint32_t i = first; i < found; i++)
            self->reach[self->order[i]] = found - first;
    }
    CHECK(found == self->graph->workers);
}

static uint32_t crossing(const struct search *self, uint32_t w)
{
    uint32_t count = 0;
    for (uint32_t e = self->graph->begin[w]; e < self->graph->begin[w + 1]; e++)
        count += self->side[self->graph->peer[e]] != self->side[w];
    return count;
}

/** Change sides if that gains crossing edges and the component stays in one piece. */
static bool try_flip(struct search *self, uint32_t w)
{
    if (2 * crossing(self, w) >= graph_degree(self->graph, w))
        return false;
    self->side[w] = !self->side[w];
    if (reaches_all(self, w))
        return true;
    self->side[w] = !self->side[w];
    return false;
}

uint32_t graph_bipartition(const struct graph *self, uint8_t *side)
{
    CHECK(self->workers >= 1);
    struct search search = {.graph = self, .side = side};
    const size_t n = self->workers;
    uint32_t *scratch = calloc(5 * n, sizeof(*scratch));
    CHECK(scratch);
    search.queue = scratch;
    search.mark = scratch + n;
    search.reach = scratch + 2 * n;
    search.order = scratch + 3 * n;
    search.next_edge = scratch + 4 * n;

    colour_trees(&search);
    bool moved = true;
    for (uint32_t pass = 0; moved && pass < BIPARTITION_PASSES_MAX; pass++) {
        moved = false;
        for (uint32_t w = 0; w < self->workers && search.work < BIPARTITION_WORK_MAX; w++)
            moved |= try_flip(&search, w);
    }

    uint32_t cut = 0;
    for (uint32_t w = 0; w < self->workers; w++)
        cut += crossing(&search, w); /* each edge from both ends */
    free(scratch);
    return graph_edges(self) - cut / 2;
}
