/* SPDX-License-Identifier: BSD-3-Clause */
/* Who got there first, at what cost; without a target, where everybody stood at the end, or at equal budgets. */
#include "harness/report/table_target.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "harness/metric/stats.h"
#include "harness/report/table_figures.h"

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

void table_target(FILE *out, const struct table_style *style, const struct experiment *experiment,
                  const struct record_run *run, uint32_t count, const struct summary *summary)
{
    target_block(out, style, summary, run->duration_s);
    if (!run->judged)
        return;
    const double level_s = common_level(run, count, RECORD_TIME);
    const double stop_s = (double)experiment->stop.time_ns / 1e9;
    const bool together = ended_together(run, count, level_s);
    const bool in_time = fabs(level_s - stop_s) <= END_TOLERANCE * stop_s;
    end_block(out, style, summary, together, in_time ? stop_s : level_s);
    equal_block(out, style, summary, run, count, !together);
}
