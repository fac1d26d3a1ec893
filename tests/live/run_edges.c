/* SPDX-License-Identifier: BSD-3-Clause */
/* The edges of a run: data that vanishes, budgets shorter than the curve. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/live/support_run.h"

#define PROFILE(stop)                                                      \
    "name: t\nseeds: [1]\nworkers: {count: 2, graph: ring}\n"              \
    "data: {format: synthetic, samples: 2000, features: 16, classes: 4}\n" \
    "model: {kind: softmax}\ncompute: {base: 300us}\npolicies: [dsgd]\n" stop

Test(run, ends_with_an_error_when_the_data_is_cut_before_the_first_batch, .timeout = 20)
{
    struct err err = {{0}};

    const int rc = live_run_without_data(PROFILE("stop: {time: 200ms}\n"), &err);

    cr_expect_lt(rc, 0);
    cr_expect(strstr(err.text, ".npy") && strstr(err.text, "truncated"), "%s", err.text);
}

Test(run, judges_only_models_that_existed_when_the_budget_is_shorter_than_the_curve)
{
    struct live *const live =
        live_run(PROFILE("stop: {iterations: 4}\njudge: {points: 20}\n"), (struct run_options){0});
    const struct record_run *const r = &live->record;

    cr_assert_geq(r->point_count, 2u);
    for (uint32_t i = 1; i < r->point_count; i++) {
        cr_expect_geq(r->point[i].time_s, r->point[i - 1].time_s, "point %u", i);
        cr_expect_geq(r->point[i].gradients, r->point[i - 1].gradients, "point %u", i);
    }
    live_close(live);
}

Test(run, counts_exactly_the_asked_rounds_of_a_synchronous_policy)
{
    struct live *const live =
        live_run(PROFILE("stop: {iterations: 25}\njudge: {points: 2}\n"), (struct run_options){0});

    cr_expect_eq(live->record.count.gradients, 2u * 25u);
    cr_expect_eq(live->record.count.mixes, 2u * 25u, "and mixes each of them, no round more");
    live_close(live);
}

Test(run, lets_a_permanently_deaf_worker_answer_between_its_delays)
{
    struct live *const live =
        live_run("name: t\nseeds: [1]\nworkers: {count: 2, graph: path, cores: 1}\n"
                 "data: none\nmodel: {kind: none}\n"
                 "compute: {base: 500us}\npolicies: [{kind: adpsgd, pairing: bipartite}]\n"
                 "inject:\n  - {what: compute, scope: process, select: {workers: [0]}, "
                 "law: {kind: slowdown, factor: 5}}\nstop: {iterations: 120}\n",
                 (struct run_options){0});

    cr_expect_gt(live->record.worker[0].iterations, 10u);
    cr_expect_gt(live->record.worker[1].iterations, 10u, "its only neighbour is not starved");
    live_close(live);
}

Test(run, counts_the_time_of_a_worker_that_never_finishes_an_iteration)
{
    struct live *const live = live_run(
        "name: t\nseeds: [1]\nworkers: {count: 2, graph: path}\ndata: none\nmodel: {kind: none}\n"
        "compute: {base: 1ms, jitter: {kind: none}}\npolicies: [dsgd]\n"
        "inject:\n  - {what: compute, select: {workers: [0]}, law: {kind: slowdown, factor: "
        "10000}}\n"
        "stop: {time: 200ms}\n",
        (struct run_options){0});

    cr_expect_eq(live->record.worker[1].iterations, 0u);
    cr_expect_gt(live->record.worker[1].part_ns[PART_WAIT], live->record.worker[1].total_ns / 2,
                 "of %lu ns", (unsigned long)live->record.worker[1].total_ns);
    live_close(live);
}

Test(run, logs_every_iteration_when_no_base_time_says_how_many)
{
    struct live *const live =
        live_run("name: t\nseeds: [1]\nworkers: {count: 2, graph: none, cores: 1}\n"
                 "data: none\nmodel: {kind: none}\n"
                 "compute: {base: 0, jitter: {kind: none}}\nedges: \"null\"\npolicies: [none]\n"
                 "stop: {iterations: 1000}\njudge: {points: 2}\n",
                 (struct run_options){0});

    cr_expect_gt(live->record.count.iterations, 1000u);
    cr_expect_eq(live->record.count.iterations_logged, live->record.count.iterations);
    live_close(live);
}
