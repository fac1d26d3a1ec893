/* SPDX-License-Identifier: BSD-3-Clause */
/** What the arithmetic of a simulation is told: models, data, rows of a mix, an evaluation. */
#ifndef CORE_SIM_VALUES_VALUES_CONFIG_H
#define CORE_SIM_VALUES_VALUES_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/mix_rules.h"
#include "core/learn/model.h"
#include "core/learn/shard.h"
#include "core/sim/base/memory.h"
#include "core/sim/values/tasks.h"

/** Gives samples as floats. Called from tasks, so from several threads: must not change anything. */
struct values_data {
    /** x: [count][features], label: [count]. */
    void (*read)(const void *context, const uint32_t *ids, uint32_t count, float *x,
                 uint8_t *label);
    const void *context;
};

struct values_config {
    uint32_t workers, slots; /* slots per worker */
    const struct model_config *model;
    enum lanes lanes;
    uint64_t seed;
    const uint32_t *shard;       /* sample ids of all workers; NULL: the model needs no data */
    const uint32_t *shard_begin; /* [workers + 1]; whose shard is empty computes no gradient */
    struct values_data data;
    struct tasks *tasks;
    const struct sim_memory *memory;
};

/** One row of a mix: the vector in (worker, slot), and for the delta rules what is subtracted from it. */
struct values_row {
    uint32_t worker, slot;
    uint32_t base_worker, base_slot; /* base_slot = SLOTS_NONE: zero */
    uint32_t weight;
};

struct values_mix {
    enum mix_rule rule;
    uint32_t worker, from, to; /* own slots: current model, new model */
    uint32_t degree, slice, slices;
    const struct values_row *row; /* [count], any order; without the own one */
    uint32_t count;
};

/** What an evaluation sees: called as a task, in order of `cut`, one at a time. */
struct values_evaluation {
    /** vector: [workers] pointers to whole vectors with their lanes, borrowed for the call; NULL: absent. */
    void (*evaluate)(void *context, uint32_t cut, const float *const *vector, float *scratch);
    void *context;
};

/** Whose vector stands for a worker, and where it lies; slot SLOTS_NONE: the worker is absent. */
struct values_model {
    uint32_t worker, slot;
};

#endif
