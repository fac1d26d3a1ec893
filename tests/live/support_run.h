/* SPDX-License-Identifier: BSD-3-Clause */
/** Live runs in tests: a profile as text, executed for real (threads, EAL without huge pages, loader). */
#ifndef TESTS_LIVE_SUPPORT_RUN_H
#define TESTS_LIVE_SUPPORT_RUN_H

#include "harness/run/matrix.h"
#include "harness/run/run.h"

/** Everything of one run; keep it until the record is not needed any more. */
struct live {
    struct experiment experiment;
    struct host host;
    struct run_buffers buffers;
    struct record_run record;
    char folder[64];
    double rest_us_median; /* over all iterations: one preemption must not decide a test */
};

/** Run the first policy and seed of `yaml`; fails the test on any error. Free the result with live_close. */
struct live *live_run(const char *yaml, struct run_options options);
/** The same with this row in place of the profile's policy: for policies that only a test has. */
struct live *live_run_row(const char *yaml, const struct policy *row, struct run_options options);
/** The same, and worker 0 once keeps its model as it was instead of averaging; the other end does average. */
struct live *live_run_one_sided(const char *yaml);
/** The same with a data file that was cut short after it was opened. Returns run_live's answer. */
int live_run_without_data(const char *yaml, struct err *err);

void live_close(struct live *self);

/** A whole matrix with its result directory. */
struct recorded {
    char folder[32]; /* of everything */
    char dir[600];   /* of the results */
    struct sweep sweep;
    struct machine *machine;
    struct host host;
    int code; /* of the run */
};

/** Load and plan the profile, whose name is `t`; nothing has started. */
struct recorded *recorded_plan(const char *yaml);
/** Run what was planned. */
void recorded_run(struct recorded *self, struct run_options options);
/** Both. journal_bytes: room for each worker's journal, 0 = what the plan says. */
struct recorded *recorded_open(const char *yaml, struct run_options options, size_t journal_bytes);

/** Both, with the fault of live_run_one_sided. */
struct recorded *recorded_one_sided(const char *yaml);

/** `dawdle replay` of it, value by value of a sweep: the highest exit code, and what it prints. */
int recorded_replay(const struct recorded *self, bool parameters, char *text, size_t size);

/** Remove it from disk, too. */
void recorded_close(struct recorded *self);

#endif
