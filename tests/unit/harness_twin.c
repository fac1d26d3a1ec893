/* SPDX-License-Identifier: BSD-3-Clause */
/* Calibrating on a result.json, and comparing two: arithmetic on hand-written files, and every reason to refuse. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/record/results_csv.h"
#include "harness/record/results_json.h"
#include "harness/record/results_read.h"
#include "harness/twin/calibrate.h"
#include "harness/twin/compare.h"
#include "harness/twin/gradients.h"
#include "harness/twin/stolen.h"

#define PARTS(injected)                                                               \
    "\"parts_ns\": {\"load\": 1, \"compute\": 4000000, \"injected\": " injected       \
    ", \"publish\": 5000, \"wait\": 9000, \"mix\": 2000, \"judge\": 0, \"held\": 0, " \
    "\"rest\": 1}, "
#define COSTS(gradient, apply, send, mix, load, rest)                                  \
    "\"costs_ns\": {\"gradient\": " gradient ", \"apply\": " apply ", \"send\": " send \
    ", \"mix\": " mix ", \"load\": " load ", \"rest\": " rest "}, "
#define STOLEN(share) "\"stolen_share\": " share ", \"stolen_logged\": 2, "
#define RUN(policy, clock, workers, gradients, sent, handle)                                     \
    "{\"policy\": \"" policy "\", \"seed\": 1, \"clock\": \"" clock "\", \"drained\": true, "    \
    "\"workers\": " workers ", \"duration_s\": 2.0, \"gradients\": " gradients                   \
    ", \"iterations\": " gradients ", \"tensors_sent\": " sent ", \"wait_share\": 0.25, "        \
    "\"core_busy_share\": 0.1, \"handle_ns\": {\"p50\": " handle "}, \"target_reached\": null, " \
    "\"time_to_target_s\": null, \"total_ns\": 16000000000, "
#define CORES4 "\"per_worker\": [{\"core\": 5}, {\"core\": 2}, {\"core\": 5}, {\"core\": 2}]}"
#define DOCUMENT_HEAD "{\"schema\": 1, \"complete\": true, \"runs\": ["
#define DOCUMENT(runs) DOCUMENT_HEAD runs "]}"
/* 100 iterations: 10 us of loading and 40 us unexplained each, two workers on a core */
#define GOOD_BUT(stolen)                          \
    RUN("dsgd", "live", "4", "100", "300", "800") \
    PARTS("0") COSTS("150000", "2000", "100", "700", "10000", "40000") STOLEN(stolen) CORES4
#define GOOD GOOD_BUT("0.005")
/* As newer results have it: gradients in slices of 40 us. */
#define SLICED                                                                           \
    RUN("dsgd", "live", "4", "100", "300", "800")                                        \
    PARTS("0")                                                                           \
    "\"costs_ns\": {\"gradient\": 150000, \"slice\": 37500, \"apply\": 1, \"send\": 1, " \
    "\"mix\": 1, \"load\": 1, \"rest\": 1}, " STOLEN("0") CORES4

static struct results_read parse(const char *text)
{
    struct results_read run = {.dir = ""};
    struct err err = {.text = ""};
    cr_assert_eq(results_read_text(text, "result.json", &run, &err), 0, "%s", err.text);
    snprintf(run.dir, sizeof(run.dir), "runs/x");
    return run;
}

static bool has_set(const struct calibration *calibration, const char *set)
{
    for (uint32_t i = 0; i < calibration->sets; i++)
        if (strcmp(calibration->set[i], set) == 0)
            return true;
    return false;
}

static struct calibration calibrated(const char *text)
{
    struct results_read run = parse(text);
    struct calibration found;
    struct err err = {.text = ""};
    cr_assert_eq(calibrate(&run, &found, &err), 0, "%s", err.text);
    results_read_free(&run);
    return found;
}

/* ---- calibration ---- */

Test(twin, takes_costs_latency_and_cores_from_a_run)
{
    const struct calibration found = calibrated(DOCUMENT(GOOD));

    cr_expect_eq(found.cores, 2u);
    cr_expect(has_set(&found, "costs.iteration=30000ns"), "10 us, and 40 us for two at once");
    cr_expect(has_set(&found, "costs.apply=2000ns"));
    cr_expect(has_set(&found, "costs.send=100ns"));
    cr_expect(has_set(&found, "costs.mix=700ns"));
    cr_expect(has_set(&found, "links.latency=800ns"));
    cr_expect(has_set(&found, "workers.cores=2"));
    cr_expect(has_set(&found, "compute.core=150000ns"));
}

Test(twin, gives_workers_that_had_cores_of_their_own_each_one)
{
    const struct calibration found =
        calibrated(DOCUMENT(RUN("dsgd", "live", "2", "100", "300", "800") PARTS("0")
                                COSTS("150000", "2000", "100", "700", "10000", "40000")
                                    STOLEN("0") "\"per_worker\": [{\"core\": 1}, {\"core\": 3}]}"));

    cr_expect_eq(found.cores, 0u);
    cr_expect(has_set(&found, "workers.cores=0"));
    cr_expect(has_set(&found, "costs.iteration=50000ns"), "nothing is shared");
    cr_expect_eq(found.sets, 7u, "compute.core and costs.read would say nothing");
}

Test(twin, takes_over_in_what_slices_gradients_are_computed)
{
    const struct calibration found = calibrated(DOCUMENT(SLICED));

    cr_expect(has_set(&found, "compute.slice=37500ns"));
    cr_expect_not(has_set(&(struct calibration){0}, "compute.slice=37500ns"));
}

/* 100 gradients and 300 messages: 400 events of 5 us, of the 40 us that nothing else explained of each iteration. */
#define EVENTS(delivered)                                                                       \
    RUN("dsgd", "live", "4", "100", "300", "800")                                               \
    PARTS("0")                                                                                  \
    "\"tensors_delivered\": " delivered ", \"control_delivered\": 100, "                        \
    "\"costs_ns\": {\"gradient\": 150000, \"slice\": 37500, \"apply\": 1, \"send\": 1, "        \
    "\"mix\": 1, \"load\": 10000, \"rest\": 40000, \"event\": 5000, \"read\": 20000}, " STOLEN( \
        "0") CORES4

Test(twin, takes_events_and_reading_for_costs_of_their_own)
{
    const struct calibration found = calibrated(DOCUMENT(EVENTS("200")));
    const struct calibration busy = calibrated(DOCUMENT(EVENTS("2000")));

    cr_expect(has_set(&found, "costs.event=5000ns"));
    cr_expect(has_set(&found, "costs.read=20000ns"));
    cr_expect(has_set(&found, "costs.iteration=20000ns"), "10 us, and 20 us for two at once");
    cr_expect(has_set(&busy, "costs.iteration=10000ns"), "events explain all of it");
}

Test(twin, reads_before_a_gradient_that_has_a_core_for_itself)
{
    struct calibration found = {.iteration_ns = 10000, .read_ns = 20000};

    calibrate_base(&found, 151e-6, 0);

    cr_expect(has_set(&found, "costs.iteration=30000ns"));
}

Test(twin, leaves_to_the_user_what_the_user_speaks_of)
{
    const struct calibration found = {
        .set = {"workers.cores=2", "costs.send=100ns", "compute.jitter={kind: lognormal, cv: 5%}"},
        .sets = 3};
    const char *map[8] = {"workers={count: 8, graph: ring}", "compute.jitter.cv=1%"};
    const char *own[8] = {"workers={count: 8, cores: 4}", "costs.send=0", "seeds=[1]"};

    cr_expect_eq(calibrate_fold(&found, map, 2), 4u, "all but the jitter");
    cr_expect_str_eq(map[2], "workers.cores=2", "behind the map that would take it back");
    cr_expect_str_eq(map[3], "costs.send=100ns");
    cr_expect_eq(calibrate_fold(&found, own, 3), 4u);
    cr_expect_str_eq(own[3], "compute.jitter={kind: lognormal, cv: 5%}");
}

/* 100 gradients of 36 ms on two cores for 2 s: they compute nine tenths of the time. */
#define BUSY                                                                               \
    RUN("dsgd", "live", "4", "100", "300", "30000")                                        \
    PARTS("0")                                                                             \
    "\"costs_ns\": {\"gradient\": 36000000, \"slice\": 45000, \"apply\": 1, \"send\": 1, " \
    "\"mix\": 1, \"load\": 1, \"rest\": 1}, " STOLEN("0") CORES4

Test(twin, takes_the_wait_for_a_slice_out_of_the_latency)
{
    const struct calibration found = calibrated(DOCUMENT(BUSY));

    cr_expect(has_set(&found, "links.latency=10000ns"), "30 us, less 4/9 of a slice");
}

Test(twin, averages_runs_by_what_they_counted)
{
    const struct calibration found =
        calibrated(DOCUMENT(GOOD "," RUN("aau", "live", "4", "300", "100", "null") PARTS("0") COSTS(
            "50000", "6000", "500", "0", "0", "30000") STOLEN("0") CORES4));

    cr_expect_str_eq(found.policies, "dsgd, aau");
    cr_expect(has_set(&found, "compute.core=75000ns"), "100 gradients of 150 us, 300 of 50 us");
    cr_expect(has_set(&found, "costs.apply=5000ns"));
    cr_expect(has_set(&found, "costs.send=200ns"), "300 messages of 100 ns, 100 of 500 ns");
    cr_expect(has_set(&found, "costs.mix=700ns"), "the second run averaged nothing");
    cr_expect(has_set(&found, "links.latency=800ns"), "the second run has no latency");
    cr_expect(has_set(&found, "costs.iteration=18750ns"), "2.5 us, and 32.5 us for two at once");
}

Test(twin, takes_nothing_for_a_cost_that_others_caused)
{
    const struct calibration found = calibrated(DOCUMENT(GOOD_BUT("0.05")));

    cr_expect_float_eq(found.stolen_share, 0.05, 1e-12);
    cr_expect(has_set(&found, "costs.iteration=10000ns"), "what is unexplained was stolen");
}

Test(twin, takes_the_real_gradient_for_the_base_where_nothing_was_emulated)
{
    struct calibration found = calibrated(DOCUMENT(GOOD));

    calibrate_base(&found, 151e-6, 0.125);

    cr_expect_eq(found.base_ns, 151000u);
    cr_expect(has_set(&found, "compute.base=151000ns"));
    cr_expect(has_set(&found, "compute.core=151000ns"));
    cr_expect(has_set(&found, "compute.jitter={kind: lognormal, cv: 12.5000%}"));
}

Test(twin, refuses_runs_that_say_nothing_about_a_live_host)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"{\"schema\": 1, \"complete\": false, \"runs\": [" GOOD "]}", "runs/x is incomplete"},
        {"{\"schema\": 1, \"complete\": true, \"runs\": []}", "runs/x is incomplete"},
        {DOCUMENT(RUN("dsgd", "virtual", "4", "100", "300", "800") PARTS("0") CORES4),
         "runs/x is a simulation"},
        {DOCUMENT(RUN("dsgd", "live", "4", "100", "300", "800") PARTS("5000")
                      COSTS("1", "1", "1", "1", "1", "1") STOLEN("0") CORES4),
         "dsgd seed 1 has stragglers"},
        {DOCUMENT(RUN("dsgd", "live", "4", "100", "300", "800") PARTS("0") CORES4), "no costs_ns"},
        {DOCUMENT(RUN("dsgd", "live", "4", "0", "300", "800") PARTS("0")
                      COSTS("1", "1", "1", "1", "1", "1") STOLEN("0") CORES4),
         "finished no iteration"},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct results_read run = parse(cases[i].text);
        struct calibration found;
        struct err err = {.text = ""};

        cr_expect_eq(calibrate(&run, &found, &err), -EINVAL, "case %u", i);

        cr_expect(strstr(err.text, cases[i].complaint), "case %u: %s", i, err.text);
        results_read_free(&run);
    }
}

Test(twin, numbers_cores_in_ascending_order)
{
    static const uint32_t os_index[] = {7, 3, 7, 0, 3};
    uint32_t number[5];

    cr_expect_eq(calibrate_cores(os_index, 5, number), 3u);

    const uint32_t expected[] = {2, 1, 2, 0, 1};
    cr_expect_arr_eq(number, expected, sizeof(expected));
}

/* ---- stolen time ---- */

static int steal(const char *text, uint32_t only, const char *document, struct stolen_times *out,
                 struct err *err)
{
    struct results_read run = parse(document);
    char *const copy = strdup(text);
    const int rc = stolen_times_parse(copy, "stolen.csv", &run, only, out, err);
    free(copy);
    results_read_free(&run);
    return rc;
}

static const char two_runs[] =
    DOCUMENT(GOOD "," RUN("aau", "live", "4", "100", "100", "null") PARTS("0")
                 COSTS("1", "1", "1", "1", "1", "1") STOLEN("0") CORES4);
#define STOLEN_HEAD "policy,seed,core,start_ns,length_ns\n"
#define STOLEN_ROWS "dsgd,1,5,700,30\ndsgd,1,2,400,50\naau,1,2,100,10\naau,1,9,100,10\n"

Test(stolen_times, follow_one_another_run_by_run_in_order_of_time)
{
    struct stolen_times times;

    cr_assert_eq(steal(STOLEN_HEAD STOLEN_ROWS, STOLEN_ALL, two_runs, &times, NULL), 0);

    const struct sim_stolen expected[] = {
        {0, 400, 450}, {1, 700, 730}, {0, 2000000100, 2000000110}};
    cr_expect_eq(times.period_ns, 4000000000u);
    cr_assert_eq(times.count, 3u, "core 9 is not one of theirs");
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_eq(times.hole[i].core, expected[i].core);
        cr_expect_eq(times.hole[i].begin_ns, expected[i].begin_ns);
        cr_expect_eq(times.hole[i].end_ns, expected[i].end_ns);
    }
    stolen_times_free(&times);
}

Test(stolen_times, can_be_those_of_one_run)
{
    struct stolen_times times;

    cr_assert_eq(steal(STOLEN_HEAD STOLEN_ROWS, 1, two_runs, &times, NULL), 0);

    cr_expect_eq(times.period_ns, 2000000000u);
    cr_assert_eq(times.count, 1u);
    cr_expect_eq(times.hole[0].begin_ns, 100u);
    stolen_times_free(&times);
}

Test(stolen_times, name_file_and_line_of_what_is_wrong)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"core,start\n", "stolen.csv:1: expected"},
        {STOLEN_HEAD "dsgd,1,5,700\n", "stolen.csv:2: expected"},
        {STOLEN_HEAD "dsgd,1,5,700,30\ndsgd,1,5,-7,30\n", "stolen.csv:3: expected"},
        {STOLEN_HEAD "dsgd,1,5,700,3x\n", "stolen.csv:2: expected"},
        {STOLEN_HEAD "\ndsgd,1,5,700,3\n", "stolen.csv:2: expected"},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stolen_times times;
        struct err err = {.text = ""};

        cr_expect_eq(steal(cases[i].text, STOLEN_ALL, two_runs, &times, &err), -EINVAL, "case %u",
                     i);

        cr_expect(strstr(err.text, cases[i].complaint), "case %u: %s", i, err.text);
    }
}

Test(stolen_times, are_read_as_they_were_written)
{
    const struct record_stolen holes[] = {{2, 100, 10}, {5, 50, 20}};
    const struct record_run run = {
        .policy = "dsgd", .seed = 1, .cores.stolen = holes, .cores.stolen_count = 2};
    struct stolen_times times;
    char *text = NULL;
    size_t bytes = 0;

    FILE *const out = open_memstream(&text, &bytes);
    results_csv_stolen_head(out);
    cr_expect_eq(results_csv_stolen(out, &run), 0);
    fclose(out);

    cr_assert_eq(steal(text, 0, two_runs, &times, NULL), 0);
    cr_assert_eq(times.count, 2u);
    cr_expect_eq(times.hole[0].begin_ns, 50u);
    cr_expect_eq(times.hole[0].core, 1u);
    cr_expect_eq(times.hole[1].end_ns, 110u);
    stolen_times_free(&times);
    free(text);
}

/* ---- reading ---- */

Test(results_read, refuses_what_is_no_result)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"{", "result.json:1:1: "},
        {"[]", "is no result of dawdle"},
        {"{\"runs\": []}", "is no result of dawdle"},
        {"{\"complete\": true, \"runs\": []}", "is no result of dawdle"},
        {"{\"schema\": 1, \"runs\": []}", "is no result of dawdle"},
        {"{\"schema\": 99, \"complete\": true, \"runs\": []}",
         "result.json: is of schema version 99, this program reads versions 1 to "},
        {DOCUMENT("{\"policy\": 3}"), "runs[0].policy: expected a text"},
        {DOCUMENT(GOOD ", {\"policy\": \"x\", \"seed\": 1, \"clock\": \"live\", "
                       "\"drained\": true, \"workers\": 0}"),
         "runs[1].workers: expected 1 to 131072"},
        {DOCUMENT(RUN("dsgd", "live", "3", "100", "300", "800") PARTS("0") CORES4),
         "runs[0].per_worker: expected one element per worker"},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct results_read run;
        struct err err = {.text = ""};

        cr_expect_eq(results_read_text(cases[i].text, "result.json", &run, &err), -EINVAL,
                     "case %u", i);

        cr_expect(strstr(err.text, cases[i].complaint), "case %u: %s", i, err.text);
    }
}

/* tests/results/schema-N.json: written by a dawdle of that time. */
Test(results_read, reads_results_of_every_older_schema)
{
    static char text[1 << 16], path[512];
    for (uint32_t version = 1; version < RESULTS_SCHEMA; version++) {
        snprintf(path, sizeof(path), "%s/tests/results/schema-%u.json", getenv("DAWDLE_SOURCE"),
                 version);
        FILE *const file = fopen(path, "r");
        cr_assert(file, "%s", path);
        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
        fclose(file);

        struct results_read run = parse(text);
        struct calibration found;
        struct err err = {.text = ""};

        cr_expect_eq(run.count, 2u, "%s", path);
        cr_expect_str_eq(run.cell[1].policy, "adpsgd");
        cr_expect_eq(run.cell[0].gradients, 16, "%s", path);
        cr_expect_eq(run.cell[0].workers, 2u, "%s", path);
        cr_expect_gt(run.cell[0].total_ns, 1e6, "%s", path);
        cr_expect_eq(calibrate(&run, &found, &err), 0, "%s: %s", path, err.text);
        results_read_free(&run);
    }
}

Test(results_read, names_the_file_that_is_not_there)
{
    struct results_read run;
    struct err err = {.text = ""};

    cr_expect_lt(results_read("/no/such/run", &run, &err), 0);

    cr_expect(strstr(err.text, "/no/such/run/result.json: No such file"), "%s", err.text);
}

/* ---- comparison ---- */

#define CELL(policy, seed, gradients, wait, reached, target)                                    \
    "{\"policy\": \"" policy "\", \"seed\": " seed ", \"clock\": \"live\", \"drained\": true, " \
    "\"workers\": 4, \"duration_s\": 2.0, \"gradients\": " gradients                            \
    ", \"iterations\": 1, \"tensors_sent\": 1, \"wait_share\": " wait                           \
    ", \"core_busy_share\": 0.1, \"handle_ns\": {\"p50\": 1}, \"target_reached\": " reached     \
    ", \"time_to_target_s\": " target ", \"total_ns\": 1, " PARTS("0") CORES4

static const char measured_text[] =
    DOCUMENT(CELL("dsgd", "1", "1000", "0.20", "true",
                  "1.0") "," CELL("dsgd", "2", "1000", "0.40", "true",
                                  "1.0") "," CELL("aau", "1", "2000", "0", "false", "null"));
static const char predicted_text[] =
    DOCUMENT(CELL("dsgd", "3", "1250", "0.22", "true", "1.5") "," CELL(
        "dsgd", "4", "625", "0.20", "true", "2.5") "," CELL("hop", "3", "1", "0", "null", "null"));
static const char plain_text[] = DOCUMENT(CELL("dsgd", "3", "2000", "0", "null", "null"));

static void open_three(struct compare *compare, struct results_read *measured)
{
    struct results_read predicted = parse(predicted_text), plain = parse(plain_text);
    *measured = parse(measured_text);
    cr_assert_eq(compare_open(compare, &predicted, &plain, measured, NULL), 0);
    results_read_free(&predicted);
    results_read_free(&plain);
}

Test(compare, means_of_a_policy_whatever_the_seeds)
{
    struct results_read measured;
    struct compare compare;

    open_three(&compare, &measured);

    cr_expect_eq(compare.count, 1u);
    cr_expect_eq(compare.only_measured, 1u, "aau was not simulated");
    const struct compare_row *const row = &compare.row[0];
    cr_expect_eq(row->measured, 2u);
    cr_expect_eq(row->predicted, 2u);
    cr_expect_float_eq(row->iteration_s.measured, 0.008, 1e-12, "2 s x 4 workers / 1000");
    cr_expect_float_eq(row->iteration_s.predicted, 0.0096, 1e-12, "of 6.4 and 12.8 ms");
    cr_expect_float_eq(row->iteration_s.error, 0.2, 1e-12);
    cr_expect_float_eq(row->spread, 0.0032 * sqrt(2) / 0.0096, 1e-12);
    cr_expect_float_eq(row->plain_s.error, -0.5, 1e-12);
    cr_expect_float_eq(row->wait_share.predicted, 0.21, 1e-12);
    cr_expect_float_eq(row->wait_share.error, -0.3, 1e-12);
    cr_expect_float_eq(row->target_s.error, 1, 1e-12);
    compare_close(&compare);
    results_read_free(&measured);
}

Test(compare, has_no_time_to_a_target_that_one_run_did_not_reach)
{
    struct results_read measured = parse(measured_text);
    struct results_read predicted =
        parse(DOCUMENT(CELL("dsgd", "3", "1000", "0", "true",
                            "1.5") "," CELL("dsgd", "4", "1000", "0", "false", "null")));
    struct compare compare;

    cr_assert_eq(compare_open(&compare, &predicted, NULL, &measured, NULL), 0);

    cr_expect(isnan(compare.row[0].target_s.predicted));
    cr_expect(isnan(compare.row[0].plain_s.error), "nothing plain was simulated");
    compare_close(&compare);
    results_read_free(&measured);
    results_read_free(&predicted);
}

Test(compare, sums_up_the_absolute_errors)
{
    struct results_read measured = parse(measured_text);
    struct results_read predicted =
        parse(DOCUMENT(CELL("dsgd", "3", "1250", "0.10", "null",
                            "null") "," CELL("aau", "3", "2000", "0.1", "null", "null")));
    struct compare compare;

    cr_assert_eq(compare_open(&compare, &predicted, &predicted, &measured, NULL), 0);

    cr_expect_float_eq(compare.iteration.median, 0.1, 1e-12, "of 0.2 and 0");
    cr_expect_float_eq(compare.iteration.p90, 0.2, 1e-12);
    cr_expect_float_eq(compare.plain.p90, 0.2, 1e-12);
    cr_expect_float_eq(compare.wait_points.p90, 0.2, 1e-12);
    cr_expect_eq(compare.target.n, 0u);
    compare_close(&compare);
    results_read_free(&measured);
    results_read_free(&predicted);
}

/* ---- gradients ---- */

#define ROWS_HEAD "policy,seed,worker,compute_us,mixed_with,own_us\n"

static int gradients_of(const char *rows, uint32_t workers, struct gradients *out, struct err *err)
{
    char text[8192];
    snprintf(text, sizeof(text), "%s", rows);
    return gradients_parse(text, "iterations.csv", workers, out, err);
}

Test(gradients, are_drawn_from_what_each_worker_took)
{
    char text[4096] = ROWS_HEAD;
    struct gradients found;
    for (uint32_t i = 0; i < GRADIENTS_MIN; i++)
        strcat(text, "\"a, b\",1,0,100.0,2,100.0\nx,1,1,300.0,2,300.0\n");
    strcat(text, "x,1,2,500.0,2,500.0\nx,1,1,9000.0,2,9000.0\nx,1,0,1.0,0,\n");

    cr_assert_eq(gradients_of(text, 3, &found, NULL), 0);

    cr_expect_eq(found.sample[0].count, GRADIENTS_MIN, "but for the abandoned one");
    cr_expect_eq(found.sample[1].count, GRADIENTS_MIN,
                 "but for what the kernel made 30 times as long");
    cr_expect_eq(found.sample[2].count, 2 * GRADIENTS_MIN + 1, "too few of its own");
    cr_expect_eq(inject_measured_ns(&found.sample[0], 1, 0, 7), 100000u);
    cr_expect_eq(inject_measured_ns(&found.sample[1], 1, 1, 7), 300000u);
    cr_expect_float_eq(found.mean_s, (20 * 100 + 20 * 300 + 500) / 41.0 * 1e-6, 1e-12);
    gradients_free(&found);
}

Test(gradients, name_file_and_line_of_what_is_wrong)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"policy,seed\n", "iterations.csv:1: expected columns"},
        {ROWS_HEAD, "iterations.csv: no gradient was finished"},
        {ROWS_HEAD "x,1,0,5\n", "iterations.csv:2: expected 6 columns"},
        {ROWS_HEAD "x,1,2,5,1,5\n", "iterations.csv:2: worker '2': expected a number below 2"},
        {ROWS_HEAD "x,1,0,5,1,5\nx,1,0,y,1,5\n", "iterations.csv:3: compute_us 'y'"},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct gradients found;
        struct err err = {.text = ""};

        cr_expect_eq(gradients_of(cases[i].text, 2, &found, &err), -EINVAL, "case %u", i);

        cr_expect(strstr(err.text, cases[i].complaint), "case %u: %s", i, err.text);
    }
}

/* ---- what little there may be ---- */

Test(compare, leaves_out_errors_relative_to_nothing)
{
    struct results_read measured = parse(DOCUMENT(CELL("aau", "1", "2000", "0", "null", "null")));
    struct results_read predicted =
        parse(DOCUMENT(CELL("aau", "1", "1000", "0.1", "null", "null")));
    struct compare compare;
    char *text = NULL;
    size_t bytes = 0;

    cr_assert_eq(compare_open(&compare, &predicted, NULL, &measured, NULL), 0);
    FILE *const out = open_memstream(&text, &bytes);
    compare_print(out, &compare, "runs/y");
    cr_expect_eq(compare_csv(out, &compare), 0);
    fclose(out);

    cr_expect_eq(compare.wait.n, 0u);
    cr_expect_float_eq(compare.wait_points.median, 0.1, 1e-12);
    cr_expect_null(strstr(text, "nan"), "%s", text);
    cr_expect(strstr(text, "aau,1,1,0.008,0.004,1,0.1,0,,,,,,,\n"), "%s", text);
    free(text);
    compare_close(&compare);
    results_read_free(&measured);
    results_read_free(&predicted);
}

Test(compare, needs_a_policy_in_common)
{
    struct results_read measured = parse(DOCUMENT(CELL("aau", "1", "2000", "0", "null", "null")));
    struct results_read predicted =
        parse(DOCUMENT(CELL("hop", "1", "1000", "0.1", "null", "null")));
    struct compare compare;
    struct err err = {.text = ""};

    cr_expect_eq(compare_open(&compare, &predicted, NULL, &measured, &err), -EINVAL);

    cr_expect(strstr(err.text, "runs/x and the profile have no policy in common"), "%s", err.text);
    results_read_free(&measured);
    results_read_free(&predicted);
}

Test(results_read, takes_workers_for_equal_where_nothing_says_what_their_cores_cost)
{
    static const char *const cores[] = {
        "\"per_worker\": [{\"core\": 5, \"cost_ratio\": 0.75}, {\"core\": 2}]}",
        "\"per_worker\": [{\"core\": 5, \"cost_ratio\": -1}, {\"core\": 2}]}",
    };
    char text[2048];
    snprintf(text, sizeof(text), "%s%s]}",
             DOCUMENT_HEAD RUN("dsgd", "live", "2", "100", "300", "800") PARTS("0"), cores[0]);
    struct results_read run = parse(text);
    struct err err = {.text = ""};

    cr_expect_eq(run.cell[0].cost_ratio[0], 0.75);
    cr_expect_eq(run.cell[0].cost_ratio[1], 1.0);
    results_read_free(&run);
    snprintf(text, sizeof(text), "%s%s]}",
             DOCUMENT_HEAD RUN("dsgd", "live", "2", "100", "300", "800") PARTS("0"), cores[1]);
    cr_expect_eq(results_read_text(text, "result.json", &run, &err), -EINVAL);
    cr_expect(strstr(err.text, "cost_ratio above 0"), "%s", err.text);
    results_read_free(&run);
}
