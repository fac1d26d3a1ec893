/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The pair exchange of AD-PSGD, for rows that are the same machine with other options (swarm).
 */
#ifndef CORE_POLICY_ADPSGD_H
#define CORE_POLICY_ADPSGD_H

#include "core/policy/policy.h"

size_t adpsgd_bytes(const struct policy_config *config);

/**
 * As policy.init, but without a communication thread, and an exchange is owed `steps` > 0 local steps after the last one,
 * whoever asked for that.
 */
void adpsgd_init_every(void *state, const struct policy_config *config, uint32_t steps);

void adpsgd_step(void *state, const struct event *event, struct actions *out);
void adpsgd_counters(const void *state, struct policy_counters *out);

#endif
