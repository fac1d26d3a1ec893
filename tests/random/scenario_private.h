/* SPDX-License-Identifier: BSD-3-Clause */
/** What the parts of a scenario are drawn with. Internal to tests/random/scenario*. */
#ifndef TESTS_RANDOM_SCENARIO_PRIVATE_H
#define TESTS_RANDOM_SCENARIO_PRIVATE_H

#include "core/base/rng.h"
#include "tests/random/scenario.h"

/* Streams of a seed; RNG_TEST because no result of an experiment depends on them. */
enum stream {
    STREAM_POLICY = 1,
    STREAM_SHAPE,
    STREAM_OPTIONS,
    STREAM_TIMES,
    STREAM_FAULTS,
    STREAM_END,
    STREAM_CHANNELS
};

static inline bool chance(struct rng *rng, double probability)
{
    return rng_unit(rng) < probability;
}

static inline double between(struct rng *rng, double low, double high)
{
    return low + (high - low) * rng_unit(rng);
}

static inline uint64_t ns_between(struct rng *rng, double low, double high)
{
    return (uint64_t)between(rng, low, high);
}

/** How many base times give some thousand events. */
double scenario_window_bases(const struct scenario *self);

void scenario_draw_faults(struct scenario *self);

#endif
