/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events go to the policy, parts and slices to the collective. A reduction that ends is told to the policy within the
 * same step. Its lists and those of the step before must then both be valid: the collective keeps its own, and a
 * policy's ACT_REDUCE may only name a list that outlives the step (it is the last action of its step).
 */
#include "core/policy/agent.h"

#include <string.h>

#include "core/base/check.h"
#include "core/policy/collective.h"

static size_t rounded(size_t bytes)
{
    return (bytes + 63u) & ~(size_t)63u;
}

/* A modelled reduction is the driver's business: it sees ACT_REDUCE and answers with EV_REDUCED. */
static bool expands(const struct policy *policy, const struct policy_config *config)
{
    return policy->reduces && !policy_models_reduction(policy, &config->options);
}

size_t agent_bytes(const struct policy *policy, const struct policy_config *config)
{
    const size_t collective = expands(policy, config) ? rounded(collective_bytes(config)) : 0;
    return rounded(policy->lay_out(NULL, config)) + collective;
}

void agent_init(struct agent *self, void *memory, const struct policy *policy,
                const struct policy_config *config)
{
    CHECK(config->self < config->workers);
    CHECK(config->peer_count <= STEP_PEERS_MAX);
    for (uint32_t i = 0; i < config->peer_count; i++) {
        CHECK(config->peers[i] < config->workers);
        CHECK(config->peers[i] != config->self);
        CHECK(i == 0 || config->peers[i] > config->peers[i - 1]);
    }
    *self = (struct agent){.policy = policy, .state = memory};
    if (expands(policy, config))
        self->collective =
            collective_init((uint8_t *)memory + rounded(policy->lay_out(NULL, config)), config);
    policy->lay_out(self->state, config);
}

static bool begin_reduction(struct agent *self, struct actions *out)
{
    for (uint32_t i = 0; i + 1 < out->count; i++)
        DCHECK(out->item[i].kind != ACT_REDUCE);
    if (out->count == 0 || out->item[out->count - 1].kind != ACT_REDUCE || !self->collective)
        return false;
    const struct action reduce = out->item[--out->count];
    return collective_begin(self->collective, &reduce, out);
}

void agent_step(struct agent *self, const struct event *event, struct actions *out)
{
    bool reduced;
    out->count = 0;
    if (event->kind == EV_TENSOR && self->collective &&
        (event->type == TENSOR_PART || event->type == TENSOR_SLICE)) {
        reduced = collective_tensor(self->collective, event, out);
    } else {
        self->policy->step(self->state, event, out);
        reduced = begin_reduction(self, out);
    }
    if (!reduced)
        return;

    const struct event over = {
        .kind = EV_REDUCED, .now_ns = event->now_ns, .tag = collective_tag(self->collective)};
    self->policy->step(self->state, &over, out);
    CHECK(out->count == 0 || out->item[out->count - 1].kind != ACT_REDUCE);
}

struct policy_counters agent_counters(const struct agent *self)
{
    struct policy_counters counters = {0};
    if (self->policy->counters_at > 0)
        memcpy(&counters, (const char *)self->state + self->policy->counters_at, sizeof(counters));
    if (self->policy->counters)
        self->policy->counters(self->state, &counters);
    return counters;
}
