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

#endif
