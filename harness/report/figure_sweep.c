/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values that are numbers of one unit stand where they belong; others stand side by side, in the order of the
 * profile.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/profile/suggest.h"
#include "harness/report/chart.h"
#include "harness/report/figure_rows.h"

#define CHARTS_MAX 6u
#define STOPS_MAX 64u
#define LOG_FROM 8.0
#define POLICIES_MAX 16u

/** The values, where they stand, and the metrics asked for. */
struct sweep_axis {
    struct chart_stop stop[STOPS_MAX];
    char text[STOPS_MAX][EXPERIMENT_SWEEP_TEXT_MAX];
    uint32_t stops;
    bool numbers;
};

static uint32_t stop_of(const struct sweep_axis *self, const char *value)
{
    uint32_t i = 0;
    while (i < self->stops && strcmp(self->text[i], value) != 0)
        i++;
    return i;
}

static void collect(const struct figure *self, struct sweep_axis *axis)
{
    for (uint32_t i = 0; i < self->groups; i++) {
        const char *const value = self->group[i].run[0]->value;
        if (*value && stop_of(axis, value) == axis->stops && axis->stops < STOPS_MAX)
            snprintf(axis->text[axis->stops++], sizeof(axis->text[0]), "%s", value);
    }
}

/** A number and what follows it; NaN: none. */
static double number_of(const char *text, const char **unit)
{
    char *end;
    const double value = strtod(text, &end);
    *unit = end;
    return end == text || !isfinite(value) || isspace((unsigned char)*text) ? (double)NAN : value;
}

static void set_places(struct sweep_axis *axis)
{
    const char *first = "", *unit;
    axis->numbers = true;
    number_of(axis->text[0], &first);
    for (uint32_t i = 0; i < axis->stops; i++) {
        axis->stop[i].x = number_of(axis->text[i], &unit);
        axis->numbers &= isfinite(axis->stop[i].x) && strcmp(unit, first) == 0;
        snprintf(axis->stop[i].text, sizeof(axis->stop[i].text), "%.30s", axis->text[i]);
    }
    for (uint32_t i = 0; !axis->numbers && i < axis->stops; i++)
        axis->stop[i].x = i;
}

/** Names that ticks leave out where they would touch go from left to right, so stops do. */
static int by_place(const void *a, const void *b)
{
    const struct chart_stop *const p = a, *const q = b;
    return (p->x > q->x) - (p->x < q->x);
}

static const struct results_summary *summary_of(const struct figure_group *group)
{
    const struct results_run *const run = group->run[0];
    for (uint32_t i = 0; i < group->of->summaries; i++)
        if (strcmp(group->of->summary[i].policy, run->policy) == 0 &&
            strcmp(group->of->summary[i].value, run->value) == 0)
            return &group->of->summary[i];
    return NULL;
}

static double divisor_of(enum metric metric)
{
    switch (metric_table[metric].unit) {
    case UNIT_ITERATION_NS:
        return 1e6;
    case UNIT_LATENCY_NS:
        return 1e3;
    case UNIT_SHARE:
        return 0.01;
    case UNIT_BYTES:
        return 0x1p20;
    default:
        return 1;
    }
}

/** As in the table: the mean with its interval where it has one, else the median from the lowest to the highest. */
static void put_point(struct chart_curve *curve, uint32_t k, double x,
                      const struct target_spread *at, double divisor)
{
    const bool interval = !isnan(at->low);
    curve->x[k] = x;
    curve->y[k] = (interval ? at->mean : at->median) / divisor;
    curve->low[k] = (interval ? at->low : at->min) / divisor;
    curve->high[k] = (interval ? at->high : at->max) / divisor;
}

static int by_x(const void *a, const void *b)
{
    const double *const p = a, *const q = b;
    return (p[0] > q[0]) - (p[0] < q[0]);
}

/** Points of a curve from left to right. */
static void sort_curve(struct chart_curve *curve)
{
    double row[STOPS_MAX][4];
    for (uint32_t k = 0; k < curve->count; k++)
        memcpy(row[k], (double[]){curve->x[k], curve->y[k], curve->low[k], curve->high[k]},
               sizeof(row[k]));
    qsort(row, curve->count, sizeof(row[0]), by_x);
    for (uint32_t k = 0; k < curve->count; k++) {
        curve->x[k] = row[k][0];
        curve->y[k] = row[k][1];
        curve->low[k] = row[k][2];
        curve->high[k] = row[k][3];
    }
}

/** All groups of the family that the group `first` begins. */
static int fill_curve(struct chart_curve *curve, const struct figure *self, uint32_t first,
                      const struct sweep_axis *axis, enum metric metric, struct err *err)
{
    const struct figure_group *const head = &self->group[first];
    uint32_t used = 0;
    const int rc = chart_curve_open(curve, axis->stops, err);
    curve->label = head->run[0]->policy;
    curve->look = head->family;
    curve->banded = curve->marked = true;
    for (uint32_t i = first; rc == 0 && i < self->groups && used < axis->stops; i++) {
        const struct results_summary *const at = summary_of(&self->group[i]);
        const uint32_t stop = stop_of(axis, self->group[i].run[0]->value);
        if (self->group[i].family == head->family && at && stop < axis->stops)
            put_point(curve, used++, axis->stop[stop].x, &at->metric[metric], divisor_of(metric));
    }
    curve->count = used;
    if (rc == 0)
        sort_curve(curve);
    return rc;
}

static bool begins_family(const struct figure *self, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++)
        if (self->group[i].family == self->group[index].family)
            return false;
    return true;
}

static const char *unit_text(enum metric metric)
{
    switch (metric_table[metric].unit) {
    case UNIT_ITERATION_NS:
        return " (ms)";
    case UNIT_LATENCY_NS:
        return " (\xc2\xb5s)";
    case UNIT_SHARE:
        return " (%)";
    case UNIT_BYTES:
        return " (MiB)";
    case UNIT_SECONDS:
        return " (s)";
    case UNIT_RATE:
        return " (1/s)";
    default:
        return "";
    }
}

static int fill_chart(struct chart *chart, const struct figure *self, const struct sweep_axis *axis,
                      enum metric metric, struct err *err)
{
    uint32_t used = 0;
    int rc = chart_open(chart, self->groups, err);
    for (uint32_t i = 0; rc == 0 && i < self->groups; i++)
        if (begins_family(self, i))
            rc = fill_curve(&chart->curve[used++], self, i, axis, metric, err);
    if (rc < 0)
        return rc;
    chart->curves = used;
    snprintf(chart->title, sizeof(chart->title), "%s%s", metric_table[metric].name,
             unit_text(metric));
    snprintf(chart->x_title, sizeof(chart->x_title), "%.90s", self->group[0].of->key);
    for (char *c = chart->title; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    if (metric_table[metric].unit == UNIT_SHARE)
        chart->y_most = 100;
    if (metric_table[metric].unit != UNIT_REAL)
        chart->y_least = 0;
    chart->x_kind = axis->numbers ? chart_kind(chart, true) : AXIS_LINEAR;
    chart->y_kind = chart_kind(chart, false);
    return 0;
}

static int find_metric(const char *item, size_t length, enum metric *out, struct err *err)
{
    char typed[96];
    struct suggest near = {.typed = typed};
    snprintf(typed, sizeof(typed), "%.*s", (int)length, item);
    *out = METRICS;
    for (uint32_t m = 0; m < METRICS; m++) {
        suggest_offer(&near, metric_table[m].name);
        if (strcmp(metric_table[m].name, typed) == 0)
            *out = (enum metric)m;
    }
    if (*out < METRICS)
        return 0;
    return err_set(err, -EINVAL, "--metric: unknown metric '%s'%s%s%s (see dawdle list metrics)",
                   typed, near.best ? "; did you mean '" : "", near.best ? near.best : "",
                   near.best ? "'?" : "");
}

/** Without --metric: how the policies learn, and how fast they go. */
static const char *usual(const struct figure *self)
{
    for (uint32_t i = 0; i < self->groups; i++) {
        const struct results_summary *const at = summary_of(&self->group[i]);
        if (at && at->metric[METRIC_SPEEDUP].count > 0)
            return "speedup,gradients_per_s";
    }
    return "train_loss_mean_model,gradients_per_s";
}

static int fill_charts(struct chart chart[CHARTS_MAX], uint32_t *charts, const struct figure *self,
                       const struct sweep_axis *axis, struct err *err)
{
    const char *list = self->options.metric ? self->options.metric : usual(self);
    size_t length;
    int rc = 0;
    for (const char *item; rc == 0 && (item = figure_next_name(&list, &length));) {
        enum metric metric;
        if (*charts == CHARTS_MAX)
            return err_set(err, -EINVAL, "--metric: at most %u metrics", CHARTS_MAX);
        rc = find_metric(item, length, &metric, err);
        if (rc == 0)
            rc = fill_chart(&chart[(*charts)++], self, axis, metric, err);
    }
    return rc;
}

/** What keeps the summary from being drawn, or NULL. */
static const char *why_not(const struct figure *self, const struct sweep_axis *axis)
{
    uint32_t families = 0;
    for (uint32_t i = 0; i < self->groups; i++)
        families += begins_family(self, i);
    if (axis->stops == 0)
        return "it sweeps no key (sweep: in the profile)";
    for (uint32_t i = 0; i < self->groups; i++)
        if (strcmp(self->group[i].of->key, self->group[0].of->key) != 0)
            return "the results sweep different keys";
    return families > POLICIES_MAX
               ? "more than 16 policies cannot be told apart: choose some with --only"
               : NULL;
}

int figure_sweep(const struct figure *self, FILE *out, struct err *err)
{
    static const char note[] = "Points: mean of the seeds with its 95 % interval; below 6 seeds "
                               "median, from the lowest to the highest.";
    struct chart chart[CHARTS_MAX] = {{.curves = 0}};
    struct sweep_axis axis = {.stops = 0};
    uint32_t charts = 0, shown = 0;
    collect(self, &axis);
    const char *const why = why_not(self, &axis);
    if (why)
        return figure_nothing(self, "sweep", why, err);
    set_places(&axis);
    int rc = fill_charts(chart, &charts, self, &axis, err);
    qsort(axis.stop, axis.stops, sizeof(axis.stop[0]), by_place);
    for (uint32_t c = 0; c < charts; c++) {
        chart[c].stop = axis.stop;
        chart[c].stops = axis.stops;
        shown += chart_any(&chart[c]);
    }
    if (rc == 0 && shown == 0)
        rc = figure_nothing(self, "sweep", "no run has such a metric", err);
    const struct chart_page page = {.id = "dawdle-sweep",
                                    .title = "Metrics against the swept value",
                                    .note = note,
                                    .width = self->width,
                                    .wide = self->options.wide,
                                    .chart = chart,
                                    .charts = charts};
    if (rc == 0)
        chart_print(&page, out);
    for (uint32_t c = 0; c < charts; c++)
        chart_close(&chart[c]);
    return rc;
}
