/* SPDX-License-Identifier: BSD-3-Clause */
/** One chart within its part of a page; for chart.c. */
#ifndef HARNESS_REPORT_CHART_DRAW_H
#define HARNESS_REPORT_CHART_DRAW_H

#include "harness/report/chart.h"

/** `room`: all that it may use, titles included. at_ends: the names of the curves stand at their ends. */
void chart_draw(struct svg *svg, const struct chart *chart, const struct chart_frame *room,
                bool at_ends);

#endif
