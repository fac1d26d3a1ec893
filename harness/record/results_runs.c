/* SPDX-License-Identifier: BSD-3-Clause */
/* What every schema had is required; what later ones added may be absent. */
#include "harness/record/results_runs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/record/reader.h"

#define STALENESS_SCHEMA 3u /* what `staleness` was before is called age_versions now */

static const char *const series_key[SERIES_COUNT] = {
    [SERIES_ITERATION] = "iteration_ns",
    [SERIES_READY] = "ready_to_mixed_ns",
    [SERIES_HANDLE] = "handle_ns",
    [SERIES_STALENESS] = "staleness",
    [SERIES_AGE] = "age_ns",
    [SERIES_AGE_VERSIONS] = "age_versions",
    [SERIES_REQUESTED] = "injected_requested_ns",
    [SERIES_LATE] = "link_late_ns",
    [SERIES_ERROR] = "injected_error_ns",
};

/** NaN also for what is not there. */
static double maybe(struct reader *self, const json_t *in, const char *key)
{
    return json_object_get(in, key) ? reader_number(self, in, key) : (double)NAN;
}

/** [count + 1] zeroed, so that an empty list is no failure. */
static void *room_for(struct reader *self, size_t count, size_t size)
{
    void *const made = calloc(count + 1, size);
    if (!made)
        self->rc = err_set(self->err, -ENOMEM, "not enough memory for %s", self->name);
    return made;
}

static void read_sweep(const json_t *in, char *key, char *value)
{
    const json_t *const sweep = json_object_get(in, "sweep");
    const char *const name = json_string_value(json_object_get(sweep, "key"));
    const char *const at = json_string_value(json_object_get(sweep, "value"));
    if (name && at && key)
        snprintf(key, EXPERIMENT_SWEEP_TEXT_MAX, "%s", name);
    if (name && at)
        snprintf(value, EXPERIMENT_SWEEP_TEXT_MAX, "%s", at);
}

static void read_parts(struct reader *self, const json_t *run, struct results_run *out)
{
    const json_t *const parts = json_object_get(run, "parts_ns");
    for (uint32_t p = 0; p < PART_COUNT; p++)
        out->part_ns[p] = maybe(self, parts, part_name[p]);
    out->total_ns = maybe(self, run, "total_ns");
}

static struct record_point read_point(struct reader *self, const json_t *in)
{
    return (struct record_point){
        .time_s = maybe(self, in, "time_s"),
        .gradients = (uint64_t)fmax(0, maybe(self, in, "gradients")),
        .bytes = (uint64_t)fmax(0, maybe(self, in, "bytes")),
        .train_loss_mean_model = maybe(self, in, "train_loss_mean_model"),
        .heldout_loss_mean_model = maybe(self, in, "heldout_loss_mean_model"),
        .heldout_accuracy_mean_model = maybe(self, in, "heldout_accuracy_mean_model"),
        .train_loss_local_mean = maybe(self, in, "train_loss_local_mean"),
        .train_loss_local_worst = maybe(self, in, "train_loss_local_worst"),
        .consensus_distance = maybe(self, in, "consensus_distance"),
    };
}

static void read_points(struct reader *self, const json_t *run, struct results_run *out)
{
    const json_t *const list = json_object_get(run, "points");
    const size_t count = json_array_size(list);
    out->point = room_for(self, count, sizeof(*out->point));
    double before = 0;
    for (size_t i = 0; i < count && self->rc == 0; i++) {
        out->point[i] = read_point(self, json_array_get(list, i));
        if (!(out->point[i].time_s >= before))
            reader_fail(self, "points", "times in s that do not fall");
        before = out->point[i].time_s;
        out->point_count = (uint32_t)i + 1;
    }
}

/** Is it the number of a worker? */
static bool is_worker(const json_t *value, uint32_t workers)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 &&
           json_integer_value(value) < workers;
}

/** `[receiver or null, sender, seconds]` */
static bool read_edge(const json_t *row, uint32_t workers, struct record_edge *out)
{
    const json_t *const to = json_array_get(row, 0), *const from = json_array_get(row, 1);
    const double seconds = json_number_value(json_array_get(row, 2));
    const bool together = json_is_null(to);
    if (!is_worker(from, workers) || !(together || is_worker(to, workers)))
        return false;
    if (!(seconds >= 0 && seconds < 1e9))
        return false;
    *out = (struct record_edge){.receiver =
                                    together ? RECORD_EVERYBODY : (uint32_t)json_integer_value(to),
                                .sender = (uint32_t)json_integer_value(from),
                                .ns = (uint64_t)(seconds * 1e9)};
    return true;
}

static void read_edges(struct reader *self, const json_t *run, struct results_run *out)
{
    const json_t *const list = json_object_get(run, "wait_matrix");
    const size_t count = json_array_size(list);
    out->edge = room_for(self, count, sizeof(*out->edge));
    for (size_t i = 0; i < count && self->rc == 0; i++) {
        if (!read_edge(json_array_get(list, i), out->workers, &out->edge[i]))
            reader_fail(self, "wait_matrix", "[worker or null, worker, seconds] in each row");
        out->edges = (uint32_t)i + 1;
    }
    out->edges_rest_s = maybe(self, run, "wait_matrix_rest_s");
}

static void read_series(struct reader *self, const json_t *run, uint32_t schema,
                        struct results_run *out)
{
    for (uint32_t i = 0; i < SERIES_COUNT; i++) {
        const bool other = i == SERIES_STALENESS && schema < STALENESS_SCHEMA;
        const json_t *const in =
            series_key[i] && !other ? json_object_get(run, series_key[i]) : NULL;
        out->series[i] = (struct results_figures){
            .p50 = maybe(self, in, "p50"),
            .p99 = maybe(self, in, "p99"),
            .p999 = maybe(self, in, "p999"),
            .max = maybe(self, in, "max"),
            .mean = maybe(self, in, "mean"),
            .n = maybe(self, in, "n"),
        };
    }
}

static void read_run(struct reader *self, const json_t *run, struct results_runs *all,
                     struct results_run *out)
{
    const double workers = reader_number(self, run, "workers");
    snprintf(out->policy, sizeof(out->policy), "%s", reader_text(self, run, "policy"));
    out->seed = reader_seed(self, run);
    if (!(workers >= 1 && workers <= SIM_WORKERS_MAX)) {
        reader_fail(self, "workers", "1 to 131072");
        return;
    }
    out->workers = (uint32_t)workers;
    out->duration_s = reader_number(self, run, "duration_s");
    out->iterations = reader_number(self, run, "iterations");
    out->target_value = maybe(self, run, "target_value");
    read_sweep(run, all->key, out->value);
    read_parts(self, run, out);
    read_series(self, run, all->schema, out);
    read_points(self, run, out);
    if (self->rc == 0)
        read_edges(self, run, out);
}

static void read_summary(struct reader *self, const json_t *in, struct results_summary *out)
{
    const json_t *const metrics = json_object_get(in, "metrics");
    snprintf(out->policy, sizeof(out->policy), "%s", reader_text(self, in, "policy"));
    out->seeds = (uint32_t)fmax(0, maybe(self, in, "seeds"));
    read_sweep(in, NULL, out->value);
    for (uint32_t m = 0; m < METRICS; m++) {
        const json_t *const at = json_object_get(metrics, metric_table[m].name);
        out->metric[m] = (struct target_spread){.median = maybe(self, at, "median"),
                                                .min = maybe(self, at, "min"),
                                                .max = maybe(self, at, "max"),
                                                .mean = maybe(self, at, "mean"),
                                                .low = maybe(self, at, "low"),
                                                .high = maybe(self, at, "high"),
                                                .count = (uint32_t)fmax(0, maybe(self, at, "n"))};
    }
}

static void read_lists(struct reader *self, const json_t *document, struct results_runs *out)
{
    const json_t *const runs = json_object_get(document, "runs");
    const json_t *const summary = json_object_get(document, "summary");
    out->run = room_for(self, json_array_size(runs), sizeof(*out->run));
    out->summary = room_for(self, json_array_size(summary), sizeof(*out->summary));
    for (; self->rc == 0 && out->count < json_array_size(runs); out->count++) {
        self->index = out->count;
        read_run(self, json_array_get(runs, out->count), out, &out->run[out->count]);
    }
    self->list = "summary";
    for (; self->rc == 0 && out->summaries < json_array_size(summary); out->summaries++) {
        self->index = out->summaries;
        read_summary(self, json_array_get(summary, out->summaries), &out->summary[out->summaries]);
    }
}

static int read_document(const json_t *document, const char *name, struct results_runs *out,
                         struct err *err)
{
    struct reader self = {.name = name, .list = "runs", .err = err};
    const json_t *const target = json_object_get(document, "target");
    const char *const metric = json_string_value(json_object_get(target, "metric"));
    const char *const profile = json_string_value(json_object_get(document, "profile"));
    const char *const id = json_string_value(json_object_get(document, "id"));
    const json_t *const first = json_array_get(json_object_get(document, "summary"), 0);
    const char *const baseline = json_string_value(json_object_get(first, "baseline"));
    out->interrupted = json_is_true(json_object_get(document, "interrupted"));
    if (!json_is_true(json_object_get(document, "complete")) && !out->interrupted)
        return err_set(err, -EINVAL,
                       "%s: is half-written: its run still goes on, or was killed; wait for its "
                       "end, or run it again",
                       name);
    out->schema = (uint32_t)json_integer_value(json_object_get(document, "schema"));
    snprintf(out->profile, sizeof(out->profile), "%s", profile ? profile : "");
    snprintf(out->id, sizeof(out->id), "%s", id ? id : "");
    snprintf(out->baseline, sizeof(out->baseline), "%s", baseline ? baseline : "");
    snprintf(out->target_metric, sizeof(out->target_metric), "%s", metric ? metric : "");
    out->target_hold = (uint32_t)json_integer_value(json_object_get(target, "hold"));
    read_lists(&self, document, out);
    return self.rc;
}

int results_runs_read_text(const char *text, const char *name, struct results_runs *out,
                           struct err *err)
{
    json_t *document;
    *out = (struct results_runs){0};
    int rc = reader_parse(text, name, &document, err);
    if (rc == 0)
        rc = read_document(document, name, out, err);
    json_decref(document);
    return rc;
}

int results_runs_read(const char *dir, struct results_runs *out, struct err *err)
{
    char path[READER_PATH_MAX];
    *out = (struct results_runs){0};
    if (strlen(dir) >= sizeof(out->dir))
        return err_set(err, -ENAMETOOLONG, "%s: the path is too long", dir);
    char *const source = reader_load(dir, path, err);
    if (!source)
        return -ENOENT;
    const int rc = results_runs_read_text(source, path, out, err);
    free(source);
    snprintf(out->dir, sizeof(out->dir), "%s", dir);
    return rc;
}

void results_runs_free(struct results_runs *self)
{
    for (uint32_t i = 0; self->run && i <= self->count; i++) { /* one of them may be half-read */
        free(self->run[i].point);
        free(self->run[i].edge);
    }
    free(self->run);
    free(self->summary);
    *self = (struct results_runs){0};
}
