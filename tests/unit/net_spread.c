/* SPDX-License-Identifier: BSD-3-Clause */
/* Workers of two processes over a real link, both ends turned by hand: nothing is lost, changed, or kept for ever. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/eal.h"
#include "net/fabric_cut.h"
#include "net/spread.h"
#include "tests/unit/support_net.h"

#define DIM 5000u /* 20 KB: several frames */

static const uint16_t apart[] = {0, 0, 1, 1};

static struct bench bench;
static struct spread *end[2];
static _Atomic uint64_t settled[2];
static uint64_t now_ns = 1000;

/* Thirds and the like, by whole lines. */
static void range(uint32_t dim, uint32_t slice, uint32_t slices, uint32_t *begin, uint32_t *last)
{
    const uint32_t lines = dim / 16;
    *begin = lines * slice / slices * 16;
    *last = slice + 1 == slices ? dim : lines * (slice + 1) / slices * 16;
}

static void turn_both(void)
{
    for (uint32_t i = 0; i < 2; i++)
        spread_bridge(end[i])->turn(spread_bridge(end[i]), now_ns += 2000);
}

static void start_dpdk(void)
{
    static struct eal eal;
    char dir[] = "/tmp/dawdle-spread-XXXXXX";
    struct err err = {{0}};
    cr_assert(mkdtemp(dir));
    const struct eal_config config = {
        .memory_bytes = 1 << 20, .pool_bytes = 64 << 20, .runtime_dir = dir};
    cr_assert_eq(eal_start(&eal, &config, &err), 0, "%s", err.text);
    rmdir(dir);
}

static void open_ends(const char *link, enum stream_class tensors)
{
    struct err err = {{0}};
    char address[LINK_ADDRESS_MAX];
    bench.config =
        (struct fabric_config){.tensors = tensors == STREAM_EXACT ? FABRIC_EXACT : FABRIC_NEWEST,
                               .exact_depth = 2,
                               .control_depth = 4,
                               .slots = 8,
                               .dim = DIM,
                               .process = apart,
                               .bodies = 12};
    bench_complete(&bench, 4);
    bench_open(&bench);
    for (uint32_t i = 0; i < 2; i++) {
        const struct spread_config config = {.fabric = &bench.fabric,
                                             .processes = 2,
                                             .process = i,
                                             .tensors = tensors,
                                             .link = link_find(link),
                                             .run = (uint64_t)getpid(),
                                             .ns_per_cyc = 1,
                                             .range = range,
                                             .settled = &settled[i]};
        end[i] = spread_open(&config, &err);
        cr_assert(end[i], "%s", err.text);
        cr_assert_eq(spread_peers(end[i]), 1);
        cr_assert_eq(spread_peer(end[i], 0), 1 - i);
    }
    for (uint32_t tries = 0, up = 0; up < 2; tries++) {
        up = 0;
        for (uint32_t i = 0; i < 2; i++) {
            spread_address(end[1 - i], 0, address);
            up += spread_connect(end[i], 0, address, &err) == 0;
        }
        cr_assert(tries < 3000, "%s", err.text);
        usleep(1000);
    }
    spread_start(end[0], now_ns);
    spread_start(end[1], now_ns);
    for (uint32_t i = 0; i < 100000 && !(spread_is_open(end[0]) && spread_is_open(end[1])); i++)
        turn_both();
    cr_assert(spread_is_open(end[0]) && spread_is_open(end[1]));
}

static void close_ends(void)
{
    for (uint32_t i = 0; i < 2; i++)
        spread_bye(end[i], now_ns);
    for (uint32_t i = 0; i < 100000 && !(spread_is_over(end[0]) && spread_is_over(end[1])); i++)
        turn_both();
    cr_expect(spread_is_over(end[0]) && spread_is_over(end[1]));
    for (uint32_t i = 0; i < 2; i++) {
        const struct spread_counts own = spread_counts(end[i]), other = spread_counts(end[1 - i]);
        cr_expect_eq(own.wire[WIRE_FRAMES_CORRUPT] + own.wire[WIRE_FRAMES_STALE] +
                         own.wire[WIRE_FRAMES_UNPLANNED] + own.wire[WIRE_DATA_NO_SLOT],
                     0);
        cr_expect_leq(own.wire[WIRE_FRAMES_RECEIVED], other.wire[WIRE_FRAMES_SENT]);
    }
    spread_close(end[0]);
    spread_close(end[1]);
    bench_close(&bench);
}

/* Polls the worker, and turns, until something comes. */
static struct port_arrival await(uint32_t worker)
{
    struct port_arrival in;
    for (uint32_t i = 0; i < 100000; i++) {
        turn_both();
        if (bench.port->ops->poll(bench.port, worker, &in, 1) == 1)
            return in;
    }
    cr_assert(false, "nothing comes to worker %u", worker);
    return in;
}

static void expect_vector(uint32_t worker, const struct port_arrival *in, float value)
{
    const float *const vector =
        bench.port->ops->view(bench.port, worker, in->edge, in->message.handle);
    for (uint32_t d = 0; d < DIM; d++)
        cr_assert(!(vector[d] < value) && !(vector[d] > value), "float %u is %g, not %g", d,
                  (double)vector[d], (double)value);
}

/* Every worker to every other in turn, each looked at and given back; then all loans are home. */
static void expect_tensors(const char *link, enum stream_class tensors)
{
    uint32_t version[4] = {0};
    open_ends(link, tensors);
    for (uint32_t round = 0; round < 200; round++) {
        const uint32_t from = round % 4, edge = round / 4 % 3;
        const uint32_t to = bench.peers[bench.peer_begin[from] + edge];
        const float value = (float)round + 0.5f;
        const slots_handle handle = bench_write(&bench, from, ++version[from], value);
        cr_assert_eq(bench_send(&bench, from, edge, handle), PORT_OK);
        slots_drop(&bench.slots[from], slots_slot_of(handle));
        const struct port_arrival in = await(to);
        cr_expect_eq(in.message.handle, handle);
        expect_vector(to, &in, value);
        bench.port->ops->release(bench.port, to, in.edge, handle);
        for (uint32_t i = 0; i < 100000 && bench.slots[from].free_count < bench.config.slots; i++) {
            turn_both();
            bench.port->ops->reclaim(bench.port, from, &bench.slots[from]);
        }
        cr_assert_eq(bench.slots[from].free_count, bench.config.slots,
                     "round %u: the loan comes home", round);
    }
    close_ends();
}

Test(spread, carries_newest_tensors_over_udp)
{
    expect_tensors("udp", STREAM_NEWEST);
}

Test(spread, carries_exact_tensors_over_udp)
{
    expect_tensors("udp", STREAM_EXACT);
}

Test(spread, carries_newest_tensors_over_memif, .init = start_dpdk)
{
    expect_tensors("memif", STREAM_NEWEST);
}

Test(spread, carries_exact_tensors_over_memif, .init = start_dpdk)
{
    expect_tensors("memif", STREAM_EXACT);
}

Test(spread, carries_controls_in_order_though_their_reader_is_slow)
{
    struct port_message message = {.type = 3}, old;
    uint32_t sent = 0, came = 0;
    open_ends("udp", STREAM_NEWEST);
    for (uint32_t i = 0; i < 200000 && came < 200; i++) {
        message.word[0] = sent;
        if (sent < 200)
            sent += bench.port->ops->send(bench.port, 0, 1, &message, &old) == PORT_OK;
        turn_both();
        struct port_arrival in;
        if (i % 7 == 0 && bench.port->ops->poll(bench.port, 2, &in, 1) == 1) {
            cr_assert_eq(in.message.word[0], came);
            came++;
        }
    }
    cr_expect_eq(came, 200);
    close_ends();
}

Test(spread, settles_what_newer_tensors_replace)
{
    uint64_t sent = 0, at_sender = 0, came = 0;
    struct port_arrival in;
    open_ends("udp", STREAM_NEWEST);
    for (uint32_t round = 0; round < 500; round++) {
        const slots_handle handle = bench_write(&bench, 0, round + 1, 1);
        at_sender += bench_send(&bench, 0, 1, handle) == PORT_SUPERSEDED;
        slots_drop(&bench.slots[0], slots_slot_of(handle));
        sent++;
        turn_both();
        bench.port->ops->reclaim(bench.port, 0, &bench.slots[0]);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        turn_both();
        if (bench.port->ops->poll(bench.port, 2, &in, 1) == 0)
            continue;
        came++;
        bench.port->ops->release(bench.port, 2, in.edge, in.message.handle);
    }
    cr_expect_eq(sent, at_sender + settled[0] + settled[1] + came);
    cr_expect_gt(settled[0] + settled[1], 0);
    close_ends();
}

Test(spread, carries_a_slice_to_its_place)
{
    uint32_t begin, last;
    struct port_message message = {.is_tensor = 1, .slice = 2, .slices = 3}, old;
    open_ends("udp", STREAM_EXACT);
    message.handle = bench_write(&bench, 0, 1, 9);
    slots_lend(&bench.slots[0], slots_slot_of(message.handle), 1);
    cr_assert_eq(bench.port->ops->send(bench.port, 0, 1, &message, &old), PORT_OK);
    const struct port_arrival in = await(2);
    const float *const vector = bench.port->ops->view(bench.port, 2, in.edge, in.message.handle);
    range(DIM, 2, 3, &begin, &last);
    for (uint32_t d = begin; d < last; d++)
        cr_assert(vector[d] > 8.9f && vector[d] < 9.1f, "float %u is %g", d, (double)vector[d]);
    close_ends();
}

static bool send_control(uint32_t word)
{
    struct port_message message = {.type = 3, .word = {word}}, old;
    return bench.port->ops->send(bench.port, 0, 1, &message, &old) == PORT_OK;
}

/* Worker 0 sends to worker 2, whose process reads some of it and dies: all loans are home, and all that was sent is settled. */
static void lose_a_process(enum stream_class tensors, uint32_t turns)
{
    uint64_t sent = 0, at_sender = 0, before;
    uint32_t read = 0;
    struct port_arrival in;
    settled[0] = settled[1] = 0;
    open_ends("udp", tensors);
    for (uint32_t round = 0; round < 40; round++) {
        if (round == 30) /* from here on nobody reads, and nobody answers */
            spread_bridge(end[0])->turn(spread_bridge(end[0]), now_ns += 2000);
        for (uint32_t i = 0; i < turns && round < 30; i++)
            turn_both();
        if (bench.slots[0].free_count > 2) {
            const slots_handle handle = bench_write(&bench, 0, round + 1, 1);
            const enum port_status result = bench_send(&bench, 0, 1, handle);
            at_sender += result == PORT_SUPERSEDED;
            sent += result != PORT_FULL;
            slots_drop(&bench.slots[0], slots_slot_of(handle));
        }
        sent += send_control(round);
        if (round % 3 == 0 && bench.port->ops->poll(bench.port, 2, &in, 1) == 1) {
            read++;
            if (in.message.is_tensor)
                bench.port->ops->release(bench.port, 2, in.edge, in.message.handle);
        }
        bench.port->ops->reclaim(bench.port, 0, &bench.slots[0]);
    }
    cr_expect_gt(read, 0u);

    struct bridge *const left = spread_bridge(end[0]);
    left->lose(left, 1);
    left->lose(left, 1);
    before = settled[0];
    left->turn(left, now_ns += 2000);
    sent += send_control(99); /* before its policy knows */
    left->turn(left, now_ns += 2000);

    while (bench.port->ops->reclaim(bench.port, 0, &bench.slots[0]) > 0)
        ;
    cr_expect_eq(bench.slots[0].free_count, bench.config.slots, "every loan is home");
    cr_expect_eq(sent, at_sender + settled[0], "sent %lu, settled %lu", (unsigned long)sent,
                 (unsigned long)settled[0]);
    cr_expect_gt(settled[0], before, "also what was sent since");
    spread_bye(end[0], now_ns);
    cr_expect(spread_is_over(end[0]), "the dead owe nothing");
    cr_expect_eq(spread_counts(end[0]).wire[WIRE_FRAMES_SENT], 0u);
    spread_close(end[0]);
    spread_close(end[1]);
    bench_close(&bench);
}

Test(spread, gives_back_what_a_dead_process_had_of_newest_tensors)
{
    lose_a_process(STREAM_NEWEST, 1);
    lose_a_process(STREAM_NEWEST, 20);
}

Test(spread, gives_back_what_a_dead_process_had_of_exact_tensors)
{
    lose_a_process(STREAM_EXACT, 1);
    lose_a_process(STREAM_EXACT, 20);
}
