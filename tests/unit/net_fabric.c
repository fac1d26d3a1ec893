/* SPDX-License-Identifier: BSD-3-Clause */
/* Edges between workers of one process: what is sent is delivered, superseded or in flight, and loans come home. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "net/edges.h"
#include "support_net.h"

static struct bench b; /* zero; every test is a process of its own */

static void open_complete(uint32_t workers, enum fabric_class tensors)
{
    b.config = (struct fabric_config){
        .tensors = tensors, .exact_depth = 2, .control_depth = 3, .slots = 6, .dim = 20};
    bench_complete(&b, workers);
    bench_open(&b);
}

static uint32_t poll_one(uint32_t worker, struct port_arrival *out)
{
    return b.port->ops->poll(b.port, worker, out, 1);
}

Test(fabric, takes_from_the_arena_what_it_announced)
{
    open_complete(12, FABRIC_EXACT);

    cr_expect_eq(b.arena.used_bytes, fabric_bytes(&b.config));
    bench_close(&b);
}

Test(fabric, lets_a_neighbour_read_a_snapshot_in_place_and_gets_it_back)
{
    struct port_arrival got;
    open_complete(2, FABRIC_NEWEST);
    const slots_handle handle = bench_write(&b, 0, 1, 2.5f);

    cr_assert_eq(bench_send(&b, 0, 0, handle), PORT_OK);
    cr_assert_eq(poll_one(1, &got), 1u);
    const float *seen = b.port->ops->view(b.port, 1, got.edge, got.message.handle);

    cr_expect_eq(seen, b.port->ops->slot(b.port, 0, slots_slot_of(handle)), "zero copies");
    cr_expect_eq((uintptr_t)seen % 64, 0u);
    cr_expect_eq(seen[19], 2.5f);
    cr_expect(b.port->ops->valid(b.port, 1, got.edge, handle));
    b.port->ops->release(b.port, 1, got.edge, handle);
    slots_drop(&b.slots[0], slots_slot_of(handle));
    cr_expect_eq(b.slots[0].free_count, 5u, "still lent");
    cr_expect_eq(b.port->ops->reclaim(b.port, 0, &b.slots[0]), 1u);
    cr_expect_eq(b.slots[0].free_count, 6u);
    cr_expect_eq(b.port->ops->in_flight(b.port, 0), 0u);
    bench_close(&b);
}

Test(fabric, keeps_the_snapshot_of_a_reader_that_stalls_in_the_middle_of_a_mix)
{
    struct port_arrival got;
    open_complete(2, FABRIC_NEWEST);
    slots_handle handle = bench_write(&b, 0, 1, 1.0f);
    bench_send(&b, 0, 0, handle);
    cr_assert_eq(poll_one(1, &got), 1u);
    const float *held = b.port->ops->view(b.port, 1, got.edge, got.message.handle);

    for (uint32_t version = 2; version < 500; version++) {
        slots_drop(&b.slots[0], slots_slot_of(handle));
        handle = bench_write(&b, 0, version, (float)version);
        bench_send(&b, 0, 0, handle);
        b.port->ops->reclaim(b.port, 0, &b.slots[0]);
    }

    for (uint32_t d = 0; d < b.config.dim; d++)
        cr_assert_eq(held[d], 1.0f);
    cr_expect(b.port->ops->valid(b.port, 1, got.edge, got.message.handle));
    b.port->ops->release(b.port, 1, got.edge, got.message.handle);
    cr_assert_eq(poll_one(1, &got), 1u);
    cr_expect_eq(got.message.tag, 499u);
    cr_expect_eq(fabric_counts(&b.fabric, 0).tensors_superseded, 497u);
    bench_close(&b);
}

Test(fabric, recognises_a_snapshot_that_was_overwritten)
{
    struct port_arrival got;
    open_complete(2, FABRIC_NEWEST);
    bench_send(&b, 0, 0, bench_write(&b, 0, 1, 1.0f));
    cr_assert_eq(poll_one(1, &got), 1u);
    const uint32_t slot = slots_slot_of(got.message.handle);

    b.port->ops->stamp(b.port, 0, slot, 0); /* what loans forbid */

    cr_expect_not(b.port->ops->valid(b.port, 1, got.edge, got.message.handle));
    b.port->ops->stamp(b.port, 0, slot, slots_pack(1, slot, 2));
    cr_expect_not(b.port->ops->valid(b.port, 1, got.edge, got.message.handle));
    bench_close(&b);
}

Test(fabric, pushes_back_when_an_exact_edge_is_full)
{
    struct port_arrival got[8];
    open_complete(2, FABRIC_EXACT);

    cr_expect_eq(bench_send(&b, 0, 0, bench_write(&b, 0, 1, 0.f)), PORT_OK);
    cr_expect_eq(bench_send(&b, 0, 0, bench_write(&b, 0, 2, 0.f)), PORT_OK);
    cr_expect_eq(bench_send(&b, 0, 0, bench_write(&b, 0, 3, 0.f)), PORT_FULL);

    cr_expect_eq(b.port->ops->in_flight(b.port, 0), 2u);
    cr_assert_eq(b.port->ops->poll(b.port, 1, got, 8), 2u);
    cr_expect_eq(got[0].message.tag, 1u);
    cr_expect_eq(got[1].message.tag, 2u);
    const struct fabric_counts sent = fabric_counts(&b.fabric, 0);
    cr_expect_eq(sent.tensors_sent, 2u);
    cr_expect_eq(sent.full, 1u);
    cr_expect_eq(fabric_counts(&b.fabric, 1).tensors_delivered, 2u);
    cr_expect_eq(b.port->ops->in_flight(b.port, 0), 0u);
    bench_close(&b);
}

Test(fabric, keeps_control_messages_in_order_and_pushes_back)
{
    struct port_arrival got[8];
    struct port_message old, control = {.type = 9};
    open_complete(2, FABRIC_NEWEST);

    for (uint32_t i = 0; i < 3; i++) {
        control.word[0] = i;
        cr_assert_eq(b.port->ops->send(b.port, 1, 0, &control, &old), PORT_OK);
    }
    cr_expect_eq(b.port->ops->send(b.port, 1, 0, &control, &old), PORT_FULL);
    cr_expect_eq(b.port->ops->unread(b.port, 1, 0), 3u);

    cr_assert_eq(b.port->ops->poll(b.port, 0, got, 8), 3u);
    cr_expect_eq(b.port->ops->unread(b.port, 1, 0), 0u);
    for (uint32_t i = 0; i < 3; i++)
        cr_expect_eq(got[i].message.word[0], i);
    cr_expect_eq(fabric_counts(&b.fabric, 0).control_delivered, 3u);
    cr_expect_eq(fabric_counts(&b.fabric, 1).control_sent, 3u);
    bench_close(&b);
}

Test(fabric, names_edges_by_the_place_of_the_peer_in_the_list)
{
    struct port_arrival got;
    open_complete(4, FABRIC_NEWEST);

    bench_send(&b, 3, 1, bench_write(&b, 3, 1, 0.f)); /* 3's neighbours: 0 1 2 */

    cr_assert_eq(poll_one(1, &got), 1u);
    cr_expect_eq(got.edge, 2u, "1's neighbours: 0 2 3");
    cr_expect_eq(b.port->ops->in_flight(b.port, 3), 0u);
    bench_close(&b);
}

Test(fabric, stops_lending_before_the_way_back_could_overflow)
{
    struct port_arrival got;
    open_complete(2, FABRIC_NEWEST);
    const slots_handle handle = bench_write(&b, 0, 1, 0.f);
    uint32_t out = 0;

    while (bench_send(&b, 0, 0, handle) == PORT_OK && poll_one(1, &got) == 1)
        out++;

    cr_expect_eq(out, b.config.slots + FABRIC_RETURNS_SPARE);
    for (uint32_t i = 0; i < out; i++)
        b.port->ops->release(b.port, 1, 0, handle);
    cr_expect_eq(b.port->ops->reclaim(b.port, 0, &b.slots[0]), out);
    cr_expect_eq(bench_send(&b, 0, 0, handle), PORT_OK);
    bench_close(&b);
}

Test(fabric, aborts_on_handles_given_back_more_often_than_lent, .signal = SIGABRT)
{
    open_complete(2, FABRIC_NEWEST);
    for (uint32_t i = 0; i <= b.config.slots + FABRIC_RETURNS_SPARE; i++)
        b.port->ops->release(b.port, 1, 0, slots_pack(1, 0, 1));
}

/* 70 in-edges need two doorbell words. */
Test(fabric, hears_every_one_of_many_edges_once)
{
    struct port_arrival got;
    static uint32_t heard[BENCH_WORKERS_MAX];
    uint32_t arrivals = 0;
    open_complete(71, FABRIC_NEWEST);
    for (uint32_t w = 0; w < 70; w++)
        bench_send(&b, w, 69, bench_write(&b, w, 1, 0.f));

    while (poll_one(70, &got) == 1) {
        heard[got.edge]++;
        arrivals++;
    }

    cr_expect_eq(arrivals, 70u);
    for (uint32_t e = 0; e < 70; e++)
        cr_expect_eq(heard[e], 1u, "edge %u", e);
    cr_expect_eq(poll_one(70, &got), 0u);
    bench_close(&b);
}

static void serves_all_edges_in_turn(uint32_t workers)
{
    const uint32_t reader = workers - 1, degree = workers - 1;
    struct port_message old, control = {.type = 1};
    static uint32_t heard[BENCH_WORKERS_MAX];
    struct port_arrival got;
    open_complete(workers, FABRIC_NEWEST);
    for (uint32_t w = 0; w < degree; w++)
        for (uint32_t i = 0; i < b.config.control_depth; i++)
            cr_assert_eq(b.port->ops->send(b.port, w, degree - 1, &control, &old), PORT_OK);

    for (uint32_t i = 0; i < degree; i++) {
        cr_assert_eq(poll_one(reader, &got), 1u);
        heard[got.edge]++;
    }

    for (uint32_t e = 0; e < degree; e++)
        cr_expect_eq(heard[e], 1u, "%u workers, edge %u", workers, e);
    bench_close(&b);
}

Test(fabric, serves_few_edges_in_turn)
{
    serves_all_edges_in_turn(5);
}

Test(fabric, serves_many_edges_in_turn)
{
    serves_all_edges_in_turn(20);
}

Test(fabric, refuses_neighbours_that_do_not_know_each_other)
{
    static const uint32_t begin[] = {0, 1, 2, 2}, peers[] = {1, 2};
    struct arena arena;
    struct err err = {""};
    void *memory = aligned_alloc(64, 65536);
    arena_init(&arena, memory, 65536);

    const int rc = fabric_init(&b.fabric,
                               &(struct fabric_config){.workers = 3,
                                                       .peer_begin = begin,
                                                       .peers = peers,
                                                       .control_depth = 2,
                                                       .slots = 2,
                                                       .dim = 4,
                                                       .memory = &arena},
                               &err);

    cr_expect_eq(rc, -EINVAL);
    cr_expect_str_eq(err.text, "worker 0 lists 1 as a neighbour, but not the other way round");
    free(memory);
}

Test(fabric, refuses_an_area_that_is_too_small)
{
    struct err err = {""};
    open_complete(2, FABRIC_NEWEST);
    arena_reset(&b.arena);
    b.arena.size_bytes--;

    cr_expect_eq(fabric_init(&b.fabric, &b.config, &err), -ENOMEM);
    cr_expect_eq(b.arena.used_bytes, 0u, "nothing was built");
    bench_close(&b);
}

/* ------------------------------------------------------------------ two threads */

#define RACE_VERSIONS 20000u

struct race {
    _Atomic int sender_done;
    uint64_t torn, backwards, delivered;
};

static struct race race;

/* Worker 0 publishes version after version, waiting only when all slots are out. */
static void *publish(void *arg)
{
    slots_handle handle = 0;

    (void)arg;
    for (uint32_t version = 1; version <= RACE_VERSIONS;) {
        b.port->ops->reclaim(b.port, 0, &b.slots[0]);
        if (b.slots[0].free_count == 0) {
            sched_yield();
            continue;
        }
        if (handle != 0)
            slots_drop(&b.slots[0], slots_slot_of(handle));
        handle = bench_write(&b, 0, version, (float)version);
        while (bench_send(&b, 0, 0, handle) == PORT_FULL) {
            b.port->ops->reclaim(b.port, 0, &b.slots[0]);
            sched_yield();
        }
        version++;
    }
    atomic_store_explicit(&race.sender_done, 1, memory_order_release);
    return NULL;
}

/* Worker 1 reads every element of what it gets, and checks that nobody wrote meanwhile. */
static void *consume(void *arg)
{
    struct port_arrival got;
    uint64_t last = 0;

    (void)arg;
    for (;;) {
        const int done = atomic_load_explicit(&race.sender_done, memory_order_acquire);
        if (poll_one(1, &got) == 0) {
            if (done)
                return NULL;
            sched_yield();
            continue;
        }
        const float *x = b.port->ops->view(b.port, 1, got.edge, got.message.handle);
        for (uint32_t d = 0; d < b.config.dim; d++)
            race.torn += x[d] != (float)got.message.tag;
        race.torn += !b.port->ops->valid(b.port, 1, got.edge, got.message.handle);
        race.backwards += got.message.tag <= last;
        last = got.message.tag;
        race.delivered++;
        b.port->ops->release(b.port, 1, got.edge, got.message.handle);
    }
}

static void run_race(enum fabric_class tensors)
{
    pthread_t sender, reader;
    open_complete(2, tensors);

    cr_assert_eq(pthread_create(&reader, NULL, consume, NULL), 0);
    cr_assert_eq(pthread_create(&sender, NULL, publish, NULL), 0);
    pthread_join(sender, NULL);
    pthread_join(reader, NULL);

    const struct fabric_counts sent = fabric_counts(&b.fabric, 0);
    cr_expect_eq(race.torn, 0u);
    cr_expect_eq(race.backwards, 0u);
    cr_expect_eq(sent.tensors_sent, RACE_VERSIONS);
    cr_expect_eq(sent.tensors_superseded + race.delivered, RACE_VERSIONS);
    cr_expect_eq(fabric_counts(&b.fabric, 1).tensors_delivered, race.delivered);
    cr_expect_eq(b.port->ops->in_flight(b.port, 0), 0u);
    while (b.port->ops->reclaim(b.port, 0, &b.slots[0]) > 0)
        ;
    cr_expect_eq(b.slots[0].free_count, b.config.slots - 1, "only the current model is held");
    if (tensors == FABRIC_EXACT)
        cr_expect_eq(race.delivered, RACE_VERSIONS);
    bench_close(&b);
}

Test(fabric, newest_edge_between_two_threads_accounts_for_every_version)
{
    run_race(FABRIC_NEWEST);
}

Test(fabric, exact_edge_between_two_threads_loses_no_version)
{
    run_race(FABRIC_EXACT);
}

#define BELL_SENDERS 12u
#define BELL_ROUNDS 3000u

/* Workers 0..11, all served by this thread, send control messages to worker 12. */
static void *ring_bells(void *arg)
{
    struct port_message old, control = {.type = 1};

    (void)arg;
    for (uint32_t i = 0; i < BELL_ROUNDS; i++) {
        for (uint32_t w = 0; w < BELL_SENDERS; w++) {
            control.word[0] = i;
            while (b.port->ops->send(b.port, w, BELL_SENDERS - 1, &control, &old) == PORT_FULL)
                sched_yield();
        }
    }
    return NULL;
}

Test(fabric, doorbell_between_two_threads_loses_no_wakeup)
{
    struct port_arrival got[5];
    uint32_t next[BELL_SENDERS] = {0}, total = 0, disorder = 0;
    pthread_t sender;
    open_complete(BELL_SENDERS + 1, FABRIC_NEWEST);
    cr_assert_eq(pthread_create(&sender, NULL, ring_bells, NULL), 0);

    while (total <
           BELL_SENDERS * BELL_ROUNDS) { /* a lost wake-up hangs here until the suite's timeout */
        const uint32_t n = b.port->ops->poll(b.port, BELL_SENDERS, got, 5);
        for (uint32_t i = 0; i < n; i++)
            disorder += got[i].message.word[0] != next[got[i].edge]++;
        total += n;
        if (n == 0)
            sched_yield();
    }
    pthread_join(sender, NULL);

    cr_expect_eq(disorder, 0u);
    bench_close(&b);
}

/* ------------------------------------------------------------------ the table */

Test(edges, are_found_by_name)
{
    cr_expect_not_null(edges_find("handle"));
    cr_expect_not_null(edges_find("null"));
    cr_expect_null(edges_find("Handle"));
}

static struct port *open_kind(const struct edge_kind *kind)
{
    struct err err = {""};
    struct port *port = NULL;
    b.config = (struct fabric_config){.control_depth = 2, .slots = 2, .dim = 16};
    bench_complete(&b, 3);
    const size_t bytes = kind->bytes(&b.config);
    arena_init(&b.arena, aligned_alloc(64, bytes), bytes);
    b.config.memory = &b.arena;
    cr_assert_eq(kind->open(&port, &b.config, &err), 0, "%s", err.text);
    cr_expect_eq(b.arena.used_bytes, bytes, "%s", kind->name);
    cr_expect_str_eq(port->ops->name, kind->name);
    return port;
}

Test(edges, carry_over_the_handle_row)
{
    const struct edge_kind *kind = edges_find("handle");
    struct port_message old, sent = {.is_tensor = 1, .handle = slots_pack(1, 1, 5)};
    struct port_arrival got;
    struct port *port = open_kind(kind);

    cr_expect_eq(port->ops->send(port, 0, 1, &sent, &old), PORT_OK);

    cr_expect_eq(port->ops->poll(port, 2, &got, 1), 1u);
    cr_expect_eq(kind->counts(port, 0).tensors_sent, 1u);
    cr_expect_eq(kind->counts(port, 2).tensors_delivered, 1u);
    free(b.arena.base);
}

Test(edges, swallow_everything_on_the_null_row_and_keep_no_loan)
{
    const struct edge_kind *kind = edges_find("null");
    struct port_message old = {0}, sent = {.is_tensor = 1, .handle = slots_pack(1, 1, 5)};
    struct port_arrival got;
    struct port *port = open_kind(kind);

    cr_expect_eq(port->ops->send(port, 0, 1, &sent, &old), PORT_SUPERSEDED);

    cr_expect_eq(old.handle, sent.handle, "the loan comes straight home");
    cr_expect_eq(port->ops->poll(port, 2, &got, 1), 0u);
    cr_expect_eq(port->ops->in_flight(port, 0), 0u);
    cr_expect_eq(kind->counts(port, 0).tensors_superseded, 1u);
    port->ops->slot(port, 2, 1)[15] = 1.f;
    free(b.arena.base);
}
