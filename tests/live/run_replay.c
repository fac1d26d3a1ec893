/* SPDX-License-Identifier: BSD-3-Clause */
/* Parity: what a live run recorded, the same policies and kernels do again, action by action and bit by bit. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "harness/record/journal_file.h"
#include "harness/run/plan_digest.h"
#include "harness/run/replay.h"
#include "tests/live/support_run.h"

#define PROFILE(policies)                                                                      \
    "name: t\nseeds: 1\nworkers: {count: 4, graph: ring}\n"                                    \
    "data: {format: synthetic, samples: 1000, features: 16, classes: 4, "                      \
    "shards: {kind: labels, per_worker: 2}}\nmodel: {kind: softmax}\ncompute: {base: 200us}\n" \
    "train: {batch: 16, lr: 0.1, decay: {every: 10%, factor: 0.9}}\n"                          \
    "policies: [" policies "]\n"                                                               \
    "inject: [{select: {percent: 20%}, law: {kind: slowdown, factor: 5}}]\n"                   \
    "stop: {iterations: 30}\njudge: {points: 2}\n"

/* Two policies, where the journals' files are what matters. */
static const char profile[] = PROFILE("dsgd, adpsgd");

static uint32_t count_of(const char *text, const char *word)
{
    uint32_t count = 0;
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        count++;
    return count;
}

Test(replay, of_a_live_run_brings_the_same_actions_and_parameters, .timeout = 60)
{
    char text[4096] = "";
    struct recorded *const run = recorded_open(PROFILE("allreduce, dsgd, adpsgd, aau, "
                                                       "{kind: aau, label: aau-all, release: all}"),
                                               (struct run_options){0}, 0);

    const int code = recorded_replay(run, true, text, sizeof(text));

    cr_expect_eq(code, 0, "%s", text);
    cr_expect_eq(count_of(text, "identical actions, identical parameters"), 5, "%s", text);
    recorded_close(run);
}

Test(replay, fails_at_the_event_whose_recorded_bit_was_flipped, .timeout = 60)
{
    char text[4096] = "", path[700];
    struct journal_file file;
    struct err err = {{0}};
    struct recorded *const run = recorded_open(profile, (struct run_options){0}, 0);
    snprintf(path, sizeof(path), "%s/journal/dsgd-1.gz", run->dir);
    cr_assert_eq(journal_file_read(path, &file, &err), 0, "%s", err.text);
    file.worker[2].data[file.worker[2].bytes / 2] ^= 4;
    cr_assert_eq(journal_file_write(path, &file, &err), 0, "%s", err.text);
    journal_file_free(&file);

    const int code = recorded_replay(run, false, text, sizeof(text));

    cr_expect_eq(code, 4);
    cr_expect(strstr(text, "FAIL  worker 2, entry "), "%s", text);
    cr_expect_eq(count_of(text, "identical actions"), 1, "the other run agrees: %s", text);
    recorded_close(run);
}

Test(replay, finds_a_mix_that_was_decided_and_not_done, .timeout = 60)
{
    char text[4096] = "";
    struct recorded *const run = recorded_one_sided(profile);
    cr_assert_eq(run->code, 4, "the ledger notices it already");

    cr_expect_eq(recorded_replay(run, false, text, sizeof(text)), 0, "the actions are the same: %s",
                 text);
    cr_expect_eq(recorded_replay(run, true, text, sizeof(text)), 4);

    cr_expect(strstr(text, "the final parameters differ"), "%s", text);
    recorded_close(run);
}

Test(replay, says_that_a_full_recorder_is_incomplete, .timeout = 60)
{
    char text[4096] = "";
    struct recorded *const run = recorded_open(profile, (struct run_options){0}, 1024);

    const int code = recorded_replay(run, true, text, sizeof(text));

    cr_expect_eq(code, 5);
    cr_expect(strstr(text, "then the recorder was full"), "%s", text);
    recorded_close(run);
}

Test(replay, refuses_a_journal_of_another_graph, .timeout = 60)
{
    char text[4096] = "";
    struct recorded *const run = recorded_open(profile, (struct run_options){0}, 0);
    strcpy(run->sweep.written->workers.graph, "complete");

    const int code = recorded_replay(run, false, text, sizeof(text));

    cr_expect_eq(code, 2);
    cr_expect(strstr(text, "another graph"), "%s", text);
    recorded_close(run);
}

Test(replay, says_which_runs_left_no_journal, .timeout = 60)
{
    char text[4096] = "", path[700];
    struct recorded *const run = recorded_open(profile, (struct run_options){0}, 0);
    journal_file_path(path, sizeof(path), run->dir, "adpsgd", 1);
    cr_assert_eq(unlink(path), 0);

    const int code = recorded_replay(run, false, text, sizeof(text));

    cr_expect_eq(code, 5);
    cr_expect_eq(count_of(text, "identical actions"), 1, "%s", text);
    cr_expect(strstr(text, "adpsgd           seed 1      missing"), "%s", text);
    recorded_close(run);
}

Test(replay, names_a_journal_that_is_cut_off, .timeout = 60)
{
    char text[4096] = "", path[700];
    struct recorded *const run = recorded_open(profile, (struct run_options){0}, 0);
    journal_file_path(path, sizeof(path), run->dir, "dsgd", 1);
    cr_assert_eq(truncate(path, 1000), 0);

    const int code = recorded_replay(run, false, text, sizeof(text));

    cr_expect_eq(code, 4);
    cr_expect(strstr(text, "journal/dsgd-1.gz: is cut off within the events of worker"), "%s",
              text);
    recorded_close(run);
}

Test(replay, refuses_a_journal_of_another_version, .timeout = 60)
{
    static char text[4096], path[700], raw[1 << 16], says[100];
    struct recorded *const run = recorded_open(profile, (struct run_options){0}, 0);
    journal_file_path(path, sizeof(path), run->dir, "dsgd", 1);
    gzFile file = gzopen(path, "rb");
    const int bytes = gzread(file, raw, sizeof(raw));
    cr_assert_gt(bytes, 200);
    gzclose(file);
    for (char version = 1; version <= (char)JOURNAL_FILE_VERSION + 1; version++) {
        raw[16 + JOURNAL_FILE_LABEL_MAX] = version; /* behind the magic and the label */
        file = gzopen(path, "wb");
        cr_assert_eq(gzwrite(file, raw, (unsigned)bytes), bytes);
        gzclose(file);

        const int code = recorded_replay(run, false, text, sizeof(text));

        snprintf(says, sizeof(says), "dsgd-1.gz: is of version %d, this program reads", version);
        const bool other = version != (char)JOURNAL_FILE_VERSION;
        cr_expect_eq(code, other ? 2 : 0, "version %d: %s", version, text);
        cr_expect_eq(strstr(text, says) != NULL, other, "version %d: %s", version, text);
    }
    recorded_close(run);
}

Test(replay, takes_no_gradients_on_other_samples_and_compares_actions_all_the_same, .timeout = 60)
{
    char text[4096] = "", byte;
    struct err err = {{0}};
    struct recorded *const run = recorded_open(profile, (struct run_options){0}, 0);
    const struct dataset *const data = &run->sweep.plan[0].dataset;
    const int fd = open(data->path, O_RDWR);
    cr_assert_eq(pread(fd, &byte, 1, (off_t)data->base_bytes + 1000), 1);
    byte ^= 1;
    cr_assert_eq(pwrite(fd, &byte, 1, (off_t)data->base_bytes + 1000), 1);
    close(fd);
    cr_assert_eq(plan_digest_data(data, &run->sweep.plan[0].common.data_digest, &err), 0);

    cr_expect_eq(recorded_replay(run, true, text, sizeof(text)), 2);
    cr_expect_eq(count_of(text, "are not those of the run"), 2, "%s", text);
    cr_expect_eq(recorded_replay(run, false, text, sizeof(text)), 0, "%s", text);
    recorded_close(run);
}

Test(replay, refuses_to_train_with_another_batch, .timeout = 60)
{
    char text[4096] = "";
    struct recorded *const run = recorded_open(profile, (struct run_options){0}, 0);
    run->sweep.plan[0].common.model.batch = 8;

    cr_expect_eq(recorded_replay(run, true, text, sizeof(text)), 2);
    cr_expect_eq(count_of(text, "trains another model"), 2, "%s", text);
    recorded_close(run);
}

Test(replay, finds_the_journals_of_every_value_of_a_sweep, .timeout = 60)
{
    static char yaml[2048], text[8192];
    snprintf(yaml, sizeof(yaml), "%ssweep: {key: inject.0.law.factor, values: [2, 4]}\n", profile);
    struct recorded *const run = recorded_open(yaml, (struct run_options){0}, 0);

    const int code = recorded_replay(run, true, text, sizeof(text));

    cr_expect_eq(run->code, 0);
    cr_expect_eq(code, 0, "%s", text);
    cr_expect_eq(count_of(text, "identical parameters"),
                 2u * run->sweep.written->policy_count * run->sweep.written->seed_count, "%s",
                 text);
    recorded_close(run);
}

Test(replay, refuses_a_folder_without_journals)
{
    static const struct experiment nothing;
    const struct plan plan = {.experiment = (struct experiment *)&nothing};
    const struct replay_options options = {0};
    cr_expect_eq(replay_all("/nonexistent", &plan, &options, stdout), 2);
}
