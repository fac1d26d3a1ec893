/* SPDX-License-Identifier: BSD-3-Clause */
/** A picture as SVG to a file of the kind that its name ends in. */
#ifndef HARNESS_COMMAND_CONVERT_H
#define HARNESS_COMMAND_CONVERT_H

#include <stddef.h>

#include "core/base/err.h"

/** 0, or -EINVAL with a sentence: the name does not end in .svg, .pdf or .png. */
int convert_check(const char *path, struct err *err);

/**
 * Write `path`, by way of a file beside it, so that none is ever half-written. 0, or with a sentence -ENOPKG: what
 * makes a .pdf or .png of SVG is not here; -EIO: it failed; else -errno of the file.
 */
int convert_write(const char *path, const char *svg, size_t bytes, struct err *err);

#endif
