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

/* Around the least and the most; no `after`: the key's unit. */
static const struct {
    const char *before, *between, *after;
} ranges[] = {
    [KEY_U32] = {"", " to ", NULL},
    [KEY_U64] = {"", " to ", NULL},
    [KEY_REAL] = {"", " to ", NULL},
    [KEY_SHARE] = {"", " to ", NULL},
    [KEY_NS] = {"a time from ", " to ", ""},
    [KEY_BYTES] = {"a size from ", " to ", ", such as 64KiB or 1MB"},
    [KEY_RATE] = {"a rate from ", " to ", " bytes per second, such as 10Gbit or 1GB/s"},
    [KEY_TEXT] = {"", " to ", " bytes on one line"},
    [KEY_WORD] = {"", " to ", " letters, digits or . _ + -"},
};

static void expect_range(const struct key *key, char *out, size_t bytes)
{
    char low[64], high[64];
    const char *const after = ranges[key->type].after;
    number_text(key, key->min, low, sizeof(low));
    number_text(key, key->max, high, sizeof(high));
    snprintf(out, bytes, "%s%s%s%s%s%s", ranges[key->type].before, low, ranges[key->type].between,
             high, !after && key->unit[0] ? " " : "", after ? after : key->unit);
}

void profile_value_expected(const struct key *key, char *out, size_t bytes)
{
    static const char *const plain[] = {
        [KEY_BOOL] = "true or false",
        [KEY_FILE] = "a file or folder that can be read",
        [KEY_LIBRARY] = "a shared object that can be read",
        [KEY_FOLDER] = "a folder",
        [KEY_SEEDS] = NULL,
    };
    if (key->names)
        profile_value_names(key->names, out, bytes);
    else if (key->type == KEY_SEEDS)
        snprintf(out, bytes, "a count from 1 to %u, or a list of seeds", key->place.items_max);
    else if (plain[key->type])
        snprintf(out, bytes, "%s", plain[key->type]);
    else
        expect_range(key, out, bytes);
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

/** How numbers of a type are written. */
static const struct number {
    enum units_kind kind;
    int (*whole)(const char *text, uint64_t *value, const char **why);
    int (*real)(const char *text, double *value, const char **why);
} numbers[] = {
    [KEY_U32] = {UNITS_WHOLE, units_parse_u64, NULL},
    [KEY_U64] = {UNITS_WHOLE, units_parse_u64, NULL},
    [KEY_SEEDS] = {UNITS_WHOLE, units_parse_u64, NULL},
    [KEY_NS] = {UNITS_TIME, units_parse_ns, NULL},
    [KEY_BYTES] = {UNITS_SIZE, units_parse_bytes, NULL},
    [KEY_SHARE] = {UNITS_SHARE, NULL, units_parse_share},
    [KEY_RATE] = {UNITS_RATE, NULL, units_parse_rate},
    [KEY_REAL] = {UNITS_REAL, NULL, units_parse_real},
};

static int refuse_number(char why[PROFILE_WHY_BYTES], const struct key *key, const char *text,
                         const char *sentence)
{
    char expected[256], both[512], better[160];
    profile_value_expected(key, expected, sizeof(expected));
    if (units_explain(numbers[key->type].kind, text, better, sizeof(better)))
        sentence = better;
    snprintf(both, sizeof(both), "%s; valid is %s", sentence, expected);
    return refuse(why, key, text, both);
}

static int parse_number(const struct key *key, const char *text, const char *folder, void *field,
                        char why[PROFILE_WHY_BYTES])
{
    (void)folder;
    const struct number *const number = &numbers[key->type];
    const char *sentence = NULL;
    uint64_t whole = 0;
    double value = 0.0;
    const int rc = number->real ? number->real(text, &value, &sentence)
                                : number->whole(text, &whole, &sentence);
    if (!number->real)
        value = (double)whole;
    if (rc && rc != -ERANGE)
        return refuse_number(why, key, text, sentence);
    if (rc || value < key->min || value > key->max)
        return refuse_range(why, key, text);
    const uint32_t narrow = (uint32_t)whole;
    if (key->type == KEY_U32)
        store(key, field, &narrow, sizeof(narrow));
    else if (number->real)
        store(key, field, &value, sizeof(value));
    else
        store(key, field, &whole, sizeof(whole));
    return 0;
}

static int parse_bool(const struct key *key, const char *text, const char *folder, void *field,
                      char why[PROFILE_WHY_BYTES])
{
    (void)folder;
    const bool value = strcmp(text, "true") == 0;
    if (!value && strcmp(text, "false") != 0)
        return refuse(why, key, text, "expected true or false");
    store(key, field, &value, sizeof(value));
    return 0;
}

static int refuse_name(char why[PROFILE_WHY_BYTES], const struct key_names *names, const char *text)
{
    struct suggest nearest = {.typed = text};
    char list[512];
    for (uint32_t i = 0; i < keys_name_count(names); i++)
        suggest_offer(&nearest, keys_name_at(names, i).name);
    profile_value_names(names, list, sizeof(list));
    snprintf(why, PROFILE_WHY_BYTES, "unknown %s '" VALUE_ECHO "'%s%s%s expected one of: %s",
             names->one, text, nearest.best ? "; did you mean '" : ";",
             nearest.best ? nearest.best : "", nearest.best ? "'?" : "", list);
    return -EINVAL;
}

static int parse_name(const struct key *key, const char *text, const char *folder, void *field,
                      char why[PROFILE_WHY_BYTES])
{
    (void)folder;
    const struct key_names *names = key->names;
    if (names->later && strcmp(text, names->later) == 0) {
        snprintf(why, PROFILE_WHY_BYTES, "%s '%s' is not available: %s", names->one, text,
                 names->later_why);
        return -EINVAL;
    }
    const uint32_t index = keys_name_find(names, text);
    if (index == UINT32_MAX)
        return refuse_name(why, names, text);
    const struct key_name name = keys_name_at(names, index);
    if (key->type == KEY_ROW)
        store(key, field, &name.row, sizeof(name.row));
    else if (key->type == KEY_CHOICE)
        store(key, field, &index, sizeof(index));
    else if (field)
        snprintf(field, key->place.bytes, "%s", name.name);
    return 0;
}

static int parse_text(const struct key *key, const char *text, const char *folder, void *field,
                      char why[PROFILE_WHY_BYTES])
{
    (void)folder;
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

/** `text` where it means something from anywhere: below the home, or `folder`. False: too long. */
static bool join(const char *text, const char *folder, char joined[PATH_MAX])
{
    const char *const home = strncmp(text, "~/", 2) == 0 ? getenv("HOME") : NULL;
    const char *const before = home ? home : text[0] == '/' ? "" : folder;
    const int n =
        snprintf(joined, PATH_MAX, "%s%s%s", before, before[0] ? "/" : "", home ? text + 2 : text);
    return n >= 0 && n < PATH_MAX;
}

/** A folder that will be made is absolute, not resolved. What is wrong, or NULL. */
static const char *make_absolute(const char *joined, char absolute[PATH_MAX])
{
    char here[PATH_MAX];
    if (realpath(joined, absolute))
        return NULL;
    if (!getcwd(here, sizeof(here)))
        return strerror(errno);
    const bool rooted = joined[0] == '/';
    const int n =
        snprintf(absolute, PATH_MAX, "%s%s%s", rooted ? "" : here, rooted ? "" : "/", joined);
    return n >= PATH_MAX ? "the path is too long" : NULL;
}

/** Paths are stored absolute: results keep the resolved profile somewhere else. */
static int parse_path(const struct key *key, const char *text, const char *folder, void *field,
                      char why[PROFILE_WHY_BYTES])
{
    char joined[PATH_MAX], absolute[PATH_MAX];
    if (text[0] == '\0')
        return refuse(why, key, text, "a path cannot be empty");
    if (!join(text, folder, joined))
        return refuse(why, key, text, "the path is too long");
    if (key->type == KEY_LIBRARY)
        find_library(text, joined, sizeof(joined));
    if (key->type != KEY_FOLDER && access(joined, R_OK))
        return refuse(why, key, text, strerror(errno));
    const char *const wrong = make_absolute(joined, absolute);
    if (wrong || strlen(absolute) >= key->place.bytes)
        return refuse(why, key, text, wrong ? wrong : "the path is too long");
    if (field)
        snprintf(field, key->place.bytes, "%s", absolute);
    return 0;
}

static int (*const parsers[])(const struct key *key, const char *text, const char *folder,
                              void *field, char why[PROFILE_WHY_BYTES]) = {
    [KEY_U32] = parse_number,   [KEY_U64] = parse_number,   [KEY_NS] = parse_number,
    [KEY_SHARE] = parse_number, [KEY_REAL] = parse_number,  [KEY_BYTES] = parse_number,
    [KEY_RATE] = parse_number,  [KEY_SEEDS] = parse_number, [KEY_BOOL] = parse_bool,
    [KEY_TEXT] = parse_text,    [KEY_WORD] = parse_text,    [KEY_FILE] = parse_path,
    [KEY_LIBRARY] = parse_path, [KEY_FOLDER] = parse_path,  [KEY_NAME] = parse_name,
    [KEY_CHOICE] = parse_name,  [KEY_ROW] = parse_name,
};

int profile_value_parse(const struct key *key, const char *text, const char *folder, void *field,
                        char why[PROFILE_WHY_BYTES])
{
    const int rc = parsers[key->type](key, text, folder, field, why);
    char sentence[160];
    if (rc && profile_text_deceives(text, sentence, sizeof(sentence)))
        snprintf(why, PROFILE_WHY_BYTES, "%s: %s", key->path, sentence);
    return rc;
}
