/* SPDX-License-Identifier: BSD-3-Clause */
/* What a dry run prints can be kept as a profile, and it costs nothing: no data are made, no shard is dealt. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/experiment/profile.h"
#include "tests/live/support_virtual.h"

/* 256 GB, which nobody could make or deal while a test waits */
#define HUGE                                                                                       \
    "# Claim: none.\nname: t\nworkers: 4\npolicies: [allreduce, {kind: aau, lr: 0.2}]\n"           \
    "data: {samples: 1000000000, shards: {kind: labels, per_worker: 5}}\nstop: {iterations: 20}\n" \
    "inject:\n  - {select: {percent: 10%}, law: {kind: slowdown, factor: 10}}\n"

TestSuite(virtual_dry_run, .init = virtual_enter, .fini = virtual_leave, .timeout = 120);

static void expect_loads(const char *text)
{
    static struct experiment experiment;
    static struct profile_errors errors;
    char path[] = "/tmp/dawdle-dry-XXXXXX";
    const int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    cr_expect_eq(profile_load(&experiment, path, NULL, 0, &errors), 0, "%s", text);
    unlink(path);
    cr_expect_str_eq(experiment.name, "t");
    cr_expect_str_eq(experiment.claim, "Claim: none.");
    cr_expect_eq(experiment.data.samples, 1000000000u);
    cr_expect_eq(experiment.policy_count, 2u);
    profile_free(&experiment);
    profile_errors_free(&errors);
}

static void expect_profile(const char *yaml)
{
    char *const text = virtual_dry_run(yaml);

    cr_expect_not_null(strstr(text, "\n# memory"), "%s", text);
    cr_expect_not_null(strstr(text, "\n#   2 policies x 3 seeds: about "), "%s", text);
    expect_loads(text);
    cr_expect_not(virtual_has_cache(), "data were made");
    free(text);
}

Test(virtual_dry_run, of_a_live_profile_is_a_profile)
{
    expect_profile(HUGE);
}

Test(virtual_dry_run, of_a_virtual_profile_is_a_profile)
{
    expect_profile(HUGE "clock: virtual\n");
}

Test(virtual_dry_run, a_machine_is_drawn_without_data)
{
    cr_expect_eq(virtual_command("topo", HUGE, 0), 0, "a machine is drawn without any data");
    cr_expect_not(virtual_has_cache(), "data were made");
}
