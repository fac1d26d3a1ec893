/* SPDX-License-Identifier: BSD-3-Clause */
/** What tests of core/sim/values/values.h need: memory that counts, tasks that wait, data made of sample numbers, programs. */
#ifndef TESTS_UNIT_SUPPORT_VALUES_H
#define TESTS_UNIT_SUPPORT_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rng.h"
#include "core/sim/values/values.h"

#define SUPPORT_WORKERS_MAX 64u
#define SUPPORT_PENDING_MAX 2048u

/** Counts what is handed out. */
struct support_memory {
    struct sim_memory memory;
    size_t now_bytes, most_bytes;
    size_t limit_bytes; /* 0 = none */
};

void support_memory_init(struct support_memory *self);

/** Runs a task only when somebody waits for one, and then any that may run, as the seed says. */
struct support_tasks {
    struct tasks tasks;
    struct rng rng;
    float *scratch;
    task_id last;
    uint32_t pending, pending_most;
    struct support_task {
        struct task task;
        task_id id, after[SUPPORT_PENDING_MAX];
    } * queue[SUPPORT_PENDING_MAX];
};

void support_tasks_init(struct support_tasks *self, uint64_t seed, float *scratch);

/** Run one task that may run, chosen by the seed. */
void support_tasks_run_one(struct support_tasks *self);

/** Everything that values_open wants, for a small classifier. */
struct support_values {
    struct support_memory memory;
    struct model_config model;
    struct values_config config;
    uint32_t shard[SUPPORT_WORKERS_MAX * 8];
    uint32_t begin[SUPPORT_WORKERS_MAX + 1];
    float *scratch;
    struct tasks_inline alone;
};

/** `tasks` NULL: inline. Workers have 5 samples each and batches of 3. mlp 7-6-4, 80 floats. */
void support_values_init(struct support_values *self, uint32_t workers, uint32_t slots,
                         enum lanes lanes, struct tasks *tasks);

/** values_open, which succeeds; every worker starts in slot 0. */
struct values *support_values_open(const struct support_values *self);

/** Sample `id` as features and label: what config.data gives. */
void support_values_sample(uint32_t id, uint32_t features, float *x, uint8_t *label);

/** A program with gradients (some abandoned), steps, mixes of all kinds, frees and cuts: `steps` calls, from the seed. */
struct support_program {
    uint64_t seed;
    uint32_t steps;
    uint64_t hash; /* of what the cuts saw, in their order */
    uint32_t cuts; /* seen */
    const struct support_values *setup;
};
void support_program_run(struct support_program *self, struct values *values);

/** Of every vector that a slot names after a program, the losses and the ledgers. */
uint64_t support_program_result(const struct support_program *self, const struct values *values);

uint64_t support_hash_more(uint64_t hash, const void *data, size_t bytes);
#define SUPPORT_HASH_START UINT64_C(0xcbf29ce484222325)

/** Zeroed, 64-byte aligned, kept to the end of the test. */
float *support_values_floats(size_t count);

#endif
