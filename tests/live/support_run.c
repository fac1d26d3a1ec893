#include "tests/live/support_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/run/host.h"
#include "harness/run/plan.h"
#include "harness/experiment/profile.h"

static void load(struct experiment *out, const char *yaml, const char *folder)
{
    char path[512];
    struct profile_errors errors = {0};
    snprintf(path, sizeof(path), "%s/profile.yaml", folder);
    setenv("XDG_CACHE_HOME", folder, 1);
    FILE *const file = fopen(path, "w");
    cr_assert(file, "%s", path);
    fputs(yaml, file);
    fclose(file);
    const int rc = profile_load(out, path, NULL, 0, &errors);
    if (rc < 0)
        profile_errors_print(&errors, stderr);
    cr_assert_eq(rc, 0);
    profile_errors_free(&errors);
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

static struct live *open_live(const char *yaml, struct plan *plan, struct cell *cell)
{
    struct live *const self = calloc(1, sizeof(*self));
    struct machine *machine;
    struct err err = {{0}};
    strcpy(self->folder, "/tmp/dawdle-live-XXXXXX");
    setenv("DAWDLE_EAL", "nohuge", 1);
    cr_assert(mkdtemp(self->folder));
    load(&self->experiment, yaml, self->folder);
    cr_assert_eq(machine_open(&machine, &err), 0, "%s", err.text);
    cr_assert_eq(plan_open(plan, &self->experiment, machine, &err), 0, "%s", err.text);
    cr_assert_eq(host_open(&self->host, machine, plan->memory_bytes, self->folder, &err), 0, "%s",
                 err.text);
    cr_assert_eq(run_buffers_open(&self->buffers, self->experiment.workers.count, plan->loops,
                                  plan->judge_bytes, plan->log_capacity, &err),
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

struct live *live_run(const char *yaml, struct run_faults faults)
{
    struct plan plan;
    struct cell cell;
    struct err err = {{0}};
    struct live *const self = open_live(yaml, &plan, &cell);
    cr_assert_eq(run_live(&self->host, &self->buffers, &cell, &faults, &self->record, &err), 0,
                 "%s", err.text);
    self->rest_us_median = median_rest(&self->buffers);
    close_plan(self, &plan, &cell);
    return self;
}

int live_run_without_data(const char *yaml, struct err *err)
{
    const struct run_faults none = {0};
    struct plan plan;
    struct cell cell;
    struct live *const self = open_live(yaml, &plan, &cell);
    cr_assert_eq(truncate(plan.dataset.path, 1000), 0);
    const int rc = run_live(&self->host, &self->buffers, &cell, &none, &self->record, err);
    close_plan(self, &plan, &cell);
    live_close(self);
    return rc;
}

void live_close(struct live *self)
{
    run_record_free(&self->record);
    run_buffers_close(&self->buffers);
    profile_free(&self->experiment);
    host_close(&self->host);
    free(self);
}
