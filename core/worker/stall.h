/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Does anything happen at all? A run in which nothing does says why and ends, instead of hanging.
 *
 * Progress is an iteration begun, a gradient finished, a message handled, somebody gone or back. Without any for one deadline
 * (1 s, or twenty of the longest iterations so far), counted from when the last thing that was planned is over
 * (a compute phase, a timer, a pause, a return), every stuck worker says what it waits for. After a second deadline the
 * run ends as incomplete.
 */
#ifndef CORE_WORKER_STALL_H
#define CORE_WORKER_STALL_H

#include "core/worker/worker.h"

#define STALL_NS_MIN UINT64_C(1000000000)
#define STALL_ITERATIONS 20u

enum stall_verdict {
    STALL_NONE,
    STALL_HELD, /* all that remains is rounds beyond the budget: the run is over, in good order */
    STALL_OVER, /* announced, and nothing has happened since */
};

/** The coordinator's look, most of the time one comparison. */
enum stall_verdict stall_look(struct cohort *self, uint64_t now_cyc);

/** A phase of the cohort begins: count from now on. */
void stall_reset(struct cohort *self, uint64_t now_cyc);

/** Say what this worker waits for, if it waits. By its own thread. */
void stall_explain(const struct worker *self, uint64_t now_cyc);

/** That sentence; returns its length, 0: the worker does not wait. */
int stall_sentence(const struct worker *self, uint64_t now_cyc, char *out, int size);

#endif
