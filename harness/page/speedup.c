/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The speed-up at every level of the training loss, not only at the one that was chosen as the target: a policy may be ahead
 * early and behind late. A level is reached where the straight line between two evaluations first crosses it.
 */
#include <stdlib.h>
#include <string.h>

#include "harness/page/html.h"
#include "harness/page/page_json.h"
#include "harness/page/sections.h"

#define LEVELS 10u

static double loss_at(const json_t *points, size_t i)
{
    return page_real(json_array_get(points, i), "train_loss_mean_model");
}

/** When this run first was at `level`; infinite: never. */
static double time_to(const json_t *run, double level)
{
    const json_t *const points = json_object_get(run, "points");
    const size_t count = json_array_size(points);
    for (size_t i = 0; i < count; i++) {
        const double loss = loss_at(points, i);
        const double at = page_real(json_array_get(points, i), "time_s");
        if (!(loss <= level))
            continue;
        const double before = i > 0 ? loss_at(points, i - 1) : (double)NAN;
        if (!(before > level))
            return at;
        const double from = page_real(json_array_get(points, i - 1), "time_s");
        return from + (at - from) * (before - level) / (before - loss);
    }
    return (double)INFINITY;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/** Over its seeds; infinite: most never were there. */
static double median_time_to(const struct page_series *series, double level)
{
    double time[EXPERIMENT_SEEDS_MAX];
    const uint32_t n = series->runs;
    if (n == 0)
        return (double)INFINITY;
    for (uint32_t r = 0; r < n; r++)
        time[r] = time_to(series->run[r], level);
    qsort(time, n, sizeof(*time), ascending);
    return n % 2 ? time[n / 2] : (time[n / 2 - 1] + time[n / 2]) / 2;
}

/** From the loss that all begin with (its least) down to the least that anybody ends with. */
static bool find_range(const struct page *self, double *high, double *low)
{
    *high = (double)INFINITY;
    *low = (double)INFINITY;
    for (uint32_t i = 0; i < self->count; i++)
        for (uint32_t r = 0; r < self->series[i].runs; r++) {
            const json_t *const points = json_object_get(self->series[i].run[r], "points");
            const size_t count = json_array_size(points);
            for (size_t p = 0; p < count; p++)
                *low = loss_at(points, p) < *low ? loss_at(points, p) : *low;
            if (count > 1 && loss_at(points, 0) < *high)
                *high = loss_at(points, 0);
        }
    return isfinite(*high) && isfinite(*low) && *low > 0 && *high > *low;
}

static const struct page_series *baseline_of(const struct page *self,
                                             const struct page_series *series)
{
    const char *const name = page_string(series->summary, "baseline");
    for (uint32_t i = 0; i < self->count; i++) {
        const struct page_series *const one = &self->series[i];
        const bool same = one->value == series->value ||
                          (one->value && series->value && !strcmp(one->value, series->value));
        if (same && (*name ? !strcmp(one->policy, name) : true))
            return one;
    }
    return &self->series[0];
}

static void write_row(const struct page *self, double level)
{
    char text[HTML_FIGURE_MAX], factor[HTML_FIGURE_MAX], times[3 * HTML_FIGURE_MAX];
    fputs("<tr>", self->out);
    html_number_cell(self->out, level, html_figure(level, text));
    for (uint32_t i = 0; i < self->count; i++) {
        const double mine = median_time_to(&self->series[i], level);
        const double its = median_time_to(baseline_of(self, &self->series[i]), level);
        const double ratio = isfinite(mine) && isfinite(its) ? its / mine : (double)NAN;
        if (isfinite(mine))
            snprintf(times, sizeof(times), "%s s%s%s%s", html_figure(mine, text),
                     isnan(ratio) ? "" : " (", isnan(ratio) ? "" : html_figure(ratio, factor),
                     isnan(ratio) ? "" : "x)");
        else
            snprintf(times, sizeof(times), "never");
        html_number_cell(self->out, isfinite(mine) ? mine : (double)NAN, times);
    }
    fputs("</tr>\n", self->out);
}

void page_speedup(const struct page *self)
{
    double high, low;
    if (!find_range(self, &high, &low))
        return;
    html_section(self->out, "speedup", "Speed-up at every level of the loss",
                 "When the median seed first has a training loss so low, and in brackets how much "
                 "sooner than the baseline.");
    fputs("<div class=\"wide\"><table><thead><tr><th class=\"n\">training loss</th>", self->out);
    for (uint32_t i = 0; i < self->count; i++) {
        fprintf(self->out, "<th class=\"n\"><span class=\"key k%u\"></span>", i % 8);
        html_text(self->out, self->series[i].label);
        fputs("</th>", self->out);
    }
    fputs("</tr></thead>\n<tbody>\n", self->out);
    for (uint32_t l = 1; l <= LEVELS; l++)
        write_row(self, high * pow(low / high, (double)l / (LEVELS + 0.5)));
    fputs("</tbody></table></div>\n", self->out);
    html_section_end(self->out);
}
