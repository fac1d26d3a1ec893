/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SplitMix64 opened up: its state after n steps is key + n * GAMMA, so draw n needs no history.
 *
 * The finaliser passes the usual batteries on counters; keys are finaliser outputs themselves, hence the chance that
 * two of 1e4 streams of 1e6 draws overlap is about 1e-5.
 */
#include "core/base/rng.h"

#include "core/base/check.h"

#define GAMMA 0x9e3779b97f4a7c15ull /* 2^64 / golden ratio, odd */

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

uint64_t rng_key(uint64_t seed, enum rng_purpose purpose, uint64_t worker)
{
    /* One round per part: seed 1 with purpose 2 must not meet seed 2 with purpose 1. */
    uint64_t key = mix(seed + GAMMA);
    key = mix(key + GAMMA * (uint64_t)purpose);
    return mix(key + GAMMA * (worker + 1));
}

uint64_t rng_at(uint64_t key, uint64_t index)
{
    return mix(key + GAMMA * (index + 1));
}

double rng_unit_at(uint64_t key, uint64_t index)
{
    return (double)(rng_at(key, index) >> 11) * 0x1p-53;
}

uint64_t rng_next(struct rng *rng)
{
    return rng_at(rng->key, rng->next++);
}

double rng_unit(struct rng *rng)
{
    return rng_unit_at(rng->key, rng->next++);
}

/* D. Lemire, "Fast random integer generation in an interval", 2019: rejection makes it exact. */
uint32_t rng_below(struct rng *rng, uint32_t bound)
{
    CHECK(bound >= 1);
    uint64_t product = (rng_next(rng) >> 32) * bound;
    if ((uint32_t)product < bound) {
        const uint32_t reject_below = (0u - bound) % bound;
        while ((uint32_t)product < reject_below)
            product = (rng_next(rng) >> 32) * bound;
    }
    return (uint32_t)(product >> 32);
}

void rng_shuffle(struct rng *rng, uint32_t *items, uint32_t count)
{
    for (uint32_t left = count; left > 1; left--) {
        const uint32_t pick = rng_below(rng, left);
        const uint32_t last = items[left - 1];
        items[left - 1] = items[pick];
        items[pick] = last;
    }
}
