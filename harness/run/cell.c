/* From (profile, policy, seed) to graph, shards, edges and placement. */
#include "harness/run/cell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

/*
 * Small messages in flight per edge. Pathsearch sends up to workers - 1 PATH edges per epoch over a link besides its
 * questions and answers: a neighbour that answers nothing for a while must not fill the ring, or its neighbours stall
 * with it. All-to-all policies send none to speak of.
 */
#define CONTROL_DEPTH_LEAST 256u
#define CONTROL_DEPTH_PER_WORKER 4u
#define CONTROL_DEPTH_ALL 16u

static int out_of_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "not enough memory to plan a cell");
}

static int deal_shards(struct cell *self, struct err *err)
{
    const struct experiment *const e = self->common->experiment;
    const struct dataset *const data = self->common->dataset;
    const uint32_t workers = e->workers.count;
    if (!data)
        return 0;
    self->order = malloc(data->samples * sizeof(uint32_t));
    self->shard_begin = malloc((workers + 1) * sizeof(uint32_t));
    if (!self->order || !self->shard_begin)
        return out_of_memory(err);
    self->split = shard_split(self->seed, data->samples, e->data.split, self->order);
    self->shard = malloc((self->split.train + 1) * sizeof(uint32_t));
    if (!self->shard)
        return out_of_memory(err);
    const int rc =
        shard_deal(e->data.shards, e->data.per_worker, self->seed, workers, data->classes,
                   data->label, self->order, self->split.train, self->shard, self->shard_begin);
    if (rc == -ENODATA)
        return err_set(err, rc,
                       "%u training samples are too few for %u workers: some would get none",
                       self->split.train, workers);
    if (rc == -EINVAL)
        return err_set(err, rc, "data.shards.per_worker is %u, but the data has %u classes",
                       e->data.per_worker, data->classes);
    return rc;
}

static bool keeps_edge(const struct cell *self, uint32_t a, uint32_t b)
{
    return !self->side || self->side[a] != self->side[b];
}

/** Neighbour lists on the edges that the policy's row declares. */
static int make_edges(struct cell *self, struct err *err)
{
    const enum policy_edges kind = self->policy->row->edges;
    const uint32_t n = self->graph.workers;
    const uint64_t bound = kind == POLICY_EDGES_ALL ? (uint64_t)n * (n - 1) : self->graph.begin[n];
    self->peer_begin = calloc(n + 1, sizeof(uint32_t));
    self->peer = malloc((bound + 1) * sizeof(uint32_t));
    if (!self->peer_begin || !self->peer)
        return out_of_memory(err);
    uint32_t used = 0;
    for (uint32_t w = 0; w < n; w++) {
        self->peer_begin[w] = used;
        if (kind == POLICY_EDGES_ALL) {
            for (uint32_t p = 0; p < n; p++)
                if (p != w)
                    self->peer[used++] = p;
        } else if (kind == POLICY_EDGES_GRAPH) {
            for (uint32_t k = self->graph.begin[w]; k < self->graph.begin[w + 1]; k++)
                if (keeps_edge(self, w, self->graph.peer[k]))
                    self->peer[used++] = self->graph.peer[k];
        }
        const uint32_t degree = used - self->peer_begin[w];
        self->degree_max = degree > self->degree_max ? degree : self->degree_max;
    }
    self->peer_begin[n] = used;
    return 0;
}

static int make_graph(struct cell *self, struct err *err)
{
    const struct experiment *const e = self->common->experiment;
    const struct graph_config config = {.kind = e->workers.graph,
                                        .workers = e->workers.count,
                                        .degree = e->workers.degree,
                                        .seed = self->seed};
    const int rc = graph_make(&self->graph, &config, err);
    if (rc < 0)
        return rc;
    if (self->policy->row->edges == POLICY_EDGES_GRAPH && config.workers > 1 &&
        !graph_connected(&self->graph))
        return err_set(err, -EINVAL, "policy %s needs a connected graph, and '%s' is not",
                       self->policy->label, e->workers.graph);
    self->spectral_gap = graph_spectral_gap(&self->graph);
    if (strcmp(self->policy->row->name, "adpsgd") || self->policy->pairing != ADPSGD_BIPARTITE)
        return 0;
    self->side = calloc(config.workers, 1);
    if (!self->side)
        return out_of_memory(err);
    self->edges_dropped = graph_bipartition(&self->graph, self->side);
    return 0;
}

static void size_channels(struct cell *self)
{
    const struct policy *const row = self->policy->row;
    /* one more than the policy knows of: a running gradient pins its input while the model moves on */
    self->slots = 1 + row->slots_fixed + row->slots_per_edge * self->degree_max;
    self->exact_depth = row->exact_depth ? row->exact_depth : 2;
    self->control_depth = CONTROL_DEPTH_PER_WORKER * self->graph.workers;
    if (self->control_depth < CONTROL_DEPTH_LEAST)
        self->control_depth = CONTROL_DEPTH_LEAST;
    if (row->edges == POLICY_EDGES_ALL)
        self->control_depth = CONTROL_DEPTH_ALL;
}

int cell_open(struct cell *out, const struct cell_common *common, uint32_t policy_index,
              uint32_t seed_index, struct err *err)
{
    const struct experiment *const e = common->experiment;
    CHECK(policy_index < e->policy_count);
    CHECK(seed_index < e->seed_count);
    *out = (struct cell){
        .common = common, .policy = &e->policy[policy_index], .seed = e->seed[seed_index]};
    int rc = make_graph(out, err);
    if (rc == 0)
        rc = make_edges(out, err);
    if (rc == 0)
        rc = deal_shards(out, err);
    const bool few = e->workers.cores > 0 && e->workers.cores < CELL_LOOPS_MAX;
    if (rc == 0)
        rc = place(&out->placement, common->machine, &out->graph,
                   few ? e->workers.cores : CELL_LOOPS_MAX, err);
    if (rc < 0) {
        cell_close(out);
        return rc;
    }
    size_channels(out);
    return 0;
}

void cell_close(struct cell *self)
{
    graph_free(&self->graph);
    place_free(&self->placement);
    free(self->side);
    free(self->peer_begin);
    free(self->peer);
    free(self->order);
    free(self->shard);
    free(self->shard_begin);
    *self = (struct cell){0};
}

struct policy_config cell_policy_config(const struct cell *self, uint32_t w)
{
    return (struct policy_config){
        .self = w,
        .workers = self->graph.workers,
        .peer_count = self->peer_begin[w + 1] - self->peer_begin[w],
        .peers = self->peer + self->peer_begin[w],
        .seed = rng_key(self->seed, RNG_POLICY, w),
        .aau_release = self->policy->release,
        .adpsgd_pairing = self->policy->pairing,
        .adpsgd_comm_thread = self->policy->comm_thread,
        .adpsgd_active = self->side && self->side[w],
    };
}
