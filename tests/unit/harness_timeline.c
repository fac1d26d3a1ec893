/* SPDX-License-Identifier: BSD-3-Clause */
/* The stretch of a run that is drawn: whole where it is short, else few enough rows around what happened. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/record/timeline.h"

#define WORKERS 4u

static struct timeline stretch_of(uint64_t each, const struct record_fault *fault)
{
    static struct record_run run;
    char folder[4096], path[4200];
    struct timeline out;
    struct record_iteration *const row = calloc(WORKERS * each, sizeof(*row));
    const char *const base = getenv("DAWDLE_TEST_TMP");
    cr_assert(base, "DAWDLE_TEST_TMP names the build folder of the tests");
    snprintf(folder, sizeof(folder), "%s/timeline-XXXXXX", base);
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/timeline.csv", folder);
    run = (struct record_run){.policy = "aau",
                              .seed = 7,
                              .workers = WORKERS,
                              .fault = (struct record_fault *)(uintptr_t)fault,
                              .fault_count = fault ? 1 : 0};
    for (uint64_t i = 0; i < WORKERS * each; i++) {
        row[i] = (struct record_iteration){.worker = (uint32_t)(i % WORKERS),
                                           .start_ns = i / WORKERS * 1000000,
                                           .total_ns = 1000000};
        row[i].part_us10[PART_COMPUTE] = 6000;
        row[i].part_us10[PART_WAIT] = 3000;
    }
    FILE *const file = fopen(path, "w");
    cr_assert(file);
    cr_assert_eq(timeline_write(file, &run, row, WORKERS * each), 0);
    fclose(file);
    cr_assert_eq(timeline_read(&out, folder), 0);
    free(row);
    return out;
}

Test(timeline, of_a_short_run_is_all_of_it)
{
    struct timeline it = stretch_of(10, NULL);
    cr_assert_eq(it.count, 40);
    cr_expect_str_eq(it.row[39].policy, "aau");
    cr_expect_eq(it.row[39].seed, 7);
    cr_expect_eq(it.row[39].worker, 3);
    cr_expect_float_eq(it.row[39].start_ns, 9e6, 1);
    cr_expect_float_eq(it.row[39].compute_ns, 600e3, 1);
    cr_expect_float_eq(it.row[39].wait_ns, 300e3, 1);
    cr_expect_float_eq(it.row[39].other_ns, 100e3, 1, "the parts add up to the whole");
    timeline_free(&it);
}

Test(timeline, of_a_long_run_is_its_middle)
{
    struct timeline it = stretch_of(20000, NULL);
    cr_assert(it.count > 100 && it.count <= TIMELINE_ROWS, "%u rows", it.count);
    cr_expect(it.row[0].start_ns > 9.9e9 && it.row[it.count - 1].start_ns < 10.1e9);
    timeline_free(&it);
}

Test(timeline, of_a_run_with_a_fault_has_the_fault)
{
    const struct record_fault fault = {.kind = FAULT_PAUSE, .at_ns = 3000000000};
    struct timeline it = stretch_of(20000, &fault);
    cr_assert_gt(it.count, 100);
    cr_expect(it.row[0].start_ns < 3e9 && it.row[it.count - 1].start_ns > 3e9);
    timeline_free(&it);
}

Test(timeline, that_is_not_there_is_empty)
{
    struct timeline it;
    cr_assert_eq(timeline_read(&it, "/none/such"), 0);
    cr_expect_eq(it.count, 0);
    timeline_free(&it);
}
