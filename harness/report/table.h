/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The closing table on the terminal: what people ask first, policies as rows, in blocks that fit 110 columns.
 *
 * Figures are medians over seeds with min..max behind them; from 6 seeds on means with their 95 % interval [low, high],
 * where every seed has the figure. Under the blocks stands what the ordering depends on
 * (metric, release rule, kind of straggler, learning rates) and every reason for doubt.
 */
#ifndef HARNESS_REPORT_TABLE_H
#define HARNESS_REPORT_TABLE_H

#include <stdio.h>

#include "harness/experiment/experiment.h"
#include "harness/metric/record.h"
#include "harness/metric/summary.h"
#include "harness/report/checks.h"
#include "harness/report/claims.h"
#include "harness/report/table_grid.h"

/** `run` may be in any order. */
void table_print(FILE *out, const struct table_style *style, const struct experiment *experiment,
                 const struct record_run *run, uint32_t count, const struct summary *summary);

/**
 * What a swept profile ends in: for each of sweep.metrics a table of policies by values. Figures as above, `±` half of the
 * interval, or `k of n` behind what was not reached with every seed. summary: [count], one per value that ran.
 */
void table_print_sweep(FILE *out, const struct table_style *style,
                       const struct experiment *experiment, const struct summary *summary,
                       uint32_t count);

/** One line per check, PASS or FAIL first. Returns the number that failed. */
uint32_t table_print_checks(FILE *out, const struct table_style *style,
                            const struct checks_result *check, uint32_t count);

/** One line per claim with its verdict. */
void table_print_claims(FILE *out, const struct table_style *style,
                        const struct claims_result *claim, uint32_t count);

/** For whom workers waited, and which stragglers were found: a part of the notes (table_waits.c). */
void table_waits(FILE *out, const struct table_style *style, const struct record_run *run,
                 uint32_t count, const struct summary *summary);

/** Reasons to doubt a figure, one line per kind (table_warnings.c). */
void table_warnings(FILE *out, const struct table_style *style, const struct experiment *experiment,
                    const struct summary *summary);

/** What stands under the blocks (table_notes.c); less for the second and later values of a sweep. */
void table_notes(FILE *out, const struct table_style *style, const struct experiment *experiment,
                 const struct record_run *run, uint32_t count, const struct summary *summary);

#endif
