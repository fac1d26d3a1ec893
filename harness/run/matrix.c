/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The order of a matrix: values of the swept key outside, then seeds, policies inside; then targets, summaries, tables,
 * checks, and the final rename.
 */
#include "harness/run/matrix.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/units.h"
#include "harness/environment.h"
#include "harness/metric/equal.h"
#include "harness/metric/target.h"
#include "harness/page/page_file.h"
#include "harness/record/journal_file.h"
#include "harness/record/models_file.h"
#include "harness/record/results.h"
#include "harness/run/data_tier.h"
#include "harness/run/evaluate.h"
#include "harness/run/interrupt.h"
#include "harness/run/outcome.h"
#include "harness/run/resolved.h"
#include "harness/run/runner.h"
#include "harness/run/status.h"

/** Everything of a matrix in progress. */
struct matrix {
    struct host *host;
    struct sweep *sweep;
    struct plan *plan; /* of the value in progress */
    const struct matrix_options *options;
    struct runner runner;
    struct results results;
    struct status progress;
    struct record_run *run; /* [sweep_cells] in order of execution */
    uint32_t runs;
    double quota_cores;                       /* see record.h */
    uint32_t first[EXPERIMENT_SWEEP_MAX + 1]; /* run of each value; behind the last: `runs` */
};

static bool is_virtual(const struct matrix *self)
{
    return self->plan->experiment->clock == CLOCK_VIRTUAL;
}

static void say_progress(struct matrix *self, const struct record_run *run)
{
    const struct record_point *const last = &run->point[run->point_count - 1];
    const bool worry =
        run->cores.disturbed || run->ledger.diverged || !run->drained || !run->ledger.ok;
    char label[RECORD_LABEL_MAX], stolen[64] = "", loss[48] = "";
    if (run->cores.disturbed)
        snprintf(stolen, sizeof(stolen), ", %.0f %% OF ITS CORES TAKEN BY OTHER PROGRAMS",
                 run->cores.stolen_share * 100);
    if (run->judged)
        snprintf(loss, sizeof(loss), ", training loss %.4f", last->train_loss_mean_model);
    status_step(
        &self->progress, worry, "%-12s seed %llu: %.0f gradients/s, waiting %.0f %%%s%s%s%s%s",
        record_label(run, label), (unsigned long long)run->seed, run->gradients_per_s,
        run->waits.share * 100, stolen, loss, run->ledger.diverged ? ", DIVERGED" : "",
        run->drained ? "" : ", INCOMPLETE", run->ledger.ok ? "" : ", SUM OF PARAMETERS NOT KEPT");
}

/** journal/<policy>-<seed>.gz in the result directory, or in the folder of this value of the swept key. */
static int keep_journals(const struct matrix *self, const struct record_run *run, struct err *err)
{
    char folder[RESULTS_PATH_MAX + 64], path[RESULTS_PATH_MAX + 320];
    sweep_folder(self->plan->experiment, self->results.dir, folder, sizeof(folder));
    snprintf(path, sizeof(path), "%s/journal", folder);
    int rc = results_make_folder(path, err);
    journal_file_path(path, sizeof(path), folder, run->policy, run->seed);
    if (rc == 0)
        rc = run_write_journals(&self->runner.live, path, err);
    return rc;
}

static int find_stragglers(struct record_run *run, const struct cell *cell,
                           const struct record_iteration *row, uint64_t rows, struct err *err)
{
    struct inject entry[EXPERIMENT_INJECT_MAX];
    const struct inject_set injected = cell_inject(cell, entry);
    const struct stragglers_run measured = {.row = row,
                                            .rows = rows,
                                            .workers = run->workers,
                                            .serving = run->row->central,
                                            .injected = &injected,
                                            .base_ns = cell->common->experiment->compute.base_ns};
    return stragglers_find(&run->stragglers, &measured, err);
}

/** What the run's files are: journals, rows and histograms. Then the record forgets the buffers they come from. */
static int keep(struct matrix *self, struct record_run *run, const struct record_iteration *row,
                uint64_t rows, struct err *err)
{
    int rc = self->runner.live.journal ? keep_journals(self, run, err) : 0;
    if (rc == 0)
        rc = results_add(&self->results, run, row, rows, err);
    record_settle(run);
    return rc;
}

/** models/<policy>-<seed>.npy, in the folder that the journals of this value of the swept key are in. */
static int open_models(struct matrix *self, const struct cell *cell, struct models_file *out,
                       struct err *err)
{
    char folder[RESULTS_PATH_MAX + 64], path[RESULTS_PATH_MAX + 128];
    const struct model_config *const model = &cell->common->model;
    if (!self->plan->experiment->models)
        return 0;
    sweep_folder(self->plan->experiment, self->results.dir, folder, sizeof(folder));
    snprintf(path, sizeof(path), "%s/models", folder);
    int rc = results_make_folder(path, err);
    if (rc == 0)
        rc = models_file_open(out, path, cell->policy->label, cell->seed, cell->graph.workers,
                              model->ops->dim(model), err);
    self->runner.keep = rc == 0 ? out : NULL;
    return rc;
}

/** The cell, with what it ends with in its files. */
static int execute(struct matrix *self, const struct cell *cell, const struct evaluation_data *data,
                   struct record_run *run, struct err *err)
{
    struct models_file models = {0};
    struct err lost;
    int rc = open_models(self, cell, &models, err);
    if (rc < 0)
        return rc;
    rc = runner_execute(&self->runner, cell, data, run, err);
    const int kept = models_file_close(&models, rc == 0 ? err : &lost);
    self->runner.keep = NULL;
    if (rc == 0 && kept < 0)
        record_free(run);
    return rc == 0 ? kept : rc;
}

static int one_cell(struct matrix *self, const struct cell *cell,
                    const struct evaluation_data *data, struct err *err)
{
    struct record_run *const run = &self->run[self->runs];
    int rc = execute(self, cell, data, run, err);
    if (rc < 0)
        return rc;
    self->runs++;
    run->interrupted = interrupt_seen() || self->options->only;
    run->cores.quota = self->quota_cores;
    run->cores.disturbed =
        !is_virtual(self) && run->cores.stolen_share > self->plan->experiment->judge.stolen;
    run->sweep.value = experiment_sweep_value(cell->common->experiment);
    run->sweep.key = run->sweep.value ? cell->common->experiment->sweep.key : NULL;
    const struct experiment *const e = self->plan->experiment;
    if (e->target.set && !e->target.relative_to[0])
        target_judge(run, e->target.metric, e->target.value, e->target.hold);
    uint64_t rows;
    const struct record_iteration *const row = runner_rows(&self->runner, &rows);
    rc = find_stragglers(run, cell, row, rows, err);
    if (rc == 0)
        rc = keep(self, run, row, rows, err);
    if (rc == 0)
        say_progress(self, run);
    return rc;
}

/** Other ranks do the same run. */
static int call_ranks(const struct matrix *self, uint32_t seed, uint32_t policy, struct err *err)
{
    const uint32_t value = (uint32_t)(self->plan - self->sweep->plan);
    if (!self->host || self->options->only)
        return 0;
    return ranks_call(self->host->ranks, self->options->profile, value, seed, policy, err);
}

/** Nothing is begun any more: somebody said so, or a rank is gone, without which no further run can be set up. */
static bool is_over(const struct matrix *self)
{
    const struct ranks *const ranks = self->host && !self->options->only ? self->host->ranks : NULL;
    return interrupt_seen() || (ranks && !hub_is_whole(ranks->hub));
}

static bool is_wanted(const struct matrix *self, uint32_t seed, uint32_t policy)
{
    const struct ranks_turn *const only = self->options->only;
    return !only || (only->value == (uint32_t)(self->plan - self->sweep->plan) &&
                     only->seed == seed && only->policy == policy);
}

static int all_cells(struct matrix *self, struct err *err)
{
    const struct experiment *const e = self->plan->experiment;
    int rc = 0;
    for (uint32_t s = 0; s < e->seed_count && rc == 0; s++) {
        struct evaluation_data data = {0};
        for (uint32_t p = 0; p < e->policy_count && rc == 0 && !is_over(self); p++) {
            struct cell cell;
            if (!is_wanted(self, s, p))
                continue;
            rc = cell_open(&cell, &self->plan->common, p, s, err);
            if (rc == 0 && data.train == 0)
                rc = evaluation_data_open(&data, &cell, err);
            if (rc == 0)
                rc = call_ranks(self, s, p, err);
            if (rc == 0)
                rc = one_cell(self, &cell, &data, err);
            cell_close(&cell);
        }
        evaluation_data_close(&data);
    }
    return rc;
}

/** A relative target is known only when its baseline has run with every seed. run: [count] of one value. */
static void judge_relative_target(const struct experiment *e, struct record_run *run,
                                  uint32_t count)
{
    double final[EXPERIMENT_SEEDS_MAX];
    uint32_t finals = 0;
    if (!e->target.set || !e->target.relative_to[0])
        return;
    for (uint32_t i = 0; i < count; i++)
        if (!strcmp(run[i].policy, e->target.relative_to) && finals < EXPERIMENT_SEEDS_MAX)
            final[finals++] =
                target_metric_at(e->target.metric, &run[i].point[run[i].point_count - 1]);
    const double value = target_relative(e->target.metric, e->target.factor, final, finals);
    for (uint32_t i = 0; i < count; i++)
        target_judge(&run[i], e->target.metric, value, e->target.hold);
}

/** Each value has data, buffers, target and budgets of its own. */
static int all_values(struct matrix *self, struct err *err)
{
    int rc = 0;
    for (uint32_t v = 0; v < self->sweep->values && rc == 0 && !is_over(self); v++) {
        self->plan = &self->sweep->plan[v];
        self->first[v] = self->runs;
        rc = runner_open(&self->runner, self->host, self->plan, self->options->threads,
                         &self->options->run, err);
        if (rc == 0)
            rc = all_cells(self, err);
        runner_close(&self->runner);
        struct record_run *const first = self->run + self->first[v];
        judge_relative_target(self->plan->experiment, first, self->runs - self->first[v]);
        equal_judge(first, self->runs - self->first[v]);
        self->first[v + 1] = self->runs;
    }
    return rc;
}

static int begin(struct matrix *self, struct err *err)
{
    struct experiment *const e = self->sweep->written;
    const uint32_t cells = sweep_cells(self->sweep);
    self->run = calloc(cells, sizeof(*self->run));
    if (!self->run)
        return err_set(err, -ENOMEM, "not enough memory for %u runs", cells);
    int rc = is_virtual(self) ? 0 : data_tier_choose(self->sweep->plan, self->sweep->values, err);
    if (rc == 0)
        rc = results_begin(&self->results, self->options->out, e, err);
    if (rc == 0)
        rc = resolved_write(&self->results, e, err);
    return rc;
}

/** What only a live run has: an EAL, a calibrated clock, and a core for each worker. core: [workers]. */
static int describe_host(struct matrix *self, struct environment_extra *extra, uint32_t *core,
                         struct err *err)
{
    const struct host *const host = self->host;
    struct cell cell;
    const int rc = cell_open(&cell, &self->plan->common, 0, 0, err);
    if (rc < 0)
        return rc;
    for (uint32_t w = 0; w < cell.graph.workers; w++)
        core[w] = machine_pu_at(host->machine, cell.placement.pu[w])->os_index;
    cell_close(&cell);
    const double quota = environment_cpu_quota("");
    self->quota_cores = quota < self->plan->loops ? quota : 0;
    extra->eal_tier = eal_tier_name(host->eal.tier);
    extra->eal_reason = host->eal.reason;
    extra->placement = core;
    extra->tsc_hz = host->clock.hz;
    return 0;
}

/** Of a sweep over the workers: as the first value has them. */
static int write_environment(struct matrix *self, struct err *err)
{
    uint32_t core[EXPERIMENT_WORKERS_MAX];
    const struct experiment *const e = self->plan->experiment;
    struct environment_extra extra = {.dpdk_version = DAWDLE_DPDK_VERSION,
                                      .liburing_version = DAWDLE_URING_VERSION,
                                      .hwloc_version = DAWDLE_HWLOC_VERSION,
                                      .seed = e->seed,
                                      .seed_count = e->seed_count,
                                      .workers = e->workers.count};
    if (!is_virtual(self)) {
        const int rc = describe_host(self, &extra, core, err);
        if (rc < 0)
            return rc;
    }
    return results_environment(&self->results, environment_json(&extra), err);
}

/** Where the results are, and a page of them; without it they are still whole. */
static void write_report(const struct matrix *self)
{
    struct err err = {{0}};
    const int rc = page_file_write(self->results.dir, &err);
    if (rc < 0)
        fprintf(stderr, "dawdle: warning: no " PAGE_NAME ": %s\n", err.text);
    if (!self->options->silent)
        printf(" %-13s%s\n", "results", self->results.dir);
    if (!self->options->silent && rc == 0)
        printf(" %-13s%s/" PAGE_NAME "\n", "report", self->results.dir);
}

/** Everything that ran, on the terminal before it is written: a full disk costs the files, not the figures. */
static int conclude(struct matrix *self, bool failed, struct err *err)
{
    const struct outcome_runs runs = {.sweep = self->sweep,
                                      .run = self->run,
                                      .runs = self->runs,
                                      .first = self->first,
                                      .interrupted =
                                          interrupt_seen() || self->options->only ||
                                          (is_over(self) && self->runs < sweep_cells(self->sweep)),
                                      .failed = failed};
    struct outcome *const out = calloc(1, sizeof(*out));
    if (!out)
        return err_set(err, -ENOMEM, "not enough memory for the summary");
    outcome_evaluate(out, &runs);
    if (!self->options->silent) {
        outcome_print(out, &runs, stdout);
        fflush(stdout);
    }
    const int rc =
        failed ? 0 : results_finish(&self->results, self->run, self->runs, &out->verdict, err);
    if (rc == 0 && !failed)
        write_report(self);
    if (runs.interrupted)
        fprintf(stderr, "dawdle: interrupted after %u of %u runs; what was measured is kept\n",
                self->runs, sweep_cells(self->sweep));
    if (self->results.warning.text[0])
        fprintf(stderr, "dawdle: warning: %s\n", self->results.warning.text);
    const int code = outcome_code(out, &runs, self->options->strict);
    outcome_close(out);
    free(out);
    return rc < 0 ? rc : code;
}

static int fail(const struct matrix *self, int rc, const struct err *err)
{
    fprintf(stderr, "dawdle: error: %s\n", err->text[0] ? err->text : strerror(-rc));
    if (self->results.dir[0])
        fprintf(stderr, "dawdle: what was measured until then is in %s\n", self->results.dir);
    return rc == -EPROTO ? 1 : 3;
}

int matrix_run(struct host *host, struct sweep *sweep, const struct matrix_options *options)
{
    struct err err = {{0}}, lost;
    struct matrix self = {
        .host = host, .sweep = sweep, .plan = &sweep->plan[0], .options = options};
    int rc = begin(&self, &err);
    if (rc == 0)
        rc = write_environment(&self, &err);
    status_open(&self.progress, sweep_cells(sweep),
                is_virtual(&self) ? 0 : (double)self.plan->experiment->stop.time_ns * 1e-9,
                options->quiet);
    if (rc == 0)
        rc = all_values(&self, &err);
    status_close(&self.progress);
    if (rc == 0)
        rc = conclude(&self, false, &err);
    else if (self.runs > 0)
        conclude(&self, true, &lost);
    if (rc < 0)
        rc = fail(&self, rc, &err);
    if (options->dir)
        snprintf(options->dir, options->dir_bytes, "%s", self.results.dir);
    results_close(&self.results);
    for (uint32_t i = 0; i < self.runs; i++)
        record_free(&self.run[i]);
    free(self.run);
    runner_close(&self.runner);
    return rc;
}
