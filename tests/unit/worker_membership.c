/* SPDX-License-Identifier: BSD-3-Clause */
/* One live worker and its faults, on a port in plain memory: what it does, what its peers learn, what it learns of them. */
#include "core/drive/incarnation.h"
#include <criterion/criterion.h>

#include "core/worker/membership.h"
#include "tests/unit/support_port.h"

#define NOTICE 50u

static struct policy row;
static struct policy_config config;
static _Alignas(64) unsigned char memory[4096];
static struct fault fault[4];

static size_t lay_out_nothing(void *state, const struct policy_config *of)
{
    (void)state, (void)of;
    return 0;
}

/** A worker with these faults that has begun; times are cycles and nanoseconds alike. */
static struct worker_fault happened[8];

static void live(uint32_t faults)
{
    row = desk_policy;
    row.survives_loss = true;
    row.lay_out = lay_out_nothing;
    config = (struct policy_config){
        .self = DESK_SELF, .workers = DESK_SELF + 2, .peer_count = DESK_PEERS, .peers = desk_ids};
    desk_open_as(&row, DESK_SLOTS, 4.0f);
    desk.common.fault = fault;
    desk.common.faults = faults;
    memset(happened, 0, sizeof(happened));
    desk.common.happened = happened;
    cr_assert_leq(membership_bytes(DESK_PEERS, DESK_SLOTS), sizeof(memory));
    membership_open(&worker, memory, &config, &desk.script, 0);
    for (uint32_t w = 0; w < DESK_SELF + 2; w++)
        desk.pub[w].present = 1;
}

static void serve_at(uint64_t since_start)
{
    worker_serve(&worker, DESK_START_CYC + since_start);
}

static struct port_message message(uint8_t from_life, uint8_t to_life)
{
    return (struct port_message){.type = 9, .lives = incarnation_pair(from_life, to_life)};
}

static struct port_message tensor(uint32_t edge, uint8_t from_life)
{
    struct port_message m = message(from_life, 1);
    desk_shows(edge, 1.0f, 1);
    m.is_tensor = 1;
    m.handle = desk.peer[edge].handle;
    return m;
}

/** Worker 0, 1 or 3 goes or comes. */
static void news_of(uint32_t id)
{
    desk.pub[id].epoch++;
    worker.membership.changed = true;
}

Test(membership, is_told_once_of_a_peer_that_goes_and_once_of_its_return)
{
    live(0);
    news_of(1);
    serve_at(10);
    serve_at(11);
    news_of(1);
    serve_at(12);

    cr_assert_eq(desk.script.event_count, 2u);
    cr_expect_eq(desk.script.event[0].kind, EV_PEER_DOWN);
    cr_expect_eq(desk.script.event[0].peer, 1u);
    cr_expect_eq(desk.script.event[0].incarnation, 1u);
    cr_expect_eq(desk.script.event[1].kind, EV_PEER_UP);
    cr_expect_eq(desk.script.event[1].incarnation, 2u);
}

Test(membership, is_told_of_everything_in_order_however_late)
{
    live(0);
    desk.pub[3].epoch = 3;
    news_of(3);

    serve_at(10);

    cr_assert_eq(desk.script.event_count, 4u);
    for (uint32_t i = 0; i < 4; i++) {
        cr_expect_eq(desk.script.event[i].kind, i % 2 ? EV_PEER_UP : EV_PEER_DOWN);
        cr_expect_eq(desk.script.event[i].incarnation, 1 + (i + 1) / 2);
    }
}

Test(membership, takes_back_what_a_lost_peer_had)
{
    static const uint32_t to[] = {0};
    live(0);
    cr_assert(desk_do((struct action){
        .kind = ACT_SEND, .type = TENSOR_MODEL, .peers = to, .count = 1, .degree = 1}));
    cr_assert_eq(worker.slots.entry[worker.current].loans, 1u);

    news_of(0);
    serve_at(10);

    cr_expect_eq(worker.slots.entry[worker.current].loans, 0u);
}

Test(membership, drops_what_a_gone_peer_had_sent_and_gives_it_back)
{
    live(0);
    news_of(0);
    desk_arrives(0, tensor(0, 1));

    serve_at(10);

    cr_expect_eq(desk.script.event_count, 1u, "the loss alone");
    cr_expect_eq(desk.peer[0].released_count, 1u);
    cr_expect_eq(worker.count.links.dropped_by[LINK_GONE], 1u);
    cr_expect_eq(desk.pub[DESK_SELF].received, 1u);
}

Test(membership, handles_what_a_peer_sent_before_it_left_and_then_hears_that_it_left)
{
    live(0);
    desk.pub[0].left = 1;
    news_of(0);
    desk_arrives(0, message(1, 1));

    serve_at(10);

    cr_assert_eq(desk.script.event_count, 2u);
    cr_expect_eq(desk.script.event[0].kind, EV_CONTROL);
    cr_expect_eq(desk.script.event[1].kind, EV_PEER_DOWN);
    cr_expect_eq(desk.script.event[1].type, PEER_LEFT);
}

Test(membership, hears_of_a_return_before_what_the_returned_peer_sends)
{
    live(0);
    desk.pub[1].epoch = 2;
    desk_arrives(1, message(2, 1));

    serve_at(10);

    cr_assert_eq(desk.script.event_count, 3u);
    cr_expect_eq(desk.script.event[0].kind, EV_PEER_DOWN);
    cr_expect_eq(desk.script.event[1].kind, EV_PEER_UP);
    cr_expect_eq(desk.script.event[2].kind, EV_CONTROL);
}

Test(membership, drops_what_was_meant_for_an_earlier_life)
{
    live(0);
    worker.slots.incarnation = 2;
    desk_arrives(1, message(1, 1));
    desk_arrives(1, message(1, 2));

    serve_at(10);

    cr_expect_eq(desk.script.event_count, 1u);
    cr_expect_eq(worker.count.links.control_dropped_by[LINK_GONE], 1u);
}

Test(membership, names_both_incarnations_in_what_it_sends)
{
    static const uint32_t to[] = {1};
    live(0);
    desk.pub[1].epoch = 1;
    news_of(1);
    serve_at(10);
    worker.slots.incarnation = 3;

    cr_assert(desk_do((struct action){.kind = ACT_CONTROL, .type = 5, .peers = to, .count = 1}));

    cr_expect_eq(desk.peer[1].got[0].lives, incarnation_pair(3, 2), "it is back");
}

/* ---- own faults */

Test(membership, handles_nothing_while_it_is_stuck_and_all_of_it_afterwards)
{
    fault[0] = (struct fault){
        .kind = FAULT_PAUSE, .worker = DESK_SELF, .at_ns = 100, .for_ns = UINT64_C(1) << 60};
    live(1);
    serve_at(10);
    desk_arrives(0, message(1, 1));

    serve_at(100);
    serve_at(1000);
    cr_expect_eq(desk.script.event_count, 0u);
    cr_expect_eq(desk.pub[DESK_SELF].epoch, 0u, "nobody is told");

    serve_at((UINT64_C(1) << 60) + 100);
    cr_expect_eq(desk.script.event_count, 1u);
    cr_expect_geq(worker.account.books.part[PART_INJECTED], UINT64_C(1) << 59,
                  "actions read the clock");
}

Test(membership, ends_without_a_word_and_its_peers_are_told_when_they_notice)
{
    fault[0] =
        (struct fault){.kind = FAULT_CRASH, .worker = DESK_SELF, .at_ns = 100, .notice_ns = NOTICE};
    live(1);
    desk_arrives(0, tensor(0, 1));
    serve_at(10);
    cr_assert_eq(desk.script.event_count, 1u);
    cr_assert_eq(worker.membership.loans, 1u, "the policy keeps it");

    serve_at(100);
    cr_expect_eq(desk.pub[DESK_SELF].present, 0u);
    cr_expect_eq(desk.pub[DESK_SELF].done, 1u);
    cr_expect_eq(desk.pub[DESK_SELF].epoch, 0u);
    cr_expect_eq(desk.peer[0].released_count, 0u, "the dead give nothing back");

    serve_at(100 + NOTICE);
    cr_expect_eq(desk.pub[DESK_SELF].epoch, 1u);
    cr_expect_eq(desk.cohort.changes, 1u);
    cr_expect_eq(desk.peer[0].released_count, 1u, "lest a channel stay full");

    worker_halt(&worker);
    serve_at(300);
    cr_expect_eq(desk.pub[DESK_SELF].epoch, 1u, "told once");
}

Test(membership, gives_back_what_reaches_it_when_it_is_gone)
{
    fault[0] = (struct fault){.kind = FAULT_CRASH, .worker = DESK_SELF, .at_ns = 100};
    live(1);
    serve_at(100);
    desk_arrives(1, tensor(1, 1));
    desk_arrives(3 - 1, message(1, 1));

    serve_at(110);

    cr_expect_eq(desk.script.event_count, 0u);
    cr_expect_eq(desk.peer[1].released_count, 1u);
    cr_expect_eq(worker.count.links.dropped_by[LINK_GONE], 1u);
    cr_expect_eq(worker.count.links.control_dropped_by[LINK_GONE], 1u);
    cr_expect_eq(desk.pub[DESK_SELF].received, 2u);
}

Test(membership, comes_back_with_the_parameters_that_a_neighbour_gives)
{
    fault[0] =
        (struct fault){.kind = FAULT_CRASH, .worker = DESK_SELF, .at_ns = 100, .for_ns = 100};
    live(1);
    desk.pub[0].present = 0; /* the lowest is gone as well */
    desk.pub[0].epoch = 1;
    serve_at(100);

    serve_at(200);
    const uint64_t wish = desk.pub[DESK_SELF].transfer;
    cr_assert_eq(cohort_transfer_state(wish), TRANSFER_WANTED);
    cr_assert_eq(cohort_transfer_from(wish), 1u);
    serve_at(210);
    cr_expect_eq(desk.script.event_count, 0u, "it waits");
    desk_fill(&desk.slot[cohort_transfer_slot(wish)], 7.0f);
    desk.pub[DESK_SELF].transfer = cohort_transfer(TRANSFER_GIVEN, cohort_transfer_slot(wish), 1);
    serve_at(220);
    serve_at(230);

    cr_expect(desk_current_is(7.0f));
    cr_expect_eq(worker.slots.incarnation, 2u);
    cr_expect_eq(desk.pub[DESK_SELF].epoch, 2u);
    cr_expect_eq(desk.pub[DESK_SELF].done, 0u);
    cr_expect_eq(worker.ledger.start, mix_ledger(desk.slot[worker.current].at, DESK_DIM),
                 "what it had is lost");
    cr_assert_eq(desk.script.event_count, 2u);
    cr_expect_eq(desk.script.event[0].kind, EV_START);
    cr_expect_eq(desk.script.event[0].tag, 1u);
    cr_expect_eq(desk.script.event[1].kind, EV_PEER_DOWN, "who else is gone");
    cr_expect_eq(desk.script.event[1].peer, 0u);
}

Test(membership, asks_somebody_else_when_the_giver_goes_before_it_has_given)
{
    fault[0] =
        (struct fault){.kind = FAULT_CRASH, .worker = DESK_SELF, .at_ns = 100, .for_ns = 100};
    live(1);
    serve_at(100);
    serve_at(200);
    cr_assert_eq(cohort_transfer_from(desk.pub[DESK_SELF].transfer), 0u);

    desk.pub[0].present = 0;
    serve_at(210);

    cr_expect_eq(cohort_transfer_state(desk.pub[DESK_SELF].transfer), TRANSFER_WANTED);
    cr_expect_eq(cohort_transfer_from(desk.pub[DESK_SELF].transfer), 1u);
}

Test(membership, gives_its_model_once_to_a_peer_that_wishes_for_it)
{
    live(0);
    desk.pub[1].transfer = cohort_transfer(TRANSFER_WANTED, 5, DESK_SELF);
    desk.pub[3].transfer = cohort_transfer(TRANSFER_WANTED, 4, 0);

    membership_give_model(&worker);

    cr_expect_eq(cohort_transfer_state(desk.pub[1].transfer), TRANSFER_GIVEN);
    cr_expect_eq(cohort_transfer_state(desk.pub[3].transfer), TRANSFER_WANTED, "not of this one");
    cr_expect_eq(desk.slot[5].at[0], 4.0f);
    cr_expect_gt(worker.account.books.part[PART_PUBLISH], 0u);
}

Test(membership, leaves_when_its_policy_has_finished)
{
    fault[0] = (struct fault){.kind = FAULT_LEAVE, .worker = DESK_SELF, .at_ns = 100};
    live(1);

    serve_at(100);
    cr_assert_eq(desk.script.event_count, 1u);
    cr_expect_eq(desk.script.event[0].kind, EV_STOP);
    cr_expect_eq(desk.pub[DESK_SELF].epoch, 0u, "its exchange may not be over");

    desk_next((struct action){.kind = ACT_DONE});
    desk_arrives(0, message(1, 1));
    serve_at(110);
    serve_at(120);

    cr_expect_eq(desk.pub[DESK_SELF].epoch, 1u);
    cr_expect_eq(desk.pub[DESK_SELF].left, 1u);
}

static uint64_t held_back;

static uint64_t held_of(struct port *port, uint32_t id)
{
    cr_expect_eq(port, &desk.port);
    cr_expect_eq(id, DESK_SELF);
    return held_back;
}

Test(membership, is_not_said_to_have_left_while_a_bad_link_holds_what_it_sent)
{
    fault[0] = (struct fault){.kind = FAULT_LEAVE, .worker = DESK_SELF, .at_ns = 100};
    live(1);
    struct port_ops ops = *desk.port.ops;
    ops.held = held_of;
    desk.port.ops = &ops;

    held_back = 1;
    serve_at(100);
    desk_next((struct action){.kind = ACT_DONE});
    desk_arrives(0, message(1, 1));
    serve_at(110);
    serve_at(120);
    cr_expect(membership_is_absent(&worker));
    cr_expect_eq(desk.pub[DESK_SELF].epoch, 0u);

    held_back = 0;
    serve_at(130);
    cr_expect_eq(desk.pub[DESK_SELF].epoch, 1u);
    cr_expect_eq(desk.pub[DESK_SELF].left, 1u);
}

Test(membership, withholds_slots_and_gives_them_back)
{
    fault[0] = (struct fault){
        .kind = FAULT_SLOTS, .worker = DESK_SELF, .at_ns = 100, .for_ns = 100, .keep = 1};
    live(1);
    const uint32_t free_before = worker.slots.free_count;

    serve_at(100);
    cr_expect_eq(worker.slots.free_count, 1u);

    serve_at(200);
    cr_expect_eq(worker.slots.free_count, free_before);
}

/* ---- slow batches */

static uint64_t hour_ns(const struct law_config *of, const struct law_draw *draw)
{
    (void)of, (void)draw;
    return LAW_DELAY_NS_MAX;
}

Test(membership, begins_a_gradient_when_its_delayed_batch_is_there)
{
    static const struct law hour = {.name = "hour", .delay_ns = hour_ns};
    const struct inject entry = {.law = &hour, .what = INJECT_LOAD, .select = SELECT_ALL};
    live(0);
    desk.common.inject = (struct inject_set){.entry = &entry, .count = 1, .workers = DESK_SELF + 2};
    disk_open(&worker.data.disk, &desk.common.inject, DESK_SELF, 2, 0);
    worker.data.disk.ready_ns[0] = act_now_ns(&worker, clock_cyc()) + LAW_DELAY_NS_MAX;
    cr_assert(desk_do((struct action){.kind = ACT_COMPUTE}));
    cr_expect_eq(worker.phase, WORKER_LOADING);

    worker.data.disk.ready_ns[0] = 1;
    worker_serve(&worker, clock_cyc());

    cr_expect_eq(worker.phase, WORKER_COMPUTING);
    cr_expect_gt(worker.account.books.part[PART_LOAD], 0u);
    cr_expect_eq(worker.data.disk.taken, 1u);
}

Test(membership, says_what_happened_and_when)
{
    fault[0] = (struct fault){.kind = FAULT_PAUSE, .worker = DESK_SELF, .at_ns = 100, .for_ns = 50};
    fault[1] =
        (struct fault){.kind = FAULT_CRASH, .worker = DESK_SELF, .at_ns = 300, .notice_ns = 20};
    fault[2] = (struct fault){.kind = FAULT_CRASH, .worker = 0, .at_ns = 310};
    live(3);

    serve_at(103);
    serve_at(151);
    serve_at(305);
    cr_expect_eq(happened[1].noticed_cyc, 0u);
    serve_at(400);

    cr_expect(happened[0].happened);
    cr_expect_eq(happened[0].at_cyc, DESK_START_CYC + 103);
    cr_expect_eq(happened[0].back_cyc, DESK_START_CYC + 151);
    cr_expect(happened[1].happened);
    cr_expect_eq(happened[1].at_cyc, DESK_START_CYC + 305);
    cr_expect_gt(happened[1].noticed_cyc, happened[1].at_cyc);
    cr_expect_eq(happened[1].back_cyc, 0u);
    cr_expect_not(happened[2].happened, "that is another worker's");
}
