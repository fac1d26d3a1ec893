/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The models that a run ended with, as two arrays of numpy (.npy, float32): `<policy>-<seed>.npy` has a row per worker,
 * `<policy>-<seed>-mean.npy` is the mean model that was evaluated.
 *
 * Rows are models as they are evaluated (with push-sum weights: divided by them). A worker that was not there at the end
 * has a row of NaN. Errors are kept until models_file_close says them.
 */
#ifndef HARNESS_RECORD_MODELS_FILE_H
#define HARNESS_RECORD_MODELS_FILE_H

#include <stdint.h>
#include <stdio.h>

#include "core/base/err.h"

struct models_file {
    FILE *all, *mean;
    uint32_t parameters; /* of a model, without padding */
    char path[4096];     /* of the first */
};

/** Make both in `folder`, which exists. 0, or -errno with `err`, and nothing is open. */
int models_file_open(struct models_file *self, const char *folder, const char *policy,
                     uint64_t seed, uint32_t workers, uint32_t parameters, struct err *err);

/** The mean model, once. */
void models_file_mean(struct models_file *self, const float *model);

/** The next worker's; NULL: it is not there. */
void models_file_row(struct models_file *self, const float *model);

/** 0, or -errno with `err`. Accepts a zeroed struct. */
int models_file_close(struct models_file *self, struct err *err);

#endif
