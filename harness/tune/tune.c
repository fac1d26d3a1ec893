/* SPDX-License-Identifier: BSD-3-Clause */
/* Policies take turns, one rate at a time: on a host whose speed drifts, no policy gets the good hours alone. */
#include "harness/tune/tune.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/units.h"
#include "harness/experiment/profile.h"
#include "harness/metric/target.h"
#include "harness/record/stream.h"
#include "harness/run/data_tier.h"
#include "harness/run/interrupt.h"
#include "harness/run/runner.h"
#include "harness/run/status.h"
#include "harness/tune/tune_search.h"

/** In virtual time judging is half of the work, and only the final value counts. */
#define POINTS_VIRTUAL 2u

struct tune {
    struct runner runner;
    struct plan *plan;
    struct tuned_file *file;
    const struct tune_options *options;
    struct tune_search search[EXPERIMENT_POLICIES_MAX];
    struct evaluation_data data[TUNE_SEEDS];
    bool has_data[TUNE_SEEDS];
    struct status progress;
};

static bool is_reported(const struct experiment *e, uint64_t seed)
{
    for (uint32_t i = 0; i < e->seed_count; i++)
        if (e->seed[i] == seed)
            return true;
    return false;
}

static void choose_seeds(const struct experiment *e, struct tuned_file *out)
{
    for (uint64_t seed = TUNE_SEED_FIRST; out->seeds < TUNE_SEEDS; seed++)
        if (!is_reported(e, seed))
            out->seed[out->seeds++] = seed;
}

static int check(const struct experiment *e, struct err *err)
{
    if (strcmp(e->data.format, "none") == 0)
        return err_set(err, -EINVAL, "%s learns nothing (model none): there is no rate to tune",
                       e->name);
    if (e->data.split[1] <= 0)
        return err_set(err, -EINVAL,
                       "tuning is evaluated on validation samples, but data.split gives them 0%%");
    for (uint32_t i = 0; i < e->policy_count; i++) {
        const double reach = ldexp(1, (int)(TUNE_GRID / 2));
        const double lr = e->policy[i].lr;
        if (lr / reach < TUNE_RATE_MIN || lr * reach > TUNE_RATE_MAX)
            return err_set(err, -EINVAL, "policy %s: a grid around lr %g leaves the range %g to %g",
                           e->policy[i].label, lr, TUNE_RATE_MIN, TUNE_RATE_MAX);
    }
    return 0;
}

int tune_prepare(struct experiment *experiment, struct tuned_file *out, struct err *err)
{
    const int rc = check(experiment, err);
    if (rc < 0)
        return rc;
    *out = (struct tuned_file){.clock = experiment->clock,
                               .digest = profile_digest(experiment),
                               .metric = experiment_tuning_metric(experiment),
                               .time_ns = experiment->stop.time_ns,
                               .iterations = experiment->stop.iterations,
                               .rates = TUNE_GRID,
                               .policies = experiment->policy_count};
    memcpy(out->profile, experiment->name, sizeof(out->profile));
    choose_seeds(experiment, out);
    for (uint32_t i = 0; i < out->policies; i++) {
        memcpy(out->policy[i].label, experiment->policy[i].label, sizeof(out->policy[i].label));
        out->policy[i].digest = profile_digest_policy(experiment, i);
    }
    memcpy(experiment->seed, out->seed, sizeof(out->seed[0]) * TUNE_SEEDS);
    experiment->seed_count = TUNE_SEEDS;
    experiment->record = false;
    return 0;
}

int tune_print(const struct plan *plan, const struct tuned_file *file, uint32_t threads, FILE *out,
               struct err *err)
{
    char text[64];
    double seconds = 0;
    const int rc = plan_seconds(plan, threads, &seconds, err);
    if (rc < 0)
        return rc;
    fprintf(out,
            "\ntuning\n  %u policies x %u rates x %u seeds, by %s: %u runs, about %s\n"
            "  a grid whose best rate lies on its edge is extended by up to %u rates\n",
            file->policies, TUNE_GRID, TUNE_SEEDS, target_metric_name(file->metric),
            file->policies * TUNE_GRID * TUNE_SEEDS,
            units_short_ns(seconds * TUNE_GRID * 1e9, text, sizeof(text)), TUNE_EXTENSIONS_MAX);
    return 0;
}

/** The final value; a run whose model is no longer finite has none, whatever its accuracy looks like. */
static double final_value(const struct tune *self, const struct record_run *run)
{
    const struct record_point *const last = &run->point[run->point_count - 1];
    if (!isfinite(last->heldout_loss_mean_model))
        return (double)NAN;
    return target_metric_at(self->file->metric, last);
}

/** A grid that is extended has more runs than were planned. */
static void say_progress(struct tune *self, const struct record_run *run, double value)
{
    char text[40] = "diverged";
    if (isfinite(value))
        snprintf(text, sizeof(text), "%.4f", value);
    if (self->file->runs > self->progress.all)
        self->progress.all = self->file->runs;
    status_step(&self->progress, !run->drained || !run->ledger.ok,
                "%-12s lr %-8g seed %llu: %s %s%s%s", run->policy, run->lr,
                (unsigned long long)run->seed, target_metric_name(self->file->metric), text,
                run->drained ? "" : ", INCOMPLETE",
                run->ledger.ok ? "" : ", SUM OF PARAMETERS NOT KEPT");
}

static int run_cell(struct tune *self, const struct cell *cell, uint32_t seed, double *value,
                    struct err *err)
{
    struct record_run *const run = calloc(1, sizeof(*run));
    int rc = run ? 0 : err_set(err, -ENOMEM, "not enough memory for a run");
    if (rc == 0 && !self->has_data[seed]) {
        rc = evaluation_data_open(&self->data[seed], cell, err);
        self->has_data[seed] = rc == 0;
    }
    if (rc == 0 && self->data[seed].heldout == 0)
        rc = err_set(err, -EINVAL, "data.split leaves no validation sample to evaluate with");
    if (rc == 0)
        rc = runner_execute(&self->runner, cell, &self->data[seed], run, err);
    if (rc == 0) {
        *value = final_value(self, run);
        self->file->runs++;
        self->file->seconds += run->duration_s;
        say_progress(self, run, *value);
        record_settle(run);
        record_free(run);
    }
    free(run);
    return rc;
}

/** One rate of one policy with every seed. -ECANCELED: interrupted, the values are not whole. */
static int measure(struct tune *self, uint32_t policy, double lr, double *value, struct err *err)
{
    int rc = 0;
    self->plan->experiment->policy[policy].lr = lr;
    for (uint32_t s = 0; s < TUNE_SEEDS && rc == 0; s++) {
        struct cell cell;
        rc = cell_open(&cell, &self->plan->common, policy, s, err);
        if (rc < 0)
            break;
        rc = run_cell(self, &cell, s, &value[s], err);
        cell_close(&cell);
        if (rc == 0 && interrupt_seen())
            rc = -ECANCELED;
    }
    return rc;
}

static int search(struct tune *self, struct err *err)
{
    const struct experiment *const e = self->plan->experiment;
    bool any = true;
    for (uint32_t p = 0; p < e->policy_count; p++)
        tune_search_begin(&self->search[p], e->policy[p].lr, self->file->metric, TUNE_SEEDS,
                          &self->file->policy[p]);
    while (any) {
        any = false;
        for (uint32_t p = 0; p < e->policy_count; p++) {
            double lr, value[TUNE_SEEDS];
            if (!tune_search_next(&self->search[p], &lr))
                continue;
            const int rc = measure(self, p, lr, value, err);
            if (rc < 0)
                return rc;
            tune_search_tell(&self->search[p], lr, value);
            any = true;
        }
    }
    for (uint32_t p = 0; p < e->policy_count; p++)
        tune_search_end(&self->search[p]);
    return 0;
}

/** Under another name until it is whole; opened first, so that a search of an hour does not end at a closed door. */
static FILE *open_file(const char *path, char *temporary, size_t size, struct err *err)
{
    snprintf(temporary, size, "%s.part", path);
    FILE *const out = fopen(temporary, "we");
    if (!out)
        err_set(err, -errno, "cannot write %s: %s", temporary, strerror(errno));
    return out;
}

static int keep_file(FILE *out, const char *temporary, const struct tuned_file *file,
                     const char *path, struct err *err)
{
    errno = 0;
    tuned_file_write(out, file);
    int rc = stream_flush(out);
    if (rc == 0 && rename(temporary, path) != 0)
        rc = -errno;
    return rc == 0 ? 0 : err_set(err, rc, "cannot write %s: %s", path, strerror(-rc));
}

static void put_beside(const struct tuned_file *file, const struct tuned_policy *p, double lr,
                       char *out, size_t size)
{
    snprintf(out, size, "not tried");
    for (uint32_t i = 0; i < p->points; i++) {
        const double value = tuned_median(&p->point[i], file->seeds);
        if (fabs(p->point[i].lr - lr) > 1e-9 * lr)
            continue;
        if (isfinite(value))
            snprintf(out, size, "%.4g", value);
        else
            snprintf(out, size, "diverged");
    }
}

/** Returns the number of policies without a rate. */
static uint32_t report(const struct tuned_file *file, const char *path)
{
    uint32_t lost = 0;
    char half[32], best[32], twice[32], time[48];
    printf("\n%s: rates by the median %s of seeds %llu..%llu\n\n  %-16s %10s %12s %12s %12s\n",
           file->profile, target_metric_name(file->metric), (unsigned long long)file->seed[0],
           (unsigned long long)file->seed[file->seeds - 1], "", "lr", "at half", "at lr",
           "at twice");
    for (uint32_t i = 0; i < file->policies; i++) {
        const struct tuned_policy *const p = &file->policy[i];
        put_beside(file, p, p->lr / 2, half, sizeof(half));
        put_beside(file, p, p->lr, best, sizeof(best));
        put_beside(file, p, p->lr * 2, twice, sizeof(twice));
        lost += !p->usable;
        if (p->usable)
            printf("  %-16s %10g %12s %12s %12s%s\n", p->label, p->lr, half, best, twice,
                   p->edge == TUNED_INSIDE ? "" : "   still on the edge of what was tried");
        else
            printf("  %-16s diverged at every rate from %g to %g\n", p->label, p->point[0].lr,
                   p->point[p->points - 1].lr);
    }
    printf("\n%u runs, %s of training; written to %s\nto use it: train: {tuned: %s}\n", file->runs,
           units_short_ns(file->seconds * 1e9, time, sizeof(time)), path, path);
    return lost;
}

static int run_whole(struct tune *self, struct host *host, struct err *err)
{
    static const struct run_options none;
    char temporary[EXPERIMENT_PATH_MAX + 16];
    FILE *const out = open_file(self->options->out, temporary, sizeof(temporary), err);
    if (!out)
        return -EIO;
    int rc = host ? data_tier_choose(self->plan, 1, err) : 0;
    if (rc == 0)
        rc = runner_open(&self->runner, host, self->plan, self->options->threads, &none, err);
    if (rc == 0)
        rc = search(self, err);
    if (rc == 0)
        rc = keep_file(out, temporary, self->file, self->options->out, err);
    fclose(out);
    if (rc < 0)
        unlink(temporary);
    return rc;
}

/** The exit code of a search that ended with `rc`, said where it is an error. */
static int exit_code(int rc, const struct tuned_file *file, const struct tune_options *options,
                     const struct err *err)
{
    if (rc == 0)
        return report(file, options->out) > 0 ? 4 : 0;
    if (rc == -ECANCELED) {
        fprintf(stderr, "dawdle: interrupted after %u runs; nothing was written\n", file->runs);
        return 5;
    }
    fprintf(stderr, "dawdle: error: %s\n", err->text);
    return rc == -EPROTO ? 1 : rc == -EINVAL ? 2 : 3;
}

int tune_run(struct host *host, struct plan *plan, struct tuned_file *file,
             const struct tune_options *options)
{
    struct err err = {{0}};
    struct tune *const self = calloc(1, sizeof(*self));
    CHECK(self);
    *self = (struct tune){.plan = plan, .file = file, .options = options};
    if (plan->experiment->clock == CLOCK_VIRTUAL)
        plan->common.points = POINTS_VIRTUAL;
    status_open(&self->progress, file->policies * TUNE_GRID * TUNE_SEEDS,
                host ? (double)plan->experiment->stop.time_ns * 1e-9 : 0, options->quiet);
    const int rc = run_whole(self, host, &err);
    status_close(&self->progress);
    runner_close(&self->runner);
    for (uint32_t s = 0; s < TUNE_SEEDS; s++)
        evaluation_data_close(&self->data[s]);
    free(self);
    return exit_code(rc, file, options, &err);
}
