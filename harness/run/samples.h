/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A whole data set in memory, for simulated workers: read once, then given to any thread as floats.
 *
 * Records are kept as they are on disk (a quarter of the size for bytes) and converted when they are read, exactly as
 * the live loader does it.
 */
#ifndef HARNESS_RUN_SAMPLES_H
#define HARNESS_RUN_SAMPLES_H

#include "core/base/err.h"
#include "core/sim/values/values.h"
#include "core/worker/dataset.h"

struct samples {
    const struct dataset *dataset; /* borrowed: labels and the meaning of the bytes */
    unsigned char *record;         /* [samples][record_bytes], owned; NULL: no file, all zeros */
};

/** 0, or -errno with `err`. */
int samples_open(struct samples *out, const struct dataset *dataset, struct err *err);
void samples_close(struct samples *self);

/** Borrows `self`. */
struct values_data samples_data(const struct samples *self);

#endif
