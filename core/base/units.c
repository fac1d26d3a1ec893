/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers with units, exactly: `1.5ms` is 1500000 ns by integer arithmetic, never by a double that is nearly so.
 * A value finer than the smallest unit (0.5 ns, 0.1 byte) is refused, because rounding would hide it.
 */
#include "core/base/units.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

struct unit {
    const char *name;
    uint64_t scale;
};

/* Longest first among units that begin alike: `ms` before `m`. Compounds must go down this list by scale. */
static const struct unit time_units[] = {
    {"h", 3600000000000ull}, {"ms", 1000000}, {"m", 60000000000ull}, {"ns", 1}, {"us", 1000},
    {"\xc2\xb5s", 1000}, /* U+00B5 micro sign */
    {"\xce\xbcs", 1000}, /* U+03BC Greek mu, which looks the same */
    {"s", 1000000000},
};

static const struct unit size_units[] = {
    {"KiB", 1ull << 10}, {"MiB", 1ull << 20},
    {"GiB", 1ull << 30}, {"kB", 1000},
    {"MB", 1000000},     {"GB", 1000000000},
    {"k", 1ull << 10},   {"m", 1ull << 20},
    {"g", 1ull << 30},   {"B", 1},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int refuse(const char **why, int code, const char *sentence)
{
    *why = sentence;
    return code;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const struct unit *unit_here(const char *text, const struct unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(text, units[i].name, strlen(units[i].name)) == 0)
            return &units[i];
    return NULL;
}

/* digits[.digits] as mantissa / 10^decimals; both fit easily because of the length limit. */
struct decimal {
    wide mantissa;
    wide divisor;
};

#define DIGITS_MAX 24u /* 2^64 has 20; 10^24 times the largest scale stays below 2^128 */

/* Appends up to `most` digits to the number; returns what follows them. */
static const char *take_digits(const char *at, uint32_t most, wide *number)
{
    for (; most > 0 && is_digit(*at); at++, most--)
        *number = *number * 10u + (uint32_t)(*at - '0');
    return at;
}

/* Reads the number at *text and moves past it. */
static int take_decimal(const char **text, struct decimal *out, const char **why)
{
    const char *at = *text;
    *out = (struct decimal){.mantissa = 0, .divisor = 1};
    if (*at == '-')
        return refuse(why, -EINVAL, "must not be negative");
    if (!is_digit(*at))
        return refuse(why, -EINVAL, "expected a number, such as 10");

    at += strspn(at, "0"); /* leading zeros are no digits of the limit */
    const char *const whole = at;
    at = take_digits(at, DIGITS_MAX, &out->mantissa);
    uint32_t digits = (uint32_t)(at - whole);
    if (*at == '.' && is_digit(at[1])) {
        const char *const fraction = at + 1;
        at = take_digits(fraction, DIGITS_MAX - digits, &out->mantissa);
        digits += (uint32_t)(at - fraction);
        for (const char *c = fraction; c < at; c++)
            out->divisor *= 10u;
    }
    if (digits == DIGITS_MAX && is_digit(*at))
        return refuse(why, -ERANGE, "has too many digits");
    *text = at;
    return 0;
}

/* Adds number * scale to *sum, if that is a whole number that fits. */
static int add_scaled(uint64_t *sum, const struct decimal *number, uint64_t scale, const char **why)
{
    const wide product = number->mantissa * scale;
    if (product % number->divisor != 0)
        return refuse(why, -EINVAL, "is finer than the smallest unit (1 ns, 1 byte)");
    const wide whole = product / number->divisor;
    if (whole > UINT64_MAX - *sum)
        return refuse(why, -ERANGE, "is too large");
    *sum += (uint64_t)whole;
    return 0;
}

int units_parse_ns(const char *text, uint64_t *ns, const char **why)
{
    uint64_t sum = 0, scale_before = UINT64_MAX;
    const char *at = text;
    do {
        struct decimal number;
        int rc = take_decimal(&at, &number, why);
        if (rc)
            return rc;
        if (*at == '\0' && at - text == 1 && text[0] == '0')
            break;
        const struct unit *unit = unit_here(at, time_units, COUNT(time_units));
        if (!unit)
            return refuse(why, -EINVAL,
                          *at ? "unknown time unit; use ns, us, ms, s, m or h, without spaces"
                              : "a time needs a unit: ns, us, ms, s, m or h");
        if (unit->scale >= scale_before)
            return refuse(why, -EINVAL, "units of a compound time must go down, such as 1m30s");
        rc = add_scaled(&sum, &number, unit->scale, why);
        if (rc)
            return rc;
        scale_before = unit->scale;
        at += strlen(unit->name);
    } while (*at);
    *ns = sum;
    return 0;
}

int units_parse_bytes(const char *text, uint64_t *bytes, const char **why)
{
    const char *at = text;
    struct decimal number;
    int rc = take_decimal(&at, &number, why);
    if (rc)
        return rc;
    uint64_t scale = 1;
    if (*at) {
        const struct unit *unit = unit_here(at, size_units, COUNT(size_units));
        if (!unit || at[strlen(unit->name)] != '\0')
            return refuse(
                why, -EINVAL,
                "unknown size unit; use B, k, m, g, KiB, MiB, GiB (1024) or kB, MB, GB (1000)");
        scale = unit->scale;
    }
    uint64_t sum = 0;
    rc = add_scaled(&sum, &number, scale, why);
    if (rc)
        return rc;
    *bytes = sum;
    return 0;
}

/* strtod, less what people do not mean in a profile: spaces, hexadecimal, nan and inf. */
static int take_real(const char *text, double *value, const char **rest, const char **why)
{
    const size_t length = strspn(text, "0123456789.eE+-");
    if (length == 0)
        return refuse(why, -EINVAL, "expected a number, such as 0.1");
    char *end;
    const double parsed = strtod(text, &end);
    if (end == text || end > text + length)
        return refuse(why, -EINVAL, "expected a decimal number, such as 0.1");
    if (!isfinite(parsed))
        return refuse(why, -ERANGE, "is too large");
    *value = parsed;
    *rest = end;
    return 0;
}

/* `33.3%` is read as 33.3e-2, which rounds once; 33.3 / 100 would round twice, and not every share could be written. */
static int take_percent(const char *text, const char *sign, double *share, const char **why)
{
    char moved[64];
    char *end;
    const size_t length = (size_t)(sign - text);
    const char *const mark = strpbrk(text, "eE");
    const size_t digits = mark ? (size_t)(mark - text) : length;
    const long exponent = mark ? strtol(mark + 1, NULL, 10) : 0;
    if (digits >= sizeof(moved) - 24 || exponent < -1000 || exponent > 1000)
        return refuse(why, -ERANGE, "has too many digits");
    snprintf(moved, sizeof(moved), "%.*se%ld", (int)digits, text, exponent - 2);
    *share = strtod(moved, &end);
    return 0;
}

int units_parse_share(const char *text, double *share, const char **why)
{
    double value = 0.0;
    const char *rest;
    int rc = take_real(text, &value, &rest, why);
    if (rc)
        return rc;
    if (value < 0.0)
        return refuse(why, -EINVAL, "must not be negative");
    const bool nothing = fpclassify(value) == FP_ZERO;
    if (*rest == '\0' && !nothing)
        return refuse(why, -EINVAL, "a share needs its % sign, such as 10%");
    if (*rest && strcmp(rest, "%") != 0)
        return refuse(why, -EINVAL, "junk after the number; write a share as 10%");
    if (value > 100.0)
        return refuse(why, -ERANGE, "a share is at most 100%");
    if (!nothing)
        return take_percent(text, rest, share, why);
    *share = 0.0;
    return 0;
}

/* A number of bits, less its unit: as a double, because half a bit per second is a rate, too. */
static int take_bits(const char *text, size_t length, double scale, double *bytes_per_s,
                     const char **why)
{
    char plain[64];
    double value = 0.0;
    snprintf(plain, sizeof(plain), "%.*s", (int)length, text);
    const int rc = units_parse_real(plain, &value, why);
    if (rc)
        return rc;
    if (value < 0.0)
        return refuse(why, -EINVAL, "must not be negative");
    *bytes_per_s = value * scale;
    return 0;
}

int units_parse_rate(const char *text, double *bytes_per_s, const char **why)
{
    static const struct {
        const char *name;
        double bytes;
    } bits[] = {{"Gbit", 1e9 / 8}, {"Mbit", 1e6 / 8}, {"kbit", 1e3 / 8}, {"bit", 1.0 / 8}};
    char plain[64];
    size_t length = strlen(text);
    if (length >= sizeof(plain))
        return refuse(why, -ERANGE, "has too many digits");
    if (length > 2 && strcmp(text + length - 2, "/s") == 0)
        length -= 2;
    snprintf(plain, sizeof(plain), "%.*s", (int)length, text);
    for (uint32_t i = 0; i < COUNT(bits); i++) {
        const size_t suffix = strlen(bits[i].name);
        if (length > suffix && strcmp(plain + length - suffix, bits[i].name) == 0)
            return take_bits(plain, length - suffix, bits[i].bytes, bytes_per_s, why);
    }
    if (length > 1 && strchr("kmg", plain[length - 1]))
        return refuse(why, -EINVAL, "unknown unit of a rate; use Mbit or MB");
    uint64_t bytes = 0;
    const int rc = units_parse_bytes(plain, &bytes, why);
    if (rc == 0)
        *bytes_per_s = (double)bytes;
    return rc;
}

int units_parse_u64(const char *text, uint64_t *value, const char **why)
{
    const char *at = text;
    struct decimal number;
    const int rc = take_decimal(&at, &number, why);
    if (rc)
        return rc;
    if (*at || number.divisor != 1)
        return refuse(why, -EINVAL, "expected a whole number, such as 10");
    if (number.mantissa > UINT64_MAX)
        return refuse(why, -ERANGE, "is too large");
    *value = (uint64_t)number.mantissa;
    return 0;
}

int units_parse_real(const char *text, double *value, const char **why)
{
    double parsed = 0.0;
    const char *rest;
    const int rc = take_real(text, &parsed, &rest, why);
    if (rc)
        return rc;
    if (*rest)
        return refuse(why, -EINVAL, "junk after the number");
    *value = parsed;
    return 0;
}
