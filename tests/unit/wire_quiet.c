/* SPDX-License-Identifier: BSD-3-Clause */
/* Two waves. tests/prop/wire_quiet.c has them among messages. */
#include <criterion/criterion.h>
#include <signal.h>

#include "core/wire/quiet.h"

static struct quiet_process process[3];
static struct quiet quiet;

static void set_up(void)
{
    quiet_init(&quiet, process, 3);
}
TestSuite(wire_quiet, .init = set_up);

/** All answer. Returns what the last one brings. */
static enum quiet_news wave(uint64_t a, uint64_t b, uint64_t c, uint32_t at_rest)
{
    const uint32_t number = quiet_ask(&quiet);
    cr_expect_eq(quiet_hear(&quiet, 2, number, at_rest & 4, c), QUIET_WAITS);
    cr_expect_eq(quiet_hear(&quiet, 0, number, at_rest & 1, a), QUIET_WAITS);
    return quiet_hear(&quiet, 1, number, (at_rest & 2) != 0, b);
}

Test(wire_quiet, two_equal_waves_at_rest_end_it)
{
    cr_expect_eq(wave(5, 6, 7, 7), QUIET_AGAIN);
    cr_expect_eq(wave(5, 6, 7, 7), QUIET_OVER);
}

Test(wire_quiet, something_sent_between_them_begins_anew)
{
    cr_expect_eq(wave(5, 6, 7, 7), QUIET_AGAIN);
    cr_expect_eq(wave(5, 8, 7, 7), QUIET_AGAIN);
    cr_expect_eq(wave(5, 8, 7, 7), QUIET_OVER);
}

Test(wire_quiet, one_that_is_not_at_rest_in_either_wave_begins_anew)
{
    cr_expect_eq(wave(5, 6, 7, 7 - 1), QUIET_AGAIN);
    cr_expect_eq(wave(5, 6, 7, 7), QUIET_AGAIN);
    cr_expect_eq(wave(5, 6, 7, 7 - 4), QUIET_AGAIN);
    cr_expect_eq(wave(5, 6, 7, 7), QUIET_AGAIN);
    cr_expect_eq(wave(5, 6, 7, 7), QUIET_OVER);
}

Test(wire_quiet, answers_to_another_wave_and_second_answers_are_ignored)
{
    cr_expect_eq(wave(5, 6, 7, 7), QUIET_AGAIN);
    const uint32_t number = quiet_ask(&quiet);
    cr_expect_eq(quiet_hear(&quiet, 0, number - 1, true, 5), QUIET_WAITS);
    cr_expect_eq(quiet_hear(&quiet, 0, number, true, 5), QUIET_WAITS);
    cr_expect_eq(quiet_hear(&quiet, 0, number, true, 5), QUIET_WAITS);
    cr_expect_eq(quiet_hear(&quiet, 1, number, true, 6), QUIET_WAITS);
    cr_expect_eq(quiet_hear(&quiet, 2, number, true, 7), QUIET_OVER);
}

Test(wire_quiet, after_a_death_two_whole_waves_are_needed)
{
    cr_expect_eq(wave(5, 6, 7, 7), QUIET_AGAIN);
    uint32_t number = quiet_ask(&quiet);
    cr_expect_eq(quiet_hear(&quiet, 0, number, true, 5), QUIET_WAITS);
    cr_expect_eq(quiet_hear(&quiet, 2, number, true, 7), QUIET_WAITS);

    cr_expect_eq(quiet_drop(&quiet, 1), QUIET_AGAIN, "the last answer will not come");

    cr_expect_eq(quiet_drop(&quiet, 1), QUIET_WAITS, "once");
    number = quiet_ask(&quiet);
    cr_expect_eq(quiet_hear(&quiet, 1, number, true, 6), QUIET_WAITS, "it is dead");
    cr_expect_eq(quiet_hear(&quiet, 0, number, true, 5), QUIET_WAITS);
    cr_expect_eq(quiet_hear(&quiet, 2, number, true, 7), QUIET_AGAIN);
    number = quiet_ask(&quiet);
    cr_expect_eq(quiet_hear(&quiet, 0, number, true, 5), QUIET_WAITS);
    cr_expect_eq(quiet_hear(&quiet, 2, number, true, 7), QUIET_OVER);
}

Test(wire_quiet, a_wave_is_not_begun_before_the_last_one_is_answered, .signal = SIGABRT)
{
    quiet_ask(&quiet);
    quiet_ask(&quiet);
}
