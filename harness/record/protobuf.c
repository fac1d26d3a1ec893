/* SPDX-License-Identifier: BSD-3-Clause */
/* The length of a message stands before it and is known at its end: one byte is kept free, longer ones move on. */
#include "harness/record/protobuf.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/utf8.h"

#define VARINT_BYTES_MAX 10u

enum wire { WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES };

void protobuf_init(struct protobuf *self)
{
    self->used = 0;
    self->depth = 0;
}

uint32_t protobuf_varint(uint8_t *out, uint64_t value)
{
    uint32_t n = 0;
    for (; value >= 0x80; value >>= 7)
        out[n++] = (uint8_t)(value | 0x80);
    out[n++] = (uint8_t)value;
    return n;
}

static void put_varint(struct protobuf *self, uint64_t value)
{
    CHECK(self->used + VARINT_BYTES_MAX <= PROTOBUF_BYTES_MAX);
    self->used += protobuf_varint(self->byte + self->used, value);
}

static void put_tag(struct protobuf *self, uint32_t field, enum wire wire)
{
    put_varint(self, (uint64_t)field << 3 | wire);
}

void protobuf_uint(struct protobuf *self, uint32_t field, uint64_t value)
{
    put_tag(self, field, WIRE_VARINT);
    put_varint(self, value);
}

void protobuf_double(struct protobuf *self, uint32_t field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    put_tag(self, field, WIRE_FIXED64);
    CHECK(self->used + sizeof(bits) <= PROTOBUF_BYTES_MAX);
    for (uint32_t i = 0; i < sizeof(bits); i++) /* little-endian, whatever the host is */
        self->byte[self->used++] = (uint8_t)(bits >> (8 * i));
}

void protobuf_begin(struct protobuf *self, uint32_t field)
{
    CHECK(self->depth < PROTOBUF_DEPTH_MAX);
    put_tag(self, field, WIRE_BYTES);
    CHECK(self->used < PROTOBUF_BYTES_MAX);
    self->open[self->depth++] = ++self->used;
}

void protobuf_end(struct protobuf *self)
{
    uint8_t length[VARINT_BYTES_MAX];
    CHECK(self->depth > 0);
    const uint32_t begin = self->open[--self->depth];
    const uint32_t bytes = self->used - begin;
    const uint32_t n = protobuf_varint(length, bytes);
    CHECK(self->used + n - 1 <= PROTOBUF_BYTES_MAX);
    if (n > 1)
        memmove(self->byte + begin - 1 + n, self->byte + begin, bytes);
    memcpy(self->byte + begin - 1, length, n);
    self->used += n - 1;
}

/** C0, DEL and C1: a viewer may take them for commands, or refuse the whole text. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

void protobuf_text(struct protobuf *self, uint32_t field, const char *text)
{
    protobuf_begin(self, field);
    const uint32_t begin = self->used;
    CHECK(begin + PROTOBUF_TEXT_MAX <= PROTOBUF_BYTES_MAX);
    for (size_t left = strlen(text); left > 0;) {
        uint32_t code = 0;
        const uint32_t valid = utf8_decode(text, left, &code);
        const uint32_t bytes = valid ? valid : 1;
        if (self->used + bytes > begin + PROTOBUF_TEXT_MAX)
            break;
        if (!valid || is_control(code)) {
            self->byte[self->used++] = '?';
        } else {
            memcpy(self->byte + self->used, text, bytes);
            self->used += bytes;
        }
        text += bytes;
        left -= bytes;
    }
    protobuf_end(self);
}
