/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The simulation runs in chunks of events, so that Ctrl-C is seen. Judging is a task among the gradients: the loop runs
 * ahead of it and meets it again at the end.
 */
#include "harness/run/run_virtual.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/run/collect.h"
#include "harness/run/heap.h"
#include "harness/run/interrupt.h"
#include "harness/run/virtual_private.h"

/* Policy steps between two looks at the interrupt flag; each may bring a gradient with it. */
#define CHUNK_EVENTS 1024u

uint32_t virtual_threads(void)
{
    cpu_set_t allowed;
    const int count =
        sched_getaffinity(0, sizeof(allowed), &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
    return count > (int)EXECUTOR_THREADS_MAX ? EXECUTOR_THREADS_MAX : (uint32_t)count;
}

int virtual_buffers_open(struct virtual_buffers *out, const struct cell_common *common,
                         uint32_t threads, struct err *err)
{
    *out = (struct virtual_buffers){.threads = threads ? threads : virtual_threads()};
    out->merged = calloc(SERIES_BOTH, sizeof(*out->merged));
    out->worker = calloc(VIRTUAL_HIST_WORKERS_MAX, sizeof(*out->worker));
    out->row = calloc(VIRTUAL_ROWS_MAX, sizeof(*out->row));
    int rc = 0;
    if (!out->merged || !out->worker || !out->row)
        rc = err_set(err, -ENOMEM, "not enough memory for the histograms of a virtual run");
    if (rc == 0 && common->dataset) {
        rc = samples_open(&out->samples, common->dataset, err);
        out->learns = rc == 0;
    }
    if (rc < 0)
        virtual_buffers_close(out);
    return rc;
}

void virtual_buffers_close(struct virtual_buffers *self)
{
    if (self->learns)
        samples_close(&self->samples);
    free(self->merged);
    free(self->worker);
    free(self->row);
    *self = (struct virtual_buffers){0};
}

static void evaluate(void *context, uint32_t cut, const float *const *vector, float *scratch)
{
    struct virtual_run *const self = context;
    (void)
        scratch; /* sized for gradients; cuts are evaluated one at a time, so one area of our own suffices */
    struct evaluation_view view = self->view;
    view.keep = cut == self->cuts ? self->buffers->keep : NULL;
    evaluate_vectors(&view, vector, self->evaluation_scratch, &self->out->point[cut]);
    self->judged |= UINT64_C(1) << cut;
}

static void note_cut(void *context, struct sim *sim, uint32_t cut)
{
    struct virtual_run *const self = context;
    (void)sim;
    if (cut < self->cuts)
        self->cuts_passed = cut + 1;
}

static void note_iteration(void *context, const struct sim_iteration *line)
{
    struct virtual_run *const self = context;
    struct virtual_buffers *const buffers = self->buffers;
    if (self->cell->graph.workers <= VIRTUAL_HIST_WORKERS_MAX)
        hist_record(&buffers->worker[line->worker], line->total_ns);
    if (buffers->rows == VIRTUAL_ROWS_MAX)
        return;
    buffers->row[buffers->rows++] = collect_row(line, __builtin_nanf("")); /* not known yet */
}

/** Where a live run of this cell had its workers; of another policy, if that is all there is with this seed. */
static const struct cell_place *find_place(const struct cell *cell)
{
    const struct cell_host *const host = cell->common->imitated;
    const struct cell_place *found = NULL;
    for (uint32_t i = 0; host && i < host->count; i++) {
        const struct cell_place *const place = &host->place[i];
        if (place->seed != cell->shape || place->workers != cell->graph.workers ||
            (cell->common->experiment->workers.cores > 0 &&
             place->cores > cell->common->experiment->workers.cores))
            continue;
        if (!found || strcmp(place->policy, cell->policy->label) == 0)
            found = place;
    }
    return found;
}

/** What gradients took the workers of a live run, where these are to take as long. */
static const struct law_sample *measured(const struct cell *cell)
{
    const struct cell_host *const host = cell->common->imitated;
    const bool fits = host && host->measured_workers == cell->graph.workers &&
                      host->measured_base_ns == cell->common->experiment->compute.base_ns;
    return fits ? host->measured : NULL;
}

static const double *cost_ratio(const struct cell *cell)
{
    const struct cell_host *const host = cell->common->imitated;
    return host && host->cost_workers == cell->graph.workers ? host->cost_ratio : NULL;
}

static int make_workers(struct virtual_run *self, struct err *err)
{
    const struct cell *const cell = self->cell;
    const uint32_t workers = cell->graph.workers, cores = cell->common->experiment->workers.cores;
    self->policy = calloc(workers, sizeof(*self->policy));
    self->core = cores ? calloc(workers, sizeof(*self->core)) : NULL;
    if (!self->policy || (cores && !self->core))
        return err_set(err, -ENOMEM, "not enough memory for %u workers", workers);
    for (uint32_t w = 0; w < workers; w++)
        self->policy[w] = cell_policy_config(cell, w);
    const struct cell_place *const place = find_place(cell);
    for (uint32_t w = 0; self->core && w < workers; w++)
        self->core[w] = place ? place->core[w] : w % cores;
    return 0;
}

/** Of a core that a worker has for itself, the simulation knows the worker. */
static uint32_t stolen_from(const struct virtual_run *self, const struct cell_place *place,
                            uint32_t core)
{
    if (self->core)
        return core;
    for (uint32_t w = 0; w < place->workers; w++)
        if (place->core[w] == core)
            return w;
    return core;
}

/** The holes again and again, until the run is over. */
static int make_stolen(struct virtual_run *self, struct err *err)
{
    const struct cell *const cell = self->cell;
    const struct experiment *const e = cell->common->experiment;
    const struct cell_place *const place = find_place(cell);
    if (!place || place->stolen_count == 0 || e->stop.time_ns == 0)
        return 0;
    const uint64_t periods = e->stop.time_ns / place->stolen_period_ns + 1;
    const uint32_t cores = self->core ? e->workers.cores : cell->graph.workers;
    self->stolen = calloc(periods * place->stolen_count, sizeof(*self->stolen));
    if (!self->stolen)
        return err_set(err, -ENOMEM, "not enough memory for stolen time");
    for (uint64_t p = 0; p < periods; p++)
        for (uint32_t i = 0; i < place->stolen_count; i++) {
            struct sim_stolen hole = place->stolen[i];
            hole.core = stolen_from(self, place, hole.core);
            hole.begin_ns += p * place->stolen_period_ns;
            hole.end_ns += p * place->stolen_period_ns;
            if (hole.core < cores && hole.begin_ns < e->stop.time_ns)
                self->stolen[self->stolen_count++] = hole;
        }
    return 0;
}

static int make_faults(struct virtual_run *self, struct err *err)
{
    self->fault = malloc(FAULT_SCHEDULE_MAX * sizeof(*self->fault));
    if (!self->fault)
        return err_set(err, -ENOMEM, "not enough memory for a schedule of faults");
    self->fault_count = cell_faults(self->cell, self->fault);
    return 0;
}

static int open_values(struct virtual_run *self, const struct evaluation_data *data,
                       struct err *err)
{
    const struct cell *const cell = self->cell;
    const struct model_config *const model = &cell->common->model;
    struct values_config config = {.workers = cell->graph.workers,
                                   .slots = cell->slots,
                                   .model = model,
                                   .lanes = cell->row->lanes,
                                   .seed = cell->seed,
                                   .shard = cell->shard,
                                   .shard_begin = cell->shard_begin,
                                   .memory = &heap_memory};
    if (!self->buffers->learns)
        return 0;
    config.data = samples_data(&self->buffers->samples);
    self->view = (struct evaluation_view){.model = model,
                                          .data = data,
                                          .workers = config.workers,
                                          .lanes = config.lanes,
                                          .central = cell->row->central};
    self->evaluation = (struct values_evaluation){.evaluate = evaluate, .context = self};
    self->evaluation_scratch = aligned_alloc(64, evaluate_scratch_floats(model) * sizeof(float));
    if (!self->evaluation_scratch)
        return err_set(err, -ENOMEM, "not enough memory to evaluate a run");
    int rc =
        executor_open(&self->executor, self->buffers->threads, values_scratch_floats(&config), err);
    if (rc < 0)
        return rc;
    config.tasks = executor_tasks(self->executor);
    return values_open(&self->values, &config, err);
}

static int open_sim(struct virtual_run *self, struct err *err)
{
    const struct cell *const cell = self->cell;
    const struct experiment *const e = cell->common->experiment;
    self->watch = (struct sim_watch){.context = self, .iteration = note_iteration, .cut = note_cut};
    const struct sim_config config = {
        .policy = cell->row,
        .worker = self->policy,
        .workers = cell->graph.workers,
        .seed = cell->seed,
        .base_ns = e->compute.base_ns,
        .jitter_cv = e->compute.jitter_cv,
        .jitter = {e->compute.jitter_law.law, &e->compute.jitter_law.config},
        .inject = cell_inject(cell, self->inject),
        .prefetch = e->data.prefetch,
        .links = e->links,
        .costs = e->costs,
        .core = self->core,
        .cores = self->core ? e->workers.cores : 0,
        .core_ns = e->compute.core_ns,
        .slice_ns = e->compute.slice_ns,
        .measured = measured(cell),
        .cost_ratio = cost_ratio(cell),
        .payload_bytes = cell_payload_bytes(cell),
        .slots = cell->slots,
        .exact_depth = cell->exact_depth,
        .control_depth = cell->control_depth,
        .control_bound = cell->control_bound,
        .stop_ns = e->stop.time_ns,
        .stop_iterations = e->stop.iterations,
        .cuts = self->cuts,
        .lr = (float)cell->policy->lr,
        .decay = {.every = e->train.decay_every, .factor = e->train.decay_factor},
        .values = self->values,
        .evaluation = self->values ? &self->evaluation : NULL,
        .watch = &self->watch,
        .fault = self->fault,
        .fault_count = self->fault_count,
        .stolen = self->stolen,
        .stolen_count = self->stolen_count,
        .memory = &heap_memory,
    };
    return sim_open(&self->sim, &config, err);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int check_health(const struct virtual_run *self, struct err *err)
{
    const char *const failure = sim_failure(self->sim);
    if (failure[0])
        return err_set(err, -EPROTO, "%s seed %llu: the simulation broke: %s",
                       self->cell->policy->label, (unsigned long long)self->cell->seed, failure);
    if (self->values && values_error(self->values) < 0)
        return err_set(err, -ENOMEM, "not enough memory for the vectors of %u workers",
                       self->cell->graph.workers);
    return 0;
}

/** The final models are evaluated after the drain, as in a live run. */
static int evaluate_end(struct virtual_run *self, struct err *err)
{
    const uint32_t workers = self->cell->graph.workers;
    if (!self->values)
        return 0;
    values_join(self->values);
    if (self->judged >> self->cuts & 1)
        return 0;
    struct values_model *const model = malloc(workers * sizeof(*model));
    if (!model)
        return err_set(err, -ENOMEM, "not enough memory to evaluate a run");
    sim_judged(self->sim, model);
    values_cut(self->values, &self->evaluation, self->cuts, model);
    values_join(self->values);
    free(model);
    return 0;
}

static int execute(struct virtual_run *self, struct err *err)
{
    const double start_s = now_s();
    int rc = 0;
    while (rc == 0 && sim_run(self->sim, CHUNK_EVENTS)) {
        if (interrupt_seen() && !self->stopped) {
            sim_stop(self->sim);
            self->stopped = true;
        }
        rc = check_health(self, err);
    }
    if (rc == 0)
        rc = evaluate_end(self, err);
    if (rc == 0)
        rc = check_health(self, err);
    self->wall_s = now_s() - start_s;
    return rc;
}

static void close_run(struct virtual_run *self)
{
    if (self->sim)
        sim_close(self->sim);
    if (self->values)
        values_close(self->values);
    executor_close(self->executor);
    free(self->evaluation_scratch);
    free(self->policy);
    free(self->core);
    free(self->stolen);
    free(self->fault);
}

int run_virtual(struct virtual_buffers *buffers, const struct cell *cell,
                const struct evaluation_data *data, struct record_run *out, struct err *err)
{
    struct virtual_run self = {
        .cell = cell, .buffers = buffers, .out = out, .cuts = cell->common->points - 1};
    *out = (struct record_run){0};
    buffers->rows = 0;
    for (uint32_t w = 0; w < VIRTUAL_HIST_WORKERS_MAX; w++)
        hist_reset(&buffers->worker[w]);
    int rc = make_workers(&self, err);
    if (rc == 0)
        rc = make_stolen(&self, err);
    if (rc == 0)
        rc = make_faults(&self, err);
    if (rc == 0)
        rc = open_values(&self, data, err);
    if (rc == 0)
        rc = open_sim(&self, err);
    if (rc == 0)
        rc = execute(&self, err);
    if (rc == 0)
        rc = virtual_collect(&self, err);
    close_run(&self);
    return rc;
}
