/* SPDX-License-Identifier: BSD-3-Clause */
/* Columns follow the questions of a reader: who got there first, what it cost, where the time went. */
#include "harness/report/table.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "core/drive/time_parts.h"
#include "harness/metric/stats.h"
#include "harness/report/table_figures.h"
#include "harness/report/table_target.h"

#define BAR_WIDTH 28u

static bool any_server(const struct summary *s)
{
    for (uint32_t i = 0; i < s->policy_count; i++)
        if (s->policy[i].row && s->policy[i].row->central)
            return true;
    return false;
}

/** Where worker 0 of some policy serves the others: how many compute. */
static void computing_column(struct table_grid *grid, const struct summary *s, uint32_t workers)
{
    const uint32_t c = table_grid_column(grid, "computing", "workers");
    for (uint32_t i = 0; i < s->policy_count; i++) {
        const struct policy *const row = s->policy[i].row;
        snprintf(grid->cell[i][c].figure, TABLE_CELL_MAX, "%u of %u",
                 workers - (row && row->central), workers);
    }
}

static void speed_block(FILE *out, const struct table_style *style, const struct summary *s,
                        uint32_t workers)
{
    struct table_grid grid;
    const bool servers = any_server(s);
    table_start(&grid, s, "SPEED");
    if (servers)
        computing_column(&grid, s, workers);
    table_metric(&grid, s, METRIC_GRADIENTS_PER_S, "gradients/s", "all workers", true);
    table_metric(&grid, s, METRIC_ITERATIONS_PER_S, servers ? "gradients/s" : "iterations/s",
                 servers ? "per computing worker" : "per worker", false);
    table_metric(&grid, s, METRIC_ITERATION_NS_P50, "iteration p50", "", true);
    table_metric(&grid, s, METRIC_ITERATION_NS_P99, "p99", "", true);
    table_metric(&grid, s, METRIC_WAIT_SHARE, "waiting", "", true);
    table_grid_print(out, style, &grid);
}

static void exchange_block(FILE *out, const struct table_style *style, const struct summary *s)
{
    struct table_grid grid;
    table_start(&grid, s, "EXCHANGE");
    table_metric(&grid, s, METRIC_BYTES_EXCHANGED, "exchanged", "", false);
    table_metric(&grid, s, METRIC_HANDLE_NS_P50, "sent\xe2\x86\x92seen p50", "", false);
    table_metric(&grid, s, METRIC_HANDLE_NS_P99, "p99", "", false);
    table_metric(&grid, s, METRIC_HANDLE_NS_P999, "p99.9", "", false);
    table_metric(&grid, s, METRIC_READY_TO_MIXED_NS_P50, "ready\xe2\x86\x92mixed p50", "", false);
    table_metric(&grid, s, METRIC_READY_TO_MIXED_NS_P99, "p99", "", false);
    table_grid_print(out, style, &grid);
}

static bool any_figure(const struct summary *s, enum metric metric)
{
    for (uint32_t i = 0; i < s->policy_count; i++)
        if (s->policy[i].metric[metric].count > 0)
            return true;
    return false;
}

/** How old gradients are when they are applied, and received models when they are averaged. */
static void age_block(FILE *out, const struct table_style *style, const struct summary *s)
{
    struct table_grid grid;
    if (!any_figure(s, METRIC_STALENESS_P50) && !any_figure(s, METRIC_AGE_NS_P50))
        return;
    table_start(&grid, s, "STALENESS");
    table_metric(&grid, s, METRIC_STALENESS_MEAN, "gradient mean", "changes", false);
    table_metric(&grid, s, METRIC_STALENESS_P99, "p99", "changes", false);
    table_metric(&grid, s, METRIC_STALENESS_MAX, "max", "changes", false);
    table_metric(&grid, s, METRIC_AGE_NS_P50, "model age p50", "", false);
    table_metric(&grid, s, METRIC_AGE_NS_P99, "p99", "", false);
    table_metric(&grid, s, METRIC_AGE_VERSIONS_P50, "p50", "versions", false);
    table_metric(&grid, s, METRIC_AGE_VERSIONS_P99, "p99", "versions", false);
    table_grid_print(out, style, &grid);
    fputc('\n', out);
}

static const struct {
    const char *glyph;
    enum metric metric;
    const char *head;
} slices[] = {
    {"\xe2\x96\x88", METRIC_COMPUTE_SHARE, "\xe2\x96\x88 compute"},
    {"\xe2\x96\x93", METRIC_INJECTED_SHARE, "\xe2\x96\x93 injected"},
    {"\xe2\x96\x91", METRIC_WAIT_SHARE, "\xe2\x96\x91 waiting"},
    {"\xe2\x96\x92", METRIC_MIX_SHARE, "\xe2\x96\x92 mixing"},
    {"=", METRIC_HELD_SHARE, "= off core"},
};

#define SLICES (sizeof(slices) / sizeof(slices[0]))

/* Cumulative rounding: the bar is always BAR_WIDTH long and no slice is off by more than one character. */
static void put_bar(char *out, const struct summary_policy *policy)
{
    double sum = 0;
    uint32_t drawn = 0;
    *out = '\0';
    for (uint32_t i = 0; i < SLICES; i++) {
        const double share = table_figure(&policy->metric[slices[i].metric]);
        sum += isfinite(share) ? share : 0;
        const double until = round((sum < 1 ? sum : 1) * BAR_WIDTH);
        for (; drawn < (uint32_t)until; drawn++)
            strcat(out, slices[i].glyph);
    }
    for (; drawn < BAR_WIDTH; drawn++)
        strcat(out, ".");
}

_Static_assert(BAR_WIDTH * 3 < TABLE_CELL_MAX, "three bytes per glyph");

static void split_block(FILE *out, const struct table_style *style, const struct summary *s)
{
    struct table_grid grid;
    table_start(&grid, s, "ITERATION");
    for (uint32_t i = 0; i < SLICES; i++)
        table_metric(&grid, s, slices[i].metric, slices[i].head, "", false);
    const uint32_t other = table_grid_column(&grid, ". other", "%");
    const uint32_t bar = table_grid_column(&grid, "where its time goes", "");
    for (uint32_t i = 0; i < s->policy_count; i++) {
        double rest = 1;
        for (uint32_t k = 0; k < SLICES; k++)
            rest -= table_figure(&s->policy[i].metric[slices[k].metric]);
        if (isnan(rest))
            continue;
        snprintf(grid.cell[i][other].figure, TABLE_CELL_MAX, "%.1f", 100 * fmax(rest, 0));
        put_bar(grid.cell[i][bar].figure, &s->policy[i]);
    }
    table_grid_print(out, style, &grid);
}

static void title_line(FILE *out, const struct table_style *style,
                       const struct experiment *experiment, const struct record_run *run,
                       const struct summary *summary)
{
    char text[512];
    table_ink(out, style, INK_BOLD, experiment->name);
    if (summary->sweep_value) {
        snprintf(text, sizeof(text), "   %s = %s", summary->sweep_key, summary->sweep_value);
        table_ink(out, style, INK_BOLD, text);
    }
    snprintf(text, sizeof(text), "   %s clock, %u workers, graph %s, %u seed%s",
             run->clock ? run->clock : "live", run->workers, experiment->workers.graph,
             summary->seeds,
             summary->seeds == 1                     ? ""
             : summary->seeds < STATS_INTERVAL_SEEDS ? "s: median min..max"
                                                     : "s: mean [95 % interval]");
    table_ink(out, style, INK_DIM, text);
    fputc('\n', out);
    for (uint32_t i = 0; i < style->width; i++)
        table_ink(out, style, INK_DIM, "\xe2\x94\x80");
    fputc('\n', out);
}

void table_print(FILE *out, const struct table_style *style, const struct experiment *experiment,
                 const struct record_run *run, uint32_t count, const struct summary *summary)
{
    if (count == 0) {
        fputs("nothing ran\n", out);
        return;
    }
    const bool in_full = !summary->sweep_value;
    fputc('\n', out);
    title_line(out, style, experiment, run, summary);
    table_target(out, style, experiment, run, count, summary);
    if (in_full) {
        speed_block(out, style, summary, run->workers);
        fputc('\n', out);
        exchange_block(out, style, summary);
        fputc('\n', out);
        age_block(out, style, summary);
        split_block(out, style, summary);
        fputc('\n', out);
    }
    table_notes(out, style, experiment, run, count, summary);
}

uint32_t table_print_checks(FILE *out, const struct table_style *style,
                            const struct checks_result *check, uint32_t count)
{
    uint32_t failed = 0;
    for (uint32_t i = 0; i < count; i++) {
        const bool open = check[i].open;
        failed += !check[i].pass && !open;
        table_ink(out, style,
                  check[i].pass ? INK_GOOD
                  : open        ? INK_WARN
                                : INK_BAD,
                  check[i].pass ? " PASS"
                  : open        ? " OPEN"
                                : " FAIL");
        const uint32_t width = table_width(check[i].text) + table_width(check[i].finding);
        fprintf(out, "  %s%s", check[i].text, width + 10 > style->width ? "\n       " : "   ");
        table_ink(out, style, INK_DIM, check[i].finding);
        fputc('\n', out);
    }
    return failed;
}

void table_print_claims(FILE *out, const struct table_style *style,
                        const struct claims_result *claim, uint32_t count)
{
    static const enum table_ink ink[] = {INK_WARN, INK_GOOD, INK_BAD};
    for (uint32_t i = 0; i < count; i++) {
        char text[512];
        const char *const value = claim[i].sweep_value;
        snprintf(text, sizeof(text), "%s%s%s", claim[i].text, value ? " @" : "",
                 value ? value : "");
        const uint32_t width = table_width(text) + table_width(claim[i].finding);
        fprintf(out, " CLAIM %s%s", text, width + 10 > style->width ? "\n       " : "   ");
        table_ink(out, style, ink[claim[i].verdict], claim[i].finding);
        fputc('\n', out);
    }
}
