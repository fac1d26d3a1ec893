/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Walks the key table over a tree. A row is read, skipped because another value makes it meaningless, or defaulted.
 * When the deciding value is itself wrong, the rows that hang on it stay silent: one slip, one error.
 */
#include "harness/profile/profile_fill.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "harness/profile/profile_text.h"
#include "harness/profile/profile_values.h"

struct profile_mark profile_place(const struct profile_reader *reader,
                                  const struct profile_node *node)
{
    return node ? node->mark : (struct profile_mark){.source = &reader->source};
}

enum applies { APPLIES, APPLIES_NOT, APPLIES_UNKNOWN };

/** The name that decides whether `key` is read: as written, else the default. NULL = none. */
static const char *deciding_name(const struct key *by, const struct profile_node *node)
{
    if (!node)
        return by->fallback;
    return node->kind == PROFILE_TEXT ? node->text : "";
}

/** Does the deciding key, left to its default, not apply itself? shards.kind does not without data. */
static bool falls_away(const struct key *by, struct profile_node *map)
{
    if (!by->by)
        return false;
    const struct key *const above = keys_find(by->section, by->by);
    const char *const name = deciding_name(above, profile_tree_find(map, by->by));
    return name && !keys_applies(by, above->names, name);
}

static enum applies applies(const struct key *key, struct profile_node *map)
{
    if (!key->by)
        return APPLIES;
    const struct profile_node *decider = profile_tree_find(map, key->by);
    if (key->only == KEY_PRESENT)
        return decider ? APPLIES : APPLIES_NOT;
    const struct key *by = keys_find(key->section, key->by);
    CHECK(by);
    if (!decider && falls_away(by, map))
        return APPLIES_NOT;
    const char *name = deciding_name(by, decider);
    if (!name || name == KEY_REQUIRED || keys_name_find(by->names, name) == UINT32_MAX)
        return APPLIES_UNKNOWN;
    return keys_applies(key, by->names, name) ? APPLIES : APPLIES_NOT;
}

/** Another row with this path that does apply: data.samples means one thing for files, another for made data. */
static bool twin_applies(const struct key *key, struct profile_node *map)
{
    for (uint32_t i = 0; i < keys_count(key->section); i++) {
        const struct key *other = keys_at(key->section, i);
        if (other != key && strcmp(other->path, key->path) == 0 &&
            applies(other, map) != APPLIES_NOT)
            return true;
    }
    return false;
}

/** A key that would be ignored is an error: its author believes that it does something. */
static void refuse_ignored(struct profile_reader *reader, const struct key *key,
                           struct profile_node *map, const struct profile_node *node)
{
    if (key->only == KEY_PRESENT) {
        profile_errors_add(reader->errors, node->key_mark, "%s means nothing without %s", key->path,
                           key->by);
        return;
    }
    const struct key *by = keys_find(key->section, key->by);
    while (by->by && by->only != KEY_PRESENT && applies(by, map) == APPLIES_NOT)
        by =
            keys_find(by->section, by->by); /* it is not for its cv that a jitter is refused live */
    const char *name = deciding_name(by, profile_tree_find(map, by->path));
    char list[256];
    keys_readers(key, by, list, sizeof(list));
    profile_errors_add(reader->errors, node->key_mark, "%s '%s' does not use %s; only for: %s",
                       by->names->one, name ? name : "", key->path, *list ? list : "none");
}

/** Of several rows with one path, the one whose deciding key is itself read speaks; else the first. */
static bool speaks(const struct key *key, struct profile_node *map)
{
    const struct key *speaker = NULL;
    for (uint32_t i = 0; i < keys_count(key->section) && key->only != KEY_PRESENT; i++) {
        const struct key *row = keys_at(key->section, i);
        if (strcmp(row->path, key->path) != 0)
            continue;
        const struct key *by = keys_find(row->section, row->by);
        if (!speaker || (by->by && applies(by, map) == APPLIES))
            speaker = row;
    }
    return !speaker || speaker == key;
}

bool profile_misspelt(const struct key_section *section, const struct profile_node *map,
                      const char *group, const char *leaf)
{
    if (!map || map->kind != PROFILE_MAP) /* the items of a list have no key */
        return false;
    for (const struct profile_node *n = map->first; n; n = n->next) {
        char path[160];
        snprintf(path, sizeof(path), "%s%s%s", group, *group ? "." : "", n->key);
        struct suggest nearest = {.typed = n->key};
        suggest_offer(&nearest, leaf);
        if (nearest.best && !keys_exists(section, path))
            return true;
    }
    return false;
}

/** At the innermost map that is there. */
static struct profile_mark place_for(const struct profile_reader *reader, const struct key *key,
                                     struct profile_node *map)
{
    const struct profile_node *const near = profile_tree_nearest(map, key->path);
    if (near == reader->root)
        return profile_place(reader, NULL);
    return near->key ? near->key_mark : near->mark;
}

static bool is_misspelt(const struct key *key, struct profile_node *map)
{
    char group[128] = "";
    const size_t length = (size_t)(keys_leaf(key->path) - key->path);
    if (length > 0)
        snprintf(group, sizeof(group), "%.*s", (int)length - 1, key->path);
    return profile_misspelt(key->section, profile_tree_find(map, group), group,
                            keys_leaf(key->path));
}

static void refuse_missing(struct profile_reader *reader, const struct key *key,
                           struct profile_node *map)
{
    char expected[512];
    if (is_misspelt(key, map))
        return;
    profile_value_expected(key, expected, sizeof(expected));
    const struct profile_mark mark = place_for(reader, key, map);
    const struct key *by =
        key->by && key->only != KEY_PRESENT ? keys_find(key->section, key->by) : NULL;
    const char *name = by ? deciding_name(by, profile_tree_find(map, key->by)) : NULL;
    if (name)
        profile_errors_add(reader->errors, mark, "%s '%s' needs %s: expected %s", by->names->one,
                           name, key->path, expected);
    else
        profile_errors_add(reader->errors, mark, "missing key %s: expected %s", key->path,
                           expected);
}

static int fill_text(struct profile_reader *reader, const struct key *key, const char *text,
                     struct profile_mark mark, void *field)
{
    char why[PROFILE_WHY_BYTES];
    const char *folder = mark.source->rank == 0 ? reader->folder : "";
    if (profile_value_parse(key, text, folder, field, why) == 0)
        return 0;
    profile_errors_add(reader->errors, mark, "%s", why);
    return -EINVAL;
}

static void store_count(const struct key *key, void *base, uint32_t count)
{
    if (key->place.counted)
        memcpy((char *)base + key->place.count_offset, &count, sizeof(count));
}

static void fill_list(struct profile_reader *reader, const struct key *key,
                      const struct profile_node *list, void *base)
{
    uint32_t count = 0;
    for (const struct profile_node *n = list->first; n; n = n->next, count++) {
        if (count == key->place.items_max)
            break;
        if (n->kind != PROFILE_TEXT)
            profile_errors_add(reader->errors, n->mark, "items of %s are single values", key->path);
        else
            fill_text(reader, key, n->text, n->mark,
                      (char *)base + key->place.offset + (size_t)count * key->place.bytes);
    }
    uint32_t written = 0;
    for (const struct profile_node *n = list->first; n; n = n->next)
        written++;
    if (written < key->place.items_min || written > key->place.items_max) {
        char range[64];
        const bool exact = key->place.items_min == key->place.items_max;
        snprintf(range, sizeof(range), exact ? "exactly %u" : "%u to %u", key->place.items_min,
                 key->place.items_max);
        const bool cut = exact && written == 2 * key->place.items_min;
        profile_errors_add(reader->errors, list->mark, "%s has %u items; expected %s%s", key->path,
                           written, range,
                           cut ? " (a comma ends an item; the decimal sign is a point)" : "");
    }
    store_count(key, base, count);
}

/** `seeds: 10` is a count, and the only bare value that is not itself an item. */
static void fill_seed_count(struct profile_reader *reader, const struct key *key, const char *text,
                            struct profile_mark mark, void *base)
{
    struct key count_key = *key;
    count_key.min = 1;
    count_key.max = key->place.items_max;
    uint64_t count = 0;
    if (fill_text(reader, &count_key, text, mark, &count))
        return;
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t seed = i + 1;
        memcpy((char *)base + key->place.offset + i * sizeof(seed), &seed, sizeof(seed));
    }
    store_count(key, base, (uint32_t)count);
}

static void fill_written(struct profile_reader *reader, const struct key *key,
                         const struct profile_node *node, void *base)
{
    char expected[512];
    if (!node->quoted && node->text[0] == '\0') {
        profile_value_expected(key, expected, sizeof(expected));
        profile_errors_add(reader->errors, node->key_mark, "%s has no value; expected %s",
                           key->path, expected);
    } else if (key->type == KEY_SEEDS) {
        fill_seed_count(reader, key, node->text, node->mark, base);
    } else if (key->place.items_max > 0 && key->place.items_min > 1) {
        profile_errors_add(reader->errors, node->mark, "%s must be a list of %u", key->path,
                           key->place.items_min);
    } else {
        void *field = key->place.bytes ? (char *)base + key->place.offset : NULL;
        fill_text(reader, key, node->text, node->mark, field);
        store_count(key, base, 1);
    }
}

static void fill_node(struct profile_reader *reader, const struct key *key,
                      const struct profile_node *node, void *base)
{
    const bool is_list = key->place.items_max > 0;
    if (node->kind == PROFILE_TEXT)
        fill_written(reader, key, node, base);
    else if (node->kind == PROFILE_LIST && is_list)
        fill_list(reader, key, node, base);
    else
        profile_errors_add(reader->errors, node->mark, "%s must be a %s, not a %s", key->path,
                           is_list ? "list" : "single value",
                           node->kind == PROFILE_LIST ? "list" : "map");
}

/** Defaults go the way of written values, so they obey the same ranges. */
static void fill_default(struct profile_reader *reader, const struct key *key, void *base)
{
    const struct profile_mark mark = {.source = &reader->source};
    if (key->type == KEY_SEEDS) {
        fill_seed_count(reader, key, key->fallback, mark, base);
        return;
    }
    char text[128];
    snprintf(text, sizeof(text), "%s", key->fallback);
    char *rest = text;
    uint32_t count = 0;
    for (char *item; (item = strsep(&rest, ",")); count++) {
        char *field = (char *)base + key->place.offset + (size_t)count * key->place.bytes;
        fill_text(reader, key, item, mark, key->place.bytes ? field : NULL);
    }
    store_count(key, base, count);
}

static void fill_key(struct profile_reader *reader, const struct key *key, struct profile_node *map,
                     void *base, struct profile_origin *origin)
{
    const struct profile_node *node = profile_tree_find(map, key->path);
    const enum applies state = applies(key, map);
    if (state == APPLIES_NOT) {
        if (node && !twin_applies(key, map) && speaks(key, map))
            refuse_ignored(reader, key, map, node);
        return;
    }
    if (node) {
        const bool set = node->mark.source->rank > 0;
        *origin = (struct profile_origin){.kind = set ? ORIGIN_SET : ORIGIN_FILE,
                                          .line = node->mark.line,
                                          .column = node->mark.column};
        fill_node(reader, key, node, base);
        return;
    }
    if (state == APPLIES_UNKNOWN || !key->fallback)
        return;
    if (key->fallback == KEY_REQUIRED) {
        refuse_missing(reader, key, map);
        return;
    }
    origin->kind = ORIGIN_DEFAULT;
    fill_default(reader, key, base);
}

void profile_fill(struct profile_reader *reader, const struct key_section *section,
                  struct profile_node *map, void *base, struct profile_origin *origin)
{
    for (uint32_t i = 0; i < keys_count(section); i++) {
        const struct key *key = keys_at(section, i);
        const bool own = !keys_part(section, key->path);
        if (own)
            fill_key(reader, key, map, base, &origin[i]);
    }
}
