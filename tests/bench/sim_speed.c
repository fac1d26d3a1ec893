/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many policy events per second the virtual driver handles when nothing is computed but time.
 *
 * Degree 4, 5 % jitter on compute times, links of 2 us; one thread, its CPU time. The cost of an event is shown for growing
 * numbers of workers, because caches and not instructions decide it: sizes take turns, so that a noisy host hits all of
 * them, and figures are medians with their range. The end time names the schedule: it changes with nothing but the
 * code. Prints only; never fails on a number.
 *
 * Arguments: --smoke; or NAME WORKERS [ROUNDS] for one case alone, as a profiler and a comparison of two builds want it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/sim/sim.h"
#include "harness/run/heap.h"
#include "tests/random/options.h"
#include "tests/unit/support_sim_graph.h"

#define ROUNDS_MAX 5u
#define ORACLE "pathsearch: oracle, release: all"
#define MESSAGES "pathsearch: messages"

struct run {
    const char *name, *policy;
    const char *options;
    uint32_t workers;
    uint64_t iterations;
    double ns_per_event[ROUNDS_MAX];
    double megabytes;
    uint64_t events, end_ns;
};

struct held {
    uint64_t bytes, bytes_max;
};

static void *resize(void *context, void *old, size_t old_bytes, size_t bytes)
{
    struct held *const held = context;
    held->bytes += bytes - old_bytes;
    held->bytes_max = held->bytes > held->bytes_max ? held->bytes : held->bytes_max;
    return heap_memory.resize(heap_memory.context, old, old_bytes, bytes);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void measure(struct run *run, uint32_t round)
{
    struct held held = {0};
    struct policy_config *worker;
    uint32_t *peers;
    const struct policy *const row = policy_find(run->policy);
    const struct policy_options options = options_read(row, "%s", run->options);
    const struct policy *const policy = policy_variant(row, &options, run->workers);
    const struct sim_memory memory = {.resize = resize, .context = &held};
    graph_plan(policy, run->workers, 4, 1, &worker, &peers);
    for (uint32_t w = 0; w < run->workers; w++)
        worker[w].options = options;
    const struct sim_config config = {.policy = policy,
                                      .worker = worker,
                                      .workers = run->workers,
                                      .seed = 1,
                                      .base_ns = 1000000,
                                      .jitter_cv = 0.05,
                                      .links.latency_ns = 2000,
                                      .payload_bytes = 100000,
                                      .slots = graph_slots(policy, worker, run->workers),
                                      .exact_depth = policy->exact_depth,
                                      .control_depth = SIM_DEPTH_MAX,
                                      .stop_iterations = run->iterations,
                                      .memory = &memory};
    struct err err;
    struct sim *sim;
    if (sim_open(&sim, &config, &err) < 0) {
        printf("%s\n", err.text);
        exit(1);
    }
    const double from = seconds();
    while (sim_run(sim, UINT64_MAX / 2))
        ;
    const double took = seconds() - from;
    const struct sim_totals *const t = sim_totals(sim);
    if (sim_failure(sim)[0]) {
        printf("%s\n", sim_failure(sim));
        exit(1);
    }
    run->ns_per_event[round] = took / (double)t->count.events * 1e9;
    run->megabytes = (double)held.bytes_max * 1e-6;
    run->events = t->count.events;
    run->end_ns = t->end_ns;
    sim_close(sim);
    free(worker);
    free(peers);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(struct run *run, uint32_t rounds, const struct run *smaller)
{
    qsort(run->ns_per_event, rounds, sizeof(double), by_value);
    const double median = run->ns_per_event[rounds / 2];
    printf("%-12s %7u workers x %4llu  %6.2f M events/s  %6.1f ns/event (%.0f..%.0f)  %6.1f MB  "
           "end %llu ns",
           run->name, run->workers, (unsigned long long)run->iterations, 1e3 / median, median,
           run->ns_per_event[0], run->ns_per_event[rounds - 1], run->megabytes,
           (unsigned long long)run->end_ns);
    if (smaller)
        printf("  %.2fx of %u workers", median / smaller->ns_per_event[rounds / 2],
               smaller->workers);
    printf("\n");
}

/** The run before with the same name, which this one is compared with. */
static const struct run *smaller_of(const struct run *runs, size_t i)
{
    const struct run *first = NULL;
    for (size_t k = 0; k < i; k++)
        if (strcmp(runs[k].name, runs[i].name) == 0 && !first)
            first = &runs[k];
    return first;
}

static int one_case(struct run *runs, size_t count, const char *name, const char *workers,
                    const char *wanted)
{
    const unsigned long given = strtoul(wanted, NULL, 10);
    const uint32_t rounds = given > 0 && given < ROUNDS_MAX ? (uint32_t)given : ROUNDS_MAX;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(runs[i].name, name) != 0 || runs[i].workers != strtoul(workers, NULL, 10))
            continue;
        for (uint32_t r = 0; r < rounds; r++)
            measure(&runs[i], r);
        print(&runs[i], rounds, NULL);
        return 0;
    }
    printf("no such case: %s with %s workers\n", name, workers);
    return 1;
}

int main(int argc, char **argv)
{
    static struct run whole[] = {
        {"dsgd", "dsgd", "", 1024, 500, {0}, 0, 0, 0},
        {"adpsgd", "adpsgd", "", 1024, 500, {0}, 0, 0, 0},
        {"aau oracle", "aau", ORACLE, 1024, 500, {0}, 0, 0, 0},
        {"dsgd", "dsgd", "", 65536, 20, {0}, 0, 0, 0},
        {"adpsgd", "adpsgd", "", 65536, 20, {0}, 0, 0, 0},
        {"aau oracle", "aau", ORACLE, 65536, 20, {0}, 0, 0, 0},
        {"aau messages", "aau", MESSAGES, 64, 100, {0}, 0, 0, 0},
        {"aau messages", "aau", MESSAGES, 256, 50, {0}, 0, 0, 0},
        {"aau messages", "aau", MESSAGES, 1024, 10, {0}, 0, 0, 0},
    };
    static struct run large[] = {{"dsgd", "dsgd", "", 100000, 100, {0}, 0, 0, 0}};
    static struct run smoke[] = {
        {"dsgd", "dsgd", "", 64, 20, {0}, 0, 0, 0},
        {"adpsgd", "adpsgd", "", 64, 20, {0}, 0, 0, 0},
        {"aau oracle", "aau", ORACLE, 64, 20, {0}, 0, 0, 0},
        {"aau messages", "aau", MESSAGES, 16, 20, {0}, 0, 0, 0},
    };
    const bool small = argc > 1 && strcmp(argv[1], "--smoke") == 0;
    if (argc >= 3)
        return one_case(whole, sizeof(whole) / sizeof(whole[0]), argv[1], argv[2],
                        argc > 3 ? argv[3] : "");
    struct run *const runs = small ? smoke : whole;
    const size_t count =
        small ? sizeof(smoke) / sizeof(smoke[0]) : sizeof(whole) / sizeof(whole[0]);
    const uint32_t rounds = small ? 1 : ROUNDS_MAX;
    for (uint32_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < count; i++)
            measure(&runs[i], r);
    for (size_t i = 0; i < count; i++)
        print(&runs[i], rounds, smaller_of(runs, i));
    if (!small) {
        measure(&large[0], 0);
        print(&large[0], 1, NULL);
    }
    return 0;
}
