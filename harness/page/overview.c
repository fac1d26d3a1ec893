/* SPDX-License-Identifier: BSD-3-Clause */
/* One row per policy. Columns that nobody has a figure for are left out. */
#include <string.h>

#include "core/base/units.h"
#include "harness/page/html.h"
#include "harness/page/page_json.h"
#include "harness/page/sections.h"

struct column {
    const char *title, *unit, *metric;
    double scale;
};

static const struct column columns[] = {
    {"time to target", "s", "time_to_target_s", 1},
    {"speed-up", "", "speedup", 1},
    {"training loss", "", "train_loss_mean_model", 1},
    {"held-out accuracy", "%", "heldout_accuracy_mean_model", 100},
    {"worst local loss", "", "train_loss_local_worst", 1},
    {"gradients", "1/s", "gradients_per_s", 1},
    {"waiting", "%", "wait_share", 100},
    {"exchanged", "MiB", "bytes_exchanged", 1.0 / (1 << 20)},
    {"staleness", "changes", "staleness_mean", 1},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static bool is_known(const struct page *self, const struct column *column)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (!isnan(page_metric(self->series[i].summary, column->metric, "median")))
            return true;
    return false;
}

/** As on the terminal: the mean with its interval, the median where there are too few seeds for one. */
static void write_cell(FILE *out, const struct page_series *series, const struct column *column)
{
    const double mean = column->scale * page_metric(series->summary, column->metric, "mean");
    const double median = column->scale * page_metric(series->summary, column->metric, "median");
    const double low = column->scale * page_metric(series->summary, column->metric, "low");
    const double high = column->scale * page_metric(series->summary, column->metric, "high");
    const bool few = isnan(low) || isnan(high) || low == high;
    char text[4 * HTML_FIGURE_MAX], a[HTML_FIGURE_MAX], b[HTML_FIGURE_MAX], c[HTML_FIGURE_MAX];
    if (few)
        snprintf(text, sizeof(text), "%s", html_figure(median, a));
    else
        snprintf(text, sizeof(text), "%s [%s, %s]", html_figure(mean, a), html_figure(low, b),
                 html_figure(high, c));
    html_number_cell(out, few ? median : mean, text);
}

static void write_row(FILE *out, const struct page *self, uint32_t number)
{
    const struct page_series *const series = &self->series[number];
    fprintf(out, "<tr><th scope=\"row\"><span class=\"key k%u\"></span>", number % 8);
    html_text(out, series->label);
    fputs("</th>", out);
    for (uint32_t c = 0; c < COLUMNS; c++)
        if (is_known(self, &columns[c]))
            write_cell(out, series, &columns[c]);
    fputs("</tr>\n", out);
}

void page_overview(const struct page *self)
{
    FILE *const out = self->out;
    if (self->count == 0)
        return;
    html_section(out, "overview", "All policies",
                 "Means over seeds with their 95 % interval; medians where there are too few seeds "
                 "for one, or one diverged. A click on a heading sorts.");
    fputs("<div class=\"wide\"><table class=\"sortable\"><thead><tr><th>policy</th>", out);
    for (uint32_t c = 0; c < COLUMNS; c++) {
        if (!is_known(self, &columns[c]))
            continue;
        fputs("<th class=\"n\">", out);
        html_text(out, columns[c].title);
        if (*columns[c].unit)
            html_print(out, ", %s", columns[c].unit);
        fputs("</th>", out);
    }
    fputs("</tr></thead>\n<tbody>\n", out);
    for (uint32_t i = 0; i < self->count; i++)
        write_row(out, self, i);
    fputs("</tbody></table></div>\n", out);
    if (self->omitted > 0)
        html_print(out, "%u more are in result.json.", self->omitted);
    html_section_end(out);
}
