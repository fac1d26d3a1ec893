/* SPDX-License-Identifier: BSD-3-Clause */
/* The way back: exact for profiles and results, three digits for people. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/units.h"

#define SECOND_NS 1000000000ull
#define MINUTE_NS (60 * SECOND_NS)
#define HOUR_NS (60 * MINUTE_NS)

/* `value` in units of `scale` (a power of ten) as a decimal without trailing zeros: 1500000, 1e6 -> 1.5 */
static void exact_decimal(uint64_t value, uint64_t scale, const char *unit, char out[40])
{
    char fraction[12] = ".";
    uint64_t rest = value % scale;
    uint32_t used = 1;
    for (uint64_t s = scale / 10; rest != 0; s /= 10) {
        fraction[used++] = (char)('0' + rest / s);
        rest %= s;
    }
    fraction[used > 1 ? used : 0] = '\0';
    snprintf(out, 40, "%llu%s%s", (unsigned long long)(value / scale), fraction, unit);
}

const char *units_format_ns(uint64_t ns, char *out, size_t size)
{
    static const struct {
        uint64_t scale;
        const char *name;
    } small[] = {{SECOND_NS, "s"}, {1000000, "ms"}, {1000, "us"}, {1, "ns"}};
    char tail[40] = "", hours[24] = "", minutes[8] = "";

    const uint64_t rest = ns % MINUTE_NS;
    if (ns >= HOUR_NS)
        snprintf(hours, sizeof(hours), "%lluh", (unsigned long long)(ns / HOUR_NS));
    if (ns / MINUTE_NS % 60 != 0)
        snprintf(minutes, sizeof(minutes), "%um", (unsigned)(ns / MINUTE_NS % 60));
    for (int i = 0; i < 4 && rest != 0; i++)
        if (rest >= small[i].scale) {
            exact_decimal(rest, small[i].scale, small[i].name, tail);
            break;
        }
    snprintf(out, size, "%s%s%s", hours, minutes, ns == 0 ? "0" : tail);
    return out;
}

const char *units_format_share(double share, char *out, size_t size)
{
    static const int digits[] = {6, 15, 16, 17}; /* the fewest first, for people */
    double back;
    const char *why;
    for (int i = 0; i < 4; i++) {
        snprintf(out, size, "%.*g%%", digits[i], share * 100.0);
        if (units_parse_share(out, &back, &why) == 0 && memcmp(&back, &share, sizeof(back)) == 0)
            return out;
    }
    /* share * 100 is rounded, and may be no neighbour of the text: move the point in the text instead */
    char exact[40];
    snprintf(exact, sizeof(exact), "%.16e", share);
    const char *const mark = strchr(exact, 'e');
    if (mark)
        snprintf(out, size, "%.*se%ld%%", (int)(mark - exact), exact,
                 strtol(mark + 1, NULL, 10) + 2);
    return out;
}

struct step {
    double scale;
    const char *name;
};

/* Largest step whose number, rounded to three digits, stays below 1000; the last one takes everything. */
static const char *three_digits(double value, const struct step *steps, int count, char *out,
                                size_t size)
{
    if (!isfinite(value)) {
        snprintf(out, size, "n/a");
        return out;
    }
    const double magnitude = fabs(value);
    int i = 0;
    while (i + 1 < count && magnitude / steps[i].scale >= steps[i + 1].scale / steps[i].scale)
        i++;
    while (i + 1 < count && magnitude / steps[i].scale >= 999.5)
        i++;
    const double shown = value / steps[i].scale;
    snprintf(out, size, fabs(shown) >= 999.5 ? "%.0f %s" : "%.3g %s", shown, steps[i].name);
    return out;
}

const char *units_short_ns(double ns, char *out, size_t size)
{
    static const struct step steps[] = {{1.0, "ns"}, {1e3, "us"}, {1e6, "ms"}, {1e9, "s"}};
    return three_digits(ns, steps, 4, out, size);
}

const char *units_short_bytes(double bytes, char *out, size_t size)
{
    static const struct step steps[] = {
        {1.0, "B"}, {0x1p10, "KiB"}, {0x1p20, "MiB"}, {0x1p30, "GiB"}, {0x1p40, "TiB"}};
    return three_digits(bytes, steps, 5, out, size);
}
