/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Measured compute times for the laws `trace` and `empirical`: the files around core/inject's parsers.
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

/**
 * Read and parse a file of measured times, or iterations.csv of the result directory `path`; `policy` "" or the label of
 * the runs wanted. sample->bin is malloc'd and owned by `sample`. 0, or -errno with what is wrong in `err`.
 */
int profile_sample_load(const char *path, const char *policy, struct law_sample *sample,
                        struct err *err);

/** Accepts a zeroed sample. */
void profile_sample_free(struct law_sample *sample);

#endif
