/* SPDX-License-Identifier: BSD-3-Clause */
/* Deflated, a trace has about a fifth of its bytes; the fastest level is enough for that. */
#include "harness/record/trace_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/base/check.h"
#include "harness/record/stream.h"

/* A deflated packet must have less than 512 KB ("compressed_packets"), also where nothing could be saved. */
#define CHUNK_BYTES (256u << 10)
#define LEVEL 1
#define FIELD_PACKET 1u              /* of Trace */
#define FIELD_COMPRESSED_PACKETS 50u /* of TracePacket */
#define WIRE_BYTES 2u

int trace_file_open(struct trace_file *self, FILE *out, uint64_t bytes, uint64_t runs,
                    struct err *err)
{
    *self = (struct trace_file){.out = out,
                                .raw = malloc(CHUNK_BYTES),
                                .packed = malloc(compressBound(CHUNK_BYTES)),
                                .left_bytes = bytes,
                                .runs_left = runs};
    if (self->raw && self->packed)
        return 0;
    trace_file_close(self);
    return err_set(err, -ENOMEM, "no memory for trace.pftrace");
}

/** The chunk as one packet; see FIELD_… */
static void write_chunk(struct trace_file *self)
{
    uint8_t head[32], inner[16];
    uLongf packed_bytes = compressBound(CHUNK_BYTES);
    if (self->raw_bytes == 0 || self->rc != 0)
        return;
    errno = 0;
    if (compress2(self->packed, &packed_bytes, self->raw, self->raw_bytes, LEVEL) != Z_OK) {
        self->rc = -ENOMEM;
        return;
    }
    uint32_t in = protobuf_varint(inner, FIELD_COMPRESSED_PACKETS << 3 | WIRE_BYTES);
    in += protobuf_varint(inner + in, packed_bytes);
    uint32_t used = protobuf_varint(head, FIELD_PACKET << 3 | WIRE_BYTES);
    used += protobuf_varint(head + used, in + packed_bytes);
    memcpy(head + used, inner, in);
    fwrite(head, 1, used + in, self->out);
    fwrite(self->packed, 1, packed_bytes, self->out);
    self->rc = stream_error(self->out);
    self->raw_bytes = 0;
}

void trace_file_put(struct trace_file *self, const struct protobuf *packet)
{
    CHECK(packet->depth == 0);
    if (self->raw_bytes + packet->used > CHUNK_BYTES)
        write_chunk(self);
    if (self->rc != 0)
        return;
    memcpy(self->raw + self->raw_bytes, packet->byte, packet->used);
    self->raw_bytes += packet->used;
    self->left_bytes -= packet->used < self->left_bytes ? packet->used : self->left_bytes;
}

int trace_file_flush(struct trace_file *self)
{
    write_chunk(self);
    if (self->rc == 0)
        self->rc = stream_flush(self->out);
    return self->rc;
}

void trace_file_close(struct trace_file *self)
{
    free(self->raw);
    free(self->packed);
    *self = (struct trace_file){0};
}
