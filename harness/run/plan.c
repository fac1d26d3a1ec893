/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks that need the machine or the data, and the sizes of everything. */
#include "harness/run/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/units.h"
#include "harness/run/interrupt.h"
#include "harness/run/plan_digest.h"
#include "harness/run/plan_virtual.h"
#include "harness/run/plan_watch.h"
#include "harness/run/run.h"

/* iterations.csv keeps at most this many lines per worker and run; the histograms keep everything. */
#define LOG_LINES_MAX 20000u
/* Journals: an event takes about 30 bytes. Room for twice the expected number, within these bounds. */
#define JOURNAL_EVENT_BYTES 30.0
#define JOURNAL_BYTES_MIN 65536.0
#define JOURNAL_BYTES_MAX 67108864.0
#define JOURNAL_BYTES_ALL 536870912.0 /* of all workers */
/* Drain, judging and set-up of one cell, seen on two cores with 8 workers: only a prediction. */
#define CELL_OVERHEAD_S 0.6

/** A folder where everybody may make one: only this user's own will do. */
static int own_folder(const char *path, struct err *err)
{
    struct stat info;
    if (mkdir(path, 0700) == 0 || errno != EEXIST || lstat(path, &info) != 0)
        return 0; /* what it is about will be told by who needs it */
    if (S_ISDIR(info.st_mode) && info.st_uid == geteuid() && (info.st_mode & 0022) == 0)
        return 0;
    return err_set(err, -EACCES,
                   "%s is no folder that only this user can write to: data are not cached there "
                   "(set HOME, XDG_CACHE_HOME or data.cache)",
                   path);
}

static int cache_folder(const struct experiment *e, char *out, size_t size, struct err *err)
{
    const char *const xdg = getenv("XDG_CACHE_HOME");
    const char *const home = getenv("HOME");
    int n;
    if (e->data.cache[0])
        n = snprintf(out, size, "%s", e->data.cache);
    else if (xdg && xdg[0] == '/')
        n = snprintf(out, size, "%s/dawdle", xdg);
    else if (home && home[0] == '/')
        n = snprintf(out, size, "%s/.cache/dawdle", home);
    else
        n = snprintf(out, size, "/var/tmp/dawdle-cache-%u", (unsigned)geteuid());
    if (n < 0 || (size_t)n >= size)
        return err_set(err, -ENAMETOOLONG, "the path of the cache folder is too long");
    return strncmp(out, "/var/tmp/dawdle-cache-", 22) == 0 ? own_folder(out, err) : 0;
}

/** What is known of synthetic data without making them. */
static void size_synthetic(struct plan *self)
{
    const struct experiment *const e = self->experiment;
    self->dataset = (struct dataset){.features = e->data.features,
                                     .record_bytes = e->data.features * (uint32_t)sizeof(float),
                                     .classes = e->data.classes,
                                     .samples = e->data.samples,
                                     .element = DATASET_F32};
}

static int open_data(struct plan *self, enum plan_depth depth, struct err *err)
{
    const struct experiment *const e = self->experiment;
    char cache[EXPERIMENT_PATH_MAX];
    if (!strcmp(e->data.format, "none") || depth == PLAN_PLACES)
        return 0;
    if (depth == PLAN_SIZES && !strcmp(e->data.format, "synthetic"))
        return size_synthetic(self), 0;
    const int rc = cache_folder(e, cache, sizeof(cache), err);
    if (rc < 0)
        return rc;
    struct status patience = {.quiet = e->data.quiet};
    const struct dataset_watch watch = {.step = plan_watch_step, .context = &patience};
    const struct dataset_config config = {.format = e->data.format,
                                          .path = e->data.path,
                                          .labels = e->data.labels,
                                          .cache = cache,
                                          .samples = e->data.samples,
                                          .classes = e->data.classes,
                                          .features = e->data.features,
                                          .separation = e->data.separation,
                                          .seed = 1,
                                          .draft = depth != PLAN_RUN,
                                          .watch = &watch};
    interrupt_watch(); /* Ctrl-C must not leave half a data set in the cache */
    const int opened = dataset_open(&self->dataset, &config, err);
    status_close(&patience);
    return opened;
}

static int make_model(struct plan *self, struct err *err)
{
    const struct experiment *const e = self->experiment;
    const bool has_data = self->dataset.samples > 0;
    struct model_config *const model = &self->common.model;
    *model = (struct model_config){.ops = e->model.ops,
                                   .features = has_data ? self->dataset.features : 1,
                                   .classes = has_data ? self->dataset.classes : 2,
                                   .hidden_count = e->model.hidden_count,
                                   .batch = e->train.batch};
    memcpy(model->hidden, e->model.hidden, sizeof(model->hidden));
    if (e->model.path[0]) {
        const int rc = plugin_open(&self->plugin, e->model.path, e->model.arguments,
                                   model->features, model->classes, model->batch, err);
        if (rc < 0)
            return rc;
        model->plugin = &self->plugin.model;
    }
    if (model_plan(model) < 0)
        return err_set(err, -EINVAL, "the model is too large: %u features, %u classes",
                       model->features, model->classes);
    return 0;
}

static int check_spin(const struct experiment *e, const struct cell *cell, struct err *err)
{
    for (uint32_t i = 0; i < e->inject_count; i++)
        if (e->inject[i].inject.mode == INJECT_SPIN && cell->placement.cooperative)
            return err_set(err, -EINVAL,
                           "inject[%u].mode: spin would keep a core busy that other workers share "
                           "(%u workers on %u cores); use park, or at most %u workers",
                           i, cell->graph.workers, cell->placement.cores_used,
                           cell->placement.cores_used);
    return 0;
}

static int check_edges(const struct experiment *e, const struct cell *cell, struct err *err)
{
    if (!strcmp(e->edges, "null") && cell->row->edges != POLICY_EDGES_NONE)
        return err_set(err, -EINVAL,
                       "edges: null delivers nothing, but policy %s waits for its peers",
                       cell->policy->label);
    return 0;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/** What a live cell needs, and whether the machine has it. */
static int size_live(struct plan *self, const struct cell *cell, struct err *err)
{
    const struct experiment *const e = self->experiment;
    int rc = check_spin(e, cell, err);
    if (rc == 0)
        rc = check_edges(e, cell, err);
    self->memory_bytes = larger(self->memory_bytes, run_memory_bytes(cell));
    self->snapshot_bytes = larger(self->snapshot_bytes, run_snapshot_bytes(cell));
    self->degree_max = (uint32_t)larger(self->degree_max, cell->degree_max);
    self->loops = (uint32_t)larger(self->loops, cell->placement.cores_used);
    return rc;
}

static int size_virtual(struct plan *self, const struct cell *cell)
{
    self->buffers_bytes = larger(self->buffers_bytes, (size_t)plan_virtual_bytes(cell));
    return 0;
}

/** Every policy and seed once: are they possible, and what do they need? */
static int size_cells(struct plan *self, struct err *err)
{
    const struct experiment *const e = self->experiment;
    for (uint32_t s = 0; s < e->seed_count; s++) {
        for (uint32_t p = 0; p < e->policy_count; p++) {
            struct cell cell;
            int rc = cell_open(&cell, &self->common, p, s, err);
            if (rc < 0)
                return rc;
            rc =
                e->clock == CLOCK_VIRTUAL ? size_virtual(self, &cell) : size_live(self, &cell, err);
            cell_close(&cell);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

/** Room for the journal of one worker: about 12 events per neighbour and iteration is what AAU's waves take. */
static size_t journal_room(const struct experiment *e, double iterations, uint32_t degree)
{
    const double wanted = 2 * JOURNAL_EVENT_BYTES * iterations * (4.0 + 12.0 * degree);
    const double most = JOURNAL_BYTES_ALL / e->workers.count;
    double bytes = wanted > JOURNAL_BYTES_MIN ? wanted : JOURNAL_BYTES_MIN;
    bytes = bytes < most ? bytes : most;
    bytes = bytes < JOURNAL_BYTES_MAX ? bytes : JOURNAL_BYTES_MAX;
    return e->record ? (size_t)bytes & ~(size_t)63 : 0;
}

static void predict(struct plan *self)
{
    const struct experiment *const e = self->experiment;
    double run_s = (double)e->stop.time_ns * 1e-9;
    if (e->stop.iterations) {
        const double by_count = (double)e->stop.iterations * (double)e->compute.base_ns * 1e-9;
        run_s = run_s > 0 && run_s < by_count ? run_s : by_count;
    }
    self->seconds = e->seed_count * e->policy_count * (run_s + CELL_OVERHEAD_S);
    /* Without a base time nobody knows how many iterations there will be. */
    const double base_ns = (double)e->compute.base_ns;
    const double lines = base_ns > 0 ? run_s * 1e9 / base_ns * 1.5 + 64 : LOG_LINES_MAX;
    self->log_capacity = lines < LOG_LINES_MAX ? (uint32_t)lines : LOG_LINES_MAX;
    const double iterations = base_ns > 0 ? run_s * 1e9 / base_ns : 1e6;
    self->journal_bytes = journal_room(e, iterations, self->degree_max);
}

/** What only live runs need to know beforehand. */
static int plan_live(struct plan *self, enum plan_depth depth, struct err *err)
{
    const struct experiment *const e = self->experiment;
    if (e->record && self->common.dataset && depth == PLAN_RUN) {
        const int rc = plan_digest_data(&self->dataset, &self->common.data_digest, err);
        if (rc < 0)
            return rc;
    }
    predict(self);
    self->buffers_bytes = run_buffers_bytes(e->workers.count, self->loops, self->snapshot_bytes,
                                            self->log_capacity, self->journal_bytes);
    return 0;
}

int plan_open(struct plan *out, struct experiment *experiment, const struct machine *machine,
              const struct ranks *ranks, enum plan_depth depth, struct err *err)
{
    *out = (struct plan){.experiment = experiment};
    int rc = open_data(out, depth, err);
    if (rc == 0 && depth != PLAN_PLACES)
        rc = make_model(out, err);
    if (rc == 0) {
        out->common.experiment = experiment;
        out->common.machine = machine;
        out->common.ranks = ranks;
        out->common.dataset = out->dataset.samples > 0 ? &out->dataset : NULL;
        out->common.undealt = depth != PLAN_RUN;
        out->common.points = experiment->judge.points;
        rc = depth == PLAN_PLACES ? 0 : size_cells(out, err);
    }
    if (rc == 0 && experiment->clock != CLOCK_VIRTUAL && depth != PLAN_PLACES)
        rc = plan_live(out, depth, err);
    if (rc < 0)
        plan_close(out);
    return rc;
}

void plan_close(struct plan *self)
{
    if (self->dataset.samples > 0)
        dataset_close(&self->dataset);
    plugin_close(&self->plugin);
    *self = (struct plan){0};
}

int plan_seconds(const struct plan *self, uint32_t threads, double *out, struct err *err)
{
    if (self->experiment->clock == CLOCK_VIRTUAL)
        return plan_virtual_seconds(self, threads, out, err);
    *out = self->seconds;
    return 0;
}

static void print_policy(const struct plan *self, const struct cell *cell, FILE *out)
{
    char vector[32], memory[32];
    const struct model_config *const model = &self->common.model;
    units_short_bytes((double)model->ops->dim(model) * sizeof(float), vector, sizeof(vector));
    units_short_bytes((double)run_memory_bytes(cell), memory, sizeof(memory));
    fprintf(out, "  %-16s %u slots of %s per worker, %s of memory", cell->policy->label,
            cell->slots, vector, memory);
    if (cell->side)
        fprintf(out, ", bipartite: %u edges dropped", cell->edges_dropped);
    fprintf(out, ", lr %g (%s)\n", cell->policy->lr, experiment_rate(cell->policy));
}

void plan_print_batch(const struct plan *self, const struct cell *cell, FILE *out)
{
    const uint32_t samples = cell_smallest_shard(cell), batch = self->experiment->train.batch;
    if (samples > 0 && batch > samples)
        fprintf(out, "  a batch of %u is larger than a shard of %u samples: it repeats some\n",
                batch, samples);
}

static void print_memory(const struct plan *self, FILE *out)
{
    const struct experiment *const e = self->experiment;
    char text[64];
    fprintf(out, "  shared memory of the largest run: %s\n",
            units_short_bytes((double)self->memory_bytes, text, sizeof(text)));
    fprintf(out, "  snapshots for the evaluations: %s (%u per run)\n",
            units_short_bytes((double)self->snapshot_bytes, text, sizeof(text)),
            self->common.points);
    if (e->record)
        fprintf(
            out, "  journals for `dawdle replay`: %s\n",
            units_short_bytes((double)self->journal_bytes * e->workers.count, text, sizeof(text)));
    else
        fprintf(out, "  journals for `dawdle replay`: none (record: false)\n");
    fprintf(out, "  with these, histograms and iteration logs: %s of ordinary memory\n",
            units_short_bytes((double)self->buffers_bytes, text, sizeof(text)));
}

int plan_print(struct plan *self, uint32_t threads, FILE *out, struct err *err)
{
    const struct experiment *const e = self->experiment;
    char text[64];
    if (e->clock == CLOCK_VIRTUAL)
        return plan_virtual_print(self, threads, out, err);
    for (uint32_t p = 0; p < e->policy_count; p++) {
        struct cell cell;
        const int rc = cell_open(&cell, &self->common, p, 0, err);
        if (rc < 0)
            return rc;
        if (p == 0) {
            fprintf(out, "\nplacement (seed %llu)\n", (unsigned long long)cell.seed);
            place_draw(out, self->common.machine, &cell.graph, &cell.placement, 100);
            fprintf(out, "spectral gap of the graph: %.3f\n\nmemory\n",
                    graph_spectral_gap(&cell.graph));
        }
        print_policy(self, &cell, out);
        if (p == 0)
            plan_print_batch(self, &cell, out);
        cell_close(&cell);
    }
    print_memory(self, out);
    fprintf(out, "\ntime\n  %u policies x %u seeds: about %s\n", e->policy_count, e->seed_count,
            units_short_ns(self->seconds * 1e9, text, sizeof(text)));
    return 0;
}
