/**
 * A profile made concrete on this machine with this data: checked as far as it can be without starting anything.
 *
 * Opens the data set (a synthetic one is made on first use), derives the model, and plans every cell once to know what
 * the largest of them needs. All errors here are the user's to mend: exit code 2 or 3, nothing has started.
 */
#ifndef HARNESS_RUN_PLAN_H
#define HARNESS_RUN_PLAN_H

#include <stdio.h>

#include "harness/run/cell.h"
#include "harness/experiment/experiment.h"

struct plan {
    struct experiment *experiment; /* borrowed */
    struct dataset dataset;        /* owned, unless the model needs none */
    struct cell_common common;
    size_t memory_bytes, judge_bytes; /* of the largest cell */
    size_t buffers_bytes;             /* ordinary memory, the judge's included */
    uint32_t loops;
    uint32_t log_capacity; /* iterations kept per worker and run */
    double seconds;        /* predicted wall time of the whole matrix */
};

/** 0, or -errno with `err`. -EINVAL: the profile asks for what cannot be; else the environment. */
int plan_open(struct plan *out, struct experiment *experiment, const struct machine *machine,
              struct err *err);
void plan_close(struct plan *self);

/** What `--dry-run` prints after the resolved profile: placement, memory, slots, time. */
int plan_print(const struct plan *self, FILE *out, struct err *err);

#endif
