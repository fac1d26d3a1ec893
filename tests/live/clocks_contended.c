/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Eight workers on two cores, beside a program that is always busy: what the live run measured of its host is given to a
 * virtual run, which must come as far and spend its time on the same.
 *
 * Two things are not compared. Live, what a stranger had of a core is `held` for those workers that waited for another one of
 * their core and `rest` for that one, where the virtual run says `rest` of both: the sum is. And whom they waited for: live
 * a wait ends when its message is sent, in virtual time when the core is back to see it.
 */
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/live/support_clocks.h"

TestSuite(contended, .init = clocks_enter, .fini = clocks_leave, .timeout = 240);

#define CORES 2
#define POINTS_OF_A_PART 0.1
#define SHARE_OF_GRADIENTS 0.15
#define BUSY_AT_LEAST \
    0.1 /* of the cores' time, that the other program had: a core of its own would be a half */

/** This process, and whatever it starts, has so many of its cores. */
static void keep_cores(int most)
{
    cpu_set_t all, few;
    cr_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
    CPU_ZERO(&few);
    for (int core = 0; core < CPU_SETSIZE && CPU_COUNT(&few) < most; core++)
        if (CPU_ISSET((size_t)core, &all))
            CPU_SET((size_t)core, &few);
    cr_assert_eq(sched_setaffinity(0, sizeof(few), &few), 0);
}

static pid_t start_busy_program(void)
{
    const pid_t child = fork();
    cr_assert_geq(child, 0);
    while (child == 0)
        ;
    return child;
}

static void stop_busy_program(pid_t child)
{
    cr_expect_eq(kill(child, SIGKILL), 0);
    cr_expect_eq(waitpid(child, NULL, 0), child);
}

static const char *write_profile(void)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/contended.yaml", clocks_folder());
    FILE *const file = fopen(path, "w");
    cr_assert(file);
    fputs("name: contended\nseeds: [1]\nworkers: {count: 8, graph: ring}\n"
          "data: {format: synthetic, samples: 2000, features: 16, classes: 4}\n"
          "model: {kind: softmax}\ntrain: {batch: 8, lr: 0.1}\n"
          "compute: {base: 2ms, jitter: none}\npolicies: [dsgd, adpsgd]\nstop: {time: 1s}\n"
          "judge: {points: 7}\n",
          file);
    fclose(file);
    return path;
}

static double share(const json_t *run, const char *part)
{
    char path[32];
    snprintf(path, sizeof(path), "parts_ns.%s", part);
    return clocks_number(run, path) / clocks_number(run, "total_ns");
}

static void expect_near(const char *what, double live, double virtual, double apart)
{
    cr_expect_leq(fabs(live - virtual), apart, "%s: %.3f live, %.3f virtual, more than %.3f apart",
                  what, live, virtual, apart);
}

static void expect_same(const json_t *live, const json_t *virtual)
{
    static const char *const part[] = {"load", "compute", "injected", "publish", "mix", "wait"};
    static const char *const none[] = {"loans", "exact_superseded", "tensors_unexplained",
                                       "control_unexplained", "incomplete"};
    for (size_t p = 0; p < sizeof(part) / sizeof(part[0]); p++)
        expect_near(part[p], share(live, part[p]), share(virtual, part[p]), POINTS_OF_A_PART);
    expect_near("held and rest", share(live, "held") + share(live, "rest"),
                share(virtual, "held") + share(virtual, "rest"), POINTS_OF_A_PART);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        cr_expect_eq(clocks_number(live, none[i]), 0, "%s", none[i]);
        cr_expect_eq(clocks_number(virtual, none[i]), 0, "%s", none[i]);
    }
    const double all_live = clocks_number(live, "gradients");
    const double all_virtual = clocks_number(virtual, "gradients");
    expect_near("gradients", all_live / all_virtual, 1, SHARE_OF_GRADIENTS);
    const json_t *const is = json_object_get(live, "points");
    const json_t *const was = json_object_get(virtual, "points");
    cr_assert_eq(json_array_size(is), json_array_size(was));
    for (size_t i = 0; i < json_array_size(is); i++)
        expect_near("gradients at an evaluation",
                    clocks_number(json_array_get(is, i), "gradients") / all_live,
                    clocks_number(json_array_get(was, i), "gradients") / all_virtual,
                    POINTS_OF_A_PART);
}

Test(contended, a_host_is_imitated_as_it_was)
{
    const char *const profile = write_profile();
    keep_cores(CORES);
    const pid_t busy = start_busy_program();
    const int code = clocks_run("live", profile, NULL);
    stop_busy_program(busy);
    cr_assert_eq(code, 0);
    cr_assert_eq(clocks_twin(profile, "contended"), 0);
    json_t *const live = clocks_result("live", "contended");
    json_t *const virtual = clocks_result("virtual", "contended");
    for (size_t i = 0; i < 2; i++) {
        const json_t *const run = json_array_get(json_object_get(live, "runs"), i);
        cr_expect_geq(clocks_number(run, "stolen_share"), BUSY_AT_LEAST);
        expect_same(run, json_array_get(json_object_get(virtual, "runs"), i));
    }
    json_decref(live);
    json_decref(virtual);
}
