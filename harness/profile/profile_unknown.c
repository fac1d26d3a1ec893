/* SPDX-License-Identifier: BSD-3-Clause */
/* A key that the table does not have: what its author may have meant. */
#include <stdio.h>
#include <string.h>

#include "harness/profile/profile_fill.h"
#include "harness/profile/profile_text.h"

/** ` in workers.graph`, ` in policies`, or nothing at the top. */
static const char *where(const struct key_section *section, const char *path, char *out,
                         size_t bytes)
{
    const char *name = section->name;
    const bool any = *name || *path;
    snprintf(out, bytes, "%s%s%s%s", any ? " in " : "", name, *name && *path ? "." : "", path);
    return out;
}

static bool is_bare(const struct profile_node *node)
{
    return node->kind == PROFILE_TEXT && !node->quoted;
}

/** Is `node`, and the entry before it, what a comma makes of a number? */
static bool is_cut_number(const struct profile_node *before, const struct profile_node *node)
{
    if (!before || !is_bare(before) || !is_bare(node) || *node->text ||
        strspn(node->key, "0123456789") == 0)
        return false;
    const size_t digits = strspn(before->text, "-0123456789");
    return digits > 0 && !before->text[digits];
}

/**
 * `{lr: 0,1}` is lr: 0 and a key 1 without a value, because a comma ends an entry. The number that was meant takes the place
 * of its first half, so that one slip is one error.
 */
static bool mend_cut_number(struct profile_reader *reader, struct profile_node *map,
                            const struct profile_node *node)
{
    char text[160];
    struct profile_node *before = map->first;
    while (before && before->next != node)
        before = before->next;
    if (!is_cut_number(before, node))
        return false;
    const bool thousands = strspn(node->key, "0123456789") == 3 && strcmp(before->text, "0") != 0;
    const int length =
        snprintf(text, sizeof(text), "%.80s%s%s", before->text, thousands ? "" : ".", node->key);
    profile_errors_add(reader->errors, node->key_mark,
                       "the comma before '%s' ends the value: write %s: %s%s", node->key,
                       before->key, text, thousands ? "" : ", with a decimal point");
    before->text = profile_tree_text(&reader->tree, text, (size_t)length);
    return true;
}

void profile_refuse_unknown(struct profile_reader *reader, const struct key_section *section,
                            const char *path, struct profile_node *map,
                            const struct profile_node *node)
{
    char place[160], sentence[160];
    where(section, path, place, sizeof(place));
    if (mend_cut_number(reader, map, node))
        return;
    if (profile_text_deceives(node->key, sentence, sizeof(sentence))) {
        profile_errors_add(reader->errors, node->key_mark, "unknown key%s: %s", place, sentence);
        return;
    }
    struct suggest nearest = {.typed = node->key};
    keys_offer_children(section, path, &nearest);
    const char *elsewhere = keys_elsewhere(section, node->key);
    if (elsewhere && (!nearest.best || nearest.distance > 0))
        profile_errors_add(reader->errors, node->key_mark, "unknown key '%s'%s; did you mean '%s'?",
                           node->key, place, elsewhere);
    else if (nearest.best)
        profile_errors_add(reader->errors, node->key_mark, "unknown key '%s'%s; did you mean '%s'?",
                           node->key, place, nearest.best);
    else
        profile_errors_add(reader->errors, node->key_mark,
                           "unknown key '%s'%s; `dawdle help` lists all keys", node->key, place);
}
