/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every row of the table of policies, on real threads, channels and batches: whatever the timing was, each run drains,
 * every message and every loan is accounted for, sums are kept where the row says so, and its journal, replayed, brings
 * the same actions and the same parameters. A new row is met here without being named.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "harness/metric/record.h"
#include "tests/live/support_run.h"

#define WORKERS 5u
#define ITERATIONS 30u

/* Rows whose defaults are not all that there is to them, and how else they run. */
static const char *const variants[] = {
    "{kind: dsgd, label: dsgd-cta, order: cta}",
    "{kind: local-sgd, label: local-sgd-3, steps: 3}",
    "{kind: adpsgd, label: adpsgd-sides, pairing: bipartite, comm_thread: false}",
    "{kind: swarm, label: swarm-2, steps: 2}",
    "{kind: aau, label: aau-all, release: all}",
    "{kind: aau, label: aau-pair, release: pair, max_staleness: 3}",
    "{kind: partial, label: partial-half, wait: fraction, weights: uniform}",
    "{kind: partial, label: partial-timeout, wait: timeout, timeout: 300us}",
    "{kind: partial, label: partial-random, wait: random}",
    "{kind: prague, label: prague-lag, group: 2, lag: 3}",
    "{kind: sgp, label: sgp-2, overlap: 2}",
    "{kind: hop, label: hop-all, backup: 0, staleness: 0}",
    "{kind: hop, label: hop-stale, backup: 0, staleness: 2}",
    "{kind: hop, label: hop-jump, backup: 1, jump: 4}",
    "{kind: swift, label: swift-3, steps: 3}",
    "{kind: epidemic, label: epidemic-1, fanout: 1, timeout: 200us}",
    "{kind: asgd, label: asgd-damped, damped: true}",
    "{kind: ssp, label: ssp-0, staleness: 0}",
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

/* `scope`: do the stragglers answer? Every policy meets twenty per cent of them in every iteration. */
static void write_profile(char *out, size_t size, const char *scope, uint32_t cores,
                          const char *entries)
{
    snprintf(out, size,
             "name: t\nseeds: [7]\nworkers: {count: %u, graph: ring, cores: %u}\n"
             "data: {format: synthetic, samples: 1000, features: 16, classes: 4, "
             "shards: {kind: labels, per_worker: 2}}\nmodel: {kind: softmax}\n"
             "train: {batch: 8, lr: 0.05}\ncompute: {base: 150us}\npolicies: [%s]\n"
             "inject:\n  - {scope: %s, select: {percent: 20%%}, law: {kind: slowdown, factor: 8}}\n"
             "stop: {iterations: %u}\njudge: {points: 9}\n",
             WORKERS, cores, entries, scope, ITERATIONS);
}

static json_int_t count_of(const json_t *run, const char *key)
{
    const json_t *const value = json_object_get(run, key);
    cr_assert(json_is_integer(value), "%s", key);
    return json_integer_value(value);
}

/* What has to be 0 whatever the policy and whatever the timing. */
static void expect_nothing_lost(const json_t *run, const char *label)
{
    static const char *const zero[] = {
        "tensors_unexplained",
        "control_unexplained",
        "tensors_in_flight",
        "tensors_dropped",
        "loans",
        "exact_superseded",
        "incomplete",
    };
    for (uint32_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
        cr_expect_eq(count_of(run, zero[i]), 0, "%s: %s is %lld", label, zero[i],
                     (long long)count_of(run, zero[i]));
    cr_expect(json_is_true(json_object_get(run, "drained")), "%s", label);
}

/*
 * Bounds that hold whatever the timing was. A server's n workers: each answer's staleness + 1 is the number of versions
 * from one pull to the next, so their sum is at most n times the number of updates. AD-PSGD: what comes between is averages.
 * Elsewhere nobody changes the model of a worker that computes, and at most its own average comes before the step.
 */
static void expect_staleness(const json_t *run, const struct policy *row, const char *label)
{
    const json_t *const staleness = json_object_get(run, "staleness");
    const json_int_t count = count_of(staleness, "n"), max = count_of(staleness, "max");
    const double mean = json_number_value(json_object_get(staleness, "mean"));
    const bool averages_first = strcmp(label, "dsgd-cta") == 0 || row == policy_find("swift");

    cr_expect_gt(count, 0, "%s", label);
    if (row->central)
        cr_expect_leq(mean, WORKERS - 2.0, "%s: the other workers", label);
    else if (row == policy_find("adpsgd"))
        cr_expect_leq(mean * (double)count, (double)count_of(run, "mixes") + 0.5, "%s", label);
    else
        cr_expect_leq(max, averages_first, "%s", label);
    const json_t *const age = json_object_get(run, "age_versions");
    const bool sends_models = row->edges != POLICY_EDGES_NONE && !row->reduces;
    cr_expect_eq(count_of(age, "n") > 0, sends_models, "%s: models have an age", label);
    cr_expect_eq(count_of(age, "n"), count_of(json_object_get(run, "age_ns"), "n"), "%s", label);
    if (sends_models)
        cr_expect_lt(count_of(age, "max"), 4 * ITERATIONS * WORKERS,
                     "%s: as many versions as anybody has", label);
}

/* Where all models are made equal by an exact mean, a run is judged by the last one of them. */
static void expect_one_model(const json_t *run, const struct policy *row, const char *label)
{
    size_t i;
    json_t *point;
    if (row->matrix != MATRIX_EXACT_MEAN)
        return;
    json_array_foreach(json_object_get(run, "points"), i, point)
        cr_expect_eq(json_number_value(json_object_get(point, "consensus_distance")), 0,
                     "%s, point %zu", label, i);
}

static void expect_run(const json_t *run)
{
    const char *const label = json_string_value(json_object_get(run, "policy"));
    const struct policy *const row = policy_find(json_string_value(json_object_get(run, "kind")));
    cr_assert(row, "%s", label);
    const json_int_t computing = WORKERS - row->central;
    const json_int_t computed = count_of(run, "gradients") + count_of(run, "abandoned");

    expect_nothing_lost(run, label);
    expect_staleness(run, row, label);
    expect_one_model(run, row, label);
    cr_expect_geq(computed, computing * ITERATIONS, "%s: the budget was spent on gradients", label);
    if (row->synchronous)
        cr_expect_eq(computed, computing * ITERATIONS, "%s: no round more", label);
    if (row->edges == POLICY_EDGES_NONE)
        cr_expect_eq(count_of(run, "tensors_sent"), 0, "%s", label);
    else
        cr_expect_gt(count_of(run, "tensors_delivered"), 0, "%s", label);
    cr_expect_eq(count_of(run, "diverged"), 0, "%s", label);
    cr_expect(json_is_true(json_object_get(run, "ledger_ok")), "%s: %g", label,
              json_number_value(json_object_get(run, "ledger_error")));
    if (record_keeps_sum(row))
        cr_expect_leq(json_number_value(json_object_get(run, "ledger_error")), 1e-5, "%s", label);
}

static void expect_results(const struct recorded *self, uint32_t policies)
{
    char path[700];
    size_t i;
    json_t *run;
    snprintf(path, sizeof(path), "%s/result.json", self->dir);
    json_t *const result = json_load_file(path, 0, NULL);
    cr_assert(result, "%s", path);
    json_t *const runs = json_object_get(result, "runs");
    cr_expect_eq(json_array_size(runs), policies);
    json_array_foreach(runs, i, run) expect_run(run);
    json_decref(result);
}

/* Sixteen policies are the most that a profile may hold. */
static void expect_sound(const char *scope, uint32_t cores, const char *entries, uint32_t policies)
{
    static char yaml[8192], text[8192];
    write_profile(yaml, sizeof(yaml), scope, cores, entries);
    struct recorded *const self = recorded_open(yaml, (struct run_options){0}, 0);
    uint32_t same = 0;

    cr_expect_eq(self->code, 0, "%s", entries);
    expect_results(self, policies);
    cr_expect_eq(recorded_replay(self, true, text, sizeof(text)), 0, "%s", text);
    for (const char *at = text; (at = strstr(at, "identical actions, identical parameters")); at++)
        same++;
    cr_expect_eq(same, policies, "%s", text);
    recorded_close(self);
}

static void append(char *entries, size_t size, const char *entry)
{
    const size_t used = strlen(entries);
    snprintf(entries + used, size - used, "%s%s", used ? ", " : "", entry);
}

static void expect_rows(const char *scope, uint32_t cores, uint32_t first, uint32_t count)
{
    char entries[4096] = "";
    uint32_t policies = 0;
    for (uint32_t i = first; i < policy_count && i < first + count; i++) {
        if (policy_table[i]->shared_bytes) /* in virtual time only: virtual_refusals.c */
            continue;
        append(entries, sizeof(entries), policy_table[i]->name);
        policies++;
    }
    if (policies > 0)
        expect_sound(scope, cores, entries, policies);
}

static void expect_variants(const char *scope, uint32_t cores, uint32_t first, uint32_t count)
{
    char entries[4096] = "";
    uint32_t policies = 0;
    for (uint32_t i = first; i < VARIANTS && i < first + count; i++, policies++)
        append(entries, sizeof(entries), variants[i]);
    expect_sound(scope, cores, entries, policies);
}

/* One EAL per process, so each test is a part of the table; rows beyond the last part would be an error here. */
#define PART 12u
_Static_assert(VARIANTS <= 2 * PART, "one more part");

Test(policies, rows_with_stragglers_that_answer, .timeout = 120)
{
    cr_assert_leq(policy_count, 2 * PART, "one more part");
    expect_rows("compute", 2, 0, PART);
}
Test(policies, more_rows_with_stragglers_that_answer, .timeout = 120)
{
    expect_rows("compute", 2, PART, PART);
}
Test(policies, rows_with_stragglers_that_answer_nothing, .timeout = 120)
{
    expect_rows("process", 2, 0, PART);
}
Test(policies, more_rows_with_stragglers_that_answer_nothing, .timeout = 120)
{
    expect_rows("process", 2, PART, PART);
}
Test(policies, rows_on_a_single_core, .timeout = 120)
{
    expect_rows("process", 1, 0, PART);
}
Test(policies, more_rows_on_a_single_core, .timeout = 120)
{
    expect_rows("process", 1, PART, PART);
}
Test(policies, variants_with_stragglers_that_answer, .timeout = 120)
{
    expect_variants("compute", 2, 0, PART);
}
Test(policies, more_variants_with_stragglers_that_answer, .timeout = 120)
{
    expect_variants("compute", 2, PART, PART);
}
Test(policies, variants_on_a_single_core_that_answer_nothing, .timeout = 120)
{
    expect_variants("process", 1, 0, PART);
}
Test(policies, more_variants_on_a_single_core_that_answer_nothing, .timeout = 120)
{
    expect_variants("process", 1, PART, PART);
}
