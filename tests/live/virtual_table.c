/* SPDX-License-Identifier: BSD-3-Clause */
/* What a small virtual run must come to, from what was put in. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/live/support_virtual.h"

#define LEARNS                                                                             \
    "data: {format: synthetic, samples: 2000, features: 16, classes: 4}\nmodel: softmax\n" \
    "train: {batch: 16, lr: 0.2}\n"
#define NOTHING "data: none\nmodel: none\n"
#define HEAD(workers) \
    "name: t\nclock: virtual\nseeds: 1\nworkers: {count: " workers ", graph: ring}\n"

TestSuite(virtual_table, .init = virtual_enter, .fini = virtual_leave, .timeout = 120);

Test(virtual_table, without_stragglers_every_policy_computes_all_the_time)
{
    json_t *const result =
        virtual_run(HEAD("4") LEARNS "compute: {base: 1ms, jitter: none}\nlinks: {latency: 0}\n"
                                     "policies: [allreduce, dsgd, none]\nstop: {time: 100ms}\n",
                    1);

    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_float_eq(virtual_number(result, i, "duration_s"), 0.1, 1e-12);
        cr_expect_geq(virtual_number(result, i, "gradients"), 4 * 99);
        cr_expect_leq(virtual_number(result, i, "gradients"), 4 * 100);
        cr_expect_float_eq(virtual_number(result, i, "wait_share"), 0, 1e-9);
    }
    json_decref(result);
}

Test(virtual_table, all_policies_learn_keep_their_sum_and_account_for_every_message)
{
    json_t *const result = virtual_run(
        HEAD("8") LEARNS
        "compute: {base: 1ms}\npolicies: [allreduce, dsgd, adpsgd, aau]\nstop: {time: 200ms}\n"
        "inject:\n  - {select: {percent: 10%}, law: {kind: slowdown, factor: 10}}\n"
        "checks: [\"wait_share(aau) < wait_share(allreduce)\", "
        "\"gradients_per_s(adpsgd) > gradients_per_s(dsgd)\"]\n",
        2);

    for (uint32_t i = 0; i < 4; i++) {
        const json_t *const points = json_object_get(virtual_of(result, i), "points");
        const json_t *const first = json_array_get(points, 0);
        const double start = json_number_value(json_object_get(first, "train_loss_mean_model"));
        cr_expect_eq(json_array_size(points), 40u);
        cr_expect_float_eq(json_number_value(json_object_get(first, "time_s")), 0, 0);
        cr_expect_lt(virtual_number(result, i, "train_loss_mean_model"), 0.8 * start);
        cr_expect(json_is_true(json_object_get(virtual_of(result, i), "ledger_ok")));
        cr_expect_lt(virtual_number(result, i, "ledger_error"), 1e-5);
        cr_expect_eq(virtual_number(result, i, "tensors_unexplained"), 0);
        cr_expect_eq(virtual_number(result, i, "control_unexplained"), 0);
        cr_expect_eq(virtual_number(result, i, "loans"), 0);
        cr_expect_gt(virtual_number(result, i, "events"), 0);
    }
    cr_expect_gt(virtual_number(result, 3, "wait_share"), 0);
    json_decref(result);
}

Test(virtual_table, a_budget_of_iterations_is_met_exactly_by_rounds)
{
    json_t *const result = virtual_run(
        HEAD("5") NOTHING "compute: {base: 1ms}\npolicies: [dsgd]\nstop: {iterations: 50}\n", 1);

    cr_expect_eq(virtual_number(result, 0, "gradients"), 250);
    cr_expect(json_is_true(json_object_get(virtual_of(result, 0), "drained")));
    json_decref(result);
}

Test(virtual_table, a_shared_core_serves_its_workers_in_turn)
{
    json_t *const result = virtual_run(
        "name: t\nclock: virtual\nseeds: 1\nworkers: {count: 4, graph: ring, cores: 2}\n" NOTHING
        "compute: {base: 1ms, jitter: none}\npolicies: [none]\nstop: {time: 100ms}\n",
        1);

    cr_expect_geq(virtual_number(result, 0, "gradients"), 2 * 99);
    cr_expect_leq(virtual_number(result, 0, "gradients"), 2 * 100);
    json_decref(result);
}

Test(virtual_table, latency_and_bandwidth_decide_when_a_message_is_seen)
{
    /* softmax of 16 features and 4 classes: 68 floats, 272 bytes, at 272 kB/s 1 ms; and 5 ms on the way */
    json_t *const result = virtual_run(
        HEAD("2") LEARNS "compute: {base: 1ms, jitter: none}\npolicies: [dsgd]\n"
                         "links: {latency: 5ms, bandwidth: 272kB}\nstop: {time: 100ms}\n",
        1);

    const json_t *const handle = json_object_get(virtual_of(result, 0), "handle_ns");
    const double p50 = json_number_value(json_object_get(handle, "p50"));
    cr_expect_float_eq(p50, 6e6, 6e3, "three digits of a histogram: %g", p50);
    json_decref(result);
}

Test(virtual_table, what_nobody_judged_is_null_and_no_percentile_lies_above_the_maximum)
{
    json_t *const result =
        virtual_run(HEAD("4") NOTHING "compute: {base: 1ms, jitter: none}\npolicies: [dsgd]\n"
                                      "stop: {iterations: 20}\n",
                    1);

    const json_t *const run = virtual_of(result, 0);
    const json_t *const last = json_array_get(json_object_get(run, "points"), 3);
    cr_expect(json_is_null(json_object_get(run, "heldout_accuracy_mean_model")));
    cr_expect(json_is_null(json_object_get(last, "heldout_accuracy_mean_model")));
    cr_expect(json_is_null(json_object_get(last, "train_loss_mean_model")));
    const json_t *const took = json_object_get(run, "iteration_ns");
    cr_expect_eq(json_integer_value(json_object_get(took, "max")), 1001000);
    cr_expect_eq(json_integer_value(json_object_get(took, "p50")), 1001000);
    json_decref(result);
}

Test(virtual_table, two_thousand_workers_are_not_listed_one_by_one)
{
    json_t *const result =
        virtual_run(HEAD("2000") NOTHING "policies: [dsgd]\nstop: {iterations: 3}\n"
                                         "judge: {points: 2}\n",
                    1);

    const json_t *const run = virtual_of(result, 0);
    cr_expect_eq(json_array_size(json_object_get(run, "per_worker")), 0u);
    cr_expect(json_is_true(json_object_get(run, "per_worker_omitted")));
    cr_expect_eq(virtual_number(result, 0, "gradients"), 6000);
    char *const log = virtual_file("latency.hlog");
    cr_expect_not_null(strstr(log, "Tag=dsgd/seed-1/iteration/all,"));
    free(log);
    json_decref(result);
}

Test(virtual_table, local_models_of_many_workers_are_sampled)
{
    json_t *const result =
        virtual_run(HEAD("1100") "data: {format: synthetic, samples: 2000, features: 4, "
                                 "classes: 2}\nmodel: softmax\npolicies: [dsgd]\n"
                                 "stop: {iterations: 1}\njudge: {points: 2, local_samples: 1}\n",
                    2);

    cr_expect_eq(virtual_number(result, 0, "locals_judged"), 1024);
    cr_expect(json_is_true(json_object_get(virtual_of(result, 0), "ledger_ok")));
    json_decref(result);
}

Test(virtual_table, a_failed_check_is_exit_4)
{
    cr_expect_eq(virtual_command("run",
                                 HEAD("4") NOTHING "policies: [dsgd]\nstop: {iterations: 3}\n"
                                                   "checks: [\"gradients_per_s < 1\"]\n",
                                 1),
                 4);
}

Test(virtual_table, a_dry_run_predicts_and_runs_nothing)
{
    char *const text = virtual_dry_run(HEAD("8") LEARNS "policies: [dsgd]\nstop: {time: 10ms}\n");

    cr_expect_not_null(strstr(text, "  8 workers, 8 edges, mean degree 2.00"), "%s", text);
    cr_expect_not_null(strstr(text, "memory and wall time of one run, on 2 threads"), "%s", text);
    cr_expect_not_null(strstr(text, "one gradient takes"), "%s", text);
    cr_expect_null(strstr(text, "EAL"), "%s", text);
    cr_expect_not(virtual_has_results(), "nothing ran");
    free(text);
}

Test(virtual_table, without_held_out_samples_their_metrics_have_no_figure)
{
    json_t *const result = virtual_run(
        HEAD("4") "data: {samples: 2000, features: 16, classes: 4, split: [100%, 0, 0]}\n"
                  "model: softmax\npolicies: [allreduce, dsgd]\nstop: {iterations: 20}\n",
        1);
    fflush(stdout);
    char *const table = virtual_file("../../../stdout");

    cr_expect_null(strstr(table, "diverged"), "%s", table);
    cr_expect(json_is_null(json_object_get(virtual_of(result, 0), "heldout_accuracy_mean_model")));
    cr_expect(json_is_null(json_object_get(virtual_of(result, 0), "heldout_loss_mean_model")));
    cr_expect_gt(virtual_number(result, 0, "train_loss_mean_model"), 0);
    free(table);
    json_decref(result);
}

Test(virtual_table, a_batch_larger_than_a_shard_is_said_and_one_larger_than_all_is_refused)
{
#define BATCH(n)                                                                        \
    HEAD("8")                                                                           \
    "data: {samples: 200, features: 8, classes: 4}\nmodel: softmax\npolicies: [dsgd]\n" \
    "stop: {iterations: 5}\ntrain: {batch: " n "}\n"
    json_decref(virtual_run(BATCH("32"), 1));
    fflush(stdout);
    char *const table = virtual_file("../../../stdout");
    cr_expect_not_null(strstr(table, "a batch of 32 is larger than the smallest shard, 20 samples"),
                       "%s", table);
    char *const dry = virtual_dry_run(BATCH("32"));
    cr_expect_not_null(strstr(dry, "a batch of 32 is larger than a shard of 20 samples"), "%s",
                       dry);

    cr_expect_eq(virtual_command("run", BATCH("161"), 1), 2);
    char *const said = virtual_errors();
    cr_expect_not_null(strstr(said, "a batch of 161 is larger than all 160 training samples"), "%s",
                       said);
    free(table);
    free(dry);
    free(said);
}

/* Neighbours that stand still drain a worker's weight: the published step explodes, and must not pass for a result. */
Test(virtual_table, a_run_that_diverged_says_so_and_one_with_the_same_weights_need_not_diverge)
{
    json_t *const result = virtual_run(
        HEAD("6") "data: {format: synthetic, samples: 2000, features: 16, classes: 4}\n"
                  "model: {kind: mlp, hidden: [16]}\ntrain: {batch: 8, lr: 0.05}\n"
                  "compute: {base: 200us}\npolicies: [agp, agp-yscaled]\nstop: {iterations: 300}\n"
                  "inject: [{scope: process, select: {workers: [0, 2]}, "
                  "law: {kind: slowdown, factor: 400}}]\n",
        1);
    fflush(stdout);
    char *const table = virtual_file("../../../stdout");

    cr_expect_gt(virtual_number(result, 0, "diverged"), 0);
    cr_expect(json_is_null(json_object_get(virtual_of(result, 0), "ledger_ok")));
    cr_expect(json_is_null(json_object_get(virtual_of(result, 0), "heldout_accuracy_mean_model")));
    cr_expect_eq(virtual_number(result, 1, "diverged"), 0);
    cr_expect(json_is_true(json_object_get(virtual_of(result, 1), "ledger_ok")));
    for (uint32_t i = 0; i < 2; i++) {
        const json_t *const points = json_object_get(virtual_of(result, i), "points");
        const json_t *const weight = json_object_get(json_array_get(points, 20), "weight_least");
        cr_expect_lt(json_real_value(weight), 1e-6, "%g", json_real_value(weight));
        cr_expect_gt(json_real_value(weight), 0);
    }
    cr_expect_not_null(strstr(table, "the loss diverged in at least one seed of agp:"), "%s", table);
    cr_expect_not_null(strstr(table, "a push-sum weight fell to"), "%s", table);
    cr_expect_not_null(strstr(table, "diverged: no sum to keep"), "%s", table);
    free(table);
    json_decref(result);
}

/* Two neighbours, 1 MB each through a port of 1.25 GB/s, after 1 ms of compute and before 10 us of latency: 2.61 ms. */
Test(virtual_table, a_model_that_is_not_computed_takes_bandwidth)
{
    json_t *const result = virtual_run(
        "name: t\nclock: virtual\nworkers: {count: 16, graph: ring}\ndata: {format: none}\n"
        "model: {kind: none, parameters: 250000}\ncompute: {base: 1ms, jitter: none}\n"
        "links: {latency: 10us, bandwidth: 10Gbit}\npolicies: [dsgd]\nseeds: 1\n"
        "stop: {time: 100ms}\n",
        1);

    cr_expect_eq(virtual_number(result, 0, "iterations"), 38.0 * 16.0, "%g",
                 virtual_number(result, 0, "iterations"));

    json_decref(result);
}

/* One class per worker that trains: with a shard for the server one class would never be learned, and cost a loss of 1.8. */
Test(virtual_table, a_parameter_server_wastes_no_samples)
{
    static const char *const shards[] = {"iid", "{kind: labels, per_worker: 1}"};
    double loss[2][3];
    for (uint32_t k = 0; k < 2; k++) {
        char yaml[1024];
        snprintf(yaml, sizeof(yaml),
                 HEAD("5") "data: {format: synthetic, samples: 4000, features: 16, classes: 5, "
                           "shards: %s}\nmodel: softmax\ntrain: {batch: 16, lr: 0.1}\n"
                           "policies: [asgd, ssp, {kind: k-sync, k: 2}]\n"
                           "stop: {iterations: 400}\n",
                 shards[k]);
        json_t *const result = virtual_run(yaml, 1);
        for (uint32_t i = 0; i < 3; i++) {
            loss[k][i] = virtual_number(result, i, "train_loss_mean_model");
            cr_expect_eq(virtual_number(result, i, "workers"), 5);
            cr_expect_eq(virtual_number(result, i, "workers_computing"), 4);
            cr_expect_float_eq(virtual_number(result, i, "iterations_per_s"),
                               virtual_number(result, i, "gradients_per_s") / 4, 1e-6);
        }
        json_decref(result);
    }
    for (uint32_t i = 0; i < 3; i++)
        cr_expect_float_eq(loss[1][i], loss[0][i], 0.05, "run %u: %g with a class each, %g", i,
                           loss[1][i], loss[0][i]);
}

static void expect_one_model(const char *options)
{
    char yaml[1024];
    snprintf(
        yaml, sizeof(yaml),
        HEAD("5") LEARNS
        "links: {latency: 300us}\npolicies: [{kind: allreduce%s}, {kind: local-sgd, steps: 4%s}]\n"
        "inject:\n  - {select: {percent: 20%%}, law: {kind: slowdown, factor: 5}}\n"
        "stop: {time: 97ms}\njudge: {points: 40}\n",
        options, options);
    json_t *const result = virtual_run(yaml, 2);
    for (uint32_t i = 0; i < 2; i++) {
        const json_t *const points = json_object_get(virtual_of(result, i), "points");
        const json_t *point;
        size_t k;
        cr_assert_eq(json_array_size(points), 40u);
        json_array_foreach(points, k, point)
        {
            const json_t *const distance = json_object_get(point, "consensus_distance");
            cr_expect_eq(json_number_value(distance), 0, "run %u, point %zu", i, k);
            cr_expect_float_eq(json_number_value(json_object_get(point, "train_loss_local_mean")),
                               json_number_value(json_object_get(point, "train_loss_local_worst")),
                               1e-9);
        }
        cr_expect_lt(virtual_number(result, i, "train_loss_mean_model"), 1.2);
        cr_expect(json_is_true(json_object_get(virtual_of(result, i), "ledger_ok")));
        cr_expect_eq(virtual_number(result, i, "loans"), 0);
    }
    json_decref(result);
}

/* Most snapshots lie inside a round, where workers hold half of a step: none of them is a model of the algorithm. */
Test(virtual_table, an_exact_mean_is_judged_by_the_last_mean)
{
    expect_one_model("");
    expect_one_model(", collective: chunked");
}
