/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is blamed for a live wait, on made-up cycle numbers: the worker has been idle since 1000, its two peers are workers
 * 1 and 2. Worker 1 computed from 800, was injected from 1100, and was done at 1280; worker 2 never computed.
 */
#include <criterion/criterion.h>

#include "core/worker/account.h"

static const struct clock clock_1ghz = {.hz = 1e9, .ns_per_cyc = 1, .cyc_per_ns = 1};
static const uint32_t peers[] = {1, 2};
static struct policy policy;
static struct cohort_worker public[3];
static struct cohort cohort = {.worker = public, .workers = 3};
static const struct worker_common common = {
    .clock = &clock_1ghz, .policy = &policy, .cohort = &cohort};
static struct worker worker; /* too large for a stack */
static uint64_t edge_cyc[2];
static struct hist hists[SERIES_COUNT];

static void start(void)
{
    for (uint32_t i = 0; i < SERIES_COUNT; i++)
        hist_reset(&hists[i]);
    worker.common = &common;
    worker.peers = peers;
    worker.peer_count = 2;
    worker.account.edge_cyc = edge_cyc;
    worker.recording = true;
    worker.begun = 1;
    worker.hist = hists;
    worker.account.served_cyc = worker.account.books.edge = worker.account.books.begin = 1000;
    phases_begin(&public[1].phases,
                 &(struct blame_phase){.begin = 800, .injected = 1100, .end = 1280});
}

static void tell(uint32_t edge, uint64_t sent, uint64_t left, uint64_t now, enum action_kind kind)
{
    account_caused(&worker, edge, sent, left, now);
    worker.todo.actions.count = 1;
    worker.todo.actions.item[0] = (struct action){.kind = (uint8_t)kind};
    account_answered(&worker);
}

static void expect(enum blame kind, uint64_t cyc)
{
    cr_expect_eq(worker.account.blamed_cyc[kind], cyc, "%s is %lu", blame_name[kind],
                 worker.account.blamed_cyc[kind]);
}

static uint64_t blamed(void)
{
    uint64_t sum = 0;
    for (uint32_t b = 0; b < BLAME_COUNT; b++)
        sum += worker.account.blamed_cyc[b];
    return sum;
}

TestSuite(blame_live, .init = start);

Test(blame_live, splits_the_wait_by_what_the_sender_did)
{
    tell(0, 1300, 1300, 1340, ACT_MIX);

    expect(BLAME_COMPUTING, 100);
    expect(BLAME_INJECTED, 180);
    expect(BLAME_HELD, 20);
    cr_expect_eq(edge_cyc[0], 300u);
    cr_expect_eq(blamed(), worker.account.books.part[PART_WAIT]);
}

Test(blame_live, counts_as_wire_what_a_slow_link_took)
{
    tell(0, 1300, 1450, 1460, ACT_MIX);

    expect(BLAME_WIRE, 150);
    cr_expect_eq(edge_cyc[0], 450u);
    cr_expect_eq(blamed(), 450u);
}

Test(blame_live, blames_who_ended_the_wait_for_all_of_it)
{
    tell(1, 1200, 1200, 1210, ACT_RELEASE);
    worker.account.served_cyc = 1220;
    tell(0, 1300, 1300, 1310, ACT_COMPUTE);

    cr_expect_eq(edge_cyc[1], 0u);
    cr_expect_eq(edge_cyc[0], 200u + 90u);
    cr_expect_eq(blamed(), worker.account.books.part[PART_WAIT]);
}

Test(blame_live, holds_a_peer_responsible_that_computed_nothing)
{
    tell(1, 1200, 1200, 1210, ACT_MIX);

    expect(BLAME_HELD, 200);
    cr_expect_eq(edge_cyc[1], 200u);
}

Test(blame_live, goes_on_waiting_while_it_only_answers_by_control)
{
    tell(1, 1100, 1100, 1110, ACT_CONTROL);

    cr_expect_eq(blamed(), 0u);
    cr_expect_eq(worker.account.open_cyc, 100u);
}

Test(blame_live, blames_nobody_for_a_timer)
{
    tell(WORKER_NO_EDGE, 1500, 1500, 1505, ACT_CONTROL);

    expect(BLAME_GONE, 500);
    cr_expect_eq(edge_cyc[0] + edge_cyc[1], 0u);
}

Test(blame_live, says_gone_of_a_wait_for_a_peer_that_was_lost)
{
    account_lost(&worker, 0, 1700, 1710);
    worker.todo.actions.count = 1;
    worker.todo.actions.item[0] = (struct action){.kind = ACT_COMPUTE};
    account_answered(&worker);

    expect(BLAME_GONE, 700);
    cr_expect_eq(edge_cyc[0], 700u);
}

/* A turn that comes late: 200 cycles were others', and both messages lie there, the later one first. */

Test(blame_live, of_a_synchronous_policy_the_latest_of_a_late_turn_ended_the_wait)
{
    policy.synchronous = true;
    worker.account.others_cyc = 200;

    tell(0, 1300, 1300, 1400, ACT_RELEASE);
    tell(1, 1250, 1250, 1410, ACT_MIX);

    cr_expect_eq(worker.account.books.part[PART_WAIT], 300u);
    cr_expect_eq(worker.account.books.part[PART_HELD], 100u);
    cr_expect_eq(edge_cyc[0], 300u);
    cr_expect_eq(edge_cyc[1], 0u);
}

Test(blame_live, of_a_synchronous_policy_the_latest_counts_wherever_it_was_polled)
{
    policy.synchronous = true;
    worker.account.others_cyc = 200;

    tell(1, 1250, 1250, 1400, ACT_RELEASE);
    tell(0, 1300, 1300, 1410, ACT_MIX);

    cr_expect_eq(worker.account.books.part[PART_WAIT], 300u);
    cr_expect_eq(worker.account.books.part[PART_HELD], 100u);
    cr_expect_eq(edge_cyc[0], 300u);
}

Test(blame_live, of_others_the_message_that_let_the_worker_go_on_ended_the_wait)
{
    policy.synchronous = false;
    worker.account.others_cyc = 200;

    tell(0, 1300, 1300, 1400, ACT_RELEASE); /* changes nothing, though it was polled first */
    tell(1, 1250, 1250, 1410, ACT_MIX);

    cr_expect_eq(worker.account.books.part[PART_WAIT], 250u);
    cr_expect_eq(worker.account.books.part[PART_HELD], 150u);
    cr_expect_eq(edge_cyc[1], 250u);
    cr_expect_eq(edge_cyc[0], 0u);
}

Test(blame_live, does_not_count_a_message_that_came_after_the_worker_went_on)
{
    tell(0, 1300, 1300, 1400, ACT_MIX);
    tell(1, 1390, 1390, 1410, ACT_RELEASE);

    cr_expect_eq(worker.account.books.part[PART_WAIT], 300u);
    cr_expect_eq(edge_cyc[0], 300u);
}

Test(blame_live, adds_up_when_the_run_ends_in_the_middle_of_a_wait)
{
    tell(0, 1300, 1300, 1340, ACT_MIX);

    account_halt(&worker, 1900);

    expect(BLAME_GONE, 560);
    cr_expect_eq(blamed(), worker.account.total_part_cyc[PART_WAIT]);
}

Test(blame_live, says_held_of_a_wait_that_ends_with_the_iteration_only)
{
    account_woken(&worker, 1400, 1400); /* an action was blocked until now */

    account_iteration(&worker, 1500);

    expect(BLAME_HELD, 400);
    cr_expect_eq(blamed(), worker.account.total_part_cyc[PART_WAIT]);
}

Test(blame_live, counts_nothing_before_the_first_iteration)
{
    worker.begun = 0;

    tell(0, 1300, 1300, 1340, ACT_COMPUTE);
    account_iteration(&worker, 1350);

    cr_expect_eq(blamed(), 0u);
    cr_expect_eq(edge_cyc[0], 0u);
}

/* What peers publish */

Test(phases, keep_the_two_latest)
{
    struct phases phases = {0};
    struct blame_phase seen[2];

    for (uint64_t k = 1; k <= 3; k++)
        phases_begin(&phases, &(struct blame_phase){
                                  .begin = 100 * k, .injected = 100 * k + 50, .end = 100 * k + 70});

    cr_assert(phases_read(&phases, seen));
    cr_expect_eq(seen[0].begin + seen[1].begin, 500u);
    cr_expect_eq(seen[0].end + seen[1].end, 640u);
}

Test(phases, are_revised_when_the_end_is_known)
{
    struct phases phases = {0};
    struct blame_phase seen[2];
    phases_begin(&phases,
                 &(struct blame_phase){.begin = 100, .injected = UINT64_MAX, .end = UINT64_MAX});

    phases_revise(&phases, &(struct blame_phase){.begin = 100, .injected = 180, .end = 190});

    cr_assert(phases_read(&phases, seen));
    const struct blame_phase *const latest = &seen[seen[1].begin == 100];
    cr_expect_eq(latest->injected, 180u);
    cr_expect_eq(latest->end, 190u);
}

Test(phases, are_cut_where_the_gradient_was_abandoned)
{
    struct phases phases = {0};
    struct blame_phase seen[2];
    phases_begin(&phases, &(struct blame_phase){.begin = 100, .injected = 180, .end = 400});

    phases_cut(&phases, 150);

    cr_assert(phases_read(&phases, seen));
    const struct blame_phase *const latest = &seen[seen[1].begin == 100];
    cr_expect_eq(latest->injected, 150u);
    cr_expect_eq(latest->end, 150u);
}

Test(phases, are_not_read_while_they_are_written)
{
    struct phases phases = {0};
    struct blame_phase seen[2];
    atomic_store(&phases.sequence, 7);

    cr_expect_not(phases_read(&phases, seen));
}

Test(blame_live, names_whoever_was_given_up_from_the_moment_of_the_news_on)
{
    account_lost(&worker, 0, 1500, 1600);
    worker.todo.actions.count = 1;
    worker.todo.actions.item[0] = (struct action){.kind = ACT_MIX};
    account_answered(&worker);

    expect(BLAME_GONE, 500);
    cr_expect_eq(edge_cyc[0], 500u);
}

Test(blame_live, blames_nobody_while_the_books_are_closed)
{
    account_halt(&worker, 1100); /* it has gone */
    const uint64_t before = blamed();

    tell(0, 1300, 1300, 1340, ACT_MIX);

    cr_expect_eq(blamed(), before);
    cr_expect_eq(blamed(), worker.account.total_part_cyc[PART_WAIT]);
}
