/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The parameters of all simulated workers: which vector stands behind (worker, slot), and the tasks that compute it.
 *
 * Called by the policy loop in program order; each call names slots, submits one task (or none) and returns. A slot's
 * vector is immutable once written: overwriting a slot gives it a new buffer, the old one lives until its last reader
 * has run. Also used by `dawdle replay --parameters`, which takes its program order from a recording.
 */
#ifndef CORE_SIM_VALUES_H
#define CORE_SIM_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/mix_rules.h"
#include "core/learn/model.h"
#include "core/learn/shard.h"
#include "core/sim/memory.h"
#include "core/sim/tasks.h"

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

/** What a run of a judge sees: called as a task, in order of `cut`, one at a time. */
struct values_judge {
    /** vector: [workers] pointers to whole vectors with their lanes, borrowed for the call; NULL: absent. */
    void (*judge)(void *context, uint32_t cut, const float *const *vector, float *scratch);
    void *context;
};

struct values;

/**
 * 0, or -ENOMEM with `err`. *out is made of config->memory; model, shard, data and tasks are borrowed until values_close.
 * Vectors are allocated as they are needed: at most as many as slots are in use, plus one per task that may be pending
 * (twice the number of workers, within [32, 512]), plus what the pending cuts look at, plus the newest gradients.
 */
int values_open(struct values **out, const struct values_config *config, struct err *err);

/** Waits for what is pending. NULL is fine. */
void values_close(struct values *self);

/** Floats of scratch that a task needs. */
uint32_t values_scratch_floats(const struct values_config *config);

/** Every worker's slot `slot` holds the same initial model (from the seed, as in a live run). Once, first. */
void values_start(struct values *self, uint32_t slot);

/** Gradient of the model in `slot` on this worker's next batch; it becomes the worker's newest gradient. */
void values_gradient(struct values *self, uint32_t worker, uint32_t slot);

/** to = from - rate * newest gradient. */
void values_apply(struct values *self, uint32_t worker, uint32_t from, uint32_t to,
                  enum apply_rule rule, float rate);

void values_mix(struct values *self, const struct values_mix *mix);

/**
 * A modelled all-reduce: slot to[i] of member[i] becomes the mean of all members' from[i], bit-equal to the chunked one.
 * member: [count] ids, ascending. Requires LANES_PLAIN. Any number of members; they share one buffer afterwards.
 */
void values_reduce(struct values *self, const uint32_t *member, const uint32_t *from,
                   const uint32_t *to, uint32_t count);

/** Ledger: the vector in this slot is lost with its worker. */
void values_lose(struct values *self, uint32_t worker, uint32_t slot);

/** A worker comes among others: `slot` becomes what `from_slot` of worker `from` holds. Ledger: that much is gained. */
void values_adopt(struct values *self, uint32_t worker, uint32_t slot, uint32_t from,
                  uint32_t from_slot);

/** Nobody wants the vector in this slot any more. */
void values_free(struct values *self, uint32_t worker, uint32_t slot);

/** Whose vector stands for a worker, and where it lies; slot SLOTS_NONE: the worker is absent. */
struct values_model {
    uint32_t worker, slot;
};

/** Judge model[w] of all workers; of one that is absent the vector is NULL. Waits while VALUES_CUTS earlier ones are pending. judge: copied. */
void values_cut(struct values *self, const struct values_judge *judge, uint32_t cut,
                const struct values_model *model);

/** Wait for everything submitted so far. */
void values_join(struct values *self);

/**
 * 0, or -ENOMEM: a vector found no memory even after everything pending had finished. From then on nothing is computed and
 * no slot changes, so the results below mean nothing; whoever runs the loop asks now and then, and at the end.
 */
int values_error(const struct values *self);

/** After values_join: the vector itself; the loss of the worker's newest gradient; the ledger's two sides of a worker. */
const float *values_vector(const struct values *self, uint32_t worker, uint32_t slot);
float values_loss(const struct values *self, uint32_t worker);
double values_sum_start(const struct values *self, uint32_t worker);
double values_sum_applied(const struct values *self, uint32_t worker);
/** What the worker's comings brought, minus what its goings took. */
double values_sum_gained(const struct values *self, uint32_t worker);

#endif
