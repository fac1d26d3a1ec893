/* SPDX-License-Identifier: BSD-3-Clause */
/* Short forms written out: a bare value for the main key of its group, what a section spells itself, a list of one. */
#include <stdio.h>

#include "harness/profile/profile_fill.h"
#include "harness/profile/profile_text.h"

static void normalise_child(struct profile_reader *reader, const struct key_section *section,
                            const char *path, struct profile_node *node);

static void normalise_map(struct profile_reader *reader, const struct key_section *section,
                          const char *path, struct profile_node *map)
{
    for (struct profile_node *n = map->first; n; n = n->next) {
        char child[160];
        snprintf(child, sizeof(child), "%s%s%s", path, *path ? "." : "", n->key);
        if (!keys_exists(section, child))
            profile_refuse_unknown(reader, section, path, map, n);
        else if (keys_is_group(section, child))
            normalise_child(reader, section, child, n);
    }
}

static void normalise_child(struct profile_reader *reader, const struct key_section *section,
                            const char *path, struct profile_node *node)
{
    const char *main_key = keys_main(section, path);
    if (node->kind == PROFILE_TEXT && main_key)
        profile_tree_widen(&reader->tree, node, main_key);
    char example[160] = "";
    if (node->kind == PROFILE_TEXT && profile_text_deceives(node->text, example, sizeof(example))) {
        profile_errors_add(reader->errors, node->mark, "%s: %s", path, example);
        return;
    }
    if (node->kind != PROFILE_MAP) {
        if (main_key)
            snprintf(example, sizeof(example), ", such as %s: {%s: ...}", keys_leaf(path),
                     main_key);
        profile_errors_add(reader->errors, node->mark, "%s must be a map of keys%s", path, example);
        return;
    }
    if (section->spell)
        section->spell(&reader->tree, path, node);
    normalise_map(reader, section, path, node);
}

void profile_normalise(struct profile_reader *reader, const struct key_section *section,
                       struct profile_node *node)
{
    if (section->spell)
        section->spell(&reader->tree, "", node);
    normalise_map(reader, section, "", node);
}

/** One bare value or map stands for a list of one. */
static void make_list(struct profile_reader *reader, struct profile_node *node)
{
    struct profile_node *const item = profile_tree_node(&reader->tree, node->kind, node->mark);
    item->text = node->text;
    item->first = node->first;
    item->last = node->last;
    node->kind = PROFILE_LIST;
    node->first = node->last = NULL;
    profile_tree_append(node, item);
}

static void normalise_entry(struct profile_reader *reader, const struct key_section *section,
                            struct profile_node *entry)
{
    const char *const main_key = keys_main(section, "");
    if (entry->kind == PROFILE_TEXT && main_key)
        profile_tree_widen(&reader->tree, entry, main_key);
    if (entry->kind == PROFILE_MAP)
        profile_normalise(reader, section, entry);
    else
        profile_errors_add(reader->errors, entry->mark, "an entry of %s must be a map%s",
                           section->name, section->such_as);
}

uint32_t profile_normalise_list(struct profile_reader *reader, const struct key_section *section,
                                uint32_t least, uint32_t most)
{
    struct profile_node *const list = profile_tree_child(reader->root, section->name);
    uint32_t count = 0;
    if (!list)
        return 0;
    if (list->kind != PROFILE_LIST)
        make_list(reader, list);
    for (struct profile_node *n = list->first; n; n = n->next, count++)
        normalise_entry(reader, section, n);
    if (count < least || count > most)
        profile_errors_add(reader->errors, list->key_mark, "%s has %u entries; expected %u to %u",
                           section->name, count, least, most);
    return count < most ? count : most;
}
