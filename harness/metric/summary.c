/* SPDX-License-Identifier: BSD-3-Clause */
/* See summary.h. Only seeds that both of two policies ran are compared. */
#include "harness/metric/summary.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"

static const struct record_run *run_of(const struct record_run *run, uint32_t count,
                                       const char *policy, uint64_t seed)
{
    for (uint32_t i = 0; i < count; i++)
        if (run[i].seed == seed && strcmp(run[i].policy, policy) == 0)
            return &run[i];
    return NULL;
}

static double clipped(const struct record_run *run)
{
    return (double)(run->series[SERIES_ITERATION].clipped + run->series[SERIES_READY].clipped +
                    run->series[SERIES_HANDLE].clipped + run->series[SERIES_STALENESS].clipped);
}

/* An interval around a mean near a bound of its range reaches beyond it; what cannot be is cut off. */
static void clip(struct target_spread *at, enum metric_unit unit)
{
    if (unit != UNIT_REAL && at->low < 0 && at->min >= 0)
        at->low = 0;
    if (unit == UNIT_SHARE && at->high > 1 && at->max <= 1)
        at->high = 1;
}

/** How many of its runs were not what they should be. */
static void count_run(const struct record_run *run, struct summary_policy *self)
{
    CHECK(self->seeds < EXPERIMENT_SEEDS_MAX);
    self->seeds++;
    self->contended += run->cores.contended;
    self->interrupted += run->interrupted;
    self->shared_cores |= run->cores.frames.shared_cores;
    self->stolen_share += run->wall.threads ? 0 : run->cores.stolen_share; /* a sum, so far */
    self->incomplete += run->count.incomplete != 0 || !run->drained;
    self->ledger_bad += !run->ledger.ok;
    self->latency_clipped += clipped(run);
}

/** What the target cost the runs that have one. */
static void summarise_target(const struct record_run *const *of, struct summary_policy *self)
{
    struct target_bound cost[RECORD_BUDGETS][EXPERIMENT_SEEDS_MAX];
    uint32_t timed = 0;
    for (uint32_t i = 0; i < self->seeds; i++) {
        if (!of[i]->target.exists)
            continue;
        self->reached += of[i]->target.reached;
        self->held_at_end += of[i]->target.held_at_end;
        for (uint32_t b = 0; b < RECORD_BUDGETS; b++)
            cost[b][timed] = target_cost(of[i], (enum record_budget)b);
        timed++;
    }
    self->has_target = timed > 0;
    for (uint32_t b = 0; b < RECORD_BUDGETS; b++)
        self->cost[b] = target_median(cost[b], timed);
}

static void summarise_policy(const struct record_run *run, uint32_t count,
                             struct summary_policy *self)
{
    const struct record_run *of[EXPERIMENT_SEEDS_MAX];
    double value[EXPERIMENT_SEEDS_MAX];
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(run[i].policy, self->policy) != 0)
            continue;
        count_run(&run[i], self);
        of[self->seeds - 1] = &run[i];
    }
    self->stolen_share /= self->seeds ? self->seeds : 1;
    summarise_target(of, self);
    for (uint32_t m = 0; m < METRICS; m++) {
        for (uint32_t i = 0; i < self->seeds; i++)
            value[i] = metric_of(of[i], (enum metric)m);
        self->metric[m] = target_spread(value, self->seeds);
        clip(&self->metric[m], metric_table[m].unit);
    }
}

/**
 * Only seeds that both ran are compared: everything but the policy is then the same. Returns the median ratio of what the
 * target costs them; its spread goes to `metric`.
 */
static struct target_bound compare_policy(const struct record_run *run, uint32_t count,
                                          const struct summary_policy *baseline,
                                          enum record_budget budget, enum metric metric,
                                          struct summary_policy *self)
{
    uint32_t pairs = 0;
    struct target_bound ratio[EXPERIMENT_SEEDS_MAX];
    double exact[EXPERIMENT_SEEDS_MAX];
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(run[i].policy, self->policy) != 0 || !run[i].target.exists)
            continue;
        const struct record_run *pair = run_of(run, count, baseline->policy, run[i].seed);
        if (!pair || !pair->target.exists)
            continue;
        const struct target_bound r =
            target_speedup(target_cost(pair, budget), target_cost(&run[i], budget));
        exact[pairs] = r.low == r.high ? r.low : (double)NAN;
        ratio[pairs++] = r;
    }
    self->metric[metric] = target_spread(exact, pairs);
    self->speedup_pairs = pairs;
    return target_median(ratio, pairs);
}

static uint32_t find_baseline(const struct summary *summary)
{
    static const char *const preferred[] = {"allreduce", "dsgd"};
    for (uint32_t k = 0; k < 2; k++)
        for (uint32_t i = 0; i < summary->policy_count; i++)
            if (summary->policy[i].row && strcmp(summary->policy[i].row->name, preferred[k]) == 0)
                return i;
    for (uint32_t i = 0; i < summary->policy_count; i++)
        if (summary->policy[i].row && summary->policy[i].row->synchronous)
            return i;
    return summary->policy_count;
}

static void list_policies(const struct record_run *run, uint32_t count, struct summary *out)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t k = 0;
        while (k < out->policy_count && strcmp(out->policy[k].policy, run[i].policy) != 0)
            k++;
        if (k < out->policy_count)
            continue;
        CHECK(k < EXPERIMENT_POLICIES_MAX);
        memcpy(out->policy[k].policy, run[i].policy, sizeof(run[i].policy));
        out->policy[k].row = run[i].row;
        out->policy_count++;
    }
}

void summary_make(const struct record_run *run, uint32_t count, struct summary *out)
{
    memset(out, 0, sizeof(*out));
    out->sweep_key = count ? run[0].sweep.key : NULL;
    out->sweep_value = count ? run[0].sweep.value : NULL;
    list_policies(run, count, out);
    for (uint32_t k = 0; k < out->policy_count; k++) {
        summarise_policy(run, count, &out->policy[k]);
        out->seeds = out->policy[k].seeds > out->seeds ? out->policy[k].seeds : out->seeds;
    }
    out->baseline = find_baseline(out);
    for (uint32_t k = 0; k < out->policy_count; k++) {
        struct summary_policy *const self = &out->policy[k];
        const struct summary_policy *const baseline = &out->policy[out->baseline];
        self->speedup = self->speedup_gradients = (struct target_bound){0, (double)INFINITY};
        if (out->baseline == out->policy_count)
            continue;
        self->speedup = compare_policy(run, count, baseline, RECORD_TIME, METRIC_SPEEDUP, self);
        self->speedup_gradients =
            compare_policy(run, count, baseline, RECORD_GRADIENTS, METRIC_SPEEDUP_GRADIENTS, self);
    }
}

struct target_bound summary_value(const struct summary_policy *self, enum metric metric)
{
    static const struct target_bound nothing = {(double)INFINITY, -(double)INFINITY};
    const enum record_budget budget = metric_budget(metric);
    if (budget < RECORD_BUDGETS)
        return self->has_target ? self->cost[budget] : nothing;
    if (metric == METRIC_SPEEDUP)
        return self->speedup_pairs ? self->speedup : nothing;
    if (metric == METRIC_SPEEDUP_GRADIENTS)
        return self->speedup_pairs ? self->speedup_gradients : nothing;
    const struct target_spread *spread = &self->metric[metric];
    return spread->count ? (struct target_bound){spread->median, spread->median} : nothing;
}
