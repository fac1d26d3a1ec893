/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/doctor.h"
#include "harness/environment.h"
#include "harness/metric/summary.h"
#include "harness/record/results.h"
#include "harness/record/results_csv.h"
#include "harness/record/results_json.h"
#include "tests/unit/support_records.h"
#include "tests/unit/support_schema.h"

static char scratch[512];

static void make_scratch(void)
{
    const char *base = getenv("DAWDLE_TEST_TMP");
    snprintf(scratch, sizeof(scratch), "%s/result-XXXXXX", base ? base : "/tmp");
    cr_assert_not_null(mkdtemp(scratch));
}

static void remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *at; dir && (at = readdir(dir));) {
        char child[1024];
        if (strcmp(at->d_name, ".") == 0 || strcmp(at->d_name, "..") == 0)
            continue;
        snprintf(child, sizeof(child), "%s/%s", path, at->d_name);
        if (unlink(child) != 0)
            remove_tree(child);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

static void remove_scratch(void)
{
    remove_tree(scratch);
}

static json_t *read_json(const char *dir, const char *name)
{
    char path[RESULTS_PATH_MAX + 64];
    json_error_t error;
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    json_t *tree = json_load_file(path, 0, &error);
    cr_assert_not_null(tree, "%s: %s", path, error.text);
    return tree;
}

static char *read_text(const char *dir, const char *name)
{
    char path[RESULTS_PATH_MAX + 64];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *in = fopen(path, "r");
    cr_assert_not_null(in, "%s", path);
    char *text = calloc(1, 1 << 20);
    cr_assert_lt(fread(text, 1, (1 << 20) - 1, in), (1 << 20) - 1);
    fclose(in);
    return text;
}

static void expect_valid(const json_t *document)
{
    const char *source = getenv("DAWDLE_SOURCE");
    char path[1024];
    char why[512] = "";
    snprintf(path, sizeof(path), "%s/harness/record/result.schema.json", source ? source : ".");
    json_t *schema = json_load_file(path, 0, NULL);
    cr_assert_not_null(schema, "%s", path);
    cr_expect(schema_accepts(schema, schema, document, "result", why, sizeof(why)), "%s", why);
    json_decref(schema);
}

static struct experiment small_experiment(void)
{
    struct experiment experiment = {
        .name = "../odd name",
        .claim = "AAU waits less",
        .target = {.set = true, .relative_to = "allreduce", .factor = 1.1, .hold = 3}};
    return experiment;
}

static void one_worker(struct record_run *run)
{
    run->workers = 1;
    run->worker = calloc(1, sizeof(*run->worker));
    run->worker[0].hist[SERIES_ITERATION] = records_hist(1, 1000, 50);
    run->worker[0].hist[SERIES_HANDLE] = records_hist(2, 400, 0);
}

static const struct record_iteration two_rows[] = {
    {.worker = 0,
     .iteration = 7,
     .start_ns = 18446744073709551615ull,
     .total_ns = 10,
     .part_us10 = {[PART_COMPUTE] = 12345, [PART_REST] = 4294967295u},
     .own_us10 = 12405,
     .mixed_with = 2,
     .batch_loss = 0.25f},
    {.worker = 3, .batch_loss = NAN},
};

Test(result, is_complete_valid_and_linked_when_finished, .init = make_scratch,
     .fini = remove_scratch)
{
    struct experiment experiment = small_experiment();
    struct record_run run[2] = {records_run("allreduce", &records_allreduce, 1, 1, 0.5),
                                records_run("aau", &records_aau, 1, 2, 0.1)};
    struct summary summary;
    struct results results;
    struct err err = {""};
    struct checks_result check = {.text = "wait_share(aau) < 1", .pass = true, .finding = "x"};
    struct claims_result claim = {.text = "wait_share(aau) < wait_share(allreduce)",
                                  .finding = "open: no",
                                  .ratio = 0.2,
                                  .low = (double)NAN,
                                  .high = (double)NAN,
                                  .threshold = 1,
                                  .p = (double)NAN,
                                  .p_holm = (double)NAN,
                                  .pairs = 1};
    experiment.policy_count = 1;
    experiment.policy[0].tuned.set = true;
    experiment.policy[0].tuned.half = (double)NAN;
    experiment.policy[0].tuned.best = 0.5;
    experiment.policy[0].tuned.twice = (double)INFINITY;
    snprintf(experiment.policy[0].label, EXPERIMENT_NAME_MAX, "aau");
    run[1].lr_from = "tuned";
    one_worker(&run[1]);
    for (uint32_t i = 0; i < 2; i++)
        target_judge(&run[i], TARGET_TRAIN_LOSS_MEAN_MODEL, 0.4, 3);
    summary_make(run, 2, &summary);

    cr_assert_eq(results_begin(&results, scratch, &experiment, &err), 0, "%s", err.text);
    for (uint32_t i = 0; i < 2; i++)
        cr_assert_eq(results_add(&results, &run[i], two_rows, 2, &err), 0, "%s", err.text);
    const struct results_verdict verdict = {.summary = &summary,
                                            .summaries = 1,
                                            .check = &check,
                                            .checks = 1,
                                            .claim = &claim,
                                            .claims = 1,
                                            .complete = true};
    cr_assert_eq(results_finish(&results, run, 2, &verdict, &err), 0, "%s", err.text);

    char latest[700];
    snprintf(latest, sizeof(latest), "%s/_.-odd-name/latest", scratch);
    json_t *document = read_json(latest, "result.json");
    expect_valid(document);
    cr_expect(json_is_true(json_object_get(document, "complete")));
    cr_expect_eq(json_array_size(json_object_get(document, "runs")), 2);
    cr_expect_eq(json_array_size(json_object_get(document, "summary")), 2);
    cr_expect_eq(json_array_size(json_object_get(document, "checks")), 1);
    const json_t *const claims = json_object_get(document, "claims");
    cr_expect_eq(json_array_size(claims), 1);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(claims, 0), "verdict")),
                     "open");
    cr_expect(json_is_null(json_object_get(json_array_get(claims, 0), "low")));
    const json_t *const tuned =
        json_array_get(json_object_get(json_object_get(document, "tuning"), "policies"), 0);
    cr_expect_eq(json_real_value(json_object_get(tuned, "at_best")), 0.5);
    cr_expect(json_is_null(json_object_get(tuned, "at_double")), "diverged");
    cr_expect_null(strstr(results.dir, ".tmp-"), "%s", results.dir);
    struct stat status;
    cr_expect_eq(stat(results.dir, &status), 0);
    const mode_t mask = umask(0);
    cr_expect_eq(status.st_mode & 0777, 0777 & ~mask);
    json_decref(document);
    for (uint32_t i = 0; i < 2; i++)
        records_free(&run[i]);
}

Test(result, can_be_read_after_a_kill_between_two_runs, .init = make_scratch,
     .fini = remove_scratch)
{
    struct experiment experiment = small_experiment();
    struct record_run run = records_run("aau, odd \"label\"", &records_aau, 1, 2, 0.1);
    struct results results;
    one_worker(&run);
    experiment.trace = true;
    experiment.policy_count = experiment.seed_count = 1;

    cr_assert_eq(results_begin(&results, scratch, &experiment, NULL), 0);
    cr_assert_eq(results_add(&results, &run, two_rows, 2, NULL), 0);
    /* a killed process closes nothing: look at the files before results_close */

    json_t *document = read_json(results.dir, "result.json");
    expect_valid(document);
    cr_expect(json_is_false(json_object_get(document, "complete")));
    cr_expect_eq(json_array_size(json_object_get(document, "runs")), 1);
    char *csv = read_text(results.dir, "iterations.csv");
    cr_expect_str_eq(
        csv, "policy,seed,worker,iteration,start_ns,total_ns,load_us,compute_us,injected_us,"
             "publish_us,wait_us,mix_us,judge_us,held_us,rest_us,mixed_with,batch_loss,own_us\n"
             "\"aau, odd \"\"label\"\"\",1,0,7,18446744073709551615,10,0.0,1234.5,0.0,0.0,"
             "0.0,0.0,0.0,0.0,429496729.5,2,0.25,1240.5\n"
             "\"aau, odd \"\"label\"\"\",1,3,0,0,0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0,,\n");
    char *log = read_text(results.dir, "latency.hlog");
    cr_expect(strstr(log, "\nTag=aau__odd_\"label\"/seed-1/iteration/worker-0,") != NULL);
    cr_expect(strstr(log, "/seed-1/handle/worker-0,") != NULL, "empty histograms are logged too");
    char *trace = read_text(results.dir, "trace.pftrace");
    cr_expect_eq(trace[0], '\n', "a packet");
    cr_expect_eq(
        json_integer_value(json_object_get(json_object_get(document, "trace"), "iterations_drawn")),
        1, "the run has no worker 3");
    free(trace);
    free(csv);
    free(log);
    json_decref(document);
    results_close(&results);
    records_free(&run);
}

Test(result, keeps_all_keys_of_a_run_that_measured_nothing)
{
    struct record_run run = {.policy = "bad \xff utf-8",
                             .waits.share = (double)NAN,
                             .gradients_per_s = (double)INFINITY,
                             .seed = UINT64_MAX};
    struct summary summary;
    summary_make(&run, 1, &summary);

    json_t *tree =
        json_pack("{s:i, s:s, s:s, s:n, s:s, s:b, s:n, s:[o], s:o, s:[], s:[], s:n, s:n}", "schema",
                  RESULTS_SCHEMA, "program", "p", "profile", "p", "claim", "id", "x", "complete", 0,
                  "target", "runs", results_json_run(&run), "summary",
                  results_json_summary(&summary, 1), "checks", "claims", "tuning", "trace");

    cr_assert_not_null(tree);
    expect_valid(tree);
    json_t *first = json_array_get(json_object_get(tree, "runs"), 0);
    cr_expect(json_is_null(json_object_get(first, "wait_share")));
    cr_expect(json_is_null(json_object_get(first, "gradients_per_s")));
    cr_expect(json_is_null(json_object_get(first, "time_to_target_s")));
    cr_expect(json_is_null(json_object_get(json_object_get(first, "handle_ns"), "p50")));
    cr_expect_eq(json_integer_value(json_object_get(json_object_get(first, "handle_ns"), "n")), 0);
    cr_expect_str_eq(json_string_value(json_object_get(first, "policy")), "bad ? utf-8");
    cr_expect_str_eq(json_string_value(json_object_get(first, "seed")), "18446744073709551615");
    json_decref(tree);
}

Test(result, says_of_a_run_that_diverged_that_nothing_is_known_of_its_sum)
{
    struct record_run run = records_run("agp", &records_aau, 1, 1, 0.1);
    run.ledger.diverged = 2;
    run.ledger.error = (double)NAN;
    run.count.abandoned = 4;
    run.point[1].weight_least = 0.25;

    json_t *const tree = results_json_run(&run);

    cr_expect(json_is_null(json_object_get(tree, "ledger_ok")));
    cr_expect_eq(json_integer_value(json_object_get(tree, "diverged")), 2);
    cr_expect_eq(json_integer_value(json_object_get(tree, "abandoned")), 4);
    const json_t *const points = json_object_get(tree, "points");
    cr_expect(json_is_null(json_object_get(json_array_get(points, 0), "weight_least")));
    cr_expect_eq(json_real_value(json_object_get(json_array_get(points, 1), "weight_least")), 0.25);
    json_decref(tree);
    run.ledger.ok = false;
    json_t *const lossy = results_json_run(&run);
    cr_expect(json_is_false(json_object_get(lossy, "ledger_ok")), "weights were lost");
    json_decref(lossy);
    records_free(&run);
}

Test(result, is_not_started_where_nothing_can_be_written)
{
    struct experiment experiment = small_experiment();
    struct results results;
    struct err err = {""};

    cr_expect_lt(results_begin(&results, "/dev/null/out", &experiment, &err), 0);

    cr_expect(strstr(err.text, "/dev/null") != NULL, "%s", err.text);
    results_close(&results);
}

static void four_letters(FILE *out, void *arg)
{
    (void)arg;
    fputs("half", out);
}

Test(result, takes_further_files_from_a_writer, .init = make_scratch, .fini = remove_scratch)
{
    struct experiment experiment = small_experiment();
    struct results results;
    struct err err = {""};
    cr_assert_eq(results_begin(&results, scratch, &experiment, NULL), 0);

    cr_expect_eq(results_write(&results, "resolved.yaml", four_letters, NULL, &err), 0);
    cr_expect_lt(results_write(&results, "no/such/dir.yaml", four_letters, NULL, &err), 0);

    char *text = read_text(results.dir, "resolved.yaml");
    cr_expect_str_eq(text, "half");
    cr_expect(strstr(err.text, "dir.yaml") != NULL, "%s", err.text);
    free(text);
    results_close(&results);
}

Test(result, pairs_speedups_by_seed_and_finds_the_synchronous_baseline)
{
    static struct record_run run[5];
    struct summary summary;
    const double time_s[] = {1, 2, 4, 3, 10};
    const uint64_t seed[] = {1, 2, 2, 1, 3};
    for (uint32_t i = 0; i < 5; i++) {
        snprintf(run[i].policy, EXPERIMENT_NAME_MAX, i < 2 ? "aau" : "ring");
        run[i].row = i < 2 ? &records_aau : &records_dsgd;
        run[i].seed = seed[i];
        run[i].target.exists = true;
        run[i].target.reached = true;
        run[i].target.time_s = time_s[i];
    }

    summary_make(run, 5, &summary);

    cr_assert_eq(summary.policy_count, 2);
    cr_expect_eq(summary.baseline, 1);
    cr_expect_eq(summary.policy[0].speedup_pairs, 2, "seed 3 has no partner");
    cr_expect_float_eq(summary.policy[0].speedup.low, 2.5, 1e-12, "median of 3/1 and 4/2");
    cr_expect_float_eq(summary.policy[0].speedup.high, 2.5, 1e-12);
}

Test(result, counts_messages_that_nobody_accounts_for)
{
    struct record_run run = records_run("aau", &records_aau, 1, 1, 0.1);
    cr_expect_float_eq(metric_of(&run, METRIC_TENSORS_UNEXPLAINED), 0, 1e-12);

    run.count.tensors_delivered++;
    run.count.control_sent += 3;

    cr_expect_float_eq(metric_of(&run, METRIC_TENSORS_UNEXPLAINED), 1, 1e-12);
    cr_expect_float_eq(metric_of(&run, METRIC_CONTROL_UNEXPLAINED), 3, 1e-12);
    records_free(&run);
}

Test(environment, names_the_machine_and_passes_on_what_it_is_told)
{
    const uint64_t seeds[] = {4, 5};
    const uint32_t placement[] = {1, 0, 1};
    json_t *tree = environment_json(&(struct environment_extra){.dpdk_version = "DPDK 22.11",
                                                                .seed = seeds,
                                                                .seed_count = 2,
                                                                .placement = placement,
                                                                .workers = 3});
    json_t *kernel = json_object_get(tree, "kernel");
    json_t *run = json_object_get(tree, "run");

    cr_expect(json_is_string(json_object_get(kernel, "release")));
    cr_expect_gt(json_integer_value(json_object_get(json_object_get(tree, "cpu"), "allowed")), 0);
    cr_expect_eq(json_array_size(json_object_get(run, "seeds")), 2);
    cr_expect_eq(json_array_size(json_object_get(run, "placement")), 3);
    cr_expect(json_is_null(json_object_get(run, "eal_tier")), "not told is null, not missing");
    json_decref(tree);
}

Test(doctor, fails_only_when_results_have_no_place)
{
    struct doctor_finding finding[DOCTOR_FINDINGS_MAX];

    const uint32_t count =
        doctor_examine(&(struct doctor_extra){.results_dir = "/no/such/place"}, finding);

    cr_assert_geq(count, 15);
    for (uint32_t i = 0; i < count; i++) {
        cr_expect_neq(*finding[i].finding, '\0', "%s", finding[i].id);
        cr_expect(finding[i].verdict != DOCTOR_WARN || *finding[i].remedy, "%s", finding[i].id);
        cr_expect_eq(finding[i].verdict == DOCTOR_FAIL, strcmp(finding[i].id, "disk.free") == 0,
                     "%s", finding[i].id);
    }
}

Test(doctor, prints_json_that_parses_and_exits_3_when_unfit)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    const struct table_style style = {.width = 110};

    const int rc = doctor_run(out, &style, true, &(struct doctor_extra){.results_dir = "/no/such"});

    fclose(out);
    json_t *list = json_loads(text, 0, NULL);
    cr_expect_eq(rc, 3);
    cr_expect_geq(json_array_size(list), 15);
    json_decref(list);
    free(text);
}

/* ---- csv ---- */

/** What `write` makes of one run, owned. */
static char *csv_of(void (*write)(FILE *, const struct record_run *, uint32_t),
                    const struct record_run *run)
{
    char *text;
    size_t size;
    FILE *const out = open_memstream(&text, &size);
    write(out, run, 1);
    fclose(out);
    return text;
}

static uint32_t lines_of(const char *text)
{
    uint32_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n' ? 1u : 0u;
    return lines;
}

Test(csv, gives_each_figure_that_a_run_has_a_row)
{
    struct record_run run = records_run("a,b", &records_aau, 7, 1, 0.25);
    char wait[64];
    uint32_t figures = 0;
    for (uint32_t m = 0; m < METRICS; m++)
        figures += isnan(metric_of(&run, (enum metric)m)) ? 0u : 1u;
    snprintf(wait, sizeof(wait), "\n\"a,b\",7,wait_share,%.9g\n", run.waits.share);

    char *const text = csv_of(results_csv_summary, &run);

    cr_expect_eq(strncmp(text, "policy,seed,metric,value\n", 25), 0);
    cr_expect_eq(lines_of(text), 1 + figures);
    cr_expect_not_null(strstr(text, wait), "%s", text);
    free(text);
}

Test(csv, gives_each_evaluation_a_row_and_leaves_empty_what_is_not_known)
{
    struct record_run run = records_run("aau", &records_aau, 7, 1, 0.25);
    run.point[1] = (struct record_point){.time_s = 0.5,
                                         .gradients = 12,
                                         .bytes = 34,
                                         .train_loss_mean_model = (double)INFINITY,
                                         .heldout_loss_mean_model = 2,
                                         .heldout_accuracy_mean_model = (double)NAN,
                                         .train_loss_local_mean = 3,
                                         .train_loss_local_worst = 4,
                                         .consensus_distance = 0.25};

    char *const text = csv_of(results_csv_points, &run);
    run.judged = false;
    char *const timing = csv_of(results_csv_points, &run);

    cr_expect_eq(lines_of(text), 1 + run.point_count);
    cr_expect_not_null(strstr(text, "\naau,7,2,0.5,12,34,,2,,3,4,0.25\n"), "%s", text);
    cr_expect_not_null(strstr(timing, "\naau,7,2,0.5,12,34,,,,,,\n"), "%s", timing);
    free(timing);
    free(text);
}
