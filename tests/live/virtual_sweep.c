/* SPDX-License-Identifier: BSD-3-Clause */
/* A swept profile end to end: one result for all values, the same on every execution. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/live/support_virtual.h"

#define PROFILE                                                                                  \
    "name: t\nclock: virtual\nseeds: 2\nworkers: {count: 6, graph: {kind: random, degree: 3}}\n" \
    "data: {format: synthetic, samples: 1000, features: 16, classes: 4, "                        \
    "shards: {kind: labels, per_worker: 2}}\nmodel: softmax\ncompute: {base: 1ms}\n"             \
    "policies: [allreduce, aau]\n"                                                               \
    "inject:\n  - {select: {percent: 20%}, law: {kind: slowdown, factor: 10}}\n"                 \
    "stop: {time: 60ms}\njudge: {points: 5}\n"                                                   \
    "target: {metric: train_loss_mean_model, relative_to: allreduce, factor: 1.2, hold: 1}\n"
#define SWEPT PROFILE "sweep: {key: inject.0.law.factor, values: [2, 10, 40]}\n"

TestSuite(virtual_sweep, .init = virtual_enter, .fini = virtual_leave, .timeout = 120);

static const char *value_of(const json_t *run)
{
    return json_string_value(json_object_get(json_object_get(run, "sweep"), "value"));
}

Test(virtual_sweep, twice_the_same_bytes_on_any_number_of_threads)
{
    json_t *const first = virtual_run(SWEPT, 1);
    char *const rows = virtual_file("iterations.csv");
    json_t *const second = virtual_run(SWEPT, 2);
    char *const rows_again = virtual_file("iterations.csv");

    char *const left = json_dumps(first, JSON_INDENT(1));
    char *const right = json_dumps(second, JSON_INDENT(1));
    cr_expect_str_eq(left, right);
    cr_expect_str_eq(rows, rows_again);
    cr_expect_not_null(strstr(rows, "\naau@40,2,"), "rows tell the values apart");
    json_decref(first);
    json_decref(second);
    free(left);
    free(right);
    free(rows);
    free(rows_again);
}

Test(virtual_sweep, runs_value_by_value_each_as_it_would_run_alone)
{
    json_t *const swept = virtual_run(SWEPT, 1);
    /* factor 10 is what the profile has without its sweep */
    json_t *const alone = virtual_run(PROFILE, 1);

    cr_assert_eq(json_array_size(json_object_get(swept, "runs")), 3u * 2 * 2);
    cr_expect_str_eq(value_of(virtual_of(swept, 3)), "2");
    cr_expect_str_eq(value_of(virtual_of(swept, 4)), "10");
    cr_expect_null(value_of(virtual_of(alone, 0)));
    for (uint32_t i = 0; i < 4; i++) {
        json_t *const one = json_deep_copy(virtual_of(swept, 4 + i));
        json_t *const other = json_deep_copy(virtual_of(alone, i));
        json_object_del(one, "sweep");
        json_object_del(other, "sweep");
        cr_expect(json_equal(one, other), "run %u, its target and budgets included", i);
        json_decref(one);
        json_decref(other);
    }
    json_decref(swept);
    json_decref(alone);
}

Test(virtual_sweep, checks_are_decided_for_each_value)
{
    cr_expect_eq(
        virtual_command("run", SWEPT "checks: ['wait_share(aau) < wait_share(allreduce)']\n", 1),
        0);
    cr_expect_eq(virtual_command("run", SWEPT "checks: ['wait_share(aau@40) < 1%']\n", 1), 4);
}

Test(virtual_sweep, a_dry_run_plans_every_value_and_adds_up)
{
    char *const text = virtual_dry_run(SWEPT);

    cr_expect_not_null(strstr(text, "\n# inject.0.law.factor = 40\n"), "%s", text);
    cr_expect_not_null(strstr(text, "\n# all 3 values: about "), "%s", text);
    cr_expect_not(virtual_has_results());
    free(text);
}

Test(virtual_sweep, one_bad_value_stops_everything_before_it_starts)
{
    cr_expect_eq(
        virtual_command("run", PROFILE "sweep: {key: data.samples, values: [1000, 5]}\n", 1), 2);

    char *const errors = virtual_errors();
    cr_expect_not_null(strstr(errors, "sweep data.samples=5: error: "), "%s", errors);
    cr_expect_not(virtual_has_results());
    free(errors);
}
