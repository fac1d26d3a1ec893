/* The order of a matrix: seeds outside, policies inside; then targets, summary, table, checks, and the final rename. */
#include "harness/run/matrix.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/units.h"
#include "harness/results/checks.h"
#include "harness/environment.h"
#include "harness/run/interrupt.h"
#include "harness/run/judge.h"
#include "harness/experiment/profile.h"
#include "harness/results/results.h"
#include "harness/results/table.h"
#include "harness/results/target.h"

/** Everything of a matrix in progress. */
struct matrix {
    struct host *host;
    struct plan *plan;
    const struct matrix_options *options;
    struct run_buffers buffers;
    struct results results;
    struct record_run *run; /* [policies * seeds] in order of execution */
    uint32_t runs;
};

static uint32_t cells_of(const struct experiment *e)
{
    return e->policy_count * e->seed_count;
}

static void say_progress(const struct matrix *self, const struct record_run *run)
{
    const struct record_point *const last = &run->point[run->point_count - 1];
    if (self->options->quiet)
        return;
    fprintf(stderr, "dawdle: [%u/%u] %-12s seed %llu: %.0f gradients/s, wait %.0f %%", self->runs,
            cells_of(self->plan->experiment), run->policy, (unsigned long long)run->seed,
            run->gradients_per_s, run->wait_share * 100);
    if (run->judged)
        fprintf(stderr, ", loss %.4f", last->train_loss_mean_model);
    fprintf(stderr, "%s%s\n", run->drained ? "" : ", NOT DRAINED",
            run->ledger_ok ? "" : ", LEDGER BROKEN");
}

static int one_cell(struct matrix *self, const struct cell *cell, const struct judge_data *data,
                    struct err *err)
{
    struct record_run *const run = &self->run[self->runs];
    int rc = run_live(self->host, &self->buffers, cell, &self->options->faults, run, err);
    if (rc < 0)
        return rc;
    self->runs++;
    if (judge_run(run, &self->plan->common.model, data, self->buffers.judge, self->plan->loops) < 0)
        return err_set(err, -ENOMEM, "not enough memory to judge a run");
    const struct experiment *const e = self->plan->experiment;
    if (e->target.set && !e->target.relative_to[0])
        target_judge(run, e->target.metric, e->target.value, e->target.hold);
    rc = results_add(&self->results, run, self->buffers.row, self->buffers.rows, err);
    run_record_settle(run);
    say_progress(self, run);
    return rc;
}

static int all_cells(struct matrix *self, struct err *err)
{
    const struct experiment *const e = self->plan->experiment;
    int rc = 0;
    for (uint32_t s = 0; s < e->seed_count && rc == 0; s++) {
        struct judge_data data = {0};
        for (uint32_t p = 0; p < e->policy_count && rc == 0 && !interrupt_seen(); p++) {
            struct cell cell;
            rc = cell_open(&cell, &self->plan->common, p, s, err);
            if (rc == 0 && p == 0)
                rc = judge_data_open(&data, &cell, err);
            if (rc == 0)
                rc = one_cell(self, &cell, &data, err);
            cell_close(&cell);
        }
        judge_data_close(&data);
    }
    return rc;
}

/** A relative target is known only when its baseline has run with every seed. */
static void judge_relative_target(struct matrix *self)
{
    const struct experiment *const e = self->plan->experiment;
    double final[EXPERIMENT_SEEDS_MAX];
    uint32_t count = 0;
    if (!e->target.set || !e->target.relative_to[0])
        return;
    for (uint32_t i = 0; i < self->runs; i++)
        if (!strcmp(self->run[i].policy, e->target.relative_to) && count < EXPERIMENT_SEEDS_MAX)
            final[count++] = target_metric_at(e->target.metric,
                                              &self->run[i].point[self->run[i].point_count - 1]);
    const double value = target_relative(e->target.metric, e->target.factor, final, count);
    for (uint32_t i = 0; i < self->runs; i++)
        target_judge(&self->run[i], e->target.metric, value, e->target.hold);
}

static void write_resolved(FILE *out, void *experiment)
{
    profile_write_resolved(out, experiment);
}

static int begin(struct matrix *self, struct err *err)
{
    struct experiment *const e = self->plan->experiment;
    self->run = calloc(cells_of(e), sizeof(*self->run));
    if (!self->run)
        return err_set(err, -ENOMEM, "not enough memory for %u runs", cells_of(e));
    int rc = run_buffers_open(&self->buffers, e->workers.count, self->plan->loops,
                              self->plan->judge_bytes, self->plan->log_capacity, err);
    if (rc == 0)
        rc = results_begin(&self->results, self->options->out, e, err);
    if (rc == 0)
        rc = results_write(&self->results, "resolved.yaml", write_resolved, e, err);
    return rc;
}

static int write_environment(struct matrix *self, struct err *err)
{
    uint32_t core[EXPERIMENT_WORKERS_MAX];
    const struct experiment *const e = self->plan->experiment;
    const struct host *const host = self->host;
    struct cell cell;
    const int rc = cell_open(&cell, &self->plan->common, 0, 0, err);
    if (rc < 0)
        return rc;
    for (uint32_t w = 0; w < e->workers.count; w++)
        core[w] = machine_pu_at(host->machine, cell.placement.pu[w])->os_index;
    cell_close(&cell);
    const struct environment_extra extra = {.dpdk_version = DAWDLE_DPDK_VERSION,
                                            .liburing_version = DAWDLE_URING_VERSION,
                                            .hwloc_version = DAWDLE_HWLOC_VERSION,
                                            .eal_tier = eal_tier_name(host->eal.tier),
                                            .eal_reason = host->eal.reason,
                                            .seed = e->seed,
                                            .seed_count = e->seed_count,
                                            .placement = core,
                                            .workers = e->workers.count,
                                            .tsc_hz = host->clock.hz};
    return results_environment(&self->results, environment_json(&extra), err);
}

static bool complain(const struct record_run *run, const char *what)
{
    fprintf(stderr, "dawdle: FAIL %s seed %llu: %s\n", run->policy, (unsigned long long)run->seed,
            what);
    return false;
}

/** What must hold whatever the profile checks; says what does not. */
static bool is_sound(const struct record_run *run)
{
    bool sound = true;
    if (!run->ledger_ok)
        sound = complain(run, "averaging did not keep the sum of all parameters");
    if (run->exact_superseded > 0)
        sound = complain(run, "a message was lost on an edge that may lose none");
    if (run->accounted_twice > 0)
        sound = complain(run, "the parts of an iteration add up to more than the whole");
    if (run->tensors_sent !=
        run->tensors_delivered + run->tensors_superseded + run->tensors_in_flight)
        sound = complain(run, "a tensor that was sent is not accounted for");
    if (run->drained && (run->left_in_channels > 0 || run->control_sent != run->control_delivered))
        sound = complain(run, "a message was left in its channel");
    return sound;
}

static int finish(struct matrix *self, struct err *err)
{
    const struct experiment *const e = self->plan->experiment;
    struct results_summary *const summary = calloc(1, sizeof(*summary));
    struct checks_result check[EXPERIMENT_CHECKS_MAX];
    const bool complete = self->runs == cells_of(e) && !interrupt_seen();
    int code = 0;
    if (!summary)
        return err_set(err, -ENOMEM, "not enough memory for the summary");
    judge_relative_target(self);
    results_summarise(self->run, self->runs, summary);
    for (uint32_t i = 0; i < e->check_count; i++)
        checks_evaluate(e->check[i], summary, &check[i]);
    const int rc = results_finish(&self->results, self->run, self->runs, summary, check,
                                  e->check_count, complete, err);
    if (!complete)
        fprintf(stderr, "dawdle: interrupted after %u of %u runs; what was measured is kept\n",
                self->runs, cells_of(e));
    const struct table_style style = table_style_of(stdout);
    table_print(stdout, &style, e, self->run, self->runs, summary, self->results.dir);
    table_print_checks(stdout, &style, check, e->check_count);
    for (uint32_t i = 0; i < self->runs; i++)
        code = is_sound(&self->run[i]) ? code : 4;
    for (uint32_t i = 0; i < e->check_count; i++)
        code = check[i].pass ? code : 4;
    for (uint32_t i = 0; i < self->runs; i++)
        code = self->run[i].drained ? code : 5;
    code = complete ? code : 5;
    free(summary);
    return rc < 0 ? rc : code;
}

int matrix_run(struct host *host, struct plan *plan, const struct matrix_options *options)
{
    struct err err = {{0}};
    struct matrix self = {.host = host, .plan = plan, .options = options};
    int rc = begin(&self, &err);
    if (rc == 0)
        rc = write_environment(&self, &err);
    if (rc == 0)
        rc = all_cells(&self, &err);
    if (rc == 0)
        rc = finish(&self, &err);
    if (rc < 0) {
        fprintf(stderr, "dawdle: error: %s\n", err.text);
        if (self.results.dir[0])
            fprintf(stderr, "dawdle: what was measured until then is in %s\n", self.results.dir);
        rc = 3;
    }
    results_close(&self.results);
    for (uint32_t i = 0; i < self.runs; i++)
        run_record_free(&self.run[i]);
    free(self.run);
    run_buffers_close(&self.buffers);
    return rc;
}
