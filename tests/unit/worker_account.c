/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of core/worker/account.h, one by one, on made-up cycle numbers. The clock ticks once per ns, so figures in
 * histograms are cycles; all of them are below 2048, where a histogram is exact.
 */
#include "core/worker/account.h"

#include <criterion/criterion.h>

#define LINES 4u

static const struct clock clock_1ghz = {.hz = 1e9, .ns_per_cyc = 1, .cyc_per_ns = 1};
static const struct worker_common common = {.clock = &clock_1ghz};
static struct worker worker; /* too large for a stack */
static struct worker_iteration lines[LINES];
static struct hist hists[SERIES_COUNT];

static void start(void)
{
    for (uint32_t i = 0; i < SERIES_COUNT; i++)
        hist_reset(&hists[i]);
    worker.common = &common;
    worker.recording = true;
    worker.hist = hists;
    worker.log.line = lines;
    worker.log.capacity = LINES;
    worker.account.served_cyc = worker.account.books.edge = worker.account.books.begin = 1000;
}

/* A gradient since `begin`, planned to take `emulated` and then `injected` longer. */
static void computing(uint64_t begin, uint64_t emulated, uint64_t injected)
{
    worker.phase = WORKER_COMPUTING;
    worker.compute = (struct worker_compute){.begin_cyc = begin,
                                             .planned_cyc = begin + emulated + injected,
                                             .emulated_cyc = emulated,
                                             .injected_cyc = injected};
}

static void loading(uint64_t since)
{
    account_until(&worker, since);
    worker.phase = WORKER_LOADING;
}

/* The loop comes back at `now`; since `served` the core gave `others` cycles to somebody else. */
static void served(uint64_t since, uint64_t others, uint64_t now)
{
    worker.account.served_cyc = since;
    worker.account.others_cyc = others;
    account_served(&worker, now);
}

/* Under a name. */
static uint64_t booked(void)
{
    uint64_t sum = 0;
    for (uint32_t p = 0; p < PART_REST; p++)
        sum += worker.account.books.part[p];
    cr_expect_eq(sum + worker.account.books.part[PART_REST],
                 worker.account.books.edge - worker.account.books.begin);
    return sum;
}

TestSuite(account, .init = start);

/* Bracketed parts */

Test(account, books_the_whole_interval_while_the_worker_is_idle)
{
    account_add(&worker, PART_MIX, 1100, 1130);
    account_add(&worker, PART_MIX, 1200, 1205);

    cr_expect_eq(worker.account.books.part[PART_MIX], 35u);
    cr_expect_eq(booked(), 35u);
}

Test(account, books_nothing_for_an_interval_that_is_empty_or_turned_round)
{
    account_add(&worker, PART_MIX, 1100, 1100);
    account_add(&worker, PART_MIX, 1100, 1090);

    cr_expect_eq(booked(), 0u);
}

Test(account, charges_nothing_for_what_overlaps_the_planned_compute_phase)
{
    computing(1000, 300, 100);

    account_add(&worker, PART_MIX, 1100, 1250);
    account_add(&worker, PART_PUBLISH, 1350, 1400);

    cr_expect_eq(worker.account.books.part[PART_COMPUTE], 300u);
    cr_expect_eq(worker.account.books.part[PART_INJECTED], 100u);
    cr_expect_eq(booked(), 400u);
}

Test(account, charges_what_lies_past_the_planned_end_of_the_compute_phase)
{
    computing(1000, 300, 100);

    account_add(&worker, PART_MIX, 1380, 1430);
    account_add(&worker, PART_PUBLISH, 1450, 1460);

    cr_expect_eq(worker.account.books.part[PART_MIX], 30u);
    cr_expect_eq(worker.account.books.part[PART_PUBLISH], 10u);
}

Test(account, does_not_book_as_loading_what_was_done_beside_it)
{
    loading(1100);

    account_add(&worker, PART_MIX, 1120, 1150);
    account_loaded(&worker, 1200, 1210);

    cr_expect_eq(worker.account.books.part[PART_MIX], 30u);
    cr_expect_eq(worker.account.books.part[PART_LOAD], 80u);
    cr_expect_eq(booked(), 1210u - 1100u);
}

/* Held */

Test(account, explains_lateness_by_the_time_that_others_had)
{
    computing(1000, 200, 0);

    served(1150, 80, 1260);

    cr_expect_eq(worker.account.books.part[PART_HELD],
                 60u); /* late since 1200, though others had 80 */
    cr_expect_eq(worker.account.others_cyc, 20u);
}

Test(account, leaves_lateness_unexplained_that_others_have_no_part_in)
{
    computing(1000, 200, 0);

    served(1150, 5, 1260);

    cr_expect_eq(worker.account.books.part[PART_HELD], 5u);
    cr_expect_eq(booked(), 200u + 5u, "preemption is rest, not held");
}

Test(account, holds_nobody_who_is_served_before_the_planned_end)
{
    computing(1000, 200, 0);

    served(1100, 70, 1190);
    served(1190, 10, 1200);

    cr_expect_eq(worker.account.books.part[PART_HELD], 0u);
    cr_expect_eq(worker.account.books.part[PART_COMPUTE], 200u);
}

Test(account, counts_lateness_from_the_previous_service_on)
{
    computing(1000, 200, 0);

    served(1150, 100, 1260);
    served(1270, 100, 1300);

    cr_expect_eq(worker.account.books.part[PART_HELD], 60u + 30u);
}

Test(account, books_the_time_of_others_once)
{
    computing(1000, 200, 0);

    served(1150, 20, 1260);
    account_served(&worker, 1260);
    worker.phase = WORKER_IDLE;
    account_woken(&worker, 1200, 1270);

    cr_expect_eq(worker.account.books.part[PART_HELD], 20u);
}

Test(account, holds_a_loading_worker_only_since_its_batch_is_there)
{
    loading(1100);
    served(1110, 40, 1160);
    worker.data.since_cyc = 1180;

    served(1160, 100, 1200);
    account_loaded(&worker, 1205, 1215);

    cr_expect_eq(worker.account.books.part[PART_HELD], 20u, "before, it had nothing to do");
    cr_expect_eq(worker.account.books.part[PART_LOAD], 80u + 15u);
}

Test(account, leaves_it_to_the_cause_whether_an_idle_worker_was_held)
{
    served(1000, 100, 1100);

    cr_expect_eq(booked(), 0u);
    cr_expect_eq(worker.account.others_cyc, 100u);
}

/* Wait */

Test(account, ends_the_wait_when_the_peer_sent_not_when_the_message_was_seen)
{
    account_woken(&worker, 1300, 1340);

    cr_expect_eq(worker.account.books.part[PART_WAIT], 300u);
    cr_expect_eq(booked(), 300u, "the 40 cycles until it was seen are no wait");
    cr_expect_eq(worker.account.books.edge, 1340u);
}

Test(account, books_as_held_the_time_between_sent_and_seen_that_others_had)
{
    worker.account.others_cyc = 25;

    account_woken(&worker, 1300, 1340);

    cr_expect_eq(worker.account.books.part[PART_WAIT], 300u);
    cr_expect_eq(worker.account.books.part[PART_HELD], 25u);
}

Test(account, books_no_wait_for_a_message_that_was_sent_before_the_worker_was_idle)
{
    account_woken(&worker, 900, 1010);

    cr_expect_eq(booked(), 0u);
    cr_expect_eq(worker.account.books.edge, 1010u);
}

Test(account, ends_the_wait_now_when_the_senders_stamp_lies_ahead)
{
    account_woken(&worker, 1350, 1340);

    cr_expect_eq(worker.account.books.part[PART_WAIT], 340u);
    cr_expect_eq(worker.account.books.edge, 1340u);
}

Test(account, goes_on_from_the_latest_action_when_the_turn_began_before_it)
{
    account_idle(&worker, 1500); /* an action of this turn ended here; the turn began at 1400 */
    worker.account.others_cyc = 300;

    account_woken(&worker, 1450, 1400);

    cr_expect_eq(booked(), 0u);
    cr_expect_eq(worker.account.books.edge, 1500u);
}

Test(account, goes_on_waiting_while_messages_change_nothing)
{
    account_woken(&worker, 1300, 1340);
    account_woken(&worker, 1320, 1350); /* was there already when the first one was seen */
    account_woken(&worker, 1400, 1410);

    cr_expect_eq(worker.account.books.part[PART_WAIT], 340u + 50u,
                 "all but the 10 cycles of a policy's step");
    cr_expect_eq(booked(), 390u);
}

Test(account, begins_the_next_wait_in_the_next_turn)
{
    account_woken(&worker, 1300, 1340);
    worker.account.served_cyc = 1345;
    account_woken(&worker, 1400, 1410);

    cr_expect_eq(worker.account.books.part[PART_WAIT], 300u + 60u);
}

Test(account, books_no_wait_while_there_is_something_to_do)
{
    computing(1000, 300, 0);
    account_woken(&worker, 1350, 1400);
    loading(1400);
    account_woken(&worker, 1450, 1490);

    cr_expect_eq(worker.account.books.part[PART_WAIT], 0u);
    cr_expect_eq(worker.account.books.edge, 1400u);
}

Test(account, books_every_cycle_of_a_blocked_worker_once)
{
    /* As worker_serve does while a channel is full: attributed until now, then the retry, which fails three times. */
    uint64_t now = 1100;
    for (uint32_t turn = 0; turn < 3; turn++, now += 100) {
        worker.account.served_cyc = worker.account.books.edge;
        worker.account.others_cyc = 60;
        account_blocked(&worker, now);
        account_add(&worker, PART_PUBLISH, now + 5, now + 15);
        account_idle(&worker, now + 20);
    }

    cr_expect_eq(worker.account.books.part[PART_PUBLISH], 30u);
    cr_expect_eq(worker.account.books.part[PART_WAIT], 100u + 80u + 80u);
    cr_expect_eq(worker.account.books.part[PART_HELD], 0u,
                 "the worker itself had to wait, whoever ran");
    cr_expect_leq(booked(), worker.account.books.edge - 1000u);
}

/* Load and compute */

Test(account, books_as_load_the_way_from_the_wish_to_the_converted_batch)
{
    loading(1100);

    account_loaded(&worker, 1170, 1200);

    cr_expect_eq(worker.account.books.part[PART_LOAD], 100u);
}

Test(account, books_as_wait_what_a_blocked_action_delays_a_gradient_that_is_ready)
{
    computing(1000, 300, 0);

    worker.account.others_cyc = 50;
    account_blocked(&worker, 1350);
    account_blocked(&worker, 1400);

    cr_expect_eq(worker.account.books.part[PART_COMPUTE], 300u);
    cr_expect_eq(worker.account.books.part[PART_HELD], 0u, "it could not have gone on");
    cr_expect_eq(worker.account.books.part[PART_WAIT], 100u);
    cr_expect_eq(worker.account.open_cyc, 100u);
}

Test(account, books_the_compute_phase_as_planned_and_leaves_lateness_out)
{
    computing(1000, 300, 100);

    account_computed(&worker, 1420);

    cr_expect_eq(worker.account.books.part[PART_COMPUTE], 300u);
    cr_expect_eq(worker.account.books.part[PART_INJECTED], 100u);
    cr_expect_eq(booked(), 400u);
    cr_expect_eq(worker.account.books.edge, 1420u);
    cr_expect_eq(worker.account.ready_cyc, 1420u);
}

Test(account, adds_to_the_compute_phase_what_the_real_gradient_took_longer)
{
    computing(1000, 300, 0);

    account_add(&worker, PART_COMPUTE, 1010, 1200); /* slices */
    account_add(&worker, PART_COMPUTE, 1200, 1360);
    worker.compute.real_cyc = 350;
    account_computed(&worker, 1360);

    cr_expect_eq(worker.account.books.part[PART_COMPUTE], 360u);
    cr_expect_eq(worker.count.compute_overruns, 1u);
}

Test(account, counts_no_overrun_where_nothing_is_emulated)
{
    computing(1000, 0, 0);
    worker.compute.real_cyc = 350;

    account_computed(&worker, 1360);

    cr_expect_eq(worker.count.compute_overruns, 0u);
}

Test(account, records_the_delay_asked_for_and_the_one_that_came_about)
{
    computing(1000, 300, 100);

    account_computed(&worker, 1430);

    cr_expect_eq(hists[SERIES_REQUESTED].sum, 100u);
    cr_expect_eq(hists[SERIES_ACHIEVED].sum, 130u);
    cr_expect_eq(hists[SERIES_ERROR].sum, 30u);
    cr_expect_eq(hists[SERIES_ERROR].total, 1u);
}

Test(account, records_no_delay_where_none_was_injected_nor_after_the_run)
{
    computing(1000, 300, 0);
    account_computed(&worker, 1430);
    worker.recording = false;
    computing(1000, 300, 100);
    account_computed(&worker, 1430);

    cr_expect_eq(hists[SERIES_REQUESTED].total, 0u);
    cr_expect_eq(hists[SERIES_ACHIEVED].total, 0u);
}

/* From ready to mixed */

Test(account, measures_from_the_gradient_to_the_first_average_after_it)
{
    computing(1000, 300, 0);
    account_computed(&worker, 1300);

    account_mixed(&worker, 2, 1450);
    account_mixed(&worker, 1, 1900);

    cr_expect_eq(hists[SERIES_READY].total, 1u);
    cr_expect_eq(hists[SERIES_READY].sum, 150u);
    cr_expect_eq(worker.count.mixes, 2u);
    cr_expect_eq(worker.account.mixed_with, 3u);
}

Test(account, measures_no_average_after_the_run_but_counts_it)
{
    worker.recording = false;
    worker.account.ready_cyc = 1300;

    account_mixed(&worker, 2, 1450);

    cr_expect_eq(hists[SERIES_READY].total, 0u);
    cr_expect_eq(worker.count.mixes, 1u);
}

/* Whole iterations */

Test(account, opens_the_books_without_closing_any_at_the_first_iteration)
{
    account_iteration(&worker, 1200);

    cr_expect_eq(worker.account.books.begin, 1200u);
    cr_expect_eq(worker.account.total_iterations, 0u);
    cr_expect_eq(hists[SERIES_ITERATION].total, 0u);
    cr_expect_eq(worker.log.count, 0u);
}

Test(account, calls_rest_what_the_parts_do_not_explain)
{
    worker.begun = 1;
    account_add(&worker, PART_MIX, 1100, 1150);
    account_add(&worker, PART_PUBLISH, 1150, 1170);

    account_iteration(&worker, 1400);

    cr_expect_eq(worker.account.total_cyc, 400u);
    cr_expect_eq(worker.account.total_part_cyc[PART_MIX], 50u);
    cr_expect_eq(worker.account.total_part_cyc[PART_REST], 330u);
    cr_expect_eq(hists[SERIES_ITERATION].sum, 400u);
}

Test(account, starts_every_iteration_with_empty_books)
{
    worker.begun = 1;
    worker.account.mixed_with = 3;
    account_add(&worker, PART_MIX, 1100, 1150);

    account_iteration(&worker, 1400);

    cr_expect_eq(booked(), 0u);
    cr_expect_eq(worker.account.mixed_with, 0u);
    cr_expect_eq(worker.account.books.begin, 1400u);
}

Test(account, writes_one_line_per_iteration_while_there_is_room)
{
    for (uint32_t i = 0; i < LINES + 2; i++) {
        worker.begun = i + 1;
        worker.account.mixed_with = i;
        account_add(&worker, PART_MIX, 1010 + 100 * i, 1020 + 100 * i);
        account_add(&worker, PART_INJECTED, 1030 + 100 * i, 1070 + 100 * i);
        account_iteration(&worker, 1100 + 100 * i);
    }

    cr_expect_eq(worker.log.count, LINES);
    cr_expect_eq(worker.account.total_iterations, LINES + 2u);
    for (uint32_t i = 0; i < LINES; i++) {
        cr_expect_eq(lines[i].iteration, i);
        cr_expect_eq(lines[i].start_cyc, 1000 + 100 * i);
        cr_expect_eq(lines[i].total_cyc, 100u);
        cr_expect_eq(lines[i].mixed_with, i);
        cr_expect_eq(lines[i].part_cyc[PART_MIX], 10u);
        cr_expect_eq(lines[i].own_cyc, 40u, "what the worker itself spent on its gradient");
        cr_expect_eq(lines[i].part_cyc[PART_REST], 50u);
    }
}

Test(account, keeps_what_happens_after_the_run_out_of_the_totals)
{
    worker.begun = 1;
    worker.recording = false;

    account_iteration(&worker, 1400);

    cr_expect_eq(worker.account.total_iterations, 0u);
    cr_expect_eq(worker.account.books.begin, 1400u);
}

Test(account, books_a_stretch_once_whoever_claims_it_too)
{
    worker.begun = 1;
    account_add(&worker, PART_MIX, 1000, 1300);
    account_add(&worker, PART_PUBLISH, 1100, 1310);

    account_iteration(&worker, 1400);

    cr_expect_eq(worker.account.total_part_cyc[PART_MIX], 300u);
    cr_expect_eq(worker.account.total_part_cyc[PART_PUBLISH], 10u);
    cr_expect_eq(worker.account.total_part_cyc[PART_REST], 90u);
}

/*
 * The core is shared: the batch comes late, a reply is sent beside the computing and another one past its end, the
 * gradient is delivered late, and a message is waited for, seen late and averaged.
 */
Test(account, splits_an_iteration_into_parts_that_make_up_the_whole)
{
    account_iteration(&worker, 1000);
    loading(1000);
    served(1020, 30, 1100);
    account_add(&worker, PART_PUBLISH, 1100, 1110);
    worker.data.since_cyc = 1110;
    served(1110, 5, 1120);
    account_loaded(&worker, 1120, 1150);
    computing(1150, 400, 200);
    account_add(&worker, PART_COMPUTE, 1160, 1500);
    account_add(&worker, PART_PUBLISH, 1510, 1530);
    served(1740, 0, 1745);
    account_add(&worker, PART_MIX, 1745, 1770);
    served(1770, 15, 1800);
    account_computed(&worker, 1800);
    worker.phase = WORKER_IDLE;
    worker.begun = 1;
    account_add(&worker, PART_PUBLISH, 1805, 1825);
    account_idle(&worker, 1830);
    served(1835, 40, 2000);
    account_woken(&worker, 1950, 2005);
    account_add(&worker, PART_MIX, 2010, 2040);
    account_iteration(&worker, 2050);

    static const uint64_t expected[PART_COUNT] = {
        [PART_LOAD] = 100 + 5 + 30, [PART_COMPUTE] = 400,     [PART_INJECTED] = 200,
        [PART_PUBLISH] = 10 + 20,   [PART_WAIT] = 120,        [PART_MIX] = 20 + 30,
        [PART_HELD] = 5 + 15 + 40,  [PART_REST] = 1050 - 995,
    };
    for (uint32_t p = 0; p < PART_COUNT; p++)
        cr_expect_eq(worker.account.total_part_cyc[p], expected[p], "%s is %lu", part_name[p],
                     worker.account.total_part_cyc[p]);
    cr_expect_eq(worker.account.total_cyc, 1050u);
}

Test(account, what_work_costs_is_not_what_was_stolen_meanwhile)
{
    struct worker one = {.recording = true};
    struct worker_spent spent = {0};

    for (uint32_t i = 0; i < 1000; i++)
        account_spent(&one, &spent, 2, i % 5 == 4 ? 9000000 : 2000 + i % 7);

    cr_expect_float_eq((double)spent.cyc / spent.count, 1001.5, 2.0, "800 pairs, of 1000 each");
    cr_expect_float_eq(spent.count, 1600, 0.5);
}

Test(account, work_that_gets_slower_for_good_is_counted_again)
{
    struct worker one = {.recording = true};
    struct worker_spent spent = {0};

    for (uint32_t i = 0; i < 200; i++)
        account_spent(&one, &spent, 1, i < 100 ? 100 : 10000);

    cr_expect_gt(spent.count, 150, "the typical one follows");
}

/* --------------------------------------------------------------------------------- one owner of every stretch */

Test(account, holds_nobody_for_what_was_disowned)
{
    computing(1000, 100, 0);
    worker.account.served_cyc = 1000;
    worker.account.others_cyc = 800;

    account_disown(&worker, 1900); /* it was paused until then */
    account_served(&worker, 1900);

    cr_expect_eq(worker.account.books.part[PART_HELD], 0u);
}

Test(account, keeps_what_is_waited_for_between_a_return_and_the_next_gradient)
{
    worker.begun = 3;
    worker.account.books.part[PART_MIX] = 77; /* of the incarnation before */
    account_halt(&worker, 1100);
    account_woken(&worker, 1500, 1500); /* away: nobody is waited for */

    account_return(&worker, 2000);
    worker.account.books.edge = 2000;
    account_woken(&worker, 2300, 2300);
    account_iteration(&worker, 2350);

    cr_expect_eq(worker.account.books.part[PART_WAIT], 300u);
    cr_expect_eq(worker.account.books.part[PART_MIX], 0u);
    cr_expect_eq(worker.account.books.begin, 2000u);
    cr_expect_eq(worker.account.total_iterations, 0u);
}
