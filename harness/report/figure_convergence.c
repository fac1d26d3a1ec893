/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seeds are evaluated at times of their own on the live clock, so each curve is read between its points at the times
 * of the seed that has most of them. A mean over fewer seeds than all would jump where one ends: it ends where the
 * first one does.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "harness/report/chart.h"
#include "harness/report/figure_rows.h"

typedef double point_value(const struct record_point *point);

static double loss(const struct record_point *point)
{
    return point->train_loss_mean_model;
}

static double accuracy(const struct record_point *point)
{
    return 100 * point->heldout_accuracy_mean_model;
}

/** NaN beyond either end. Times do not fall from call to call, so the search goes on at *from. */
static double read_at(const struct results_run *run, double time_s, point_value *value,
                      uint32_t *from)
{
    uint32_t i = *from;
    while (i < run->point_count && run->point[i].time_s < time_s)
        i++;
    *from = i;
    if (i == run->point_count)
        return (double)NAN;
    const double right = value(&run->point[i]), gap = run->point[i].time_s - time_s;
    if (i == 0 || gap <= 0)
        return gap > 0 ? (double)NAN : right;
    const double left = value(&run->point[i - 1]);
    const double length = run->point[i].time_s - run->point[i - 1].time_s;
    return right + (left - right) * gap / length;
}

/** The run with most points, and the time until which all of them have some. */
static const struct results_run *find_grid(const struct figure_group *group, double *end_s)
{
    const struct results_run *grid = group->run[0];
    *end_s = (double)INFINITY;
    for (uint32_t i = 0; i < group->count; i++) {
        const struct results_run *const run = group->run[i];
        grid = run->point_count > grid->point_count ? run : grid;
        *end_s = fmin(*end_s, run->point_count ? run->point[run->point_count - 1].time_s : 0);
    }
    return grid;
}

static int fill_curve(struct chart_curve *curve, const struct figure_group *group,
                      point_value *value, struct err *err)
{
    double end_s, before = -1;
    uint32_t reached[EXPERIMENT_SEEDS_MAX] = {0};
    const struct results_run *const grid = find_grid(group, &end_s);
    const int rc = chart_curve_open(curve, grid->point_count, err);
    curve->label = group->label;
    curve->look = group->look;
    curve->banded = group->count > 1;
    for (uint32_t k = 0; rc == 0 && k < grid->point_count; k++) {
        double at[EXPERIMENT_SEEDS_MAX];
        const double time_s = fmin(grid->point[k].time_s, end_s);
        const uint32_t count =
            group->count < EXPERIMENT_SEEDS_MAX ? group->count : EXPERIMENT_SEEDS_MAX;
        if (time_s <= before) /* beyond the end of another seed */
            break;
        for (uint32_t i = 0; i < count; i++)
            at[i] = read_at(group->run[i], time_s, value, &reached[i]);
        const struct figure_mean mean = figure_mean(at, count);
        curve->x[k] = before = time_s;
        curve->y[k] = mean.mean;
        curve->low[k] = mean.low;
        curve->high[k] = mean.high;
    }
    return rc;
}

static int fill_chart(struct chart *chart, const struct figure *self, point_value *value,
                      struct err *err)
{
    int rc = chart_open(chart, self->groups, err);
    for (uint32_t i = 0; rc == 0 && i < self->groups; i++)
        rc = fill_curve(&chart->curve[i], &self->group[i], value, err);
    snprintf(chart->x_title, sizeof(chart->x_title), "time since the start of training (s)");
    chart->y_least = 0;
    return rc;
}

/** The target, if it is one of losses and the same everywhere. */
static void mark_target(struct chart *chart, const struct figure *self)
{
    const double value = self->group[0].run[0]->target_value;
    for (uint32_t i = 0; i < self->groups; i++) {
        const double other = self->group[i].run[0]->target_value;
        if (strcmp(self->group[i].of->target_metric, "train_loss_mean_model") != 0 ||
            !(fabs(other - value) <= 1e-9 * fabs(value)))
            return;
    }
    chart->level = value;
    snprintf(chart->level_text, sizeof(chart->level_text), "target %.3g", value);
}

int figure_convergence(const struct figure *self, FILE *out, struct err *err)
{
    struct chart chart[2] = {{.curves = 0}};
    char seeds[128], note[320];
    int rc = fill_chart(&chart[0], self, loss, err);
    if (rc == 0)
        rc = fill_chart(&chart[1], self, accuracy, err);
    if (rc == 0 && !chart_any(&chart[0]) && !chart_any(&chart[1]))
        rc = figure_nothing(self, "convergence", "no run was evaluated (model: none)", err);
    if (rc == 0) {
        figure_note_seeds(self, seeds, sizeof(seeds));
        snprintf(note, sizeof(note), "Curves: %s.", seeds);
        snprintf(chart[0].title, sizeof(chart[0].title), "training loss of the mean model (nats)");
        snprintf(chart[1].title, sizeof(chart[1].title),
                 "held-out accuracy of the mean model (%%)");
        chart[0].y_kind = chart_kind(&chart[0], false);
        chart[1].y_most = 100;
        if (chart_any(&chart[0]))
            mark_target(&chart[0], self);
        const struct chart_page page = {.id = "dawdle-convergence",
                                        .title = "Convergence against time",
                                        .note = note,
                                        .width = self->width,
                                        .wide = self->options.wide,
                                        .chart = chart,
                                        .charts = 2};
        chart_print(&page, out);
    }
    chart_close(&chart[0]);
    chart_close(&chart[1]);
    return rc;
}
