/* SPDX-License-Identifier: BSD-3-Clause */
/* When a run counts as stalled, with made-up cycle numbers, and what its workers then say. */
#include "core/worker/stall.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/support_port.h"

#define WORKERS 3u
#define DEADLINE 1600u

static struct cohort_worker pub[WORKERS];
static struct cohort cohort;

static void start(void)
{
    cohort = (struct cohort){.phase = COHORT_RUN,
                             .workers = WORKERS,
                             .stall = {.deadline_cyc_min = DEADLINE},
                             .worker = pub};
    cr_assert_eq(stall_look(&cohort, 100), STALL_NONE);
}

/** Looks every now and then up to `to`; the last verdict. */
static enum stall_verdict look_until(uint64_t from, uint64_t to)
{
    enum stall_verdict verdict = STALL_NONE;
    for (uint64_t now = from; now <= to && verdict == STALL_NONE; now += 50)
        verdict = stall_look(&cohort, now);
    return verdict;
}

TestSuite(stall, .init = start);

Test(stall, is_announced_after_one_deadline_and_over_after_two)
{
    look_until(150, 1700);
    cr_expect_eq(cohort.changes, 0u);

    look_until(1700, 2000);
    cr_expect_eq(cohort.changes, 1u, "announced");
    cr_expect_geq(cohort.stalled_cyc, DEADLINE);

    cr_expect_eq(look_until(2000, 5000), STALL_OVER);
    cr_expect_eq(cohort.changes, 1u, "once");
    cr_expect(cohort.stall.gave_up);
}

Test(stall, is_none_while_a_message_is_handled_now_and_then)
{
    for (uint32_t i = 0; i < 20; i++) {
        pub[i % WORKERS].received++;
        cr_assert_eq(look_until(150 + i * 1500, 150 + (i + 1) * 1500), STALL_NONE);
    }

    cr_expect_eq(cohort.changes, 0u);
}

Test(stall, is_none_while_somebody_computes)
{
    pub[1].working = 1;

    cr_expect_eq(look_until(150, 20000), STALL_NONE);
    cr_expect_eq(cohort.changes, 0u);
}

Test(stall, is_counted_from_the_end_of_what_was_planned)
{
    pub[2].due_cyc = 10000;

    look_until(150, 11500);
    cr_expect_eq(cohort.changes, 0u);
    look_until(11500, 12000);
    cr_expect_eq(cohort.changes, 1u);
}

Test(stall, is_not_put_off_again_by_what_was_planned_meanwhile)
{
    pub[2].due_cyc = 4000;
    look_until(150, 3000);
    pub[2].due_cyc = 100000; /* a timer that is set anew whenever it rings */

    look_until(3000, 6000);

    cr_expect_eq(cohort.changes, 1u);
}

Test(stall, waits_for_twenty_of_the_longest_iterations)
{
    pub[0].longest_cyc = 1000;

    look_until(150, 20000);
    cr_expect_eq(cohort.changes, 0u);
    look_until(20000, 22000);
    cr_expect_eq(cohort.changes, 1u);
}

Test(stall, ends_in_good_order_where_only_rounds_beyond_the_budget_are_left)
{
    pub[0].held = 1;

    cr_expect_eq(look_until(150, 5000), STALL_HELD);
    cr_expect_eq(cohort.changes, 0u);
    cr_expect_not(cohort.stall.gave_up);
}

Test(stall, is_looked_for_only_where_there_is_a_deadline)
{
    cohort.stall.deadline_cyc_min = 0;

    cr_expect_eq(look_until(150, 50000), STALL_NONE);
    cr_expect_eq(cohort.changes, 0u);
}

/* ---- the sentence */

static struct policy row;
static uint64_t heard_cyc[DESK_PEERS];
static char text[400];

static void stuck(void)
{
    row = desk_policy;
    row.waits_for = "a miracle";
    desk_open_as(&row, 2, 1.0f);
    desk.cohort.stalled_cyc = 1200000000;
    worker.heard_cyc = heard_cyc;
}

static const char *sentence_at(uint64_t now_cyc)
{
    text[0] = '\0';
    stall_sentence(&worker, DESK_START_CYC + now_cyc, text, sizeof(text));
    return text;
}

Test(sentence, names_the_worker_its_rule_and_whom_it_has_not_heard)
{
    stuck();
    heard_cyc[0] = DESK_START_CYC + 3000000000;
    heard_cyc[1] = DESK_START_CYC + 2310000000;
    heard_cyc[2] = DESK_START_CYC + 3500000000;

    cr_expect_str_eq(sentence_at(4000000000),
                     "stalled for 1.2 s: worker 2 (desk) waits for: a miracle; heard last: worker "
                     "3 (0.50 s ago); silent longest: worker 1 (since 2.31 s)");
}

Test(sentence, says_who_was_never_heard)
{
    stuck();
    cr_expect(strstr(sentence_at(1), "; nobody was heard"));

    heard_cyc[1] = DESK_START_CYC + 5;
    cr_expect(strstr(sentence_at(10), "; never heard: worker 0"));
}

Test(sentence, says_so_when_a_channel_or_the_disk_is_waited_for)
{
    stuck();
    worker.todo.blocked = true;
    cr_expect(strstr(sentence_at(1), "waits for: room"));

    worker.todo.blocked = false;
    worker.phase = WORKER_LOADING;
    cr_expect(strstr(sentence_at(1), "waits for: its batch"));
}

Test(sentence, is_not_said_of_whoever_is_done_or_gone_or_computes)
{
    stuck();
    worker.phase = WORKER_COMPUTING;
    cr_expect_str_empty(sentence_at(1));

    worker.phase = WORKER_IDLE;
    worker.done = true;
    cr_expect_str_empty(sentence_at(1));
}

Test(sentence, is_cut_where_there_is_no_room_for_it)
{
    stuck();
    char small[40];
    memset(small, 'x', sizeof(small));

    stall_sentence(&worker, DESK_START_CYC + 1, small, 32);

    cr_expect_eq(strlen(small), 31u);
    cr_expect_eq(small[33], 'x');
}
