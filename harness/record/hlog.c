/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * No C HdrHistogram is packaged for Debian 12, so the codec is ours; tests/hlog_readers proves its output with the
 * Java and the npm reader. The writer buffers whole lines, so a killed run leaves complete lines only.
 */
#include "harness/record/hlog.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "harness/record/stream.h"

#define COOKIE_V2 0x1c849303u
#define COOKIE_V2_COMPRESSED 0x1c849304u
#define COOKIE_TLZE 0x10u /* counts are ZigZag LEB128 */
#define HEADER_BYTES 40u
#define COMPRESSED_HEADER_BYTES 8u
#define LEB_BYTES_MAX 9u
#define RAW_BYTES_MAX (HEADER_BYTES + HIST_COUNTS * LEB_BYTES_MAX)

static const char base64_digit[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static unsigned char *put_be(unsigned char *at, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
    return at + bytes;
}

static uint64_t get_be(const unsigned char *at, uint32_t bytes)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

/* 64b9B: unlike in protobuf the ninth byte carries 8 bits and no continuation flag. */
static unsigned char *put_leb(unsigned char *at, int64_t value)
{
    uint64_t rest = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
    for (uint32_t i = 0; i < LEB_BYTES_MAX - 1; i++) {
        if (rest < 0x80) {
            *at++ = (unsigned char)rest;
            return at;
        }
        *at++ = (unsigned char)(rest | 0x80);
        rest >>= 7;
    }
    *at++ = (unsigned char)rest;
    return at;
}

/* Bytes consumed, or 0 when the number runs over `end`. */
static uint32_t get_leb(const unsigned char *at, const unsigned char *end, int64_t *value)
{
    uint64_t raw = 0;
    for (uint32_t i = 0; i < LEB_BYTES_MAX && at + i < end; i++) {
        const bool last = i == LEB_BYTES_MAX - 1;
        raw |= (uint64_t)(last ? at[i] : at[i] & 0x7f) << (7 * i);
        if (last || !(at[i] & 0x80)) {
            *value = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
            return i + 1;
        }
    }
    return 0;
}

static size_t encode_raw(const struct hist *hist, unsigned char *raw)
{
    const double ratio = 1.0;
    uint64_t ratio_bits;
    memcpy(&ratio_bits, &ratio, sizeof(ratio_bits));

    unsigned char *at = raw + HEADER_BYTES;
    const uint32_t end = hist->total ? hist_index(hist->max) + 1 : 0;
    for (uint32_t i = 0; i < end;) {
        uint32_t zeros = 0;
        while (i + zeros < end && hist->count[i + zeros] == 0)
            zeros++;
        /* the reference writes a lone zero as the count 0, not as a run of one */
        at = put_leb(at, zeros > 1 ? -(int64_t)zeros : (int64_t)hist->count[i]);
        i += zeros > 1 ? zeros : 1;
    }

    unsigned char *head = put_be(raw, COOKIE_V2 | COOKIE_TLZE, 4);
    head = put_be(head, (uint64_t)(at - raw) - HEADER_BYTES, 4);
    head = put_be(head, 0, 4); /* normalizing index offset */
    head = put_be(head, 3, 4); /* significant digits */
    head = put_be(head, 1, 8);
    head = put_be(head, HIST_VALUE_MAX, 8);
    put_be(head, ratio_bits, 8);
    return (size_t)(at - raw);
}

static void base64_encode(const unsigned char *from, size_t bytes, char *out)
{
    for (size_t i = 0; i < bytes; i += 3) {
        const size_t have = bytes - i < 3 ? bytes - i : 3;
        const uint32_t group = (uint32_t)from[i] << 16 |
                               (have > 1 ? (uint32_t)from[i + 1] << 8 : 0) |
                               (have > 2 ? (uint32_t)from[i + 2] : 0);
        *out++ = base64_digit[group >> 18];
        *out++ = base64_digit[group >> 12 & 63];
        *out++ = have > 1 ? base64_digit[group >> 6 & 63] : '=';
        *out++ = have > 2 ? base64_digit[group & 63] : '=';
    }
    *out = '\0';
}

/* Bytes decoded, or -1 for anything that is not canonical base64. */
/** Four digits, of which the last two may be padding where they are the last ones. Bytes that they stand for; 0: none. */
static uint32_t base64_group(const char text[4], bool last, uint32_t *group)
{
    uint32_t pad = 0;
    *group = 0;
    for (size_t j = 0; j < 4; j++) {
        const char c = text[j];
        const char *digit = c == '\0' ? NULL : strchr(base64_digit, c);
        if (c == '=' && last && j >= 2)
            pad++;
        else if (!digit || pad)
            return 0;
        *group = *group << 6 | (digit ? (uint32_t)(digit - base64_digit) : 0);
    }
    return 3 - pad;
}

static ssize_t base64_decode(const char *text, size_t length, unsigned char *out)
{
    size_t bytes = 0;
    if (length % 4 != 0)
        return -1;
    for (size_t i = 0; i < length; i += 4) {
        uint32_t group;
        const uint32_t count = base64_group(text + i, i + 4 == length, &group);
        if (count == 0)
            return -1;
        for (uint32_t j = 0; j < count; j++)
            out[bytes++] = (unsigned char)(group >> (16 - 8 * j));
    }
    return (ssize_t)bytes;
}

int hlog_open(struct hlog *self, FILE *out, double start_epoch_s, struct err *err)
{
    *self = (struct hlog){.out = out};
    self->packed_bytes = COMPRESSED_HEADER_BYTES + compressBound(RAW_BYTES_MAX);
    self->text_bytes = (self->packed_bytes + 2) / 3 * 4 + 1;
    self->raw = malloc(RAW_BYTES_MAX);
    self->packed = malloc(self->packed_bytes);
    self->text = malloc(self->text_bytes);
    if (!self->raw || !self->packed || !self->text) {
        hlog_close(self);
        return err_set(err, -ENOMEM, "no memory for the histogram log's buffers");
    }

    const time_t seconds = (time_t)start_epoch_s;
    struct tm utc;
    char when[64];
    gmtime_r(&seconds, &utc);
    strftime(when, sizeof(when), "%a %b %d %H:%M:%S UTC %Y", &utc);
    errno = 0;
    fprintf(out, "#[Histogram log format version 1.3]\n");
    fprintf(out, "#[StartTime: %.3f (seconds since epoch), %s]\n", start_epoch_s, when);
    fprintf(out,
            "#[Values are nanoseconds; those tagged staleness count changes of the worker's model, "
            "those tagged age_versions newer versions of the sender]\n");
    fprintf(out, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                 "\"Interval_Compressed_Histogram\"\n");
    const int rc = hlog_flush(self);
    return rc == 0 ? 0
                   : err_set(err, rc, "cannot write the head of latency.hlog: %s", strerror(-rc));
}

void hlog_close(struct hlog *self)
{
    free(self->raw);
    free(self->packed);
    free(self->text);
    *self = (struct hlog){0};
}

const char *hlog_encode(struct hlog *self, const struct hist *hist)
{
    const size_t raw_bytes = encode_raw(hist, self->raw);
    uLongf body = (uLongf)(self->packed_bytes - COMPRESSED_HEADER_BYTES);
    if (compress2(self->packed + COMPRESSED_HEADER_BYTES, &body, self->raw, (uLong)raw_bytes,
                  Z_DEFAULT_COMPRESSION) != Z_OK)
        return NULL;
    put_be(put_be(self->packed, COOKIE_V2_COMPRESSED | COOKIE_TLZE, 4), body, 4);
    base64_encode(self->packed, COMPRESSED_HEADER_BYTES + body, self->text);
    return self->text;
}

int hlog_write(struct hlog *self, const char *tag, double start_s, double length_s,
               const struct hist *hist)
{
    const char *payload = hlog_encode(self, hist);
    if (!payload)
        return -ENOMEM;
    fputs("Tag=", self->out);
    for (const char *c = tag; *c; c++)
        fputc(hlog_tag_char(*c), self->out);
    fprintf(self->out, ",%.3f,%.3f,%.6f,%s\n", start_s, length_s, (double)hist->max / 1e6, payload);
    return stream_error(self->out);
}

int hlog_flush(struct hlog *self)
{
    return stream_flush(self->out);
}

static int decode_counts(const unsigned char *at, const unsigned char *end, struct hist *out)
{
    uint32_t index = 0;
    double sum = 0;
    while (at < end) {
        int64_t count;
        const uint32_t used = get_leb(at, end, &count);
        if (used == 0)
            return -EINVAL;
        at += used;
        if (count < 0) {
            if (count < -(int64_t)(HIST_COUNTS - index))
                return -EINVAL;
            index += (uint32_t)-count;
            continue;
        }
        if (index >= HIST_COUNTS || (uint64_t)count > UINT64_MAX - out->total)
            return -EINVAL;
        if (count > 0) {
            const uint64_t low = hist_low_at(index);
            const uint64_t high = hist_high_at(index);
            out->min = out->total ? out->min : low;
            out->max = high;
            out->total += (uint64_t)count;
            sum += (double)count * ((double)low + (double)high) / 2;
            out->count[index] = (uint64_t)count;
        }
        index++;
    }
    out->sum = sum < 0x1p63 ? (uint64_t)sum : UINT64_MAX;
    return 0;
}

static int decode_raw(const unsigned char *raw, size_t bytes, struct hist *out, struct err *err)
{
    if (bytes < HEADER_BYTES || get_be(raw, 4) != (COOKIE_V2 | COOKIE_TLZE))
        return err_set(err, -EINVAL, "not an HdrHistogram V2 payload");
    if (get_be(raw + 4, 4) != bytes - HEADER_BYTES)
        return err_set(err, -EINVAL, "the histogram's length field does not match its data");
    if (get_be(raw + 8, 4) != 0 || get_be(raw + 12, 4) != 3 || get_be(raw + 16, 8) != 1)
        return err_set(err, -EINVAL, "only histograms with unit 1 and 3 digits can be read");
    if (decode_counts(raw + HEADER_BYTES, raw + bytes, out) != 0)
        return err_set(err, -EINVAL, "the histogram's counts are damaged");
    return 0;
}

int hlog_decode(const char *text, struct hist *out, struct err *err)
{
    const size_t length = strlen(text);
    unsigned char *packed = malloc(length / 4 * 3 + 3);
    unsigned char *raw = malloc(RAW_BYTES_MAX);
    int rc = -ENOMEM;
    hist_reset(out);
    if (!packed || !raw) {
        err_set(err, rc, "no memory to decode a histogram");
        goto done;
    }

    rc = -EINVAL;
    const ssize_t bytes = base64_decode(text, length, packed);
    if (bytes < (ssize_t)COMPRESSED_HEADER_BYTES ||
        get_be(packed, 4) != (COOKIE_V2_COMPRESSED | COOKIE_TLZE) ||
        get_be(packed + 4, 4) != (uint64_t)bytes - COMPRESSED_HEADER_BYTES) {
        err_set(err, rc, "not a compressed HdrHistogram V2 payload");
        goto done;
    }
    /* a bomb stops here: nothing we can hold is longer than RAW_BYTES_MAX */
    uLongf raw_bytes = RAW_BYTES_MAX;
    if (uncompress(raw, &raw_bytes, packed + COMPRESSED_HEADER_BYTES,
                   (uLong)bytes - COMPRESSED_HEADER_BYTES) != Z_OK) {
        err_set(err, rc, "the histogram's compressed data are damaged");
        goto done;
    }
    rc = decode_raw(raw, raw_bytes, out, err);
done:
    free(packed);
    free(raw);
    if (rc != 0)
        hist_reset(out);
    return rc;
}
