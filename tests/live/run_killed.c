/* SPDX-License-Identifier: BSD-3-Clause */
/* A process that is killed in the middle of a matrix leaves what had finished, and that can be read and replayed. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/live/support_run.h"

#define FINISHED 3u

static const char profile[] = "name: t\nseeds: 60\nworkers: {count: 3, graph: ring}\n"
                              "data: {format: synthetic, samples: 1000, features: 16, classes: 4}\n"
                              "model: {kind: softmax}\ncompute: {base: 500us}\npolicies: [dsgd]\n"
                              "stop: {iterations: 100}\njudge: {points: 2}\n";

/* The directory of a run in progress. */
static bool find_unfinished(struct recorded *self)
{
    char parent[64];
    bool found = false;
    snprintf(parent, sizeof(parent), "%s/t", self->folder);
    DIR *const dir = opendir(parent);
    for (const struct dirent *at; dir && (at = readdir(dir));) {
        if (strncmp(at->d_name, ".tmp-", 5) != 0)
            continue;
        snprintf(self->dir, sizeof(self->dir), "%s/%s", parent, at->d_name);
        found = true;
    }
    if (dir)
        closedir(dir);
    return found;
}

static uint32_t journals_of(struct recorded *self)
{
    char path[700];
    uint32_t count = 0;
    if (!find_unfinished(self))
        return 0;
    snprintf(path, sizeof(path), "%s/journal", self->dir);
    DIR *const dir = opendir(path);
    for (const struct dirent *at; dir && (at = readdir(dir));)
        count += strstr(at->d_name, ".gz") && !strstr(at->d_name, ".part");
    if (dir)
        closedir(dir);
    return count;
}

Test(killed, run_leaves_readable_results_and_journals_that_replay, .timeout = 120)
{
    static char text[16384];
    char path[700];
    int status;
    struct recorded *const self = recorded_plan(profile);
    const pid_t child = fork();
    if (child == 0) {
        recorded_run(self, (struct run_options){0});
        _exit(0);
    }
    while (journals_of(self) < FINISHED)
        usleep(2000);
    cr_assert_eq(kill(child, SIGKILL), 0);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status), "sixty runs were over too soon");

    snprintf(path, sizeof(path), "%s/result.json", self->dir);
    json_t *const result = json_load_file(path, 0, NULL);
    const uint32_t journals = journals_of(self);
    const int code = recorded_replay(self, true, text, sizeof(text));

    cr_assert(result);
    cr_expect(json_is_false(json_object_get(result, "complete")));
    cr_expect_geq(json_array_size(json_object_get(result, "runs")) + 1, journals,
                  "at most the last run is lost");
    cr_expect_eq(code, 5, "incomplete: %s", text);
    cr_expect_null(strstr(text, "FAIL"), "%s", text);
    uint32_t same = 0;
    for (const char *at = text; (at = strstr(at, "identical parameters")); at++)
        same++;
    cr_expect_eq(same, journals);
    json_decref(result);
    recorded_close(self);
}
