/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * How a figure over seeds is printed: one unit and one number of decimals for all that stands in a column, the mean with
 * its interval where there is one, else the median with min..max.
 */
#ifndef HARNESS_REPORT_TABLE_FIGURES_H
#define HARNESS_REPORT_TABLE_FIGURES_H

#include "harness/metric/summary.h"
#include "harness/report/table_grid.h"

/** One unit and one number of decimals for a whole column, so that its figures can be compared at a glance. The unit is that of the kind of figure, in every run. */
struct table_scale {
    double divisor;
    int decimals;
    const char *unit;
};

/** Decimals for these values; those that are not positive and finite do not count. */
struct table_scale table_scale(enum metric_unit unit, const double *value, uint32_t count);

/** `out`: [TABLE_CELL_MAX], as everywhere here. Nothing for NaN. */
void table_number(char *out, const struct table_scale *scale, double value);

/** What stands for the seeds: their mean where it has an interval, else their median. */
double table_figure(const struct target_spread *spread);

/** `[low, high]`, or min..max; nothing for fewer than two seeds. */
void table_range(char *out, const struct table_scale *scale, const struct target_spread *spread);

/** `2.31x`, or the side on which it is bounded. */
void table_speedup(char *out, struct target_bound at);

/** What reaching the target cost: the figure, or `> ` the bound where at least half of the seeds did not reach it. */
void table_cost(char *out, const struct table_scale *scale, const struct summary_policy *policy,
                enum metric metric);

/** A grid with the policies as rows; column 0 holds their labels, cut to a width that leaves room for figures. */
void table_start(struct table_grid *grid, const struct summary *summary, const char *title);

/** A column of figures; `range` puts their interval or min..max behind them. */
void table_metric(struct table_grid *grid, const struct summary *summary, enum metric metric,
                  const char *head, const char *unit, bool range);

#endif
