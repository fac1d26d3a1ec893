/* SPDX-License-Identifier: BSD-3-Clause */
/* From (profile, policy, seed) to graph, shards and placement; cell_edges.c makes the edges. */
#include "harness/run/cell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/sim/sim.h"
#include "harness/experiment/keys_tables.h"
#include "harness/run/cell_deal.h"
#include "harness/run/cell_edges.h"
#include "harness/run/cell_inject.h"

/*
 * Small messages unread per edge: what a row's bound allows and one step's more, for EV_FULL comes after the step that passes
 * it. Rows without a bound exchange a few questions and answers; all-to-all policies send none to speak of.
 */
#define CONTROL_DEPTH_STEP 128u
#define CONTROL_DEPTH_FEW 256u
#define CONTROL_DEPTH_ALL 16u

static int out_of_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "not enough memory to plan a run");
}

/** What can be said against a deal before it is made. */
static int check_shards(const struct cell *self, struct err *err)
{
    const struct experiment *const e = self->common->experiment;
    const uint32_t workers = e->workers.count - self->row->central;
    const uint32_t classes = self->common->dataset->classes;
    if (self->split.train < workers)
        return err_set(err, -ENODATA,
                       "%u training samples are too few for %u workers that compute: some would "
                       "get none",
                       self->split.train, workers);
    if (e->train.batch > self->split.train)
        return err_set(err, -EINVAL, "a batch of %u is larger than all %u training samples",
                       e->train.batch, self->split.train);
    if (e->data.shards == SHARD_LABELS && e->data.per_worker > classes)
        return err_set(err, -EINVAL, "data.shards.per_worker is %u, but the data has %u classes",
                       e->data.per_worker, classes);
    return 0;
}

/** Shards for those who train: one that serves them has an empty one. */
static int deal_shards(struct cell *self, struct err *err)
{
    const struct experiment *const e = self->common->experiment;
    const struct dataset *const data = self->common->dataset;
    const uint32_t servers = self->row->central;
    const uint32_t workers = e->workers.count - servers;
    if (!data)
        return 0;
    self->split = shard_counts(data->samples, e->data.split);
    const int wrong = check_shards(self, err);
    if (wrong || self->common->undealt)
        return wrong;
    self->order = malloc(data->samples * sizeof(uint32_t));
    self->shard = malloc((self->split.train + 1) * sizeof(uint32_t));
    self->shard_begin = calloc(e->workers.count + 1, sizeof(uint32_t));
    if (!self->order || !self->shard || !self->shard_begin)
        return out_of_memory(err);
    shard_split(self->seed, data->samples, e->data.split, self->order);
    const int rc = shard_deal(e->data.shards, e->data.per_worker, self->seed, workers,
                              data->classes, data->label, self->order, self->split.train,
                              self->shard, self->shard_begin + servers);
    if (rc == -ENODATA)
        return err_set(err, rc,
                       "%u training samples are too few for %u workers that compute: some would "
                       "get none%s%s",
                       self->split.train, workers, data->note[0] ? "; " : "", data->note);
    if (rc == -EINVAL)
        return err_set(err, rc, "data.shards cannot be dealt with %u classes", data->classes);
    return rc;
}

static bool is_virtual(const struct cell *self)
{
    return self->common->experiment->clock == CLOCK_VIRTUAL;
}

static int make_graph(struct cell *self, struct err *err)
{
    const struct experiment *const e = self->common->experiment;
    const struct graph_config config = {.kind = e->workers.graph,
                                        .workers = e->workers.count,
                                        .degree = e->workers.degree,
                                        .seed = self->shape};
    const int rc = graph_make(&self->graph, &config, err);
    if (rc < 0)
        return rc;
    const bool uses_graph = self->row->edges == POLICY_EDGES_GRAPH || self->row->needs_tree;
    if (uses_graph && config.workers > 1 && !graph_connected(&self->graph))
        return err_set(err, -EINVAL, "policy %s needs a connected graph, and '%s' is not",
                       self->policy->label, e->workers.graph);
    if (!policy_chooses(self->row, &self->options, "pairing", "bipartite"))
        return 0;
    self->side = calloc(config.workers, 1);
    if (!self->side)
        return out_of_memory(err);
    self->edges_dropped = graph_bipartition(&self->graph, self->side);
    return 0;
}

uint32_t cell_slots(const struct policy *row, uint32_t degree_max, uint32_t on_link)
{
    const bool mailbox = row->tensor_class == DELIVERY_NEWEST || row->tensor_class == DELIVERY_SUM;
    const uint32_t per_edge = row->slots_per_edge + (mailbox ? on_link : 0);
    /* one more than the policy knows of: a running gradient pins its input while the model moves on */
    return 1 + row->slots_fixed + per_edge * degree_max;
}

uint32_t cell_control_bound(const struct policy *row, uint32_t workers)
{
    const uint32_t most = SIM_DEPTH_MAX - CONTROL_DEPTH_STEP;
    const uint32_t bound = row->control_bound ? row->control_bound(workers) : 0;
    return bound < most ? bound : most;
}

uint32_t cell_control_depth(const struct policy *row, uint32_t workers)
{
    const uint32_t bound = cell_control_bound(row, workers);
    if (row->edges ==
        POLICY_EDGES_ALL) /* virtual time refuses what live would wait with, and depth costs nothing there */
        return SIM_DEPTH_MAX;
    return bound > 0 ? bound + CONTROL_DEPTH_STEP : CONTROL_DEPTH_FEW;
}

static uint32_t snapshots_on_link(const struct cell *self)
{
    if (is_virtual(self))
        return CELL_ON_VIRTUAL_LINK;
    return (cell_has_bad_links(self) ? CELL_ON_BAD_LINK : 0) + (self->process ? CELL_ON_WIRE : 0);
}

static void size_channels(struct cell *self)
{
    const struct policy *const row = self->row;
    self->slots = cell_slots(row, self->degree_max, snapshots_on_link(self));
    self->exact_depth = row->exact_depth ? row->exact_depth : 2;
    if (policy_evicts_after_ns(row, &self->options) > 0) /* else nobody cares for EV_FULL */
        self->control_bound = cell_control_bound(row, self->graph.workers);
    self->control_depth = cell_control_depth(row, self->graph.workers);
    if (!is_virtual(self) && row->edges == POLICY_EDGES_ALL)
        self->control_depth = CONTROL_DEPTH_ALL;
}

/** Ask the row itself about every worker. */
static int check_policy(const struct cell *self, struct err *err)
{
    for (uint32_t w = 0; self->row->check && w < self->graph.workers; w++) {
        const struct policy_config config = cell_policy_config(self, w);
        const char *const why = self->row->check(&config);
        if (why)
            return err_set(err, -EINVAL, "policy %s cannot run as worker %u of %u: %s",
                           self->policy->label, w, self->graph.workers, why);
    }
    return 0;
}

/** Whom a fault takes away must be somebody the policy can do without. */
static int check_faults(const struct cell *self, struct err *err)
{
    struct fault *const fault = malloc(FAULT_SCHEDULE_MAX * sizeof(*fault));
    int rc = 0;
    if (!fault)
        return err_set(err, -ENOMEM, "not enough memory for a schedule of faults");
    const uint32_t count = cell_faults(self, fault);
    for (uint32_t i = 0; i < count && rc == 0; i++) {
        const char *why = NULL;
        if (fault_is_absence(fault[i].kind))
            why = policy_refuses(self->row, fault_returns(&fault[i]));
        if (why)
            rc = err_set(err, -EINVAL, "policy %s cannot run with fault '%s' of worker %u: %s",
                         self->policy->label, fault_kind_name[fault[i].kind], fault[i].worker, why);
    }
    free(fault);
    return rc;
}

static int check_slots(const struct cell *self, struct err *err)
{
    if (self->slots <= SLOTS_MAX)
        return 0;
    return err_set(
        err, -EINVAL,
        "policy %s needs %u slots per worker with %u peers, at most %u can be told apart",
        self->policy->label, self->slots, self->degree_max, SLOTS_MAX);
}

static int make_placement(struct cell *self, struct err *err)
{
    const uint32_t cores = self->common->experiment->workers.cores;
    const bool few = cores > 0 && cores < CELL_LOOPS_MAX;
    const int rc = place(&self->placement, self->common->machine, &self->graph,
                         few ? cores : CELL_LOOPS_MAX, err);
    return rc < 0 ? rc : cell_deal(self, err);
}

int cell_open(struct cell *out, const struct cell_common *common, uint32_t policy_index,
              uint32_t seed_index, struct err *err)
{
    const struct experiment *const e = common->experiment;
    CHECK(policy_index < e->policy_count);
    CHECK(seed_index < e->seed_count);
    *out = (struct cell){
        .common = common, .policy = &e->policy[policy_index], .seed = e->seed[seed_index]};
    out->shape = common->imitated && common->imitated->shapes > 0
                     ? common->imitated->shape[seed_index % common->imitated->shapes]
                     : out->seed;
    out->options = experiment_options(e, policy_index);
    out->row = policy_variant(out->policy->row, &out->options, e->workers.count);
    int rc = make_graph(out, err);
    if (rc == 0)
        rc = cell_edges(out, err);
    if (rc == 0)
        rc = check_policy(out, err);
    if (rc == 0)
        rc = check_faults(out, err);
    if (rc == 0)
        rc = deal_shards(out, err);
    if (rc == 0 && !is_virtual(out))
        rc = make_placement(out, err);
    if (rc == 0)
        rc = cell_resolve(out, err);
    if (rc == 0) {
        size_channels(out);
        rc = check_slots(out, err);
    }
    if (rc < 0)
        cell_close(out);
    return rc;
}

void cell_close(struct cell *self)
{
    graph_free(&self->graph);
    place_free(&self->placement);
    free(self->process);
    free(self->process_loop);
    free(self->side);
    free(self->peer_begin);
    free(self->peer);
    free(self->tree);
    free(self->order);
    free(self->shard);
    free(self->shard_begin);
    free(self->group);
    free(self->kind[0]);
    free(self->kind[1]);
    *self = (struct cell){0};
}

static bool may_lose(const struct experiment *e)
{
    bool lose = e && e->processes > 1; /* one may die */
    for (uint32_t i = 0; e && i < e->fault_count; i++)
        lose |= fault_loses(e->fault[i].fault.kind);
    return lose;
}

struct policy_config cell_policy_config(const struct cell *self, uint32_t w)
{
    return (struct policy_config){
        .self = w,
        .workers = self->graph.workers,
        .peer_count = self->peer_begin[w + 1] - self->peer_begin[w],
        .peers = self->peer + self->peer_begin[w],
        .seed = rng_key(self->seed, RNG_POLICY, w),
        .options = self->options,
        .adpsgd_active = self->side && self->side[w],
        .tree = self->tree ? self->tree + self->peer_begin[w] : NULL,
        .may_lose = may_lose(self->common ? self->common->experiment : NULL),
    };
}

uint32_t cell_smallest_shard(const struct cell *self)
{
    const uint32_t trainers = self->graph.workers - self->row->central;
    if (!self->shard)
        return trainers > 0 ? self->split.train / trainers : 0;
    uint32_t smallest = UINT32_MAX;
    for (uint32_t w = 0; w < self->graph.workers; w++) {
        const uint32_t samples = self->shard_begin[w + 1] - self->shard_begin[w];
        if (samples > 0 && samples < smallest) /* a server has none */
            smallest = samples;
    }
    return smallest;
}

uint64_t cell_payload_bytes(const struct cell *self)
{
    const uint64_t computed = self->common->model.ops->dim(&self->common->model);
    const uint64_t parameters = computed + self->common->experiment->model.parameters;
    switch (self->row->lanes) {
    case LANES_PLAIN:
        return parameters * sizeof(float);
    case LANES_WEIGHT:
        return (parameters + 1) * sizeof(float);
    case LANES_CUMULATIVE: /* the sums alone: x and y never leave their owner */
        return (parameters + 1) * sizeof(double);
    }
    return 0;
}
