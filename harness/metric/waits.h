/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Who waited for whom, as a run records it: the longest waits by pair and by the worker that was waited for.
 *
 * Pairs are collected while a run is read out and closed into its record, which keeps RECORD_EDGES_MAX of them.
 */
#ifndef HARNESS_METRIC_WAITS_H
#define HARNESS_METRIC_WAITS_H

#include "core/base/err.h"
#include "harness/metric/record.h"

struct waits {
    struct record_edge *edge; /* [count] in any order */
    uint64_t count, room;
    bool refused; /* for want of memory */
};

/** One pair; receiver RECORD_EVERYBODY: not told apart. `context` is a struct waits, zeroed at first. */
void waits_add(void *context, uint32_t receiver, uint32_t sender, uint64_t ns);

/** Into the record of the run, the longest first. Frees what was collected. 0, or -ENOMEM with `err`. */
int waits_close(struct waits *self, struct record_run *out, struct err *err);

#endif
