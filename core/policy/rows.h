/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The rows of the table of policies, one per file. Only policy.c and tests of a single policy need these names.
 */
#ifndef CORE_POLICY_ROWS_H
#define CORE_POLICY_ROWS_H

#include "core/policy/policy.h"

extern const struct policy policy_none;
extern const struct policy policy_allreduce;
extern const struct policy policy_dsgd;
extern const struct policy policy_adpsgd;
extern const struct policy policy_aau;
extern const struct policy policy_cb_dybw;
extern const struct policy policy_partial;
extern const struct policy policy_prague;
extern const struct policy policy_swarm;
extern const struct policy policy_epidemic;
extern const struct policy policy_aau_oracle;    /* see policy_variant */
extern const struct policy_option aau_options[]; /* of both */
extern const struct policy policy_sgp, policy_sgp_lossy;
extern const struct policy policy_agp;
extern const struct policy policy_agp_yscaled;
extern const struct policy policy_hop;
extern const struct policy policy_swift;
extern const struct policy policy_local_sgd;
extern const struct policy policy_asgd;
extern const struct policy policy_ssp;
extern const struct policy policy_k_sync;

#endif
