/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bad links around the fabric: what is held leaves in time and in order, what does not arrive gives its loan back, and
 * the receiving side notices what was doubled, overtaken or spoilt. Time is a number that the tests set; 1 cycle = 1 ns.
 */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "net/impair.h"
#include "support_net.h"

static struct bad {
    struct bench inner;
    struct fabric_config edges;
    struct arena arena;
    struct impair impair;
    struct port *port;
    struct inject entry;
    struct inject_set set;
    struct hist late[2];
    _Atomic uint64_t sent[2], received[2];
    uint64_t start_cyc, now_cyc;
    uint32_t superseded;
    uint32_t version, accepted; /* models of worker 0, and those that were sent */
    slots_handle current;
} b; /* zero; every test is a process of its own */

static struct inject link_entry(void)
{
    return (struct inject){.what = INJECT_LINK, .law = law_find("none"), .select = SELECT_ALL};
}

/** Two workers, and what `entry` does to their links. */
static void open_bad(enum fabric_class tensors, struct inject entry)
{
    b.inner.config = (struct fabric_config){
        .tensors = tensors, .exact_depth = 4, .control_depth = 3, .slots = 30, .dim = 16};
    bench_complete(&b.inner, 2);
    bench_open(&b.inner);
    b.entry = entry;
    b.set = (struct inject_set){.entry = &b.entry, .count = 1, .seed = 5, .workers = 2};
    b.edges = b.inner.config;
    b.edges.memory = &b.arena;
    const struct impair_config config = {.inner = b.inner.port,
                                         .edges = &b.edges,
                                         .set = &b.set,
                                         .payload_bytes = 64,
                                         .start_cyc = &b.start_cyc,
                                         .ns_per_cyc = 1,
                                         .cyc_per_ns = 1,
                                         .test_now_cyc = &b.now_cyc};
    const size_t bytes = impair_bytes(&config) - arena_cost(sizeof(struct impair));
    arena_init(&b.arena, aligned_alloc(64, bytes), bytes);
    b.port = impair_init(&b.impair, &config);
    cr_assert_eq(b.arena.used_bytes, bytes, "what it announced");
    arena_seal(&b.arena);
    for (uint32_t w = 0; w < 2; w++) {
        hist_reset(&b.late[w]);
        impair_attach(
            &b.impair, w,
            &(struct impair_books){&b.inner.slots[w], &b.sent[w], &b.received[w], &b.late[w]});
    }
    b.start_cyc = b.now_cyc = 1000;
}

static void close_bad(void)
{
    bench_close(&b.inner);
    free(b.arena.base);
}

/** Worker 0 writes its next model and sends it, as a driver does. Its tag is its number from 0. */
static enum port_status send_tensor(void)
{
    struct slots *const slots = &b.inner.slots[0];
    struct port_message old, message = {.is_tensor = 1, .tag = b.accepted, .sent_cyc = b.now_cyc};
    b.version++;
    const slots_handle next = bench_write(&b.inner, 0, b.version, (float)(b.accepted + 1));
    if (b.current)
        slots_drop(slots, slots_slot_of(b.current));
    b.current = message.handle = next;
    atomic_fetch_add(&b.sent[0], 1);
    const enum port_status status = b.port->ops->send(b.port, 0, 0, &message, &old);
    if (status == PORT_FULL) {
        atomic_fetch_sub(&b.sent[0], 1);
        return status;
    }
    b.accepted++;
    slots_lend(slots, slots_slot_of(next), 0);
    if (status == PORT_SUPERSEDED) {
        cr_assert(slots_return(slots, old.handle, 0));
        b.superseded++;
        atomic_fetch_add(&b.received[0], 1);
    }
    return status;
}

static enum port_status send_control(uint32_t word)
{
    struct port_message old, message = {.word = {word}, .sent_cyc = b.now_cyc};
    const enum port_status status = b.port->ops->send(b.port, 0, 0, &message, &old);
    atomic_fetch_add(&b.sent[0], status != PORT_FULL);
    return status;
}

/** Both workers have a turn `ns` later; what worker 1 gets, tensors given back at once. */
static uint32_t wait(uint64_t ns, struct port_message *got)
{
    struct port_arrival arrival[16];
    b.now_cyc += ns;
    cr_assert_eq(b.port->ops->poll(b.port, 0, arrival, 16), 0u, "nobody sends to worker 0");
    const uint32_t n = b.port->ops->poll(b.port, 1, arrival, 16);
    for (uint32_t i = 0; i < n; i++) {
        atomic_fetch_add(&b.received[1], 1);
        if (got)
            got[i] = arrival[i].message;
        if (!arrival[i].message.is_tensor)
            continue;
        const slots_handle handle = arrival[i].message.handle;
        const float *const seen = b.port->ops->view(b.port, 1, arrival[i].edge, handle);
        cr_expect_eq(seen[0], (float)(arrival[i].message.tag + 1));
        cr_expect(b.port->ops->valid(b.port, 1, arrival[i].edge, handle));
        b.port->ops->release(b.port, 1, arrival[i].edge, handle);
    }
    b.port->ops->reclaim(b.port, 0, &b.inner.slots[0]);
    return n;
}

/** Nothing is on its way any more, every loan is home, and the books of the drivers agree. */
static void expect_quiet(void)
{
    struct slots *const slots = &b.inner.slots[0];
    cr_expect_eq(b.port->ops->in_flight(b.port, 0), 0u);
    cr_expect_eq(b.sent[0] + b.sent[1], b.received[0] + b.received[1]);
    cr_expect_eq(slots->free_count + (b.current != 0), slots->count, "all but the current model");
}

Test(impair, holds_a_message_until_its_time)
{
    struct inject entry = link_entry();
    struct port_message got[16];
    entry.law = law_find("const");
    entry.config.delay_ns = 5000;
    open_bad(FABRIC_EXACT, entry);

    cr_expect_eq(send_tensor(), PORT_OK);

    cr_expect_eq(b.port->ops->in_flight(b.port, 0), 1u);
    cr_expect_eq(wait(4999, got), 0u);
    cr_expect_eq(wait(1, got), 1u);
    cr_expect_eq(got[0].sent_cyc, 1000u);
    cr_expect_eq(port_left_cyc(&got[0]), 6000u, "that is when it left");
    cr_expect_eq(b.late[0].total, 1u);
    cr_expect_eq(b.late[0].max, 0u);
    expect_quiet();
    close_bad();
}

Test(impair, records_how_late_it_let_a_message_go)
{
    struct inject entry = link_entry();
    entry.law = law_find("const");
    entry.config.delay_ns = 5000;
    open_bad(FABRIC_NEWEST, entry);
    send_tensor();

    cr_expect_eq(wait(5700, NULL), 1u);

    cr_expect_eq(b.late[0].max, 700u);
    close_bad();
}

Test(impair, delivers_control_messages_with_all_their_words)
{
    struct inject entry = link_entry();
    struct port_message got[16], old;
    struct port_message message = {
        .type = 9, .degree = 4, .sent_cyc = 1000, .word = {1, 2, 3, 4, 5, 6, 7, 8}};
    entry.law = law_find("const");
    entry.config.delay_ns = 10;
    open_bad(FABRIC_NEWEST, entry);

    cr_expect_eq(b.port->ops->send(b.port, 0, 0, &message, &old), PORT_OK);

    cr_assert_eq(wait(10, got), 1u);
    cr_expect_eq(memcmp(got[0].word, message.word, sizeof(message.word)), 0);
    cr_expect_eq(got[0].type, 9);
    cr_expect_eq(port_left_cyc(&got[0]), 1010u);
    close_bad();
}

Test(impair, pushes_back_when_as_many_are_held_as_the_ring_may_hold)
{
    struct inject entry = link_entry();
    entry.law = law_find("const");
    entry.config.delay_ns = 100;
    open_bad(FABRIC_EXACT, entry);

    for (uint32_t i = 0; i < 4; i++)
        cr_expect_eq(send_tensor(), PORT_OK);
    cr_expect_eq(send_tensor(), PORT_FULL);
    for (uint32_t i = 0; i < 3; i++)
        cr_expect_eq(send_control(i), PORT_OK);
    cr_expect_eq(send_control(3), PORT_FULL);
    cr_expect_eq(b.port->ops->unread(b.port, 0, 0), 3u, "held here, and not in the ring yet");

    cr_expect_eq(wait(100, NULL), 7u);
    cr_expect_eq(b.port->ops->unread(b.port, 0, 0), 0u);
    close_bad();
}

Test(impair, waits_for_room_in_a_full_ring_and_keeps_the_order)
{
    struct inject entry = link_entry();
    struct port_message got[16];
    entry.law = law_find("const");
    entry.config.delay_ns = 100;
    open_bad(FABRIC_EXACT, entry);
    for (uint32_t i = 0; i < 3; i++)
        send_control(i);
    b.now_cyc += 100;
    b.port->ops->poll(b.port, 0, NULL, 0); /* the inner ring is full now */
    for (uint32_t i = 3; i < 6; i++)
        cr_expect_eq(send_control(i), PORT_OK);
    b.now_cyc += 100;
    b.port->ops->poll(b.port, 0, NULL, 0);
    cr_expect_eq(b.port->ops->in_flight(b.port, 0), 6u);

    uint32_t n = wait(0, got);
    n += wait(0, got + n);

    cr_expect_eq(n, 6u);
    for (uint32_t i = 0; i < n; i++)
        cr_expect_eq(got[i].word[0], i);
    expect_quiet();
    close_bad();
}

Test(impair, holds_four_newest_tensors_and_one_that_newer_ones_supersede)
{
    struct inject entry = link_entry();
    struct port_message got[16];
    entry.law = law_find("const");
    entry.config.delay_ns = 1000;
    open_bad(FABRIC_NEWEST, entry);
    for (uint32_t i = 0; i < 4; i++)
        cr_expect_eq(send_tensor(), PORT_OK);

    cr_expect_eq(send_tensor(), PORT_OK, "it waits");
    cr_expect_eq(send_tensor(), PORT_SUPERSEDED, "and is replaced");

    cr_expect_eq(wait(1000, got), 1u, "the mailbox keeps the newest of four");
    cr_expect_eq(got[0].tag, 3u);
    cr_expect_eq(wait(1000, got), 1u, "the one that waited has had its own delay");
    cr_expect_eq(got[0].tag, 5u);
    cr_expect_eq(impair_counts(&b.impair, 0).superseded, 3u);
    expect_quiet();
    close_bad();
}

Test(impair, gives_back_the_loans_of_what_is_lost_and_counts_it)
{
    struct inject entry = link_entry();
    entry.link.loss = 0.5;
    open_bad(FABRIC_NEWEST, entry);
    uint32_t delivered = 0;

    for (uint32_t i = 0; i < 400; i++) {
        cr_assert_neq(send_tensor(), PORT_FULL);
        delivered += wait(10, NULL);
    }

    const struct impair_counts counts = impair_counts(&b.impair, 0);
    cr_expect_eq(delivered + counts.dropped_by[LINK_LOST], 400u);
    cr_expect(counts.dropped_by[LINK_LOST] > 150 && counts.dropped_by[LINK_LOST] < 250);
    expect_quiet();
    close_bad();
}

Test(impair, drops_those_that_link_decide_names)
{
    struct inject entry = link_entry();
    struct link_state state = {0};
    uint32_t wrong = 0;
    entry.link.loss = 0.3;
    entry.link.burst = 3;
    open_bad(FABRIC_NEWEST, entry);

    for (uint32_t i = 0; i < 300; i++) {
        const struct link_packet packet = {
            .to = 1, .class = LINK_TENSOR, .number = i, .at_ns = b.now_cyc - 1000, .bytes = 64};
        const struct link_fate fate = link_decide(&b.set, &packet, &state);
        send_tensor();
        wrong += wait(10, NULL) != (fate.cause == LINK_PASSES);
    }

    cr_expect_eq(wrong, 0u);
    close_bad();
}

Test(impair, resends_what_a_ring_must_not_lose)
{
    struct inject entry = link_entry();
    struct port_message got[16];
    entry.link.loss = 0.4;
    entry.link.resend_ns = 700;
    open_bad(FABRIC_EXACT, entry);
    uint32_t next = 0;

    for (uint32_t i = 0; i < 200; i++) {
        while (send_control(i) == PORT_FULL || (i % 4 == 0 && send_tensor() == PORT_FULL))
            wait(100, NULL);
        const uint32_t n = wait(300, got);
        for (uint32_t k = 0; k < n; k++)
            next += !got[k].is_tensor && got[k].word[0] == next;
    }
    wait(1000000, got);

    cr_expect_gt(impair_counts(&b.impair, 0).resent, 50u);
    expect_quiet();
    close_bad();
}

/** Everything at once on a class: sent = delivered + superseded + dropped, and the receiver saw each number once, rising. */
static void torture(enum fabric_class tensors, struct inject entry)
{
    struct port_message got[16];
    uint64_t next_tag = 0, next_word = 0, delivered = 0, controls = 0, words = 0;
    entry.law = law_find("exp");
    entry.config.mean_ns = 300;
    open_bad(tensors, entry);
    for (uint32_t i = 0; i < 3000 || b.port->ops->in_flight(b.port, 0) > 0; i++) {
        if (i < 3000 && b.inner.slots[0].free_count > 0)
            send_tensor();
        if (i < 3000 && i % 3 == 0)
            words += send_control((uint32_t)words) != PORT_FULL;
        const uint32_t n = wait(i % 7 == 0 ? 900 : 60, got);
        for (uint32_t k = 0; k < n; k++) {
            uint64_t *const next = got[k].is_tensor ? &next_tag : &next_word;
            const uint64_t number = got[k].is_tensor ? got[k].tag : got[k].word[0];
            cr_assert_geq(number, *next, "each number at most once, rising");
            *next = number + 1;
            delivered += got[k].is_tensor;
            controls += !got[k].is_tensor;
        }
    }
    const struct impair_counts out = impair_counts(&b.impair, 0), in = impair_counts(&b.impair, 1);
    const uint64_t dropped = out.dropped_by[LINK_LOST] + out.dropped_by[LINK_CORRUPT];
    cr_expect_eq(controls, words, "control messages are not lost");
    cr_expect_eq(out.duplicated,
                 in.duplicates_seen + out.tensors_duplicated - in.tensor_duplicates_seen);
    cr_expect_gt(in.duplicates_seen, 50u);
    cr_expect_gt(out.corrupted, 50u);
    cr_expect_eq(out.corrupted, in.caught);
    const uint64_t unread = b.superseded + out.superseded + in.superseded;
    const uint64_t copies_in_place = out.tensors_duplicated - in.tensor_duplicates_seen;
    cr_expect_eq(delivered + dropped + unread - copies_in_place, b.accepted);
    cr_expect(tensors == FABRIC_NEWEST || unread + copies_in_place == 0, "rings lose no order");
    expect_quiet();
    close_bad();
}

static struct inject awful(void)
{
    struct inject entry = link_entry();
    entry.link = (struct inject_link){.loss = 0.1,
                                      .duplicate = 0.2,
                                      .reorder = 0.3,
                                      .gap_ns = 700,
                                      .corrupt = 0.1,
                                      .overtake = true,
                                      .resend_ns = 200};
    return entry;
}

Test(impair, keeps_the_books_of_rings_whatever_happens)
{
    torture(FABRIC_EXACT, awful());
}

Test(impair, keeps_the_books_of_rings_that_lose)
{
    struct inject entry = awful();
    entry.link.unreliable = true;
    torture(FABRIC_EXACT, entry);
}

Test(impair, keeps_the_books_of_mailboxes_whatever_happens)
{
    torture(FABRIC_NEWEST, awful());
}

Test(impair, gives_up_what_a_cut_holds_for_good_when_the_run_ends)
{
    struct inject entry = link_entry();
    entry.link.cut = true;
    open_bad(FABRIC_EXACT, entry);
    send_tensor();
    send_tensor();
    cr_expect_eq(wait(1000000000, NULL), 0u);
    cr_expect_eq(b.port->ops->in_flight(b.port, 0), 2u);

    b.port->ops->drain(b.port, 0);
    send_tensor();
    cr_expect_eq(wait(1, NULL), 0u);

    cr_expect_eq(impair_counts(&b.impair, 0).dropped_by[LINK_CUT], 3u);
    expect_quiet();
    close_bad();
}

Test(impair, lets_messages_of_a_late_publisher_leave_later)
{
    struct inject entry = {.what = INJECT_PUBLISH, .law = law_find("const"), .select = SELECT_ALL};
    entry.config.delay_ns = 400;
    open_bad(FABRIC_EXACT, entry);
    send_tensor();

    cr_expect_eq(wait(399, NULL), 0u);
    cr_expect_eq(wait(1, NULL), 1u);

    expect_quiet();
    close_bad();
}

Test(impair, leaves_edges_alone_that_no_entry_concerns)
{
    static const uint32_t other[] = {1};
    struct inject entry = link_entry();
    struct port_message got[16];
    entry.select = SELECT_WORKERS;
    entry.workers = other;
    entry.worker_count = 1; /* edges that lead out of worker 1 */
    entry.link.loss = 1;
    open_bad(FABRIC_EXACT, entry);

    send_tensor();

    cr_expect_eq(wait(0, got), 1u);
    cr_expect_eq(got[0].flags, 0u, "not even numbered");
    cr_expect_eq(impair_counts(&b.impair, 0).held_max, 0u);
    close_bad();
}

Test(impair, is_needed_only_if_messages_meet_something)
{
    struct inject entry[2] = {{.what = INJECT_COMPUTE}, {.what = INJECT_NODE}};
    struct inject_set set = {.entry = entry, .count = 2};

    cr_expect_not(impair_needed(&set));
    entry[1].what = INJECT_PUBLISH;
    cr_expect(impair_needed(&set));
    entry[1].what = INJECT_LINK;
    cr_expect(impair_needed(&set));
}
