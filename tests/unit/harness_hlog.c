/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/base/rng.h"
#include "harness/record/hlog.h"

/* Written by org.HdrHistogram.Histogram(1, 3600000000000, 3) of Debian's libhdrhistogram-java 2.1.11. */
static const char *const java_empty = "HISTFAAAACF4nJNpmSzMwMDAyAABzFAayGd2M9ixgMH+A1QEAFKmBEw=";
/* 0 1 1 2047 2048 4097 3600000000000, and 300 times 1000000 */
static const char *const java_known =
    "HISTFAAAADN4nJNpmSzMwMAgyAABzFCaEch0M9ixgMH+A0SAieWnPBPTX36m/XU3WC7fZmICAMtbClc=";

static struct hist *new_hist(void)
{
    struct hist *hist = calloc(1, sizeof(*hist));
    hist_reset(hist);
    return hist;
}

static struct hist *known(void)
{
    static const uint64_t values[] = {0, 1, 1, 2047, 2048, 4097, HIST_VALUE_MAX};
    struct hist *hist = new_hist();
    for (uint32_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        hist_record(hist, values[i]);
    for (uint32_t i = 0; i < 300; i++)
        hist_record(hist, 1000000);
    return hist;
}

static struct hlog open_log(FILE **out, char **text, size_t *size)
{
    struct hlog log;
    *out = open_memstream(text, size);
    cr_assert_eq(hlog_open(&log, *out, 1750000000.25, NULL), 0);
    return log;
}

Test(hlog, reads_what_the_reference_wrote)
{
    struct hist *got = new_hist();
    struct hist *want = known();
    struct err err = {""};

    cr_assert_eq(hlog_decode(java_known, got, &err), 0, "%s", err.text);

    cr_expect_arr_eq(got->count, want->count, sizeof(want->count));
    cr_expect_eq(got->total, 307);
    cr_assert_eq(hlog_decode(java_empty, got, &err), 0, "%s", err.text);
    cr_expect_eq(got->total, 0);
    free(got);
    free(want);
}

Test(hlog, writes_the_reference_s_bytes_before_compression)
{
    FILE *out;
    char *text;
    size_t size;
    struct hlog log = open_log(&out, &text, &size);
    struct hist *want = known();
    struct hist *got = new_hist();

    const char *payload = hlog_encode(&log, want);

    /* zlib versions differ in their output, so the reference's own text is compared decoded (above) */
    cr_assert_eq(strncmp(payload, "HISTF", 5), 0, "readers look for this start");
    cr_assert_eq(hlog_decode(payload, got, NULL), 0);
    cr_expect_arr_eq(got->count, want->count, sizeof(want->count));
    hlog_close(&log);
    fclose(out);
    free(text);
    free(want);
    free(got);
}

Test(hlog, keeps_every_count_and_percentile_through_a_round_trip)
{
    FILE *out;
    char *text;
    size_t size;
    struct hlog log = open_log(&out, &text, &size);
    for (uint64_t seed = 0; seed < 8; seed++) {
        const uint64_t key = rng_key(seed, RNG_TEST, 0);
        struct hist *want = new_hist();
        struct hist *got = new_hist();
        for (uint32_t i = 0; i < 3000; i++)
            hist_record(want, rng_at(key, i) >> (20 + rng_at(key, 7000 + i) % 44));

        cr_assert_eq(hlog_decode(hlog_encode(&log, want), got, NULL), 0, "seed %lu", seed);

        cr_assert_arr_eq(got->count, want->count, sizeof(want->count), "seed %lu", seed);
        cr_expect_eq(hist_percentile(got, 99), hist_percentile(want, 99), "seed %lu", seed);
        free(want);
        free(got);
    }
    hlog_close(&log);
    fclose(out);
    free(text);
}

Test(hlog, carries_counts_beyond_thirty_two_bits)
{
    FILE *out;
    char *text;
    size_t size;
    struct hlog log = open_log(&out, &text, &size);
    struct hist *want = new_hist();
    struct hist *got = new_hist();
    hist_record(want, 5);
    want->count[5] = 1ull << 40;
    want->total = 1ull << 40;

    cr_assert_eq(hlog_decode(hlog_encode(&log, want), got, NULL), 0);

    cr_expect_eq(got->count[5], 1ull << 40);
    cr_expect_eq(got->total, 1ull << 40);
    hlog_close(&log);
    fclose(out);
    free(text);
    free(want);
    free(got);
}

Test(hlog, writes_header_and_one_line_per_tag_even_when_empty)
{
    FILE *out;
    char *text;
    size_t size;
    struct hlog log = open_log(&out, &text, &size);
    struct hist *none = new_hist();
    struct hist *some = known();

    cr_assert_eq(hlog_write(&log, "a/seed-1/handle/worker-0", 0.5, 4, none), 0);
    cr_assert_eq(hlog_write(&log, "with, blank", 1, 4, some), 0);
    cr_assert_eq(hlog_flush(&log), 0);

    cr_expect_eq(
        strncmp(text, "#[Histogram log format version 1.3]\n#[StartTime: 1750000000.250 ", 64), 0);
    cr_expect(strstr(text, "\nTag=a/seed-1/handle/worker-0,0.500,4.000,0.000000,HISTF") != NULL);
    cr_expect(strstr(text, "\nTag=with__blank,1.000,4.000,3600000.000000,HISTF") != NULL, "%s",
              text);
    hlog_close(&log);
    fclose(out);
    free(text);
    free(none);
    free(some);
}

Test(hlog, refuses_damaged_payloads_with_a_reason)
{
    FILE *out;
    char *text;
    size_t size;
    struct hlog log = open_log(&out, &text, &size);
    struct hist *want = known();
    struct hist *got = new_hist();
    char *whole = strdup(hlog_encode(&log, want));
    const size_t length = strlen(whole);
    struct err err;

    for (size_t cut = 0; cut < length; cut += 3) {
        char *part = strndup(whole, cut);
        cr_assert_eq(hlog_decode(part, got, &err), -EINVAL, "cut at %zu", cut);
        cr_assert_neq(*err.text, '\0');
        cr_assert_eq(got->total, 0, "nothing half-read stays behind");
        free(part);
    }
    for (size_t at = 0; at < length; at++) {
        char *bent = strdup(whole);
        bent[at] = bent[at] == 'A' ? 'B' : 'A';
        hlog_decode(bent, got, &err); /* zlib's checksum finds it, or it changed nothing */
        free(bent);
    }
    hlog_close(&log);
    fclose(out);
    free(text);
    free(whole);
    free(want);
    free(got);
}
