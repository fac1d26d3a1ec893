/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the histogram log in both directions: whatever the payload, decoding returns and stays inside it; what decodes,
 * and any histogram that can be recorded, comes back from its own encoding.
 *
 * The first byte, a digit in the seeds, says what the rest is: `0` the payload as it stands in a log, `1` the V2
 * histogram inside (base64 and zlib's checksum let no mutation through to it), `2` the same with its length field put
 * right, `3` pairs of bucket and count to encode.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/base/check.h"
#include "harness/record/hlog.h"

#define RAW_MAX 4096u

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count);

static struct hlog codec;
static struct hist first, again;

static void check_comes_back(const struct hist *want)
{
    if (!codec.out) {
        FILE *nowhere = fopen("/dev/null", "w");
        CHECK(nowhere);
        CHECK(hlog_open(&codec, nowhere, 0.0, NULL) == 0);
    }
    struct err err = {0};
    const char *payload = hlog_encode(&codec, want);
    CHECK(payload);
    CHECK(hlog_decode(payload, &again, &err) == 0);
    CHECK(again.total == want->total);
    CHECK(memcmp(again.count, want->count, sizeof(want->count)) == 0);
}

static void check_payload(const char *payload)
{
    struct err err = {0};
    const int rc = hlog_decode(payload, &first, &err);

    if (rc == 0) {
        CHECK(first.total == 0 || first.min <= first.max);
        check_comes_back(&first);
        return;
    }
    CHECK(rc == -EINVAL);
    CHECK(err.text[0] != '\0');
    CHECK(first.total == 0);
}

static void check_text(const unsigned char *bytes, size_t count)
{
    char *text = malloc(count + 1); /* exact size, so that ASan sees the end */
    CHECK(text);
    memcpy(text, bytes, count);
    text[count] = '\0';
    check_payload(text);
    free(text);
}

static void put_be32(unsigned char *at, size_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void base64(const unsigned char *from, size_t count, char *out)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < count; i += 3) {
        unsigned char group[3] = {0};
        const size_t have = count - i < 3 ? count - i : 3;
        memcpy(group, from + i, have);
        *out++ = digit[group[0] >> 2];
        *out++ = digit[(group[0] & 3) << 4 | group[1] >> 4];
        *out++ = have > 1 ? digit[(group[1] & 15) << 2 | group[2] >> 6] : '=';
        *out++ = have > 2 ? digit[group[2] & 63] : '=';
    }
    *out = '\0';
}

/** Wrap a V2 histogram as the log does and decode that. */
static void check_raw(const unsigned char *bytes, size_t count, int right_length)
{
    static unsigned char raw[RAW_MAX], packed[8 + 2 * RAW_MAX];
    static char text[4 * RAW_MAX];

    if (count > RAW_MAX)
        return;
    memcpy(raw, bytes, count);
    if (right_length && count >= 40)
        put_be32(raw + 4, count - 40);
    uLongf body = sizeof(packed) - 8;
    CHECK(compress2(packed + 8, &body, raw, count, Z_NO_COMPRESSION) == Z_OK);
    put_be32(packed, 0x1c849314u);
    put_be32(packed + 4, body);
    base64(packed, 8 + body, text);
    check_payload(text);
}

/** Records of 4 bytes bucket and 6 bytes count: more than 2^32, which an idle loop reaches in an hour. */
static void check_counts(const unsigned char *bytes, size_t count)
{
    hist_reset(&first);
    for (; count >= 10; bytes += 10, count -= 10) {
        uint32_t bucket;
        uint64_t times = 0;
        memcpy(&bucket, bytes, 4);
        memcpy(&times, bytes + 4, 6);
        bucket %= hist_index(HIST_VALUE_MAX) + 1;
        if (times == 0)
            continue;
        first.count[bucket] += times;
        first.total += times;
        const uint64_t value = hist_low_at(bucket);
        first.min = value < first.min ? value : first.min;
        first.max = value > first.max ? value : first.max;
    }
    check_comes_back(&first);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count)
{
    if (count < 1)
        return 0;
    switch (bytes[0] % 4) {
    case 0:
        check_text(bytes + 1, count - 1);
        break;
    case 1:
    case 2:
        check_raw(bytes + 1, count - 1, bytes[0] % 4 == 2);
        break;
    case 3:
        check_counts(bytes + 1, count - 1);
        break;
    }
    return 0;
}
