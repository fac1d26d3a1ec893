/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the runs at hand are a part of, and how much of the host they must have had: without it nobody can tell a check that
 * fails from one that cannot be decided.
 */
#ifndef HARNESS_REPORT_SCOPE_H
#define HARNESS_REPORT_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

struct scope {
    uint32_t policies, values, seeds; /* as planned; values: of the swept key, 1 without one */
    bool incomplete;                  /* not all of that ran */
    double stolen_max;                /* share of a policy's cores that others may take; 0: any */
    bool budget_is_time;              /* stop.time ends the runs */
};

#endif
