/* SPDX-License-Identifier: BSD-3-Clause */
/* A column has one unit and as many digits as its smallest figure deserves: figures are compared down, not across. */
#include "harness/report/table_figures.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"

#define LABEL_WIDTH 16u
#define NUMBER_MAX 1e7 /* from here on with an exponent */

/* One unit for each kind of figure, in every run: `0.287 ms` here and `287 us` there would have to be converted to be compared. */
static const struct table_scale scales[] = {
    [UNIT_ITERATION_NS] = {1e6, 0, "ms"},
    [UNIT_LATENCY_NS] = {1e3, 0, "us"},
    [UNIT_SECONDS] = {1, 0, "s"},
    [UNIT_SHARE] = {0.01, 0, "%"},
    [UNIT_BYTES] = {0x1p20, 0, "MiB"},
    [UNIT_COUNT] = {1, 0, ""},
    [UNIT_RATE] = {1, 0, ""},
    [UNIT_REAL] = {1, 0, ""},
};

/* Three digits of the smallest figure, unless the largest would grow too wide. */
static int decimals_for(double smallest, double largest)
{
    const int wanted = smallest >= 100 ? 0 : smallest >= 10 ? 1 : smallest >= 1 ? 2 : 3;
    const int most = largest >= 10000 ? 0 : largest >= 1000 ? 1 : largest >= 100 ? 2 : 3;
    return wanted < most ? wanted : most;
}

/* The same for figures whose unit is fixed, which may all be small in it: of 0.000312 ms three digits are worth their width. */
static int decimals_in_unit(double smallest, double largest)
{
    int decimals = decimals_for(smallest, largest);
    for (double least = 0.1; decimals >= 3 && decimals < 6 && smallest < least && largest < 1;
         least /= 10)
        decimals++;
    return decimals;
}

/** The least and the greatest of the figures above 0; without any, infinity and 0. */
static void find_range(const double *value, uint32_t count, double *smallest, double *largest)
{
    *smallest = (double)INFINITY;
    *largest = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!isfinite(value[i]) || value[i] <= 0)
            continue;
        *smallest = fmin(*smallest, value[i]);
        *largest = fmax(*largest, value[i]);
    }
}

struct table_scale table_scale(enum metric_unit unit, const double *value, uint32_t count)
{
    struct table_scale scale = scales[unit];
    double smallest, largest;
    find_range(value, count, &smallest, &largest);
    smallest /= scale.divisor;
    largest /= scale.divisor;
    const bool measured = unit == UNIT_ITERATION_NS || unit == UNIT_LATENCY_NS ||
                          unit == UNIT_SECONDS || unit == UNIT_BYTES;
    if (unit == UNIT_SHARE)
        scale.decimals = 1;
    else if (unit != UNIT_COUNT && largest > 0)
        scale.decimals =
            measured ? decimals_in_unit(smallest, largest) : decimals_for(smallest, largest);
    return scale;
}

void table_number(char *out, const struct table_scale *scale, double value)
{
    if (isnan(value))
        *out = '\0';
    else if (isinf(value))
        snprintf(out, TABLE_CELL_MAX, "diverged");
    else if (value / scale->divisor >= NUMBER_MAX)
        snprintf(out, TABLE_CELL_MAX, "%.1e", value / scale->divisor);
    else if (value > 0 && scale->decimals != 1 &&
             value / scale->divisor < 0.5 * pow(10, -scale->decimals)) /* rather than 0.00 */
        snprintf(out, TABLE_CELL_MAX, "%.2g", value / scale->divisor);
    else
        snprintf(out, TABLE_CELL_MAX, "%.*f", scale->decimals, value / scale->divisor);
}

double table_figure(const struct target_spread *spread)
{
    return isnan(spread->low) ? spread->median : spread->mean;
}

void table_range(char *out, const struct table_scale *scale, const struct target_spread *spread)
{
    char low[TABLE_CELL_MAX];
    char high[TABLE_CELL_MAX];
    if (spread->count < 2)
        return;
    if (!isnan(spread->low)) {
        table_number(low, scale, spread->low);
        table_number(high, scale, spread->high);
        snprintf(out, TABLE_CELL_MAX, "[%.40s, %.40s]", low, high);
        return;
    }
    table_number(low, scale, spread->min);
    table_number(high, scale, spread->max);
    snprintf(out, TABLE_CELL_MAX, "%.40s..%.40s", low, isinf(spread->max) ? "inf" : high);
}

void table_metric(struct table_grid *grid, const struct summary *summary, enum metric metric,
                  const char *head, const char *unit, bool range)
{
    double figure[EXPERIMENT_POLICIES_MAX];
    char full[TABLE_CELL_MAX];
    for (uint32_t i = 0; i < summary->policy_count; i++)
        figure[i] = table_figure(&summary->policy[i].metric[metric]);
    const struct table_scale scale =
        table_scale(metric_table[metric].unit, figure, summary->policy_count);
    snprintf(full, sizeof(full), "%s%s%s", scale.unit, *scale.unit && *unit ? ", " : "", unit);

    const uint32_t c = table_grid_column(grid, head, full);
    for (uint32_t i = 0; i < summary->policy_count; i++) {
        struct table_cell *cell = &grid->cell[i][c];
        table_number(cell->figure, &scale, figure[i]);
        if (!*cell->figure)
            snprintf(cell->figure, sizeof(cell->figure), "-");
        if (range)
            table_range(cell->note, &scale, &summary->policy[i].metric[metric]);
    }
}

void table_start(struct table_grid *grid, const struct summary *summary, const char *title)
{
    memset(grid, 0, sizeof(*grid));
    _Static_assert(TABLE_ROWS_MAX >= EXPERIMENT_POLICIES_MAX, "a row for every policy");
    grid->title = title;
    grid->rows = summary->policy_count;
    table_grid_column(grid, "", "");
    for (uint32_t i = 0; i < grid->rows; i++) {
        const char *label = summary->policy[i].policy;
        const bool fits = table_width(label) <= LABEL_WIDTH;
        snprintf(grid->cell[i][0].figure, TABLE_CELL_MAX, "%.*s%s",
                 fits ? (int)EXPERIMENT_NAME_MAX : (int)LABEL_WIDTH - 1, label,
                 fits ? "" : "\xe2\x80\xa6");
    }
}

void table_cost(char *out, const struct table_scale *scale, const struct summary_policy *policy,
                enum metric metric)
{
    const struct target_bound *const cost = &policy->cost[metric_budget(metric)];
    const struct target_spread *const spread = &policy->metric[metric];
    char number[TABLE_CELL_MAX];
    *out = '\0';
    if (!policy->has_target)
        return;
    table_number(number, scale, isnan(spread->low) ? cost->low : spread->mean);
    snprintf(out, TABLE_CELL_MAX, "%s%.100s", isfinite(cost->high) ? "" : "> ", number);
}

void table_speedup(char *out, struct target_bound at)
{
    if (at.low == at.high)
        snprintf(out, TABLE_CELL_MAX, "%.2fx", at.low);
    else if (at.low <= 0 && isinf(at.high))
        snprintf(out, TABLE_CELL_MAX, "unknown");
    else if (isinf(at.high))
        snprintf(out, TABLE_CELL_MAX, "> %.2fx", at.low);
    else if (at.low <= 0)
        snprintf(out, TABLE_CELL_MAX, "< %.2fx", at.high);
    else
        snprintf(out, TABLE_CELL_MAX, "%.2f to %.2fx", at.low, at.high);
}
