/* SPDX-License-Identifier: BSD-3-Clause */
/** The histograms of a latency.hlog, picked by their tags. */
#ifndef HARNESS_RECORD_HLOG_READ_H
#define HARNESS_RECORD_HLOG_READ_H

#include "core/base/err.h"
#include "core/base/hist.h"

/** Where the histogram of this tag is to be added; NULL: nobody wants it, and it is not decoded. */
typedef struct hist *hlog_read_pick(void *context, const char *tag);

/**
 * All lines of the file, each into what `pick` returns for its tag. Lines without a tag and those that begin with # are
 * passed over. 0, 1 if there is no such file, or -errno with `path:line` in the sentence.
 */
int hlog_read(const char *path, hlog_read_pick *pick, void *context, struct err *err);

#endif
