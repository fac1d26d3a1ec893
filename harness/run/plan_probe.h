/* SPDX-License-Identifier: BSD-3-Clause */
/** How long a run in virtual time will take here, from a piece of it that is executed. */
#ifndef HARNESS_RUN_PLAN_PROBE_H
#define HARNESS_RUN_PLAN_PROBE_H

#include "harness/run/run_virtual.h"

/** Of kernels by themselves, in seconds. */
struct plan_costs {
    double gradient_s, sample_s; /* of one gradient, of one sample judged */
};

/** Time gradients and evaluations of zeros; kernels take the same time for any numbers. 0, or -ENOMEM with `err`. */
int plan_measure(const struct model_config *model, struct plan_costs *out, struct err *err);

/**
 * What pieces are executed with: zeros instead of the data, and no more of them than are looked at, because kernels take the
 * same time for any numbers. So nothing is read or made, and shards are dealt evenly.
 */
struct plan_trial {
    struct experiment *experiment; /* a copy, owned */
    struct dataset dataset;
    struct cell_common common; /* to open cells with */
    struct virtual_buffers buffers;
    struct plan_costs costs;
};

/** 0, or -errno with `err`. Either way plan_trial_close is due. */
int plan_trial_open(struct plan_trial *out, const struct cell_common *common, uint32_t threads,
                    struct err *err);
void plan_trial_close(struct plan_trial *self);

/**
 * Execute the beginning of a cell of the trial (a twentieth, less where that is more than a few seconds' work) on its
 * threads, and extrapolate: waiting, messages, mixing and gradients as this policy has them. 0, or -errno with `err`.
 */
int plan_probe(struct plan_trial *trial, const struct cell *cell, double *seconds, struct err *err);

#endif
