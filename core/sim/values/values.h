/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The parameters of all simulated workers: which vector stands behind (worker, slot), and the tasks that compute it.
 *
 * Called by the policy loop in program order; each call names slots, submits one task (or none) and returns. A slot's
 * vector is immutable once written: overwriting a slot gives it a new buffer, the old one lives until its last reader
 * has run. Also used by `dawdle replay --parameters`, which takes its program order from a recording.
 */
#ifndef CORE_SIM_VALUES_VALUES_H
#define CORE_SIM_VALUES_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/sim/values/values_config.h"

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

/** Evaluate model[w] of all workers; of one that is absent the vector is NULL. Waits while VALUES_CUTS earlier ones are pending. evaluation: copied. */
void values_cut(struct values *self, const struct values_evaluation *evaluation, uint32_t cut,
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
