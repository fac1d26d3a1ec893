/* SPDX-License-Identifier: BSD-3-Clause */
/* The key table as text: what `help` and the manual page say of keys. */
#include "harness/experiment/help.h"

#include <string.h>

#include "harness/experiment/keys_tables.h"
#include "harness/profile/profile_values.h"

/** Path as a user writes it: entries of lists carry the list's name. */
static const char *full_path(const struct key *key, char *out, size_t bytes)
{
    const char *section = key->section->name;
    snprintf(out, bytes, "%s%s%s", section, *section ? "." : "", key->path);
    return out;
}

static const char *default_text(const struct key *key)
{
    return key->fallback == KEY_REQUIRED ? "required" : key->fallback ? key->fallback : "-";
}

/** Rows with the same path that mean the same: the option of several policies. */
static bool means_the_same(const struct key *a, const struct key *b)
{
    return a->section == b->section && a->by && b->by && strcmp(a->path, b->path) == 0 &&
           strcmp(a->by, b->by) == 0 && strcmp(a->unit, b->unit) == 0 &&
           strcmp(a->help, b->help) == 0;
}

static bool stood_before(const struct key *key)
{
    for (uint32_t i = 0; i < keys_number(key); i++)
        if (means_the_same(keys_at(key->section, i), key))
            return true;
    return false;
}

static bool applies(const struct key *key, const struct key *by, const char *name)
{
    for (uint32_t i = keys_number(key); i < keys_count(key->section); i++)
        if ((keys_at(key->section, i) == key || means_the_same(keys_at(key->section, i), key)) &&
            keys_applies(keys_at(key->section, i), by->names, name))
            return true;
    return false;
}

/** `if kind is sgp or agp`; a key that no row reads yet says so without names. */
static void print_readers(FILE *out, const struct key *key, const struct key *by)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < keys_name_count(by->names); i++) {
        const char *name = keys_name_at(by->names, i).name;
        if (!applies(key, by, name))
            continue;
        if (found++ == 0)
            fprintf(out, "if %s is %s", key->by, name);
        else
            fprintf(out, " or %s", name);
    }
    if (found == 0)
        fprintf(out, "if the %s uses it", by->names->one);
}

/** When the key is read, in words; nothing = always. */
static void print_condition(FILE *out, const struct key *key, const char *before, const char *after)
{
    if (!key->by)
        return;
    fputs(before, out);
    const struct key *by = keys_find(key->section, key->by);
    if (key->only == KEY_PRESENT) {
        fprintf(out, "with %s", key->by);
    } else if (key->only && key->only[0] == '!' && !by->names->reads) {
        fprintf(out, "unless %s is %s", key->by, key->only + 1);
    } else {
        print_readers(out, key, by);
    }
    fputs(after, out);
}

static void expected_text(const struct key *key, char *out, size_t bytes)
{
    const bool list = key->place.items_max > 0 && key->type != KEY_SEEDS;
    const size_t used = (size_t)snprintf(out, bytes, "%s", list ? "list of " : "");
    if (keys_part(key->section, key->path))
        snprintf(out, bytes, "list of %.0f to %.0f entries", key->min, key->max);
    else
        profile_value_expected(key, out + used, bytes - used);
}

static void print_line(FILE *out, const struct key *key)
{
    char path[128], expected[512];
    full_path(key, path, sizeof(path));
    expected_text(key, expected, sizeof(expected));
    fprintf(out, "  %-24s %-12s %s\n", path, default_text(key), expected);
    fprintf(out, "  %-24s %-12s   %s", "", "", key->help);
    print_condition(out, key, " (", ")");
    fputc('\n', out);
}

static void print_full(FILE *out, const struct key *key)
{
    char path[128], expected[512];
    full_path(key, path, sizeof(path));
    expected_text(key, expected, sizeof(expected));
    fprintf(out, "%s\n  %s\n  value    %s\n  default  %s\n", path, key->help, expected,
            default_text(key));
    print_condition(out, key, "  read     ", "\n");
    for (uint32_t i = 0; key->names && i < keys_name_count(key->names); i++) {
        const struct key_name name = keys_name_at(key->names, i);
        fprintf(out, "    %-28s %s\n", name.name, name.help);
    }
}

static bool below(const char *path, const char *group)
{
    const size_t length = strlen(group);
    return strncmp(path, group, length) == 0 && path[length] == '.';
}

/** All rows, section by section: NULL behind the last. */
static const struct key *row_at(uint32_t number)
{
    for (uint32_t s = 0; s < KEYS_SECTIONS; number -= keys_count(&keys_sections[s]), s++)
        if (number < keys_count(&keys_sections[s]))
            return keys_at(&keys_sections[s], number);
    return NULL;
}

void help_suggest(struct suggest *nearest)
{
    static char paths[KEYS_SECTIONS * KEYS_MAX][128]; /* suggest keeps pointers */
    for (uint32_t i = 0; row_at(i); i++)
        suggest_offer(nearest, full_path(row_at(i), paths[i], sizeof(paths[i])));
    for (uint32_t i = 0; row_at(i) && !nearest->best; i++) { /* `degree` for workers.graph.degree */
        struct suggest leaf = {.typed = nearest->typed};
        suggest_offer(&leaf, keys_leaf(row_at(i)->path));
        if (leaf.best)
            nearest->best = paths[i];
    }
}

void help_print(FILE *out)
{
    for (uint32_t s = 0; s < KEYS_SECTIONS; s++) {
        const struct key_section *const section = &keys_sections[s];
        fprintf(out, "%s%s\n  %-24s %-12s %s\n", s ? "\n" : "", section->title, "key", "default",
                "value");
        for (uint32_t i = 0; i < keys_count(section); i++)
            if (!stood_before(keys_at(section, i)))
                print_line(out, keys_at(section, i));
    }
}

void help_print_long(FILE *out)
{
    for (uint32_t s = 0; s < KEYS_SECTIONS; s++) {
        const struct key_section *const section = &keys_sections[s];
        fprintf(out, "%s%s\n", s ? "\n" : "", section->title);
        for (uint32_t i = 0; i < keys_count(section); i++) {
            if (stood_before(keys_at(section, i)))
                continue;
            fputc('\n', out);
            print_full(out, keys_at(section, i));
        }
    }
}

uint32_t help_keys(FILE *out, const char *wanted)
{
    uint32_t found = 0;
    for (uint32_t i = 0; row_at(i); i++) {
        char path[128];
        full_path(row_at(i), path, sizeof(path));
        if (stood_before(row_at(i)))
            continue;
        if (strcmp(path, wanted) == 0)
            print_full(out, row_at(i));
        else if (below(path, wanted))
            print_line(out, row_at(i));
        else
            continue;
        found++;
    }
    return found;
}
