/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/support_sim.h"
#include "tests/random/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/base/units.h"
#include "tests/unit/support_sim_graph.h"

static void *resize(void *context, void *old, size_t old_bytes, size_t bytes)
{
    struct cluster *const self = context;
    return graph_resize(&self->bytes, &self->bytes_max, old, old_bytes, bytes);
}

static uint64_t stirred(uint64_t hash, uint64_t word)
{
    return rng_at(hash ^ word, 0);
}

static void hash_step(void *context, struct sim *sim, uint32_t worker, const struct event *event,
                      struct actions *actions)
{
    struct cluster *const self = context;
    (void)sim;
    uint64_t hash = stirred(self->hash, event->now_ns);
    hash = stirred(hash, (uint64_t)worker << 32 | (uint64_t)event->kind << 16 | event->type);
    hash = stirred(hash, event->tag ^ (uint64_t)event->peer << 40);
    hash = stirred(hash, event->handle);
    for (uint32_t i = 0; i < actions->count; i++) {
        hash = stirred(hash, (uint64_t)actions->item[i].kind << 32 | actions->item[i].count);
        hash = stirred(hash, actions->item[i].tag ^ actions->item[i].at_ns);
    }
    self->hash = hash;
}

void cluster_plan(struct cluster *self, const char *name, uint32_t workers, uint32_t degree,
                  uint64_t seed)
{
    const struct policy *const policy = policy_find(name);
    cr_assert_not_null(policy);
    cluster_plan_row(self, policy, workers, degree, seed);
}

void cluster_plan_row(struct cluster *self, const struct policy *policy, uint32_t workers,
                      uint32_t degree, uint64_t seed)
{
    *self = (struct cluster){0};
    self->memory = (struct sim_memory){.resize = resize, .context = self};
    graph_plan(policy, workers, degree, seed, &self->worker, &self->peers);
    self->watch = (struct sim_watch){.context = self, .stepped = hash_step};
    self->config = (struct sim_config){.policy = policy,
                                       .worker = self->worker,
                                       .workers = workers,
                                       .seed = seed,
                                       .base_ns = MS,
                                       .payload_bytes = 4096,
                                       .slots = graph_slots(policy, self->worker, workers),
                                       .exact_depth = policy->exact_depth,
                                       .control_depth = 256,
                                       .stop_ns = 100 * MS,
                                       .lr = 0.1f,
                                       .watch = &self->watch};
}

void cluster_open(struct cluster *self)
{
    struct err err = {0};
    self->config.memory = &self->memory;
    cr_assert_eq(sim_open(&self->sim, &self->config, &err), 0, "%s", err.text);
}

static void check_parts(const struct cluster *self)
{
    uint64_t total = 0;
    for (uint32_t w = 0; w < self->config.workers; w++) {
        const struct sim_worker_record *const record = sim_worker(self->sim, w);
        uint64_t sum = 0;
        for (uint32_t p = 0; p < PART_COUNT; p++)
            sum += record->part_ns[p];
        cr_assert_eq(sum, record->total_ns, "worker %u", w);
        uint64_t waited = 0;
        for (uint32_t b = 0; b < BLAME_COUNT; b++)
            waited += record->wait_ns[b];
        cr_assert_eq(waited, record->part_ns[PART_WAIT], "worker %u", w);
        if (self->config.stolen_count == 0 && self->config.costs.event_ns == 0)
            cr_assert_eq(record->part_ns[PART_REST], 0);
        total += sum;
    }
    cr_assert_eq(total, sim_totals(self->sim)->total_ns);
}

void cluster_run(struct cluster *self)
{
    if (!self->sim)
        cluster_open(self);
    while (sim_run(self->sim, 1000))
        ;
    const struct sim_totals *const t = sim_totals(self->sim);
    cr_assert_str_empty(sim_failure(self->sim), "%s, seed %llu: %s", self->config.policy->name,
                        (unsigned long long)self->config.seed, sim_failure(self->sim));
    cr_assert_eq(t->count.loans, 0, "%llu loans are out", (unsigned long long)t->count.loans);
    cr_assert_eq(t->count.tensors_in_flight, 0);
    check_parts(self);
}

void cluster_close(struct cluster *self)
{
    sim_close(self->sim);
    self->sim = NULL;
    free(self->worker);
    free(self->peers);
    cr_assert_eq(self->bytes, 0, "%llu bytes were not given back", (unsigned long long)self->bytes);
}

/* ----------------------------------------------------------------------------------------------------- scripts */

struct scripted {
    const struct policy_config *config;
};

static cluster_script *cluster_scripted;

static size_t scripted_lay_out(void *state, const struct policy_config *config)
{
    if (state)
        ((struct scripted *)state)->config = config;
    return sizeof(struct scripted);
}

static void scripted_step(void *state, const struct event *event, struct actions *out)
{
    const struct scripted *const self = state;
    if (event->kind == EV_TENSOR)
        actions_push(out, (struct action){
                              .kind = ACT_RELEASE, .peer = event->peer, .handle = event->handle});
    if (event->kind == EV_STOP)
        actions_push(out, (struct action){.kind = ACT_DONE});
    cluster_scripted(self->config->self, event, out);
}

struct policy cluster_row(cluster_script *script, enum delivery_class class)
{
    cluster_scripted = script;
    return (struct policy){.name = "scripted",
                           .edges = POLICY_EDGES_GRAPH,
                           .tensor_class = class,
                           .exact_depth = 4,
                           .slots_fixed = 4,
                           .slots_per_edge = 8,
                           .survives_loss = true,
                           .lay_out = scripted_lay_out,
                           .step = scripted_step};
}

static const struct {
    const char *name, *options;
} variants[] = {
    {"none", ""},
    {"allreduce", "collective: chunked"},
    {"allreduce", "collective: modelled"},
    {"dsgd", ""},
    {"dsgd", "order: cta"},
    {"adpsgd", "comm_thread: true"},
    {"adpsgd", "pairing: any"},
    {"aau", "release: cluster"},
    {"aau", "release: all"},
    {"aau", "release: nbr"},
    {"aau", "release: pair"},
    {"aau", "new_edge: vertex"},
    {"aau", "release: cluster, evict_after: 500us"},
    {"aau", "release: all, evict_after: 200us, max_staleness: 2"},
    {"cb-dybw", ""},
    {"partial", "wait: k, k: 2"},
    {"partial", "wait: timeout, timeout: 200us"},
    {"partial", "wait: random, weights: uniform"},
    {"prague", "group: 3, lag: 2"},
    {"prague", "group: 2, collective: modelled"},
    {"local-sgd", "steps: 3"},
    {"swarm", "steps: 3"},
    {"epidemic", "fanout: 2, timeout: 200us"},
    {"k-sync", "k: 2"},
    {"asgd", ""},
    {"ssp", "staleness: 2"},
    {"hop", "staleness: 2, backup: 1"},
    {"swift", "steps: 1"},
    {"sgp", "overlap: 1"},
    {"agp", ""},
    {"agp-yscaled", ""},
};
#define VARIANTS ((uint32_t)(sizeof(variants) / sizeof(variants[0])))

static bool stands_above(const struct policy *row)
{
    for (uint32_t i = 0; i < VARIANTS; i++)
        if (strcmp(variants[i].name, row->name) == 0)
            return true;
    return false;
}

uint32_t cluster_variants(void)
{
    uint32_t count = VARIANTS;
    for (uint32_t i = 0; i < policy_count; i++)
        count += !stands_above(policy_table[i]);
    return count;
}

struct cluster_variant cluster_variant(uint64_t n)
{
    uint32_t i = (uint32_t)(n % cluster_variants());
    if (i < VARIANTS)
        return (struct cluster_variant){
            variants[i].name,
            options_read(policy_find(variants[i].name), "%s", variants[i].options)};
    i -= VARIANTS;
    for (uint32_t p = 0;; p++)
        if (!stands_above(policy_table[p]) && i-- == 0)
            return (struct cluster_variant){policy_table[p]->name,
                                            options_default(policy_table[p])};
}
