/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Random scenarios against the shadow (shadow.h), one per seed: what `dawdle-fuzz` does.
 *
 * Seeds run in a child process: a CHECK that fires, a crash or a hang is a finding like any other, and names its seed.
 */
#ifndef TESTS_RANDOM_FUZZ_H
#define TESTS_RANDOM_FUZZ_H

#include <stdio.h>

#include "tests/random/plant.h"
#include "tests/random/wire_plant.h"

#define FUZZ_FINDINGS_MAX 20u

struct fuzz_config {
    uint64_t from, seeds;
    const char *policy;    /* NULL: each seed draws its own */
    uint32_t findings_max; /* stop after so many; 0 = FUZZ_FINDINGS_MAX */
    FILE *progress;        /* a terminal that is told how far it is; NULL: none */
    enum plant_kind plant; /* what is to be found */
    bool trusts_channels;  /* see shadow.h */
    bool wire;             /* scenarios of the protocol between processes instead (wire_world.h) */
    enum wire_plant wire_plant;
};

struct fuzz_result {
    uint64_t seeds, events; /* run; events: of those that ended */
    uint64_t values;        /* seeds that computed vectors */
    uint32_t findings;
    uint64_t first_seed; /* of the first finding */
    char first[512];     /* what it was, without the command that repeats it */
};

/**
 * Each finding is a line to `out`, with the command that repeats it. 0; 2 when there is no such policy; 3 when no process
 * can be made; 4 when something was found.
 */
int fuzz_run(const struct fuzz_config *config, FILE *out, struct fuzz_result *result);

#endif
