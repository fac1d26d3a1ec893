/* SPDX-License-Identifier: BSD-3-Clause */
/* Means over seeds are compared and not runs: a simulated seed and a measured one share nothing but the profile. */
#include "harness/twin/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double iteration_s(const struct results_cell *cell)
{
    return cell->gradients > 0 ? cell->duration_s * cell->workers / cell->gradients : (double)NAN;
}

static double target_s(const struct results_cell *cell)
{
    return cell->target_reached ? cell->time_to_target_s : (double)NAN;
}

static struct compare_pair pair(double predicted, double measured)
{
    return (struct compare_pair){predicted, measured,
                                 measured > 0 ? predicted / measured - 1 : (double)NAN};
}

/** Of the runs of a policy: mean and standard deviation of a figure that they have. n 0: NaN. */
struct summary {
    double mean, deviation;
    uint32_t n;
};

static double mean_over(const struct results_read *in, const char *policy,
                        double (*figure)(const struct results_cell *), double less, int power,
                        uint32_t *n)
{
    double sum = 0;
    *n = 0;
    for (uint32_t i = 0; in && i < in->count; i++) {
        const double value = figure(&in->cell[i]);
        if (strcmp(in->cell[i].policy, policy) != 0 || !isfinite(value))
            continue;
        sum += power == 1 ? value : (value - less) * (value - less);
        *n += 1;
    }
    return *n ? sum / *n : (double)NAN;
}

static struct summary summarise(const struct results_read *in, const char *policy,
                                double (*figure)(const struct results_cell *))
{
    struct summary out;
    out.mean = mean_over(in, policy, figure, 0, 1, &out.n);
    const double variance = mean_over(in, policy, figure, out.mean, 2, &out.n);
    out.deviation = out.n > 1 ? sqrt(variance * out.n / (out.n - 1)) : (double)NAN;
    return out;
}

static double wait_share(const struct results_cell *cell)
{
    return cell->wait_share;
}

static uint32_t runs_of(const struct results_read *in, const char *policy)
{
    uint32_t runs = 0;
    for (uint32_t i = 0; i < in->count; i++)
        runs += strcmp(in->cell[i].policy, policy) == 0;
    return runs;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/** Nearest rank: the smallest value that at least this share of all values does not exceed. */
static double ranked(const double *sorted, uint32_t n, double share)
{
    if (n == 0)
        return (double)NAN;
    const uint32_t rank = (uint32_t)ceil(share * n - 1e-9);
    return sorted[rank > 0 ? rank - 1 : 0];
}

static double median(const double *sorted, uint32_t n)
{
    if (n == 0)
        return (double)NAN;
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

enum column { ITERATION, PLAIN, WAIT, WAIT_POINTS, TARGET };

static double error_of(const struct compare_row *row, enum column column)
{
    switch (column) {
    case ITERATION:
        return row->iteration_s.error;
    case PLAIN:
        return row->plain_s.error;
    case WAIT:
        return row->wait_share.error;
    case WAIT_POINTS:
        return row->wait_share.predicted - row->wait_share.measured;
    case TARGET:
        return row->target_s.error;
    }
    return (double)NAN;
}

static struct compare_errors errors_of(const struct compare *self, enum column column,
                                       double *scratch)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        const double error = fabs(error_of(&self->row[i], column));
        if (isfinite(error))
            scratch[n++] = error;
    }
    qsort(scratch, n, sizeof(*scratch), ascending);
    return (struct compare_errors){median(scratch, n), ranked(scratch, n, 0.9), n};
}

/** Of whoever did not reach the target in all of its runs there is no time to it. */
static double target_mean(const struct results_read *in, const char *policy)
{
    const struct summary reached = summarise(in, policy, target_s);
    return reached.n == runs_of(in, policy) ? reached.mean : (double)NAN;
}

static struct compare_row row_of(const struct results_read *predicted,
                                 const struct results_read *plain,
                                 const struct results_read *measured, const char *policy)
{
    const struct summary sim = summarise(predicted, policy, iteration_s);
    const double live_s = summarise(measured, policy, iteration_s).mean;
    return (struct compare_row){
        .policy = policy,
        .measured = runs_of(measured, policy),
        .predicted = runs_of(predicted, policy),
        .spread = sim.deviation / sim.mean,
        .iteration_s = pair(sim.mean, live_s),
        .plain_s = pair(summarise(plain, policy, iteration_s).mean, live_s),
        .wait_share = pair(summarise(predicted, policy, wait_share).mean,
                           summarise(measured, policy, wait_share).mean),
        .target_s = pair(target_mean(predicted, policy), target_mean(measured, policy)),
    };
}

static bool is_first(const struct results_read *in, uint32_t cell)
{
    for (uint32_t i = 0; i < cell; i++)
        if (strcmp(in->cell[i].policy, in->cell[cell].policy) == 0)
            return false;
    return true;
}

static void match(struct compare *self, const struct results_read *predicted,
                  const struct results_read *plain, const struct results_read *measured)
{
    for (uint32_t i = 0; i < measured->count; i++) {
        const char *const policy = measured->cell[i].policy;
        if (!is_first(measured, i))
            continue;
        if (runs_of(predicted, policy) > 0)
            self->row[self->count++] = row_of(predicted, plain, measured, policy);
        else
            self->only_measured++;
    }
}

int compare_open(struct compare *out, const struct results_read *predicted,
                 const struct results_read *plain, const struct results_read *measured,
                 struct err *err)
{
    *out = (struct compare){.row = calloc(measured->count + 1u, sizeof(*out->row))};
    double *const scratch = calloc(measured->count + 1u, sizeof(*scratch));
    int rc = 0;
    if (!out->row || !scratch)
        rc = err_set(err, -ENOMEM, "not enough memory to compare runs");
    if (rc == 0) {
        match(out, predicted, plain, measured);
        out->iteration = errors_of(out, ITERATION, scratch);
        out->plain = errors_of(out, PLAIN, scratch);
        out->wait = errors_of(out, WAIT, scratch);
        out->wait_points = errors_of(out, WAIT_POINTS, scratch);
        out->target = errors_of(out, TARGET, scratch);
        if (out->count == 0)
            rc =
                err_set(err, -EINVAL, "%s and the profile have no policy in common", measured->dir);
    }
    free(scratch);
    if (rc < 0)
        compare_close(out);
    return rc;
}

void compare_close(struct compare *self)
{
    free(self->row);
    *self = (struct compare){0};
}

/** `scale * value`, or a dash where there is none. */
static void put(FILE *out, const char *format, int width, double value)
{
    char text[32] = "-";
    if (isfinite(value))
        snprintf(text, sizeof(text), format, value);
    fprintf(out, " %*s", width, text);
}

static void put_row(FILE *out, const struct compare_row *row, bool targets)
{
    fprintf(out, " %-16s %4u ", row->policy, row->predicted);
    put(out, "%.3f", 9, row->iteration_s.predicted * 1e3);
    put(out, "%.1f", 7, row->spread * 100);
    put(out, "%.3f", 9, row->iteration_s.measured * 1e3);
    put(out, "%+.1f", 7, row->iteration_s.error * 100);
    put(out, "%+.1f", 7, row->plain_s.error * 100);
    put(out, "%.1f", 10, row->wait_share.predicted * 100);
    put(out, "%.1f", 9, row->wait_share.measured * 100);
    put(out, "%+.1f", 7, (row->wait_share.predicted - row->wait_share.measured) * 100);
    if (targets) {
        put(out, "%.3f", 10, row->target_s.predicted);
        put(out, "%.3f", 9, row->target_s.measured);
        put(out, "%+.1f", 7, row->target_s.error * 100);
    }
    fputc('\n', out);
}

static void put_errors(FILE *out, const char *name, const struct compare_errors *of,
                       const char *unit)
{
    if (of->n == 0)
        return;
    fprintf(out, " %-22s median %.1f %s, p90 %.1f %s over %u polic%s\n", name, of->median * 100,
            unit, of->p90 * 100, unit, of->n, of->n == 1 ? "y" : "ies");
}

void compare_print(FILE *out, const struct compare *self, const char *measured_dir)
{
    bool targets = false;
    for (uint32_t i = 0; i < self->count; i++)
        targets |=
            isfinite(self->row[i].target_s.predicted) || isfinite(self->row[i].target_s.measured);
    fprintf(out, "\nprediction against %s\n", measured_dir);
    fprintf(out, " %-16s %4s  %43s  %27s%s\n", "", "", "mean iteration time, ms",
            "waiting share, %", targets ? "           time to target, s" : "");
    fprintf(out, " %-16s %4s  %9s %7s %9s %7s %7s %10s %9s %7s", "policy", "runs", "predicted",
            "+- %", "measured", "error %", "plain %", "predicted", "measured", "points");
    if (targets)
        fprintf(out, " %10s %9s %7s", "predicted", "measured", "error %");
    fputc('\n', out);
    for (uint32_t i = 0; i < self->count; i++)
        put_row(out, &self->row[i], targets);
    fputs(" +-: how much predicted runs differ among themselves; plain: the error of a simulation "
          "that "
          "nothing calibrated\n absolute errors:\n",
          out);
    put_errors(out, "mean iteration time", &self->iteration, "%");
    put_errors(out, "the same, plain", &self->plain, "%");
    put_errors(out, "waiting share", &self->wait_points, "points");
    put_errors(out, "time to target", &self->target, "%");
    if (self->only_measured > 0)
        fprintf(out, " measured and not predicted: %u polic%s\n", self->only_measured,
                self->only_measured == 1 ? "y" : "ies");
}

static void csv(FILE *out, double value)
{
    fputc(',', out);
    if (isfinite(value))
        fprintf(out, "%.9g", value);
}

int compare_csv(FILE *out, const struct compare *self)
{
    fputs("policy,measured_runs,predicted_runs,iteration_s_predicted,iteration_s_measured,"
          "iteration_error,wait_share_predicted,wait_share_measured,wait_error,"
          "target_s_predicted,target_s_measured,target_error,iteration_spread,"
          "iteration_s_plain,plain_error\n",
          out);
    for (uint32_t i = 0; i < self->count; i++) {
        const struct compare_row *const row = &self->row[i];
        const struct compare_pair *const pairs[] = {&row->iteration_s, &row->wait_share,
                                                    &row->target_s};
        fprintf(out, "%s,%u,%u", row->policy, row->measured, row->predicted);
        for (uint32_t p = 0; p < 3; p++) {
            csv(out, pairs[p]->predicted);
            csv(out, pairs[p]->measured);
            csv(out, pairs[p]->error);
        }
        csv(out, row->spread);
        csv(out, row->plain_s.predicted);
        csv(out, row->plain_s.error);
        fputc('\n', out);
    }
    return ferror(out) ? -EIO : 0;
}
