/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What real gradients took each worker of a live run, out of its iterations.csv: the distribution that its twin draws from.
 *
 * A single value is what a draw is; what tied values together in time is lost. Values above GRADIENTS_LONGEST times the
 * median are left out: then the kernel had the core, and when it has it is imitated apart (stolen.h). Abandoned gradients
 * (no own_us) are left out too. A worker with fewer than GRADIENTS_MIN draws from all workers' values.
 */
#ifndef HARNESS_TWIN_GRADIENTS_H
#define HARNESS_TWIN_GRADIENTS_H

#include "core/base/err.h"
#include "core/inject/law.h"

#define GRADIENTS_LONGEST 8.0
#define GRADIENTS_MIN 20u

struct gradients {
    struct law_sample *sample; /* [workers] owned, and so are their bins */
    uint32_t workers;
    double mean_s, cv; /* of all that are drawn from */
    struct law_bin *bin;
};

/** 0, or -errno with what is wrong with the file and where. */
int gradients_read(const char *dir, uint32_t workers, struct gradients *out, struct err *err);

/** The same from the text of the file, which is changed; `name` stands in errors. */
int gradients_parse(char *text, const char *name, uint32_t workers, struct gradients *out,
                    struct err *err);

/** Accepts a zeroed struct. */
void gradients_free(struct gradients *self);

#endif
