/* SPDX-License-Identifier: BSD-3-Clause */
/* The same profile and seed give the same bytes: again, on more threads, and under `dawdle sim`. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/live/support_virtual.h"

#define BODY                                                                     \
    "name: t\nseeds: 2\nworkers: {count: 9, graph: {kind: random, degree: 3}}\n" \
    "data: {format: synthetic, samples: 1000, features: 16, classes: 4, "        \
    "shards: {kind: labels, per_worker: 2}}\nmodel: {kind: mlp, hidden: [8]}\n"  \
    "compute: {base: 1ms}\npolicies: [allreduce, dsgd, adpsgd, aau, none]\n"     \
    "inject:\n  - {select: {percent: 10%}, law: {kind: slowdown, factor: 10}}\n" \
    "stop: {time: 60ms}\njudge: {points: 5}\n"                                   \
    "target: {metric: train_loss_mean_model, relative_to: allreduce, factor: 1.2, hold: 1}\n"
#define LINKS                                                                        \
    "links: {latency: 20us, jitter: {kind: lognormal, cv: 30%}, bandwidth: 1Gbit}\n" \
    "costs: {iteration: 3us, apply: 1us, send: 1us, mix: 2us}\n"
#define PROFILE "clock: virtual\n" BODY LINKS

TestSuite(virtual_same, .init = virtual_enter, .fini = virtual_leave, .timeout = 120);

static void expect_same(const json_t *a, const json_t *b)
{
    char *const left = json_dumps(a, JSON_INDENT(1));
    char *const right = json_dumps(b, JSON_INDENT(1));
    cr_expect_str_eq(left, right);
    free(left);
    free(right);
}

Test(virtual_same, twice_the_same_bytes)
{
    json_t *const first = virtual_run(PROFILE, 1);
    char *const rows = virtual_file("iterations.csv");
    json_t *const second = virtual_run(PROFILE, 1);
    char *const rows_again = virtual_file("iterations.csv");

    expect_same(first, second);
    cr_expect_str_eq(rows, rows_again);
    json_decref(first);
    json_decref(second);
    free(rows);
    free(rows_again);
}

Test(virtual_same, on_one_thread_and_on_two)
{
    json_t *const one = virtual_run(PROFILE, 1);
    json_t *const two = virtual_run(PROFILE, 2);

    expect_same(one, two);
    json_decref(one);
    json_decref(two);
}

Test(virtual_same, another_seed_is_another_run)
{
    json_t *const result = virtual_run(PROFILE, 1);

    /* seeds outside, policies inside: run 5 is allreduce with seed 2 */
    cr_expect_neq(virtual_number(result, 0, "train_loss_mean_model"),
                  virtual_number(result, 5, "train_loss_mean_model"));
    json_decref(result);
}

Test(virtual_same, sim_forces_the_virtual_clock_on_a_live_profile)
{
    cr_assert_eq(virtual_command("sim", "clock: live\n" BODY, 2), 0);
    json_t *const forced = virtual_result();
    json_t *const written = virtual_run("clock: virtual\n" BODY, 1);

    expect_same(forced, written);
    json_decref(forced);
    json_decref(written);
}

Test(virtual_same, the_log_has_each_worker_and_all_together)
{
    json_decref(virtual_run(PROFILE, 1));

    char *const log = virtual_file("latency.hlog");

    cr_expect_not_null(strstr(log, "Tag=aau/seed-2/iteration/worker-8,"));
    cr_expect_not_null(strstr(log, "Tag=aau/seed-2/handle/all,"));
    cr_expect_null(strstr(log, "Tag=aau/seed-2/iteration/all,"), "told once, per worker");
    free(log);
}
