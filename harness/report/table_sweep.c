/* SPDX-License-Identifier: BSD-3-Clause */
/* One small table per metric: what a sweep is read for is how a row changes from left to right. */
#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "harness/metric/stats.h"
#include "harness/report/table.h"
#include "harness/report/table_figures.h"

#define HEAD_MAX 20u /* characters of a value in the head of its column */
#define HEAD_BYTES (HEAD_MAX + sizeof("\xe2\x80\xa6"))

_Static_assert(EXPERIMENT_SWEEP_MAX < TABLE_COLUMNS_MAX, "a column for every value");

static bool is_cost(enum metric metric)
{
    return metric_budget(metric) < RECORD_BUDGETS;
}

static bool is_speedup(enum metric metric)
{
    return metric == METRIC_SPEEDUP || metric == METRIC_SPEEDUP_GRADIENTS;
}

/** Half of the interval, the longer half where it was clipped at a bound of its range. */
static void put_half(char *out, const struct table_scale *scale, const struct target_spread *spread)
{
    char number[TABLE_CELL_MAX];
    if (isnan(spread->low)) {
        table_range(out, scale, spread);
        return;
    }
    table_number(number, scale, fmax(spread->high - spread->mean, spread->mean - spread->low));
    snprintf(out, TABLE_CELL_MAX, "\xc2\xb1%.40s", number);
}

static void put_speedup(struct table_cell *cell, const struct table_scale *scale,
                        const struct summary_policy *policy, enum metric metric)
{
    const struct target_spread *const spread = &policy->metric[metric];
    if (policy->speedup_pairs == 0)
        return;
    if (spread->count == policy->speedup_pairs) {
        table_number(cell->figure, scale, table_figure(spread));
        put_half(cell->note, scale, spread);
        return;
    }
    table_speedup(cell->figure,
                  metric == METRIC_SPEEDUP ? policy->speedup : policy->speedup_gradients);
    snprintf(cell->note, sizeof(cell->note), "%u of %u", spread->count, policy->speedup_pairs);
}

static void put_cell(struct table_cell *cell, const struct table_scale *scale,
                     const struct summary_policy *policy, enum metric metric)
{
    const struct target_spread *const spread = &policy->metric[metric];
    if (is_speedup(metric)) {
        put_speedup(cell, scale, policy, metric);
    } else if (is_cost(metric)) {
        table_cost(cell->figure, scale, policy, metric);
        if (policy->reached < policy->seeds)
            snprintf(cell->note, sizeof(cell->note), "%u of %u", policy->reached, policy->seeds);
        else
            put_half(cell->note, scale, spread);
    } else {
        table_number(cell->figure, scale, table_figure(spread));
        put_half(cell->note, scale, spread);
    }
    if (!*cell->figure)
        snprintf(cell->figure, sizeof(cell->figure), "-");
}

/** What decides the unit and the decimals of the whole grid. */
static double size_of(const struct summary_policy *policy, enum metric metric)
{
    return is_cost(metric) ? policy->cost[metric_budget(metric)].low
                           : table_figure(&policy->metric[metric]);
}

static struct table_scale scale_of(const struct summary *summary, uint32_t count,
                                   enum metric metric)
{
    double value[EXPERIMENT_SWEEP_MAX * EXPERIMENT_POLICIES_MAX];
    uint32_t n = 0;
    for (uint32_t v = 0; v < count; v++)
        for (uint32_t i = 0; i < summary[v].policy_count; i++)
            value[n++] = size_of(&summary[v].policy[i], metric);
    struct table_scale scale = table_scale(metric_table[metric].unit, value, n);
    if (is_speedup(metric))
        scale.decimals = 2;
    return scale;
}

/** Of a long value its end: the values of one sweep begin alike. */
static void put_head(char head[HEAD_BYTES], const char *value)
{
    const size_t length = strlen(value);
    if (length <= HEAD_MAX)
        snprintf(head, HEAD_BYTES, "%s", value);
    else
        snprintf(head, HEAD_BYTES, "\xe2\x80\xa6%s", value + length - (HEAD_MAX - 1));
}

static void print_metric(FILE *out, const struct table_style *style, const struct summary *summary,
                         uint32_t count, enum metric metric)
{
    static struct table_grid grid; /* 60 KiB */
    const struct table_scale scale = scale_of(summary, count, metric);
    const struct metric_row *const row = &metric_table[metric];
    const bool named = row->unit == UNIT_SECONDS; /* names of metrics end in _s */
    char title[256];
    snprintf(title, sizeof(title), *scale.unit && !named ? " %s (%s)   " : " %s   ", row->name,
             scale.unit);
    table_ink(out, style, INK_BOLD, title);
    table_ink(out, style, INK_DIM, row->help);
    fputc('\n', out);
    table_start(&grid, &summary[0], "");
    for (uint32_t v = 0; v < count; v++) {
        char head[HEAD_BYTES];
        put_head(head, summary[v].sweep_value);
        const uint32_t c = table_grid_column(&grid, head, "");
        for (uint32_t i = 0; i < summary[v].policy_count; i++)
            put_cell(&grid.cell[i][c], &scale, &summary[v].policy[i], metric);
    }
    table_grid_print(out, style, &grid);
    fputc('\n', out);
}

void table_print_sweep(FILE *out, const struct table_style *style,
                       const struct experiment *experiment, const struct summary *summary,
                       uint32_t count)
{
    const uint32_t usual[] = {experiment->target.set ? METRIC_SPEEDUP
                                                     : METRIC_TRAIN_LOSS_MEAN_MODEL,
                              METRIC_GRADIENTS_PER_S};
    const bool chosen = experiment->sweep.metric_count > 0;
    const uint32_t *const metric = chosen ? experiment->sweep.metric : usual;
    const uint32_t metrics = chosen ? experiment->sweep.metric_count : 2;
    char text[2 * EXPERIMENT_SWEEP_TEXT_MAX];
    if (count == 0)
        return;
    snprintf(text, sizeof(text), "policies by values of %s", experiment->sweep.key);
    fputc('\n', out);
    table_ink(out, style, INK_BOLD, text);
    table_ink(out, style, INK_DIM,
              summary->seeds < STATS_INTERVAL_SEEDS ? "   median min..max"
                                                    : "   mean \xc2\xb1 half of its 95 % interval");
    fputs("\n\n", out);
    for (uint32_t m = 0; m < metrics; m++)
        print_metric(out, style, summary, count, (enum metric)metric[m]);
}
