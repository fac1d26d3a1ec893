/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the CSV traces of delays: whatever the text, the parser returns, stays inside text and values, and what it
 * accepts is a full grid of positive times with the median among them. The last byte is the room for values, so that
 * full arrays are met too.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/inject/law.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count);

static void check_grid(const struct law_trace *trace, const double *seconds, uint32_t capacity)
{
    CHECK(trace->seconds == seconds);
    CHECK(trace->steps >= 1);
    CHECK(trace->workers >= 1);
    const uint64_t values = (uint64_t)trace->steps * trace->workers;
    CHECK(values <= capacity);

    uint64_t below = 0, above = 0;
    for (uint64_t i = 0; i < values; i++) {
        CHECK(isfinite(seconds[i]));
        CHECK(seconds[i] > 0.0);
        below += seconds[i] < trace->median_s;
        above += seconds[i] > trace->median_s;
    }
    CHECK(below <= values / 2);
    CHECK(above <= values / 2);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count)
{
    if (count < 1)
        return 0;
    const size_t length = count - 1;
    const uint32_t capacity = bytes[length];
    char *text = malloc(length); /* exact sizes and no terminator, so that ASan sees the ends */
    double *seconds = malloc(capacity * sizeof(*seconds));
    CHECK(text || length == 0);
    CHECK(seconds || capacity == 0);
    if (length > 0)
        memcpy(text, bytes, length);

    struct law_trace trace = {0};
    struct err err = {0};
    const int rc = law_trace_parse(text, length, seconds, capacity, &trace, &err);
    if (rc == 0) {
        check_grid(&trace, seconds, capacity);
    } else {
        CHECK(rc == -EINVAL || rc == -ENOSPC);
        CHECK(err.text[0] != '\0');
        CHECK(!trace.seconds); /* untouched after an error */
    }
    free(seconds);
    free(text);
    return 0;
}
