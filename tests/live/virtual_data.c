/* SPDX-License-Identifier: BSD-3-Clause */
/* Data of one's own, good and bad, from profile to exit code. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/run/evaluate.h"
#include "harness/run/interrupt.h"
#include "harness/run/runner.h"
#include "harness/run/sweep.h"
#include "tests/live/support_virtual.h"

#define SAMPLES 40u
#define REST                                                                   \
    "workers: {count: 5, graph: ring}\nmodel: softmax\ncompute: {base: 1ms}\n" \
    "policies: [dsgd]\nstop: {time: 10ms}\nseeds: 1\njudge: {points: 3}\n"
#define SYNTHETIC "name: t\nclock: virtual\ndata: {format: synthetic, samples: 1000}\n" REST

TestSuite(virtual_data, .init = virtual_enter, .fini = virtual_leave, .timeout = 120);

static const char *folder(void)
{
    return getenv("XDG_CACHE_HOME");
}

static void write_npy(const char *name, const char *descr, const char *shape, const void *values,
                      size_t bytes)
{
    char path[512], head[129];
    snprintf(path, sizeof(path), "%s/%s", folder(), name);
    FILE *const file = fopen(path, "w");
    cr_assert(file);
    const int used = snprintf(
        head, sizeof(head), "%cNUMPY%c%c%c%c{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
        0x93, 1, 0, 0x76, 0, descr, shape);
    memset(head + used, ' ', 128 - (size_t)used);
    head[127] = '\n';
    cr_assert_eq(fwrite(head, 1, 128, file), 128);
    cr_assert_eq(fwrite(values, 1, bytes, file), bytes);
    fclose(file);
}

/* Doubles, four features; labels 0 1 0 1 … but `low` of them are taken as classes from `low` on. */
static void write_data(const char *descr, double fifth, uint8_t low)
{
    double wide[SAMPLES][4];
    float narrow[SAMPLES][4];
    uint8_t label[SAMPLES];
    for (uint32_t s = 0; s < SAMPLES; s++) {
        label[s] = (uint8_t)(s % 2 + low);
        for (uint32_t f = 0; f < 4; f++) {
            wide[s][f] = s == 5 && f == 2 ? fifth : (s % 2 ? 1.0 : -1.0) * (f + 1);
            narrow[s][f] = (float)wide[s][f];
        }
    }
    if (!strcmp(descr, "<f8"))
        write_npy("X.npy", descr, "(40, 4)", wide, sizeof(wide));
    else
        write_npy("X.npy", descr, "(40, 4)", narrow, sizeof(narrow));
    write_npy("y.npy", "|u1", "(40,)", label, sizeof(label));
}

static const char *profile(const char *more)
{
    static char yaml[2048];
    snprintf(yaml, sizeof(yaml), "name: t\nclock: virtual\ndata: {format: npy, path: %s%s}\n%s",
             folder(), more, REST);
    return yaml;
}

static void expect_refused(const char *command, const char *yaml, int code, const char *piece)
{
    cr_expect_eq(virtual_command(command, yaml, 0), code, "%s %s", command, yaml);
    char *const said = virtual_errors();
    cr_expect_not_null(strstr(said, piece), "expected: %s\n%s", piece, said);
    cr_expect_not(virtual_has_results());
    free(said);
}

Test(virtual_data, learn_from_doubles_as_from_floats)
{
    write_data("<f4", 1, 0);
    json_t *const floats = virtual_run(profile(""), 1);
    write_data("<f8", 1, 0);
    json_t *const doubles = virtual_run(profile(""), 1);

    const json_t *const one = json_object_get(virtual_of(floats, 0), "points");
    cr_expect(one && json_equal(one, json_object_get(virtual_of(doubles, 0), "points")));
    json_decref(floats);
    json_decref(doubles);
}

Test(virtual_data, that_are_not_finite_are_refused_before_anything_starts)
{
    static const char *const command[] = {"run", "sim", "tune"};
    static const char *const type[] = {"<f4", "<f8"};
    for (uint32_t t = 0; t < 2; t++) {
        write_data(type[t], (double)NAN, 0);
        for (uint32_t c = 0; c < 3; c++)
            expect_refused(command[c], profile(""), 2, "X.npy: sample 5, feature 2 is nan");
    }
}

Test(virtual_data, name_the_class_that_nobody_has)
{
    write_data("<f4", 1, 1);
    expect_refused("run", profile(""), 2, "y.npy: class 0 has no samples: the labels run from 1");
    expect_refused("run", profile(", classes: 5, shards: {kind: labels, per_worker: 1}"), 2,
                   "some would get none; ");

    cr_expect_eq(virtual_command("run", profile(", classes: 3"), 0), 0);
    char *const said = virtual_errors();
    cr_expect_not_null(strstr(said, "dawdle: warning: "), "%s", said);
    cr_expect_not_null(strstr(said, "y.npy: class 0 of 3 has no samples\n"), "%s", said);
    free(said);
}

static bool has_cache(void)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/dawdle", folder());
    return access(path, F_OK) == 0;
}

Test(virtual_data, are_not_made_by_a_dry_run)
{
    char *const said = virtual_dry_run(SYNTHETIC);
    cr_expect_not_null(strstr(said, "policies x"), "%s", said);
    cr_expect_not(has_cache());
    free(said);
    write_data("<f8", 1, 0);
    free(virtual_dry_run(profile("")));
    cr_expect_not(has_cache());
}

Test(virtual_data, that_the_disk_has_no_room_for_are_refused)
{
    expect_refused("run",
                   "name: t\nclock: virtual\n"
                   "data: {format: synthetic, samples: 1000000000, features: 65536}\n" REST,
                   3, "error: synthetic data: needs 238 TiB in the cache folder ");
}

Test(virtual_data, interrupted_in_the_making_leave_nothing)
{
    char path[512];
    atomic_store(&interrupt_flag, 1);
    expect_refused("run", SYNTHETIC, 5, "synthetic data: interrupted while making it");
    snprintf(path, sizeof(path), "%s/dawdle", folder());
    cr_expect_eq(rmdir(path), 0, "the cache is empty");
}

/* From the plan on, the file must stay what it was. */
Test(virtual_data, changed_between_plan_and_end_fail_the_run)
{
    char path[512];
    struct sweep sweep = {0};
    struct profile_errors errors = {0};
    struct err err = {{0}};
    struct cell cell;
    struct evaluation_data judged = {0};
    struct runner runner;
    struct record_run *const run = calloc(1, sizeof(*run));
    write_data("<f4", 1, 0);
    cr_assert_eq(virtual_command("run", profile(""), 0), 0); /* writes the profile */
    snprintf(path, sizeof(path), "%s/t.yaml", folder());
    cr_assert_eq(sweep_load(&sweep, path, NULL, 0, &errors), 0);
    cr_assert_eq(sweep_plan(&sweep, NULL, NULL, PLAN_RUN, &err), 0, "%s", err.text);
    cr_assert_eq(runner_open(&runner, NULL, &sweep.plan[0], 1, NULL, &err), 0);
    cr_assert_eq(cell_open(&cell, &sweep.plan[0].common, 0, 0, &err), 0);
    cr_assert_eq(evaluation_data_open(&judged, &cell, &err), 0);

    write_data("<f4", 2, 0);
    cr_expect_eq(runner_execute(&runner, &cell, &judged, run, &err), -ESTALE);
    cr_expect_not_null(strstr(err.text, "X.npy: was changed while it was in use"), "%s", err.text);

    evaluation_data_close(&judged);
    cell_close(&cell);
    runner_close(&runner);
    sweep_close(&sweep);
    free(run);
}
