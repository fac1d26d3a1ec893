/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the numbers people write: whatever the text, a parser returns with a value in its range or with a sentence, which
 * may be replaced by a better one, and a duration or share survives being written and read again.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/units.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count);

/** True when a value came out; a refusal must say why, and a better sentence must be one. */
static int accepted(int rc, const char *why, enum units_kind kind, const char *text)
{
    char better[160] = "";
    if (rc == 0)
        return 1;
    CHECK(rc == -EINVAL || rc == -ERANGE);
    CHECK(why && why[0] != '\0');
    const int found = units_explain(kind, text, better, sizeof(better));
    CHECK(found == (better[0] != '\0'));
    return 0;
}

static void check_ns(const char *text)
{
    const char *why = NULL;
    char written[40];
    uint64_t ns = 0, again = 0;

    if (!accepted(units_parse_ns(text, &ns, &why), why, UNITS_TIME, text))
        return;
    CHECK(units_parse_ns(units_format_ns(ns, written, sizeof(written)), &again, &why) == 0);
    CHECK(again == ns);
}

static void check_reals(const char *text)
{
    const char *why = NULL;
    char written[40];
    double value = -1.0, again = -1.0;

    if (accepted(units_parse_share(text, &value, &why), why, UNITS_SHARE, text)) {
        CHECK(value >= 0.0);
        CHECK(value <= 1.0);
        units_format_share(value, written, sizeof(written));
        CHECK(units_parse_share(written, &again, &why) == 0);
        CHECK(again >= value && again <= value);
    }
    why = NULL;
    if (accepted(units_parse_rate(text, &value, &why), why, UNITS_RATE, text))
        CHECK(isfinite(value) && value >= 0.0);
    why = NULL;
    if (accepted(units_parse_real(text, &value, &why), why, UNITS_REAL, text))
        CHECK(isfinite(value));
}

static void check_whole(const char *text)
{
    const char *why = NULL;
    uint64_t value = 0, bytes = 0;

    const int whole = accepted(units_parse_u64(text, &value, &why), why, UNITS_WHOLE, text);
    why = NULL;
    const int sized = accepted(units_parse_bytes(text, &bytes, &why), why, UNITS_SIZE, text);
    if (whole) { /* a bare number is that many bytes */
        CHECK(sized);
        CHECK(bytes == value);
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count)
{
    char *text = malloc(count + 1); /* exact size, so that ASan sees the end */
    CHECK(text);
    if (count > 0)
        memcpy(text, bytes, count);
    text[count] = '\0';

    check_ns(text);
    check_reals(text);
    check_whole(text);
    free(text);
    return 0;
}
