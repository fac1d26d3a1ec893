/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One profile on both clocks, with faults: what happened, how far the budget was, whom was waited for and why must agree,
 * and everything that was sent be accounted for. The profiles lie beside this file.
 */
#include "tests/live/support_clocks.h"

TestSuite(faults, .init = clocks_enter, .fini = clocks_leave, .timeout = 240);

static void every_run_ends_whole(const char *clock, const char *name)
{
    json_t *const result = clocks_result(clock, name);
    const json_t *const runs = json_object_get(result, "runs");
    cr_expect_gt(json_array_size(runs), 0u);
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *const run = json_array_get(runs, i);
        cr_expect(json_is_true(json_object_get(run, "drained")), "%s %s, run %zu", clock, name, i);
    }
    json_decref(result);
}

Test(faults, who_leaves_over_a_lossy_link_leaves_nothing_behind)
{
    cr_expect_eq(clocks_run("virtual", "leave-lossy", "seeds=8"), 0);
    every_run_ends_whole("virtual", "leave-lossy");
    cr_expect_eq(clocks_run("live", "leave-lossy", "seeds=8"), 0);
    every_run_ends_whole("live", "leave-lossy");
}

static const json_t *first_run(const json_t *result)
{
    const json_t *const run = json_array_get(json_object_get(result, "runs"), 0);
    cr_assert(run);
    return run;
}

/* ------------------------------------------------------------------------------------------------ the same faults */

/** The only fault of the run: worker 3 crashed as planned, or a little later, was noticed later still, and stayed away. */
static double gone_since(const char *clock, const char *name)
{
    json_t *const result = clocks_result(clock, name);
    const json_t *const faults = json_object_get(first_run(result), "faults");
    const json_t *const fault = json_array_get(faults, 0);
    cr_assert_eq(json_array_size(faults), 1u, "%s %s", clock, name);
    cr_expect_str_eq(json_string_value(json_object_get(fault, "kind")), "crash");
    cr_expect_eq(clocks_number(fault, "worker"), 3.0);
    cr_expect_gt(clocks_number(fault, "noticed_s"), clocks_number(fault, "at_s"));
    cr_expect(json_is_null(json_object_get(fault, "back_s")));
    const double at_s = clocks_number(fault, "at_s");
    json_decref(result);
    return at_s;
}

Test(faults, are_listed_as_they_happened)
{
    cr_assert_eq(clocks_run("virtual", "blame-crash", NULL), 0);
    cr_assert_eq(clocks_run("live", "blame-crash", NULL), 0);

    cr_expect_eq(gone_since("virtual", "blame-crash"), 0.3);
    cr_expect_geq(gone_since("live", "blame-crash"), 0.3);
}

/* ------------------------------------------------------------------------------------------------- one progress */

#define POINTS 11u

/** Gradients between an evaluation and the next. */
static void between_points(const char *clock, double out[POINTS - 1])
{
    json_t *const result = clocks_result(clock, "schedule-crash");
    const json_t *const points = json_object_get(first_run(result), "points");
    cr_assert_eq(json_array_size(points), POINTS, "%s: %zu evaluations", clock,
                 json_array_size(points));
    for (size_t i = 0; i + 1 < POINTS; i++)
        out[i] = clocks_number(json_array_get(points, i + 1), "gradients") -
                 clocks_number(json_array_get(points, i), "gradients");
    json_decref(result);
}

Test(faults, leave_the_same_evaluations_a_tenth_of_the_rounds_apart)
{
    double virtual[POINTS - 1], live[POINTS - 1];
    cr_assert_eq(clocks_run("virtual", "schedule-crash", NULL), 0);
    cr_assert_eq(clocks_run("live", "schedule-crash", NULL), 0);
    between_points("virtual", virtual);
    between_points("live", live);

    cr_expect_eq(virtual[0], 160.0, "40 rounds of four workers");
    for (size_t i = 3; i + 1 < POINTS; i++)
        cr_expect_eq(virtual[i], 120.0, "40 rounds of three: %g", virtual[i]);
    double last = 0;
    for (size_t i = 0; i + 1 < POINTS; i++)
        last += live[i];
    cr_expect_geq(last, 3 * 400.0);
    cr_expect_leq(last, 4 * 400.0);
}

/* --------------------------------------------------------------------------------------------------- same blame */

static double blamed_of(const json_t *run, const char *kind)
{
    return clocks_number(json_object_get(run, "waits"), kind);
}

/** Of all waiting, that for worker 3. */
static double for_worker_3(const json_t *run)
{
    size_t i;
    json_t *entry;
    double all = 0, its = 0;
    json_array_foreach(json_object_get(run, "wait_matrix"), i, entry)
    {
        const double s = json_number_value(json_array_get(entry, 2));
        all += s;
        its += json_integer_value(json_array_get(entry, 1)) == 3 ? s : 0;
    }
    cr_assert_gt(all, 0);
    return its / all;
}

Test(faults, are_waited_for_by_name_on_both_clocks)
{
    cr_assert_eq(clocks_run("virtual", "blame-crash", NULL), 0);
    cr_assert_eq(clocks_run("live", "blame-crash", NULL), 0);
    json_t *const virtual = clocks_result("virtual", "blame-crash");
    json_t *const live = clocks_result("live", "blame-crash");

    cr_expect_float_eq(for_worker_3(first_run(virtual)), 0.67, 0.01);
    cr_expect_float_eq(blamed_of(first_run(virtual), "peer_gone"), 0.67, 0.01);
    /* live, a host that takes a core away makes all of a ring wait for its worker, each time it does */
    const double stolen = 3 * clocks_number(first_run(live), "stolen_share");
    cr_expect_float_eq(for_worker_3(first_run(live)), 0.67, 0.05 + stolen);
    cr_expect_float_eq(blamed_of(first_run(live), "peer_gone"), 0.67, 0.05 + stolen);
    json_decref(virtual);
    json_decref(live);
}

/* ------------------------------------------------------------------------------------------------------- books */

/** Waits that somebody is blamed for are the waits of the worker's parts, for each worker. */
static void expect_equal_waits(const char *clock, const char *name)
{
    json_t *const result = clocks_result(clock, name);
    size_t i, k;
    json_t *run, *worker, *wait;
    const char *kind;
    json_array_foreach(json_object_get(result, "runs"), i, run)
    {
        json_array_foreach(json_object_get(run, "per_worker"), k, worker)
        {
            double blamed_ns = 0;
            json_object_foreach(json_object_get(worker, "waits_ns"), kind, wait) blamed_ns +=
                json_number_value(wait);
            const double waited_ns = clocks_number(worker, "parts_ns.wait");
            cr_expect_float_eq(blamed_ns, waited_ns, 1000.0 + 1e-6 * waited_ns,
                               "%s %s, run %zu, worker %zu: %g ns blamed, %g ns waited", clock,
                               name, i, k, blamed_ns, waited_ns);
        }
    }
    json_decref(result);
}

Test(faults, of_who_comes_back_are_waited_for_as_long_as_is_booked)
{
    cr_expect_eq(clocks_run("virtual", "gallery/crash-rejoin", "seeds=1"), 0);
    expect_equal_waits("virtual", "gallery/crash-rejoin");
    const int code = clocks_run("live", "gallery/crash-rejoin", "seeds=1");
    cr_expect(code == 0 || code == 4, "ended with %d", code); /* 4: its claim, on a busy host */
    expect_equal_waits("live", "gallery/crash-rejoin");
}

Test(faults, a_pause_on_a_shared_core_is_booked_once)
{
    cr_expect_eq(clocks_run("live", "pause-cooperative", "seeds=4"), 0);
    every_run_ends_whole("live", "pause-cooperative");
    cr_expect_eq(clocks_run("virtual", "pause-cooperative", "seeds=4"), 0);
    every_run_ends_whole("virtual", "pause-cooperative");
}

/**
 * Nobody waits for room in a channel, and whoever is there makes twice as many iterations as who is not: on a host that leaves
 * them their cores, for else all seem silent.
 */
static void expect_others_go_on(const char *clock, double stolen_max)
{
    json_t *const result = clocks_result(clock, "pause-evict");
    const json_t *const run = first_run(result);
    const json_t *const workers = json_object_get(run, "per_worker");
    const double paused = clocks_number(json_array_get(workers, 3), "iterations");
    cr_expect_eq(clocks_number(run, "full_waits"), 0.0, "%s", clock);
    const json_t *const stolen = json_object_get(run, "stolen_share");
    const bool quiet = json_is_null(stolen) || json_number_value(stolen) < stolen_max;
    for (size_t w = 0; w < 3 && quiet; w++) {
        const double its = clocks_number(json_array_get(workers, w), "iterations");
        cr_expect_gt(its, 2 * paused, "%s, worker %zu: %g, the paused one %g", clock, w, its,
                     paused);
    }
    json_decref(result);
}

Test(faults, a_pause_holds_up_nobody_who_evicts)
{
    cr_assert_eq(clocks_run("virtual", "pause-evict", NULL), 0);
    cr_assert_eq(clocks_run("live", "pause-evict", NULL), 0);
    expect_others_go_on("virtual", 1.0);
    expect_others_go_on("live", 0.02);
}
