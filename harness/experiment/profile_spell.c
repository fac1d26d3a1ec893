/* SPDX-License-Identifier: BSD-3-Clause */
/* Short spellings of a profile, written out before the key table sees them. Each node keeps the place of what it follows from. */
#include <stdio.h>
#include <string.h>

#include "harness/experiment/profile_private.h"

static struct profile_node *append_text(struct profile_tree *tree, struct profile_node *map,
                                        const char *key, const char *text,
                                        const struct profile_node *reason)
{
    struct profile_node *const node = profile_tree_node(tree, PROFILE_TEXT, reason->mark);
    node->key = key;
    node->key_mark = reason->key_mark;
    node->text = text;
    profile_tree_append(map, node);
    return node;
}

/** `select: {percent: 10%}` says its kind without naming it. */
static void spell_select(struct profile_tree *tree, struct profile_node *node)
{
    static const char *const kinds[] = {"percent", "count", "workers", "groups", "cpukind"};
    if (profile_tree_child(node, "kind"))
        return;
    for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct profile_node *const reason = profile_tree_child(node, kinds[i]);
        if (!reason)
            continue;
        append_text(tree, node, "kind", kinds[i], reason);
        return;
    }
    const struct profile_node *const each = profile_tree_child(node, "each");
    if (each) /* then the share is missing, and not the kind */
        append_text(tree, node, "kind", "percent", each);
}

/** `schedule: {0s: 10%, 1s: 100%}` is two lists, in the order in which it is written. */
static void spell_schedule(struct profile_tree *tree, struct profile_node *node)
{
    struct profile_node *lists[2];
    for (struct profile_node *n = node->first; n; n = n->next)
        if (n->kind != PROFILE_TEXT || n->key[0] < '0' || n->key[0] > '9')
            return;
    if (!node->first)
        return;
    for (uint32_t i = 0; i < 2; i++) {
        lists[i] = profile_tree_node(tree, PROFILE_LIST, node->first->key_mark);
        lists[i]->key = i == 0 ? "times" : "scales";
        lists[i]->key_mark = node->first->key_mark;
    }
    for (struct profile_node *n = node->first; n; n = n->next) {
        struct profile_node *const time = profile_tree_node(tree, PROFILE_TEXT, n->key_mark);
        struct profile_node *const scale = profile_tree_node(tree, PROFILE_TEXT, n->mark);
        time->text = n->key;
        scale->text = n->text;
        profile_tree_append(lists[0], time);
        profile_tree_append(lists[1], scale);
    }
    node->first = node->last = NULL;
    profile_tree_append(node, lists[0]);
    profile_tree_append(node, lists[1]);
}

/** A bad link need not delay: without a law its law is `none`. */
static void spell_entry(struct profile_tree *tree, struct profile_node *entry)
{
    const struct profile_node *const what = profile_tree_child(entry, "what");
    if (!what || what->kind != PROFILE_TEXT || strcmp(what->text, "link") != 0 ||
        profile_tree_child(entry, "law"))
        return;
    append_text(tree, entry, "law", "none", what);
}

void profile_spell_inject(struct profile_tree *tree, const char *path, struct profile_node *node)
{
    if (!*path)
        spell_entry(tree, node);
    else if (strcmp(path, "select") == 0)
        spell_select(tree, node);
    else if (strcmp(path, "when.schedule") == 0)
        spell_schedule(tree, node);
}

void profile_spell_jitter(struct profile_load *load)
{
    struct profile_node *const jitter = profile_tree_find(load->in.root, "compute.jitter");
    const struct profile_node *const law = jitter ? profile_tree_child(jitter, "law") : NULL;
    if (law && !profile_tree_child(jitter, "kind"))
        append_text(&load->in.tree, jitter, "kind", "law", law);
}

static void spell_claim(struct profile_load *load, struct profile_node *check)
{
    const struct profile_node *claim = profile_tree_child(check, "claim");
    char text[512];
    if (check->kind != PROFILE_MAP || !claim || claim != check->first || claim->next ||
        claim->kind != PROFILE_TEXT)
        return;
    const int length = snprintf(text, sizeof(text), "claim: %s", claim->text);
    if (length < 0 || (size_t)length >= sizeof(text))
        return;
    check->mark = claim->mark;
    check->kind = PROFILE_TEXT;
    check->quoted = true;
    check->text = profile_tree_text(&load->in.tree, text, (size_t)length);
    check->first = check->last = NULL;
}

void profile_spell_claims(struct profile_load *load)
{
    struct profile_node *const checks = profile_tree_child(load->in.root, "checks");
    if (!checks)
        return;
    for (struct profile_node *n = checks->kind == PROFILE_LIST ? checks->first : NULL; n;
         n = n->next)
        spell_claim(load, n);
    spell_claim(load, checks);
}
