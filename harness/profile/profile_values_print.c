/* SPDX-License-Identifier: BSD-3-Clause */
/* Values as YAML that parses back to the same bits, for the resolved profile in results. */
#include "harness/profile/profile_values.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/units.h"

/** The first of 15, 16 and 17 digits that reads back to the same double. */
static void print_real(FILE *out, double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (memcmp(&(double){strtod(text, NULL)}, &value, sizeof(value)) == 0)
            break;
    }
    fputs(text, out);
}

/** In bytes, or where that is no whole number (1.5bit) in bits, which are exact. */
static void print_rate(FILE *out, double bytes_per_s)
{
    const bool whole = bytes_per_s - (double)(uint64_t)bytes_per_s == 0.0;
    if (whole)
        fprintf(out, "%llu", (unsigned long long)bytes_per_s);
    else
        print_real(out, bytes_per_s * 8.0);
    fputs(whole ? "" : "bit", out);
}

/** Plain where that is unmistakable, else double-quoted. */
static void print_text(FILE *out, const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-/";
    const bool bare = text[0] && strspn(text, plain) == strlen(text) && text[0] != '-';
    if (bare) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void print_row(FILE *out, const struct key_names *names, const void *row)
{
    const uint32_t count = keys_name_count(names);
    for (uint32_t i = 0; i < count; i++)
        if (keys_name_at(names, i).row == row)
            fputs(keys_name_at(names, i).name, out);
}

void profile_value_print(FILE *out, const struct key *key, const void *field)
{
    uint32_t narrow = 0;
    uint64_t whole = 0;
    double real = 0.0;
    const void *row = NULL;
    char text[64];
    switch (key->type) {
    case KEY_U32:
        memcpy(&narrow, field, sizeof(narrow));
        fprintf(out, "%u", narrow);
        return;
    case KEY_CHOICE:
        memcpy(&narrow, field, sizeof(narrow));
        fputs(keys_name_at(key->names, narrow).name, out);
        return;
    case KEY_U64:
    case KEY_SEEDS:
        memcpy(&whole, field, sizeof(whole));
        fprintf(out, "%llu", (unsigned long long)whole);
        return;
    case KEY_NS:
        memcpy(&whole, field, sizeof(whole));
        fputs(units_format_ns(whole, text, sizeof(text)), out);
        return;
    case KEY_BYTES:
        memcpy(&whole, field, sizeof(whole));
        fputs(profile_value_bytes(whole, text, sizeof(text)), out);
        return;
    case KEY_SHARE:
        memcpy(&real, field, sizeof(real));
        fputs(units_format_share(real, text, sizeof(text)), out);
        return;
    case KEY_REAL:
        memcpy(&real, field, sizeof(real));
        print_real(out, real);
        return;
    case KEY_RATE:
        memcpy(&real, field, sizeof(real));
        print_rate(out, real);
        return;
    case KEY_BOOL:
        fputs(*(const bool *)field ? "true" : "false", out);
        return;
    case KEY_ROW:
        memcpy(&row, field, sizeof(row));
        print_row(out, key->names, row);
        return;
    case KEY_TEXT:
    case KEY_WORD:
    case KEY_FILE:
    case KEY_LIBRARY:
    case KEY_FOLDER:
    case KEY_NAME:
        print_text(out, field);
        return;
    }
}
