/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The rows of the table of policies. Only policy.c and tests of a single policy need these names.
 */
#ifndef CORE_POLICY_ROWS_H
#define CORE_POLICY_ROWS_H

#include "core/policy/policy.h"

/** The table, in the order in which lists name them: ROW(x) is policy_x, at the end of its file. */
/* clang-format off */
#define POLICY_ROWS(ROW) \
    ROW(none) \
    ROW(allreduce) \
    ROW(dsgd) \
    ROW(local_sgd) \
    ROW(k_sync) \
    ROW(adpsgd) \
    ROW(swarm) \
    ROW(aau) \
    ROW(cb_dybw) \
    ROW(partial) \
    ROW(prague) \
    ROW(sgp) \
    ROW(agp) \
    ROW(agp_yscaled) \
    ROW(hop) \
    ROW(swift) \
    ROW(epidemic) \
    ROW(asgd) \
    ROW(ssp)
/* clang-format on */

#define POLICY_ROW_DECLARE(name) extern const struct policy policy_##name;
POLICY_ROWS(POLICY_ROW_DECLARE)

/* What policy_variant puts in the place of a row. */
extern const struct policy policy_aau_oracle, policy_sgp_lossy;

#endif
