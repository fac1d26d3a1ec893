/* SPDX-License-Identifier: BSD-3-Clause */
/* Which schedules of faults can be, and which are refused with a sentence. */
#include <criterion/criterion.h>

#include <string.h>

#include "core/inject/fault.h"

#define MS 1000000ull

static const char *check(const struct fault *fault, uint32_t count, uint32_t workers)
{
    const char *const wrong = fault_check(fault, count, workers);
    return wrong ? wrong : "";
}

#define CHECKED(workers, ...)                  \
    check((const struct fault[]){__VA_ARGS__}, \
          sizeof((const struct fault[]){__VA_ARGS__}) / sizeof(struct fault), workers)

#define expect_refused(sentence, word) \
    cr_assert_neq(strstr(sentence, word), NULL, "\"%s\" does not say %s", sentence, word)

Test(fault, names_and_explains_every_kind)
{
    for (uint32_t k = 0; k < FAULT_KINDS; k++) {
        cr_assert(fault_kind_name[k] && fault_kind_name[k][0]);
        cr_assert(fault_kind_help[k] && fault_kind_help[k][0]);
    }
    cr_assert_str_eq(fault_kind_name[FAULT_CRASH], "crash");
    cr_assert_str_eq(fault_kind_name[FAULT_SLOTS], "slots");
}

Test(fault, takes_a_schedule_in_which_a_worker_comes_and_goes)
{
    cr_assert_str_eq(CHECKED(3, {.kind = FAULT_JOIN, .worker = 2, .at_ns = MS},
                             {.kind = FAULT_CRASH, .worker = 0, .at_ns = 2 * MS, .for_ns = MS},
                             {.kind = FAULT_LEAVE, .worker = 2, .at_ns = 3 * MS},
                             {.kind = FAULT_CRASH, .worker = 0, .at_ns = 4 * MS}),
                     "");
    cr_assert_str_eq(check(NULL, 0, 1), "");
}

Test(fault, takes_a_pause_and_a_failing_disk_at_once)
{
    cr_assert_str_eq(CHECKED(1, {.kind = FAULT_PAUSE, .at_ns = MS, .for_ns = 4 * MS},
                             {.kind = FAULT_DISK, .at_ns = 2 * MS, .for_ns = MS},
                             {.kind = FAULT_SLOTS, .at_ns = 2 * MS, .for_ns = MS}),
                     "");
}

Test(fault, refuses_what_happens_to_a_worker_that_is_not_there)
{
    expect_refused(CHECKED(2, {.kind = FAULT_CRASH, .at_ns = MS, .for_ns = 4 * MS},
                           {.kind = FAULT_PAUSE, .at_ns = 2 * MS, .for_ns = MS}),
                   "two states");
    expect_refused(CHECKED(2, {.kind = FAULT_PAUSE, .at_ns = MS, .for_ns = MS},
                           {.kind = FAULT_JOIN, .at_ns = 3 * MS}),
                   "two states");
    expect_refused(
        CHECKED(2, {.kind = FAULT_LEAVE, .at_ns = MS}, {.kind = FAULT_CRASH, .at_ns = 200 * MS}),
        "two states");
}

Test(fault, refuses_two_pauses_of_one_worker_at_once_but_not_one_after_the_other)
{
    expect_refused(CHECKED(1, {.kind = FAULT_PAUSE, .at_ns = MS, .for_ns = 2 * MS},
                           {.kind = FAULT_PAUSE, .at_ns = 2 * MS, .for_ns = MS}),
                   "two states");
    cr_assert_str_eq(CHECKED(1, {.kind = FAULT_PAUSE, .at_ns = MS, .for_ns = MS},
                             {.kind = FAULT_PAUSE, .at_ns = 2 * MS, .for_ns = MS}),
                     "");
}

Test(fault, refuses_to_lose_a_worker_at_the_time_of_its_return)
{
    expect_refused(CHECKED(2, {.kind = FAULT_CRASH, .at_ns = MS, .for_ns = MS},
                           {.kind = FAULT_CRASH, .at_ns = 2 * MS}),
                   "very time");
}

Test(fault, refuses_a_time_at_which_nobody_is_there)
{
    expect_refused(CHECKED(2, {.kind = FAULT_CRASH, .worker = 0, .at_ns = MS},
                           {.kind = FAULT_CRASH, .worker = 1, .at_ns = 2 * MS}),
                   "nobody");
    expect_refused(CHECKED(2, {.kind = FAULT_JOIN, .worker = 0, .at_ns = MS},
                           {.kind = FAULT_JOIN, .worker = 1, .at_ns = 2 * MS}),
                   "nobody");
    cr_assert_str_eq(CHECKED(2, {.kind = FAULT_CRASH, .worker = 0, .at_ns = MS, .for_ns = MS},
                             {.kind = FAULT_CRASH, .worker = 1, .at_ns = 2 * MS}),
                     "", "the first is back when the second goes");
}

Test(fault, refuses_what_does_not_come_in_order_of_time)
{
    expect_refused(CHECKED(3, {.kind = FAULT_CRASH, .worker = 0, .at_ns = 2 * MS},
                           {.kind = FAULT_CRASH, .worker = 1, .at_ns = MS}),
                   "order");
}

Test(fault, refuses_what_makes_no_sense_by_itself)
{
    expect_refused(CHECKED(2, {.kind = FAULT_CRASH, .worker = 2, .at_ns = MS}), "there is not");
    expect_refused(CHECKED(2, {.kind = FAULT_JOIN}), "anyway");
    expect_refused(CHECKED(2, {.kind = FAULT_JOIN, .at_ns = MS, .for_ns = MS}), "stays");
    expect_refused(CHECKED(2, {.kind = FAULT_PAUSE, .at_ns = MS}), "need an end");
    expect_refused(CHECKED(2, {.kind = FAULT_DISK, .at_ns = MS, .for_ns = 1, .disk = DISK_KINDS}),
                   "no known");
    expect_refused(CHECKED(2, {.kind = FAULT_KINDS}), "no known");
}
