/* SPDX-License-Identifier: BSD-3-Clause */
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

static const struct results_cell *find(const struct results_read *in,
                                       const struct results_cell *like)
{
    for (uint32_t i = 0; i < in->count; i++)
        if (in->cell[i].seed == like->seed && strcmp(in->cell[i].policy, like->policy) == 0)
            return &in->cell[i];
    return NULL;
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

enum column { ITERATION, WAIT, WAIT_POINTS, TARGET };

static double error_of(const struct compare_row *row, enum column column)
{
    switch (column) {
    case ITERATION:
        return row->iteration_s.error;
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

static void match(struct compare *self, const struct results_read *predicted,
                  const struct results_read *measured)
{
    for (uint32_t i = 0; i < measured->count; i++) {
        const struct results_cell *const live = &measured->cell[i];
        const struct results_cell *const sim = find(predicted, live);
        if (!sim) {
            self->only_measured++;
            continue;
        }
        self->row[self->count++] = (struct compare_row){
            .policy = live->policy,
            .seed = live->seed,
            .iteration_s = pair(iteration_s(sim), iteration_s(live)),
            .wait_share = pair(sim->wait_share, live->wait_share),
            .target_s = pair(target_s(sim), target_s(live)),
        };
    }
    self->only_predicted = predicted->count - self->count;
}

int compare_open(struct compare *out, const struct results_read *predicted,
                 const struct results_read *measured, struct err *err)
{
    *out = (struct compare){.row = calloc(measured->count + 1u, sizeof(*out->row))};
    double *const scratch = calloc(measured->count + 1u, sizeof(*scratch));
    int rc = 0;
    if (!out->row || !scratch)
        rc = err_set(err, -ENOMEM, "not enough memory to compare runs");
    if (rc == 0) {
        match(out, predicted, measured);
        out->iteration = errors_of(out, ITERATION, scratch);
        out->wait = errors_of(out, WAIT, scratch);
        out->wait_points = errors_of(out, WAIT_POINTS, scratch);
        out->target = errors_of(out, TARGET, scratch);
        if (out->count == 0)
            rc = err_set(err, -EINVAL, "%s and the profile have no policy and seed in common",
                         measured->dir);
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
    fprintf(out, " %-16s %4llu ", row->policy, (unsigned long long)row->seed);
    put(out, "%.3f", 9, row->iteration_s.predicted * 1e3);
    put(out, "%.3f", 9, row->iteration_s.measured * 1e3);
    put(out, "%+.1f", 7, row->iteration_s.error * 100);
    put(out, "%.1f", 10, row->wait_share.predicted * 100);
    put(out, "%.1f", 9, row->wait_share.measured * 100);
    put(out, "%+.1f", 7, (row->wait_share.predicted - row->wait_share.measured) * 100);
    put(out, "%+.1f", 7, row->wait_share.error * 100);
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
    fprintf(out, " %-22s median %.1f %s, p90 %.1f %s over %u cell%s\n", name, of->median * 100,
            unit, of->p90 * 100, unit, of->n, of->n == 1 ? "" : "s");
}

void compare_print(FILE *out, const struct compare *self, const char *measured_dir)
{
    bool targets = false;
    for (uint32_t i = 0; i < self->count; i++)
        targets |=
            isfinite(self->row[i].target_s.predicted) || isfinite(self->row[i].target_s.measured);
    fprintf(out, "\nprediction against %s\n", measured_dir);
    fprintf(out, " %-16s %4s  %27s  %35s%s\n", "policy", "seed", "mean iteration time, ms",
            "waiting share, %", targets ? "           time to target, s" : "");
    fprintf(out, " %-16s %4s  %9s %9s %7s %10s %9s %7s %7s", "", "", "predicted", "measured",
            "error %", "predicted", "measured", "points", "error %");
    if (targets)
        fprintf(out, " %10s %9s %7s", "predicted", "measured", "error %");
    fputc('\n', out);
    for (uint32_t i = 0; i < self->count; i++)
        put_row(out, &self->row[i], targets);
    fputs(" absolute errors:\n", out);
    put_errors(out, "mean iteration time", &self->iteration, "%");
    put_errors(out, "waiting share", &self->wait, "%");
    put_errors(out, "waiting share", &self->wait_points, "points");
    put_errors(out, "time to target", &self->target, "%");
    if (self->only_measured + self->only_predicted > 0)
        fprintf(out, " without a counterpart: %u measured, %u predicted\n", self->only_measured,
                self->only_predicted);
}

static void csv(FILE *out, double value)
{
    fputc(',', out);
    if (isfinite(value))
        fprintf(out, "%.9g", value);
}

int compare_csv(FILE *out, const struct compare *self)
{
    fputs("policy,seed,iteration_s_predicted,iteration_s_measured,iteration_error,"
          "wait_share_predicted,wait_share_measured,wait_error,"
          "target_s_predicted,target_s_measured,target_error\n",
          out);
    for (uint32_t i = 0; i < self->count; i++) {
        const struct compare_row *const row = &self->row[i];
        const struct compare_pair *const pairs[] = {&row->iteration_s, &row->wait_share,
                                                    &row->target_s};
        fprintf(out, "%s,%llu", row->policy, (unsigned long long)row->seed);
        for (uint32_t p = 0; p < 3; p++) {
            csv(out, pairs[p]->predicted);
            csv(out, pairs[p]->measured);
            csv(out, pairs[p]->error);
        }
        fputc('\n', out);
    }
    return ferror(out) ? -EIO : 0;
}
