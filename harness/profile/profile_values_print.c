/* SPDX-License-Identifier: BSD-3-Clause */
/* Values as YAML that parses back to the same bits, for the resolved profile in results. */
#include "harness/profile/profile_values.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/units.h"

/* ----------------------------------------------------------------------------- a value of each type, in its field */

static uint32_t narrow(const void *field)
{
    uint32_t value;
    memcpy(&value, field, sizeof(value));
    return value;
}

static uint64_t whole(const void *field)
{
    uint64_t value;
    memcpy(&value, field, sizeof(value));
    return value;
}

static double real(const void *field)
{
    double value;
    memcpy(&value, field, sizeof(value));
    return value;
}

static void print_u32(FILE *out, const struct key_names *names, const void *field)
{
    (void)names;
    fprintf(out, "%u", narrow(field));
}

static void print_u64(FILE *out, const struct key_names *names, const void *field)
{
    (void)names;
    fprintf(out, "%llu", (unsigned long long)whole(field));
}

static void print_ns(FILE *out, const struct key_names *names, const void *field)
{
    char text[64];
    (void)names;
    fputs(units_format_ns(whole(field), text, sizeof(text)), out);
}

static void print_bytes(FILE *out, const struct key_names *names, const void *field)
{
    char text[64];
    (void)names;
    fputs(profile_value_bytes(whole(field), text, sizeof(text)), out);
}

static void print_share(FILE *out, const struct key_names *names, const void *field)
{
    char text[64];
    (void)names;
    fputs(units_format_share(real(field), text, sizeof(text)), out);
}

/** The first of 15, 16 and 17 digits that reads back to the same double. */
static void print_exactly(FILE *out, double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (memcmp(&(double){strtod(text, NULL)}, &value, sizeof(value)) == 0)
            break;
    }
    fputs(text, out);
}

static void print_real(FILE *out, const struct key_names *names, const void *field)
{
    (void)names;
    print_exactly(out, real(field));
}

/** In bytes, or where that is no whole number (1.5bit) in bits, which are exact. */
static void print_rate(FILE *out, const struct key_names *names, const void *field)
{
    (void)names;
    const double bytes_per_s = real(field);
    if (bytes_per_s - (double)(uint64_t)bytes_per_s == 0.0) {
        fprintf(out, "%llu", (unsigned long long)bytes_per_s);
        return;
    }
    print_exactly(out, bytes_per_s * 8.0);
    fputs("bit", out);
}

static void print_bool(FILE *out, const struct key_names *names, const void *field)
{
    (void)names;
    fputs(*(const bool *)field ? "true" : "false", out);
}

/** Plain where that is unmistakable, else double-quoted. */
static void print_text(FILE *out, const struct key_names *names, const void *field)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-/";
    const char *text = field;
    (void)names;
    if (text[0] && strspn(text, plain) == strlen(text) && text[0] != '-') {
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

static void print_choice(FILE *out, const struct key_names *names, const void *field)
{
    fputs(keys_name_at(names, narrow(field)).name, out);
}

static void print_row(FILE *out, const struct key_names *names, const void *field)
{
    const void *row;
    memcpy(&row, field, sizeof(row));
    for (uint32_t i = 0; i < keys_name_count(names); i++)
        if (keys_name_at(names, i).row == row)
            fputs(keys_name_at(names, i).name, out);
}

void profile_value_print(FILE *out, const struct key *key, const void *field)
{
    static void (*const printers[])(FILE * out, const struct key_names *names,
                                    const void *field) = {
        [KEY_U32] = print_u32,       [KEY_U64] = print_u64,     [KEY_NS] = print_ns,
        [KEY_SHARE] = print_share,   [KEY_REAL] = print_real,   [KEY_BYTES] = print_bytes,
        [KEY_RATE] = print_rate,     [KEY_SEEDS] = print_u64,   [KEY_BOOL] = print_bool,
        [KEY_TEXT] = print_text,     [KEY_WORD] = print_text,   [KEY_FILE] = print_text,
        [KEY_LIBRARY] = print_text,  [KEY_FOLDER] = print_text, [KEY_NAME] = print_text,
        [KEY_CHOICE] = print_choice, [KEY_ROW] = print_row,
    };
    printers[key->type](out, key->names, field);
}
