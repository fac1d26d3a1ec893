/* SPDX-License-Identifier: BSD-3-Clause */
/** One function for each figure, as in struct figure_row; each is in a file of its name. */
#ifndef HARNESS_REPORT_FIGURE_ROWS_H
#define HARNESS_REPORT_FIGURE_ROWS_H

#include "harness/metric/figure_rows.h"
#include "harness/report/figure.h"

#define FIGURE_DRAWS(name, help) \
    int figure_##name(const struct figure *self, FILE *out, struct err *err);
FIGURE_ROWS(FIGURE_DRAWS)

#endif
