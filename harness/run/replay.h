/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Replaying a live run: the recorded events through fresh agents must bring the recorded actions, and, on demand, the
 * recorded gradients and mixes must bring the recorded parameters, bit for bit.
 */
#ifndef HARNESS_RUN_REPLAY_H
#define HARNESS_RUN_REPLAY_H

#include <stdio.h>

#include "harness/run/plan.h"

struct replay_options {
    bool parameters; /* execute gradients and mixes too */
    bool quiet;
};

/**
 * Replay every journal of the result directory `results` (of a sweep: those of the plan's value), whose resolved profile
 * `plan` was made from; one line per run on `out`. Exit code: 0 all agree, 2 the directory holds nothing that can be replayed, 3 no memory, 4 something differs, 5 a
 * journal is incomplete (and what there is agrees).
 */
int replay_all(const char *results, const struct plan *plan, const struct replay_options *options,
               FILE *out);

#endif
