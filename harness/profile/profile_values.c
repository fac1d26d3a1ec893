/* SPDX-License-Identifier: BSD-3-Clause */
/* See profile_values.h. Fields are written with memcpy, because one function serves fields of every type. */
#include "harness/profile/profile_values.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/units.h"
#include "harness/profile/prefix.h"
#include "harness/profile/profile_text.h"

#define VALUE_ECHO "%.80s"

const char *profile_value_bytes(uint64_t value, char *out, size_t bytes)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB"};
    uint32_t i = 0;
    for (; i < 3 && value > 0 && value % 1024 == 0; i++)
        value /= 1024;
    snprintf(out, bytes, "%llu%s", (unsigned long long)value, unit[i]);
    return out;
}

static void number_text(const struct key *key, double value, char *out, size_t bytes)
{
    if (key->type == KEY_NS)
        units_format_ns((uint64_t)value, out, bytes);
    else if (key->type == KEY_BYTES)
        profile_value_bytes((uint64_t)value, out, bytes);
    else if (key->type == KEY_SHARE)
        snprintf(out, bytes, "%.10g%%", value * 100.0);
    else
        snprintf(out, bytes, "%.15g", value);
}

void profile_value_expected(const struct key *key, char *out, size_t bytes)
{
    char low[64], high[64];
    number_text(key, key->min, low, sizeof(low));
    number_text(key, key->max, high, sizeof(high));
    switch (key->type) {
    case KEY_U32:
    case KEY_U64:
    case KEY_REAL:
    case KEY_SHARE:
        snprintf(out, bytes, "%s to %s%s%s", low, high, key->unit[0] ? " " : "", key->unit);
        return;
    case KEY_NS:
        snprintf(out, bytes, "a time from %s to %s", low, high);
        return;
    case KEY_BYTES:
        snprintf(out, bytes, "a size from %s to %s, such as 64KiB or 1MB", low, high);
        return;
    case KEY_RATE:
        snprintf(out, bytes, "a rate from %s to %s bytes per second, such as 10Gbit or 1GB/s", low,
                 high);
        return;
    case KEY_BOOL:
        snprintf(out, bytes, "true or false");
        return;
    case KEY_TEXT:
        snprintf(out, bytes, "%s to %s bytes on one line", low, high);
        return;
    case KEY_WORD:
        snprintf(out, bytes, "%s to %s letters, digits or . _ + -", low, high);
        return;
    case KEY_FILE:
        snprintf(out, bytes, "a file or folder that can be read");
        return;
    case KEY_LIBRARY:
        snprintf(out, bytes, "a shared object that can be read");
        return;
    case KEY_FOLDER:
        snprintf(out, bytes, "a folder");
        return;
    case KEY_SEEDS:
        snprintf(out, bytes, "a count from 1 to %u, or a list of seeds", key->place.items_max);
        return;
    case KEY_NAME:
    case KEY_CHOICE:
    case KEY_ROW:
        profile_value_names(key->names, out, bytes);
        return;
    }
}

void profile_value_names(const struct key_names *names, char *out, size_t bytes)
{
    size_t used = 0;
    out[0] = '\0';
    const uint32_t count = keys_name_count(names);
    for (uint32_t i = 0; i < count; i++) {
        const char *name = keys_name_at(names, i).name;
        const bool fits = used + strlen(name) + strlen(", , ...") < bytes;
        const int n =
            snprintf(out + used, bytes - used, "%s%s", i ? ", " : "", fits ? name : "...");
        if (!fits)
            return;
        used += (size_t)n;
    }
}

static int refuse(char why[PROFILE_WHY_BYTES], const struct key *key, const char *text,
                  const char *sentence)
{
    snprintf(why, PROFILE_WHY_BYTES, "%s '" VALUE_ECHO "': %s", key->path, text, sentence);
    return -EINVAL;
}

static int refuse_range(char why[PROFILE_WHY_BYTES], const struct key *key, const char *text)
{
    char expected[256];
    profile_value_expected(key, expected, sizeof(expected));
    snprintf(why, PROFILE_WHY_BYTES, "%s '" VALUE_ECHO "' is out of range: expected %s", key->path,
             text, expected);
    return -EINVAL;
}

static void store(const struct key *key, void *field, const void *value, size_t bytes)
{
    if (!field)
        return;
    CHECK(key->place.bytes == bytes);
    memcpy(field, value, bytes);
}

static enum units_kind kind_of(const struct key *key)
{
    switch (key->type) {
    case KEY_NS:
        return UNITS_TIME;
    case KEY_BYTES:
        return UNITS_SIZE;
    case KEY_RATE:
        return UNITS_RATE;
    case KEY_SHARE:
        return UNITS_SHARE;
    case KEY_REAL:
        return UNITS_REAL;
    default:
        return UNITS_WHOLE;
    }
}

static int parse_number(const struct key *key, const char *text, void *field,
                        char why[PROFILE_WHY_BYTES])
{
    const char *sentence = NULL;
    const bool real = key->type == KEY_REAL || key->type == KEY_SHARE || key->type == KEY_RATE;
    uint64_t whole = 0;
    double value = 0.0;
    const int rc = key->type == KEY_NS      ? units_parse_ns(text, &whole, &sentence)
                   : key->type == KEY_REAL  ? units_parse_real(text, &value, &sentence)
                   : key->type == KEY_SHARE ? units_parse_share(text, &value, &sentence)
                   : key->type == KEY_BYTES ? units_parse_bytes(text, &whole, &sentence)
                   : key->type == KEY_RATE  ? units_parse_rate(text, &value, &sentence)
                                            : units_parse_u64(text, &whole, &sentence);
    if (rc == -ERANGE)
        return refuse_range(why, key, text);
    if (rc) {
        char expected[256], both[512], better[160];
        profile_value_expected(key, expected, sizeof(expected));
        if (units_explain(kind_of(key), text, better, sizeof(better)))
            sentence = better;
        snprintf(both, sizeof(both), "%s; valid is %s", sentence, expected);
        return refuse(why, key, text, both);
    }
    if (!real)
        value = (double)whole;
    if (value < key->min || value > key->max)
        return refuse_range(why, key, text);
    const uint32_t narrow = (uint32_t)whole;
    if (key->type == KEY_U32)
        store(key, field, &narrow, sizeof(narrow));
    else if (real)
        store(key, field, &value, sizeof(value));
    else
        store(key, field, &whole, sizeof(whole));
    return 0;
}

static int parse_name(const struct key *key, const char *text, void *field,
                      char why[PROFILE_WHY_BYTES])
{
    const struct key_names *names = key->names;
    if (names->later && strcmp(text, names->later) == 0) {
        snprintf(why, PROFILE_WHY_BYTES, "%s '%s' is not available: %s", names->one, text,
                 names->later_why);
        return -EINVAL;
    }
    const uint32_t index = keys_name_find(names, text);
    if (index == UINT32_MAX) {
        struct suggest nearest = {.typed = text};
        const uint32_t count = keys_name_count(names);
        for (uint32_t i = 0; i < count; i++)
            suggest_offer(&nearest, keys_name_at(names, i).name);
        char list[512];
        profile_value_names(names, list, sizeof(list));
        snprintf(why, PROFILE_WHY_BYTES, "unknown %s '" VALUE_ECHO "'%s%s%s expected one of: %s",
                 names->one, text, nearest.best ? "; did you mean '" : ";",
                 nearest.best ? nearest.best : "", nearest.best ? "'?" : "", list);
        return -EINVAL;
    }
    const struct key_name name = keys_name_at(names, index);
    if (key->type == KEY_ROW)
        store(key, field, &name.row, sizeof(name.row));
    else if (key->type == KEY_CHOICE)
        store(key, field, &index, sizeof(index));
    else if (field)
        snprintf(field, key->place.bytes, "%s", name.name);
    return 0;
}

static int parse_text(const struct key *key, const char *text, void *field,
                      char why[PROFILE_WHY_BYTES])
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
    const size_t length = strlen(text);
    if ((double)length < key->min || (double)length > key->max)
        return refuse_range(why, key, text);
    if (key->type == KEY_WORD && strspn(text, word) != length)
        return refuse(why, key, text, "only letters, digits and . _ + - may stand here");
    if (key->type == KEY_WORD && (text[0] == '.' || text[0] == '-'))
        return refuse(why, key, text, "must not begin with a dot or a dash");
    if (field)
        snprintf(field, key->place.bytes, "%s", text);
    return 0;
}

/** A library named without a folder that is not beside the profile may be one that came with the program. */
static void find_library(const char *text, char *joined, size_t size)
{
    char found[PATH_MAX];
    if (!strchr(text, '/') && access(joined, R_OK) && prefix_plugin(text, found, sizeof(found)))
        snprintf(joined, size, "%s", found);
}

/** Paths are stored absolute: results keep the resolved profile somewhere else. */
static int parse_path(const struct key *key, const char *text, const char *folder, void *field,
                      char why[PROFILE_WHY_BYTES])
{
    if (text[0] == '\0')
        return refuse(why, key, text, "a path cannot be empty");
    char joined[PATH_MAX], absolute[PATH_MAX];
    const char *home = strncmp(text, "~/", 2) == 0 ? getenv("HOME") : NULL;
    const char *before = home ? home : text[0] == '/' ? "" : folder;
    const int n = snprintf(joined, sizeof(joined), "%s%s%s", before, before[0] ? "/" : "",
                           home ? text + 2 : text);
    if (n < 0 || (size_t)n >= sizeof(joined))
        return refuse(why, key, text, "the path is too long");
    if (key->type == KEY_LIBRARY)
        find_library(text, joined, sizeof(joined));
    if (key->type != KEY_FOLDER && access(joined, R_OK))
        return refuse(why, key, text, strerror(errno));
    if (!realpath(joined, absolute)) { /* a folder that will be made: absolute, not resolved */
        char here[PATH_MAX];
        if (!getcwd(here, sizeof(here)))
            return refuse(why, key, text, strerror(errno));
        const bool rooted = joined[0] == '/';
        if ((size_t)snprintf(absolute, sizeof(absolute), "%.*s%s%s", rooted ? 0 : PATH_MAX, here,
                             rooted ? "" : "/", joined) >= sizeof(absolute))
            return refuse(why, key, text, "the path is too long");
    }
    if (strlen(absolute) >= key->place.bytes)
        return refuse(why, key, text, "the path is too long");
    if (field)
        snprintf(field, key->place.bytes, "%s", absolute);
    return 0;
}

static int parse(const struct key *key, const char *text, const char *folder, void *field,
                 char why[PROFILE_WHY_BYTES])
{
    switch (key->type) {
    case KEY_U32:
    case KEY_U64:
    case KEY_NS:
    case KEY_SHARE:
    case KEY_REAL:
    case KEY_BYTES:
    case KEY_RATE:
    case KEY_SEEDS:
        return parse_number(key, text, field, why);
    case KEY_BOOL: {
        const bool value = strcmp(text, "true") == 0;
        if (!value && strcmp(text, "false") != 0)
            return refuse(why, key, text, "expected true or false");
        store(key, field, &value, sizeof(value));
        return 0;
    }
    case KEY_TEXT:
    case KEY_WORD:
        return parse_text(key, text, field, why);
    case KEY_FILE:
    case KEY_LIBRARY:
    case KEY_FOLDER:
        return parse_path(key, text, folder, field, why);
    case KEY_NAME:
    case KEY_CHOICE:
    case KEY_ROW:
        return parse_name(key, text, field, why);
    }
    return -EINVAL;
}

int profile_value_parse(const struct key *key, const char *text, const char *folder, void *field,
                        char why[PROFILE_WHY_BYTES])
{
    const int rc = parse(key, text, folder, field, why);
    char sentence[160];
    if (rc && profile_text_deceives(text, sentence, sizeof(sentence)))
        snprintf(why, PROFILE_WHY_BYTES, "%s: %s", key->path, sentence);
    return rc;
}
