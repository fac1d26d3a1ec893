/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What it costs to run the arithmetic of a simulation through core/sim/values/values.h and a pool of threads, beside the same
 * gradients, steps and mixes called directly.
 *
 * A program of the shape of dsgd: everybody computes a gradient, steps, and averages with four neighbours. Directly,
 * each thread owns a share of the workers, with a barrier wherever dsgd has one; a worker has two vectors and a gradient,
 * so both sides go through far more memory than a cache holds. Both sides run the same kernels on the same samples and
 * must end with the same bytes. They take turns, round by round, and medians are compared: a shared host drifts.
 *
 * Prints only; never fails on a number, but does on different bytes.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/check.h"
#include "core/base/slots.h"
#include "core/learn/combine.h"
#include "core/learn/lanes.h"
#include "core/sim/values/values.h"
#include "harness/run/executor.h"

#define NEIGHBOURS 4u
#define SAMPLES 2000u
#define WORKERS_MAX 128u
#define ROUNDS_MAX 64u
#define THREADS_MAX 64u
#define RATE 0.1f

static struct bench {
    struct model_config model;
    struct values_config config;
    struct sim_memory memory;
    uint32_t workers, threads, rounds;
    float *x; /* [SAMPLES][features] */
    uint8_t label[SAMPLES];
    uint32_t shard[SAMPLES], begin[WORKERS_MAX + 1];
    float *scratch[THREADS_MAX];
    /* the direct side */
    float *current[WORKERS_MAX], *stepped[WORKERS_MAX], *gradient[WORKERS_MAX];
    struct sampler sampler[WORKERS_MAX];
    uint32_t order[SAMPLES];
    pthread_barrier_t barrier;
    double direct_s[ROUNDS_MAX], values_s[ROUNDS_MAX];
} bench;

static double now_s(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

static float *floats(size_t count)
{
    const size_t bytes = (count * sizeof(float) + 63) / 64 * 64;
    float *const at = aligned_alloc(64, bytes);
    CHECK(at != NULL);
    memset(at, 0, bytes);
    return at;
}

static void *resize(void *context, void *old, size_t old_bytes, size_t bytes)
{
    (void)context;
    void *const at = bytes > 0 ? floats((bytes + 3) / 4) : NULL;
    if (old && at)
        memcpy(at, old, old_bytes < bytes ? old_bytes : bytes);
    free(old);
    return at;
}

static void read_samples(const void *context, const uint32_t *ids, uint32_t count, float *x,
                         uint8_t *label)
{
    const uint32_t features = bench.model.features;
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        memcpy(x + (size_t)i * features, bench.x + (size_t)ids[i] * features,
               features * sizeof(float));
        label[i] = bench.label[ids[i]];
    }
}

static uint32_t neighbour(uint32_t worker, uint32_t k)
{
    static const uint32_t distance[NEIGHBOURS] = {1, 2, 5, 11};
    return (worker + distance[k]) % bench.workers;
}

/* ------------------------------------------------------------------ directly */

static void direct_gradient(uint32_t w, float *scratch)
{
    const uint32_t batch = bench.model.batch;
    uint32_t ids[64];
    uint8_t label[64];
    struct gradient gradient;
    sampler_next(&bench.sampler[w], ids, batch);
    read_samples(NULL, ids, batch, scratch, label);
    gradient_begin(&gradient, &bench.model, bench.current[w], scratch, label, bench.gradient[w],
                   scratch + (size_t)batch * bench.model.features);
    while (!gradient_slice(&gradient))
        ;
}

static void direct_mix(uint32_t w)
{
    struct combine_row row[NEIGHBOURS];
    for (uint32_t k = 0; k < NEIGHBOURS; k++)
        row[k] = (struct combine_row){
            .row = bench.stepped[neighbour(w, k)], .id = neighbour(w, k), .weight = NEIGHBOURS};
    combine(&(struct combine){.rule = MIX_METROPOLIS,
                              .dim = bench.model.dim,
                              .self = bench.stepped[w],
                              .self_id = w,
                              .degree = NEIGHBOURS,
                              .row = row,
                              .count = NEIGHBOURS},
            bench.current[w]);
}

static void direct_share(uint32_t thread)
{
    const uint32_t begin = bench.workers * thread / bench.threads;
    const uint32_t end = bench.workers * (thread + 1) / bench.threads;
    pthread_barrier_wait(&bench.barrier);
    for (uint32_t w = begin; w < end; w++)
        direct_gradient(w, bench.scratch[thread]);
    for (uint32_t w = begin; w < end; w++)
        lanes_step(LANES_PLAIN, APPLY_PLAIN, bench.stepped[w], bench.current[w], bench.gradient[w],
                   RATE, bench.model.dim);
    pthread_barrier_wait(&bench.barrier);
    for (uint32_t w = begin; w < end; w++)
        direct_mix(w);
    pthread_barrier_wait(&bench.barrier);
}

static void *direct_thread(void *argument)
{
    const uint32_t thread = (uint32_t)(uintptr_t)argument;
    for (uint32_t round = 0; round < bench.rounds; round++)
        direct_share(thread);
    return NULL;
}

/* ------------------------------------------------------------------ through values */

static void values_round(struct values *values)
{
    for (uint32_t w = 0; w < bench.workers; w++)
        values_gradient(values, w, 0);
    for (uint32_t w = 0; w < bench.workers; w++)
        values_apply(values, w, 0, 1, APPLY_PLAIN, RATE);
    for (uint32_t w = 0; w < bench.workers; w++) {
        struct values_row row[NEIGHBOURS];
        for (uint32_t k = 0; k < NEIGHBOURS; k++)
            row[k] = (struct values_row){.worker = neighbour(w, k),
                                         .slot = 1,
                                         .base_slot = SLOTS_NONE,
                                         .weight = NEIGHBOURS};
        values_mix(values, &(struct values_mix){.rule = MIX_METROPOLIS,
                                                .worker = w,
                                                .from = 1,
                                                .degree = NEIGHBOURS,
                                                .row = row,
                                                .count = NEIGHBOURS});
    }
    for (uint32_t w = 0; w < bench.workers; w++)
        values_free(values, w, 1);
    values_join(values);
}

/* ------------------------------------------------------------------ set-up and report */

static void make_data(void)
{
    const uint64_t key = rng_key(1, RNG_TEST, 0);
    bench.x = floats((size_t)SAMPLES * bench.model.features);
    for (size_t i = 0; i < (size_t)SAMPLES * bench.model.features; i++)
        bench.x[i] = (float)rng_unit_at(key, i);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        bench.shard[i] = bench.order[i] = i;
        bench.label[i] = (uint8_t)(i % bench.model.classes);
    }
    for (uint32_t w = 0; w <= bench.workers; w++)
        bench.begin[w] = SAMPLES / bench.workers * w;
}

static void make_workers(void)
{
    const uint32_t dim = bench.model.dim;
    for (uint32_t w = 0; w < bench.workers; w++) {
        bench.current[w] = floats(dim);
        bench.stepped[w] = floats(dim);
        bench.gradient[w] = floats(dim);
        bench.model.ops->init(&bench.model, rng_key(bench.config.seed, RNG_INIT, 0),
                              bench.current[w]);
        sampler_init(&bench.sampler[w], bench.config.seed, w, bench.order + bench.begin[w],
                     bench.begin[w + 1] - bench.begin[w]);
    }
}

static void set_up(bool smoke)
{
    cpu_set_t allowed;
    CHECK(sched_getaffinity(0, sizeof(allowed), &allowed) == 0);
    const uint32_t cores = (uint32_t)CPU_COUNT(&allowed);
    bench.workers = smoke ? 16 : WORKERS_MAX;
    bench.rounds = smoke ? 3 : 25;
    bench.threads = cores > THREADS_MAX ? THREADS_MAX : cores;
    bench.model = (struct model_config){.ops = model_find("mlp"),
                                        .features = smoke ? 20 : 784,
                                        .classes = 10,
                                        .hidden_count = 1,
                                        .hidden = {128},
                                        .batch = 32};
    CHECK(model_plan(&bench.model) == 0);
    bench.memory.resize = resize;
    bench.config = (struct values_config){.workers = bench.workers,
                                          .slots = 2,
                                          .model = &bench.model,
                                          .seed = 1,
                                          .shard = bench.shard,
                                          .shard_begin = bench.begin,
                                          .data = {.read = read_samples},
                                          .memory = &bench.memory};
    make_data();
    make_workers();
    const size_t scratch = (size_t)bench.model.batch * bench.model.features +
                           bench.model.ops->scratch_floats(&bench.model);
    for (uint32_t t = 0; t < bench.threads; t++)
        bench.scratch[t] = floats(scratch);
    pthread_barrier_init(&bench.barrier, NULL, bench.threads);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *value)
{
    qsort(value, bench.rounds, sizeof(*value), by_value);
    return value[bench.rounds / 2];
}

static void report(void)
{
    const double direct = median(bench.direct_s), through = median(bench.values_s);
    printf("%u workers, mlp %u-%u-%u, batch %u, %u threads, medians of %u rounds\n", bench.workers,
           bench.model.features, bench.model.hidden[0], bench.model.classes, bench.model.batch,
           bench.threads, bench.rounds);
    printf("a round: directly %.2f ms, through values %.2f ms, ratio %.3f (goal <= 1.25)\n",
           1e3 * direct, 1e3 * through, through / direct);
}

/* Sides take turns; the threads of the idle side sleep, at the barrier or for lack of tasks. */
static int run(struct values *values)
{
    pthread_t helper[THREADS_MAX];
    for (uint32_t t = 1; t < bench.threads; t++)
        CHECK(pthread_create(&helper[t], NULL, direct_thread, (void *)(uintptr_t)t) == 0);
    for (uint32_t round = 0; round < bench.rounds; round++) {
        const double start = now_s();
        direct_share(0);
        const double turn = now_s();
        values_round(values);
        bench.direct_s[round] = turn - start;
        bench.values_s[round] = now_s() - turn;
    }
    for (uint32_t t = 1; t < bench.threads; t++)
        pthread_join(helper[t], NULL);
    uint32_t wrong = 0;
    for (uint32_t w = 0; w < bench.workers; w++)
        wrong += memcmp(bench.current[w], values_vector(values, w, 0),
                        bench.model.dim * sizeof(float)) != 0;
    report();
    if (wrong > 0)
        printf("%u workers differ between the two sides\n", wrong);
    return wrong > 0;
}

int main(int count, char **argument)
{
    const bool smoke = count == 2 && strcmp(argument[1], "--smoke") == 0;
    struct executor *executor;
    struct values *values;
    struct err err = {""};
    if (count > 1 && !smoke) {
        fprintf(stderr, "usage: sim_gradients [--smoke]\n");
        return 2;
    }
    set_up(smoke);
    if (executor_open(&executor, bench.threads, values_scratch_floats(&bench.config), &err) < 0)
        goto failed;
    bench.config.tasks = executor_tasks(executor);
    if (values_open(&values, &bench.config, &err) < 0)
        goto failed;
    values_start(values, 0);
    const int rc = run(values);
    values_close(values);
    executor_close(executor);
    return rc;
failed:
    fprintf(stderr, "sim_gradients: %s\n", err.text);
    return 3;
}
