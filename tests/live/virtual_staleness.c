/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What staleness and age mean, in runs of the program: bounds that hold for any timing, and figures that do not grow with
 * the length of a run (a difference of iteration counters does, where workers differ in speed).
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/policy/policy.h"
#include "tests/live/support_virtual.h"

#define WORKERS 8u

/* All rows that exchange something and do not work in rounds of everybody. */
static const char *asynchronous[64];
static uint32_t rows;

static void enter(void)
{
    virtual_enter();
    rows = 0;
    for (uint32_t i = 0; i < policy_count; i++)
        if (!policy_table[i]->synchronous && policy_table[i]->edges != POLICY_EDGES_NONE)
            asynchronous[rows++] = policy_table[i]->name;
}

TestSuite(virtual_staleness, .init = enter, .fini = virtual_leave, .timeout = 240);

static json_t *run_for(uint32_t seconds, const char *policies, const char *delays)
{
    char yaml[2048];
    snprintf(yaml, sizeof(yaml),
             "name: t\nclock: virtual\nseeds: 1\nworkers: {count: %u, graph: ring}\n"
             "data: none\nmodel: none\ncompute: {base: 4ms}\npolicies: [%s]\n"
             "inject:\n  - %s\nstop: {time: %us}\n",
             WORKERS, policies, delays, seconds);
    return virtual_run(yaml, 2);
}

static double figure(const json_t *result, uint32_t index, const char *of, const char *key)
{
    const json_t *const figures = json_object_get(virtual_of(result, index), of);
    const json_t *const value = json_object_get(figures, key);
    cr_assert(json_is_number(value) || json_is_null(value), "run %u: %s.%s", index, of, key);
    return json_is_null(value) ? 0 : json_number_value(value);
}

/* Within a quarter, or two versions: a p99 of 2000 values wavers, and a run has a beginning. */
static void expect_no_growth(const char *policy, const char *what, double one, double sixteen,
                             double unit)
{
    cr_expect_leq(fabs(sixteen - one), fmax(2 * unit, 0.25 * one), "%s: p99 of %s is %g, then %g",
                  policy, what, one, sixteen);
}

static void expect_length_is_nothing(const char *delays)
{
    static const uint32_t seconds[3] = {1, 4, 16};
    char policies[512] = "";
    json_t *result[3];
    for (uint32_t i = 0; i < rows; i++)
        snprintf(policies + strlen(policies), sizeof(policies) - strlen(policies), "%s%s",
                 i ? ", " : "", asynchronous[i]);
    for (uint32_t k = 0; k < 3; k++)
        result[k] = run_for(seconds[k], policies, delays);
    for (uint32_t i = 0; i < rows; i++)
        for (uint32_t k = 1; k < 3; k++) {
            expect_no_growth(asynchronous[i], "staleness", figure(result[0], i, "staleness", "p99"),
                             figure(result[k], i, "staleness", "p99"), 1);
            expect_no_growth(asynchronous[i], "age in versions",
                             figure(result[0], i, "age_versions", "p99"),
                             figure(result[k], i, "age_versions", "p99"), 1);
            expect_no_growth(asynchronous[i], "age", figure(result[0], i, "age_ns", "p99"),
                             figure(result[k], i, "age_ns", "p99"), 1e6);
        }
    for (uint32_t k = 0; k < 3; k++)
        json_decref(result[k]);
}

Test(virtual_staleness, does_not_grow_with_the_length_of_a_run_with_transient_stragglers)
{
    expect_length_is_nothing("{select: {percent: 10%}, law: {kind: slowdown, factor: 10}}");
}

Test(virtual_staleness, does_not_grow_beside_a_worker_that_is_always_slow)
{
    expect_length_is_nothing("{select: {workers: [3]}, law: {kind: slowdown, factor: 4}}");
}

/* In rounds a gradient steps the model that it was taken at; combine, then adapt has its own average in between. */
Test(virtual_staleness, is_0_in_rounds)
{
    json_t *const result = run_for(
        1, "allreduce, dsgd, local-sgd, sgp, none, {kind: dsgd, label: cta, order: cta}, k-sync",
        "{select: {percent: 10%}, law: {kind: slowdown, factor: 10}}");

    for (uint32_t i = 0; i < 7; i++) {
        cr_expect_gt(figure(result, i, "staleness", "n"), 0, "run %u", i);
        cr_expect_eq(figure(result, i, "staleness", "max"), i == 5, "run %u", i);
    }
    json_decref(result);
}

/* Each answer's staleness + 1 is the number of versions from one pull to the next: at most n per update on average. */
Test(virtual_staleness, of_a_parameter_server_is_on_average_below_the_number_of_its_workers)
{
    json_t *const result =
        run_for(4, "asgd, ssp", "{select: {percent: 10%}, law: {kind: slowdown, factor: 10}}");

    cr_expect_leq(figure(result, 0, "staleness", "mean"), WORKERS - 2.0);
    cr_expect_geq(figure(result, 0, "staleness", "mean"), WORKERS - 2.1);
    cr_expect_leq(figure(result, 1, "staleness", "mean"), WORKERS - 2.0);
    json_decref(result);
}
