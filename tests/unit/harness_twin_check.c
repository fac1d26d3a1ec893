/* SPDX-License-Identifier: BSD-3-Clause */
/* A twin stands for one live run: a profile that says anything else of its workers or of what disturbed them is refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/experiment/profile.h"
#include "harness/twin/twin.h"

#define HEAD                                                                         \
    "name: t\nseeds: 1\nworkers: {count: 4, graph: ring}\ndata: none\nmodel: none\n" \
    "compute: {base: 1ms, jitter: {cv: 5%}}\npolicies: [dsgd]\nstop: {time: 1s}\n"
#define LAW "{kind: slowdown, factor: 3}"
#define INJECT "inject: [{what: compute, select: {percent: 25%}, law: " LAW "}]\n"
#define LINK "inject: [{what: link, link: {loss: 1%, burst: 2, resend: 1ms}}]\n"
#define FAULT "faults: [{kind: pause, workers: [1], at: 100ms, for: 20ms}]\n"

static char folder[64];

static void enter(void)
{
    strcpy(folder, "/tmp/dawdle-twin-XXXXXX");
    cr_assert(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void leave(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(twin_check, .init = enter, .fini = leave);

static struct experiment *load(const char *name, const char *yaml)
{
    struct experiment *const x = calloc(1, sizeof(*x));
    struct profile_errors errors = {0};
    FILE *const file = fopen(name, "w");
    cr_assert(x && file);
    fputs(yaml, file);
    fclose(file);
    if (profile_load(x, name, NULL, 0, &errors) < 0)
        profile_errors_print(&errors, stderr);
    cr_assert_eq(errors.count, 0, "%s", yaml);
    return x;
}

/** What a twin of a run of `live` says to the profile `simulated`: the key that differs, or "". */
static void expect_differs(const char *simulated, const char *live, const char *key)
{
    struct twin twin = {.against = {.count = 1}};
    struct err err = {{0}};
    char expected[128];
    struct experiment *const written = load("resolved.yaml", live);
    profile_free(written);
    free(written);
    struct experiment *const now = load("now.yaml", simulated);
    snprintf(twin.against.dir, sizeof(twin.against.dir), ".");
    const int rc = twin_check(&twin, now, &err);
    snprintf(expected, sizeof(expected), "is no run of profile t: %s differs", key);
    if (*key)
        cr_expect(rc < 0 && strstr(err.text, expected), "%s\nagainst\n%s: %s", simulated, live,
                  err.text);
    else
        cr_expect_eq(rc, 0, "%s: %s", simulated, err.text);
    profile_free(now);
    free(now);
}

/* `text` with the first `from` in it replaced by `to`. */
static const char *with(const char *text, const char *from, const char *to)
{
    static char out[2048];
    const char *const at = strstr(text, from);
    cr_assert(at, "%s has no %s", text, from);
    snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

Test(twin_check, names_what_the_live_run_did_otherwise)
{
    static const struct {
        const char *from, *to, *key;
    } change[] = {
        {"count: 4", "count: 5", "workers.count"},
        {"ring", "complete", "workers.graph"},
        {"base: 1ms", "base: 2ms", "compute.base"},
        {"jitter: {cv: 5%}", "jitter: {cv: 6%}", "compute.jitter"},
        {"time: 1s", "time: 2s", "stop"},
        {"factor: 3", "factor: 3.0000001", "inject"},
        {"slowdown, factor: 3", "const, delay: 3ms", "inject"},
        {"percent: 25%", "percent: 50%", "inject"},
        {"law:", "when: {start: 1ms}, law:", "inject"},
        {"at: 100ms", "at: 90ms", "faults"},
        {"workers: [1]", "workers: [2]", "faults"},
        {"for: 20ms", "for: 21ms", "faults"},
    };
    for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++)
        expect_differs(with(HEAD INJECT FAULT, change[i].from, change[i].to), HEAD INJECT FAULT,
                       change[i].key);
    expect_differs(with(HEAD LINK, "loss: 1%", "loss: 2%"), HEAD LINK, "inject");
    expect_differs(with(HEAD LINK, "burst: 2", "burst: 3"), HEAD LINK, "inject");
    expect_differs(HEAD, HEAD INJECT, "inject");
    expect_differs(HEAD FAULT, HEAD, "faults");
}

Test(twin_check, does_not_mind_how_the_same_is_spelt_nor_what_only_reports)
{
    expect_differs(HEAD INJECT FAULT, HEAD INJECT FAULT, "");
    expect_differs(with(HEAD INJECT, "25%", "25.0%"), HEAD INJECT, "");
    expect_differs(with(HEAD INJECT, "select:", "scope: compute, select:"), HEAD INJECT, "");
    expect_differs(with(HEAD FAULT, "for: 20ms", "for: 20000us"), HEAD FAULT, "");
    expect_differs(with(HEAD, "policies: [dsgd]", "policies: [aau]"), HEAD, "");
}

Test(twin_check, has_no_times_to_compare_where_gradients_are_real)
{
    expect_differs(with(HEAD, "{base: 1ms, jitter: {cv: 5%}}", "{base: 1ms}"),
                   with(HEAD, "compute: {base: 1ms, jitter: {cv: 5%}}\n", ""), "");
}
