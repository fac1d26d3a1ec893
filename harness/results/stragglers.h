/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Finding stragglers in what was measured, and how well that worked: what was injected is known.
 *
 * Looked at is each worker's own time per iteration: load, compute and injected delay, without waiting. Pure.
 *
 *   permanent  its median is an outlier among the medians of all workers: robust z-score at least STRAGGLERS_Z, and at
 *              least STRAGGLERS_RATIO times their median
 *   transient  at least STRAGGLERS_SHARE of its iterations, and three, are outliers against its own median: further away
 *              than STRAGGLERS_SIGMAS robust standard deviations, and at least STRAGGLERS_RATIO times as long
 *
 * Both break down, as every median does, where half of what is looked at is slow: half of the workers, half of the
 * iterations. The z-score is that of Iglewicz & Hoaglin, "How to detect and handle outliers", 1993: 0.6745 (x - median) /
 * MAD, outlying from 3.5 on. A MAD of 0 (emulated compute without jitter) is taken for FLOOR of the median.
 */
#ifndef HARNESS_RESULTS_STRAGGLERS_H
#define HARNESS_RESULTS_STRAGGLERS_H

#include <stdint.h>

#include "core/base/err.h"

#define STRAGGLERS_Z 3.5
#define STRAGGLERS_SIGMAS 5.0
#define STRAGGLERS_RATIO 1.2
#define STRAGGLERS_SHARE 0.02
#define STRAGGLERS_FLOOR 0.01
#define STRAGGLERS_PERMANENT_SHARE 0.9
#define STRAGGLERS_ITERATIONS_MIN 5u /* of a worker of which anything is said */

enum straggler_kind { STRAGGLER_NONE, STRAGGLER_TRANSIENT, STRAGGLER_PERMANENT };
extern const char *const straggler_kind_name[];

struct straggler {
    uint32_t worker;
    enum straggler_kind kind;
    double
        factor; /* permanent: its median to that of all; transient: the median of its outliers to its own */
    double share; /* of its iterations that were so slow */
};

/**
 * What was found, and how that compares with the truth: a worker is injected *permanently* when in
 * STRAGGLERS_PERMANENT_SHARE of its iterations or more the delay made them STRAGGLERS_RATIO times as long or longer
 * (unless half of the workers are: then nobody stands out), *transiently* from STRAGGLERS_SHARE to half of them. Workers in
 * between are neither right nor wrong, nor are those that wait that long for their batches: whether their disk is slow on
 * purpose is not recorded. A finding is a hit if worker and kind are right.
 */
struct stragglers {
    struct straggler *found; /* [count] by worker; owned */
    uint32_t count;
    uint32_t hits, wrong, injected; /* wrong: found, but nothing of that kind was injected */
    double precision, recall;       /* NaN: nothing was found, or nothing was there to be found */
};

struct record_iteration;

/** row: [rows] of workers below `workers`, in any order. 0, or -ENOMEM with `err` and nothing owned. */
int stragglers_find(struct stragglers *out, const struct record_iteration *row, uint64_t rows,
                    uint32_t workers, struct err *err);

void stragglers_free(struct stragglers *self);

#endif
