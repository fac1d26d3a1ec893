/* SPDX-License-Identifier: BSD-3-Clause */
/* Cuts, stopping and draining, steered by hand with made-up cycle numbers. */
#include "core/worker/cohort.h"

#include <criterion/criterion.h>

#define WORKERS 3u
#define LOOPS 2u
#define START 5000u

static struct cohort_worker worker[WORKERS];
static struct cohort cohort;
static _Atomic uint32_t interrupt;

static void start(void)
{
    cohort = (struct cohort){.phase = COHORT_RUN,
                             .workers = WORKERS,
                             .loops = LOOPS,
                             .start_cyc = START,
                             .budget = {.time = 1000, .workers = 4},
                             .drain_cyc_max = 300,
                             .cuts = 4,
                             .interrupt = &interrupt,
                             .worker = worker};
}

static void steer_at(uint64_t since_start)
{
    cohort_steer(&cohort, START + since_start);
}

/* Stopped at 1000, everybody has begun something, both loops have said so. */
static void drain(void)
{
    steer_at(1000);
    for (uint32_t w = 0; w < WORKERS; w++)
        worker[w].begun = 1;
    cohort.halted = LOOPS;
    steer_at(1001);
    cr_assert_eq(cohort_phase(&cohort), COHORT_DRAIN);
}

static void everybody_is_done(void)
{
    for (uint32_t w = 0; w < WORKERS; w++)
        worker[w].done = 1;
}

TestSuite(cohort, .init = start);

Test(cohort, is_left_alone_before_the_start_and_after_the_end)
{
    cohort.phase = COHORT_WAIT;
    steer_at(2000);
    cr_expect_eq(cohort_phase(&cohort), COHORT_WAIT);

    cohort.phase = COHORT_END;
    steer_at(2000);
    cr_expect_eq(cohort_phase(&cohort), COHORT_END);

    cr_expect_eq(cohort.cut, 0u);
    cr_expect_eq(cohort.end_cyc, 0u);
}

Test(cohort, announces_the_first_cut_at_the_start)
{
    steer_at(0);

    cr_expect_eq(cohort.cut, 1u);
    cr_expect_eq(cohort.at[0].cyc, START);
    cr_expect_eq(cohort_phase(&cohort), COHORT_RUN);
}

Test(cohort, announces_the_cuts_at_equal_shares_of_the_budget)
{
    static const struct {
        uint64_t at;
        uint32_t cut;
    } look[] = {{0, 1}, {249, 1}, {250, 2}, {499, 2}, {500, 3}, {749, 3}, {750, 4}, {999, 4}};

    for (uint32_t i = 0; i < sizeof(look) / sizeof(look[0]); i++) {
        steer_at(look[i].at);
        cr_expect_eq(cohort.cut, look[i].cut, "%u cuts at %lu", cohort.cut, look[i].at);
    }
    cr_expect_eq(cohort.at[2].cyc, START + 500);
}

Test(cohort, takes_late_cuts_late_instead_of_leaving_them_out)
{
    steer_at(10);

    steer_at(760);

    cr_expect_eq(cohort.cut, 4u);
    cr_expect_eq(cohort.at[0].cyc, START + 10);
    for (uint32_t cut = 1; cut < 4; cut++)
        cr_expect_eq(cohort.at[cut].cyc, START + 760, "cut %u", cut);
    cr_expect_eq(cohort_phase(&cohort), COHORT_RUN);
}

Test(cohort, takes_the_cuts_that_are_left_when_the_budget_is_over)
{
    steer_at(0);

    steer_at(5000);

    cr_expect_eq(cohort.cut, 4u);
    cr_expect_eq(cohort_phase(&cohort), COHORT_HALT);
}

Test(cohort, notes_with_a_cut_what_was_computed_and_exchanged_by_then)
{
    worker[0].finished = 3;
    worker[2].finished = 4;
    worker[1].bytes = 100;
    worker[2].bytes = 11;

    steer_at(0);
    worker[0].finished = 50;
    steer_at(100);

    cr_expect_eq(cohort.at[0].gradients, 7u);
    cr_expect_eq(cohort.at[0].bytes, 111u);
}

Test(cohort, makes_progress_with_time)
{
    cr_expect_eq(cohort_progress(&cohort, START), 0.0);
    cr_expect_eq(cohort_progress(&cohort, START + 250), 0.25);
    cr_expect_eq(cohort_progress(&cohort, START + 1000), 1.0);
    cr_expect_eq(cohort_progress(&cohort, START + 4000), 1.0);
}

Test(cohort, makes_progress_with_the_iterations_of_all_workers_together)
{
    cohort.budget.time = 0;
    cohort.budget.iterations = 20;

    worker[0].finished = 5;
    worker[1].finished = 15;
    cr_expect_eq(cohort_progress(&cohort, START + 900), 0.25);

    worker[2].finished = 600;
    cr_expect_eq(cohort_progress(&cohort, START + 900), 1.0);
}

Test(cohort, makes_progress_with_the_rounds_of_those_who_take_part)
{
    cohort.budget = (struct progress_budget){.iterations = 40, .workers = WORKERS, .rounds = true};
    worker[0].finished = worker[1].finished = 10;
    worker[2].finished = 4;
    cr_expect_eq(cohort_progress(&cohort, START), 0.2);

    worker[2].apart = 1;
    cr_expect_eq(cohort_progress(&cohort, START), 0.25);

    worker[2].apart = 0; /* back in round 10 */
    worker[2].missed = 6;
    cr_expect_eq(cohort_progress(&cohort, START), 0.25);
}

Test(cohort, stops_at_whichever_budget_is_used_up_first)
{
    cohort.budget.iterations = 20;
    worker[0].finished = 60;

    cr_expect_eq(cohort_progress(&cohort, START + 500), 0.75);
    cr_expect_eq(cohort_progress(&cohort, START + 800), 0.8);

    worker[1].finished = 20;
    steer_at(810);
    cr_expect_eq(cohort_phase(&cohort), COHORT_HALT);
}

Test(cohort, makes_no_progress_without_a_budget_and_runs_until_it_is_interrupted)
{
    cohort.budget.time = 0;
    worker[0].finished = 1000;

    steer_at(1u << 30);
    cr_expect_eq(cohort_progress(&cohort, START + (1u << 30)), 0.0);
    cr_expect_eq(cohort.cut, 1u);
    cr_expect_eq(cohort_phase(&cohort), COHORT_RUN);

    interrupt = 1;
    steer_at((1u << 30) + 1);
    cr_expect_eq(cohort_phase(&cohort), COHORT_HALT);
}

Test(cohort, halts_when_the_budget_is_used_up_and_not_before)
{
    steer_at(999);
    cr_expect_eq(cohort_phase(&cohort), COHORT_RUN);

    steer_at(1003);
    cr_expect_eq(cohort_phase(&cohort), COHORT_HALT);
    cr_expect_eq(cohort.stop_cyc, START + 1003);
}

Test(cohort, stops_early_when_it_is_interrupted_and_leaves_out_the_cuts_to_come)
{
    steer_at(100);
    interrupt = 1;

    steer_at(300);

    cr_expect_eq(cohort_phase(&cohort), COHORT_HALT);
    cr_expect_eq(cohort.stop_cyc, START + 300);
    cr_expect_eq(cohort.cut, 2u);
}

Test(cohort, stops_early_when_a_loop_has_failed)
{
    cohort.interrupt = NULL;
    cohort.failed = 1;

    steer_at(1);

    cr_expect_eq(cohort_phase(&cohort), COHORT_HALT);
}

Test(cohort, waits_for_every_loop_before_it_names_the_last_round)
{
    worker[0].begun = 7;
    steer_at(1000);

    steer_at(1100);
    cr_expect_eq(cohort_phase(&cohort), COHORT_HALT);
    cohort.halted = LOOPS - 1;
    steer_at(90000); /* however long it takes */
    cr_expect_eq(cohort_phase(&cohort), COHORT_HALT);

    worker[1].begun = 9; /* told by the second loop */
    cohort.halted = LOOPS;
    steer_at(90001);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN);
    cr_expect_eq(cohort.last_round, 8u);
}

Test(cohort, makes_the_largest_round_that_anybody_has_begun_the_last_one)
{
    worker[0].begun = 4;
    worker[1].begun = 6;
    worker[2].begun = 5;
    cohort.halted = LOOPS;
    steer_at(1000);

    steer_at(1001);

    cr_expect_eq(cohort.last_round, 5u);
}

Test(cohort, ends_in_good_order_when_the_budget_is_over_before_anybody_has_begun)
{
    steer_at(1000);
    cohort.halted = LOOPS;
    steer_at(1001);

    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN);
    cr_expect_eq(cohort.last_round, 0u);
}

Test(cohort, does_not_end_while_somebody_is_not_done)
{
    drain();
    worker[0].done = worker[1].done = 1;

    for (uint32_t i = 0; i < 5; i++)
        steer_at(1010 + i);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN);

    worker[2].done = 1;
    steer_at(1020);
    steer_at(1021);
    cr_expect_eq(cohort_phase(&cohort), COHORT_END);
}

Test(cohort, does_not_end_while_a_message_is_on_its_way)
{
    drain();
    everybody_is_done();
    worker[0].sent = 3;
    worker[1].received = 2;

    for (uint32_t i = 0; i < 5; i++)
        steer_at(1010 + i);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN);

    worker[2].received = 1;
    steer_at(1020);
    steer_at(1021);
    cr_expect_eq(cohort_phase(&cohort), COHORT_END);
}

Test(cohort, ends_when_it_has_seen_silence_twice)
{
    drain();
    everybody_is_done();

    steer_at(1010);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN, "one look may have missed a message");

    steer_at(1012);
    cr_expect_eq(cohort_phase(&cohort), COHORT_END);
    cr_expect_eq(cohort.end_cyc, START + 1012);
    cr_expect_not(cohort.incomplete);
}

Test(cohort, looks_twice_again_after_a_message_between_two_looks)
{
    drain();
    everybody_is_done();
    worker[0].sent = worker[1].received = 5;

    steer_at(1010);
    worker[1].sent = worker[0].received = 1;
    steer_at(1011);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN, "equal sums, but not the same ones");

    steer_at(1012);
    cr_expect_eq(cohort_phase(&cohort), COHORT_END);
}

Test(cohort, forgets_the_first_silence_when_a_message_is_seen_on_its_way)
{
    drain();
    everybody_is_done();

    steer_at(1010);
    worker[0].sent = 1;
    steer_at(1011);
    worker[1].received = 1;
    steer_at(1012);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN);

    steer_at(1013);
    cr_expect_eq(cohort_phase(&cohort), COHORT_END);
}

Test(cohort, gives_the_drain_up_after_its_limit_and_says_that_it_is_incomplete)
{
    drain();

    steer_at(1300); /* exactly the limit after the stop at 1000 */
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN);

    steer_at(1301);
    cr_expect_eq(cohort_phase(&cohort), COHORT_END);
    cr_expect(cohort.incomplete);
    cr_expect_eq(cohort.end_cyc, START + 1301);
}

Test(cohort, does_not_wait_for_the_drain_when_a_loop_fails_in_it)
{
    drain();
    cohort.failed = 1;

    steer_at(1010);

    cr_expect_eq(cohort_phase(&cohort), COHORT_END);
    cr_expect(cohort.incomplete);
}

Test(cohort, drains_in_good_order_when_it_was_interrupted)
{
    interrupt = 1;
    drain();

    steer_at(1010);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN);

    everybody_is_done();
    steer_at(1011);
    steer_at(1012);
    cr_expect_eq(cohort_phase(&cohort), COHORT_END);
    cr_expect_not(cohort.incomplete);
}

Test(cohort, counts_what_a_bridge_settled_as_received)
{
    static struct cohort_bridge bridge[2];
    cohort.bridge = bridge;
    cohort.bridges = 2;
    drain();
    everybody_is_done();
    worker[0].sent = 5;
    worker[1].received = 2;
    bridge[1].settled = 2;
    for (uint32_t i = 0; i < 3; i++)
        steer_at(1010 + i);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN, "one is on its way");
    bridge[0].settled = 1;
    steer_at(1020);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN, "one look is not enough");
    steer_at(1021);
    cr_expect_eq(cohort_phase(&cohort), COHORT_END);
    cr_expect_not(cohort.incomplete);
}

Test(cohort, looks_again_only_at_copies_that_were_taken_since)
{
    drain();
    everybody_is_done();
    cohort.waves = 7;

    steer_at(1010);
    steer_at(1011);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN, "the same copies again");
    cohort.waves = 8;
    steer_at(1012);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN, "they may be as old as the first look");
    cohort.waves = 9;
    steer_at(1013);
    cr_expect_eq(cohort_phase(&cohort), COHORT_END);
    cr_expect_not(cohort.incomplete);
}

Test(cohort, waits_for_loops_that_halt_elsewhere)
{
    steer_at(1000);
    cohort.halted = 1;
    steer_at(1001);
    cr_expect_eq(cohort_phase(&cohort), COHORT_HALT);
    cohort.halted_elsewhere = LOOPS - 1;
    steer_at(1002);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN);
}

/* Worker 2 is of process 1, which has one of the two loops. */
static struct cohort_bridge two[2];

static void two_processes(void)
{
    two[0] = two[1] = (struct cohort_bridge){.loops = 1};
    cohort.bridge = two;
    cohort.bridges = 2;
}

Test(cohort, waits_for_no_loop_of_a_process_that_died)
{
    two_processes();
    steer_at(1000);
    two[1].halted = 1; /* it died after it had seen HALT: it counts once */
    cohort_lose(&cohort, 1);
    steer_at(1001);
    cr_expect_eq(cohort_phase(&cohort), COHORT_HALT);
    two[0].halted = 1;
    steer_at(1002);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN);
}

Test(cohort, counts_no_loops_of_a_process_elsewhere)
{
    two_processes();
    two[1].loops = 0;
    steer_at(1000);
    two[0].halted = 1;
    cohort_lose(&cohort, 1);
    steer_at(1001);
    cr_expect_eq(cohort_phase(&cohort), COHORT_HALT, "its own rank says so");
    cohort.halted_elsewhere = 1;
    steer_at(1002);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN);
}

Test(cohort, comes_to_rest_without_the_books_of_the_dead)
{
    two_processes();
    two[0].halted = two[1].halted = 1;
    drain();
    worker[0].done = worker[1].done = 1;
    worker[0].sent = 5; /* two of them to worker 2 */
    worker[1].received = 3;
    worker[2].sent = 7;
    two[1].settled = 1;

    cohort_lose(&cohort, 1);
    cr_expect_not(cohort_has_let_go(&cohort));
    two[0].settled = 2; /* what was under way */
    two[0].let_go = 2;
    cr_expect(cohort_has_let_go(&cohort));
    cohort_bury(&cohort, 2, START + 1005);
    for (uint32_t i = 0; i < 3; i++)
        steer_at(1010 + i);
    cr_expect_eq(cohort_phase(&cohort), COHORT_DRAIN, "others may still tell of it");
    cohort_buried(&cohort);
    steer_at(1020);
    steer_at(1021);

    cr_expect_eq(cohort_phase(&cohort), COHORT_END);
    cr_expect_not(cohort.incomplete);
}

Test(cohort, tells_peers_of_a_death_as_of_a_crash)
{
    two_processes();
    worker[2].present = worker[2].working = 1;
    worker[2].epoch = 2; /* it had gone and come back */
    cohort_bury(&cohort, 2, START + 40);
    cr_expect_eq(worker[2].epoch, 3u);
    cr_expect_eq(worker[2].epoch_cyc, START + 40);
    cr_expect_not(worker[2].present || worker[2].working);
    cr_expect_eq(cohort.changes, 1u);
    cohort_bury(&cohort, 2, START + 50);
    cr_expect_eq(worker[2].epoch, 3u, "nobody goes twice");
}
