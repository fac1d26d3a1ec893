/* SPDX-License-Identifier: BSD-3-Clause */
/** The part of the table that is about learning. Internal to harness/report. */
#ifndef HARNESS_REPORT_TABLE_TARGET_H
#define HARNESS_REPORT_TABLE_TARGET_H

#include "harness/report/table.h"

/** Who reached the target, when and at what cost, and where everybody stood at the end or at equal budgets. */
void table_target(FILE *out, const struct table_style *style, const struct experiment *experiment,
                  const struct record_run *run, uint32_t count, const struct summary *summary);

#endif
