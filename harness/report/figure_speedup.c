/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Against every target, so that none can be picked. Seeds are paired, and a target counts where both of every pair
 * reached it. What was reached before the first evaluation after the start is left out: between those two nobody
 * knows when.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "harness/report/chart.h"
#include "harness/report/figure_rows.h"

#define TARGETS 64u
#define METRICS_OF_TARGETS (TARGET_TRAIN_LOSS_LOCAL_WORST + 1u)

/** What targets are of: the profile's metric, else the loss of the mean model. */
static enum target_metric target_of(const struct results_runs *of)
{
    for (uint32_t m = 0; m < METRICS_OF_TARGETS; m++)
        if (strcmp(of->target_metric, target_metric_name((enum target_metric)m)) == 0)
            return (enum target_metric)m;
    return TARGET_TRAIN_LOSS_MEAN_MODEL;
}

/** The baseline's run of the same seed, value and result; NULL: there is none. */
static const struct results_run *pair_of(const struct results_runs *of,
                                         const struct results_run *run)
{
    for (uint32_t i = 0; i < of->count; i++)
        if (of->run[i].seed == run->seed && strcmp(of->run[i].policy, of->baseline) == 0 &&
            strcmp(of->run[i].value, run->value) == 0)
            return &of->run[i];
    return NULL;
}

struct range {
    double low, high;
};

/** From what is met first, one evaluation after the start, to the best that is ever met. */
static void look_at(struct range *range, const struct results_run *run, enum target_metric metric)
{
    const bool rises = target_metric_rises(metric);
    for (uint32_t k = 1; k < run->point_count; k++) {
        const double at = target_metric_at(metric, &run->point[k]);
        if (isfinite(at) && (k == 1 || !rises))
            range->low = fmin(range->low, at);
        if (isfinite(at) && (k == 1 || rises))
            range->high = fmax(range->high, at);
    }
}

/** NaN: not reached by both, or too early to tell. */
static double ratio_of(const struct results_run *base, const struct results_run *run,
                       enum target_metric metric, double target, uint32_t hold)
{
    const double of_base = target_first(base->point, base->point_count, metric, target, hold);
    const double of_run = target_first(run->point, run->point_count, metric, target, hold);
    if (!isfinite(of_base) || !isfinite(of_run) || of_base < base->point[1].time_s ||
        of_run < run->point[1].time_s || !(of_run > 0))
        return (double)NAN;
    return of_base / of_run;
}

/** In logarithms: twice as fast and half as fast are equally far from 1. */
static struct figure_mean speedup_at(const struct figure_group *group, enum target_metric metric,
                                     double target)
{
    double value[EXPERIMENT_SEEDS_MAX];
    uint32_t pairs = 0;
    for (uint32_t i = 0; i < group->count && pairs < EXPERIMENT_SEEDS_MAX; i++) {
        const struct results_run *const base = pair_of(group->of, group->run[i]);
        if (base && base->point_count > 1 && group->run[i]->point_count > 1)
            value[pairs++] =
                log(ratio_of(base, group->run[i], metric, target, group->of->target_hold));
    }
    const struct figure_mean at = figure_mean(value, pairs);
    return (struct figure_mean){exp(at.mean), exp(at.low), exp(at.high)};
}

static int fill_curve(struct chart_curve *curve, const struct figure_group *group,
                      const struct range *range, enum target_metric metric, struct err *err)
{
    const bool log_steps = range->low > 0 && !target_metric_rises(metric);
    const int rc = chart_curve_open(curve, TARGETS, err);
    curve->label = group->label;
    curve->look = group->look;
    curve->banded = group->count > 1;
    for (uint32_t k = 0; rc == 0 && k < TARGETS; k++) {
        const double done = k / (TARGETS - 1.0); /* curves go from early to late */
        const double share = target_metric_rises(metric) ? done : 1 - done;
        const double target = log_steps ? range->low * pow(range->high / range->low, share)
                                        : range->low + share * (range->high - range->low);
        const struct figure_mean at = speedup_at(group, metric, target);
        curve->x[k] = target;
        curve->y[k] = at.mean;
        curve->low[k] = at.low;
        curve->high[k] = at.high;
    }
    return rc;
}

static int fill_chart(struct chart *chart, const struct figure *self, enum target_metric metric,
                      struct err *err)
{
    struct range range = {(double)INFINITY, -(double)INFINITY};
    uint32_t used = 0;
    int rc = chart_open(chart, self->groups, err);
    for (uint32_t i = 0; i < self->groups; i++)
        for (uint32_t k = 0; k < self->group[i].count; k++)
            look_at(&range, self->group[i].run[k], metric);
    for (uint32_t i = 0; rc == 0 && i < self->groups && range.low < range.high; i++)
        if (strcmp(self->group[i].run[0]->policy, self->group[i].of->baseline) != 0)
            rc = fill_curve(&chart->curve[used++], &self->group[i], &range, metric, err);
    if (rc == 0)
        chart->curves = used;
    return rc;
}

static const char *why_nothing(const struct figure *self, enum target_metric metric)
{
    for (uint32_t i = 0; i < self->results; i++) {
        if (!*self->result[i].baseline)
            return "there is no synchronous policy to compare with (allreduce, dsgd)";
        if (target_of(&self->result[i]) != metric)
            return "the results have targets of different metrics";
    }
    return "no seed of another policy reached a target that the baseline reached too";
}

static void describe(struct chart *chart, enum target_metric metric, const char *baseline)
{
    const bool rises = target_metric_rises(metric);
    snprintf(chart->title, sizeof(chart->title), "speed-up over %.40s (times)", baseline);
    snprintf(chart->x_title, sizeof(chart->x_title), "target: %s (%s)", target_metric_name(metric),
             rises ? "0 to 1" : "nats");
    for (char *c = chart->x_title; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    chart->turned = !rises;
    chart->x_kind = rises ? AXIS_LINEAR : chart_kind(chart, true);
    chart->y_kind = AXIS_LOG;
    chart->level = 1;
    snprintf(chart->level_text, sizeof(chart->level_text), "as fast as %.16s", baseline);
}

int figure_speedup(const struct figure *self, FILE *out, struct err *err)
{
    const enum target_metric metric = target_of(self->group[0].of);
    const char *const baseline = self->group[0].of->baseline;
    struct chart chart = {.curves = 0};
    char seeds[128], note[512];
    int rc = fill_chart(&chart, self, metric, err);
    const char *const why = why_nothing(self, metric);
    if (rc == 0 && (!chart_any(&chart) || strncmp(why, "the results", 11) == 0))
        rc = figure_nothing(self, "speedup", why, err);
    if (rc == 0) {
        figure_note_seeds(self, seeds, sizeof(seeds));
        snprintf(note, sizeof(note),
                 "Time of %.40s to a target over the time to the same target, paired by seed: %s. "
                 "Where a curve is missing, a seed did not reach the target.",
                 baseline, seeds);
        describe(&chart, metric, baseline);
        const struct chart_page page = {.id = "dawdle-speedup",
                                        .title = "Speed-up against every target",
                                        .note = note,
                                        .width = self->width,
                                        .wide = self->options.wide,
                                        .chart = &chart,
                                        .charts = 1};
        chart_print(&page, out);
    }
    chart_close(&chart);
    return rc;
}
