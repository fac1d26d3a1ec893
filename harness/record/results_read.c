/* SPDX-License-Identifier: BSD-3-Clause */
/* Written by us, but perhaps years ago or by hand since: whatever is missing or of another type is an error with its place. */
#include "harness/record/results_read.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/record/reader.h"

static void read_parts(struct reader *self, const json_t *run, struct results_cell *out)
{
    const json_t *const parts = json_object_get(run, "parts_ns");
    if (!json_is_object(parts)) {
        reader_fail(self, "parts_ns", "an object");
        return;
    }
    for (uint32_t p = 0; p < PART_COUNT; p++)
        out->part_ns[p] = reader_number(self, parts, part_name[p]);
    out->total_ns = reader_number(self, run, "total_ns");
}

/** Older results have none. */
static void read_costs(struct reader *self, const json_t *run, struct results_cell *out)
{
    const json_t *const costs = json_object_get(run, "costs_ns");
    out->has_costs = json_is_object(costs);
    if (!out->has_costs)
        return;
    out->costs = (struct record_costs){
        .gradient_ns = reader_number(self, costs, "gradient"),
        .slice_ns =
            json_object_get(costs, "slice") ? reader_number(self, costs, "slice") : (double)NAN,
        .apply_ns = reader_number(self, costs, "apply"),
        .send_ns = reader_number(self, costs, "send"),
        .mix_ns = reader_number(self, costs, "mix"),
        .load_ns = reader_number(self, costs, "load"),
        .rest_ns = reader_number(self, costs, "rest"),
        .event_ns =
            json_object_get(costs, "event") ? reader_number(self, costs, "event") : (double)NAN,
        .read_ns =
            json_object_get(costs, "read") ? reader_number(self, costs, "read") : (double)NAN};
    out->stolen_share = reader_number(self, run, "stolen_share");
    out->stolen_logged = reader_number(self, run, "stolen_logged");
}

#define COST_RATIO_MAX 1e6

static void read_cores(struct reader *self, const json_t *run, struct results_cell *out)
{
    const json_t *const list = json_object_get(run, "per_worker");
    if (json_array_size(list) == 0)
        return;
    if (json_array_size(list) != out->workers) {
        reader_fail(self, "per_worker", "one element per worker");
        return;
    }
    out->core = calloc(out->workers, sizeof(*out->core));
    out->cost_ratio = calloc(out->workers, sizeof(*out->cost_ratio));
    if (!out->core || !out->cost_ratio) {
        self->rc = err_set(self->err, -ENOMEM, "not enough memory for %s", self->name);
        return;
    }
    for (uint32_t w = 0; w < out->workers; w++) {
        const double core = reader_number(self, json_array_get(list, w), "core");
        if (!(core >= 0 && core < 1e9)) {
            reader_fail(self, "per_worker", "cores");
            return;
        }
        out->core[w] = (uint32_t)core;
        const json_t *const ratio = json_object_get(json_array_get(list, w), "cost_ratio");
        out->cost_ratio[w] = ratio ? json_number_value(ratio) : 1;
        if (!(out->cost_ratio[w] > 0 && out->cost_ratio[w] < COST_RATIO_MAX)) {
            reader_fail(self, "per_worker", "cost_ratio above 0, as of cores that can be compared");
            return;
        }
    }
}

static void read_run(struct reader *self, const json_t *run, struct results_cell *out)
{
    const json_t *const handle = json_object_get(run, "handle_ns");
    snprintf(out->policy, sizeof(out->policy), "%s", reader_text(self, run, "policy"));
    out->seed = reader_seed(self, run);
    out->live = strcmp(reader_text(self, run, "clock"), "live") == 0;
    out->drained = reader_truth(self, run, "drained");
    const double workers = reader_number(self, run, "workers");
    if (!(workers >= 1 && workers <= SIM_WORKERS_MAX)) {
        reader_fail(self, "workers", "1 to 131072");
        return;
    }
    out->workers = (uint32_t)workers;
    out->duration_s = reader_number(self, run, "duration_s");
    out->gradients = reader_number(self, run, "gradients");
    out->iterations = reader_number(self, run, "iterations");
    out->tensors_sent = reader_number(self, run, "tensors_sent");
    out->delivered = json_number_value(json_object_get(run, "tensors_delivered")) +
                     json_number_value(json_object_get(run, "control_delivered"));
    out->wait_share = reader_number(self, run, "wait_share");
    out->core_busy_share = reader_number(self, run, "core_busy_share");
    out->handle_ns_p50 = json_is_object(handle) ? reader_number(self, handle, "p50") : (double)NAN;
    out->target_reached = json_is_true(json_object_get(run, "target_reached"));
    out->time_to_target_s = reader_number(self, run, "time_to_target_s");
    read_parts(self, run, out);
    read_costs(self, run, out);
    read_cores(self, run, out);
}

static int read_document(const json_t *document, const char *name, struct results_read *out,
                         struct err *err)
{
    const json_t *const runs = json_object_get(document, "runs");
    struct reader self = {.name = name, .list = "runs", .err = err};
    out->complete = json_is_true(json_object_get(document, "complete"));
    out->count = (uint32_t)json_array_size(runs);
    out->cell = calloc(out->count + 1u, sizeof(*out->cell));
    if (!out->cell)
        return err_set(err, -ENOMEM, "not enough memory for %s", name);
    for (; self.index < out->count && self.rc == 0; self.index++)
        read_run(&self, json_array_get(runs, self.index), &out->cell[self.index]);
    return self.rc;
}

int results_read_text(const char *source, const char *name, struct results_read *out,
                      struct err *err)
{
    json_t *document;
    *out = (struct results_read){0};
    int rc = reader_parse(source, name, &document, err);
    if (rc == 0)
        rc = read_document(document, name, out, err);
    json_decref(document);
    if (rc < 0)
        results_read_free(out);
    return rc;
}

int results_read(const char *dir, struct results_read *out, struct err *err)
{
    char path[READER_PATH_MAX];
    *out = (struct results_read){0};
    if (strlen(dir) >= sizeof(out->dir))
        return err_set(err, -ENAMETOOLONG, "%s: the path is too long", dir);
    char *const source = reader_load(dir, path, err);
    if (!source)
        return -ENOENT;
    const int rc = results_read_text(source, path, out, err);
    free(source);
    snprintf(out->dir, sizeof(out->dir), "%s", dir);
    return rc;
}

int results_read_document(const char *dir, json_t **out, struct err *err)
{
    char path[READER_PATH_MAX];
    *out = NULL;
    char *const source = reader_load(dir, path, err);
    const int rc = source ? reader_parse(source, path, out, err) : -ENOENT;
    free(source);
    return rc;
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
