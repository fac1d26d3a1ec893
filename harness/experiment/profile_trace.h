/**
 * Traces of compute times for the law `trace`: the file around core/inject's parser.
 */
#ifndef HARNESS_EXPERIMENT_PROFILE_TRACE_H
#define HARNESS_EXPERIMENT_PROFILE_TRACE_H

#include "core/base/err.h"
#include "core/inject/law.h"

#define PROFILE_TRACE_BYTES_MAX (64u << 20)

/** Read and parse; trace->seconds is malloc'd and owned by `trace`. 0, or -errno with what is wrong with the file in `err`. */
int profile_trace_load(const char *path, struct law_trace *trace, struct err *err);

/** Accepts a zeroed trace. */
void profile_trace_free(struct law_trace *trace);

#endif
