/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * HdrHistogram V2 interval logs (`.hlog`), as every HdrHistogram reader opens them.
 *
 * One line per histogram: `Tag=<tag>,<start s>,<length s>,<max / 1e6>,HISTF...`. The payload is base64 of a
 * zlib-compressed V2 histogram: ZigZag LEB128 counts (64b9B: at most 9 bytes), negative numbers are runs of zeros.
 * Lowest value 1, highest HIST_VALUE_MAX, 3 digits, so that bucket indices are ours one to one.
 *
 * Source: G. Tene, HdrHistogram (HistogramLogWriter, AbstractHistogram.encodeIntoByteBuffer, ZigZagEncoding).
 */
#ifndef HARNESS_RECORD_HLOG_H
#define HARNESS_RECORD_HLOG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/err.h"
#include "core/base/hist.h"

struct hlog {
    FILE *out;             /* borrowed; flushed by hlog_flush */
    unsigned char *raw;    /* uncompressed V2 histogram */
    unsigned char *packed; /* compressed, behind its 8-byte header */
    char *text;            /* base64 of `packed`, terminated */
    size_t packed_bytes, text_bytes;
};

/** Allocate the buffers and write the header. start_epoch_s: seconds since 1970. 0 or -errno. */
int hlog_open(struct hlog *self, FILE *out, double start_epoch_s, struct err *err);

/** Frees the buffers; `out` stays open. Accepts a zeroed struct. */
void hlog_close(struct hlog *self);

/** A character of a tag, or `_` for what the format cannot carry. */
static inline char hlog_tag_char(char c)
{
    return c == ',' || (unsigned char)c <= ' ' || c == 0x7f ? '_' : c;
}

/**
 * Append one histogram; empty ones too, so that no tag ever vanishes. Characters of `tag` that the format cannot
 * carry (comma, space, control) become `_`. start_s counts from the start of the log. 0 or -errno.
 */
int hlog_write(struct hlog *self, const char *tag, double start_s, double length_s,
               const struct hist *hist);

/** 0, or -errno of the first failed write. */
int hlog_flush(struct hlog *self);

/** The payload alone (`HISTF...`), valid until the next call; NULL if zlib fails for want of memory. */
const char *hlog_encode(struct hlog *self, const struct hist *hist);

/**
 * Read a payload back. `min` and `max` are those of the buckets, `sum` that of their middles, `clipped` is 0.
 * 0, -EINVAL for damaged or foreign payloads, -ENOMEM; never reads beyond `text`.
 */
int hlog_decode(const char *text, struct hist *out, struct err *err);

#endif
