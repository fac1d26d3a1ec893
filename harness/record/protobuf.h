/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One message in the wire format of Protocol Buffers, field by field: of the format, what a trace needs.
 *
 * Messages are small and bounded: a field that does not fit is a programmer error (CHECK). Texts, which come from
 * outside, are shortened (PROTOBUF_TEXT_MAX).
 *
 * Source: Protocol Buffers, "Encoding": varints of seven bits, fields as (number << 3 | wire type).
 */
#ifndef HARNESS_RECORD_PROTOBUF_H
#define HARNESS_RECORD_PROTOBUF_H

#include <stdint.h>

#define PROTOBUF_BYTES_MAX 4096u
#define PROTOBUF_DEPTH_MAX 8u
#define PROTOBUF_TEXT_MAX 256u

struct protobuf {
    uint8_t byte[PROTOBUF_BYTES_MAX];
    uint32_t used;
    uint32_t open
        [PROTOBUF_DEPTH_MAX]; /* [depth] where the contents of the messages not yet ended begin */
    uint32_t depth;
};

/** Nothing is written and nothing open. */
void protobuf_init(struct protobuf *self);

/** uint32, uint64, bool, enum, and int32 and int64 of what is not negative. */
void protobuf_uint(struct protobuf *self, uint32_t field, uint64_t value);

void protobuf_double(struct protobuf *self, uint32_t field, double value);

/** What is not UTF-8, or a control character, becomes `?`; what is longer than PROTOBUF_TEXT_MAX ends there. */
void protobuf_text(struct protobuf *self, uint32_t field, const char *text);

/** A message as a field: what follows is in it, until the protobuf_end that belongs to it. */
void protobuf_begin(struct protobuf *self, uint32_t field);
void protobuf_end(struct protobuf *self);

/** Bytes of `value` as a varint, 1 to 10, at `out`. */
uint32_t protobuf_varint(uint8_t *out, uint64_t value);

#endif
