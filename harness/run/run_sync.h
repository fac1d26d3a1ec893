/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Ranks of a run keep copies of each other's books: in rounds of the hub each says what its own processes, loops and workers
 * have counted, and rank 0 in which phase the run is. Loops see nothing of it but memory that changes. Internal to harness/run.
 */
#ifndef HARNESS_RUN_RUN_SYNC_H
#define HARNESS_RUN_RUN_SYNC_H

#include "harness/run/run_threads.h"

/** What this rank says beside its books. */
struct run_state {
    uint32_t running; /* children */
    uint32_t code;    /* errno of what broke the run; 0: nothing did */
    char text[512];
};

/** Of all ranks. */
struct run_heard {
    uint32_t running;
    int error; /* the first one's, as -errno with its sentence */
    struct err err;
};

/** One round. 0, or -errno with a sentence: a rank is gone. */
int run_sync(struct run *run, const struct run_state *mine, struct run_heard *out, struct err *err);

/** After the end: rank 0 gets the parts of all others. 0, or -errno with a sentence. */
int run_sync_parts(struct run *run, struct err *err);

/** Once the decision is to go, and where the phase says so: lets the loops of this rank begin at the common time. */
void run_sync_start(struct run *run);

#endif
