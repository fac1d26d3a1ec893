/* SPDX-License-Identifier: BSD-3-Clause */
/** The histograms that figures draw: those of latency.hlog, all seeds and workers of a group together. */
#ifndef HARNESS_REPORT_FIGURE_HIST_H
#define HARNESS_REPORT_FIGURE_HIST_H

#include "core/base/hist.h"
#include "harness/report/figure.h"

struct figure_hist {
    const struct figure *of;
    struct hist *
        *hist; /* [groups x SERIES_COUNT] owned; NULL: the file has none, or none was asked for */
    uint32_t series; /* asked for: 1u << enum series, or-ed */
    bool failed;     /* for want of memory */
};

/** Read those of `series`. A result without latency.hlog has none. 0 or -errno; either way figure_hist_close is due. */
int figure_hist_open(struct figure_hist *self, const struct figure *of, uint32_t series,
                     struct err *err);
void figure_hist_close(struct figure_hist *self);

/** Of one group; NULL: there is none, or it is empty. */
const struct hist *figure_hist_of(const struct figure_hist *self, uint32_t group,
                                  enum series series);

#endif
