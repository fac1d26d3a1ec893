/* SPDX-License-Identifier: BSD-3-Clause */
/** One seed, in this process. */
#ifndef TESTS_RANDOM_FUZZ_SEED_H
#define TESTS_RANDOM_FUZZ_SEED_H

#include "tests/random/fuzz.h"
#include "tests/random/scenario.h"
#include "tests/random/shadow.h"

struct fuzz_outcome {
    uint64_t events;
    bool values; /* vectors were computed */
    char scenario[128];
    char failure[384]; /* "" = nothing broke */
};

/** What a crash will want to know: valid while fuzz_seed runs. NULL: it has not begun. */
extern const struct shadow *fuzz_seed_shadow;

/**
 * A scenario whose channels are sized, run with the shadow attached. `ended` is called when all is over, whether it broke
 * or not; may be NULL.
 */
struct fuzz_look {
    void *context;
    void (*ended)(void *context, struct sim *sim, const struct shadow *shadow);
    const struct sim_watch
        *watch; /* `stepped` is called behind the shadow, and may change what is done; or NULL */
};
void fuzz_scenario(struct scenario *scenario, const struct fuzz_config *config,
                   const struct fuzz_look *look, struct fuzz_outcome *out);

/** `out->scenario` is filled before anything can break. */
void fuzz_seed(uint64_t seed, const struct policy *policy, const struct fuzz_config *config,
               struct fuzz_outcome *out);

#endif
