/* SPDX-License-Identifier: BSD-3-Clause */
/* What an experiment means where a profile leaves it to the size of the run. */
#include "harness/experiment/experiment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "harness/experiment/profile.h"

const char *experiment_sweep_value(const struct experiment *self)
{
    return self->sweep.at < self->sweep.count ? self->sweep.value[self->sweep.at] : NULL;
}

const char *experiment_tuned_at(const struct experiment *self, const char *value, char *out,
                                uint32_t bytes)
{
    const char *const written = self->sweep.written;
    *out = '\0';
    if (value && self->train.tuned[0] && strcmp(value, written) != 0 &&
        !profile_digest_ignores(self->sweep.key))
        snprintf(out, bytes, "%s%s%s", self->sweep.key, *written ? " = " : " as by default",
                 written);
    return out;
}

struct policy_options experiment_options(const struct experiment *self, uint32_t index)
{
    CHECK(index < self->policy_count);
    const struct experiment_policy *const policy = &self->policy[index];
    return policy_settle(policy->row, policy->options, self->workers.count,
                         self->clock == CLOCK_VIRTUAL);
}

static int by_time(const void *a, const void *b)
{
    const struct fault *const x = a, *const y = b;
    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    if (x->worker != y->worker)
        return x->worker < y->worker ? -1 : 1;
    return x->kind < y->kind ? -1 : x->kind > y->kind;
}

uint32_t experiment_faults(const struct experiment *self, struct fault out[FAULT_SCHEDULE_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->fault_count; i++)
        for (uint32_t k = 0; k < self->fault[i].worker_count; k++) {
            CHECK(count < FAULT_SCHEDULE_MAX);
            out[count] = self->fault[i].fault;
            out[count++].worker = self->fault[i].workers[k];
        }
    qsort(out, count, sizeof(*out), by_time);
    return count;
}

const char *experiment_rate(const struct experiment_policy *policy)
{
    return policy->tuned.set ? "tuned" : policy->lr_own ? "own" : "shared";
}

enum target_metric experiment_tuning_metric(const struct experiment *self)
{
    if (self->target.set && self->target.metric == TARGET_HELDOUT_ACCURACY_MEAN_MODEL)
        return TARGET_HELDOUT_ACCURACY_MEAN_MODEL;
    return TARGET_HELDOUT_LOSS_MEAN_MODEL;
}
