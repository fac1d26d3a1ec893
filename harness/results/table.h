/**
 * The closing table on the terminal: what people ask first, policies as rows, in four blocks that fit 110 columns.
 *
 * Figures are medians over seeds with min..max behind them. Under the blocks stands what the ordering depends on
 * (metric, release rule, kind of straggler, learning rates) and every reason for doubt.
 */
#ifndef HARNESS_RESULTS_TABLE_H
#define HARNESS_RESULTS_TABLE_H

#include <stdio.h>

#include "harness/results/checks.h"
#include "harness/experiment/experiment.h"
#include "harness/results/record.h"
#include "harness/results/results_summary.h"
#include "harness/results/table_grid.h"

/** dir: the results directory, or NULL. `run` may be in any order. */
void table_print(FILE *out, const struct table_style *style, const struct experiment *experiment,
                 const struct record_run *run, uint32_t count,
                 const struct results_summary *summary, const char *dir);

/** One line per check, PASS or FAIL first. Returns the number that failed. */
uint32_t table_print_checks(FILE *out, const struct table_style *style,
                            const struct checks_result *check, uint32_t count);

/** What stands under the blocks (table_notes.c). */
void table_notes(FILE *out, const struct table_style *style, const struct experiment *experiment,
                 const struct record_run *run, uint32_t count,
                 const struct results_summary *summary);

#endif
