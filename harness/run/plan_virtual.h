/* SPDX-License-Identifier: BSD-3-Clause */
/** What runs in virtual time will take on this machine: predictions, not bounds. */
#ifndef HARNESS_RUN_PLAN_VIRTUAL_H
#define HARNESS_RUN_PLAN_VIRTUAL_H

#include <stdio.h>

#include "harness/run/plan.h"

/** Ordinary memory of one run: vectors, states, edges, samples, histograms. */
double plan_virtual_bytes(const struct cell *cell);

/** The part of `--dry-run` that stands in for the placement: memory and wall time per policy; fills self->seconds. 0, or -errno with `err`. */
int plan_virtual_print(struct plan *self, uint32_t threads, FILE *out, struct err *err);

/** plan_seconds for virtual time: measures a gradient here and now. */
int plan_virtual_seconds(const struct plan *self, uint32_t threads, double *out, struct err *err);

#endif
