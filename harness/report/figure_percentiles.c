/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A latency has the value of a bucket for all percentiles that the bucket holds, so a curve is a staircase. It ends
 * at the last percentile that so many samples can tell: of 1000 the largest is the 99.9th.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/profile/suggest.h"
#include "harness/report/chart.h"
#include "harness/report/figure_hist.h"
#include "harness/report/figure_rows.h"

#define LOG_FROM 3.0 /* largest by smallest */

/** What can be drawn: a latency, and what it is called. */
static const struct {
    enum series series;
    const char *title;
} latencies[] = {
    {SERIES_ITERATION, "iteration time"},  {SERIES_READY, "ready to mixed"},
    {SERIES_HANDLE, "sent to seen"},       {SERIES_AGE, "age of models"},
    {SERIES_REQUESTED, "requested delay"}, {SERIES_ACHIEVED, "achieved delay"},
    {SERIES_LATE, "link lateness"},
};
#define LATENCIES (sizeof(latencies) / sizeof(latencies[0]))

/** Of n samples the largest stands here. */
static double last_percentile(double n)
{
    return 100 * (1 - 1 / fmax(n, 2));
}

static int fill_from_hist(struct chart_curve *curve, const struct hist *hist, struct err *err)
{
    uint32_t buckets = 0, k = 0;
    uint64_t below = 0;
    for (uint32_t i = 0; i < HIST_COUNTS; i++)
        buckets += hist->count[i] > 0;
    const int rc = chart_curve_open(curve, 2 * buckets, err);
    for (uint32_t i = 0; rc == 0 && i < HIST_COUNTS; i++) {
        if (hist->count[i] == 0)
            continue;
        const double value = (double)(hist_high_at(i) < hist->max ? hist_high_at(i) : hist->max);
        const double total = (double)hist->total, last = last_percentile(total);
        curve->x[k] = fmin(last, 100 * ((double)below / total));
        curve->y[k++] = value;
        below += hist->count[i];
        curve->x[k] = fmin(last, 100 * ((double)below / total));
        curve->y[k++] = value;
    }
    return rc;
}

static int ascending(const void *a, const void *b)
{
    const double *const p = a, *const q = b;
    return (*p > *q) - (*p < *q);
}

/** The median over seeds of one field of their figures; NaN: none has it. */
static double median_of(const struct figure_group *group, enum series series, size_t field)
{
    double value[EXPERIMENT_SEEDS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < group->count && count < EXPERIMENT_SEEDS_MAX; i++) {
        double at;
        memcpy(&at, (const char *)&group->run[i]->series[series] + field, sizeof(at));
        if (!isnan(at))
            value[count++] = at;
    }
    qsort(value, count, sizeof(value[0]), ascending);
    return count ? (value[(count - 1) / 2] + value[count / 2]) / 2 : (double)NAN;
}

/** Without latency.hlog there are four percentiles in result.json. */
static int fill_from_figures(struct chart_curve *curve, const struct figure_group *group,
                             enum series series, struct err *err)
{
    static const size_t field[] = {
        offsetof(struct results_figures, p50), offsetof(struct results_figures, p99),
        offsetof(struct results_figures, p999), offsetof(struct results_figures, max)};
    static const double percentile[] = {50, 99, 99.9};
    const double last =
        last_percentile(median_of(group, series, offsetof(struct results_figures, n)));
    const int rc = chart_curve_open(curve, 4, err);
    curve->marked = true;
    for (uint32_t k = 0; rc == 0 && k < 4; k++) {
        curve->x[k] = fmin(k < 3 ? percentile[k] : last, last);
        curve->y[k] = median_of(group, series, field[k]);
    }
    return rc;
}

/** One unit for the whole chart, that of its largest median. */
static struct axis_unit set_unit(struct chart *chart)
{
    double largest = 0;
    for (uint32_t i = 0; i < chart->curves; i++)
        for (uint32_t k = 0; k < chart->curve[i].count; k++)
            if (chart->curve[i].x[k] <= 50 && isfinite(chart->curve[i].y[k]))
                largest = fmax(largest, chart->curve[i].y[k]);
    const struct axis_unit unit = axis_unit_ns(largest);
    for (uint32_t i = 0; i < chart->curves; i++)
        for (uint32_t k = 0; k < chart->curve[i].count; k++)
            chart->curve[i].y[k] /= unit.divisor;
    return unit;
}

/** A logarithm where they differ; what took less than a nanosecond is then below the axis. */
static enum axis_kind kind_of(const struct chart *chart)
{
    double least = (double)INFINITY, most = 0;
    for (uint32_t i = 0; i < chart->curves; i++)
        for (uint32_t k = 0; k < chart->curve[i].count; k++) {
            const double value = chart->curve[i].y[k];
            least = value > 0 ? fmin(least, value) : least;
            most = fmax(most, value);
        }
    return most > LOG_FROM * least ? AXIS_LOG : AXIS_LINEAR;
}

static int fill_chart(struct chart *chart, const struct figure_hist *hists, uint32_t which,
                      bool *from_json, struct err *err)
{
    const struct figure *const self = hists->of;
    const enum series series = latencies[which].series;
    int rc = chart_open(chart, self->groups, err);
    for (uint32_t i = 0; rc == 0 && i < self->groups; i++) {
        const struct hist *const hist = figure_hist_of(hists, i, series);
        struct chart_curve *const curve = &chart->curve[i];
        curve->label = self->group[i].label;
        curve->look = self->group[i].look;
        rc = hist ? fill_from_hist(curve, hist, err)
                  : fill_from_figures(curve, &self->group[i], series, err);
        *from_json |= !hist && rc == 0 && !isnan(curve->y[0]);
    }
    if (rc < 0)
        return rc;
    const struct axis_unit unit = set_unit(chart);
    snprintf(chart->title, sizeof(chart->title), "%s (%s)", latencies[which].title, unit.name);
    snprintf(chart->x_title, sizeof(chart->x_title), "percentile (%%)");
    chart->x_kind = AXIS_NINES;
    chart->y_kind = kind_of(chart);
    return 0;
}

/** Those that --metric names, as a set of rows of `latencies`. */
static int choose(const struct figure *self, uint32_t *chosen, struct err *err)
{
    const char *list = self->options.metric;
    size_t length;
    *chosen = list ? 0 : (1u << LATENCIES) - 1;
    for (const char *item; list && (item = figure_next_name(&list, &length));) {
        char typed[96], all[256] = "";
        struct suggest near = {.typed = typed};
        uint32_t found = 0;
        snprintf(typed, sizeof(typed), "%.*s", (int)length, item);
        for (uint32_t i = 0; i < LATENCIES; i++) {
            const char *const name = series_name[latencies[i].series];
            const size_t used = strlen(all);
            found |= strcmp(name, typed) == 0 ? 1u << i : 0;
            suggest_offer(&near, name);
            snprintf(all + used, sizeof(all) - used, " %s", name);
        }
        if (!found)
            return err_set(err, -EINVAL,
                           "--metric: unknown latency '%s'%s%s%s; expected some of:%s", typed,
                           near.best ? "; did you mean '" : "", near.best ? near.best : "",
                           near.best ? "'?" : "", all);
        *chosen |= found;
    }
    return 0;
}

static uint32_t series_set(uint32_t chosen)
{
    uint32_t set = 0;
    for (uint32_t i = 0; i < LATENCIES; i++)
        set |= chosen & 1u << i ? 1u << latencies[i].series : 0;
    return set;
}

static void print(const struct figure *self, struct chart *chart, uint32_t charts, bool from_json,
                  FILE *out)
{
    const struct chart_page page = {
        .id = "dawdle-percentiles",
        .title = "Latencies by percentile",
        .note =
            from_json
                ? "Marks: 50th, 99th and 99.9th percentile and maximum, median over seeds (there "
                  "is no latency.hlog); curves without marks: all seeds and workers together."
                : "All seeds and workers together; a curve ends at its maximum.",
        .width = self->width,
        .wide = self->options.wide,
        .chart = chart,
        .charts = charts};
    chart_print(&page, out);
}

int figure_percentiles(const struct figure *self, FILE *out, struct err *err)
{
    struct chart chart[LATENCIES] = {{.curves = 0}};
    struct figure_hist hists = {.series = 0};
    uint32_t chosen, charts = 0, shown = 0;
    bool from_json = false;
    int rc = choose(self, &chosen, err);
    if (rc == 0)
        rc = figure_hist_open(&hists, self, series_set(chosen), err);
    for (uint32_t i = 0; rc == 0 && i < LATENCIES; i++) {
        if (!(chosen & 1u << i))
            continue;
        rc = fill_chart(&chart[charts], &hists, i, &from_json, err);
        shown += rc == 0 && chart_any(&chart[charts]);
        charts++;
    }
    if (rc == 0 && shown == 0)
        rc = figure_nothing(self, "percentiles", "no such latency was measured", err);
    if (rc == 0)
        print(self, chart, charts, from_json, out);
    for (uint32_t c = 0; c < charts; c++)
        chart_close(&chart[c]);
    figure_hist_close(&hists);
    return rc;
}
