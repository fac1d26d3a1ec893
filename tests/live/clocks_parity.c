/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every fault and every kind of bad link, on both clocks: what happened must be the same, and where the time went must agree
 * within what a host adds. Four workers on a ring, the third neighbour is the one that is disturbed.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/live/support_clocks.h"

TestSuite(parity, .init = clocks_enter, .fini = clocks_leave, .timeout = 240);

#define VICTIM 3u
#define WORKERS 4u

/*
 * Live, a worker serves others' messages and polls beside its own work: 2 to 3 points of each share on an idle host, where
 * disturbances make 20 to 40.
 */
#define POINTS_OF_A_PART 0.1
#define POINTS_OF_A_WAIT 0.15
#define WAITS_MATTER 0.1 /* of all time; below it is the host that is waited for */

static const char *write_profile(const char *disturbed)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/parity.yaml", clocks_folder());
    FILE *const file = fopen(path, "w");
    cr_assert(file);
    fprintf(
        file,
        "name: parity\nseeds: [1]\nworkers: {count: %u, graph: ring}\n"
        "data: {format: synthetic, samples: 2000, features: 16, classes: 4}\n"
        "model: {kind: softmax}\n"
        "train: {batch: 8, lr: 0.1, decay: {every: 25%%, factor: 0.5}}\n"
        "compute: {base: 2ms, jitter: none}\npolicies: [dsgd, adpsgd]\n%s\nstop: {time: 500ms}\n"
        "judge: {points: 7}\n",
        WORKERS, disturbed);
    fclose(file);
    return path;
}

/** Of a worker's time, what was `part`. */
static double share_of(const json_t *run, size_t worker, const char *part)
{
    const json_t *const its = json_array_get(json_object_get(run, "per_worker"), worker);
    const double total_ns = clocks_number(its, "total_ns");
    char path[32];
    snprintf(path, sizeof(path), "parts_ns.%s", part);
    return total_ns > 0 ? clocks_number(its, path) / total_ns : 0;
}

/** Of all waiting, that for the victim. */
static double for_victim(const json_t *run)
{
    size_t i;
    json_t *entry;
    double all = 0, its = 0;
    json_array_foreach(json_object_get(run, "wait_matrix"), i, entry)
    {
        const double s = json_number_value(json_array_get(entry, 2));
        all += s;
        its += json_integer_value(json_array_get(entry, 1)) == VICTIM ? s : 0;
    }
    return all > 0 ? its / all : 0;
}

static void expect_near(const char *what, double live, double virtual, double apart)
{
    cr_expect_leq(fabs(live - virtual), apart, "%s: %.3f live, %.3f virtual, more than %.3f apart",
                  what, live, virtual, apart);
}

static void expect_same_events(const json_t *live, const json_t *virtual)
{
    static const char *const exact[] = {
        "crashes", "returns", "loans", "exact_superseded", "tensors_unexplained", "incomplete"};
    size_t i;
    json_t *was;
    for (i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
        cr_expect_eq(clocks_number(live, exact[i]), clocks_number(virtual, exact[i]), "%s",
                     exact[i]);
    const json_t *const faults = json_object_get(live, "faults");
    cr_expect_eq(json_array_size(faults), json_array_size(json_object_get(virtual, "faults")));
    json_array_foreach(json_object_get(virtual, "faults"), i, was)
    {
        const json_t *const is = json_array_get(faults, i);
        cr_expect(json_equal(json_object_get(is, "kind"), json_object_get(was, "kind")));
        cr_expect(json_equal(json_object_get(is, "worker"), json_object_get(was, "worker")));
        cr_expect_eq(json_is_null(json_object_get(is, "back_s")),
                     json_is_null(json_object_get(was, "back_s")));
    }
}

/** As many evaluations, and at each as much of all gradients done. */
static void expect_same_progress(const json_t *live, const json_t *virtual, double apart)
{
    const json_t *const is = json_object_get(live, "points");
    const json_t *const was = json_object_get(virtual, "points");
    const double all_live = clocks_number(live, "gradients");
    const double all_virtual = clocks_number(virtual, "gradients");
    cr_assert_eq(json_array_size(is), json_array_size(was));
    for (size_t i = 0; i < json_array_size(is); i++)
        expect_near("gradients at an evaluation",
                    clocks_number(json_array_get(is, i), "gradients") / all_live,
                    clocks_number(json_array_get(was, i), "gradients") / all_virtual, apart);
}

static void expect_same_shares(const json_t *live, const json_t *virtual, double stolen)
{
    static const char *const part[] = {"load", "compute", "injected", "wait"};
    char what[64];
    for (size_t w = 0; w < WORKERS; w++)
        for (size_t p = 0; p < sizeof(part) / sizeof(part[0]); p++) {
            snprintf(what, sizeof(what), "%s of worker %zu", part[p], w);
            expect_near(what, share_of(live, w, part[p]), share_of(virtual, w, part[p]),
                        POINTS_OF_A_PART + stolen);
        }
}

static void expect_same_waits(const json_t *live, const json_t *virtual, double stolen)
{
    static const char *const why[] = {"wire", "peer_computing", "peer_injected", "peer_held",
                                      "peer_gone"};
    if (clocks_number(virtual, "wait_share") < WAITS_MATTER)
        return;
    expect_near("waits for the victim", for_victim(live), for_victim(virtual),
                POINTS_OF_A_WAIT + stolen);
    for (size_t i = 0; i < sizeof(why) / sizeof(why[0]); i++)
        expect_near(why[i], clocks_number(json_object_get(live, "waits"), why[i]),
                    clocks_number(json_object_get(virtual, "waits"), why[i]),
                    POINTS_OF_A_WAIT + stolen);
}

static void expect_same(const json_t *live, const json_t *virtual, bool in_rounds)
{
    const double stolen = 3 * clocks_number(live, "stolen_share");
    expect_same_events(live, virtual);
    expect_same_progress(live, virtual, POINTS_OF_A_PART + stolen);
    expect_same_shares(live, virtual, stolen);
    if (in_rounds) /* in pairs chance decides who has to wait with whoever waits for the victim */
        expect_same_waits(live, virtual, stolen);
}

/** With rounds, and in pairs. */
static void both_clocks_agree(const char *disturbed)
{
    const char *const profile = write_profile(disturbed);
    cr_assert_eq(clocks_run("virtual", profile, NULL), 0);
    cr_assert_eq(clocks_run("live", profile, NULL), 0);
    json_t *const live = clocks_result("live", "parity");
    json_t *const virtual = clocks_result("virtual", "parity");
    for (size_t i = 0; i < 2; i++)
        expect_same(json_array_get(json_object_get(live, "runs"), i),
                    json_array_get(json_object_get(virtual, "runs"), i), i == 0);
    json_decref(live);
    json_decref(virtual);
}

#define FAULT(text) "faults: [{workers: [3], at: 150ms, " text "}]"
#define LINK(text) "inject: [{what: link, select: {workers: [3]}, link: {edges: out, " text "}}]"
#define LAW(what) \
    "inject: [{what: " what ", select: {workers: [3]}, law: {kind: const, delay: 1ms}}]"

#define CASE(name, disturbed)         \
    Test(parity, of_##name)           \
    {                                 \
        both_clocks_agree(disturbed); \
    }

CASE(a_pause, FAULT("kind: pause, for: 200ms"))
CASE(a_crash, FAULT("kind: crash, notice: 100ms"))
CASE(a_crash_and_return, FAULT("kind: crash, notice: 50ms, restart: 150ms"))
CASE(a_leave, FAULT("kind: leave"))
CASE(a_leave_and_return, FAULT("kind: leave, restart: 150ms"))
CASE(a_join, FAULT("kind: join"))
CASE(a_failing_disk, FAULT("kind: disk, for: 150ms"))
CASE(withheld_slots, FAULT("kind: slots, for: 150ms, keep: 0"))
CASE(a_lossy_link, LINK("loss: 20%, resend: 3ms"))
CASE(a_link_that_doubles_and_reorders, LINK("duplicate: 30%, reorder: 30%, gap: 1ms"))
CASE(a_link_that_damages, LINK("corrupt: 20%, resend: 3ms"))
CASE(a_narrow_link, LINK("rate: 100000B/s, bucket: 256B, queue: 0B"))
CASE(a_flapping_link, LINK("cut: true, up: 40ms, down: 20ms, resend: 1ms"))
CASE(a_slow_link, LAW("link"))
CASE(a_late_publish, LAW("publish"))
CASE(a_slow_worker, LAW("compute"))
CASE(a_slow_disk, "inject: [{what: load, select: {workers: [3]}, law: {kind: const, delay: 4ms}}]")
