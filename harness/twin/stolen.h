/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * When a calibrating run's host gave its cores to others, out of the result directory's stolen.csv.
 */
#ifndef HARNESS_TWIN_STOLEN_H
#define HARNESS_TWIN_STOLEN_H

#include "core/base/err.h"
#include "core/sim/sim.h"
#include "harness/record/results_read.h"

struct stolen_times {
    struct sim_stolen
        *hole; /* [count] ascending by begin_ns, owned; cores by calibrate_cores' numbers */
    uint32_t count;
    uint64_t period_ns; /* length of the runs they come from, one after the other */
};

#define STOLEN_ALL UINT32_MAX

/** Of run number `only` of the directory, or STOLEN_ALL. 0, -EINVAL with file and line, or -ENOMEM. No file: no holes. */
int stolen_times_read(const struct results_read *run, uint32_t only, struct stolen_times *out,
                      struct err *err);

/** The same from the text of the file; `name` stands in errors. */
int stolen_times_parse(char *text, const char *name, const struct results_read *run, uint32_t only,
                       struct stolen_times *out, struct err *err);

void stolen_times_free(struct stolen_times *self);

#endif
