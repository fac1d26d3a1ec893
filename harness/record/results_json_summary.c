/* SPDX-License-Identifier: BSD-3-Clause */
/* What is concluded of all runs: summary, checks, claims, and how rates were tuned. */
#include <math.h>
#include <string.h>

#include "harness/record/results_json_put.h"

static json_t *bound(struct target_bound at, bool known)
{
    json_t *out = json_object();
    const bool exact = known && at.low == at.high;
    put(out, "median", exact ? results_json_real(at.low) : json_null());
    put(out, "at_least", known && at.low > 0 ? results_json_real(at.low) : json_null());
    put(out, "at_most", known ? results_json_real(at.high) : json_null());
    return out;
}

static json_t *spread(const struct target_spread *at)
{
    json_t *out = json_object();
    put(out, "median", results_json_real(at->median));
    put(out, "min", results_json_real(at->min));
    put(out, "max", results_json_real(at->max));
    put(out, "mean", results_json_real(at->mean));
    put(out, "low", results_json_real(at->low));
    put(out, "high", results_json_real(at->high));
    put_count(out, "n", at->count);
    return out;
}

static json_t *summary_policy(const struct summary *summary, uint32_t index)
{
    const struct summary_policy *self = &summary->policy[index];
    const bool based = summary->baseline < summary->policy_count;
    json_t *out = json_object();
    put(out, "policy", results_json_text(self->policy));
    put_sweep(out, summary->sweep_key, summary->sweep_value);
    put_count(out, "seeds", self->seeds);
    put(out, "reached", self->has_target ? json_integer(self->reached) : json_null());
    put(out, "held_at_end", self->has_target ? json_integer(self->held_at_end) : json_null());
    put(out, "time_to_target_s", bound(self->cost[RECORD_TIME], self->has_target));
    put(out, "gradients_to_target", bound(self->cost[RECORD_GRADIENTS], self->has_target));
    put(out, "bytes_to_target", bound(self->cost[RECORD_BYTES], self->has_target));
    put(out, "baseline",
        based ? results_json_text(summary->policy[summary->baseline].policy) : json_null());
    put(out, "speedup", bound(self->speedup, self->speedup_pairs > 0));
    put(out, "speedup_gradients", bound(self->speedup_gradients, self->speedup_pairs > 0));
    put_count(out, "speedup_pairs", self->speedup_pairs);
    put_count(out, "contended", self->contended);
    put_count(out, "incomplete", self->incomplete);
    put_count(out, "ledger_bad", self->ledger_bad);
    json_t *metrics = json_object();
    for (uint32_t m = 0; m < METRICS; m++)
        put(metrics, metric_table[m].name, spread(&self->metric[m]));
    put(out, "metrics", metrics);
    return out;
}

json_t *results_json_summary(const struct summary *summary, uint32_t count)
{
    json_t *out = json_array();
    for (uint32_t v = 0; v < count; v++)
        for (uint32_t i = 0; i < summary[v].policy_count; i++)
            json_array_append_new(out, summary_policy(&summary[v], i));
    return out;
}

json_t *results_json_lines(const char *lines)
{
    json_t *const out = json_array();
    while (lines && *lines) {
        const size_t length = strcspn(lines, "\n");
        json_array_append_new(out, json_stringn(lines, length));
        lines += length + (lines[length] == '\n');
    }
    return out;
}

json_t *results_json_checks(const struct checks_result *result, uint32_t count)
{
    json_t *out = json_array();
    for (uint32_t i = 0; i < count; i++) {
        json_t *check = json_object();
        put(check, "check", results_json_text(result[i].text));
        put(check, "pass", result[i].open ? json_null() : json_boolean(result[i].pass));
        put(check, "finding", results_json_text(result[i].finding));
        json_array_append_new(out, check);
    }
    return out;
}

json_t *results_json_claims(const struct claims_result *result, uint32_t count)
{
    json_t *out = json_array();
    for (uint32_t i = 0; i < count; i++) {
        json_t *claim = json_object();
        put(claim, "claim", results_json_text(result[i].text));
        put(claim, "value", results_json_text(result[i].sweep_value));
        put(claim, "verdict", results_json_text(verdict_name(result[i].verdict)));
        put(claim, "finding", results_json_text(result[i].finding));
        put(claim, "ratio", results_json_real(result[i].ratio));
        put(claim, "low", results_json_real(result[i].low));
        put(claim, "high", results_json_real(result[i].high));
        put(claim, "threshold", results_json_real(result[i].threshold));
        put(claim, "p", results_json_real(result[i].p));
        put(claim, "p_holm", results_json_real(result[i].p_holm));
        put_count(claim, "pairs", result[i].pairs);
        put_count(claim, "bounded_above", result[i].bounded_above);
        put_count(claim, "bounded_below", result[i].bounded_below);
        json_array_append_new(out, claim);
    }
    return out;
}

json_t *results_json_tuning(const struct experiment *experiment)
{
    json_t *const out = json_object(), *const policies = json_array();
    for (uint32_t i = 0; i < experiment->policy_count; i++) {
        const struct experiment_policy *const from = &experiment->policy[i];
        if (!from->tuned.set)
            continue;
        json_t *const policy = json_object();
        put(policy, "policy", results_json_text(from->label));
        put(policy, "lr", results_json_real(from->lr));
        put(policy, "at_half", results_json_real(from->tuned.half));
        put(policy, "at_best", results_json_real(from->tuned.best));
        put(policy, "at_double", results_json_real(from->tuned.twice));
        put(policy, "on_edge", json_boolean(from->tuned.edge));
        json_array_append_new(policies, policy);
    }
    const bool any = json_array_size(policies) > 0;
    put(out, "metric", results_json_text(target_metric_name(experiment->train.tuned_metric)));
    put(out, "policies", policies);
    if (any)
        return out;
    json_decref(out);
    return json_null();
}
