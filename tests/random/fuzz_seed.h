/* SPDX-License-Identifier: BSD-3-Clause */
/** One seed, in this process. */
#ifndef TESTS_RANDOM_FUZZ_SEED_H
#define TESTS_RANDOM_FUZZ_SEED_H

#include "tests/random/fuzz.h"
#include "tests/random/shadow.h"

struct fuzz_outcome {
    uint64_t events;
    bool values; /* vectors were computed */
    char scenario[128];
    char failure[384]; /* "" = nothing broke */
};

/** What a crash will want to know: valid while fuzz_seed runs. NULL: it has not begun. */
extern const struct shadow *fuzz_seed_shadow;

/** `out->scenario` is filled before anything can break. */
void fuzz_seed(uint64_t seed, const struct policy *policy, const struct fuzz_config *config,
               struct fuzz_outcome *out);

#endif
