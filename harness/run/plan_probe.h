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
 * Execute the beginning of the cell (a twentieth, less where that is more than a few seconds' work) on the threads of
 * `buffers`, and extrapolate: waiting, messages, mixing and gradients as this policy has them. 0, or -errno with `err`.
 */
int plan_probe(struct virtual_buffers *buffers, const struct cell *cell,
               const struct plan_costs *costs, double *seconds, struct err *err);

#endif
