/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of graphs, and what every graph can do whatever made it. */
#include "topo/graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "topo/graph_rows.h"

/* clang-format off */
const struct graph_kind graph_table[] = {
    {"none",     "no edges: every worker alone (control)",                  false, graph_regular_none},
    {"ring",     "worker i talks to i - 1 and i + 1, the ends meet",        false, graph_regular_ring},
    {"path",     "a ring without its last edge",                            false, graph_regular_path},
    {"star",     "everybody talks to worker 0",                             false, graph_regular_star},
    {"complete", "everybody talks to everybody",                            false, graph_regular_complete},
    {"random",   "random spanning tree plus random edges up to `degree`",   true,  graph_random_make},
};
/* clang-format on */
const uint32_t graph_count = sizeof(graph_table) / sizeof(graph_table[0]);

const struct graph_kind *graph_find(const char *name)
{
    for (uint32_t i = 0; name && i < graph_count; i++)
        if (strcmp(graph_table[i].name, name) == 0)
            return &graph_table[i];
    return NULL;
}

int graph_make(struct graph *out, const struct graph_config *config, struct err *err)
{
    CHECK(out);
    CHECK(config);
    *out = (struct graph){0};
    const struct graph_kind *kind = graph_find(config->kind);
    if (!kind)
        return err_set(err, -EINVAL,
                       "unknown graph \"%s\": one of none ring path star complete random",
                       config->kind ? config->kind : "");
    if (config->workers < 1)
        return err_set(err, -EINVAL, "a graph needs at least 1 worker");
    if (config->workers > GRAPH_WORKERS_MAX)
        return err_set(err, -EINVAL, "a graph of %u workers: at most %u", config->workers,
                       GRAPH_WORKERS_MAX);
    return kind->make(out, config, err);
}

void graph_free(struct graph *self)
{
    free(self->begin);
    free(self->peer);
    *self = (struct graph){0};
}

int graph_check_edges(uint64_t edges, struct err *err)
{
    if (edges <= GRAPH_EDGES_MAX)
        return 0;
    return err_set(err, -EINVAL, "a graph of %llu edges: at most %u, use `random` with a degree",
                   (unsigned long long)edges, GRAPH_EDGES_MAX);
}

static int ascending(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

int graph_from_edges(struct graph *out, uint32_t workers, const struct graph_edge *edge,
                     uint32_t count, struct err *err)
{
    CHECK(count <= GRAPH_EDGES_MAX);
    *out = (struct graph){.workers = workers};
    out->begin = calloc((size_t)workers + 1, sizeof(*out->begin));
    out->peer = calloc(count ? 2 * (size_t)count : 1, sizeof(*out->peer));
    uint32_t *fill = calloc(workers, sizeof(*fill));
    if (!out->begin || !out->peer || !fill) {
        free(fill);
        graph_free(out);
        return err_set(err, -ENOMEM, "out of memory for a graph of %u workers and %u edges",
                       workers, count);
    }

    for (uint32_t i = 0; i < count; i++) {
        CHECK(edge[i].a < workers && edge[i].b < workers);
        CHECK(edge[i].a != edge[i].b);
        out->begin[edge[i].a + 1]++;
        out->begin[edge[i].b + 1]++;
    }
    for (uint32_t w = 0; w < workers; w++)
        out->begin[w + 1] += out->begin[w];
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t a = edge[i].a, b = edge[i].b;
        out->peer[out->begin[a] + fill[a]++] = b;
        out->peer[out->begin[b] + fill[b]++] = a;
    }
    for (uint32_t w = 0; w < workers; w++)
        qsort(out->peer + out->begin[w], graph_degree(out, w), sizeof(*out->peer), ascending);
    free(fill);
    return 0;
}

uint32_t graph_edges(const struct graph *self)
{
    return self->begin[self->workers] / 2;
}

bool graph_connected(const struct graph *self)
{
    uint32_t *queue = calloc(self->workers, sizeof(*queue));
    bool *seen = calloc(self->workers, sizeof(*seen));
    CHECK(queue && seen);
    uint32_t tail = 1; /* worker 0 is in the queue */
    seen[0] = true;
    for (uint32_t head = 0; head < tail; head++)
        for (uint32_t e = self->begin[queue[head]]; e < self->begin[queue[head] + 1]; e++)
            if (!seen[self->peer[e]]) {
                seen[self->peer[e]] = true;
                queue[tail++] = self->peer[e];
            }
    free(queue);
    free(seen);
    return tail == self->workers;
}
