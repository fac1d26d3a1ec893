/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The double ledger: what all parameters sum up to must be the start minus what the steps took away; and the weights of
 * push-sum, which begin at 1, are as many as the workers.
 *
 * Parameters that diverged have no sum. Weights have: they only move, so they must be whole whatever became of the model.
 */
#ifndef HARNESS_RUN_LEDGER_H
#define HARNESS_RUN_LEDGER_H

#include "core/base/mix_rules.h"
#include "harness/metric/record.h"

struct ledger {
    enum lanes lanes;
    uint32_t dim;
    uint32_t workers, diverged;
    double expected, found, weight;
    double scale, square; /* sums of all |element| and element^2 */
    double
        weight_gained; /* push-sum weight of workers that came back, less what they had when they went */
};

/**
 * Book one worker: its final vector (with its lanes; of one that is gone the one it had then, or NULL), its sum at the
 * start plus what its comings and goings brought, and what its steps applied (mix_ledger's sums).
 */
void ledger_add(struct ledger *self, const float *vector, double start, double applied);

/** Fill ledger_error, ledger_ok and diverged. Rows that make or lose parameters by
 * design, and runs that lost messages for good, only get the error. `out` says already what links did, and how many averages there were. */
void ledger_close(const struct ledger *self, const struct policy *row, struct record_run *out);

#endif
