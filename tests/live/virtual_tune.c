/* SPDX-License-Identifier: BSD-3-Clause */
/* `dawdle tune` from profile to file and back, in virtual time. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/learn/shard.h"
#include "core/worker/dataset.h"
#include "harness/command/command.h"
#include "harness/run/interrupt.h"
#include "harness/tune/tune_search.h"
#include "tests/live/support_virtual.h"

#define SAMPLES 600u
#define REST                                                          \
    "split: [40%, 20%, 40%]}\nmodel: softmax\ncompute: {base: 1ms}\n" \
    "policies: [allreduce, dsgd]\nstop: {time: 20ms}\njudge: {points: 3}\n"
#define BEGIN "clock: virtual\nname: t\nseeds: 3\nworkers: {count: 4, graph: ring}\n"
#define BODY BEGIN "data: {format: synthetic, samples: 600, features: 8, classes: 4, " REST

static char folder[64];
static const double split[3] = {0.4, 0.2, 0.4};

static void enter(void)
{
    virtual_enter();
    strcpy(folder, "/tmp/dawdle-tune-XXXXXX");
    cr_assert(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void leave(void)
{
    char command[128];
    virtual_leave();
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(virtual_tune, .init = enter, .fini = leave, .timeout = 120);

static char *read_whole(const char *path)
{
    FILE *const file = fopen(path, "r");
    char *text = NULL;
    size_t bytes = 0;
    cr_assert(file, "%s", path);
    cr_assert(getdelim(&text, &bytes, '\0', file) >= 0);
    fclose(file);
    return text;
}

/** What `dawdle tune` writes, to be freed. */
static char *tune_of(const char *profile, uint32_t threads)
{
    unlink("t.tuned.yaml");
    const int code = virtual_command("tune", profile, threads);
    cr_assert_eq(code, 0, "%s", code ? virtual_errors() : "");
    return read_whole("t.tuned.yaml");
}

Test(virtual_tune, writes_a_file_into_the_folder_that_is_named)
{
    cr_assert_eq(mkdir("rates", 0777), 0);
    static const char *const out[] = {"rates", "rates/", "new/deep/", "new/other.yaml"};
    static const char *const file[] = {"rates/t.tuned.yaml", "rates/t.tuned.yaml",
                                       "new/deep/t.tuned.yaml", "new/other.yaml"};
    for (uint32_t i = 0; i < 4; i++) {
        virtual_out(out[i]);
        cr_assert_eq(virtual_command("tune", BODY, 1), 0, "%s", virtual_errors());
        cr_expect_eq(access(file[i], R_OK), 0, "--out %s", out[i]);
        unlink(file[i]);
    }
}

/* The value that a profile has as written is the one its rates were tuned at. */
Test(virtual_tune, a_verdict_about_another_value_says_where_its_rates_were_tuned)
{
    free(tune_of(BODY, 1));
    char yaml[2048];
    snprintf(yaml, sizeof(yaml),
             "%strain: {tuned: %s/t.tuned.yaml}\nsweep: {key: compute.base, values: [1ms, 500us]}\n"
             "claims: [\"train_loss_mean_model(dsgd) > train_loss_mean_model(allreduce)\"]\n",
             BODY, folder);
    const int code = virtual_command("run", yaml, 1);
    cr_assert_eq(code, 0, "%s", code ? virtual_errors() : "");
    json_t *const result = virtual_result();
    const json_t *const claims = json_object_get(result, "claims");

    cr_assert_eq(json_array_size(claims), 2);
    for (uint32_t i = 0; i < 2; i++) {
        const char *const finding =
            json_string_value(json_object_get(json_array_get(claims, i), "finding"));
        cr_expect_eq(strstr(finding, "rates tuned at compute.base = 1ms") != NULL, i == 1, "%s",
                     finding);
    }
    json_decref(result);
}

Test(virtual_tune, refuses_where_nothing_can_be_written_before_it_begins)
{
    static const char *const command[] = {"tune", "run", "sim"};
    FILE *const file = fopen("taken", "w");
    cr_assert(file);
    fclose(file);
    for (uint32_t i = 0; i < 3; i++) {
        virtual_out(i == 0 ? "taken/t.yaml" : "taken");
        cr_expect_eq(virtual_command(command[i], BODY, 1), 2, "%s", command[i]);
        char *const said = virtual_errors();
        cr_expect_not_null(strstr(said, "nothing can be written to taken"), "%s", said);
        cr_expect_not(virtual_has_cache(), "%s made data", command[i]);
        free(said);
    }
    if (geteuid() == 0) /* who may write anywhere */
        return;
    cr_assert_eq(mkdir("closed", 0555), 0);
    virtual_out("closed/runs");
    cr_expect_eq(virtual_command("run", BODY, 1), 3);
}

static char *tune(uint32_t threads)
{
    return tune_of(BODY, threads);
}

Test(virtual_tune, twice_and_on_more_threads_writes_the_same_bytes)
{
    char *const first = tune(1), *const second = tune(1), *const third = tune(2);

    cr_expect_str_eq(first, second);
    cr_expect_str_eq(first, third);
    cr_expect(strstr(first, "seeds: [1000001, 1000002, 1000003]"), "%s", first);
    cr_expect_eq(access("t.tuned.yaml.part", F_OK), -1);
    cr_expect_not(virtual_has_results());
    free(first);
    free(second);
    free(third);
}

Test(virtual_tune, gives_rates_that_a_run_takes_over)
{
    free(tune(1));
    char yaml[2048], path[128];
    snprintf(path, sizeof(path), "%s/t.tuned.yaml", folder);
    snprintf(yaml, sizeof(yaml), "%strain: {tuned: %s}\n", BODY, path);

    json_t *const result = virtual_run(yaml, 1);

    static struct tuned_file file;
    struct profile_errors errors = {0};
    cr_assert_eq(tuned_file_read("t.tuned.yaml", &file, &errors), 0);
    for (uint32_t i = 0; i < 2; i++) {
        const json_t *const run = virtual_of(result, i);
        cr_expect_str_eq(json_string_value(json_object_get(run, "lr_from")), "tuned");
        cr_expect_eq(virtual_number(result, i, "lr"), file.policy[i].lr);
        cr_expect_geq(file.policy[i].points, TUNE_GRID);
    }
    const json_t *const tuning = json_object_get(result, "tuning");
    cr_expect_eq(json_array_size(json_object_get(tuning, "policies")), 2);
    char *const kept = virtual_file("tuned.yaml"), *const resolved = virtual_file("resolved.yaml");
    char *const original = read_whole("t.tuned.yaml");
    cr_expect_str_eq(kept, original, "the result keeps its own copy");
    cr_expect(strstr(resolved, "tuned: tuned.yaml"), "%s", resolved);
    free(kept);
    free(original);
    free(resolved);
    json_decref(result);
}

/** Every sample's membership: bit s is set when seed s uses it for training (part 0), validation (1) or test (2). */
static void find_parts(uint32_t part, uint8_t *member)
{
    uint32_t order[SAMPLES];
    memset(member, 0, SAMPLES);
    for (uint32_t s = 0; s < 3; s++) {
        const struct split at = shard_split(1000001 + s, SAMPLES, split, order);
        const uint32_t begin[4] = {0, at.train, at.train + at.validation, SAMPLES};
        for (uint32_t i = begin[part]; i < begin[part + 1]; i++)
            member[order[i]] |= (uint8_t)(1u << s);
    }
}

/** Overwrite the features of a sample with noise that would ruin whatever reads it. */
static void poison(const struct dataset *data, uint32_t sample)
{
    FILE *const file = fopen(data->path, "r+");
    cr_assert(file, "%s", data->path);
    unsigned char *const bytes = malloc(data->record_bytes);
    memset(bytes, 0x7f, data->record_bytes); /* as floats 3.4e38 */
    cr_assert_eq(
        fseek(file, (long)(data->base_bytes + (uint64_t)sample * data->record_bytes), SEEK_SET), 0);
    cr_assert_eq(fwrite(bytes, data->record_bytes, 1, file), 1);
    fclose(file);
    free(bytes);
}

static void open_data(struct dataset *out)
{
    char cache[128];
    struct err err = {""};
    snprintf(cache, sizeof(cache), "%s/dawdle", getenv("XDG_CACHE_HOME"));
    const struct dataset_config config = {.format = "synthetic",
                                          .path = "",
                                          .labels = "",
                                          .cache = cache,
                                          .samples = SAMPLES,
                                          .classes = 4,
                                          .features = 8,
                                          .separation = 3,
                                          .seed = 1};
    cr_assert_eq(dataset_open(out, &config, &err), 0, "%s", err.text);
}

Test(virtual_tune, never_looks_at_test_samples)
{
    uint8_t test[SAMPLES], validation[SAMPLES];
    struct dataset data;
    uint32_t poisoned = 0;
    char profile[2048];
    open_data(&data);
    /* the pair in the cache, read as if it were a user's: ours would be made again */
    snprintf(profile, sizeof(profile), "%s%.*s, %s",
             BEGIN "data: {format: npy, path: ", (int)(strrchr(data.path, '/') - data.path),
             data.path, REST);
    char *const before = tune_of(profile, 1);
    find_parts(2, test);
    find_parts(1, validation);

    for (uint32_t i = 0; i < SAMPLES; i++)
        if (test[i] == 7) { /* a test sample of all three seeds */
            poison(&data, i);
            poisoned++;
        }
    char *const after = tune_of(profile, 1);
    cr_expect_gt(poisoned, 10u);
    cr_expect_str_eq(before, after, "%u test samples were ruined, and it shows", poisoned);

    /* and the poison works: one sample that validates for one seed */
    uint32_t victim = 0;
    while (!validation[victim])
        victim++;
    poison(&data, victim);
    char *const ruined = tune_of(profile, 1);
    cr_expect_str_neq(before, ruined);
    dataset_close(&data);
    free(before);
    free(after);
    free(ruined);
}

Test(virtual_tune, interrupted_writes_nothing_and_says_so)
{
    atomic_store(&interrupt_flag, 1);

    const int code = virtual_command("tune", BODY, 1);

    char *const said = virtual_errors();
    cr_expect_eq(code, 5);
    cr_expect(strstr(said, "interrupted while making it"), "%s", said); /* the data come first */
    cr_expect_eq(access("t.tuned.yaml", F_OK), -1);
    cr_expect_eq(access("t.tuned.yaml.part", F_OK), -1);
    free(said);
}

Test(virtual_tune, refuses_what_has_no_rate_or_nothing_to_judge_by)
{
    cr_expect_eq(virtual_command("tune",
                                 "clock: virtual\ndata: none\nmodel: none\npolicies: [dsgd]\n"
                                 "stop: {time: 1ms}\n",
                                 1),
                 2);
    char *said = virtual_errors();
    cr_expect(strstr(said, "there is no rate to tune"), "%s", said);
    free(said);
    cr_expect_eq(virtual_command("tune",
                                 "clock: virtual\ndata: {samples: 100, split: [80%, 0%, 20%]}\n"
                                 "policies: [dsgd]\nstop: {time: 1ms}\n",
                                 1),
                 2);
    said = virtual_errors();
    cr_expect(strstr(said, "evaluated on validation samples"), "%s", said);
    free(said);
}

Test(virtual_tune, takes_seeds_that_the_profile_does_not_report)
{
    static const char yaml[] =
        "clock: virtual\nname: t\nseeds: [1000001, 5, 1000003]\nworkers: 2\n"
        "data: {samples: 200, features: 8}\nmodel: softmax\npolicies: [dsgd]\n"
        "stop: {iterations: 3}\n";
    cr_assert_eq(virtual_command("tune", yaml, 1), 0);
    char *const text = read_whole("t.tuned.yaml");
    cr_expect(strstr(text, "seeds: [1000002, 1000004, 1000005]"), "%s", text);
    free(text);
}
