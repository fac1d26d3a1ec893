/* SPDX-License-Identifier: BSD-3-Clause */
/* Their order is that of the lines of latency.hlog. */
#include "core/drive/series.h"

#include <stddef.h>

const char *const series_name[SERIES_COUNT] = {
    [SERIES_ITERATION] = "iteration",
    [SERIES_READY] = "ready_to_mixed",
    [SERIES_HANDLE] = "handle",
    [SERIES_STALENESS] = "staleness",
    [SERIES_AGE] = "age",
    [SERIES_AGE_VERSIONS] = "age_versions",
    [SERIES_REQUESTED] = "injected_requested",
    [SERIES_ACHIEVED] = "injected_achieved",
    [SERIES_LATE] = "link_late",
    [SERIES_ERROR] = NULL, /* the two before it say it */
};
