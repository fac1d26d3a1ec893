/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One loop per core: it serves its workers in fixed order with budgets, then runs one slice of compute.
 *
 * Run to completion, no syscall but the loader's submissions, no lock, no allocation. The caller made the thread, bound
 * it, and opened the loader on it.
 */
#ifndef CORE_WORKER_LOOP_H
#define CORE_WORKER_LOOP_H

#include "core/worker/bridge.h"
#include "core/worker/stolen.h"
#include "core/worker/worker.h"

struct loop {
    struct cohort *cohort;
    struct worker **worker; /* [count], borrowed */
    uint32_t count;
    uint32_t index; /* loop 0 steers the cohort */
    bool
        yields; /* loops of other processes share its core: it is theirs when there is nothing to do */
    struct loader *loader;
    struct bridge *bridge;         /* NULL: none of this loop's */
    struct cohort_bridge *process; /* its process' row; NULL: there is one process */
    uint64_t lost;                 /* the cohort's, of which the bridge was told */
    const float *initial;          /* [dim] the model everybody starts from */
    uint32_t changes;              /* the cohort's, when it was looked at last */
    uint32_t turn;                 /* whose slice is next */
    uint64_t busy_cyc;             /* time given to any worker or to the loader, so far */
    uint64_t work_cyc;             /* of that, turns in which something was done */
    struct worker_spent reads; /* polls of the loader that had something to do, during RUN … */
    uint64_t batches;          /* … and what they brought */
    uint64_t run_cyc;          /* length of RUN as this loop saw it */
    struct hist *period;       /* loop period, ns */
    struct stolen stolen;      /* during RUN */
    int error;                 /* -errno of the loader */
    bool halted;
};

/** From the start signal to END. Returns 0, or -errno when the loader failed (its sentence is in loader_error). */
int loop_run(struct loop *self);

#endif
