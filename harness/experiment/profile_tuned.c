/* SPDX-License-Identifier: BSD-3-Clause */
/* `train: {tuned: FILE}`: rates by label, from a file that still speaks of this experiment. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "harness/experiment/profile_private.h"
#include "harness/experiment/tuned_file.h"

#define AGAIN "run `dawdle tune` again"

/** Rates are tuned for the profile as it is written; the values of a sweep share them, or their differences would not be the value's. */
static bool is_value(const struct profile_load *load)
{
    return load->value != PROFILE_AS_WRITTEN;
}

static const struct tuned_policy *find(const struct tuned_file *file, const char *label)
{
    for (uint32_t i = 0; i < file->policies; i++)
        if (strcmp(file->policy[i].label, label) == 0)
            return &file->policy[i];
    return NULL;
}

/** The metric at this rate, NaN where it was not tried; powers of two times the centre are exact. */
static double value_at(const struct tuned_file *file, const struct tuned_policy *from, double lr)
{
    for (uint32_t i = 0; i < from->points; i++)
        if (fabs(from->point[i].lr - lr) <= 1e-9 * lr)
            return tuned_median(&from->point[i], file->seeds);
    return (double)NAN;
}

static void apply(const struct tuned_file *file, const struct tuned_policy *from,
                  struct experiment_policy *to)
{
    to->lr = from->lr;
    to->lr_own = false;
    to->tuned.set = true;
    to->tuned.edge = from->edge != TUNED_INSIDE;
    to->tuned.best = value_at(file, from, from->lr);
    to->tuned.half = value_at(file, from, from->lr / 2);
    to->tuned.twice = value_at(file, from, from->lr * 2);
}

static void apply_policy(struct profile_load *load, const struct tuned_file *file, uint32_t index)
{
    struct experiment *const x = load->out;
    struct experiment_policy *const policy = &x->policy[index];
    const struct profile_mark mark =
        profile_place(&load->in, profile_item(load, "policies", index));
    const struct tuned_policy *const from = find(file, policy->label);
    const struct key *const lr = keys_find(KEYS_POLICY, "lr");
    if (!from) {
        profile_errors_add(load->in.errors, mark, "policy '%s' has no entry in train.tuned; " AGAIN,
                           policy->label);
        return;
    }
    if (!is_value(load) && from->digest != profile_digest_policy(x, index)) {
        profile_errors_add(load->in.errors, mark,
                           "policy '%s' was tuned with other options than these; " AGAIN,
                           policy->label);
        return;
    }
    if (!from->usable) {
        profile_errors_add(
            load->in.errors, mark,
            "policy '%s' has no tuned rate: it diverged at every rate that was tried",
            policy->label);
        return;
    }
    apply(file, from, policy);
    x->origins->policy[index][keys_number(lr)] =
        (struct profile_origin){.kind = ORIGIN_OTHER, .other = "train.tuned"};
}

/** A seed that chose the rate would be reported as if it had not. */
static void check_seeds(struct profile_load *load, const struct tuned_file *file)
{
    const struct experiment *const x = load->out;
    const struct profile_node *const seeds = profile_tree_find(load->in.root, "seeds");
    for (uint32_t i = 0; i < x->seed_count; i++)
        for (uint32_t k = 0; k < file->seeds; k++)
            if (x->seed[i] == file->seed[k])
                profile_errors_add(load->in.errors, profile_place(&load->in, seeds),
                                   "seed %llu chose the rates in train.tuned, so it cannot be "
                                   "reported too; take others, or " AGAIN,
                                   (unsigned long long)x->seed[i]);
}

static void check_file(struct profile_load *load, const struct tuned_file *file)
{
    const struct experiment *const x = load->out;
    const struct profile_mark mark =
        profile_place(&load->in, profile_tree_find(load->in.root, "train.tuned"));
    if (file->clock != x->clock)
        profile_errors_add(load->in.errors, mark, "these rates were tuned with clock: %s; " AGAIN,
                           keys_name_at(&keys_clocks, file->clock).name);
    else if (file->metric != experiment_tuning_metric(x))
        profile_errors_add(
            load->in.errors, mark, "these rates were tuned by %s, now %s counts; " AGAIN,
            target_metric_name(file->metric), target_metric_name(experiment_tuning_metric(x)));
    else if (!is_value(load) && file->digest != profile_digest(x))
        profile_errors_add(load->in.errors, mark,
                           "the profile has changed since these rates were tuned (for %s, digest "
                           "%016llx, now %016llx); " AGAIN,
                           file->profile, (unsigned long long)file->digest,
                           (unsigned long long)profile_digest(x));
}

void profile_tuned(struct profile_load *load)
{
    struct experiment *const x = load->out;
    struct tuned_file *const file = calloc(1, sizeof(*file));
    CHECK(file);
    const uint32_t before = load->in.errors->count;
    if (x->train.tuned[0] && tuned_file_read(x->train.tuned, file, load->in.errors) == 0) {
        check_file(load, file);
        check_seeds(load, file);
        x->train.tuned_metric = file->metric;
        const bool fits = load->in.errors->count == before;
        for (uint32_t i = 0; i < x->policy_count && fits; i++)
            apply_policy(load, file, i);
    }
    free(file);
}
