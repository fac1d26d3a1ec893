/* SPDX-License-Identifier: BSD-3-Clause */
/* A section in words, for notes beside results: leaf and value of each key that says something. */
#include <stdio.h>
#include <string.h>

#include "harness/profile/keys.h"
#include "harness/profile/profile_write.h"

/** The name that the deciding key has in `base`, or NULL where it is none of a set. */
static const char *name_in(const struct key *key, const void *base)
{
    const char *const field = (const char *)base + key->place.offset;
    if (key->type == KEY_CHOICE) {
        uint32_t choice;
        memcpy(&choice, field, sizeof(choice));
        return keys_name_at(key->names, choice).name;
    }
    const void *row;
    if (key->type != KEY_ROW)
        return NULL;
    memcpy(&row, field, sizeof(row));
    for (uint32_t i = 0; i < keys_name_count(key->names); i++)
        if (keys_name_at(key->names, i).row == row)
            return keys_name_at(key->names, i).name;
    return NULL;
}

/** Does the row apply, given the values in the struct at `base`? */
static bool applies(const struct key *key, const void *base)
{
    if (!key->by || key->only == KEY_PRESENT)
        return true;
    const struct key *const by = keys_find(key->section, key->by);
    if (!applies(by, base)) /* then another value may lie in its place */
        return false;
    const char *const name = name_in(by, base);
    return name && keys_applies(key, by->names, name);
}

static bool says_something(const char *value)
{
    static const char *const nothing[] = {"", "\"\"", "0", "0%", "0B", "false", "[]"};
    for (uint32_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
        if (strcmp(value, nothing[i]) == 0)
            return false;
    return true;
}

static const char *value_of(const struct key *key, const void *base, char *out, size_t bytes)
{
    FILE *const text = fmemopen(out, bytes, "w");
    out[0] = '\0';
    if (!text)
        return out;
    profile_write_value(text, key, base);
    fclose(text);
    out[bytes - 1] = '\0'; /* a list may be longer */
    const char *const slash = key->type == KEY_FILE ? strrchr(out, '/') : NULL;
    return slash ? slash + 1 : out;
}

void keys_describe(const struct key_section *section, const char *group, const void *base,
                   char *out, uint32_t bytes)
{
    const size_t length = strlen(group);
    for (uint32_t i = 0; i < keys_count(section); i++) {
        const struct key *const key = keys_at(section, i);
        char text[256];
        const bool inside =
            length == 0 || (strncmp(key->path, group, length) == 0 && key->path[length] == '.');
        if (!inside || strcmp(keys_leaf(key->path), "kind") == 0 || key->place.bytes == 0 ||
            !applies(key, base))
            continue;
        const char *const value = value_of(key, base, text, sizeof(text));
        const size_t used = strlen(out);
        if (says_something(value))
            snprintf(out + used, bytes - used, " %s %s", keys_leaf(key->path), value);
    }
}
