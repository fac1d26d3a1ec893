/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Setting a cell up in EAL memory, running it on pinned threads, and reading the counters afterwards.
 *
 * The main thread sleeps while the loops run: on a small machine it would otherwise be one of the disturbances that are
 * being measured.
 */
#include "harness/run/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/learn/mix.h"
#include "core/worker/membership.h"
#include "core/worker/stall.h"
#include "harness/run/interrupt.h"
#include "harness/run/run_collect.h"
#include "harness/run/run_deaths.h"
#include "harness/run/run_keep.h"
#include "harness/run/run_processes.h"
#include "harness/run/run_share.h"
#include "harness/run/run_sync.h"
#include "harness/run/run_threads.h"
#include "net/edges.h"

/* Longer than any wait that ends: after this a run counts as incomplete. */
#define DRAIN_NS_MAX UINT64_C(30000000000)

static void *take(struct arena *arena, size_t bytes)
{
    void *const p = arena_take(arena, bytes);
    CHECK(p); /* run_memory_bytes counted it */
    return p;
}

/** On its own line of stderr, whoever else writes there. */
static void say_on_stderr(const char *sentence)
{
    fprintf(stderr, "dawdle: %s\n", sentence);
}

static void make_common(struct run *run, const struct run_options *options)
{
    const struct cell *const cell = run->cell;
    const struct experiment *const e = cell->common->experiment;
    run->common = (struct worker_common){
        .cohort = &run->cohort,
        .clock = &run->host->clock,
        .model = &cell->common->model,
        .dataset = cell->common->dataset,
        .policy = cell->row,
        .inject = cell_inject(cell, run->inject),
        .workers = cell->graph.workers,
        .control_bound = cell->control_bound,
        .base_ns = e->compute.base_ns,
        .jitter_cv = e->compute.jitter_cv,
        .jitter = {e->compute.jitter_law.law, &e->compute.jitter_law.config},
        .lr = (float)cell->policy->lr,
        .decay = {.every = e->train.decay_every, .factor = e->train.decay_factor},
        .payload_bytes = cell_payload_bytes(cell),
        .fault = run->fault,
        .faults = cell_faults(cell, run->fault),
        .happened = run->happened,
        .prefetch = e->data.prefetch,
        .say = options->say ? options->say : say_on_stderr,
        .snapshot = run->buffers->snapshot,
        .snapshot_absent = run->buffers->snapshot_absent,
        .snapshot_average = run->buffers->snapshot_average,
    };
}

/** Can workers go? Planned, or with their process. */
static bool has_lives(const struct run *run)
{
    return run->common.faults > 0 || run->cell->process;
}

/** When its peers were heard, and, where workers can go, what begins anew when it comes back. */
static void give_life(struct run *run, struct worker *self)
{
    const struct policy_config *const policy = &run->policy[self->id];
    const size_t bytes = policy->peer_count * sizeof(uint64_t);
    self->heard_cyc = take(&run->host->arena, bytes);
    memset(self->heard_cyc, 0, bytes);
    if (has_lives(run))
        membership_open(self, run->membership[self->id], policy, self->agent.state,
                        agent_bytes(run->cell->row, policy));
}

/** Ordinary memory, since in few runs anybody can go, and those need little of it. */
static int open_lives(struct run *run, struct err *err)
{
    for (uint32_t w = 0; w < run->cell->graph.workers && has_lives(run); w++) {
        const uint32_t peers = cell_policy_config(run->cell, w).peer_count;
        run->membership[w] = calloc(1, membership_bytes(peers, run->cell->slots) + 1);
        if (!run->membership[w])
            return err_set(err, -ENOMEM, "not enough memory for the faults of worker %u", w);
    }
    return 0;
}

static void close_lives(struct run *run)
{
    for (uint32_t w = 0; w < run->cell->graph.workers; w++)
        free(run->membership[w]);
}

/** Put bad links around the edges, where any are asked for. */
static void wrap_edges(struct run *run)
{
    run->port = run->edges;
    if (impair_needed(&run->common.inject)) {
        const struct impair_config config = {.inner = run->edges,
                                             .edges = &run->fabric,
                                             .set = &run->common.inject,
                                             .payload_bytes = run->common.payload_bytes,
                                             .start_cyc = &run->cohort.start_cyc,
                                             .ns_per_cyc = run->host->clock.ns_per_cyc,
                                             .cyc_per_ns = run->host->clock.cyc_per_ns};
        run->impair = take(&run->host->arena, sizeof(*run->impair));
        run->port = impair_init(run->impair, &config);
    }
    run->common.port = run->port;
}

static void attach_links(struct run *run, struct worker *worker)
{
    struct cohort_worker *const public = &run->cohort.worker[worker->id];
    const struct impair_books books = {.slots = &worker->slots,
                                       .sent = &public->sent,
                                       .received = &public->received,
                                       .late_ns =
                                           &run_worker_hist(run->buffers, worker->id)[SERIES_LATE]};
    if (run->impair)
        impair_attach(run->impair, worker->id, &books);
}

static struct worker *make_worker(struct run *run, uint32_t w)
{
    struct arena *const arena = &run->host->arena;
    const struct cell *const cell = run->cell;
    const struct model_config *const model = &cell->common->model;
    struct policy_config *const policy = &run->policy[w];
    struct worker *const self = take(arena, sizeof(*self));
    *policy = cell_policy_config(cell, w);
    *self = (struct worker){.common = &run->common,
                            .id = w,
                            .peer_count = policy->peer_count,
                            .peers = policy->peers,
                            .hist = run_worker_hist(run->buffers, w),
                            .log.line = run->buffers->log + (size_t)w * run->buffers->log_capacity,
                            .log.capacity = run->buffers->log_capacity};
    if (run->buffers->journal)
        journal_init(&self->journal, run->buffers->journal + w * run->buffers->journal_bytes,
                     run->buffers->journal_bytes);
    agent_init(&self->agent, take(arena, agent_bytes(cell->row, policy)), cell->row, policy);
    slots_init(&self->slots, take(arena, slots_bytes(cell->slots, policy->peer_count)), cell->slots,
               policy->peer_count, 1);
    self->account.edge_cyc = take(arena, policy->peer_count * sizeof(uint64_t));
    memset(self->account.edge_cyc, 0, policy->peer_count * sizeof(uint64_t));
    self->data.gradient = take(arena, model->dim * sizeof(float));
    if (run_debiased_bytes(cell) > 0)
        self->data.debiased = take(arena, run_debiased_bytes(cell));
    self->data.scratch = take(arena, model->ops->scratch_floats(model) * sizeof(float));
    self->data.x = take(arena, (size_t)model->batch * model->features * sizeof(float));
    self->data.label = take(arena, model->batch);
    self->data.indices = take(arena, model->batch * sizeof(uint32_t));
    if (cell->shard) {
        const uint32_t count = cell->shard_begin[w + 1] - cell->shard_begin[w];
        uint32_t *const order = take(arena, count * sizeof(uint32_t));
        memcpy(order, cell->shard + cell->shard_begin[w], count * sizeof(uint32_t));
        if (count > 0)
            sampler_init(&self->data.sampler, cell->seed, w, order, count);
    }
    give_life(run, self);
    return self;
}

static void make_loops(struct run *run, const struct run_options *options)
{
    const struct cell *const cell = run->cell;
    for (uint32_t l = 0; l < cell->placement.cores_used; l++) {
        struct run_thread *const t = &run->thread[l];
        t->run = run;
        t->loop = (struct loop){.cohort = &run->cohort,
                                .worker = t->worker,
                                .index = l,
                                .initial = run->initial,
                                .yields = cell->placement.shared,
                                .stolen = {.hole = run->buffers->hole + (size_t)l * RUN_HOLES_MAX,
                                           .room = RUN_HOLES_MAX},
                                .period = run_period_hist(run->buffers, l)};
        if (cell->common->dataset) {
            t->loader_config = run_loader_config(cell, l);
            t->loader_config.patience_ns = options->patience_ns;
            const size_t bytes = loader_buffer_bytes(&t->loader_config) + 4096;
            const uintptr_t at = (uintptr_t)take(&run->host->arena, bytes);
            t->loader_config.buffer = (void *)((at + 4095) & ~(uintptr_t)4095);
        }
    }
    uint32_t ours, ours_end;
    cell_processes(cell, cell->common->ranks ? cell->common->ranks->rank : 0, &ours, &ours_end);
    for (uint32_t p = 0; p < run->cohort.bridges; p++) {
        uint32_t first, end;
        cell_loops(cell, p, &first, &end);
        run->cohort.bridge[p].loops = p >= ours && p < ours_end ? end - first : 0;
        for (uint32_t l = first; l < end; l++)
            run->thread[l].loop.process = &run->cohort.bridge[p];
    }
    for (uint32_t w = 0; w < cell->graph.workers; w++) {
        struct run_thread *const t = &run->thread[cell->placement.loop[w]];
        run->worker[w]->data.loop_index = t->loop.count;
        t->worker[t->loop.count++] = run->worker[w];
    }
}

static void make_cohort(struct run *run, const struct run_options *options)
{
    const uint64_t stalled_ns = options->stalled_ns ? options->stalled_ns : STALL_NS_MIN;
    const struct cell *const cell = run->cell;
    const struct experiment *const e = cell->common->experiment;
    run->cohort = (struct cohort){
        .workers = cell->graph.workers,
        .loops = cell->placement.cores_used,
        .budget = {.time = clock_to_cyc(&run->host->clock, e->stop.time_ns),
                   .iterations = e->stop.iterations,
                   .workers = cell->graph.workers - cell->row->central,
                   .rounds = cell->row->synchronous},
        .interrupt = cell->process ? &run->interrupted : &interrupt_flag,
        .drain_cyc_max = clock_to_cyc(&run->host->clock, DRAIN_NS_MAX),
        .cuts = cell->common->points - 1,
        .stall = {.deadline_cyc_min = clock_to_cyc(&run->host->clock, stalled_ns)},
        .bridges = cell->process ? e->processes : 0,
        .bridge = take(&run->host->arena, e->processes * sizeof(struct cohort_bridge)),
        .worker = take(&run->host->arena, cell->graph.workers * sizeof(struct cohort_worker))};
    memset(run->cohort.worker, 0, cell->graph.workers * sizeof(struct cohort_worker));
    memset(run->cohort.bridge, 0, e->processes * sizeof(struct cohort_bridge));
    if (cell->common->ranks && ranks_clocks(cell->common->ranks) > 1) {
        const size_t bytes = cell->graph.workers * sizeof(*run->cohort.clock);
        run->cohort.clock = take(&run->host->arena, bytes);
        memset(run->cohort.clock, 0, bytes);
    }
    for (uint32_t w = 0; w < cell->graph.workers; w++) {
        _Atomic uint64_t *const published = take(&run->host->arena, run_published_bytes(cell));
        memset(published, 0, run_published_bytes(cell));
        if (cell_is_ours(cell, w)) /* of others nobody knows when they sent what */
            run->cohort.worker[w].published_cyc = published;
    }
}

/**
 * Keep each worker's snapshots on the NUMA node of its core. Whole pages inside its range only; a refusal (huge pages that
 * several workers share) costs remote reads, not correctness.
 */
static void bind_snapshots(const struct run *run)
{
    struct port *const port = run->port;
    struct host *const host = run->host;
    const uintptr_t page = host->eal.page_bytes ? host->eal.page_bytes : 4096;
    if (machine_numa_count(host->machine) < 2)
        return;
    for (uint32_t w = 0; w < run->cell->graph.workers; w++) {
        const uintptr_t from = (uintptr_t)port->ops->slot(port, w, 0);
        const uintptr_t to =
            (uintptr_t)(port->ops->slot(port, w, run->cell->slots - 1) + run->fabric.dim);
        const uintptr_t first = (from + page - 1) / page * page, last = to / page * page;
        if (last > first)
            machine_bind_memory(host->machine, run->cell->placement.pu[w], (void *)first,
                                last - first, NULL);
    }
}

static int set_up(struct run *run, const struct run_options *options, struct err *err)
{
    struct arena *const arena = &run->host->arena;
    const struct cell *const cell = run->cell;
    const struct model_config *const model = &cell->common->model;
    arena_reset(arena);
    for (uint32_t i = 0; i < run->buffers->hists; i++)
        hist_reset(&run->buffers->hist[i]);
    run->fabric = run_fabric_config(cell);
    run->fabric.memory = arena;
    int rc = run_edges(cell)->open(&run->edges, &run->fabric, err);
    if (rc < 0)
        return rc;
    make_common(run, options);
    rc = open_lives(run, err);
    if (rc < 0)
        return rc;
    make_cohort(run, options);
    wrap_edges(run);
    float *const initial = take(arena, model->dim * sizeof(float));
    model->ops->init(model, rng_key(cell->seed, RNG_INIT, 0), initial);
    run->initial = initial;
    for (uint32_t w = 0; w < cell->graph.workers; w++)
        attach_links(run, run->worker[w] = make_worker(run, w));
    make_loops(run, options);
    bind_snapshots(run);
    arena_seal(arena);
    return 0;
}

/** What workers of this rank have come to, and at rank 0 those of all. */
static int settle(struct run *run, struct err *err)
{
    for (uint32_t w = 0; w < run->cell->graph.workers; w++)
        if (cell_is_ours(run->cell, w))
            (run_death_took(run, w) ? run_death_settle : run_share_settle)(run, w);
    const struct ranks *const ranks = run->cell->common->ranks;
    const int rc = ranks && !ranks->gathers ? run_sync_parts(run, err) : 0;
    run_deaths_close(run);
    return rc;
}

/** By whatever it takes: threads of this process, several processes, or what ranks have left. */
static int execute(struct run *run, const struct run_options *options, struct err *err)
{
    if (options->kept)
        return run_gather(run, options->kept, options->kept_count, err);
    return run->cell->process ? run_processes(run, err) : run_threads(run, err);
}

int run_live(struct host *host, struct run_buffers *buffers, const struct cell *cell,
             const struct run_options *options, struct record_run *out, struct err *err)
{
    struct run *const run = buffers->run;
    if (out)
        *out = (struct record_run){0};
    memset(run, 0, sizeof(*run));
    run->host = host;
    run->buffers = buffers;
    run->cell = cell;
    run->capture = options->capture;
    int rc = set_up(run, options, err);
    if (rc == 0)
        rc = execute(run, options, err);
    if (rc == 0)
        rc = settle(run, err);
    if (rc < 0 && run->is_orphan && options->keep) {
        run_keep(run, options->keep);
        *options->name = run->name;
    }
    if (rc == 0 && out)
        rc = run_collect(run, out, err);
    close_lives(run);
    return rc;
}
