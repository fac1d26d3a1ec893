/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/record/hlog.h"
#include "harness/record/hlog_read.h"
#include "harness/record/results_json.h"
#include "harness/record/results_runs.h"

#define DOCUMENT(more, runs) \
    "{\"schema\": 3, \"profile\": \"p\", \"id\": \"1-ab\", " more ", \"runs\": [" runs "]}"
#define RUN(more)                                                                             \
    "{\"policy\": \"dsgd\", \"seed\": 1, \"workers\": 2, \"duration_s\": 1, \"iterations\": " \
    "4" more "}"
#define COMPLETE "\"complete\": true"

Test(results_runs, reads_what_figures_draw)
{
    struct results_runs all;
    struct err err = {.text = ""};
    const char *const text = DOCUMENT(
        COMPLETE,
        RUN(", \"sweep\": {\"key\": \"k\", \"value\": \"5%\"}, \"parts_ns\": {\"wait\": 7}, "
            "\"points\": [{\"time_s\": 0}, {\"time_s\": 2, \"train_loss_mean_model\": 0.5}], "
            "\"wait_matrix\": [[1, 0, 0.25], [null, 1, 0]], \"staleness\": {\"p50\": 3, \"n\": "
            "9}"));

    cr_assert_eq(results_runs_read_text(text, "result.json", &all, &err), 0, "%s", err.text);

    const struct results_run *const run = &all.run[0];
    cr_expect_str_eq(all.key, "k");
    cr_expect_str_eq(run->value, "5%");
    cr_expect_eq(run->part_ns[PART_WAIT], 7);
    cr_expect(isnan(run->part_ns[PART_MIX]), "what is not there is no 0");
    cr_expect_eq(run->point_count, 2u);
    cr_expect_eq(run->point[1].train_loss_mean_model, 0.5);
    cr_expect(isnan(run->point[0].train_loss_mean_model));
    cr_expect_eq(run->edges, 2u);
    cr_expect_eq(run->edge[0].ns, 250000000u);
    cr_expect_eq(run->edge[1].receiver, RECORD_EVERYBODY);
    cr_expect_eq(run->series[SERIES_STALENESS].p50, 3);
    results_runs_free(&all);
}

Test(results_runs, says_what_is_wrong_and_where)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"{\"schema\": 3, \"complete\": tr", "result.json:1:"},
        {DOCUMENT("\"complete\": false", ""), "is half-written"},
        {DOCUMENT(COMPLETE, RUN(", \"points\": [{\"time_s\": 2}, {\"time_s\": 1}]")),
         "runs[0].points: expected times in s that do not fall"},
        {DOCUMENT(COMPLETE, RUN("") ", " RUN(", \"wait_matrix\": [[2, 0, 1]]")),
         "runs[1].wait_matrix: expected [worker or null, worker, seconds]"},
        {DOCUMENT(COMPLETE, RUN(", \"wait_matrix\": [[0, 1, -1]]")), "runs[0].wait_matrix"},
        {DOCUMENT(COMPLETE, RUN(", \"parts_ns\": {\"mix\": \"x\"}")),
         "runs[0].mix: expected a number"},
        {DOCUMENT(COMPLETE ", \"summary\": [{\"policy\": 1}]", ""),
         "summary[0].policy: expected a text"},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct results_runs all;
        struct err err = {.text = ""};

        cr_expect_eq(results_runs_read_text(cases[i].text, "result.json", &all, &err), -EINVAL,
                     "case %u", i);

        cr_expect(strstr(err.text, cases[i].complaint), "case %u: %s", i, err.text);
        results_runs_free(&all);
    }
}

Test(results_runs, draws_what_an_interrupted_matrix_left)
{
    struct results_runs all;

    cr_assert_eq(
        results_runs_read_text(DOCUMENT("\"complete\": false, \"interrupted\": true", RUN("")),
                               "result.json", &all, NULL),
        0);

    cr_expect(all.interrupted);
    cr_expect_eq(all.count, 1u);
    results_runs_free(&all);
}

/* tests/results/schema-N.json: written by a dawdle of that time. */
Test(results_runs, reads_results_of_every_older_schema)
{
    for (uint32_t version = 1; version < RESULTS_SCHEMA; version++) {
        static char text[1 << 16];
        char path[512];
        struct results_runs all;
        struct err err = {.text = ""};
        snprintf(path, sizeof(path), "%s/tests/results/schema-%u.json", getenv("DAWDLE_SOURCE"),
                 version);
        FILE *const file = fopen(path, "r");
        cr_assert(file, "%s", path);
        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
        fclose(file);

        cr_assert_eq(results_runs_read_text(text, path, &all, &err), 0, "%s", err.text);

        cr_expect_eq(all.count, 2u);
        cr_expect_gt(all.run[0].point_count, 0u);
        cr_expect_gt(all.run[0].part_ns[PART_COMPUTE], 0);
        cr_expect(isnan(all.run[1].series[SERIES_STALENESS].p50), "it meant something else then");
        results_runs_free(&all);
    }
}

static struct hist *pick_wanted(void *context, const char *tag)
{
    return strcmp(tag, "wanted_one/x") == 0 ? context : NULL;
}

static char path[600];

/* A log with these lines behind two histograms of one tag and one of another. */
static void write_log(const char *more)
{
    struct hist *const hist = calloc(1, sizeof(*hist));
    struct hlog log;
    const char *const base = getenv("DAWDLE_TEST_TMP");
    snprintf(path, sizeof(path), "%s/hlog-read-%d", base ? base : "/tmp", (int)getpid());
    FILE *const file = fopen(path, "w");
    hist_reset(hist);
    hist_record(hist, 5);
    cr_assert_eq(hlog_open(&log, file, 0, NULL), 0);
    hlog_write(&log, "wanted one/x", 0, 1, hist);
    hlog_write(&log, "other", 0, 1, hist);
    hist_record(hist, 70);
    hlog_write(&log, "wanted one/x", 0, 1, hist);
    fputs(more, file);
    hlog_close(&log);
    fclose(file);
    free(hist);
}

Test(hlog_read, adds_up_the_histograms_that_are_wanted)
{
    struct hist *const sum = calloc(1, sizeof(*sum));
    struct err err = {.text = ""};
    hist_reset(sum);
    write_log("# a remark\n1.0,2.0,3.0,HISTF\nTag=other,0,0,0,damaged, but not looked at\n");

    cr_expect_eq(hlog_read(path, pick_wanted, sum, &err), 0, "%s", err.text);

    cr_expect_eq(sum->total, 3u);
    cr_expect_eq(sum->count[5], 2u);
    cr_expect_eq(sum->max, 70u);
    unlink(path);
    free(sum);
}

Test(hlog_read, names_the_line_that_is_damaged)
{
    static const struct {
        const char *more, *complaint;
    } cases[] = {
        {"Tag=wanted_one/x,0,0,0,HISTFAAAA\n", ":8: not a compressed HdrHistogram V2 payload"},
        {"Tag=wanted_one/x,0,0\n", ":8: expected five fields after Tag="},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hist *const sum = calloc(1, sizeof(*sum));
        struct err err = {.text = ""};
        hist_reset(sum);
        write_log(cases[i].more);

        cr_expect_eq(hlog_read(path, pick_wanted, sum, &err), -EINVAL, "case %u", i);

        cr_expect(strstr(err.text, cases[i].complaint), "case %u: %s", i, err.text);
        unlink(path);
        free(sum);
    }
}

Test(hlog_read, tells_a_missing_file_from_a_damaged_one)
{
    cr_expect_eq(hlog_read("/no/such/file", pick_wanted, NULL, NULL), 1);
}
