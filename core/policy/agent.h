/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What a driver runs per worker: a policy with the collective it may ask for.
 *
 * The agent routes events either to the policy or to the chunked all-reduce (core/policy/collective.h), expands
 * ACT_REDUCE into sends and slice mixes on `exact` edges, and hands EV_REDUCED back. With `collective: modelled` it does
 * neither: the driver sees ACT_REDUCE, executes it as one, and gives EV_REDUCED{same tag} to each member.
 * Both drivers call agent_step and nothing else, so what one records the other can replay.
 */
#ifndef CORE_POLICY_AGENT_H
#define CORE_POLICY_AGENT_H

#include "core/policy/policy.h"

struct collective;

struct agent {
    const struct policy *policy;
    void *state;                   /* policy's */
    struct collective *collective; /* or NULL: the policy reduces nothing, or the driver does it */
};

size_t agent_bytes(const struct policy *policy, const struct policy_config *config);

/** `memory`: agent_bytes() zeroed bytes, 64-byte aligned, borrowed. */
void agent_init(struct agent *self, void *memory, const struct policy *policy,
                const struct policy_config *config);

/** One event in; `out` is emptied first. */
void agent_step(struct agent *self, const struct event *event, struct actions *out);

/** What the policy counted so far; all 0 for one that counts nothing. */
struct policy_counters agent_counters(const struct agent *self);

#endif
