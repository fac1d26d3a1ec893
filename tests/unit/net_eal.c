/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting DPDK: tiers, clear refusals, and not a trace of it afterwards. Every test is a process of its own. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/capture_output.h"
#include "net/eal.h"
#include "net/huge_pages.h"

#define MIB ((size_t)1 << 20)

static char dir[PATH_MAX];

static void make_dir(void)
{
    const char *tmp = getenv("DAWDLE_TEST_TMP");
    unsetenv("DAWDLE_EAL");
    snprintf(dir, sizeof(dir), "%s/eal-XXXXXX", tmp != NULL ? tmp : "/tmp");
    cr_assert_not_null(mkdtemp(dir));
}

static void remove_dir(void)
{
    cr_expect_eq(rmdir(dir), 0, "the run-time directory is empty again: %s", strerror(errno));
}

TestSuite(eal, .init = make_dir, .fini = remove_dir);

static int entries(const char *path)
{
    int count = 0;
    DIR *at = opendir(path);
    while (at != NULL && readdir(at) != NULL)
        count++;
    if (at != NULL)
        closedir(at);
    return count;
}

static int start(struct eal *eal, enum eal_tier tier, struct err *err)
{
    return eal_start(
        eal, &(struct eal_config){.memory_bytes = 5 * MIB, .runtime_dir = dir, .tier = tier}, err);
}

Test(eal, starts_without_huge_pages)
{
    struct eal eal;
    struct err err = {""};

    const int rc = start(&eal, EAL_TIER_NOHUGE, &err);

    cr_assert_eq(rc, 0, "%s", err.text);
    cr_expect_str_eq(eal_tier_name(eal.tier), "nohuge");
    cr_expect_str_eq(eal.reason, "demanded by the caller");
    cr_expect_eq(eal.page_bytes, 4096u);
    cr_expect_geq(eal.memory_bytes, 5 * MIB);
    cr_expect_eq((uintptr_t)eal_memory(&eal) % (2 * MIB), 0u);
    memset(eal_memory(&eal), 0xa5, eal.memory_bytes);
    eal_stop(&eal);
    cr_expect_null(eal_memory(&eal));
}

Test(eal, takes_the_best_tier_and_says_why_not_a_better_one)
{
    struct eal eal;
    struct err err = {""};
    const struct huge_pages pages = huge_pages_find(64 * MIB);

    cr_assert_eq(start(&eal, EAL_TIER_BEST, &err), 0, "%s", err.text);

    if (pages.page_bytes != 0) {
        cr_expect_eq(eal.tier, EAL_TIER_HUGE);
        cr_expect_eq(eal.page_bytes, pages.page_bytes);
        cr_expect_str_empty(eal.reason);
    } else {
        cr_expect_eq(eal.tier, EAL_TIER_NOHUGE);
        cr_expect_not_null(strstr(eal.reason, "huge pages"), "%s", eal.reason);
    }
    eal_stop(&eal);
}

Test(eal, gives_huge_pages_where_they_are_free)
{
    struct eal eal;
    struct err err = {""};
    if (huge_pages_find(64 * MIB).page_bytes == 0)
        cr_skip_test("no free huge pages on this host");

    cr_assert_eq(start(&eal, EAL_TIER_HUGE, &err), 0, "%s", err.text);

    cr_expect_geq(eal.page_bytes, 2 * MIB);
    cr_expect_eq((uintptr_t)eal_memory(&eal) % (2 * MIB), 0u);
    memset(eal_memory(&eal), 0xa5, eal.memory_bytes);
    eal_stop(&eal);
}

Test(eal, obeys_the_environment_over_the_caller)
{
    struct eal eal;
    struct err err = {""};
    setenv("DAWDLE_EAL", "nohuge", 1);

    cr_assert_eq(start(&eal, EAL_TIER_BEST, &err), 0, "%s", err.text);

    cr_expect_eq(eal.tier, EAL_TIER_NOHUGE);
    cr_expect_str_eq(eal.reason, "demanded by DAWDLE_EAL");
    eal_stop(&eal);
}

Test(eal, refuses_an_unknown_tier_by_name)
{
    struct eal eal;
    struct err err = {""};
    setenv("DAWDLE_EAL", "gigantic", 1);

    const int rc = start(&eal, EAL_TIER_BEST, &err);

    cr_expect_eq(rc, -EINVAL);
    cr_expect_str_eq(err.text, "DAWDLE_EAL is 'gigantic': expected 'huge' or 'nohuge'");
}

Test(eal, says_how_many_huge_pages_are_missing)
{
    struct eal eal;
    struct err err = {""};
    setenv("DAWDLE_EAL", "huge", 1);
    const struct eal_config config = {.memory_bytes = 200ull << 30, .runtime_dir = dir};
    if (huge_pages_find(config.memory_bytes).page_bytes != 0)
        cr_skip_test("this host really has 200 GiB of huge pages");

    const int rc = eal_start(&eal, &config, &err);

    cr_expect_eq(rc, -ENOMEM);
    cr_expect_not_null(strstr(err.text, "demanded by DAWDLE_EAL"), "%s", err.text);
    cr_expect_null(eal_memory(&eal));
}

Test(eal, refuses_sizes_and_directories_before_dpdk_is_touched)
{
    struct eal eal;
    struct err err = {""};

    cr_expect_eq(eal_start(&eal, &(struct eal_config){.runtime_dir = dir}, &err), -EINVAL);
    cr_expect_eq(eal_start(&eal, &(struct eal_config){.memory_bytes = 1}, &err), -EINVAL);
    cr_expect_eq(
        eal_start(&eal, &(struct eal_config){.memory_bytes = 1, .runtime_dir = "/nowhere/at/all"},
                  &err),
        -ENOENT);
    cr_expect_not_null(strstr(err.text, "/nowhere/at/all"), "%s", err.text);
    cr_expect_eq(start(&eal, EAL_TIER_NOHUGE, &err), 0, "a refusal costs nothing: %s", err.text);
    eal_stop(&eal);
}

Test(eal, refuses_to_start_twice)
{
    struct eal eal, second;
    struct err err = {""};
    cr_assert_eq(start(&eal, EAL_TIER_NOHUGE, &err), 0, "%s", err.text);
    eal_stop(&eal);

    cr_expect_eq(start(&second, EAL_TIER_NOHUGE, &err), -EALREADY);
    cr_expect_str_eq(err.text, "DPDK can be started once in a process, and it was");
}

Test(eal, leaves_no_file_even_while_it_runs)
{
    struct eal eal;
    struct err err = {""};
    struct stat seen;
    char path[PATH_MAX];
    const int empty = entries(dir), shm = entries("/dev/shm");
    snprintf(path, sizeof(path), "/var/run/dpdk/dawdle-%ld", (long)getpid());

    cr_assert_eq(start(&eal, EAL_TIER_BEST, &err), 0, "%s", err.text);

    cr_expect_eq(entries(dir), empty, "so that kill -9 leaves nothing either");
    cr_expect_eq(stat(path, &seen), -1);
    cr_expect_leq(entries("/dev/shm"), shm);
    eal_stop(&eal);
    cr_expect_eq(entries(dir), empty);
}

Test(eal, puts_back_cores_environment_and_prints_nothing)
{
    struct eal eal;
    struct err err = {""};
    struct capture_output captured;
    char line[128];
    cpu_set_t before, after;
    setenv("RUNTIME_DIRECTORY", "/somewhere", 1);
    setenv("XDG_RUNTIME_DIR", "", 1); /* would make DPDK fail if it looked */
    cr_assert_eq(sched_getaffinity(0, sizeof(before), &before), 0);

    capture_output_begin(&captured);
    const int rc = start(&eal, EAL_TIER_NOHUGE, &err);
    eal_stop(&eal);
    capture_output_end(&captured, "", line, sizeof(line));

    cr_assert_eq(rc, 0, "%s", err.text);
    cr_expect_str_empty(line);
    cr_assert_eq(sched_getaffinity(0, sizeof(after), &after), 0);
    cr_expect(CPU_EQUAL(&before, &after));
    cr_expect_str_eq(getenv("RUNTIME_DIRECTORY"), "/somewhere");
}

Test(eal, starts_for_an_ordinary_user)
{
    struct eal eal;
    struct err err = {""};
    char public_dir[] = "/tmp/dawdle-eal-XXXXXX";
    if (geteuid() != 0)
        cr_skip_test("already an ordinary user");
    cr_assert_not_null(mkdtemp(public_dir));
    cr_assert_eq(chown(public_dir, 65534, 65534), 0);
    cr_assert_eq(setresuid(65534, 65534, 0), 0);

    const int rc =
        eal_start(&eal, &(struct eal_config){.memory_bytes = MIB, .runtime_dir = public_dir}, &err);

    cr_expect_eq(rc, 0, "%s", err.text);
    eal_stop(&eal);
    cr_assert_eq(setresuid(0, 0, 0), 0);
    cr_expect_eq(rmdir(public_dir), 0, "%s", strerror(errno));
}

static void *register_once(void *arg)
{
    int *rc = arg;
    *rc = eal_register_thread();
    if (*rc == 0)
        eal_unregister_thread();
    return NULL;
}

Test(eal, registers_threads_of_ours)
{
    struct eal eal;
    struct err err = {""};
    pthread_t thread;
    int rc = -1;
    cr_assert_eq(start(&eal, EAL_TIER_NOHUGE, &err), 0, "%s", err.text);

    cr_assert_eq(pthread_create(&thread, NULL, register_once, &rc), 0);
    pthread_join(thread, NULL);

    cr_expect_eq(rc, 0);
    eal_stop(&eal);
}

Test(capture_output, quotes_the_last_line_with_the_prefix)
{
    struct capture_output captured;
    char line[64];

    capture_output_begin(&captured);
    printf("EAL: first\nusage: a long story\n");
    fflush(stdout);
    fprintf(stderr, "EAL: the reason\n\nmore usage\n");
    capture_output_end(&captured, "EAL: ", line, sizeof(line));

    cr_expect_str_eq(line, "the reason");
}

Test(capture_output, falls_back_to_the_last_line)
{
    struct capture_output captured;
    char line[8];

    capture_output_begin(&captured);
    printf("one\ntwo and more\n\n");
    capture_output_end(&captured, "EAL: ", line, sizeof(line));

    cr_expect_str_eq(line, "two and");
}
