/* SPDX-License-Identifier: BSD-3-Clause */
/* Which tier the loader reads by: what the host lacks, what is quick enough, and what was asked for. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "tests/unit/support_loader.h"

static void no_wishes(void)
{
    unsetenv("DAWDLE_LOADER");
}

TestSuite(loader_tiers, .init = no_wishes, .fini = support_clean);

static void expect_fallback(int code, const char *reason)
{
    struct rig rig;
    struct rng rng = rng_start(8, RNG_TEST, 0);
    uint32_t index[32];
    use_faults();
    fault.setup_code = code;
    rig_make(&rig, small_in(LOADER_AUTO), 0);

    rig_draw(&rng, &rig.config, index);
    rig_read(&rig, index);

    cr_expect_eq(loader_tier(rig.loader), LOADER_PREADV);
    if (reason)
        cr_expect_str_eq(loader_reason(rig.loader), reason);
    rig_free(&rig);
}

Test(loader_tiers, falls_back_when_io_uring_is_not_to_be_had)
{
    expect_fallback(-ENOSYS, "io_uring: the kernel lacks it, or a seccomp filter hides it");
    expect_fallback(-EOPNOTSUPP, "io_uring: not supported by this sandbox's kernel");
    expect_fallback(-ENOMEM, NULL);
    expect_fallback(-EMFILE,
                    "io_uring: setup failed: Too many open files"); /* nobody thought of it */
}

/* What a container does: io_uring_setup answers EPERM. */
static int forbid_io_uring(void)
{
    struct sock_filter rule[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = 4, .filter = rule};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

Test(loader_tiers, falls_back_under_a_seccomp_filter)
{
    struct rig rig;
    uint32_t index[32] = {0, 999};
    const int rc = forbid_io_uring();
    if (rc < 0)
        cr_skip_test("no seccomp filter can be installed: %s", strerror(-rc));
    rig_make(&rig, small_in(LOADER_AUTO), 0);

    rig_read(&rig, index);

    cr_expect_eq(loader_tier(rig.loader), LOADER_PREADV);
    cr_expect(strncmp(loader_reason(rig.loader), "io_uring: ", 10) == 0, "%s",
              loader_reason(rig.loader));
    rig_free(&rig);
}

Test(loader_tiers, retries_with_fewer_flags_on_older_kernels)
{
    struct rig rig;
    uint32_t index[32] = {0, 999};
    use_faults();
    fault.flags_known = 0;
    rig_make(&rig, small_in(LOADER_BUFFERED), 0);

    rig_read(&rig, index);
    rig_free(&rig);
}

Test(loader_tiers, reads_without_registered_buffers_and_says_so)
{
    struct rig rig;
    uint32_t index[32] = {0, 999};
    use_faults();
    fault.register_code = -ENOMEM;
    rig_make(&rig, small_in(LOADER_DIRECT), 0);

    rig_read(&rig, index);

    cr_expect(strncmp(loader_reason(rig.loader),
                      "plain reads: registering 512 KiB exceeds RLIMIT_MEMLOCK", 55) == 0,
              "%s", loader_reason(rig.loader));
    rig_free(&rig);
}

Test(loader_tiers, never_leaves_a_forced_tier)
{
    struct rig rig = {.config = small_in(LOADER_DIRECT)};
    use_faults();
    fault.setup_code = -ENOSYS;
    rig_file(&rig, 1000 * 256 + 128);

    const int rc = rig_open(&rig);

    cr_expect_eq(rc, -ENOSYS);
    cr_expect_null(rig.loader);
    cr_expect_str_eq(rig.err.text, "io_uring: the kernel lacks it, or a seccomp filter hides it");
    rig_free(&rig);
}

Test(loader_tiers, keeps_direct_reads_that_are_quick_enough)
{
    struct rig rig, forced;
    rig_make(&forced, small_in(LOADER_DIRECT), 0); /* skips where there is no direct tier */
    rig_free(&forced);
    struct loader_config config = small_in(LOADER_AUTO);
    config.batch_ns = 3600000000000u;

    rig_make(&rig, config, 0);

    cr_expect_eq(loader_tier(rig.loader), LOADER_DIRECT);
    cr_expect_str_empty(loader_reason(rig.loader));
    cr_expect_eq(loader_batches(rig.loader), 0u, "the probe does not count");
    rig_free(&rig);
}

Test(loader_tiers, uses_the_page_cache_when_direct_reads_are_too_slow)
{
    struct rig rig, forced;
    uint32_t index[32] = {0, 999};
    rig_make(&forced, small_in(LOADER_DIRECT), 0);
    rig_free(&forced);
    struct loader_config config = small_in(LOADER_AUTO);
    config.batch_ns = 1;

    rig_make(&rig, config, 0);
    rig_read(&rig, index);

    cr_expect_eq(loader_tier(rig.loader), LOADER_BUFFERED);
    const char *reason = loader_reason(rig.loader);
    cr_expect(strncmp(reason, "io_uring direct: reads take ", 28) == 0, "%s", reason);
    cr_expect(strstr(reason, " us per batch of 32, 1 worker needs one every 0 us and may use a "
                             "tenth of that; the page "
                             "cache is used"),
              "%s", reason);
    rig_free(&rig);
}

Test(loader_tiers, asks_no_more_whether_the_tier_that_was_chosen_before_keeps_up)
{
    static const enum loader_tier chosen[] = {LOADER_DIRECT, LOADER_BUFFERED, LOADER_PREADV};
    struct rig rig, forced;
    rig_make(&forced, small_in(LOADER_DIRECT), 0);
    rig_free(&forced);
    for (uint32_t i = 0; i < 3; i++) {
        struct loader_config config = small_in(LOADER_AUTO);
        config.batch_ns = 1; /* nothing would */
        config.from = chosen[i];

        rig_make(&rig, config, 0);

        cr_expect_eq(loader_tier(rig.loader), chosen[i]);
        cr_expect_str_empty(loader_reason(rig.loader));
        rig_free(&rig);
    }
}

Test(loader_tiers, takes_the_tier_from_the_environment)
{
    struct rig rig;
    setenv("DAWDLE_LOADER", "preadv", 1);

    rig_make(&rig, small_in(LOADER_AUTO), 0);

    cr_expect_eq(loader_tier(rig.loader), LOADER_PREADV);
    cr_expect_str_empty(loader_reason(rig.loader));
    rig_free(&rig);
}

Test(loader_tiers, refuses_an_unknown_tier_in_the_environment)
{
    struct rig rig = {.config = small_in(LOADER_AUTO)};
    rig_file(&rig, 1000 * 256 + 128);
    setenv("DAWDLE_LOADER", "fast", 1);

    cr_expect_eq(rig_open(&rig), -EINVAL);

    cr_expect_str_eq(rig.err.text, "DAWDLE_LOADER=fast: expected auto, direct, buffered or preadv");
    rig_free(&rig);
}
