/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Keyed random streams: every draw is a pure function of (seed, purpose, worker, index).
 *
 * Adding a consumer never shifts another one's stream, and the answer for (worker 3, iteration 1000) can be had
 * without drawing the 999 before it. Pure integer arithmetic up to rng_unit_at, so equal on every machine.
 *
 * Source: the 64-bit finaliser of S. Vigna's SplitMix64, applied to key and counter.
 */
#ifndef CORE_BASE_RNG_H
#define CORE_BASE_RNG_H

#include <stdint.h>

/** One stream family per purpose; the numbers are part of the results' reproducibility: append only. */
enum rng_purpose {
    RNG_GRAPH = 1,
    RNG_SHARDS,
    RNG_INIT,
    RNG_BATCHES,
    RNG_JITTER,
    RNG_DELAY,
    RNG_POLICY,
    RNG_DATA,
    RNG_SPLIT,
    RNG_TEST,
    RNG_LINK,
    RNG_FAULT,
    RNG_IMPAIR,
};

/** The key of one stream. `worker` is any stream index (worker id, law number, class …). */
uint64_t rng_key(uint64_t seed, enum rng_purpose purpose, uint64_t worker);

/** Draw number `index` of the stream: 64 uniform bits. */
uint64_t rng_at(uint64_t key, uint64_t index);

/** Draw number `index` as a double in [0, 1), 53 bits. */
double rng_unit_at(uint64_t key, uint64_t index);

/** A sequential reader of one stream. */
struct rng {
    uint64_t key;
    uint64_t next;
};

static inline struct rng rng_start(uint64_t seed, enum rng_purpose purpose, uint64_t worker)
{
    return (struct rng){.key = rng_key(seed, purpose, worker)};
}

uint64_t rng_next(struct rng *rng);
double rng_unit(struct rng *rng);

/** Uniform in [0, bound), without modulo bias. Requires bound >= 1. May consume several draws. */
uint32_t rng_below(struct rng *rng, uint32_t bound);

/** Fisher-Yates over `count` items. */
void rng_shuffle(struct rng *rng, uint32_t *items, uint32_t count);

#endif
