/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Write a .hlog of pseudo-random histograms, and beside it what our own percentiles say about each of them:
 * make_log LOG EXPECTED. Every line of EXPECTED is `tag,total,p50,p90,p99,p99.9,max`.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/hist.h"
#include "core/base/rng.h"
#include "harness/record/hlog.h"

#define LOGS 24u

/* Number 0 stays empty; the others spread over ever more powers of two, up to values that are clipped. */
static void fill(struct hist *hist, uint32_t number)
{
    const uint64_t key = rng_key(number, RNG_TEST, 0);
    const uint32_t samples = number == 0 ? 0 : number == 1 ? 1 : 500 * number;
    hist_reset(hist);
    for (uint32_t i = 0; i < samples; i++) {
        const uint32_t bits = 1 + (uint32_t)(rng_at(key, 2 * i) % (2 * number + 1));
        hist_record(hist, rng_at(key, 2 * i + 1) >> (64 - bits));
    }
}

static void expect(FILE *out, const char *tag, const struct hist *hist)
{
    static const double p[] = {50, 90, 99, 99.9, 100};
    fprintf(out, "%s,%" PRIu64, tag, hist->total);
    for (uint32_t i = 0; i < sizeof(p) / sizeof(p[0]); i++)
        fprintf(out, ",%" PRIu64, hist_percentile(hist, p[i]));
    fputc('\n', out);
}

int main(int argc, char **argv)
{
    static struct hist hist;
    struct hlog log;
    struct err err = {""};
    FILE *out = argc == 3 ? fopen(argv[1], "w") : NULL;
    FILE *expected = out ? fopen(argv[2], "w") : NULL;
    if (!expected || hlog_open(&log, out, 1750000000, &err) != 0) {
        fprintf(stderr, "usage: make_log LOG EXPECTED (both writable) %s\n", err.text);
        return 2;
    }
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < LOGS; i++) {
        char tag[64];
        snprintf(tag, sizeof(tag), "aau/seed-%u/handle/worker-%u", i, i % 4);
        fill(&hist, i);
        rc = hlog_write(&log, tag, i, 1, &hist);
        expect(expected, tag, &hist);
    }
    rc = rc ? rc : hlog_flush(&log);
    hlog_close(&log);
    return fclose(out) != 0 || fclose(expected) != 0 || rc != 0;
}
