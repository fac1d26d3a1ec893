/* SPDX-License-Identifier: BSD-3-Clause */
/** A virtual run in progress. Internal to harness/run/run_virtual*. */
#ifndef HARNESS_RUN_VIRTUAL_PRIVATE_H
#define HARNESS_RUN_VIRTUAL_PRIVATE_H

#include "core/sim/sim.h"
#include "harness/run/executor.h"
#include "harness/run/run_virtual.h"

struct virtual_run {
    const struct cell *cell;
    struct virtual_buffers *buffers;
    struct record_run *out;

    struct inject inject[EXPERIMENT_INJECT_MAX];
    struct policy_config *policy; /* [workers] */
    uint32_t *core;               /* [workers], or NULL: each has its own */
    struct sim_stolen *stolen;    /* [stolen_count] when cores are others' */
    uint32_t stolen_count;
    struct fault *fault; /* [fault_count] the schedule */
    uint32_t fault_count;

    struct executor *executor; /* NULL: timing only, as everything up to evaluation_scratch */
    struct values *values;
    struct evaluation_view view;
    struct values_evaluation evaluation;
    float *evaluation_scratch;
    uint64_t
        judged; /* bit per cut; written by the tasks of evaluations, read after they were joined */

    struct sim *sim;
    struct sim_watch watch;
    uint32_t cuts;        /* planned, without the end */
    uint32_t cuts_passed; /* of them */
    bool stopped;         /* by an interrupt */
    double wall_s;
};

/** From what the simulation counted to the record. 0, or -ENOMEM with `err`. */
int virtual_collect(struct virtual_run *self, struct err *err);

#endif
