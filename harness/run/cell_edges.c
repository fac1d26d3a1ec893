/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbour lists, symmetric and ascending. Each kind of edges is a function that lists the peers of one worker; it is
 * called twice, once to count and once to fill, so that a star of 100 000 is refused before anything is allocated.
 */
#include "harness/run/cell_edges.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/check.h"

/** Peers of worker w into out[]; NULL: only count them. Returns how many. */
typedef uint32_t (*list_peers)(const struct cell *self, uint32_t w, uint32_t *out);

static uint32_t list_none(const struct cell *self, uint32_t w, uint32_t *out)
{
    (void)self;
    (void)w;
    (void)out;
    return 0;
}

static uint32_t list_graph(const struct cell *self, uint32_t w, uint32_t *out)
{
    const struct graph *const graph = &self->graph;
    uint32_t count = 0;
    for (uint32_t k = graph->begin[w]; k < graph->begin[w + 1]; k++) {
        if (self->side && self->side[w] == self->side[graph->peer[k]])
            continue; /* the bipartition dropped it */
        if (out)
            out[count] = graph->peer[k];
        count++;
    }
    return count;
}

static uint32_t list_all(const struct cell *self, uint32_t w, uint32_t *out)
{
    const uint32_t n = self->graph.workers;
    for (uint32_t p = 0; out && p < n; p++)
        if (p != w)
            *out++ = p;
    return n - 1;
}

static uint32_t list_star(const struct cell *self, uint32_t w, uint32_t *out)
{
    if (w == 0)
        return list_all(self, w, out);
    if (out)
        *out = 0;
    return 1;
}

static int ascending(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/** i and i +- 2^j: with 8 workers 1 2 4 6 7 from 0, since +4 and -4 are the same one. */
static uint32_t list_exponential(const struct cell *self, uint32_t w, uint32_t *out)
{
    const uint64_t n = self->graph.workers;
    uint32_t peer[64], count = 0, distinct = 0;
    for (uint64_t step = 1; step < n; step *= 2) {
        CHECK(count + 2 <= sizeof(peer) / sizeof(peer[0]));
        peer[count++] = (uint32_t)((w + step) % n);
        peer[count++] = (uint32_t)((w + n - step) % n);
    }
    qsort(peer, count, sizeof(peer[0]), ascending);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && peer[i] == peer[i - 1])
            continue;
        if (out)
            out[distinct] = peer[i];
        distinct++;
    }
    return distinct;
}

static list_peers lister_of(const struct cell *self)
{
    static const list_peers by_kind[] = {
        [POLICY_EDGES_NONE] = list_none,
        [POLICY_EDGES_GRAPH] = list_graph,
        [POLICY_EDGES_ALL] = list_all,
        [POLICY_EDGES_STAR] = list_star,
        [POLICY_EDGES_EXPONENTIAL] = list_exponential,
    };
    const enum policy_edges kind = self->row->edges;
    CHECK(kind < sizeof(by_kind) / sizeof(by_kind[0]));
    /* A modelled collective exchanges no messages: no edges means that the driver takes everybody. Rows without rounds
     * reduce in groups, and agree on them by messages. */
    if (kind == POLICY_EDGES_ALL && self->row->synchronous &&
        policy_models_reduction(self->row, &self->options))
        return list_none;
    return by_kind[kind];
}

static int refuse_degree(const struct cell *self, uint32_t w, uint32_t degree, struct err *err)
{
    const char *const remedy = self->row->edges == POLICY_EDGES_ALL && self->row->synchronous
                                   ? "; in virtual time `collective: modelled` needs no edges"
                               : self->row->edges == POLICY_EDGES_GRAPH ? "; choose a sparser graph"
                                                                        : "";
    return err_set(err, -EINVAL,
                   "policy %s: worker %u of %u would have %u peers, a policy can name %u at most%s",
                   self->policy->label, w, self->graph.workers, degree, STEP_PEERS_MAX, remedy);
}

/**
 * Mark the edges of a breadth-first tree of the policy's edges from worker 0, at both ends. Connected edges give n - 1 of
 * them; policies are asked by their check what they make of less.
 */
static int mark_tree(struct cell *self, struct err *err)
{
    const uint32_t n = self->graph.workers;
    uint32_t *const queue = malloc(n * sizeof(*queue));
    uint8_t *const seen = calloc(n, 1);
    self->tree = calloc((size_t)self->peer_begin[n] + 1, 1);
    if (!queue || !seen || !self->tree) {
        free(queue);
        free(seen);
        return err_set(err, -ENOMEM, "not enough memory for the spanning tree of %u workers", n);
    }
    uint32_t tail = 0;
    queue[tail++] = 0;
    seen[0] = 1;
    for (uint32_t head = 0; head < tail; head++) {
        const uint32_t w = queue[head];
        for (uint32_t k = self->peer_begin[w]; k < self->peer_begin[w + 1]; k++) {
            const uint32_t p = self->peer[k];
            if (seen[p])
                continue;
            seen[p] = 1;
            queue[tail++] = p;
            const uint32_t *const back =
                bsearch(&w, self->peer + self->peer_begin[p],
                        self->peer_begin[p + 1] - self->peer_begin[p], sizeof(w), ascending);
            CHECK(back); /* neighbourhood is symmetric */
            self->tree[k] = self->tree[back - self->peer] = 1;
        }
    }
    free(queue);
    free(seen);
    return 0;
}

int cell_edges(struct cell *self, struct err *err)
{
    const list_peers list = lister_of(self);
    const uint32_t n = self->graph.workers;
    uint64_t total = 0;
    for (uint32_t w = 0; w < n; w++) {
        const uint32_t degree = list(self, w, NULL);
        if (degree > STEP_PEERS_MAX)
            return refuse_degree(self, w, degree, err);
        self->degree_max = degree > self->degree_max ? degree : self->degree_max;
        total += degree;
    }
    CHECK(total <= UINT32_MAX); /* SIM_WORKERS_MAX * STEP_PEERS_MAX */
    self->peer_begin = calloc((size_t)n + 1, sizeof(uint32_t));
    self->peer = malloc((total + 1) * sizeof(uint32_t));
    if (!self->peer_begin || !self->peer)
        return err_set(err, -ENOMEM, "not enough memory for %llu edges", (unsigned long long)total);
    for (uint32_t w = 0; w < n; w++)
        self->peer_begin[w + 1] =
            self->peer_begin[w] + list(self, w, self->peer + self->peer_begin[w]);
    return self->row->needs_tree ? mark_tree(self, err) : 0;
}
