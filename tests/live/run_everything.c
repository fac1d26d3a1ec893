/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bad links, slow disks, pauses, crashes, leaving and coming back, all in one live run of every policy that takes workers back:
 * it ends, every message is accounted for, and whoever is there has computed where the host
 * let it.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>

#include "tests/live/support_run.h"

#define PROFILE                                                                                  \
    "name: t\nseeds: [3]\nworkers: {count: 8, graph: {kind: random, degree: 3}}\n"               \
    "data: {format: synthetic, samples: 2000, features: 8, classes: 4}\n"                        \
    "model: softmax\ntrain: {batch: 8, lr: 0.05}\ncompute: {base: 1ms}\n"                        \
    "policies: [dsgd, aau, adpsgd, swarm, partial, epidemic]\n"                                  \
    "inject:\n"                                                                                  \
    "  - {select: {percent: 20%}, law: {kind: slowdown, factor: 4}}\n"                           \
    "  - {what: link, law: {kind: exp, mean: 200us}, link: {loss: 5%, burst: 3, duplicate: 5%, " \
    "reorder: 2%, gap: 300us, corrupt: 2%, resend: 500us}}\n"                                    \
    "  - {what: publish, select: {workers: [2]}, law: {kind: const, delay: 500us}}\n"            \
    "  - {what: load, select: {workers: [6]}, law: {kind: exp, mean: 1ms}}\n"                    \
    "faults:\n"                                                                                  \
    "  - {kind: crash, workers: [3], at: 100ms, restart: 100ms, notice: 5ms}\n"                  \
    "  - {kind: leave, workers: [5], at: 150ms, restart: 100ms}\n"                               \
    "  - {kind: join, workers: [7], at: 120ms}\n"                                                \
    "  - {kind: pause, workers: [1], at: 200ms, for: 30ms}\n"                                    \
    "  - {kind: slots, workers: [0], at: 300ms, for: 30ms, keep: 1}\n"                           \
    "  - {kind: disk, workers: [4], at: 300ms, for: 30ms, error: eio}\n"                         \
    "stop: {time: 500ms}\njudge: {points: 2}\n"

static json_int_t number(const json_t *run, const char *key)
{
    const json_t *const value = json_object_get(run, key);
    cr_assert(json_is_integer(value), "%s", key);
    return json_integer_value(value);
}

/** This host kept a loop from its core for four fifths of the run and more: nobody can ask its workers for anything by a time. */
static bool had_its_cores(const json_t *run)
{
    return json_number_value(json_object_get(run, "stolen_share")) < 0.8;
}

Test(everything, at_once_ends_with_every_message_accounted_for, .timeout = 120)
{
    char path[700];
    size_t i, w, asked = 0;
    json_t *run, *worker;
    struct recorded *const recorded = recorded_open(PROFILE, (struct run_options){0}, 0);
    cr_expect_eq(recorded->code, 0);
    snprintf(path, sizeof(path), "%s/result.json", recorded->dir);
    json_t *const result = json_load_file(path, 0, NULL);
    cr_assert(result);

    json_array_foreach(json_object_get(result, "runs"), i, run)
    {
        const char *const policy = json_string_value(json_object_get(run, "policy"));
        cr_expect_eq(number(run, "tensors_unexplained"), 0, "%s", policy);
        cr_expect_eq(number(run, "control_unexplained"), 0, "%s", policy);
        cr_expect_eq(number(run, "incomplete"), 0, "%s", policy);
        cr_expect_eq(number(run, "loans"), 0, "%s", policy);
        if (!had_its_cores(run))
            continue;
        asked++;
        cr_expect_eq(number(run, "crashes"), 1, "%s", policy);
        cr_expect_eq(number(run, "returns"), 3, "%s", policy);
        json_array_foreach(json_object_get(run, "per_worker"), w, worker)
            cr_expect_gt(number(worker, "iterations"), 0, "%s: worker %zu", policy, w);
    }
    cr_expect_eq(i, 6u);
    cr_expect_geq(asked, 3u, "this host gave most runs no core to speak of");

    json_decref(result);
    recorded_close(recorded);
}
