/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/live/support_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/learn/combine.h"
#include "core/learn/lanes.h"
#include "harness/experiment/profile.h"
#include "harness/run/host.h"
#include "harness/run/plan.h"
#include "harness/run/replay.h"

static void write_profile(const char *yaml, const char *folder, char path[512])
{
    snprintf(path, 512, "%s/profile.yaml", folder);
    setenv("XDG_CACHE_HOME", folder, 1);
    FILE *const file = fopen(path, "w");
    cr_assert(file, "%s", path);
    fputs(yaml, file);
    fclose(file);
}

static void expect_loaded(int rc, struct profile_errors *errors)
{
    cr_assert_eq(rc, 0, "%s", errors->count ? errors->item[0].text : "");
    profile_errors_free(errors);
}

static void load(struct experiment *out, const char *yaml, const char *folder)
{
    char path[512];
    struct profile_errors errors = {0};
    write_profile(yaml, folder, path);
    expect_loaded(profile_load(out, path, NULL, 0, &errors), &errors);
}

static int ascending(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double median_rest(const struct run_buffers *buffers)
{
    uint32_t *const rest = malloc((buffers->rows + 1) * sizeof(*rest));
    cr_assert(rest);
    if (buffers->rows == 0) {
        free(rest);
        return 0;
    }
    for (uint64_t i = 0; i < buffers->rows; i++)
        rest[i] = buffers->row[i].part_us10[PART_REST];
    qsort(rest, buffers->rows, sizeof(*rest), ascending);
    const double median = rest[buffers->rows / 2] / 10.0;
    free(rest);
    return median;
}

/** row: what runs in place of the profile's first policy; NULL: that one. */
static struct live *open_live(const char *yaml, const struct policy *row, struct plan *plan,
                              struct cell *cell)
{
    struct live *const self = calloc(1, sizeof(*self));
    struct machine *machine;
    struct err err = {{0}};
    strcpy(self->folder, "/tmp/dawdle-live-XXXXXX");
    setenv("DAWDLE_EAL", "nohuge", 1);
    cr_assert(mkdtemp(self->folder));
    load(&self->experiment, yaml, self->folder);
    if (row)
        self->experiment.policy[0].row = row;
    cr_assert_eq(machine_open(&machine, &err), 0, "%s", err.text);
    cr_assert_eq(plan_open(plan, &self->experiment, machine, NULL, PLAN_RUN, &err), 0, "%s",
                 err.text);
    cr_assert_eq(host_open(&self->host, machine, plan->memory_bytes, self->folder, &err), 0, "%s",
                 err.text);
    cr_assert_eq(run_buffers_open(&self->buffers, self->experiment.workers.count, plan->loops,
                                  plan->snapshot_bytes, plan->log_capacity, plan->journal_bytes,
                                  false, &err),
                 0);
    cr_assert_eq(cell_open(cell, &plan->common, 0, 0, &err), 0, "%s", err.text);
    return self;
}

static void close_plan(struct live *self, struct plan *plan, struct cell *cell)
{
    char command[600];
    cell_close(cell);
    plan_close(plan);
    machine_close(self->host.machine);
    snprintf(command, sizeof(command), "rm -rf %s", self->folder);
    cr_assert_eq(system(command), 0);
}

struct live *live_run(const char *yaml, struct run_options options)
{
    return live_run_row(yaml, NULL, options);
}

struct live *live_run_row(const char *yaml, const struct policy *row, struct run_options options)
{
    struct plan plan;
    struct cell cell;
    struct err err = {{0}};
    struct live *const self = open_live(yaml, row, &plan, &cell);
    cr_assert_eq(run_live(&self->host, &self->buffers, &cell, &options, &self->record, &err), 0,
                 "%s", err.text);
    self->rest_us_median = median_rest(&self->buffers);
    close_plan(self, &plan, &cell);
    return self;
}

/* The linker calls it in place of combine(), by workers and by `replay`; see tests/meson.build. */
void __wrap_combine(const struct combine *self, float *out);
void __real_combine(const struct combine *self, float *out);

#define ONE_SIDED_MIX 3u /* of worker 0, from 0 */

static bool one_sided;      /* set while no worker runs */
static uint32_t mixes_of_0; /* only its own thread counts them */

void __wrap_combine(const struct combine *self, float *out)
{
    if (one_sided && self->self_id == 0 && mixes_of_0++ == ONE_SIDED_MIX)
        memcpy(out, self->self, lanes_floats(self->lanes, self->dim) * sizeof(float));
    else
        __real_combine(self, out);
}

struct live *live_run_one_sided(const char *yaml)
{
    one_sided = true;
    struct live *const self = live_run(yaml, (struct run_options){0});
    one_sided = false;
    return self;
}

struct recorded *recorded_one_sided(const char *yaml)
{
    one_sided = true;
    struct recorded *const self = recorded_open(yaml, (struct run_options){0}, 0);
    one_sided = false;
    return self;
}

int live_run_without_data(const char *yaml, struct err *err)
{
    const struct run_options none = {0};
    struct plan plan;
    struct cell cell;
    struct live *const self = open_live(yaml, NULL, &plan, &cell);
    cr_assert_eq(truncate(plan.dataset.path, 1000), 0);
    const int rc = run_live(&self->host, &self->buffers, &cell, &none, &self->record, err);
    close_plan(self, &plan, &cell);
    live_close(self);
    return rc;
}

void live_close(struct live *self)
{
    record_free(&self->record);
    run_buffers_close(&self->buffers);
    profile_free(&self->experiment);
    host_close(&self->host);
    free(self);
}

/* ---- whole matrices */

struct recorded *recorded_plan(const char *yaml)
{
    char path[512];
    struct err err = {{0}};
    struct profile_errors errors = {0};
    struct recorded *const self = calloc(1, sizeof(*self));
    cr_assert(self);
    strcpy(self->folder, "/tmp/dawdle-record-XXXXXX");
    cr_assert(mkdtemp(self->folder));
    cr_assert(freopen("/dev/null", "w", stdout)); /* the tables */
    setenv("DAWDLE_EAL", "nohuge", 1);
    write_profile(yaml, self->folder, path);
    expect_loaded(sweep_load(&self->sweep, path, NULL, 0, &errors), &errors);
    cr_assert_eq(machine_open(&self->machine, &err), 0, "%s", err.text);
    cr_assert_eq(sweep_plan(&self->sweep, self->machine, NULL, PLAN_RUN, &err), 0, "%s", err.text);
    return self;
}

void recorded_run(struct recorded *self, struct run_options options)
{
    struct err err = {{0}};
    cr_assert_eq(
        host_open(&self->host, self->machine, self->sweep.plan[0].memory_bytes, self->folder, &err),
        0, "%s", err.text);
    const struct matrix_options matrix = {.out = self->folder, .quiet = true, .run = options};
    self->code = matrix_run(&self->host, &self->sweep, &matrix);
    host_close(&self->host);
    snprintf(self->dir, sizeof(self->dir), "%s/t/latest", self->folder);
}

struct recorded *recorded_open(const char *yaml, struct run_options options, size_t journal_bytes)
{
    struct recorded *const self = recorded_plan(yaml);
    if (journal_bytes)
        self->sweep.plan[0].journal_bytes = journal_bytes;
    recorded_run(self, options);
    return self;
}

int recorded_replay(const struct recorded *self, bool parameters, char *text, size_t size)
{
    const struct replay_options options = {.parameters = parameters};
    FILE *const out = fmemopen(text, size, "w");
    cr_assert(out);
    int code = 0;
    for (uint32_t v = 0; v < self->sweep.values; v++) {
        const int one = replay_all(self->dir, &self->sweep.plan[v], &options, out);
        code = one > code ? one : code;
    }
    fclose(out);
    return code;
}

void recorded_close(struct recorded *self)
{
    char command[600];
    machine_close(self->machine);
    sweep_close(&self->sweep);
    snprintf(command, sizeof(command), "rm -rf %s", self->folder);
    cr_assert_eq(system(command), 0);
    free(self);
}
