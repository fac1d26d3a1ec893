/* SPDX-License-Identifier: BSD-3-Clause */
/** Lines under a table: the options that each policy reads, and the learning rates with what they were tuned on. */
#ifndef HARNESS_REPORT_TABLE_POLICIES_H
#define HARNESS_REPORT_TABLE_POLICIES_H

#include "harness/experiment/experiment.h"
#include "harness/report/table.h"

void table_policy_notes(FILE *out, const struct table_style *style,
                        const struct experiment *experiment);

#endif
