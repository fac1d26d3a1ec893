/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Why a file could not be written. stdio tells that something failed when it is asked (ferror), and why only through
 * errno at the moment of failure: a writer sets errno to 0 before its first call and asks one of these after its last.
 */
#ifndef HARNESS_RECORD_STREAM_H
#define HARNESS_RECORD_STREAM_H

#include <errno.h>
#include <stdio.h>

/** 0, or -errno of the write that failed. */
static inline int stream_error(FILE *out)
{
    return ferror(out) ? -(errno ? errno : EIO) : 0;
}

/** The same after what is buffered was handed to the kernel. */
static inline int stream_flush(FILE *out)
{
    return fflush(out) != 0 ? -(errno ? errno : EIO) : stream_error(out);
}

#endif
