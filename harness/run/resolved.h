/* SPDX-License-Identifier: BSD-3-Clause */
/** The profile that goes with what was measured, such that it loads again from there. */
#ifndef HARNESS_RUN_RESOLVED_H
#define HARNESS_RUN_RESOLVED_H

#include "harness/record/results.h"

/**
 * resolved.yaml in the folder of `results`, and tuned.yaml beside it where rates are tuned. `e` is as before afterwards.
 * 0, or -errno with `err`.
 */
int resolved_write(struct results *results, struct experiment *e, struct err *err);

#endif
