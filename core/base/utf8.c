/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/base/utf8.h"

#include <stdio.h>
#include <string.h>

/** Bytes of the character that begins with this one; 0: none does. */
static uint32_t length_from(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if ((first & 0xE0) == 0xC0)
        return 2;
    if ((first & 0xF0) == 0xE0)
        return 3;
    return (first & 0xF8) == 0xF0 ? 4 : 0;
}

/** Surrogates are halves of characters, of another encoding. */
static int is_character(uint32_t code)
{
    return code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF);
}

uint32_t utf8_decode(const char *text, size_t left, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *const at = (const unsigned char *)text;
    const uint32_t bytes = left == 0 ? 0 : length_from(at[0]);
    if (bytes == 0 || bytes > left)
        return 0;
    *code = bytes == 1 ? at[0] : at[0] & (0x7Fu >> bytes);
    for (uint32_t i = 1; i < bytes; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        *code = *code << 6 | (at[i] & 0x3Fu);
    }
    return *code >= least[bytes] && is_character(*code) ? bytes : 0;
}

/** Ascending ranges. `instead`: what was meant, "" = nothing. */
static const struct deceiver {
    uint32_t first, last;
    const char *name, *instead;
    int invisible;
} deceivers[] = {
    {0x09, 0x09, "tab", " ", 1},
    {0xA0, 0xA0, "no-break space", " ", 1},
    {0xAD, 0xAD, "soft hyphen", "", 1},
    {0x61C, 0x61C, "Arabic letter mark", "", 1},
    {0x2000, 0x200A, "typographic space", " ", 1},
    {0x200B, 0x200B, "zero width space", "", 1},
    {0x200C, 0x200D, "zero width joiner", "", 1},
    {0x200E, 0x200F, "direction mark", "", 1},
    {0x2010, 0x2011, "hyphen", "-", 0},
    {0x2012, 0x2015, "dash", "-", 0},
    {0x2018, 0x201B, "typographic quotation mark", "'", 0},
    {0x201C, 0x201F, "typographic quotation mark", "\"", 0},
    {0x2028, 0x2029, "line separator", "", 1},
    {0x202A, 0x202E, "direction control", "", 1},
    {0x202F, 0x202F, "narrow no-break space", " ", 1},
    {0x205F, 0x205F, "mathematical space", " ", 1},
    {0x2060, 0x2064, "word joiner", "", 1},
    {0x2066, 0x206F, "direction control", "", 1},
    {0x2212, 0x2212, "minus sign", "-", 0},
    {0x3000, 0x3000, "ideographic space", " ", 1},
    {0xFEFF, 0xFEFF, "byte order mark", "", 1},
    {0xFF0C, 0xFF0C, "full-width comma", ",", 0},
    {0xFF0E, 0xFF0E, "full-width full stop", ".", 0},
    {0xFF05, 0xFF05, "full-width percent sign", "%", 0},
    {0xFF1A, 0xFF1A, "full-width colon", ":", 0},
};

static const struct deceiver *find(uint32_t code)
{
    for (uint32_t i = 0; i < sizeof(deceivers) / sizeof(deceivers[0]); i++)
        if (code >= deceivers[i].first && code <= deceivers[i].last)
            return &deceivers[i];
    return NULL;
}

/** Digits of other scripts that YAML takes for letters: full-width, Arabic-Indic, Persian, Devanagari. */
static const char *digit_of(uint32_t code)
{
    static const uint32_t zero[] = {0xFF10, 0x660, 0x6F0, 0x966};
    static const char digit[10][2] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    for (uint32_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
        if (code >= zero[i] && code < zero[i] + 10)
            return digit[code - zero[i]];
    return NULL;
}

int utf8_is_invisible(uint32_t code)
{
    const struct deceiver *const found = find(code);
    return found && found->invisible;
}

uint32_t utf8_deceiving(const char *text, size_t *offset, char *name, const char **instead)
{
    const size_t length = strlen(text);
    for (size_t i = 0; i < length;) {
        uint32_t code = 0;
        const uint32_t bytes = utf8_decode(text + i, length - i, &code);
        if (bytes == 0)
            return 0;
        const struct deceiver *const found = find(code);
        const char *const digit = digit_of(code);
        if (found || digit) {
            snprintf(name, UTF8_NAME_BYTES, "U+%04X (%s%s)", code,
                     found ? found->name : "the digit ", found ? "" : digit);
            *instead = found ? found->instead : digit;
            *offset = i;
            return bytes;
        }
        i += bytes;
    }
    return 0;
}
