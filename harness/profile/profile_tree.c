/* SPDX-License-Identifier: BSD-3-Clause */
/* See profile_tree.h. Control data of a few KiB at start-up: running out of memory here is a CHECK. */
#include "harness/profile/profile_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

/** Memory of a tree is given back as a whole: every block hangs in one list. */
struct profile_block {
    struct profile_block *next;
    max_align_t memory[];
};

static void *take(struct profile_tree *self, size_t bytes)
{
    struct profile_block *block = calloc(1, sizeof(*block) + bytes);
    CHECK(block);
    block->next = self->blocks;
    self->blocks = block;
    return block->memory;
}

void profile_tree_free(struct profile_tree *self)
{
    while (self->blocks) {
        struct profile_block *block = self->blocks;
        self->blocks = block->next;
        free(block);
    }
    *self = (struct profile_tree){0};
}

struct profile_node *profile_tree_node(struct profile_tree *self, enum profile_kind kind,
                                       struct profile_mark mark)
{
    struct profile_node *node = take(self, sizeof(*node));
    node->kind = kind;
    node->mark = mark;
    self->node_count++;
    return node;
}

const char *profile_tree_text(struct profile_tree *self, const char *text, size_t length)
{
    char *copy = take(self, length + 1);
    if (length)
        memcpy(copy, text, length);
    return copy;
}

void profile_tree_append(struct profile_node *parent, struct profile_node *child)
{
    child->next = NULL;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

void profile_tree_remove(struct profile_node *parent, const struct profile_node *child)
{
    struct profile_node *previous = NULL;
    for (struct profile_node *n = parent->first; n; previous = n, n = n->next) {
        if (n != child)
            continue;
        if (previous)
            previous->next = n->next;
        else
            parent->first = n->next;
        if (parent->last == n)
            parent->last = previous;
        return;
    }
}

void profile_tree_replace(struct profile_node *parent, struct profile_node *old,
                          struct profile_node *node)
{
    node->key = old->key;
    node->key_mark = node->mark;
    struct profile_node **link = &parent->first;
    while (*link != old)
        link = &(*link)->next;
    *link = node;
    node->next = old->next;
    if (parent->last == old)
        parent->last = node;
}

void profile_tree_widen(struct profile_tree *self, struct profile_node *node, const char *key)
{
    struct profile_node *text = profile_tree_node(self, PROFILE_TEXT, node->mark);
    text->text = node->text;
    text->quoted = node->quoted;
    text->key = key;
    text->key_mark = node->mark;
    node->kind = PROFILE_MAP;
    node->text = NULL;
    profile_tree_append(node, text);
}

void profile_tree_relocate(struct profile_node *node, const struct profile_source *source)
{
    node->mark = node->key_mark = (struct profile_mark){.source = source};
    for (struct profile_node *n = node->first; n; n = n->next)
        profile_tree_relocate(n, source);
}

struct profile_node *profile_tree_child(const struct profile_node *map, const char *key)
{
    if (!map || map->kind != PROFILE_MAP)
        return NULL;
    struct profile_node *n = map->first;
    while (n && strcmp(n->key, key) != 0)
        n = n->next;
    return n;
}

struct profile_node *profile_tree_find(struct profile_node *map, const char *path)
{
    struct profile_node *node = map;
    while (node && *path) {
        char key[64];
        const size_t length = strcspn(path, ".");
        CHECK(length < sizeof(key));
        memcpy(key, path, length);
        key[length] = '\0';
        node = profile_tree_child(node, key);
        path += length + (path[length] == '.');
    }
    return node;
}

struct profile_node *profile_tree_nearest(struct profile_node *map, const char *path)
{
    char way[160];
    struct profile_node *node = profile_tree_find(map, path);
    snprintf(way, sizeof(way), "%s", path);
    for (char *dot; !node && (dot = strrchr(way, '.'));) {
        *dot = '\0';
        node = profile_tree_find(map, way);
    }
    return node ? node : map;
}
