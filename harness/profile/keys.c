/* SPDX-License-Identifier: BSD-3-Clause */
/* The questions that parsing, --set, help and the echo ask of a table of keys. */
#include "harness/profile/keys.h"

#include <stdio.h>
#include <string.h>

#include "core/base/check.h"

const char KEY_REQUIRED[] = "(required)";
const char KEY_PRESENT[] = "(present)";

uint32_t keys_count(const struct key_section *section)
{
    if (section->make)
        section->make();
    CHECK(*section->rows <= KEYS_MAX);
    return *section->rows;
}

const struct key *keys_at(const struct key_section *section, uint32_t number)
{
    CHECK(number < *section->rows);
    return &section->row[number];
}

uint32_t keys_number(const struct key *key)
{
    return (uint32_t)(key - key->section->row);
}

uint32_t keys_name_count(const struct key_names *names)
{
    return names->fixed ? names->fixed_count : names->count();
}

struct key_name keys_name_at(const struct key_names *names, uint32_t index)
{
    return names->fixed ? names->fixed[index] : names->at(index);
}

uint32_t keys_name_find(const struct key_names *names, const char *name)
{
    const uint32_t count = keys_name_count(names);
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(keys_name_at(names, i).name, name) == 0)
            return i;
    return UINT32_MAX;
}

static bool below(const char *path, const char *group)
{
    const size_t length = strlen(group);
    return length == 0 || (strncmp(path, group, length) == 0 && path[length] == '.');
}

const struct key *keys_find(const struct key_section *section, const char *path)
{
    for (uint32_t i = 0; i < keys_count(section); i++)
        if (strcmp(keys_at(section, i)->path, path) == 0)
            return keys_at(section, i);
    return NULL;
}

bool keys_is_group(const struct key_section *section, const char *path)
{
    for (uint32_t i = 0; i < keys_count(section); i++)
        if (below(keys_at(section, i)->path, path))
            return true;
    return false;
}

bool keys_exists(const struct key_section *section, const char *path)
{
    return keys_find(section, path) || keys_is_group(section, path);
}

const struct key_section *keys_part(const struct key_section *section, const char *path)
{
    for (uint32_t i = 0; i < section->parts; i++)
        if (strcmp(section->part[i].name, path) == 0)
            return &section->part[i];
    return NULL;
}

const char *keys_main(const struct key_section *section, const char *path)
{
    static const char *const candidates[] = {"kind", "format", "count", "time"};
    for (uint32_t c = 0; c < 4; c++)
        for (uint32_t i = 0; i < keys_count(section); i++) {
            const struct key *key = keys_at(section, i);
            const size_t length = strlen(path);
            if (below(key->path, path) &&
                strcmp(key->path + length + (length > 0), candidates[c]) == 0)
                return candidates[c];
        }
    return NULL;
}

void keys_offer_children(const struct key_section *section, const char *path,
                         struct suggest *nearest)
{
    static char child[KEYS_MAX][SUGGEST_MAX]; /* suggest keeps pointers: one text per row */
    const size_t length = strlen(path);
    for (uint32_t i = 0; i < keys_count(section); i++) {
        const struct key *key = keys_at(section, i);
        if (!below(key->path, path))
            continue;
        const char *name = key->path + length + (length > 0);
        const size_t bytes = strcspn(name, ".");
        memcpy(child[i], name, bytes);
        child[i][bytes] = '\0';
        suggest_offer(nearest, child[i]);
    }
}

const char *keys_elsewhere(const struct key_section *section, const char *leaf)
{
    const char *found = NULL;
    for (uint32_t i = 0; i < keys_count(section); i++) {
        const struct key *key = keys_at(section, i);
        if (strcmp(keys_leaf(key->path), leaf) != 0)
            continue;
        if (found && strcmp(found, key->path) != 0)
            return NULL;
        found = key->path;
    }
    return found;
}

bool keys_has_word(const char *words, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = words; at && length > 0 && (at = strstr(at, word)); at += length) {
        const bool starts = at == words || at[-1] == ' ';
        if (starts && (at[length] == ' ' || at[length] == '\0'))
            return true;
    }
    return false;
}

bool keys_applies(const struct key *key, const struct key_names *kinds, const char *kind)
{
    const bool excludes = key->only && key->only[0] == '!';
    if (excludes && strcmp(key->only + 1, kind) == 0)
        return false;
    if (key->only && !excludes)
        return keys_has_word(key->only, kind);
    if (!kinds->reads)
        return excludes;
    const uint32_t index = keys_name_find(kinds, kind);
    return index != UINT32_MAX && kinds->reads(index, keys_leaf(key->path));
}

/** Directly, or through a key between them: `timeout` hangs on `wait`, which hangs on `kind`. */
static bool hangs_on(const struct key *key, const struct key *by, const char *kind)
{
    if (!key->by || key->only == KEY_PRESENT)
        return false;
    if (strcmp(key->by, by->path) == 0)
        return keys_applies(key, by->names, kind);
    return hangs_on(keys_find(key->section, key->by), by, kind);
}

void keys_readers(const struct key *key, const struct key *by, char *out, uint32_t bytes)
{
    uint32_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < keys_name_count(by->names); i++) {
        const char *const kind = keys_name_at(by->names, i).name;
        bool reads = false;
        for (uint32_t k = 0; k < keys_count(key->section) && !reads; k++)
            reads = strcmp(keys_at(key->section, k)->path, key->path) == 0 &&
                    hangs_on(keys_at(key->section, k), by, kind);
        if (!reads)
            continue;
        const int n = snprintf(out + used, bytes - used, "%s%s", used ? ", " : "", kind);
        if ((uint32_t)n >= bytes - used)
            return;
        used += (uint32_t)n;
    }
}

const char *keys_leaf(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}
