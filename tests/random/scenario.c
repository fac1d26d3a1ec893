/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sizes are drawn small: what goes wrong among twenty-four workers mostly goes wrong among five, and is understood there.
 * Durations are multiples of the base time, so that compute, links and faults get into each other's way.
 */
#include "tests/random/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "harness/run/cell_edges.h"
#include "tests/random/options.h"
#include "tests/random/scenario_private.h"

#define DRAWS_MAX 64u /* of options, until the row takes them */
#define INJECTS_DRAWN_MAX 2u
#define PATIENCE_BASES 20000u

/* ------------------------------------------------------------------------------------------- policy and graph */

static const struct policy *draw_policy(uint64_t seed)
{
    struct rng rng = rng_start(seed, RNG_TEST, STREAM_POLICY);
    return policy_table[rng_below(&rng, policy_count)];
}

static uint32_t draw_workers(struct rng *rng)
{
    return chance(rng, 0.75) ? 2 + rng_below(rng, 6) : 2 + rng_below(rng, SCENARIO_WORKERS_MAX - 1);
}

static int draw_graph(struct scenario *self, struct rng *rng, uint32_t workers, struct err *err)
{
    static const char *const kinds[] = {"ring", "path", "star", "complete", "random", "random"};
    const double sparsest = 2.0 * (workers - 1) / workers, densest = workers - 1;
    const struct graph_config config = {
        .kind = kinds[rng_below(rng, sizeof(kinds) / sizeof(kinds[0]))],
        .workers = workers,
        .degree = sparsest + (densest - sparsest) * rng_unit(rng) * rng_unit(rng),
        .seed = self->seed};
    return graph_make(&self->cell.graph, &config, err);
}

/** The edges of the row with its options. Positive: it does not take them. */
static int take_options(struct scenario *self, struct err *err)
{
    struct cell *const cell = &self->cell;
    const uint32_t workers = cell->graph.workers;
    if (policy_chooses(cell->row, &cell->options, "pairing", "bipartite")) {
        cell->side = calloc(workers, 1);
        if (!cell->side)
            return err_set(err, -ENOMEM, "not enough memory for a scenario");
        cell->edges_dropped = graph_bipartition(&cell->graph, cell->side);
    }
    const int rc = cell_edges(cell, err);
    for (uint32_t w = 0; w < workers && rc == 0; w++) {
        self->worker[w] = cell_policy_config(cell, w);
        if (self->variant->check && self->variant->check(&self->worker[w]))
            return 1;
    }
    return rc;
}

static void forget_edges(struct cell *cell)
{
    free(cell->side);
    free(cell->peer_begin);
    free(cell->peer);
    free(cell->tree);
    cell->side = NULL;
    cell->peer_begin = cell->peer = NULL;
    cell->tree = NULL;
    cell->degree_max = 0;
}

static int draw_options(struct scenario *self, struct err *err)
{
    struct rng rng = rng_start(self->seed, RNG_TEST, STREAM_OPTIONS);
    for (uint32_t draw = 0; draw < DRAWS_MAX; draw++) {
        self->cell.options =
            options_draw(&rng, self->row, self->config.workers, self->config.base_ns);
        self->cell.row = self->variant =
            policy_variant(self->row, &self->cell.options, self->config.workers);
        const int rc = take_options(self, err);
        if (rc <= 0)
            return rc;
        forget_edges(&self->cell);
    }
    return err_set(err, -ENODEV, "no options were found that %s takes with %u workers",
                   self->row->name, self->cell.graph.workers);
}

/* ------------------------------------------------------------------------------------------------------- times */

static void draw_inject(struct scenario *self, struct rng *rng, uint32_t number)
{
    static const char *const laws[] = {"slowdown", "shifted-exp", "pareto", "lognormal"};
    const double base = (double)self->config.base_ns;
    struct inject *const inject = &self->inject[number];
    uint32_t *const list = self->inject_worker[number];
    *inject = (struct inject){
        .law = law_find(laws[rng_below(rng, 4)]),
        .config = {.factor = between(rng, 1, 15),
                   .mean_ns = 1 + ns_between(rng, 0, 3 * base),
                   .shift_ns = ns_between(rng, 0, base),
                   .scale_ns = 1 + ns_between(rng, 0, base),
                   .alpha = between(rng, 1.5, 4),
                   .median_ns = 1 + ns_between(rng, 0, base)},
        .select = (enum inject_select)rng_below(rng, SELECT_WORKERS + 1),
        .share = rng_unit(rng),
        .workers = list,
        .scope = chance(rng, 0.3) ? SCOPE_PROCESS : SCOPE_COMPUTE,
    };
    inject->config.p99_ns = inject->config.median_ns * (2 + rng_below(rng, 20));
    list[0] = rng_below(rng, self->config.workers);
    list[1] = rng_below(rng, self->config.workers);
    inject->worker_count = 1 + (list[0] != list[1]);
}

static void draw_links(struct scenario *self, struct rng *rng)
{
    const double base = (double)self->config.base_ns;
    struct sim_links *const links = &self->config.links;
    self->config.payload_bytes = 64 + rng_below(rng, 4096);
    if (chance(rng, 0.85))
        links->latency_ns = ns_between(rng, 0, chance(rng, 0.2) ? 3 * base : 0.1 * base);
    if (chance(rng, 0.6))
        links->jitter_cv = between(rng, 0, 2);
    if (chance(rng, 0.4)) /* a payload takes up to a fifth of the base time */
        links->bytes_per_s = (double)self->config.payload_bytes * 1e9 / between(rng, 1, 0.2 * base);
    links->control_is_free = chance(rng, 0.2);
}

static void draw_costs(struct scenario *self, struct rng *rng)
{
    const double base = (double)self->config.base_ns;
    const double each =
        0.02 * base / (1 + self->cell.degree_max); /* a thread has time for all its peers */
    if (chance(rng, 0.5))
        self->config.costs = (struct sim_costs){.iteration_ns = ns_between(rng, 0, 0.1 * base),
                                                .apply_ns = ns_between(rng, 0, 0.02 * base),
                                                .send_ns = ns_between(rng, 0, each),
                                                .mix_ns = ns_between(rng, 0, each)};
    if (!chance(rng, 0.25))
        return;
    self->config.core = self->core;
    self->config.cores = 1 + rng_below(rng, self->config.workers);
    self->config.core_ns = ns_between(rng, 0, base);
    for (uint32_t w = 0; w < self->config.workers; w++)
        self->core[w] = rng_below(rng, self->config.cores);
}

static void draw_times(struct scenario *self)
{
    static const double jitters[] = {0.0, 0.0, 0.05, 0.5};
    struct rng rng = rng_start(self->seed, RNG_TEST, STREAM_TIMES);
    self->config.jitter_cv = jitters[rng_below(&rng, 4)];
    self->config.inject.entry = self->inject;
    self->config.inject.count = rng_below(&rng, INJECTS_DRAWN_MAX + 1);
    for (uint32_t i = 0; i < self->config.inject.count; i++)
        draw_inject(self, &rng, i);
    draw_links(self, &rng);
    draw_costs(self, &rng);
}

static void draw_end(struct scenario *self)
{
    struct rng rng = rng_start(self->seed, RNG_TEST, STREAM_END);
    const double kind = rng_unit(&rng), window = scenario_window_bases(self);
    self->fair = self->config.jitter_cv > 0;
    self->patience_ns = PATIENCE_BASES * self->config.base_ns;
    if (kind < 0.15) {
        self->end = SCENARIO_TIME;
        self->config.stop_ns = 1 + ns_between(&rng, 0, window * (double)self->config.base_ns);
    } else if (kind < 0.3 && self->absents == 0) {
        self->end = SCENARIO_ITERATIONS;
        self->config.stop_iterations = 1 + rng_below(&rng, (uint32_t)window);
    }
    const double values = rng_unit(&rng);
    self->values = values < 0.15  ? SCENARIO_LINEAR
                   : values < 0.2 ? SCENARIO_SOFTMAX
                                  : SCENARIO_TIMING;
}

/* --------------------------------------------------------------------------------------------------- all of it */

/** Whoever evicts stands to be told EV_FULL at any time: channels that fill early make it happen. */
static void draw_bound(struct scenario *self)
{
    struct rng rng = rng_start(self->seed, RNG_TEST, STREAM_CHANNELS);
    const uint32_t beyond = self->config.control_depth - self->config.control_bound;
    if (self->config.control_bound == 0 ||
        policy_evicts_after_ns(self->variant, &self->cell.options) == 0 || chance(&rng, 0.5))
        return;
    self->config.control_bound = 4 * self->config.workers + rng_below(&rng, 8);
    self->config.control_depth = self->config.control_bound + beyond;
}

void scenario_size_channels(struct scenario *self)
{
    const struct policy *const row = self->variant;
    /* a message and its copy leave together, so one more may be on the way */
    const uint32_t on_link = CELL_ON_VIRTUAL_LINK + (self->faults.duplicate > 0);
    self->config.slots = cell_slots(row, self->cell.degree_max, on_link);
    self->config.exact_depth = row->exact_depth ? row->exact_depth : 2;
    self->config.control_bound = cell_control_bound(row, self->config.workers);
    self->config.control_depth = cell_control_depth(row, self->config.workers);
}

int scenario_open(struct scenario *out, uint64_t seed, const struct policy *policy, struct err *err)
{
    static const uint64_t bases_ns[] = {100000, 1000000, 10000000};
    *out = (struct scenario){.seed = seed, .row = policy ? policy : draw_policy(seed)};
    struct rng rng = rng_start(seed, RNG_TEST, STREAM_SHAPE);
    const uint32_t workers = draw_workers(&rng);
    out->cell.seed = seed;
    out->config = (struct sim_config){.worker = out->worker,
                                      .workers = workers,
                                      .seed = seed,
                                      .base_ns = bases_ns[rng_below(&rng, 3)],
                                      .lr = 0.125f};
    int rc = draw_graph(out, &rng, workers, err);
    if (rc == 0)
        rc = draw_options(out, err);
    if (rc < 0) {
        scenario_close(out);
        return rc;
    }
    out->config.policy = out->variant;
    draw_times(out);
    scenario_draw_faults(out);
    draw_end(out);
    scenario_size_channels(out);
    draw_bound(out);
    return 0;
}

/* ---------------------------------------------------------------------------------------------- as it was asked for */

static int make_cliques(struct graph *out, uint32_t workers, struct err *err)
{
    const uint32_t half = workers / 2;
    const struct graph_config whole = {.kind = "complete", .workers = workers};
    const int rc = graph_make(out, &whole, err);
    uint32_t kept = 0, begin = 0;
    for (uint32_t w = 0; w < workers && rc == 0; w++) {
        const uint32_t end = out->begin[w + 1];
        for (uint32_t k = begin; k < end; k++) {
            const uint32_t peer = out->peer[k], low = w < peer ? w : peer;
            if ((w < half) == (peer < half) || (low + 1 == half && w + peer == 2 * low + 1))
                out->peer[kept++] = peer;
        }
        begin = end;
        out->begin[w + 1] = kept;
    }
    return rc;
}

int scenario_make(struct scenario *out, const struct scenario_plan *plan, struct err *err)
{
    struct cell *const cell = &out->cell;
    const struct graph_config graph = {.kind = plan->graph,
                                       .workers = plan->workers,
                                       .degree = plan->workers > 3 ? 3 : plan->workers - 1,
                                       .seed = plan->seed};
    *out = (struct scenario){.seed = plan->seed, .row = plan->policy, .variant = plan->policy};
    cell->seed = plan->seed;
    cell->row = plan->policy;
    cell->options = plan->options;
    out->config = (struct sim_config){.policy = plan->policy,
                                      .worker = out->worker,
                                      .workers = plan->workers,
                                      .seed = plan->seed,
                                      .base_ns = plan->base_ns,
                                      .payload_bytes = 64,
                                      .faults = &out->faults,
                                      .fault = out->fault,
                                      .inject = {.entry = out->inject},
                                      .lr = 0.125f};
    out->patience_ns = UINT64_MAX / 4; /* when it ends, and who is late, the caller knows */
    out->end = SCENARIO_TIME;
    int rc = strcmp(plan->graph, "cliques") == 0 ? make_cliques(&cell->graph, plan->workers, err)
                                                 : graph_make(&cell->graph, &graph, err);
    if (rc == 0)
        rc = take_options(out, err);
    if (rc > 0)
        rc = err_set(err, -EINVAL, "%s does not take these options", plan->policy->name);
    if (rc == 0)
        scenario_size_channels(out);
    else
        scenario_close(out);
    return rc;
}

void scenario_close(struct scenario *self)
{
    forget_edges(&self->cell);
    graph_free(&self->cell.graph);
}

void scenario_describe(const struct scenario *self, char *text, uint32_t size)
{
    snprintf(text, size, "%s%s, %u workers, %u edges", self->row->name,
             self->variant == self->row ? "" : " (variant)", self->config.workers,
             self->cell.peer_begin[self->config.workers] / 2);
}
