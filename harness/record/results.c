/* SPDX-License-Identifier: BSD-3-Clause */
/* The files of a result directory, and when each is written; results_folder.c has the directory itself. */
#include "harness/record/results.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/metric/target.h"
#include "harness/record/results_csv.h"
#include "harness/record/results_folder.h"
#include "harness/record/results_json.h"
#include "harness/record/stream.h"
#include "harness/record/timeline.h"
#include "harness/record/trace_run.h"
#include "harness/version.h"

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int write_error(struct err *err, const char *path, int code)
{
    return err_set(err, -code, "cannot write %s: %s", path, strerror(code));
}

static int file_error(struct err *err, const char *path)
{
    return write_error(err, path, errno ? errno : EIO);
}

static int open_file(const struct results *self, const char *name, FILE **out, struct err *err)
{
    char path[RESULTS_PATH_MAX + 64];
    snprintf(path, sizeof(path), "%s/%s", self->dir, name);
    *out = fopen(path, "we");
    return *out ? 0 : file_error(err, path);
}

int results_write(struct results *self, const char *name, void (*writer)(FILE *out, void *arg),
                  void *arg, struct err *err)
{
    char path[RESULTS_PATH_MAX + 64];
    char temporary[RESULTS_PATH_MAX + 64];
    snprintf(path, sizeof(path), "%s/%s", self->dir, name);
    snprintf(temporary, sizeof(temporary), "%s/.%s", self->dir, name);
    errno = 0;
    FILE *out = fopen(temporary, "we");
    if (!out)
        return file_error(err, path);
    writer(out, arg);
    int rc = stream_flush(out);
    if (fclose(out) != 0 && rc == 0)
        rc = errno ? -errno : -EIO;
    if (rc == 0 && rename(temporary, path) != 0)
        rc = -errno;
    if (rc == 0)
        return 0;
    unlink(temporary);
    return write_error(err, path, -rc);
}

static void put_text(FILE *out, void *text)
{
    fputs(text, out);
    fputc('\n', out);
}

/* Spelled out in memory first, so that a lack of it never publishes half a document. */
static int write_json(struct results *self, const char *name, const json_t *tree, struct err *err)
{
    char *const text = json_dumps(tree, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    if (!text)
        return err_set(err, -ENOMEM, "no memory for %s", name);
    const int rc = results_write(self, name, put_text, text, err);
    free(text);
    return rc;
}

static int write_document(struct results *self, struct err *err)
{
    return write_json(self, "result.json", self->document, err);
}

static json_t *target_head(const struct experiment *experiment)
{
    json_t *out = json_object();
    if (!experiment->target.set)
        return json_decref(out), json_null();
    const bool relative = *experiment->target.relative_to != '\0';
    json_object_set_new(out, "metric", json_string(target_metric_name(experiment->target.metric)));
    json_object_set_new(out, "value",
                        relative ? json_null() : results_json_real(experiment->target.value));
    json_object_set_new(out, "relative_to",
                        relative ? results_json_text(experiment->target.relative_to) : json_null());
    json_object_set_new(out, "factor",
                        relative ? results_json_real(experiment->target.factor) : json_null());
    json_object_set_new(out, "hold", json_integer(experiment->target.hold));
    return out;
}

static int make_document(struct results *self, const struct experiment *experiment)
{
    self->document = json_object();
    self->runs = json_array();
    json_t *const doc = self->document;
    json_object_set_new(doc, "schema", json_integer(RESULTS_SCHEMA));
    json_object_set_new(doc, "program", json_string("dawdle " DAWDLE_VERSION));
    json_object_set_new(doc, "profile", results_json_text(experiment->name));
    json_object_set_new(doc, "claim", results_json_text(experiment->claim));
    json_object_set_new(doc, "id", results_json_text(self->id));
    json_object_set_new(doc, "complete", json_false());
    json_object_set_new(doc, "target", target_head(experiment));
    json_object_set_new(doc, "runs", self->runs);
    json_object_set_new(doc, "summary", json_array());
    json_object_set_new(doc, "checks", json_array());
    json_object_set_new(doc, "claims", json_array());
    json_object_set_new(doc, "tuning", results_json_tuning(experiment));
    json_object_set_new(doc, "trace", json_null());
    return json_object_size(doc) == 13 ? 0 : -ENOMEM;
}

static int begin_csv(struct results *self, struct err *err)
{
    errno = 0;
    results_csv_head(self->csv);
    const int rc = stream_flush(self->csv);
    return rc == 0 ? 0 : write_error(err, "iterations.csv", -rc);
}

static int begin_trace(struct results *self, const struct experiment *experiment, struct err *err)
{
    const uint64_t values = experiment->sweep.count > 0 ? experiment->sweep.count : 1;
    const uint64_t runs = values * experiment->policy_count * experiment->seed_count;
    if (!experiment->trace)
        return 0;
    const int rc = open_file(self, "trace.pftrace", &self->drawn, err);
    return rc == 0 ? trace_file_open(&self->trace, self->drawn, TRACE_FILE_BYTES_MAX, runs, err)
                   : rc;
}

int results_begin(struct results *self, const char *out, const struct experiment *experiment,
                  struct err *err)
{
    memset(self, 0, sizeof(*self));
    self->start_epoch_s = now_s();
    int rc = results_folder_begin(self, out, experiment->name, err);
    if (rc == 0 && make_document(self, experiment) != 0)
        rc = err_set(err, -ENOMEM, "no memory for result.json");
    if (rc == 0)
        rc = write_document(self, err);
    if (rc == 0)
        rc = open_file(self, "iterations.csv", &self->csv, err);
    if (rc == 0)
        rc = open_file(self, "timeline.csv", &self->timeline, err);
    if (rc == 0)
        rc = open_file(self, "latency.hlog", &self->log, err);
    if (rc == 0)
        rc = hlog_open(&self->hlog, self->log, self->start_epoch_s, err);
    if (rc == 0)
        rc = begin_csv(self, err);
    if (rc == 0)
        rc = begin_trace(self, experiment, err);
    if (rc != 0)
        results_close(self);
    return rc;
}

int results_environment(struct results *self, json_t *tree, struct err *err)
{
    if (!tree)
        return err_set(err, -ENOMEM, "no memory for environment.json");
    const int rc = write_json(self, "environment.json", tree, err);
    json_decref(tree);
    return rc;
}

/** The histograms of one worker, or of all together, tagged `…/SERIES/whose`. */
static int log_series(struct results *self, const struct record_run *run,
                      const struct hist *const hist[SERIES_COUNT], const char *whose,
                      double start_s)
{
    char label[RECORD_LABEL_MAX], tag[RECORD_LABEL_MAX + 96];
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < SERIES_COUNT; i++) {
        if (!hist[i] || !series_name[i])
            continue;
        snprintf(tag, sizeof(tag), "%s/seed-%llu/%s/%s", record_label(run, label),
                 (unsigned long long)run->seed, series_name[i], whose);
        rc = hlog_write(&self->hlog, tag, start_s, run->duration_s, hist[i]);
    }
    return rc;
}

static int log_worker(struct results *self, const struct record_run *run, uint32_t id,
                      double start_s)
{
    char whose[32];
    snprintf(whose, sizeof(whose), "worker-%u", id);
    return log_series(self, run, run->worker[id].hist, whose, start_s);
}

/** When the host gave a core to others, during live runs. */
static int add_stolen(struct results *self, const struct record_run *run, struct err *err)
{
    int rc = 0;
    if (run->cores.stolen_count == 0)
        return 0;
    if (!self->stolen) {
        rc = open_file(self, "stolen.csv", &self->stolen, err);
        if (rc != 0)
            return rc;
        results_csv_stolen_head(self->stolen);
    }
    errno = 0;
    rc = results_csv_stolen(self->stolen, run);
    if (rc == 0)
        rc = stream_flush(self->stolen);
    return rc == 0 ? 0
                   : err_set(err, rc, "cannot write %s/stolen.csv: %s", self->dir, strerror(-rc));
}

static int add_rows(struct results *self, const struct record_run *run,
                    const struct record_iteration *row, uint64_t rows, struct err *err)
{
    errno = 0;
    int rc = results_csv_rows(self->csv, run, row, rows);
    if (rc == 0)
        rc = stream_flush(self->csv);
    if (rc != 0)
        return err_set(err, rc, "cannot write %s/iterations.csv: %s", self->dir, strerror(-rc));
    return 0;
}

/** And how much of all runs so far is in it. */
static int add_trace(struct results *self, const struct record_run *run,
                     const struct record_iteration *row, uint64_t rows, struct err *err)
{
    if (!self->trace.out)
        return 0;
    const int rc = trace_run_add(&self->trace, run, row, rows, err);
    if (rc != 0)
        return rc;
    json_t *const trace = json_object();
    int failed =
        json_object_set_new(trace, "iterations_drawn", json_integer((json_int_t)self->trace.drawn));
    failed |= json_object_set_new(trace, "iterations_left_out",
                                  json_integer((json_int_t)self->trace.omitted));
    failed |= json_object_set_new(self->document, "trace", trace);
    return failed ? err_set(err, -ENOMEM, "no memory for result.json") : 0;
}

static int add_histograms(struct results *self, const struct record_run *run, struct err *err)
{
    /* A virtual run has no place on the wall clock: its log begins at 0, and is the same each time. */
    const bool live = run->wall.threads == 0;
    const double since = now_s() - self->start_epoch_s - run->duration_s - run->drain_s;
    const double start_s = live && since > 0 ? since : 0;
    int rc = 0;
    errno = 0;
    for (uint32_t w = 0; rc == 0 && run->worker && w < run->workers; w++)
        rc = log_worker(self, run, w, start_s);
    if (rc == 0)
        rc = log_series(self, run, run->merged, "all", start_s);
    if (rc == 0)
        rc = hlog_flush(&self->hlog);
    if (rc != 0)
        return err_set(err, rc, "cannot write %s/latency.hlog: %s", self->dir, strerror(-rc));
    return 0;
}

/** Has its policy, at this value of the swept key, a run already? */
static bool is_first(const struct results *self, const struct record_run *run)
{
    json_t *const its = results_json_text(run->sweep.value);
    const json_t *other;
    size_t i;
    bool first = true;
    json_array_foreach(self->runs, i, other)
    {
        const char *const policy = json_string_value(json_object_get(other, "policy"));
        const json_t *const sweep = json_object_get(other, "sweep");
        const json_t *const value = json_is_object(sweep) ? json_object_get(sweep, "value") : sweep;
        first &= !(policy && !strcmp(policy, run->policy) && json_equal(value, its));
    }
    json_decref(its);
    return first;
}

static int add_timeline(struct results *self, const struct record_run *run,
                        const struct record_iteration *row, uint64_t rows, struct err *err)
{
    const int rc = is_first(self, run) ? timeline_write(self->timeline, run, row, rows) : 0;
    return rc == 0 ? 0
                   : err_set(err, rc, "cannot write %s/timeline.csv: %s", self->dir, strerror(-rc));
}

int results_add(struct results *self, const struct record_run *run,
                const struct record_iteration *row, uint64_t rows, struct err *err)
{
    int rc = add_rows(self, run, row, rows, err);
    if (rc == 0)
        rc = add_timeline(self, run, row, rows, err);
    if (rc == 0)
        rc = add_stolen(self, run, err);
    if (rc == 0)
        rc = add_trace(self, run, row, rows, err);
    if (rc == 0)
        rc = add_histograms(self, run, err);
    if (rc != 0)
        return rc;
    if (json_array_append_new(self->runs, results_json_run(run)) != 0)
        return err_set(err, -ENOMEM, "no memory for result.json");
    return write_document(self, err);
}

/** What the small files are written from. */
struct all_runs {
    const struct record_run *run;
    uint32_t count;
};

static void put_summary(FILE *out, void *all)
{
    const struct all_runs *const runs = all;
    results_csv_summary(out, runs->run, runs->count);
}

static void put_points(FILE *out, void *all)
{
    const struct all_runs *const runs = all;
    results_csv_points(out, runs->run, runs->count);
}

static int write_tables(struct results *self, const struct record_run *run, uint32_t count,
                        struct err *err)
{
    struct all_runs all = {.run = run, .count = count};
    const int rc = results_write(self, "summary.csv", put_summary, &all, err);
    return rc == 0 ? results_write(self, "points.csv", put_points, &all, err) : rc;
}

int results_finish(struct results *self, const struct record_run *run, uint32_t count,
                   const struct results_verdict *verdict, struct err *err)
{
    json_t *const doc = self->document;
    int failed = json_array_clear(self->runs);
    for (uint32_t i = 0; i < count; i++)
        failed |= json_array_append_new(self->runs, results_json_run(&run[i]));
    failed |= json_object_set_new(doc, "summary",
                                  results_json_summary(verdict->summary, verdict->summaries));
    failed |=
        json_object_set_new(doc, "checks", results_json_checks(verdict->check, verdict->checks));
    failed |=
        json_object_set_new(doc, "claims", results_json_claims(verdict->claim, verdict->claims));
    failed |= json_object_set_new(doc, "warnings", results_json_lines(verdict->warnings));
    failed |= json_object_set_new(doc, "complete", json_boolean(verdict->complete));
    if (verdict->interrupted)
        failed |= json_object_set_new(doc, "interrupted", json_true());
    if (failed)
        return err_set(err, -ENOMEM, "no memory for result.json");
    int rc = write_tables(self, run, count, err);
    if (rc == 0)
        rc = write_document(self, err);
    if (rc != 0)
        return rc;

    results_close(self);
    results_folder_finish(self);
    return 0;
}

void results_close(struct results *self)
{
    hlog_close(&self->hlog);
    trace_file_close(&self->trace);
    if (self->drawn)
        fclose(self->drawn);
    if (self->csv)
        fclose(self->csv);
    if (self->log)
        fclose(self->log);
    json_decref(self->document);
    if (self->stolen)
        fclose(self->stolen);
    if (self->timeline)
        fclose(self->timeline);
    self->csv = NULL;
    self->timeline = NULL;
    self->stolen = NULL;
    self->drawn = NULL;
    self->log = NULL;
    self->document = NULL;
    self->runs = NULL;
}
