/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One simulated run as numpy arrays, for references that compute it anew: what went in (data, graph, initial vector, the
 * samples of each batch, how long each gradient took) and what came out (when each gradient was there, final vectors).
 * Nothing that a policy decided is among it.
 *
 *   dump PROFILE LABEL FOLDER     runs the policy with this label with the profile's first seed in virtual time
 *
 *   x [samples][features]   y [samples]             edges [..][2] of the graph, each once
 *   initial [dim]           batch [workers][gradients][batch] sample ids
 *   took [workers][gradients] ns, inf where the stop came first     finished [..][3] ns, worker, gradient
 *   final [workers][dim + 1], the last is the push-sum weight       run.json: numbers of the profile
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/learn/lanes.h"
#include "harness/experiment/profile.h"
#include "harness/run/heap.h"
#include "harness/run/plan.h"
#include "harness/run/samples.h"

struct dump {
    struct experiment experiment;
    struct plan plan;
    struct cell cell;
    struct samples samples;
    struct policy_config *policy; /* [workers] */
    struct inject inject[EXPERIMENT_INJECT_MAX];
    const char *folder;

    uint32_t *owner;              /* [samples] whose shard it is in */
    uint32_t *begun, *read_count; /* [workers] gradients: phases begun, batches read */
    uint64_t *began_ns;           /* [workers] */
    uint32_t gradients_max;       /* per worker, room in the arrays below */
    uint32_t *batch;
    double *took;
    uint64_t *finished;
    uint64_t finished_count;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "dump: %s\n", what);
    exit(1);
}

static void *room(uint64_t count, size_t size)
{
    void *const made = calloc(count + 1, size);
    if (!made)
        die("no memory");
    return made;
}

/* ---------------------------------------------------------------------------------------------- what is recorded */

/* Tasks run within submit, so batches are read in the order in which their gradients begin. */
static void read_batch(const void *context, const uint32_t *ids, uint32_t count, float *x,
                       uint8_t *label)
{
    struct dump *const self = *(struct dump *const *)context;
    const struct values_data inner = samples_data(&self->samples);
    const uint32_t w = self->owner[ids[0]];
    const uint32_t number = self->read_count[w]++;
    CHECK(number < self->gradients_max);
    memcpy(&self->batch[((size_t)w * self->gradients_max + number) * count], ids,
           count * sizeof(*ids));
    inner.read(inner.context, ids, count, x, label);
}

static void note_step(void *context, struct sim *sim, uint32_t w, const struct event *event,
                      struct actions *actions)
{
    struct dump *const self = context;
    (void)sim;
    if (event->kind == EV_GRADIENT) {
        const uint32_t number = self->begun[w] - 1;
        uint64_t *const line = &self->finished[3 * self->finished_count++];
        self->took[(size_t)w * self->gradients_max + number] =
            (double)(event->now_ns - self->began_ns[w]);
        line[0] = event->now_ns;
        line[1] = w;
        line[2] = number;
    }
    for (uint32_t i = 0; i < actions->count; i++) {
        CHECK(actions->item[i].kind != ACT_ABANDON); /* then `begun` would number other gradients */
        if (actions->item[i].kind == ACT_COMPUTE) {
            CHECK(self->begun[w] < self->gradients_max);
            self->begun[w]++;
            self->began_ns[w] = event->now_ns;
        }
    }
}

/* --------------------------------------------------------------------------------------------------------- files */

static FILE *create(const struct dump *self, const char *name)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", self->folder, name);
    FILE *const file = fopen(path, "wb");
    if (!file)
        die(path);
    return file;
}

/** Format: numpy.lib.format, version 1.0. descr: "<f4", "<u4" …; shape: "3, 4" */
static void write_npy(const struct dump *self, const char *name, const char *descr,
                      const char *shape, const void *data, uint64_t count, size_t size)
{
    char header[118];
    FILE *const file = create(self, name);
    const int n =
        snprintf(header, sizeof(header),
                 "{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }", descr, shape);
    CHECK(n > 0 && (size_t)n < sizeof(header));
    memset(header + n, ' ', sizeof(header) - (size_t)n);
    header[sizeof(header) - 1] = '\n';
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, file); /* 118 bytes of header follow */
    fwrite(header, 1, sizeof(header), file);
    fwrite(data, size, count, file);
    if (ferror(file) || fclose(file) != 0)
        die("cannot write");
}

static char *shape_of(uint64_t a, uint64_t b, uint64_t c)
{
    static char text[64];
    if (c > 0)
        snprintf(text, sizeof(text), "%llu, %llu, %llu", (unsigned long long)a,
                 (unsigned long long)b, (unsigned long long)c);
    else
        snprintf(text, sizeof(text), "%llu, %llu", (unsigned long long)a, (unsigned long long)b);
    return text;
}

static void write_data(const struct dump *self)
{
    const struct dataset *const data = &self->plan.dataset;
    const struct graph *const graph = &self->cell.graph;
    const struct values_data source = samples_data(&self->samples);
    float *const x = room((uint64_t)data->samples * data->features, sizeof(*x));
    uint8_t *const y = room(data->samples, 1);
    uint32_t *const edges = room(2ull * graph_edges(graph), sizeof(*edges)), count = 0;
    char shape[32];
    for (uint32_t i = 0; i < data->samples; i++)
        source.read(source.context, &i, 1, x + (size_t)i * data->features, y + i);
    for (uint32_t w = 0; w < graph->workers; w++)
        for (uint32_t k = graph->begin[w]; k < graph->begin[w + 1]; k++)
            if (graph->peer[k] > w) {
                edges[count++] = w;
                edges[count++] = graph->peer[k];
            }
    snprintf(shape, sizeof(shape), "%u", data->samples);
    write_npy(self, "x.npy", "<f4", shape_of(data->samples, data->features, 0), x,
              (uint64_t)data->samples * data->features, sizeof(*x));
    write_npy(self, "y.npy", "|u1", shape, y, data->samples, 1);
    write_npy(self, "edges.npy", "<u4", shape_of(count / 2, 2, 0), edges, count, sizeof(*edges));
    free(x);
    free(y);
    free(edges);
}

static void write_recorded(const struct dump *self)
{
    const uint32_t workers = self->cell.graph.workers, batch = self->plan.common.model.batch;
    const uint64_t places = (uint64_t)workers * self->gradients_max;
    write_npy(self, "batch.npy", "<u4", shape_of(workers, self->gradients_max, batch), self->batch,
              places * batch, sizeof(*self->batch));
    write_npy(self, "took.npy", "<f8", shape_of(workers, self->gradients_max, 0), self->took,
              places, sizeof(*self->took));
    write_npy(self, "finished.npy", "<u8", shape_of(self->finished_count, 3, 0), self->finished,
              self->finished_count * 3, sizeof(*self->finished));
}

static void write_initial(const struct dump *self, const float *vector)
{
    char shape[32];
    snprintf(shape, sizeof(shape), "%u", self->plan.common.model.dim);
    write_npy(self, "initial.npy", "<f4", shape, vector, self->plan.common.model.dim,
              sizeof(*vector));
}

static void write_final(const struct dump *self, const struct values *values, const struct sim *sim)
{
    const uint32_t workers = self->cell.graph.workers, dim = self->plan.common.model.dim;
    float *const all = room((uint64_t)workers * (dim + 1), sizeof(*all));
    for (uint32_t w = 0; w < workers; w++) {
        const float *const vector = values_vector(values, w, sim_current(sim, w));
        memcpy(all + (size_t)w * (dim + 1), vector, dim * sizeof(*vector));
        all[(size_t)w * (dim + 1) + dim] = lanes_weight(self->cell.row->lanes, vector, dim);
    }
    write_npy(self, "final.npy", "<f4", shape_of(workers, dim + 1, 0), all,
              (uint64_t)workers * (dim + 1), sizeof(*all));
    free(all);
}

static void write_numbers(const struct dump *self)
{
    const struct cell *const cell = &self->cell;
    FILE *const file = create(self, "run.json");
    fprintf(file,
            "{\"workers\": %u, \"features\": %u, \"classes\": %u, \"lr\": %.9g, \"stop_ns\": %llu, "
            "\"overlap\": %u}\n",
            cell->graph.workers, self->plan.common.model.features, self->plan.common.model.classes,
            cell->policy->lr, (unsigned long long)self->experiment.stop.time_ns,
            (uint32_t)policy_value(cell->row, &cell->options, "overlap"));
    if (fclose(file) != 0)
        die("cannot write");
}

/* ----------------------------------------------------------------------------------------------------------- run */

static void open_cell(struct dump *self, const char *profile, const char *label)
{
    const char *const set[] = {"clock=virtual"};
    struct profile_errors errors = {0};
    struct err err = {{0}};
    uint32_t p = 0;
    if (profile_load(&self->experiment, profile, set, 1, &errors) < 0)
        die("the profile has errors; see `dawdle sim`");
    if (plan_open(&self->plan, &self->experiment, NULL, NULL, PLAN_RUN, &err) < 0)
        die(err.text);
    while (p < self->experiment.policy_count &&
           strcmp(self->experiment.policy[p].label, label) != 0)
        p++;
    if (p == self->experiment.policy_count)
        die("no policy has this label");
    if (cell_open(&self->cell, &self->plan.common, p, 0, &err) < 0 ||
        samples_open(&self->samples, &self->plan.dataset, &err) < 0)
        die(err.text);
}

/* What the references leave out: they know a mix takes no time, and a rate that stays. */
static void check_simple(const struct experiment *e)
{
    if (e->links.latency_ns || e->links.bytes_per_s > 0 || e->costs.iteration_ns ||
        e->costs.apply_ns || e->costs.send_ns || e->costs.mix_ns || e->costs.event_ns ||
        e->costs.read_ns || e->train.decay_every > 0 || e->workers.cores || !e->stop.time_ns ||
        e->stop.iterations)
        die("a reference knows neither costs, latency, shared cores nor decay, and stops by time");
}

static void make_room(struct dump *self)
{
    const uint32_t workers = self->cell.graph.workers;
    /* Base times are lognormal with a small spread: no gradient takes less than half of one. */
    self->gradients_max =
        2 + (uint32_t)(2 * self->experiment.stop.time_ns / self->experiment.compute.base_ns);
    const uint64_t places = (uint64_t)workers * self->gradients_max;
    self->owner = room(self->plan.dataset.samples, sizeof(*self->owner));
    self->begun = room(workers, sizeof(*self->begun));
    self->read_count = room(workers, sizeof(*self->read_count));
    self->began_ns = room(workers, sizeof(*self->began_ns));
    self->batch = room(places * self->plan.common.model.batch, sizeof(*self->batch));
    self->took = room(places, sizeof(*self->took));
    self->finished = room(places * 3, sizeof(*self->finished));
    self->policy = room(workers, sizeof(*self->policy));
    for (uint64_t i = 0; i < places; i++)
        self->took[i] = HUGE_VAL;
    for (uint32_t w = 0; w < workers; w++) {
        self->policy[w] = cell_policy_config(&self->cell, w);
        for (uint32_t i = self->cell.shard_begin[w]; i < self->cell.shard_begin[w + 1]; i++)
            self->owner[self->cell.shard[i]] = w;
    }
}

static void run(struct dump *self)
{
    const struct experiment *const e = &self->experiment;
    const struct cell *const cell = &self->cell;
    struct dump *const me = self;
    struct values_config config = {.workers = cell->graph.workers,
                                   .slots = cell->slots,
                                   .model = &self->plan.common.model,
                                   .lanes = cell->row->lanes,
                                   .seed = cell->seed,
                                   .shard = cell->shard,
                                   .shard_begin = cell->shard_begin,
                                   .data = {.read = read_batch, .context = &me},
                                   .memory = &heap_memory};
    struct tasks_inline alone;
    tasks_inline_init(&alone, aligned_alloc(64, values_scratch_floats(&config) * sizeof(float)));
    config.tasks = &alone.tasks;
    const struct sim_watch watch = {.context = self, .stepped = note_step};
    struct sim_config sim_config = {.policy = cell->row,
                                    .worker = self->policy,
                                    .workers = cell->graph.workers,
                                    .seed = cell->seed,
                                    .base_ns = e->compute.base_ns,
                                    .jitter_cv = e->compute.jitter_cv,
                                    .inject = cell_inject(cell, self->inject),
                                    .links = e->links,
                                    .payload_bytes = cell_payload_bytes(cell),
                                    .slots = cell->slots,
                                    .exact_depth = cell->exact_depth,
                                    .control_depth = cell->control_depth,
                                    .stop_ns = e->stop.time_ns,
                                    .lr = (float)cell->policy->lr,
                                    .watch = &watch,
                                    .memory = &heap_memory};
    struct err err = {{0}};
    struct sim *sim;
    if (values_open(&sim_config.values, &config, &err) < 0 || sim_open(&sim, &sim_config, &err) < 0)
        die(err.text);
    write_initial(self, values_vector(sim_config.values, 0, sim_current(sim, 0)));
    while (sim_run(sim, 1000))
        ;
    if (sim_failure(sim)[0])
        die(sim_failure(sim));
    write_final(self, sim_config.values, sim);
    sim_close(sim);
    values_close(sim_config.values);
    free(alone.scratch);
}

int main(int count, char **argument)
{
    static struct dump self;
    if (count != 4)
        die("usage: dump PROFILE LABEL FOLDER");
    self.folder = argument[3];
    open_cell(&self, argument[1], argument[2]);
    check_simple(&self.experiment);
    make_room(&self);
    run(&self);
    write_data(&self);
    write_recorded(&self);
    write_numbers(&self);
    return 0; /* memory goes with the process */
}
