/* SPDX-License-Identifier: BSD-3-Clause */
/* Written by us, but perhaps years ago or by hand since: whatever is missing or of another type is an error with its place. */
#include "harness/record/results_read.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/record/results_json.h"

#define FILE_BYTES_MAX (256u << 20)

/** What is being read, for errors. */
struct reader {
    const char *name;
    uint32_t run;
    int rc;
    struct err *err;
};

static const json_t *fail(struct reader *self, const char *key, const char *expected)
{
    if (self->rc == 0)
        self->rc = err_set(self->err, -EINVAL, "%s: runs[%u].%s: expected %s", self->name,
                           self->run, key, expected);
    return NULL;
}

/** NaN for null. */
static double number(struct reader *self, const json_t *in, const char *key)
{
    const json_t *const value = json_object_get(in, key);
    if (json_is_null(value))
        return (double)NAN;
    if (!json_is_number(value)) {
        fail(self, key, "a number");
        return (double)NAN;
    }
    return json_number_value(value);
}

static bool truth(struct reader *self, const json_t *in, const char *key)
{
    const json_t *const value = json_object_get(in, key);
    if (!json_is_boolean(value))
        fail(self, key, "true or false");
    return json_is_true(value);
}

static const char *text(struct reader *self, const json_t *in, const char *key)
{
    const char *const value = json_string_value(json_object_get(in, key));
    if (!value)
        fail(self, key, "a text");
    return value ? value : "";
}

static uint64_t seed_of(struct reader *self, const json_t *run)
{
    const json_t *const value = json_object_get(run, "seed");
    if (json_is_string(value)) /* above 63 bits */
        return strtoull(json_string_value(value), NULL, 10);
    if (!json_is_integer(value))
        fail(self, "seed", "an integer");
    return (uint64_t)json_integer_value(value);
}

static void read_parts(struct reader *self, const json_t *run, struct results_cell *out)
{
    const json_t *const parts = json_object_get(run, "parts_ns");
    if (!json_is_object(parts)) {
        fail(self, "parts_ns", "an object");
        return;
    }
    for (uint32_t p = 0; p < PART_COUNT; p++)
        out->part_ns[p] = number(self, parts, part_name[p]);
    out->total_ns = number(self, run, "total_ns");
}

/** Older results have none. */
static void read_costs(struct reader *self, const json_t *run, struct results_cell *out)
{
    const json_t *const costs = json_object_get(run, "costs_ns");
    out->has_costs = json_is_object(costs);
    if (!out->has_costs)
        return;
    out->costs = (struct record_costs){
        .gradient_ns = number(self, costs, "gradient"),
        .slice_ns = json_object_get(costs, "slice") ? number(self, costs, "slice") : (double)NAN,
        .apply_ns = number(self, costs, "apply"),
        .send_ns = number(self, costs, "send"),
        .mix_ns = number(self, costs, "mix"),
        .load_ns = number(self, costs, "load"),
        .rest_ns = number(self, costs, "rest"),
        .event_ns = json_object_get(costs, "event") ? number(self, costs, "event") : (double)NAN,
        .read_ns = json_object_get(costs, "read") ? number(self, costs, "read") : (double)NAN};
    out->stolen_share = number(self, run, "stolen_share");
    out->stolen_logged = number(self, run, "stolen_logged");
}

#define COST_RATIO_MAX 1e6

static void read_cores(struct reader *self, const json_t *run, struct results_cell *out)
{
    const json_t *const list = json_object_get(run, "per_worker");
    if (json_array_size(list) == 0)
        return;
    if (json_array_size(list) != out->workers) {
        fail(self, "per_worker", "one element per worker");
        return;
    }
    out->core = calloc(out->workers, sizeof(*out->core));
    out->cost_ratio = calloc(out->workers, sizeof(*out->cost_ratio));
    if (!out->core || !out->cost_ratio) {
        self->rc = err_set(self->err, -ENOMEM, "not enough memory for %s", self->name);
        return;
    }
    for (uint32_t w = 0; w < out->workers; w++) {
        const double core = number(self, json_array_get(list, w), "core");
        if (!(core >= 0 && core < 1e9)) {
            fail(self, "per_worker", "cores");
            return;
        }
        out->core[w] = (uint32_t)core;
        const json_t *const ratio = json_object_get(json_array_get(list, w), "cost_ratio");
        out->cost_ratio[w] = ratio ? json_number_value(ratio) : 1;
        if (!(out->cost_ratio[w] > 0 && out->cost_ratio[w] < COST_RATIO_MAX)) {
            fail(self, "per_worker", "cost_ratio above 0, as of cores that can be compared");
            return;
        }
    }
}

static void read_run(struct reader *self, const json_t *run, struct results_cell *out)
{
    const json_t *const handle = json_object_get(run, "handle_ns");
    snprintf(out->policy, sizeof(out->policy), "%s", text(self, run, "policy"));
    out->seed = seed_of(self, run);
    out->live = strcmp(text(self, run, "clock"), "live") == 0;
    out->drained = truth(self, run, "drained");
    const double workers = number(self, run, "workers");
    if (!(workers >= 1 && workers <= SIM_WORKERS_MAX)) {
        fail(self, "workers", "1 to 131072");
        return;
    }
    out->workers = (uint32_t)workers;
    out->duration_s = number(self, run, "duration_s");
    out->gradients = number(self, run, "gradients");
    out->iterations = number(self, run, "iterations");
    out->tensors_sent = number(self, run, "tensors_sent");
    out->delivered = json_number_value(json_object_get(run, "tensors_delivered")) +
                     json_number_value(json_object_get(run, "control_delivered"));
    out->wait_share = number(self, run, "wait_share");
    out->core_busy_share = number(self, run, "core_busy_share");
    out->handle_ns_p50 = json_is_object(handle) ? number(self, handle, "p50") : (double)NAN;
    out->target_reached = json_is_true(json_object_get(run, "target_reached"));
    out->time_to_target_s = number(self, run, "time_to_target_s");
    read_parts(self, run, out);
    read_costs(self, run, out);
    read_cores(self, run, out);
}

static int check_document(const json_t *document, const char *name, struct err *err)
{
    const json_t *const runs = json_object_get(document, "runs");
    const json_t *const schema = json_object_get(document, "schema");
    if (json_is_integer(schema) && json_integer_value(schema) > RESULTS_SCHEMA)
        return err_set(
            err, -EINVAL,
            "%s: is of schema version %lld, this program reads versions 1 to %d: use the "
            "dawdle that wrote it, or a later one",
            name, (long long)json_integer_value(schema), RESULTS_SCHEMA);
    if (!json_is_integer(schema) || json_integer_value(schema) < 1 || !json_is_array(runs) ||
        !json_is_boolean(json_object_get(document, "complete")))
        return err_set(
            err, -EINVAL,
            "%s: is no result of dawdle (no schema version, no runs, or not said whether "
            "complete)",
            name);
    return 0;
}

static int read_document(const json_t *document, const char *name, struct results_read *out,
                         struct err *err)
{
    const json_t *const runs = json_object_get(document, "runs");
    struct reader self = {.name = name, .err = err};
    const int rc = check_document(document, name, err);
    if (rc < 0)
        return rc;
    out->complete = json_is_true(json_object_get(document, "complete"));
    out->count = (uint32_t)json_array_size(runs);
    out->cell = calloc(out->count + 1u, sizeof(*out->cell));
    if (!out->cell)
        return err_set(err, -ENOMEM, "not enough memory for %s", name);
    for (; self.run < out->count && self.rc == 0; self.run++)
        read_run(&self, json_array_get(runs, self.run), &out->cell[self.run]);
    return self.rc;
}

int results_read_text(const char *source, const char *name, struct results_read *out,
                      struct err *err)
{
    json_error_t where;
    *out = (struct results_read){0};
    json_t *const document = json_loads(source, JSON_REJECT_DUPLICATES, &where);
    if (!document)
        return err_set(err, -EINVAL, "%s:%d:%d: %s", name, where.line, where.column, where.text);
    const int rc = read_document(document, name, out, err);
    json_decref(document);
    if (rc < 0)
        results_read_free(out);
    return rc;
}

/** The file as terminated text, malloc'd. */
static char *read_file(const char *path, struct err *err)
{
    FILE *const file = fopen(path, "re");
    char *text_read = NULL;
    size_t used = 0, room = 1u << 16;
    if (!file) {
        err_set(err, 0, "%s: %s", path, strerror(errno));
        return NULL;
    }
    while (room <= FILE_BYTES_MAX) {
        char *const larger = realloc(text_read, room);
        if (!larger)
            break;
        text_read = larger;
        used += fread(text_read + used, 1, room - 1 - used, file);
        if (used < room - 1) {
            text_read[used] = '\0';
            fclose(file);
            return text_read;
        }
        room *= 2;
    }
    err_set(err, 0, "%s: too large", path);
    free(text_read);
    fclose(file);
    return NULL;
}

int results_read(const char *dir, struct results_read *out, struct err *err)
{
    char path[EXPERIMENT_PATH_MAX + 32];
    *out = (struct results_read){0};
    if (strlen(dir) >= sizeof(out->dir))
        return err_set(err, -ENAMETOOLONG, "%s: the path is too long", dir);
    snprintf(path, sizeof(path), "%s/result.json", dir);
    char *const source = read_file(path, err);
    if (!source)
        return -ENOENT;
    const int rc = results_read_text(source, path, out, err);
    free(source);
    snprintf(out->dir, sizeof(out->dir), "%s", dir);
    return rc;
}

int results_read_document(const char *dir, json_t **out, struct err *err)
{
    char path[EXPERIMENT_PATH_MAX + 32];
    json_error_t where;
    *out = NULL;
    if ((size_t)snprintf(path, sizeof(path), "%s/result.json", dir) >= sizeof(path))
        return err_set(err, -ENAMETOOLONG, "%s: the path is too long", dir);
    char *const source = read_file(path, err);
    if (!source)
        return -ENOENT;
    *out = json_loads(source, JSON_REJECT_DUPLICATES, &where);
    free(source);
    if (!*out)
        return err_set(err, -EINVAL, "%s:%d:%d: %s", path, where.line, where.column, where.text);
    return check_document(*out, path, err);
}

void results_read_free(struct results_read *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        free(self->cell[i].core);
        free(self->cell[i].cost_ratio);
    }
    free(self->cell);
    *self = (struct results_read){0};
}
