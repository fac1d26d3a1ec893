/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A swept key: what its values become, what is refused and how it is said, and what sentences, summaries and tables make of
 * runs that differ in it.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/experiment/profile.h"
#include "harness/experiment/sentences.h"
#include "harness/metric/target.h"
#include "harness/record/results_json.h"
#include "harness/report/checks.h"
#include "harness/report/claims.h"
#include "harness/report/table.h"
#include "harness/run/sweep.h"
#include "tests/unit/support_records.h"

#define BODY                                                                    \
    "clock: virtual\nseeds: 2\nworkers: 8\npolicies: [dsgd, aau]\nstop: 10ms\n" \
    "inject:\n  - {select: {percent: 10%}, law: {kind: slowdown, factor: 10}}\n"

static struct sweep sweep;
static char folder[] = "/tmp/dawdle-sweep-XXXXXX";
static char path[64];

static void enter(void)
{
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/t.yaml", folder);
}

static void leave(void)
{
    char command[128];
    sweep_close(&sweep);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(sweep, .init = enter, .fini = leave);

/** The errors, without the folder; "" = none. */
static char *load(const char *yaml, const char *const *set, uint32_t sets)
{
    static struct profile_errors errors;
    char *text = NULL;
    size_t bytes = 0;
    FILE *const file = fopen(path, "w");
    cr_assert(file && fputs(yaml, file) >= 0 && fclose(file) == 0);
    errors = (struct profile_errors){0};
    const int rc = sweep_load(&sweep, path, set, sets, &errors);
    FILE *const out = open_memstream(&text, &bytes);
    profile_errors_print(&errors, out);
    fclose(out);
    cr_expect_eq(rc, errors.count ? -EINVAL : 0);
    profile_errors_free(&errors);
    for (char *at; (at = strstr(text, path));) /* the file's name alone */
        memmove(at, at + strlen(folder) + 1, strlen(at + strlen(folder) + 1) + 1);
    return text;
}

static void expect_release(const struct experiment *experiment, const char *release)
{
    const struct experiment_policy *const aau = &experiment->policy[1];
    cr_expect(policy_chooses(aau->row, &aau->options, "release", release));
}

static void expect_errors(const char *yaml, const char *expected)
{
    char *const text = load(yaml, NULL, 0);
    cr_expect_str_eq(text, expected, "--- found\n%s--- expected\n%s", text, expected);
    free(text);
}

Test(sweep, makes_an_experiment_of_each_value)
{
    char title[64];

    expect_errors(BODY "sweep: {key: inject.0.law.factor, values: [2, 40]}\n", "");

    cr_assert_eq(sweep.values, 2u);
    cr_expect_eq(sweep_cells(&sweep), 2u * 2 * 2);
    cr_expect_float_eq(sweep.written->inject[0].inject.config.factor, 10, 0);
    cr_expect_float_eq(sweep.experiment[0]->inject[0].inject.config.factor, 2, 0);
    cr_expect_float_eq(sweep.experiment[1]->inject[0].inject.config.factor, 40, 0);
    cr_expect_str_eq(experiment_sweep_value(sweep.experiment[1]), "40");
    cr_expect_null(experiment_sweep_value(sweep.written));
    cr_expect_str_eq(sweep_title(sweep.experiment[0], title, sizeof(title)),
                     "inject.0.law.factor = 2");
}

Test(sweep, without_one_there_is_one_experiment)
{
    char title[64];

    expect_errors(BODY, "");

    cr_expect_eq(sweep.values, 1u);
    cr_expect_eq(sweep.experiment[0], sweep.written);
    cr_expect_str_eq(sweep_title(sweep.written, title, sizeof(title)), "");
}

Test(sweep, values_may_be_maps_and_reach_policies_by_name)
{
    expect_errors(
        BODY "sweep: {key: data.shards, values: [iid, '{kind: labels, per_worker: 3}']}\n", "");
    cr_expect_eq(sweep.experiment[0]->data.shards, SHARD_IID);
    cr_expect_eq(sweep.experiment[1]->data.per_worker, 3u);
    sweep_close(&sweep);

    expect_errors(BODY "sweep: {key: policies.aau.release, values: [all, pair]}\n", "");
    expect_release(sweep.experiment[0], "all");
    expect_release(sweep.experiment[1], "pair");
}

Test(sweep, errors_name_the_value_and_those_of_all_values_come_at_once)
{
    expect_errors(BODY "sweep: {key: workers.count, values: [4, many, 0]}\n",
                  "sweep workers.count=many: error: workers.count 'many': expected a number, such "
                  "as 10; valid is 1 to 131072 workers\n"
                  "sweep workers.count=0: error: workers.count '0' is out of range: expected 1 to "
                  "131072 workers\n");
}

Test(sweep, what_a_value_contradicts_is_shown_where_it_stands_with_the_value)
{
    expect_errors("clock: virtual\npolicies: [dsgd]\nstop: 10ms\n"
                  "workers: {graph: {kind: random, degree: 5}}\n"
                  "sweep: {key: workers.count, values: [8, 4]}\n",
                  "t.yaml:4:41: error: mean degree 5 is impossible; 4 workers have at most 3 "
                  "neighbours each (sweep workers.count=4)\n"
                  "  workers: {graph: {kind: random, degree: 5}}\n"
                  "                                          ^\n");
}

Test(sweep, keys_that_do_not_exist_are_refused_with_the_nearest)
{
    expect_errors(BODY "sweep: {key: inject.0.law.fcator, values: [2]}\n",
                  "sweep inject.0.law.fcator=2: error: unknown key 'fcator' in inject.law; did you "
                  "mean 'factor'?\n");
}

Test(sweep, what_is_the_same_for_the_whole_matrix_cannot_be_swept)
{
    expect_errors(BODY "sweep: {key: seeds, values: [2, 2]}\n",
                  "t.yaml:8:14: error: seeds cannot be swept: it is the same for the whole matrix\n"
                  "  sweep: {key: seeds, values: [2, 2]}\n"
                  "               ^~~~~\n"
                  "t.yaml:8:33: error: the value '2' stands twice\n"
                  "  sweep: {key: seeds, values: [2, 2]}\n"
                  "                                  ^\n");
}

Test(sweep, policies_keep_their_names)
{
    expect_errors(BODY "sweep: {key: policies.0.kind, values: [dsgd, adpsgd]}\n",
                  "t.yaml: error: sweep policies.0.kind=adpsgd changes the names of the policies; "
                  "give them labels that stay\n");
}

Test(sweep, a_set_of_the_swept_key_would_be_in_vain)
{
    const char *const set[] = {"inject.0.law.factor=3"}, *const back[] = {"sweep=", set[0]};
    const char yaml[] = BODY "sweep: {key: inject.0.law.factor, values: [2, 40]}\n";

    char *const refused = load(yaml, set, 1);
    sweep_close(&sweep);
    char *const taken_back = load(yaml, back, 2);

    cr_expect_str_eq(refused, "--set inject.0.law.factor=3: error: the profile sweeps this key: "
                              "change sweep.values, or take the sweep back with --set sweep=\n");
    cr_expect_str_eq(taken_back, "");
    cr_expect_float_eq(sweep.written->inject[0].inject.config.factor, 3, 0);
    free(refused);
    free(taken_back);
}

Test(sweep, files_of_a_value_are_relative_to_the_profile)
{
    char file[96];
    snprintf(file, sizeof(file), "%s/one.csv", folder);
    FILE *const out = fopen(file, "w");
    cr_assert(out && fputs("step,worker,compute_s\n0,0,0.5\n", out) >= 0 && fclose(out) == 0);

    expect_errors("clock: virtual\nworkers: 2\npolicies: [dsgd]\nstop: 10ms\n"
                  "inject: [{law: {kind: trace, file: one.csv}}]\n"
                  "sweep: {key: inject.0.law.file, values: [one.csv]}\n",
                  "");

    cr_expect_str_eq(sweep.experiment[0]->inject[0].trace_path, file);
}

Test(sweep, the_resolved_echo_sweeps_the_same)
{
    char *text = NULL;
    size_t bytes = 0;
    expect_errors(BODY
                  "sweep: {key: inject.0.select.percent, values: [5%, '40%'], metrics: speedup}\n"
                  "target: {metric: train_loss_local_worst, value: 1}\n",
                  "");
    FILE *const out = open_memstream(&text, &bytes);
    profile_write_resolved(out, sweep.written);
    fclose(out);
    sweep_close(&sweep);

    expect_errors(text, "");

    cr_expect_str_eq(sweep.written->sweep.key, "inject.0.select.percent");
    cr_expect_eq(sweep.values, 2u);
    cr_expect_str_eq(sweep.written->sweep.value[1], "40%");
    cr_expect_eq(sweep.written->sweep.metric[0], (uint32_t)METRIC_SPEEDUP);
    cr_expect_float_eq(sweep.experiment[1]->inject[0].inject.share, 0.4, 0);
    cr_expect_eq(sweep.written->target.metric, TARGET_TRAIN_LOSS_LOCAL_WORST);
    free(text);
}

/* Two policies, two values, ten seeds: aau waits 5 % at value a and 20 % at b, dsgd 50 % and 40 %. */
#define SEEDS 10u

struct grid {
    struct experiment experiment;
    struct record_run run[4 * SEEDS];
    struct summary summary[2];
};

static struct grid *make(void)
{
    static struct grid g;
    static const double wait[2][2] = {{0.5, 0.05}, {0.4, 0.2}};
    g = (struct grid){
        .experiment = {.policy_count = 2,
                       .target = {.set = true},
                       .sweep = {.key = "k", .value = {"a", "b"}, .count = 2, .at = 2}}};
    for (uint32_t i = 0; i < 4 * SEEDS; i++) {
        const uint32_t v = i / (2 * SEEDS), aau = i / SEEDS % 2;
        g.run[i] = records_run(aau ? "aau" : "dsgd", aau ? &records_aau : &records_dsgd,
                               i % SEEDS + 1, aau ? 2 : 1, 0.3);
        g.run[i].waits.share = wait[v][aau] * (1 + 0.002 * (i % SEEDS));
        g.run[i].sweep.key = g.experiment.sweep.key;
        g.run[i].sweep.value = g.experiment.sweep.value[v];
        target_judge(&g.run[i], TARGET_TRAIN_LOSS_MEAN_MODEL, aau ? 0.4 : 0.1, 1);
    }
    for (uint32_t p = 0; p < 2; p++) {
        snprintf(g.experiment.policy[p].label, EXPERIMENT_NAME_MAX, p ? "aau" : "dsgd");
        g.experiment.policy[p].row = p ? &records_aau : &records_dsgd;
    }
    for (uint32_t v = 0; v < 2; v++)
        summary_make(&g.run[2 * SEEDS * v], 2 * SEEDS, &g.summary[v]);
    return &g;
}

static void forget(struct grid *g)
{
    for (uint32_t i = 0; i < 4 * SEEDS; i++)
        records_free(&g->run[i]);
}

static bool holds(struct grid *g, const char *text, const char *finding)
{
    struct checks_result result;
    struct err err = {""};
    cr_assert_eq(sentences_validate_check(text, &g->experiment, &err), 0, "%s", err.text);
    checks_evaluate(text, g->summary, 2, NULL, &result);
    cr_expect(strstr(result.finding, finding), "%s\n  does not say: %s", result.finding, finding);
    return result.pass;
}

Test(swept, checks_hold_for_every_value_or_for_one)
{
    struct grid *const g = make();

    cr_expect(holds(g, "wait_share(aau) < wait_share(dsgd)", "holds for all 2 values"));
    cr_expect(holds(g, "wait_share(aau@a) < 10%", "wait_share(aau@a) is 5.04 %"));
    cr_expect(holds(g, "wait_share < 60%", "holds for all 2 policies and 2 values"));
    cr_expect_not(holds(g, "wait_share(aau) < 10%", "wait_share(aau@b) is 20.2 %"));
    cr_expect_not(holds(g, "wait_share(aau@b) < wait_share(aau@a)", "wait_share(aau@b)"));
    forget(g);
}

static void expect_refused(const char *text, const char *because)
{
    struct grid *const g = make();
    struct err err = {""};
    cr_expect_eq(sentences_validate_check(text, &g->experiment, &err), -EINVAL, "%s", text);
    cr_expect(strstr(err.text, because), "%s\n  does not say: %s", err.text, because);
    forget(g);
}

Test(swept, sentences_name_only_values_that_there_are)
{
    expect_refused("wait_share(aau@c) < 100%", "column 1: k takes no value \"c\"; did you mean");
    expect_refused("wait_share(aau@) < 100%", "expected a value of the swept key behind the @");
    expect_refused("wait_share(@a) < 100%", "expected a policy's name");

    const struct experiment plain = {.policy_count = 1, .policy = {{.label = "aau"}}};
    struct err err = {""};
    cr_expect_eq(sentences_validate_check("wait_share(aau@a) < 100%", &plain, &err), -EINVAL);
    cr_expect(strstr(err.text, "this profile sweeps nothing"), "%s", err.text);
}

static uint32_t decide(struct grid *g, const char *text, struct claims_result *out)
{
    struct err err = {""};
    cr_assert_eq(sentences_validate_claim(text, &g->experiment, &err), 0, "%s", err.text);
    snprintf(g->experiment.claims[0], sizeof(g->experiment.claims[0]), "%s", text);
    g->experiment.claims_count = 1;
    return claims_evaluate(&g->experiment, g->run, 4 * SEEDS, NULL, out);
}

Test(swept, a_claim_that_leaves_the_value_open_is_one_per_value)
{
    struct grid *const g = make();
    static struct claims_result result[CLAIMS_MAX];

    cr_assert_eq(decide(g, "wait_share(aau) < wait_share(dsgd)", result), 2u);

    cr_expect_str_eq(result[0].sweep_value, "a");
    cr_expect_float_eq(result[0].ratio, 0.1, 1e-9);
    cr_expect_float_eq(result[1].ratio, 0.5, 1e-9, "each value pairs its own runs");
    cr_expect_eq(result[0].pairs, SEEDS);
    cr_expect_eq(claims_find(result, 2, 1, g->experiment.claims[0]), &result[1]);
    forget(g);
}

Test(swept, a_claim_may_compare_a_policy_with_itself_at_another_value)
{
    struct grid *const g = make();
    static struct claims_result result[CLAIMS_MAX];
    struct err err = {""};

    cr_assert_eq(decide(g, "wait_share(aau@b) < wait_share(aau@a)", result), 1u);

    cr_expect_null(result[0].sweep_value);
    cr_expect_float_eq(result[0].ratio, 4, 1e-9);
    cr_expect_eq(
        sentences_validate_claim("wait_share(aau@a) < wait_share(aau@a)", &g->experiment, &err),
        -EINVAL);
    forget(g);
}

Test(swept, tables_have_a_column_for_each_value)
{
    struct grid *const g = make();
    const struct table_style plain = {.width = 110};
    char *text = NULL;
    size_t size = 0;
    FILE *const out = open_memstream(&text, &size);
    g->experiment.sweep.metric[0] = METRIC_WAIT_SHARE;
    g->experiment.sweep.metric[1] = METRIC_TIME_TO_TARGET_S;
    g->experiment.sweep.metric_count = 2;

    table_print_sweep(out, &plain, &g->experiment, g->summary, 2);

    fclose(out);
    cr_expect_str_eq(text,
                     "\n"
                     "policies by values of k   mean ± half of its 95 % interval\n"
                     "\n"
                     " wait_share (%)   share of iteration time spent waiting for peers\n"
                     "               a          b\n"
                     " dsgd  50.4 ±0.2  40.4 ±0.2\n"
                     " aau    5.0 ±0.0  20.2 ±0.1\n"
                     "\n"
                     " time_to_target_s   time to the target; unbounded above when not reached\n"
                     "                    a               b\n"
                     " dsgd  > 4.00 0 of 10  > 4.00 0 of 10\n"
                     " aau     1.15   ±0.07    1.15   ±0.07\n"
                     "\n");
    free(text);
    forget(g);
}

Test(swept, results_say_key_and_value)
{
    struct grid *const g = make();

    json_t *const run = results_json_run(&g->run[3 * SEEDS]);
    json_t *const summary = results_json_summary(g->summary, 2);

    const json_t *const of_run = json_object_get(run, "sweep");
    const json_t *const of_last = json_object_get(json_array_get(summary, 3), "sweep");
    cr_expect_eq(json_array_size(summary), 4u);
    cr_expect_str_eq(json_string_value(json_object_get(of_run, "key")), "k");
    cr_expect_str_eq(json_string_value(json_object_get(of_run, "value")), "b");
    cr_expect_str_eq(json_string_value(json_object_get(of_last, "value")), "b");
    json_decref(run);
    json_decref(summary);
    forget(g);
}
