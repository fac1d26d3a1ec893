/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The YAML of a profile as a plain tree of maps, lists and texts, each node knowing where it was written.
 */
#ifndef HARNESS_PROFILE_PROFILE_TREE_H
#define HARNESS_PROFILE_PROFILE_TREE_H

#include "harness/profile/profile_errors.h"

enum profile_kind { PROFILE_TEXT, PROFILE_MAP, PROFILE_LIST };

struct profile_node {
    enum profile_kind kind;
    bool quoted;
    bool open;        /* its end was not seen yet: an alias to it would contain itself */
    const char *text; /* PROFILE_TEXT */
    const char *key;  /* in a map */
    struct profile_mark mark, key_mark;
    struct profile_node *first, *last; /* children, in order */
    struct profile_node *next;
};

/** Owns every node and text; zero-initialise. */
struct profile_tree {
    struct profile_block *blocks;
    uint32_t node_count;
};

void profile_tree_free(struct profile_tree *self);

struct profile_node *profile_tree_node(struct profile_tree *self, enum profile_kind kind,
                                       struct profile_mark mark);
const char *profile_tree_text(struct profile_tree *self, const char *text, size_t length);

void profile_tree_append(struct profile_node *parent, struct profile_node *child);

/** Replace the child at the same address in the list of `parent`, keeping its key. */
void profile_tree_replace(struct profile_node *parent, struct profile_node *old,
                          struct profile_node *node);
void profile_tree_remove(struct profile_node *parent, const struct profile_node *child);

/** Turn a text into a map {key: that text}: what `graph: ring` is short for. */
void profile_tree_widen(struct profile_tree *self, struct profile_node *node, const char *key);

/** Give the whole subtree the place "this source". */
void profile_tree_relocate(struct profile_node *node, const struct profile_source *source);

/** Child of a map, or NULL. */
struct profile_node *profile_tree_child(const struct profile_node *map, const char *key);

/** `a.b.c` below `map`, or NULL (also for map NULL). */
struct profile_node *profile_tree_find(struct profile_node *map, const char *path);

/** The same, or what is there of the way to it: `a.b`, `a`, or `map`. For the place of an error. */
struct profile_node *profile_tree_nearest(struct profile_node *map, const char *path);

#endif
