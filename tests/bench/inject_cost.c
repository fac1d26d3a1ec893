/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What dawdling on purpose costs by itself: the draw of one iteration's delay under each law, a message through a port
 * whose links something could be injected into, the decision about one that something is, and how late a polling core
 * lets a held message go.
 *
 * One thread. Cases take turns in short slices, so that what disturbs the host disturbs all of them; figures are medians of
 * slices with their quartiles. A message is sent, polled, given back and reclaimed: both sides of the channel on one core,
 * with no cache line travelling. Prints only. `--smoke`: a few of everything, for the ordinary suite.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "net/impair.h"
#include "tests/bench/bench_clock.h"

#define WORKERS 4u
#define DEGREE 3u
#define CASES_MAX 40u
#define ROUNDS_MAX 41u

static const struct law_bin bins[] = {{0.001, 0.002, 50}, {0.002, 0.004, 100}};
static const double seconds[] = {0.001, 0.002, 0.001, 0.003};

static const struct law_config typical = {
    .delay_ns = 20000,
    .low_ns = 1000,
    .high_ns = 100000,
    .mean_ns = 20000,
    .sd_ns = 5000,
    .shift_ns = 1000,
    .median_ns = 20000,
    .p99_ns = 100000,
    .scale_ns = 10000,
    .alpha = 1.5,
    .shape = 2,
    .share = 0.5,
    .factor = 5,
    .slow = 10,
    .fast = 90,
    .every_ns = 100000000,
    .shortest_ns = 1000000,
    .longest_ns = 10000000,
    .length_ns = 10000000,
    .period_ns = 100000000,
    .trace = {.seconds = seconds, .steps = 2, .workers = 2, .median_s = 0.0015},
    .sample = {.bin = bins, .count = 2},
};

static struct bench {
    struct bench_clock clock;
    uint32_t rounds, calls; /* slices per case, calls per slice */
    uint64_t sink;          /* results go here, so that nothing is left out */
    struct inject entry;
    struct inject_set set;
    /* ports */
    struct fabric_config edges;
    struct arena arena;
    struct fabric fabric;
    struct impair impair;
    struct slots slots[WORKERS];
    struct hist late[WORKERS];
    _Atomic uint64_t sent, received;
    uint64_t start_cyc;
    slots_handle handle;
    struct link_state link;
} b;

/** One case: how long `calls` of it take, in cycles. */
struct timed {
    const char *name;
    const struct law *law;
    uint64_t (*slice)(const struct timed *self);
    double ns[ROUNDS_MAX];
};

static int ascending(const void *left, const void *right)
{
    const double x = *(const double *)left, y = *(const double *)right;
    return (x > y) - (x < y);
}

/** The cases in turn, round by round. ns[] stay in the order of the rounds. */
static void measure(struct timed *timed, uint32_t count)
{
    for (uint32_t r = 0; r < b.rounds; r++)
        for (uint32_t c = 0; c < count; c++) {
            timed[c].slice(&timed[c]); /* the first one after another case warms up */
            timed[c].ns[r] = (double)timed[c].slice(&timed[c]) * b.clock.ns_per_cyc / b.calls;
        }
}

static void print(const char *what, const char *name, const double ns[ROUNDS_MAX])
{
    double sorted[ROUNDS_MAX];
    memcpy(sorted, ns, sizeof(sorted));
    qsort(sorted, b.rounds, sizeof(sorted[0]), ascending);
    printf("inject cost: %-14s %-34s %7.1f ns (%.1f to %.1f)\n", what, name, sorted[b.rounds / 2],
           sorted[b.rounds / 4], sorted[b.rounds * 3 / 4]);
}

/* ------------------------------------------------------------------------------------------------------ iterations */

static uint64_t phases(const struct timed *self)
{
    uint64_t sum = 0;
    b.entry = (struct inject){.law = self->law, .what = INJECT_COMPUTE, .config = typical};
    b.set = (struct inject_set){
        .entry = &b.entry, .count = self->law ? 1 : 0, .seed = 1, .workers = WORKERS};
    const uint64_t from = bench_clock_start();
    for (uint32_t i = 0; i < b.calls; i++)
        sum += inject_phase(&b.set, INJECT_COMPUTE, i & 1, i, i * UINT64_C(50000), 50000).delay_ns;
    const uint64_t cyc = bench_clock_end() - from;
    b.sink += sum;
    return cyc;
}

static void measure_laws(void)
{
    static struct timed timed[CASES_MAX];
    uint32_t count = 0;
    timed[count++] = (struct timed){.name = "no entry", .slice = phases};
    for (uint32_t l = 0; l < law_count; l++) {
        CHECK(count < CASES_MAX);
        timed[count++] = (struct timed){law_table[l].name, &law_table[l], phases, {0}};
    }
    measure(timed, count);
    for (uint32_t c = 0; c < count; c++)
        print("iteration", timed[c].name, timed[c].ns);
}

/* ------------------------------------------------------------------------------------------------------ messages */

static void open_ports(struct inject_link link, const struct law *law)
{
    static const uint32_t begin[WORKERS + 1] = {0, 3, 6, 9, 12};
    static const uint32_t peers[] = {1, 2, 3, 0, 2, 3, 0, 1, 3, 0, 1, 2};
    static const uint32_t hit[] = {1, 2};
    link.edges = EDGES_WITHIN; /* both edges between 1 and 2 */
    struct err err = {""};
    b.entry = (struct inject){.what = INJECT_LINK,
                              .law = law,
                              .config = typical,
                              .select = SELECT_WORKERS,
                              .workers = hit,
                              .worker_count = 2,
                              .link = link};
    b.set = (struct inject_set){.entry = &b.entry, .count = 1, .seed = 1, .workers = WORKERS};
    b.edges = (struct fabric_config){.workers = WORKERS,
                                     .peer_begin = begin,
                                     .peers = peers,
                                     .tensors = FABRIC_EXACT,
                                     .exact_depth = 64,
                                     .control_depth = 256,
                                     .slots = 2,
                                     .dim = 16,
                                     .memory = &b.arena};
    const struct impair_config config = {.inner = &b.fabric.port,
                                         .edges = &b.edges,
                                         .set = &b.set,
                                         .payload_bytes = 64,
                                         .start_cyc = &b.start_cyc,
                                         .ns_per_cyc = b.clock.ns_per_cyc,
                                         .cyc_per_ns = 1 / b.clock.ns_per_cyc};
    const size_t bytes = fabric_bytes(&b.edges) + impair_bytes(&config);
    void *const memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    CHECK(memory);
    arena_init(&b.arena, memory, bytes);
    CHECK(fabric_init(&b.fabric, &b.edges, &err) == 0);
    impair_init(&b.impair, &config);
    b.start_cyc = bench_clock_start();
    for (uint32_t w = 0; w < WORKERS; w++) {
        void *const books = calloc(1, slots_bytes(b.edges.slots, DEGREE));
        CHECK(books);
        slots_init(&b.slots[w], books, b.edges.slots, DEGREE, 1);
        hist_reset(&b.late[w]);
        impair_attach(&b.impair, w,
                      &(struct impair_books){&b.slots[w], &b.sent, &b.received, &b.late[w]});
    }
    b.handle = slots_seal(&b.slots[0], slots_take(&b.slots[0]), 1);
}

static void close_ports(void)
{
    for (uint32_t w = 0; w < WORKERS; w++)
        free(b.slots[w].entry);
    free(b.arena.base);
}

/** From worker 0 to its peer behind `edge`, and back home. */
__attribute__((noinline)) static uint64_t packets(struct port *port, uint32_t edge)
{
    struct port_message old, message = {.is_tensor = 1, .handle = b.handle};
    struct port_arrival arrival;
    const uint32_t to = edge + 1;
    uint64_t sum = 0;
    const uint64_t from = bench_clock_start();
    for (uint32_t i = 0; i < b.calls; i++) {
        message.tag = i;
        CHECK(port->ops->send(port, 0, edge, &message, &old) == PORT_OK);
        CHECK(port->ops->poll(port, to, &arrival, 1) == 1);
        port->ops->release(port, to, arrival.edge, arrival.message.handle);
        sum += port->ops->reclaim(port, 0, &b.slots[0]);
    }
    const uint64_t cyc = bench_clock_end() - from;
    b.sink += sum;
    return cyc;
}

#define EDGE_TO_1 0u
#define EDGE_TO_3 2u

static uint64_t inner_to_1(const struct timed *self)
{
    (void)self;
    return packets(&b.fabric.port, EDGE_TO_1);
}

static uint64_t around_to_1(const struct timed *self)
{
    (void)self;
    return packets(&b.impair.port, EDGE_TO_1);
}

static uint64_t inner_to_3(const struct timed *self)
{
    (void)self;
    return packets(&b.fabric.port, EDGE_TO_3);
}

static uint64_t around_to_3(const struct timed *self)
{
    (void)self;
    return packets(&b.impair.port, EDGE_TO_3);
}

static void print_difference(const char *name, const struct timed *more, const struct timed *less)
{
    double difference[ROUNDS_MAX] = {0};
    for (uint32_t r = 0; r < b.rounds; r++)
        difference[r] = more->ns[r] - less->ns[r];
    print("message", name, difference);
}

static void measure_ports(void)
{
    struct timed timed[] = {{.name = "the edges themselves", .slice = inner_to_3},
                            {.name = "bad links elsewhere", .slice = around_to_3},
                            {.name = "the edges themselves", .slice = inner_to_1},
                            {.name = "to a worker with a bad link", .slice = around_to_1}};
    open_ports((struct inject_link){.loss = 0.1}, law_find("none"));
    measure(timed, 4);
    print("message", timed[0].name, timed[0].ns);
    print("message", timed[1].name, timed[1].ns);
    print_difference("  more than the edges themselves", &timed[1], &timed[0]);
    print("message", timed[3].name, timed[3].ns);
    print_difference("  more than the edges themselves", &timed[3], &timed[2]);
    close_ports();
}

/* ------------------------------------------------------------------------------------------------------ decisions */

static const struct inject_link everything = {.loss = 0.01,
                                              .burst = 3,
                                              .duplicate = 0.01,
                                              .reorder = 0.01,
                                              .gap_ns = 10000,
                                              .corrupt = 0.01,
                                              .bytes_per_s = 1e9,
                                              .bucket_bytes = 65536,
                                              .queue_bytes = 1 << 20,
                                              .cut = true,
                                              .up_ns = 100000000,
                                              .down_ns = 1000000,
                                              .overtake = true,
                                              .resend_ns = 100000};

static uint64_t decisions(const struct timed *self)
{
    struct link_packet packet = {.to = 1, .class = LINK_TENSOR, .bytes = 4096};
    uint64_t sum = 0;
    b.entry = (struct inject){.what = INJECT_LINK, .law = self->law, .config = typical};
    if (self->law != law_find("none"))
        b.entry.link = everything;
    else
        b.entry.link.loss = 0.01;
    b.set = (struct inject_set){.entry = &b.entry, .count = 1, .seed = 1, .workers = WORKERS};
    b.link = (struct link_state){0};
    const uint64_t from = bench_clock_start();
    for (uint32_t i = 0; i < b.calls; i++) {
        packet.number = i;
        packet.at_ns = i * UINT64_C(20000);
        sum += link_decide(&b.set, &packet, &b.link).release_ns;
    }
    const uint64_t cyc = bench_clock_end() - from;
    b.sink += sum;
    return cyc;
}

static void measure_decisions(void)
{
    struct timed timed[] = {{"loss alone", law_find("none"), decisions, {0}},
                            {"everything at once, jitter exp", law_find("exp"), decisions, {0}}};
    measure(timed, 2);
    print("link_decide", timed[0].name, timed[0].ns);
    print("link_decide", timed[1].name, timed[1].ns);
}

/* ------------------------------------------------------------------------------------------------------ release */

/** Worker 1 sends to worker 2 over such a link of exponential delay; one loop serves both, as a core does its workers. */
static void measure_release(const char *what, struct inject_link link, uint32_t messages)
{
    struct port *const port = &b.impair.port;
    struct port_message old, message = {.type = 1};
    struct port_arrival arrival[4];
    uint32_t sent = 0, got = 0;
    open_ports(link, law_find("exp"));
    while (got < messages) {
        message.sent_cyc = bench_clock_start();
        if (sent < messages && sent - got < 32)
            sent += port->ops->send(port, 1, 1, &message, &old) == PORT_OK;
        port->ops->poll(port, 1, arrival, 4);
        got += port->ops->poll(port, 2, arrival, 4);
    }
    const struct hist *const late = &b.late[1];
    printf(
        "inject cost: release, %s: late by p50 %llu ns, p99 %llu ns, max %llu ns (%llu messages, "
        "up to %llu held)\n",
        what, (unsigned long long)hist_percentile(late, 50),
        (unsigned long long)hist_percentile(late, 99), (unsigned long long)late->max,
        (unsigned long long)late->total, (unsigned long long)impair_counts(&b.impair, 1).held_max);
    close_ports();
}

int main(int argc, char **argv)
{
    const bool smoke = argc > 1 && !strcmp(argv[1], "--smoke");
    unsigned core;
    b.clock = bench_clock_calibrate(smoke ? 5 : 100);
    b.rounds = smoke ? 3 : ROUNDS_MAX;
    b.calls = smoke ? 100 : 5000;
    if (bench_clock_cores(&core, 1))
        bench_clock_pin(core);
    measure_laws();
    measure_ports();
    measure_decisions();
    measure_release("delay alone", (struct inject_link){.overtake = true}, smoke ? 200 : 20000);
    measure_release("everything at once", everything, smoke ? 200 : 20000);
    printf("inject cost: switched out %llu times meanwhile\n",
           (unsigned long long)bench_clock_preemptions());
    return b.sink == 0;
}
