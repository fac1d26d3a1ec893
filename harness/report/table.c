/* SPDX-License-Identifier: BSD-3-Clause */
/* Columns follow the questions of a reader: who got there first, what it cost, where the time went. */
#include "harness/report/table.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "core/drive/time_parts.h"
#include "harness/metric/stats.h"
#include "harness/report/table_figures.h"

#define BAR_WIDTH 28u
#define END_TOLERANCE 0.05 /* by how much runs of equal time differ in it */

static void time_column(struct table_grid *grid, const struct summary *summary, double budget_s)
{
    double shown[EXPERIMENT_POLICIES_MAX];
    for (uint32_t i = 0; i < summary->policy_count; i++)
        shown[i] = summary->policy[i].cost[RECORD_TIME].low;
    const struct table_scale scale = table_scale(UNIT_SECONDS, shown, summary->policy_count);
    const uint32_t c = table_grid_column(grid, "time", "s");
    for (uint32_t i = 0; i < summary->policy_count; i++) {
        const struct summary_policy *policy = &summary->policy[i];
        const struct target_spread *spread = &policy->metric[METRIC_TIME_TO_TARGET_S];
        struct table_cell *cell = &grid->cell[i][c];
        char number[TABLE_CELL_MAX];
        table_cost(cell->figure, &scale, policy, METRIC_TIME_TO_TARGET_S);
        if (!policy->has_target)
            continue;
        if (policy->reached == policy->seeds) {
            table_range(cell->note, &scale, spread);
        } else if (policy->reached) {
            char budget[TABLE_CELL_MAX];
            table_number(number, &scale, spread->min);
            table_number(budget, &scale, budget_s);
            snprintf(cell->note, sizeof(cell->note), "%.50s..>%.50s", number, budget);
        }
    }
}

static void speedup_column(struct table_grid *grid, const struct summary *summary)
{
    char unit[TABLE_CELL_MAX];
    if (summary->baseline == summary->policy_count)
        return;
    snprintf(unit, sizeof(unit), "over %.17s", summary->policy[summary->baseline].policy);
    const uint32_t c = table_grid_column(grid, "speed-up", unit);
    for (uint32_t i = 0; i < summary->policy_count; i++) {
        const struct summary_policy *policy = &summary->policy[i];
        const struct target_spread *spread = &policy->metric[METRIC_SPEEDUP];
        struct table_cell *cell = &grid->cell[i][c];
        if (i == summary->baseline)
            snprintf(cell->figure, sizeof(cell->figure), "baseline");
        else if (policy->speedup_pairs)
            table_speedup(cell->figure, policy->speedup);
        if (i == summary->baseline || spread->count < 2)
            continue;
        if (isnan(spread->low) || spread->count < policy->speedup_pairs) {
            snprintf(cell->note, sizeof(cell->note), "%.2f..%.2f", spread->min, spread->max);
            continue;
        }
        snprintf(cell->figure, sizeof(cell->figure), "%.2fx", spread->mean);
        snprintf(cell->note, sizeof(cell->note), "[%.2f, %.2f]", spread->low, spread->high);
    }
}

static void reached_column(struct table_grid *grid, const struct summary *summary)
{
    const uint32_t c = table_grid_column(grid, "reached", "seeds");
    for (uint32_t i = 0; i < summary->policy_count; i++)
        if (summary->policy[i].has_target)
            snprintf(grid->cell[i][c].figure, TABLE_CELL_MAX, "%u of %u",
                     summary->policy[i].reached, summary->policy[i].seeds);
}

static bool any_target(const struct summary *summary)
{
    for (uint32_t i = 0; i < summary->policy_count; i++)
        if (summary->policy[i].has_target)
            return true;
    return false;
}

static void cost_column(struct table_grid *grid, const struct summary *summary, enum metric metric,
                        const char *head)
{
    double shown[EXPERIMENT_POLICIES_MAX];
    for (uint32_t i = 0; i < summary->policy_count; i++)
        shown[i] = summary->policy[i].cost[metric_budget(metric)].low;
    const struct table_scale scale =
        table_scale(metric_table[metric].unit, shown, summary->policy_count);
    const uint32_t c = table_grid_column(grid, head, scale.unit);
    for (uint32_t i = 0; i < summary->policy_count; i++)
        table_cost(grid->cell[i][c].figure, &scale, &summary->policy[i], metric);
}

static void target_block(FILE *out, const struct table_style *style, const struct summary *s,
                         double budget_s)
{
    struct table_grid grid;
    if (!any_target(s))
        return;
    table_start(&grid, s, "TO THE TARGET");
    time_column(&grid, s, budget_s);
    speedup_column(&grid, s);
    reached_column(&grid, s);
    cost_column(&grid, s, METRIC_GRADIENTS_TO_TARGET, "gradients");
    cost_column(&grid, s, METRIC_BYTES_TO_TARGET, "exchanged");
    table_grid_print(out, style, &grid);
    fputc('\n', out);
}

/** What all runs spent of this budget; 0 if one of them has no such figure. */
static double common_level(const struct record_run *run, uint32_t count, enum record_budget budget)
{
    double level = 0;
    for (uint32_t i = 0; i < count; i++)
        level = fmax(level, run[i].equal[budget].level);
    return level;
}

/**
 * Did every run end at this time, so that final figures are figures at equal time? Live runs end when what they had begun
 * has ended.
 */
static bool ended_together(const struct record_run *run, uint32_t count, double level_s)
{
    for (uint32_t i = 0; i < count; i++) {
        const double end_s = run[i].point_count ? run[i].point[run[i].point_count - 1].time_s : 0;
        if (!run[i].judged || end_s - level_s > END_TOLERANCE * level_s)
            return false;
    }
    return level_s > 0;
}

static void end_block(FILE *out, const struct table_style *style, const struct summary *s,
                      bool together, double level_s)
{
    struct table_grid grid;
    char title[TABLE_CELL_MAX];
    if (together)
        snprintf(title, sizeof(title), level_s < 1000 ? "AFTER %.3g s" : "AFTER %.0f s", level_s);
    else
        snprintf(title, sizeof(title), "AT THE END");
    table_start(&grid, s, title);
    table_metric(&grid, s, METRIC_TRAIN_LOSS_MEAN_MODEL, "train loss", "mean model", true);
    table_metric(&grid, s, METRIC_HELDOUT_ACCURACY_MEAN_MODEL, "held-out acc.", "mean model", true);
    table_metric(&grid, s, METRIC_TRAIN_LOSS_LOCAL_MEAN, "local models", "mean loss", false);
    table_metric(&grid, s, METRIC_TRAIN_LOSS_LOCAL_WORST, "local models", "worst loss", false);
    table_grid_print(out, style, &grid);
    fputc('\n', out);
}

/** `2541 gradients`, `69.5 MiB`, `0.85 s`. */
static void level_text(char *out, enum record_budget budget, double level)
{
    static const enum metric_unit unit[RECORD_BUDGETS] = {UNIT_SECONDS, UNIT_COUNT, UNIT_BYTES};
    const struct table_scale scale = table_scale(unit[budget], &level, 1);
    char number[TABLE_CELL_MAX];
    table_number(number, &scale, level);
    snprintf(out, TABLE_CELL_MAX, "%.100s %s", number,
             budget == RECORD_GRADIENTS ? "gradients" : scale.unit);
}

/** Policies at the same expense; of one policy alone there is nothing to compare. */
static void equal_block(FILE *out, const struct table_style *style, const struct summary *s,
                        const struct record_run *run, uint32_t count, bool with_time)
{
    static const enum metric loss[RECORD_BUDGETS] = {METRIC_TRAIN_LOSS_EQUAL_TIME,
                                                     METRIC_TRAIN_LOSS_EQUAL_GRADIENTS,
                                                     METRIC_TRAIN_LOSS_EQUAL_BYTES};
    static const enum metric accuracy[RECORD_BUDGETS] = {METRIC_HELDOUT_ACCURACY_EQUAL_TIME,
                                                         METRIC_HELDOUT_ACCURACY_EQUAL_GRADIENTS,
                                                         METRIC_HELDOUT_ACCURACY_EQUAL_BYTES};
    struct table_grid grid;
    if (s->policy_count < 2)
        return;
    table_start(&grid, s, "AFTER");
    for (uint32_t b = with_time ? RECORD_TIME : RECORD_GRADIENTS; b < RECORD_BUDGETS; b++) {
        char head[TABLE_CELL_MAX];
        const double level = common_level(run, count, (enum record_budget)b);
        if (level <= 0)
            continue;
        level_text(head, (enum record_budget)b, level);
        table_metric(&grid, s, loss[b], head, "train loss", false);
        table_metric(&grid, s, accuracy[b], head, "acc.", false);
    }
    if (grid.columns > 1) {
        table_grid_print(out, style, &grid);
        fputc('\n', out);
    }
}

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
    target_block(out, style, summary, run->duration_s);
    if (run->judged) {
        const double level_s = common_level(run, count, RECORD_TIME);
        const double stop_s = (double)experiment->stop.time_ns / 1e9;
        const bool together = ended_together(run, count, level_s);
        const bool in_time = fabs(level_s - stop_s) <= END_TOLERANCE * stop_s;
        end_block(out, style, summary, together, in_time ? stop_s : level_s);
        equal_block(out, style, summary, run, count, !together);
    }
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
