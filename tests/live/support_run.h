/** Live runs in tests: a profile as text, one cell executed for real (threads, EAL without huge pages, loader). */
#ifndef TESTS_LIVE_SUPPORT_RUN_H
#define TESTS_LIVE_SUPPORT_RUN_H

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
struct live *live_run(const char *yaml, struct run_faults faults);
/** The same with a data file that was cut short after it was opened. Returns run_live's answer. */
int live_run_without_data(const char *yaml, struct err *err);

void live_close(struct live *self);

#endif
