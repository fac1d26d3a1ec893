/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * trace.pftrace: the packets of a Perfetto trace, deflated in chunks as Perfetto's own tools do it.
 *
 * A file is a sequence of packets, so runs are appended and what was flushed can be read whatever happens later. It has
 * a budget, counted in bytes as a viewer has to hold them, that is before they are deflated.
 *
 * Source: Perfetto, protos/perfetto/trace/trace_packet.proto, field compressed_packets.
 */
#ifndef HARNESS_RECORD_TRACE_FILE_H
#define HARNESS_RECORD_TRACE_FILE_H

#include <stdint.h>
#include <stdio.h>

#include "core/base/err.h"
#include "harness/record/protobuf.h"

/** What a browser opens without trouble. */
#define TRACE_FILE_BYTES_MAX 200000000u

struct trace_file {
    FILE *out;             /* borrowed until trace_file_close; NULL: there is no trace */
    uint8_t *raw, *packed; /* owned: the chunk, and room for it deflated */
    uint32_t raw_bytes;
    uint64_t left_bytes;     /* of the budget */
    uint64_t runs_left;      /* that have to share it */
    uint32_t id;             /* the last that was given to a track */
    uint64_t drawn, omitted; /* iterations, for result.json */
    int rc;                  /* of the first write that failed */
};

/** Begin a trace of `runs` runs that may take `bytes` together. 0, or -errno with `err`; close it either way. */
int trace_file_open(struct trace_file *self, FILE *out, uint64_t bytes, uint64_t runs,
                    struct err *err);

/** Append a packet; everything begun in it has ended. Errors are kept until trace_file_flush. */
void trace_file_put(struct trace_file *self, const struct protobuf *packet);

/** Hand what was put to the kernel. 0, or -errno of the first error since the beginning. */
int trace_file_flush(struct trace_file *self);

/** Forget the file, which is not closed. Accepts a zeroed struct. */
void trace_file_close(struct trace_file *self);

#endif
