/* What an experiment means where a profile leaves it to the size of the run. */
#include "harness/experiment/experiment.h"

#include "core/base/check.h"
#include "harness/experiment/keys.h"

const char *experiment_sweep_value(const struct experiment *self)
{
    return self->sweep.at < self->sweep.count ? self->sweep.value[self->sweep.at] : NULL;
}

struct policy_options experiment_options(const struct experiment *self, uint32_t index)
{
    CHECK(index < self->policy_count);
    struct policy_options options = self->policy[index].options;
    /* Flooding every edge costs about workers^2 messages per epoch; the oracle exists in virtual time alone. */
    const bool many =
        self->clock == CLOCK_VIRTUAL && self->workers.count > EXPERIMENT_PATHSEARCH_MAX;
    if (options.pathsearch == AAU_AUTO)
        options.pathsearch = many ? AAU_ORACLE : AAU_MESSAGES;
    return options;
}

const char *experiment_rate(const struct experiment_policy *policy)
{
    return policy->tuned.set ? "tuned" : policy->lr_own ? "own" : "shared";
}

enum experiment_metric experiment_tuning_metric(const struct experiment *self)
{
    if (self->target.set && self->target.metric == METRIC_HELDOUT_ACCURACY_MEAN_MODEL)
        return METRIC_HELDOUT_ACCURACY_MEAN_MODEL;
    return METRIC_HELDOUT_LOSS_MEAN_MODEL;
}

const char *experiment_metric_name(enum experiment_metric metric)
{
    return keys_name_at(&keys_metrics, (uint32_t)metric).name;
}
