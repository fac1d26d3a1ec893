/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long a parameter handle takes from one worker to the other, beside what one cache line takes at that moment.
 *
 * Two pinned threads play ping-pong through a real fabric: each writes a fresh vector into a slot, publishes it, and
 * waits for the answer. `handle` is publish (TSC before send) to seen (TSC after the poll that returned it); `read` is
 * publish to every line of the vector touched. Both directions are pooled, which cancels a constant offset between the
 * two TSCs in the mean; the offset itself is printed.
 *
 * On shared hosts two virtual cores drift between near and far (same cache or not) within seconds. So time is cut into short
 * slices, each begins and ends with a raw 64-byte line ping-pong, and the slice belongs to the bucket the probes agree on.
 * Slices in which a thread was switched out are a bucket of their own. Nothing is dropped.
 *
 * Closed loop: no queueing is measured. Prints only; never fails on a number. Exit 77: fewer than two cores.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_clock.h"
#include "core/base/check.h"
#include "core/base/hist.h"
#include "net/eal.h"
#include "net/edges.h"

#define MESSAGES_MAX 400u /* per leg and direction: a leg is shorter than a scheduler's turn */
#define NEAR_NS 200.0     /* half round trip of a raw line */
#define SLOTS 4u

static const uint32_t sizes_bytes[] = {8, 64, 256, 1024, 4096};
#define SIZES (sizeof(sizes_bytes) / sizeof(sizes_bytes[0]))

enum way { MAILBOX, RING, WAYS };
static const char *const way_names[] = {"mailbox", "ring"};

enum bucket { NEAR, FAR, MIXED, DISTURBED, BUCKETS };
static const char *const bucket_names[] = {"near", "far", "mixed", "disturbed"};

enum leg { LEG_RAW, LEG_FABRIC, LEG_STOP };

/* One side of the game; touched by its own thread during a leg, by the main thread between legs. */
struct player {
    _Alignas(64) uint32_t worker;
    uint32_t messages; /* received in this leg */
    uint32_t version;
    uint32_t wrong; /* vectors whose content was not what was published */
    uint64_t preemptions;
    slots_handle current[WAYS][SIZES];
    struct slots slots[WAYS][SIZES];
    uint32_t handle_cyc[MESSAGES_MAX];
    uint32_t read_cyc[MESSAGES_MAX];
};

struct raw_line {
    _Alignas(64) _Atomic uint64_t number;
    uint64_t rest[7];
};

static struct game {
    struct player player[2];
    struct raw_line line[2];
    uint32_t raw_cyc[MESSAGES_MAX]; /* half round trips */
    struct port *port[WAYS][SIZES];
    unsigned core[2];
    /* orders to the second thread */
    _Alignas(64) _Atomic uint32_t order, done;
    enum leg leg;
    enum way way;
    uint32_t size, count;
} game;

static struct hist raw_hist[SIZES][BUCKETS];
static struct hist handle_hist[WAYS][SIZES][BUCKETS];
static struct hist read_hist[WAYS][SIZES][BUCKETS];
static uint32_t slices_in[BUCKETS];

/* ------------------------------------------------------------------ the raw line */

static void raw_put(struct raw_line *line, uint64_t number)
{
    for (int i = 0; i < 7; i++)
        line->rest[i] = number;
    /* release: who sees the number sees the other seven words */
    atomic_store_explicit(&line->number, number, memory_order_release);
}

static void raw_await(struct raw_line *line, uint64_t number)
{
    while (atomic_load_explicit(&line->number, memory_order_acquire) != number)
        ;
    CHECK(line->rest[6] == number);
}

static void raw_leg(uint32_t side, uint32_t count)
{
    static uint64_t next[2]; /* both sides count alike */

    for (uint32_t i = 0; i < count; i++) {
        const uint64_t number = ++next[side];
        if (side == 0) {
            const uint64_t from = bench_clock_start();
            raw_put(&game.line[0], number);
            raw_await(&game.line[1], number);
            game.raw_cyc[i] = (uint32_t)((bench_clock_end() - from) / 2);
        } else {
            raw_await(&game.line[0], number);
            raw_put(&game.line[1], number);
        }
    }
}

/* ------------------------------------------------------------------ the fabric */

/* A new model in a free slot, as the optimiser leaves it; the old one is dropped. */
static slots_handle write_model(struct player *self, struct port *port, enum way way, uint32_t size)
{
    struct slots *slots = &self->slots[way][size];
    const uint32_t dim = sizes_bytes[size] / sizeof(float);

    port->ops->reclaim(port, self->worker, slots);
    if (self->current[way][size] != 0)
        slots_drop(slots, slots_slot_of(self->current[way][size]));
    const uint32_t slot = slots_take(slots);
    CHECK(slot != SLOTS_NONE);
    port->ops->stamp(port, self->worker, slot, 0);
    float *x = port->ops->slot(port, self->worker, slot);
    self->version = (self->version + 1) % 100000; /* 64 lines of it sum up exactly */
    for (uint32_t d = 0; d < dim; d++)
        x[d] = (float)self->version;
    const slots_handle handle = slots_seal(slots, slot, self->version);
    port->ops->stamp(port, self->worker, slot, handle);
    slots_lend(slots, slot, 0);
    return self->current[way][size] = handle;
}

static void publish(struct player *self, struct port *port, enum way way, uint32_t size)
{
    struct port_message old, message = {.is_tensor = 1};

    message.handle = write_model(self, port, way, size);
    message.tag = slots_version_of(message.handle);
    message.sent_cyc = bench_clock_start();
    CHECK(port->ops->send(port, self->worker, 0, &message, &old) == PORT_OK);
}

static void receive(struct player *self, struct port *port, uint32_t size)
{
    const uint32_t dim = sizes_bytes[size] / sizeof(float);
    struct port_arrival got;
    float sum = 0.f;
    uint32_t lines = 0;

    while (port->ops->poll(port, self->worker, &got, 1) == 0)
        ;
    const uint64_t seen = bench_clock_end();
    const float *x = port->ops->view(port, self->worker, got.edge, got.message.handle);
    for (uint32_t d = 0; d < dim; d += 16, lines++)
        sum += x[d];
    __asm__ volatile("" : : "x"(sum)); /* the sum exists before the stamp */
    const uint64_t touched = bench_clock_end();

    self->wrong += sum != (float)lines * (float)got.message.tag;
    self->wrong += !port->ops->valid(port, self->worker, got.edge, got.message.handle);
    port->ops->release(port, self->worker, got.edge, got.message.handle);
    self->handle_cyc[self->messages] = (uint32_t)(seen - got.message.sent_cyc);
    self->read_cyc[self->messages++] = (uint32_t)(touched - got.message.sent_cyc);
}

static void fabric_leg(uint32_t side, enum way way, uint32_t size, uint32_t count)
{
    struct player *self = &game.player[side];
    struct port *port = game.port[way][size];

    self->messages = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (side == 0)
            publish(self, port, way, size);
        receive(self, port, size);
        if (side == 1)
            publish(self, port, way, size);
    }
}

/* ------------------------------------------------------------------ orders */

static void play(uint32_t side)
{
    if (game.leg == LEG_RAW)
        raw_leg(side, game.count);
    else
        fabric_leg(side, game.way, game.size, game.count);
    game.player[side].preemptions = bench_clock_preemptions();
}

static void *second_player(void *unused)
{
    (void)unused;
    CHECK(bench_clock_pin(game.core[1]));
    for (uint32_t next = 1;; next++) {
        /* acquire: the order's fields were written before it was raised */
        while (atomic_load_explicit(&game.order, memory_order_acquire) != next)
            _mm_pause();
        if (game.leg == LEG_STOP)
            return NULL;
        play(1);
        /* release: the main thread reads our samples after it sees this */
        atomic_store_explicit(&game.done, next, memory_order_release);
    }
}

static void give_order(enum leg leg, enum way way, uint32_t size, uint32_t count)
{
    game.leg = leg;
    game.way = way;
    game.size = size;
    game.count = count;
    const uint32_t next = atomic_load_explicit(&game.order, memory_order_relaxed) + 1;
    atomic_store_explicit(&game.order, next, memory_order_release);
    if (leg == LEG_STOP)
        return;
    play(0);
    while (atomic_load_explicit(&game.done, memory_order_acquire) != next)
        _mm_pause();
}

/* ------------------------------------------------------------------ slices */

static uint64_t ns_of(const struct bench_clock *clock, uint32_t cyc)
{
    return (uint64_t)((double)cyc * clock->ns_per_cyc + 0.5);
}

static int by_value(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Median half round trip of the raw line, now; samples are appended to `into`. */
static double probe(const struct bench_clock *clock, uint32_t count, uint64_t *into, uint32_t *n)
{
    give_order(LEG_RAW, MAILBOX, 0, count);
    for (uint32_t i = 0; i < count; i++)
        into[(*n)++] = ns_of(clock, game.raw_cyc[i]);
    qsort(game.raw_cyc, count, sizeof(game.raw_cyc[0]), by_value);
    return (double)game.raw_cyc[count / 2] * clock->ns_per_cyc;
}

static enum bucket bucket_of(double before_ns, double after_ns, bool preempted)
{
    if (preempted)
        return DISTURBED;
    if ((before_ns < NEAR_NS) != (after_ns < NEAR_NS))
        return MIXED;
    return before_ns < NEAR_NS ? NEAR : FAR;
}

struct leg_samples {
    uint64_t handle_ns[2 * MESSAGES_MAX];
    uint64_t read_ns[2 * MESSAGES_MAX];
    uint32_t n;
};

static void keep(struct leg_samples *out, const struct bench_clock *clock)
{
    out->n = 0;
    for (uint32_t side = 0; side < 2; side++) {
        const struct player *from = &game.player[side];
        for (uint32_t i = 0; i < from->messages; i++, out->n++) {
            out->handle_ns[out->n] = ns_of(clock, from->handle_cyc[i]);
            out->read_ns[out->n] = ns_of(clock, from->read_cyc[i]);
        }
    }
}

/* Probe, both ways at one size, probe; then file the samples under the slice's bucket. */
static void slice(const struct bench_clock *clock, uint32_t size, uint32_t count, bool record)
{
    static struct leg_samples samples[WAYS];
    static uint64_t raw_ns[2 * MESSAGES_MAX];
    uint32_t raw_n = 0;

    give_order(LEG_RAW, MAILBOX, 0, 1);
    const uint64_t before = game.player[0].preemptions + game.player[1].preemptions;
    const double first_ns = probe(clock, count, raw_ns, &raw_n);
    for (enum way way = MAILBOX; way < WAYS; way++) {
        give_order(LEG_FABRIC, way, size, count);
        keep(&samples[way], clock);
    }
    const double last_ns = probe(clock, count, raw_ns, &raw_n);
    const uint64_t after = game.player[0].preemptions + game.player[1].preemptions;
    if (!record)
        return;

    const enum bucket bucket = bucket_of(first_ns, last_ns, after != before);
    slices_in[bucket]++;
    for (uint32_t i = 0; i < raw_n; i++)
        hist_record(&raw_hist[size][bucket], raw_ns[i]);
    for (enum way way = MAILBOX; way < WAYS; way++) {
        for (uint32_t i = 0; i < samples[way].n; i++) {
            hist_record(&handle_hist[way][size][bucket], samples[way].handle_ns[i]);
            hist_record(&read_hist[way][size][bucket], samples[way].read_ns[i]);
        }
    }
}

/* ------------------------------------------------------------------ set-up and report */

static const uint32_t peer_begin[] = {0, 1, 2}, peers[] = {1, 0};

static struct fabric_config config_of(enum way way, uint32_t size, struct arena *memory)
{
    return (struct fabric_config){.workers = 2,
                                  .peer_begin = peer_begin,
                                  .peers = peers,
                                  .tensors = way == RING ? FABRIC_EXACT : FABRIC_NEWEST,
                                  .exact_depth = 2,
                                  .control_depth = 8,
                                  .slots = SLOTS,
                                  .dim = sizes_bytes[size] / sizeof(float),
                                  .memory = memory};
}

static void open_ports(struct arena *memory, struct err *err)
{
    const struct edge_kind *kind = edges_find("handle");
    CHECK(kind != NULL);

    for (enum way way = MAILBOX; way < WAYS; way++) {
        for (uint32_t size = 0; size < SIZES; size++) {
            const struct fabric_config config = config_of(way, size, memory);
            CHECK(kind->open(&game.port[way][size], &config, err) == 0);
            for (uint32_t side = 0; side < 2; side++) {
                void *books = arena_take(memory, slots_bytes(SLOTS, 1));
                CHECK(books != NULL);
                slots_init(&game.player[side].slots[way][size], books, SLOTS, 1, 1);
            }
        }
    }
}

static void reset_hists(void)
{
    for (uint32_t size = 0; size < SIZES; size++) {
        for (enum bucket b = NEAR; b < BUCKETS; b++) {
            hist_reset(&raw_hist[size][b]);
            for (enum way way = MAILBOX; way < WAYS; way++) {
                hist_reset(&handle_hist[way][size][b]);
                hist_reset(&read_hist[way][size][b]);
            }
        }
    }
}

static void print_row(enum bucket b, enum way way, uint32_t size)
{
    const struct hist *handle = &handle_hist[way][size][b], *read = &read_hist[way][size][b];
    const double raw = (double)hist_percentile(&raw_hist[size][b], 50.);

    printf("%-9s %-7s %5u B %8lu | %6lu %6lu %7lu | %6lu %6lu %7lu | %5.0f %5.2f\n",
           bucket_names[b], way_names[way], sizes_bytes[size], handle->total,
           hist_percentile(handle, 50.), hist_percentile(handle, 99.),
           hist_percentile(handle, 99.9), hist_percentile(read, 50.), hist_percentile(read, 99.),
           hist_percentile(read, 99.9), raw, (double)hist_percentile(handle, 50.) / raw);
}

static void report(void)
{
    uint64_t worst_p50 = 0, worst_p99 = 0;

    printf("slices: %u near, %u far, %u mixed, %u disturbed (a thread was switched out)\n",
           slices_in[NEAR], slices_in[FAR], slices_in[MIXED], slices_in[DISTURBED]);
    printf("%-9s %-7s %7s %8s | %6s %6s %7s | %6s %6s %7s | %5s %5s\n", "bucket", "channel",
           "vector", "n", "handle", "p99", "p99.9", "read", "p99", "p99.9", "raw", "x raw");
    for (enum bucket b = NEAR; b < BUCKETS; b++) {
        for (enum way way = MAILBOX; way < WAYS; way++) {
            for (uint32_t size = 0; size < SIZES; size++) {
                const struct hist *handle = &handle_hist[way][size][b];
                if (handle->total == 0)
                    continue;
                print_row(b, way, size);
                if (b != NEAR)
                    continue;
                worst_p50 = hist_percentile(handle, 50.) > worst_p50 ? hist_percentile(handle, 50.)
                                                                     : worst_p50;
                worst_p99 = hist_percentile(handle, 99.) > worst_p99 ? hist_percentile(handle, 99.)
                                                                     : worst_p99;
            }
        }
    }
    if (slices_in[NEAR] > 0)
        printf("near, worst of all rows: p50 %lu ns (goal < 250), p99 %lu ns (goal < 1000)\n",
               worst_p50, worst_p99);
    else
        printf("no near slice: the goals are stated for near cores and were not tested\n");
}

static int run(const struct eal *eal, uint32_t slices, uint32_t count, unsigned calibrate_ms)
{
    struct arena memory;
    struct err err = {""};
    pthread_t second;

    arena_init(&memory, eal_memory(eal), eal->memory_bytes);
    open_ports(&memory, &err);
    game.player[1].worker = 1;
    reset_hists();
    const struct bench_clock clock = bench_clock_calibrate(calibrate_ms);
    if (!bench_clock_pin(game.core[0]) || pthread_create(&second, NULL, second_player, NULL) != 0) {
        fprintf(stderr, "handle_latency: cannot pin two threads\n");
        return 3;
    }
    for (uint32_t size = 0; size < SIZES; size++)
        slice(&clock, size, count, false); /* caches, page faults, branch predictors */
    for (uint32_t i = 0; i < slices; i++)
        for (uint32_t size = 0; size < SIZES; size++)
            slice(&clock, size, count, true);
    give_order(LEG_STOP, MAILBOX, 0, 0);
    pthread_join(second, NULL);

    printf("cores %u and %u, memory %s (%zu KiB pages)%s%s, TSC %.3f MHz (+-%.0f ppm), stamps %.0f "
           "ns included\n",
           game.core[0], game.core[1], eal_tier_name(eal->tier), eal->page_bytes / 1024,
           eal->reason[0] != '\0' ? ": " : "", eal->reason, 1e3 / clock.ns_per_cyc,
           clock.spread_ppm, (double)clock.stamps_cyc * clock.ns_per_cyc);
    report();
    const uint32_t wrong = game.player[0].wrong + game.player[1].wrong;
    if (wrong > 0)
        printf("%u vectors were not what was published\n", wrong);
    return wrong > 0;
}

int main(int count, char **argument)
{
    const bool smoke = count == 2 && strcmp(argument[1], "--smoke") == 0;
    char dir[] = "/tmp/dawdle-bench-XXXXXX";
    struct err err = {""};
    struct eal eal;
    int rc = 3;

    if (count > 1 && !smoke) {
        fprintf(stderr, "usage: handle_latency [--smoke]\n");
        return 2;
    }
    if (!bench_clock_cores(game.core, 2)) {
        printf("skipped: a ping-pong needs two cores, and this process may use one\n");
        return 77;
    }
    if (mkdtemp(dir) == NULL)
        return 3;
    const struct eal_config config = {.memory_bytes = 4u << 20, .runtime_dir = dir};
    const int started = eal_start(&eal, &config, &err);
    rmdir(dir); /* needed for the start only */
    if (started < 0)
        fprintf(stderr, "handle_latency: %s\n", err.text);
    else
        rc = smoke ? run(&eal, 1, 20, 20) : run(&eal, 200, MESSAGES_MAX, 1000);
    eal_stop(&eal);
    return rc;
}
