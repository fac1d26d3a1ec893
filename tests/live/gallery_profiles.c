/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shipped profiles on dawdling, small: each holds its claim in virtual time, ends live with everything accounted for,
 * and waits as much on one clock as on the other, where the host left the live run its cores.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/command/command.h"

#define NAME_BYTES 32u
#define ATTEMPTS 3u
#define POLICIES_MAX 4u
#define AGREES 0.05      /* of the iteration time */
#define UNDISTURBED 0.01 /* largest share of the iteration time that no part explains */

static char folder[64];

static void enter(void)
{
    char path[80];
    strcpy(folder, "/tmp/dawdle-gallery-XXXXXX");
    cr_assert(mkdtemp(folder));
    setenv("XDG_CACHE_HOME", folder, 1);
    snprintf(path, sizeof(path), "%s/stdout", folder);
    cr_assert(freopen(path, "w", stdout));
}

static void leave(void)
{
    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(gallery, .init = enter, .fini = leave, .timeout = 240);

ParameterizedTestParameters(gallery, holds_its_claim_and_waits_live_as_in_virtual_time)
{
    static char name[][NAME_BYTES] = {"transient",     "permanent",        "heavy-tail",
                                      "fail-slow",     "gc-pause",         "rack",
                                      "flapping-link", "lossy-link",       "crash-rejoin",
                                      "slow-disk",     "production-trace", "staged-rollout",
                                      "mild-trace"};
    return cr_make_param_array(char[NAME_BYTES], name, sizeof(name) / sizeof(name[0]));
}

/** Run a shipped profile, one seed, one second. Returns the exit code. */
static int run_shipped(const char *clock, const char *name)
{
    char profile[64], out[96], set_clock[32];
    struct command_line *const line = calloc(1, sizeof(*line));
    cr_assert(line);
    snprintf(profile, sizeof(profile), "gallery/%s", name);
    snprintf(out, sizeof(out), "%s/%s", folder, clock);
    snprintf(set_clock, sizeof(set_clock), "clock=%s", clock);
    line->argument[0] = "run";
    line->argument[1] = profile;
    line->argument_count = 2;
    line->set[line->set_count++] = set_clock;
    line->set[line->set_count++] = "seeds=[1]";
    line->set[line->set_count++] = "stop.time=1s";
    line->set[line->set_count++] = "judge.points=4";
    line->out = out;
    line->quiet = true;
    const int code = command_run(line);
    free(line);
    return code;
}

/** The same live, in a process of its own: DPDK starts once in each. */
static int run_live(const char *name)
{
    int status = 0;
    fflush(NULL);
    const pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(run_shipped("live", name));
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static json_t *result_of(const char *clock, const char *name)
{
    char path[192];
    json_error_t error;
    snprintf(path, sizeof(path), "%s/%s/%s/latest/result.json", folder, clock, name);
    json_t *const result = json_load_file(path, 0, &error);
    cr_assert(result, "%s: %s", path, error.text);
    return result;
}

struct shares {
    double wait[POLICIES_MAX], rest;
    size_t policies;
};

static struct shares shares_of(const char *clock, const char *name)
{
    json_t *const result = result_of(clock, name);
    const json_t *const runs = json_object_get(result, "runs");
    struct shares out = {.policies = json_array_size(runs)};
    cr_assert_leq(out.policies, POLICIES_MAX);
    for (size_t i = 0; i < out.policies; i++) {
        const json_t *const run = json_array_get(runs, i);
        const double rest =
            json_number_value(json_object_get(json_object_get(run, "parts_ns"), "rest")) /
            json_number_value(json_object_get(run, "total_ns"));
        out.wait[i] = json_number_value(json_object_get(run, "wait_share"));
        out.rest = fmax(out.rest, rest);
        cr_expect(json_is_true(json_object_get(run, "drained")), "%s %s, run %zu", clock, name, i);
    }
    json_decref(result);
    return out;
}

/** Profiles in which the clocks wait differently say why not in a line that begins so. */
static bool says_why_not(const char *name)
{
    char path[512], text[256];
    const char *const source = getenv("DAWDLE_SOURCE");
    snprintf(path, sizeof(path), "%s/harness/profiles/gallery/%s.yaml", source ? source : ".",
             name);
    FILE *const file = fopen(path, "r");
    cr_assert(file, "%s", path);
    bool found = false;
    while (fgets(text, sizeof(text), file))
        found |= strncmp(text, "# Live and virtual waiting differ", 33) == 0;
    fclose(file);
    return found;
}

/* A host that takes cores away says nothing about the profile: it is tried again, and then only has to end well. */
ParameterizedTest(char (*name)[NAME_BYTES], gallery,
                  holds_its_claim_and_waits_live_as_in_virtual_time)
{
    cr_assert_eq(run_shipped("virtual", *name), 0, "%s does not hold its claim", *name);
    const struct shares predicted = shares_of("virtual", *name);
    bool agrees = false, disturbed = true;
    struct shares live = {0};
    for (uint32_t attempt = 0; attempt < ATTEMPTS && !agrees; attempt++) {
        const int code = run_live(*name);
        cr_assert(code == 0 || code == 4, "%s ended with %d", *name, code);
        live = shares_of("live", *name);
        cr_assert_eq(live.policies, predicted.policies);
        agrees = true;
        for (size_t i = 0; i < live.policies; i++)
            agrees = agrees && fabs(live.wait[i] - predicted.wait[i]) <= AGREES;
        disturbed = disturbed && live.rest > UNDISTURBED;
    }
    if (says_why_not(*name) || disturbed)
        return;
    for (size_t i = 0; i < live.policies; i++)
        cr_expect(agrees, "%s, policy %zu: waits %.1f %% live, %.1f %% in virtual time", *name, i,
                  100 * live.wait[i], 100 * predicted.wait[i]);
}
