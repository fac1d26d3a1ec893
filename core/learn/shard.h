/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Splits, shards and samplers: which samples a worker trains on, in which order.
 *
 * Pure; everything is drawn from keyed streams. Train/validation/test are split *before* sharding.
 */
#ifndef CORE_LEARN_SHARD_H
#define CORE_LEARN_SHARD_H

#include <stdint.h>

#include "core/base/rng.h"

enum shard_kind { SHARD_IID, SHARD_LABELS };

struct split {
    uint32_t train, validation, test; /* counts */
};

/** How many samples each part of the split has. */
struct split shard_counts(uint32_t samples, const double share[3]);

/**
 * Random permutation of all samples: order[0..train) is training, then validation, then test. order: [samples].
 * Shares must be >= 0 and sum to 1 within 1e-9 (checked by the caller).
 */
struct split shard_split(uint64_t seed, uint32_t samples, const double share[3], uint32_t *order);

/**
 * Deal `count` training samples (`sample` = ids, label[id] < classes) to `workers`. Result: begin[w]..begin[w+1] in
 * `out` are worker w's samples. out: [count]; begin: [workers + 1].
 *
 * IID: shuffled and dealt evenly. LABELS: each worker holds `per_worker` classes (the shuffled classes, repeated, are
 * cut into runs of per_worker for the shuffled workers, so every class has a holder when workers * per_worker >=
 * classes); a class is split evenly among its holders; classes without a holder are dealt evenly to all. Returns 0, or
 * -EINVAL when per_worker is not in [1, classes] or classes > 256 (LABELS only), or -ENODATA when a worker would get
 * fewer than 1 sample; out and begin are then undefined.
 */
int shard_deal(enum shard_kind kind, uint32_t per_worker, uint64_t seed, uint32_t workers,
               uint32_t classes, const uint8_t *label, const uint32_t *sample, uint32_t count,
               uint32_t *out, uint32_t *begin);

/** Draws batches without replacement, reshuffled each epoch. */
struct sampler {
    uint32_t *order; /* [count], owned by the caller, permuted in place */
    uint32_t count;
    uint32_t next;
    uint64_t epoch;
    struct rng rng;
};

void sampler_init(struct sampler *self, uint64_t seed, uint32_t worker, uint32_t *order,
                  uint32_t count);

/** The next `batch` sample ids; a batch may span two epochs. */
void sampler_next(struct sampler *self, uint32_t *out, uint32_t batch);

#endif
