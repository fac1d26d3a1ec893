/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why a number was refused, in the words of its author: what he meant is often plain (`1min`, `0,5`, `10,000`, `1 ms`),
 * and then the sentence is what to write instead. Parsing knows nothing of this; it only says no.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/units.h"

#define PIECE 40 /* characters of a text that a sentence repeats */

/** What people write for a unit. Compared without case, after the units themselves. */
struct spelling {
    const char *written, *meant;
};

static const struct spelling time_spellings[] = {
    {"ns", "ns"},
    {"nsec", "ns"},
    {"nanosecond", "ns"},
    {"us", "us"},
    {"usec", "us"},
    {"microsecond", "us"},
    {"ms", "ms"},
    {"msec", "ms"},
    {"millisecond", "ms"},
    {"s", "s"},
    {"sec", "s"},
    {"second", "s"},
    {"m", "m"},
    {"min", "m"},
    {"minute", "m"},
    {"h", "h"},
    {"hr", "h"},
    {"hour", "h"},
    {"d", "h (24h are a day)"},
    {"day", "h (24h are a day)"},
};
static const struct spelling size_spellings[] = {
    {"b", "B"},
    {"byte", "B"},
    {"k", "kB (1000) or KiB (1024)"},
    {"kb", "kB (1000) or KiB (1024)"},
    {"kib", "KiB"},
    {"mib", "MiB"},
    {"m", "MB (1000^2) or MiB (1024^2)"},
    {"mb", "MB (1000^2) or MiB (1024^2)"},
    {"gib", "GiB"},
    {"g", "GB (1000^3) or GiB (1024^3)"},
    {"gb", "GB (1000^3) or GiB (1024^3)"},
    {"t", "GB, a thousand of them"},
    {"tb", "GB, a thousand of them"},
    {"tib", "GiB, 1024 of them"},
    {"bit", "B (a size counts bytes)"},
    {"kbit", "kB (a size counts bytes)"},
    {"mbit", "MB (a size counts bytes)"},
    {"gbit", "GB (a size counts bytes)"},
};
static const struct spelling rate_spellings[] = {
    {"bit", "bit"},       {"bps", "bit"},       {"kbit", "kbit"},
    {"kbps", "kbit"},     {"mbit", "Mbit"},     {"mbps", "Mbit"},
    {"gbit", "Gbit"},     {"gbps", "Gbit"},     {"tbit", "Gbit, a thousand of them"},
    {"b", "bit or B"},    {"byte", "B"},        {"k", "kbit or kB"},
    {"kb", "kbit or kB"}, {"m", "Mbit or MB"},  {"mb", "Mbit or MB"},
    {"g", "Gbit or GB"},  {"gb", "Gbit or GB"}, {"kib", "KiB"},
    {"mib", "MiB"},       {"gib", "GiB"},
};
static const struct spelling share_spellings[] = {
    {"percent", "%"},
    {"pct", "%"},
    {"perc", "%"},
    {"pc", "%"},
};
static const struct spelling thousands[] = {{"k", "000"}, {"m", "000000"}, {"g", "000000000"}};

#define SPELLINGS(array) array, (uint32_t)(sizeof(array) / sizeof((array)[0]))

static const struct kind {
    const char *valid; /* units, for a sentence; NULL: takes none */
    const char *units; /* the same, space-separated */
    bool fractions;
    const struct spelling *spelling;
    uint32_t spellings;
} kinds[] = {
    [UNITS_TIME] = {"ns, us, ms, s, m or h", " ns us ms s m h ", true, SPELLINGS(time_spellings)},
    [UNITS_SIZE] = {"B, kB, MB, GB (1000) or KiB, MiB, GiB (1024)",
                    " B k m g KiB MiB GiB kB MB GB ", true, SPELLINGS(size_spellings)},
    [UNITS_RATE] = {"bit, kbit, Mbit, Gbit, B, kB, MB or GB",
                    " bit kbit Mbit Gbit B KiB MiB GiB kB MB GB ", true, SPELLINGS(rate_spellings)},
    [UNITS_SHARE] = {"%", " % ", true, SPELLINGS(share_spellings)},
    [UNITS_WHOLE] = {NULL, "", false, SPELLINGS(thousands)},
    [UNITS_REAL] = {NULL, "", true, SPELLINGS(thousands)},
};

struct why {
    char *out;
    size_t size;
};

#define SAY(why, ...) ((void)snprintf((why)->out, (why)->size, __VA_ARGS__), true)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '%' || (unsigned char)c >= 0x80;
}

/** Digits, points, and whatever else stands between two digits: `10,000`, `1_000`, `1'000`, `1 000`, `1.5`. */
static size_t number_span(const char *text)
{
    size_t n = 0;
    while (is_digit(text[n]) || text[n] == '.' ||
           (n > 0 && text[n] && strchr(",_' ", text[n]) && is_digit(text[n - 1]) &&
            is_digit(text[n + 1])))
        n++;
    return n;
}

/** The number without the characters of `drop`; `point` (or 0) is written as the decimal point. */
static void respell(const char *number, size_t length, const char *drop, char point,
                    char out[PIECE + 1])
{
    size_t used = 0;
    for (size_t i = 0; i < length && used < PIECE; i++)
        if (point && number[i] == point)
            out[used++] = '.';
        else if (!strchr(drop, number[i]))
            out[used++] = number[i];
    out[used] = '\0';
}

/** Does every separator stand before exactly three digits? */
static bool in_threes(const char *number, size_t length, char separator)
{
    for (size_t i = 0; i < length; i++) {
        size_t digits = 0;
        while (number[i] == separator && i + 1 + digits < length &&
               is_digit(number[i + 1 + digits]))
            digits++;
        if (number[i] == separator && digits != 3)
            return false;
    }
    return true;
}

static uint32_t count_of(const char *number, size_t length, char wanted)
{
    uint32_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += number[i] == wanted;
    return count;
}

/** One comma and no other separator: it may stand for a point, or between thousands. */
static bool explain_comma(const struct why *why, const struct kind *kind, const char *number,
                          size_t length, const char *rest)
{
    char plain[PIECE + 1], decimal[PIECE + 1];
    const bool in_thousands = in_threes(number, length, ',');
    respell(number, length, ",", 0, plain);
    respell(number, length, "", ',', decimal);
    if (in_thousands && !kind->fractions)
        return SAY(why, "digits stand without separators: write %s%.10s", plain, rest);
    if (in_thousands && *number != '0')
        return SAY(why, "a comma may mean two things: write %s%.10s or %s%.10s", plain, rest,
                   decimal, rest);
    return SAY(why, "the decimal sign is a point: write %s%.10s", decimal, rest);
}

/** `1.000,5` */
static bool is_point_before_comma(const char *number, size_t length)
{
    const char *const point = memchr(number, '.', length);
    const char *const comma = memchr(number, ',', length);
    return point && comma && point < comma && count_of(number, length, '.') == 1 &&
           point < number + length - 1;
}

/** Digits in groups, in whatever way: 1 000, 1_000, 1'000, 1,000,000, 1.000.000. */
static bool is_grouped(const char *number, size_t length)
{
    static const char separators[] = ",_' ";
    const uint32_t points = count_of(number, length, '.');
    for (const char *c = separators; *c; c++)
        if (count_of(number, length, *c) > 0)
            return true;
    return points > 1 && in_threes(number, length, '.');
}

static bool explain_separators(const struct why *why, const struct kind *kind, const char *number,
                               size_t length, const char *rest)
{
    char plain[PIECE + 1];
    const uint32_t commas = count_of(number, length, ','), points = count_of(number, length, '.');
    if (length > PIECE)
        return false;
    if (commas == 1 && strcspn(number, "._' ") >= length)
        return explain_comma(why, kind, number, length, rest);
    if (is_point_before_comma(number, length)) {
        respell(number, length, ".", ',', plain);
        return commas == 1 && SAY(why, "the decimal sign is a point: write %s%.10s", plain, rest);
    }
    if (!is_grouped(number, length))
        return false;
    respell(number, length, points > 1 ? ",_' ." : ",_' ", 0, plain);
    return SAY(why, "digits stand without separators: write %s%.10s", plain, rest);
}

static bool explain_point(const struct why *why, const char *number, size_t length,
                          const char *rest)
{
    if (count_of(number, length, '.') != 1 || length > PIECE || length < 2)
        return false;
    if (number[0] == '.')
        return SAY(why, "write 0%.*s%.10s", (int)length, number, rest);
    if (number[length - 1] == '.')
        return SAY(why, "write %.*s%.10s", (int)length - 1, number, rest);
    return false;
}

/** `1e3ms`, `1e6` where a whole number is due. */
static bool explain_exponent(const struct why *why, const char *number, const char *rest)
{
    const char *digits = rest + 1;
    if (*rest != 'e' && *rest != 'E')
        return false;
    digits += *digits == '+' || *digits == '-';
    if (!is_digit(*digits))
        return false;
    char *end;
    const double value = strtod(number, &end);
    if (value < 1e15 && value >= 1e-6)
        return SAY(why, "takes no exponent: write %.15g%.10s", value, end);
    return SAY(why, "takes no exponent: write all digits");
}

static bool is_unit(const struct kind *kind, const char *word, size_t length)
{
    char padded[PIECE + 3];
    if (length > PIECE)
        return false;
    snprintf(padded, sizeof(padded), " %.*s ", (int)length, word);
    return strstr(kind->units, padded) != NULL;
}

/** `sec`, `Secs`, `Mbit`: a plural is taken for its singular. */
static const char *meant_by(const struct kind *kind, const char *word, size_t length)
{
    for (uint32_t i = 0; i < kind->spellings; i++) {
        const char *const written = kind->spelling[i].written;
        const size_t bytes = strlen(written);
        const bool plural =
            length == bytes + 1 && bytes > 1 && (word[bytes] == 's' || word[bytes] == 'S');
        if ((length == bytes || plural) && strncasecmp(written, word, bytes) == 0)
            return kind->spelling[i].meant;
    }
    return NULL;
}

static bool explain_plain(const struct why *why, const struct kind *kind, const char *number,
                          size_t length, const char *word, size_t word_length)
{
    const char *const zeros = meant_by(kind, word, word_length);
    const bool whole = !memchr(number, '.', length);
    if (length > PIECE || word_length > PIECE)
        return false;
    if (zeros && whole)
        return SAY(why, "takes no unit: write %.*s%s", (int)length, number, zeros);
    if (word_length == 1 && *word == '%')
        return SAY(why, "takes no %%: write %.15g", strtod(number, NULL) / 100.0);
    return SAY(why, "takes no unit, but '%.*s' follows the number", (int)word_length, word);
}

/** The piece behind one number. Returns the text behind a valid unit, or NULL; *said tells whether a sentence was made. */
static const char *explain_unit(const struct why *why, const struct kind *kind, const char *number,
                                size_t length, const char *rest, bool *said)
{
    const size_t space = strspn(rest, " ");
    const char *const word = rest + space;
    size_t bytes = 0;
    while (is_letter(word[bytes]))
        bytes++;
    if (bytes == 0 || bytes > PIECE)
        return NULL;
    if (!kind->valid) {
        *said = explain_plain(why, kind, number, length, word, bytes);
        return NULL;
    }
    const char *const meant = meant_by(kind, word, bytes);
    if (is_unit(kind, word, bytes) && space == 0)
        return word + bytes;
    if (is_unit(kind, word, bytes))
        *said = SAY(why, "no space before a unit: write %.*s%.*s", (int)length, number, (int)bytes,
                    word);
    else if (meant)
        *said = SAY(why, "unknown unit '%.*s'; use %s", (int)bytes, word, meant);
    else
        *said = SAY(why, "unknown unit '%.*s'; use %s", (int)bytes, word, kind->valid);
    return NULL;
}

/** A share without its sign has two readings, and the other one is a hundred times as much. */
static bool explain_share(const struct why *why, const char *text)
{
    char *end;
    const double value = strtod(text, &end);
    if (*end || end == text || value < 0 || value > 100)
        return false;
    if (value > 1)
        return SAY(why, "a share needs its %% sign: write %.15g%%", value);
    return SAY(why, "%.15g%% or %.15g%%? a share needs its %% sign", value, value * 100);
}

/** What is wrong with the number before `rest`, whatever its unit. */
static bool explain_number(const struct why *why, enum units_kind of, const char *at, size_t length,
                           const char *rest)
{
    const bool whole = of != UNITS_REAL && of != UNITS_SHARE;
    return explain_separators(why, &kinds[of], at, length, rest) ||
           explain_point(why, at, length, rest) || (whole && explain_exponent(why, at, rest));
}

int units_explain(enum units_kind of, const char *text, char *out, size_t size)
{
    const struct kind *const kind = &kinds[of];
    const struct why why = {out, size};
    bool said = of == UNITS_SHARE && explain_share(&why, text);
    const char *at = text + (of == UNITS_REAL && *text == '-');
    while (at && !said) {
        const size_t length = number_span(at);
        const char *const rest = at + length;
        if (length == 0)
            return 0;
        said = explain_number(&why, of, at, length, rest);
        if (!said)
            at = explain_unit(&why, kind, at, length, rest, &said);
    }
    return said;
}
