/* SPDX-License-Identifier: BSD-3-Clause */
/* The loader on a disk and a kernel that fail: what it repeats, when it gives up, and what it says then. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/inject/fault.h"
#include "tests/unit/support_loader.h"

static void no_wishes(void)
{
    unsetenv("DAWDLE_LOADER");
}

TestSuite(loader_faults, .init = no_wishes, .fini = support_clean);

IN_EACH_TIER(loader_faults, names_file_and_offset_of_an_io_error_that_lasts)
{
    struct rig rig;
    uint32_t index[32];
    use_faults();
    rig_make(&rig, impatient_in(*tier), 0);
    for (uint32_t k = 0; k < 32; k++)
        index[k] = 64;
    fault.result = -EIO;
    fault.results = ~0u;

    loader_request(rig.loader, 0, index);
    const int rc = rig_wait(&rig, 0);

    cr_expect_eq(rc, -EIO);
    char want[64];
    snprintf(want, sizeof(want), "read at offset %u failed: Input/output error",
             (128u + 64u * 256u) & -rig.loader->block);
    rig_expect_error(&rig, -EIO, want);
    rig_free(&rig);
}

IN_EACH_TIER(loader_faults, reports_reads_that_stay_short_as_an_error)
{
    struct rig rig;
    uint32_t index[32] = {0};
    use_faults();
    rig_make(&rig, impatient_in(*tier), 0);
    fault.result = 383;
    fault.results = ~0u;

    loader_request(rig.loader, 0, index);
    const int rc = rig_wait(&rig, 0);

    cr_expect_eq(rc, -EIO);
    rig_expect_error(&rig, -EIO, "read at offset 0 returned 383 of 384 bytes");
    rig_free(&rig);
}

IN_EACH_TIER(loader_faults, takes_a_short_read_that_covers_the_records)
{
    struct rig rig;
    uint32_t index[32];
    rig_make(&rig, small_in(*tier),
             0); /* 256128 bytes: the last block is cut by the end of the file */
    for (uint32_t k = 0; k < 32; k++)
        index[k] = 999;

    rig_read(&rig, index);

    cr_expect_eq(loader_bytes(rig.loader), 256128u - (255872u & -rig.loader->block),
                 "all there is of the last blocks");
    rig_free(&rig);
}

IN_EACH_TIER(loader_faults, repeats_reads_that_were_told_to_come_again)
{
    struct rig rig;
    struct rng rng = rng_start(5, RNG_TEST, 0);
    uint32_t index[32];
    use_faults();
    rig_make(&rig, small_in(*tier), 0);
    rig_draw(&rng, &rig.config, index);

    for (uint32_t round = 0; round < 2; round++) {
        fault.result = round == 0 ? -EAGAIN : -EINTR;
        fault.results = 50;
        rig_read(&rig, index);
        loader_done(rig.loader, 0);
        cr_expect_eq(fault.results, 0u, "all faults were met");
    }
    cr_expect_eq(loader_batches(rig.loader), 2u);
    rig_free(&rig);
}

ParameterizedTestParameters(loader_faults, repeats_reads_that_fail_for_a_while)
{
    static int32_t results[] = {-EIO, 100, -EAGAIN};
    return cr_make_param_array(int32_t, results, 3);
}

ParameterizedTest(int32_t *result, loader_faults, repeats_reads_that_fail_for_a_while)
{
    struct rig rig;
    uint32_t index[32] = {0};
    use_faults();
    rig_make(&rig, small_in(LOADER_PREADV), 0);
    fault.result = *result;
    fault.results = 12;

    rig_read(&rig, index);

    cr_expect_eq(loader_retries(rig.loader), 12u);
    rig_free(&rig);
}

ParameterizedTestParameters(loader_faults,
                            repeats_the_reads_of_a_disturbed_worker_until_it_is_left_alone)
{
    static enum fault_disk kinds[] = {DISK_EIO, DISK_SHORT, DISK_EAGAIN};
    return cr_make_param_array(enum fault_disk, kinds, DISK_KINDS);
}

ParameterizedTest(enum fault_disk *disk, loader_faults,
                  repeats_the_reads_of_a_disturbed_worker_until_it_is_left_alone)
{
    struct rig rig;
    uint32_t index[32] = {0};
    struct loader_config config = small_in(LOADER_BUFFERED);
    config.workers = 2;
    rig_make(&rig, config, 0);
    loader_disturb(rig.loader, 1, (int)*disk);
    loader_request(rig.loader, 0, index);
    loader_request(rig.loader, 1, index);

    cr_assert_eq(rig_wait(&rig, 0), 0, "the other worker's disk works");
    for (uint32_t i = 0; i < 50 || loader_retries(rig.loader) == 0; i++)
        cr_assert_eq(loader_poll(rig.loader), 0);
    cr_expect_null(loader_ready(rig.loader, 1));
    loader_disturb(rig.loader, 1, LOADER_UNDISTURBED);

    cr_assert_eq(rig_wait(&rig, 1), 0);
    rig_expect_bytes(&rig, 1);
    rig_free(&rig);
}

Test(loader_faults, names_the_worker_whose_disk_failed_for_too_long)
{
    struct rig rig;
    uint32_t index[32] = {0};
    struct loader_config config = impatient_in(LOADER_PREADV);
    config.workers = 2;
    rig_make(&rig, config, 0);
    loader_disturb(rig.loader, 1, DISK_EIO);
    cr_expect_eq(loader_failed_worker(rig.loader), UINT32_MAX);

    loader_request(rig.loader, 1, index);

    cr_expect_eq(rig_wait(&rig, 1), -EIO);
    cr_expect_eq(loader_failed_worker(rig.loader), 1u);
    rig_free(&rig);
}

Test(loader_faults, gives_up_on_a_read_that_never_gets_through)
{
    struct rig rig;
    uint32_t index[32] = {0};
    use_faults();
    rig_make(&rig, impatient_in(LOADER_BUFFERED), 0);
    fault.result = -EAGAIN;
    fault.results = ~0u;

    loader_request(rig.loader, 0, index);
    const int rc = rig_wait(&rig, 0);

    cr_expect_eq(rc, -EAGAIN);
    rig_expect_error(&rig, -EAGAIN, "read at offset 0 failed: Resource temporarily unavailable");
    rig_free(&rig);
}

IN_EACH_TIER(loader_faults, says_where_a_file_was_truncated_after_open)
{
    struct rig rig;
    uint32_t index[32];
    struct loader_config config = small_in(*tier);
    config.base_bytes = 0;
    rig_make(&rig, config, 0);
    for (uint32_t k = 0; k < 32; k++)
        index[k] = 32;
    cr_assert_eq(truncate(rig.path, 8300), 0);

    loader_request(rig.loader, 0, index);
    const int rc = rig_wait(&rig, 0);

    cr_expect_eq(rc, -ENODATA);
    rig_expect_error(&rig, -ENODATA,
                     "file is truncated: wanted bytes 8192..8448, file ends at 8300");
    rig_free(&rig);
}
