/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What recording one event costs a worker: a gradient that is applied, mixed and sent on, a snapshot that arrives and is
 * given back, a control message. Cold: the actions lie in a cache, the journal, as in a run, is written once and for all.
 *
 * Prints only. `--smoke`: a few events, for the ordinary suite.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/policy/journal.h"
#include "tests/bench/bench_clock.h"

#define PEERS 3u
#define EVENTS 200000u
#define ROUNDS 9u

static struct actions actions;

static void push(enum action_kind kind, const uint32_t *peers, const struct mix_term *terms)
{
    actions_push(&actions, (struct action){.kind = (uint8_t)kind,
                                           .tag = 17,
                                           .peers = peers,
                                           .terms = terms,
                                           .count = peers || terms ? PEERS : 0});
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *what, const struct bench_clock *clock, struct event event,
                    uint8_t *data, uint32_t events)
{
    double ns[ROUNDS];
    struct journal journal;
    for (uint32_t r = 0; r < ROUNDS; r++) {
        journal_init(&journal, data, (size_t)events * JOURNAL_ENTRY_MAX);
        const uint64_t from = bench_clock_start();
        for (uint32_t i = 0; i < events; i++) {
            event.now_ns += 1000;
            journal_add(&journal, &event, &actions, 0.1f);
        }
        ns[r] = (double)(bench_clock_end() - from) * clock->ns_per_cyc / events;
    }
    CHECK(journal.entries == events);
    qsort(ns, ROUNDS, sizeof(ns[0]), ascending);
    printf("journal cost: %-34s %5.0f ns (min %.0f), %4.1f bytes\n", what, ns[ROUNDS / 2], ns[0],
           (double)journal.used / events);
    actions.count = 0;
}

int main(int argc, char **argv)
{
    static const uint32_t peers[PEERS] = {0, 1, 2};
    static const struct mix_term terms[PEERS] = {{.handle = 1}, {.handle = 2}, {.handle = 3}};
    const bool smoke = argc > 1 && !strcmp(argv[1], "--smoke");
    const uint32_t events = smoke ? 1000 : EVENTS;
    const struct bench_clock clock = bench_clock_calibrate(smoke ? 5 : 100);
    uint8_t *const data = malloc((size_t)events * JOURNAL_ENTRY_MAX);
    CHECK(data);
    memset(data, 0, (size_t)events * JOURNAL_ENTRY_MAX); /* touched, as a run's is */

    push(ACT_COMPUTE, NULL, NULL);
    measure("gradient -> compute", &clock, (struct event){.kind = EV_GRADIENT}, data, events);
    push(ACT_APPLY, NULL, NULL);
    push(ACT_SEND, peers, NULL);
    push(ACT_MIX, NULL, terms);
    push(ACT_COMPUTE, NULL, NULL);
    measure("gradient -> apply send mix compute", &clock, (struct event){.kind = EV_GRADIENT}, data,
            events);
    push(ACT_RELEASE, NULL, NULL);
    measure("tensor -> release", &clock,
            (struct event){.kind = EV_TENSOR, .handle = UINT64_C(1) << 48 | 12345, .degree = PEERS},
            data, events);
    measure("control -> nothing", &clock, (struct event){.kind = EV_CONTROL, .word = {7}}, data,
            events);
    free(data);
    return 0;
}
