/* SPDX-License-Identifier: BSD-3-Clause */
/* The file of tuned rates: written, read back, and refused where it does not fit. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/experiment/profile.h"
#include "harness/experiment/tuned_file.h"

#define PROFILE                                                                     \
    "name: t\nclock: virtual\nseeds: 3\nworkers: 4\n"                               \
    "data: {samples: 1000, features: 16, classes: 4}\nmodel: softmax\n"             \
    "policies: [allreduce, {kind: dsgd, label: slow, lr: 0.3}]\nstop: {time: 1s}\n" \
    "target: {metric: train_loss_mean_model, value: 0.5}\n"
#define TUNED "train: {batch: 16, tuned: tuned.yaml}\n"

static char folder[64];
static struct experiment loaded;
static struct profile_errors errors;

static void enter(void)
{
    strcpy(folder, "/tmp/dawdle-tuned-XXXXXX");
    cr_assert(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void leave(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(tuned, .init = enter, .fini = leave);

static void put(const char *name, const char *text)
{
    FILE *const file = fopen(name, "w");
    cr_assert(file);
    fputs(text, file);
    fclose(file);
}

static int load(const char *yaml)
{
    put("t.yaml", yaml);
    return profile_load(&loaded, "t.yaml", NULL, 0, &errors);
}

static char *said(void)
{
    char *text;
    size_t bytes;
    FILE *const out = open_memstream(&text, &bytes);
    profile_errors_print(&errors, out);
    fclose(out);
    return text;
}

static void expect_says(const char *words)
{
    char *const text = said();
    cr_expect(strstr(text, words) != NULL, "%s\n  does not say: %s", text, words);
    free(text);
}

/* As `dawdle tune` would fill it for PROFILE: 0.2 is best for allreduce, 0.3 for slow, which diverges at 0.6. */
static struct tuned_file made(void)
{
    static const double lr[2] = {0.2, 0.3};
    struct tuned_file file = {.profile = "t",
                              .clock = CLOCK_VIRTUAL,
                              .metric = TARGET_HELDOUT_LOSS_MEAN_MODEL,
                              .seeds = 3,
                              .seed = {1000001, 1000002, 1000003},
                              .time_ns = 1000000000,
                              .rates = 7,
                              .runs = 18,
                              .seconds = 18.5,
                              .policies = 2};
    cr_assert_eq(load(PROFILE "train: {batch: 16}\n"), 0);
    file.digest = profile_digest(&loaded);
    for (uint32_t i = 0; i < 2; i++) {
        struct tuned_policy *const p = &file.policy[i];
        snprintf(p->label, sizeof(p->label), "%s", loaded.policy[i].label);
        p->digest = profile_digest_policy(&loaded, i);
        p->usable = true;
        p->lr = lr[i];
        p->centre = loaded.policy[i].lr;
        p->points = 3;
        for (uint32_t k = 0; k < 3; k++)
            p->point[k] =
                (struct tuned_point){.lr = lr[i] * (k == 0   ? 0.5
                                                    : k == 1 ? 1
                                                             : 2),
                                     .value = {0.4 + 0.1 * (k != 1), 0.5, 0.1 + 0.45 * (k != 1)}};
    }
    for (uint32_t s = 0; s < 3; s++)
        file.policy[1].point[2].value[s] = (double)INFINITY;
    profile_free(&loaded);
    return file;
}

static void save(const struct tuned_file *file)
{
    FILE *const out = fopen("tuned.yaml", "w");
    cr_assert(out);
    tuned_file_write(out, file);
    fclose(out);
}

/* The file of `made` with one text in place of another. */
static void save_with(const char *from, const char *to)
{
    const struct tuned_file file = made();
    char *text, *again;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    tuned_file_write(out, &file);
    fclose(out);
    char *const at = strstr(text, from);
    cr_assert(at, "\"%s\" is not in\n%s", from, text);
    out = open_memstream(&again, &bytes);
    fprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    fclose(out);
    put("tuned.yaml", again);
    free(text);
    free(again);
}

static void expect_refused(const char *profile, const char *words)
{
    cr_expect_eq(load(profile), -EINVAL);
    expect_says(words);
}

Test(tuned, rates_are_set_by_label)
{
    const struct tuned_file file = made();
    save(&file);

    cr_assert_eq(load(PROFILE TUNED), 0, "%s", said());

    cr_expect_eq(loaded.policy[0].lr, 0.2);
    cr_expect_eq(loaded.policy[1].lr, 0.3);
    cr_expect_str_eq(experiment_rate(&loaded.policy[0]), "tuned");
    cr_expect_str_eq(experiment_rate(&loaded.policy[1]), "tuned", "over its own");
    cr_expect_eq(loaded.train.tuned_metric, TARGET_HELDOUT_LOSS_MEAN_MODEL);
    cr_expect_eq(loaded.policy[0].tuned.best, 0.4, "the median of 0.4 0.5 0.1");
    cr_expect_eq(loaded.policy[0].tuned.half, 0.5);
    cr_expect(isinf(loaded.policy[1].tuned.twice));
    profile_free(&loaded);
}

Test(tuned, file_reads_back_to_what_was_written)
{
    static struct tuned_file again;
    const struct tuned_file file = made();
    save(&file);

    cr_assert_eq(tuned_file_read("tuned.yaml", &again, &errors), 0, "%s", said());

    cr_expect_eq(memcmp(&file, &again, sizeof(file)), 0);
}

Test(tuned, does_not_depend_on_what_only_reports)
{
    const struct tuned_file file = made();
    save(&file);
    cr_expect_eq(load("# another comment\n" PROFILE TUNED
                      "claims: \"wait_share(slow) < wait_share(allreduce)\"\n"
                      "checks: \"wait_share < 50%\"\njudge: {points: 7}\n"),
                 0, "%s", said());
    profile_free(&loaded);
}

Test(tuned, rates_of_another_experiment_are_refused)
{
    const struct tuned_file file = made();
    save(&file);
    expect_refused(PROFILE "train: {batch: 32, tuned: tuned.yaml}\n",
                   "t.yaml:10:27: error: the profile has changed since these rates were tuned");
}

Test(tuned, rates_of_another_clock_or_metric_are_refused)
{
    save_with("clock: virtual", "clock: live");
    expect_refused(PROFILE TUNED, "were tuned with clock: live; run `dawdle tune` again");
    save_with("metric: heldout_loss_mean_model", "metric: heldout_accuracy_mean_model");
    cr_expect_eq(load(PROFILE TUNED), -EINVAL);
}

Test(tuned, policy_without_an_entry_is_refused_where_it_stands)
{
    save_with("label: \"slow\"", "label: \"fast\"");
    expect_refused(PROFILE TUNED, "t.yaml:7:23: error: policy 'slow' has no entry in train.tuned; "
                                  "run `dawdle tune` again");
}

Test(tuned, policy_with_other_options_is_refused)
{
    struct tuned_file file = made();
    file.policy[0].digest ^= 1;
    save(&file);
    expect_refused(PROFILE TUNED, "policy 'allreduce' was tuned with other options");
}

Test(tuned, policy_that_diverged_everywhere_has_no_rate)
{
    struct tuned_file file = made();
    file.policy[1].usable = false;
    file.policy[1].edge = TUNED_LOWER;
    save(&file);
    expect_refused(PROFILE TUNED, "policy 'slow' has no tuned rate: it diverged at every rate");
}

Test(tuned, seeds_that_chose_the_rates_cannot_be_reported)
{
    const struct tuned_file file = made();
    save(&file);
    put("t.yaml", PROFILE TUNED);
    static const char *const set[] = {"seeds=[7, 1000002]"};
    cr_expect_eq(profile_load(&loaded, "t.yaml", set, 1, &errors), -EINVAL);
    expect_says("seed 1000002 chose the rates");
}

Test(tuned, lr_changed_by_hand_is_refused)
{
    save_with("lr: 0.2\n", "lr: 0.4\n");
    expect_refused(PROFILE TUNED,
                   "lr 0.4 of policy 'allreduce' is not the best of its curve: 0.2 is");
    save_with("lr: 0.2\n", "lr: 0.25\n");
    expect_refused(PROFILE TUNED, "lr 0.25 of policy 'allreduce' is not in its curve");
}

Test(tuned, slips_have_a_place_in_that_file)
{
    static const struct {
        const char *from, *to, *says;
    } slips[] = {
        {"tuned: 1\n", "tuned: 2\n", "tuned.yaml:4:8: error: not a file of `dawdle tune`"},
        {"edge: none", "edge: nun", "tuned.yaml:16:11: error: unknown edge 'nun'"},
        {"values: [0.5, 0.5, 0.55]", "values: [0.5, 0.5]", "error: 2 values for 3 seeds"},
        {"values: [0.5, 0.5, 0.55]", "values: [0.5, x, 0.55]", "error: 'x': "},
        {"{lr: 0.1,", "{lr: 0.3,", "error: the rates of a curve must ascend"},
        {"    centre: 0.1\n", "", "error: missing key centre"},
        {"    centre: 0.1\n", "    centre: 0.1\n    center: 1\n", "error: unknown key 'center'"},
        {"digest: \"", "digest: \"x", "is not a number of 16 hexadecimal digits"},
        {"policies:\n", "policies: 3\nx:\n", "error: policies must be a list"},
        {"budget: {time: 1s", "budget: {time: soon", "error: budget.time: "},
        {"tuned: 1\n", "tuned: [1\n", "error: "},
        {"[1000001, 1000002, 1000003]", "[]", "error: seeds must not be empty"},
        {"[1000001, ", "[-1, ", "error: expected at most 8 seeds, which are numbers"},
        {"metric: held", "metric: upheld", "error: unknown metric 'upheldout_loss_mean_model'"},
    };
    for (uint32_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
        save_with(slips[i].from, slips[i].to);
        expect_refused(PROFILE TUNED, slips[i].says);
        profile_errors_free(&errors);
    }
}

Test(tuned, what_is_no_yaml_is_refused)
{
    put("tuned.yaml", "{ this: [is\nno: yaml");
    expect_refused(PROFILE TUNED, "tuned.yaml:");
    put("tuned.yaml", "just words\n");
    expect_refused(PROFILE TUNED, "tuned.yaml:1:1: error: not a file of `dawdle tune`");
    put("tuned.yaml", "");
    cr_expect_eq(load(PROFILE TUNED), -EINVAL);
}

Test(tuned, digests_tell_experiments_apart_and_nothing_else)
{
    static const struct {
        const char *set;
        bool profile, policy; /* differs */
    } cases[] = {
        /* a default, written out or not, says nothing: a later version's new keys do not make a file stale */
        {"judge.heldout_samples=2000", false, false},
        {"policies.slow.order=atc", false, false},
        {"compute.base=1000us", false, false},
        {"stop.time=2s", true, false},
        {"workers.count=5", true, false},
        {"train.batch=8", true, false},
        {"data.separation=2", true, false},
        {"target.metric=heldout_accuracy_mean_model", true, false},
        {"policies.slow.order=cta", false, true},
        {"policies.slow.lr=1", false, false},
        {"train.lr=1", false, false},
        {"seeds=9", false, false},
        {"name=u", false, false},
        {"target.value=0.1", false, false},
        {"data.cache=/tmp/x", false, false},
        {"judge.heldout_samples=5", true, false},
    };
    cr_assert_eq(load(PROFILE), 0);
    const uint64_t profile = profile_digest(&loaded), policy = profile_digest_policy(&loaded, 1);
    profile_free(&loaded);
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(profile_load(&loaded, "t.yaml", &cases[i].set, 1, &errors), 0, "%s", said());
        cr_expect_eq(profile_digest(&loaded) != profile, cases[i].profile, "%s", cases[i].set);
        cr_expect_eq(profile_digest_policy(&loaded, 1) != policy, cases[i].policy, "%s",
                     cases[i].set);
        profile_free(&loaded);
    }
}
