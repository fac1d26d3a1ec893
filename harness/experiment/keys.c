/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The questions that parsing, --set, help and the echo ask of the key table. Its rows stand in a file per section; a row's
 * number counts through all of them.
 */
#include "harness/experiment/keys.h"

#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "harness/experiment/experiment.h"
#include "harness/experiment/keys_rows.h"
#include "harness/experiment/profile_values.h"

const char KEY_REQUIRED[] = "(required)";
const char KEY_PRESENT[] = "(present)";

/** In the order of enum keys_section. */
static const struct {
    const struct key *row;
    const uint32_t *rows;
} sections[] = {
    {keys_profile_row, &keys_profile_rows},
    {keys_policy_row, &keys_policy_rows},
    {keys_inject_row, &keys_inject_rows},
    {keys_fault_row, &keys_fault_rows},
};
_Static_assert(sizeof(sections) / sizeof(sections[0]) == KEYS_SECTIONS, "one file per section");

uint32_t keys_first(enum keys_section section)
{
    uint32_t first = 0;
    keys_policy_make();
    for (uint32_t s = 0; s < (uint32_t)section; s++)
        first += *sections[s].rows;
    CHECK(first <= KEYS_MAX);
    return first;
}

uint32_t keys_end(enum keys_section section)
{
    return keys_first((enum keys_section)(section + 1));
}

const struct key *keys_at(uint32_t number)
{
    uint32_t s = 0;
    for (; s < KEYS_SECTIONS && number >= *sections[s].rows; s++)
        number -= *sections[s].rows;
    CHECK(s < KEYS_SECTIONS);
    return &sections[s].row[number];
}

uint32_t keys_number(const struct key *key)
{
    return keys_first(key->section) + (uint32_t)(key - sections[key->section].row);
}

static bool below(const char *path, const char *group)
{
    const size_t length = strlen(group);
    return length == 0 || (strncmp(path, group, length) == 0 && path[length] == '.');
}

const struct key *keys_find(enum keys_section section, const char *path)
{
    for (uint32_t i = keys_first(section); i < keys_end(section); i++)
        if (strcmp(keys_at(i)->path, path) == 0)
            return keys_at(i);
    return NULL;
}

bool keys_is_group(enum keys_section section, const char *path)
{
    for (uint32_t i = keys_first(section); i < keys_end(section); i++)
        if (below(keys_at(i)->path, path))
            return true;
    return false;
}

bool keys_exists(enum keys_section section, const char *path)
{
    return keys_find(section, path) || keys_is_group(section, path);
}

bool keys_is_section(const char *path)
{
    return keys_section_of(path) != KEYS_PROFILE;
}

const char *keys_main(enum keys_section section, const char *path)
{
    static const char *const candidates[] = {"kind", "format", "count", "time"};
    for (uint32_t c = 0; c < 4; c++)
        for (uint32_t i = keys_first(section); i < keys_end(section); i++) {
            const struct key *key = keys_at(i);
            const size_t length = strlen(path);
            if (below(key->path, path) &&
                strcmp(key->path + length + (length > 0), candidates[c]) == 0)
                return candidates[c];
        }
    return NULL;
}

void keys_offer_children(enum keys_section section, const char *path, struct suggest *nearest)
{
    static char child[KEYS_MAX][SUGGEST_MAX]; /* suggest keeps pointers: one text per row */
    const size_t length = strlen(path);
    for (uint32_t i = keys_first(section); i < keys_end(section); i++) {
        const struct key *key = keys_at(i);
        if (!below(key->path, path))
            continue;
        const char *name = key->path + length + (length > 0);
        const size_t bytes = strcspn(name, ".");
        memcpy(child[i], name, bytes);
        child[i][bytes] = '\0';
        suggest_offer(nearest, child[i]);
    }
}

const char *keys_elsewhere(enum keys_section section, const char *leaf)
{
    const char *found = NULL;
    for (uint32_t i = keys_first(section); i < keys_end(section); i++) {
        const struct key *key = keys_at(i);
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
        for (uint32_t k = keys_first(key->section); k < keys_end(key->section) && !reads; k++)
            reads = strcmp(keys_at(k)->path, key->path) == 0 && hangs_on(keys_at(k), by, kind);
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

const char *keys_section_name(enum keys_section section)
{
    static const char *const name[KEYS_SECTIONS] = {"", "policies", "inject", "faults"};
    return name[section];
}

enum keys_section keys_section_of(const char *path)
{
    for (uint32_t s = KEYS_PROFILE + 1; s < KEYS_SECTIONS; s++)
        if (strcmp(keys_section_name((enum keys_section)s), path) == 0)
            return (enum keys_section)s;
    return KEYS_PROFILE;
}

bool keys_option_applies(const struct key *key, const struct experiment_policy *policy)
{
    if (key->section != KEYS_POLICY || !key->by)
        return false;
    const struct key *const by = keys_find(KEYS_POLICY, key->by);
    if (!by->by)
        return keys_applies(key, by->names, policy->row->name) &&
               keys_policy_reads(policy->row, key->path);
    if (!keys_option_applies(by, policy))
        return false;
    uint32_t choice; /* an option that others hang on is a choice */
    memcpy(&choice, (const char *)policy + by->place.offset, sizeof(choice));
    return keys_applies(key, by->names, keys_name_at(by->names, choice).name);
}

void keys_option_value(const struct key *key, const struct experiment_policy *policy, char *out,
                       uint32_t bytes)
{
    FILE *const text = fmemopen(out, bytes, "w");
    out[0] = '\0';
    if (!text)
        return;
    profile_value_print(text, key, (const char *)policy + key->place.offset);
    fclose(text);
}
