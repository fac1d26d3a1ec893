/* SPDX-License-Identifier: BSD-3-Clause */
/* See profile_set.h. Wrong names are not judged here: they become nodes, and the key table refuses them like any other. */
#include "harness/profile/profile_set.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "harness/profile/keys.h"
#include "harness/profile/profile_parse.h"
#include "harness/profile/profile_text.h"
#include "harness/profile/suggest.h"

#define PATH_MAX_BYTES 256u

/** One walk along a path. `section` and `prefix` say which keys the current map holds. */
struct walk {
    struct profile_tree *tree;
    const struct profile_source *source;
    struct profile_errors *errors;
    const struct key_section *section;
    char prefix[PATH_MAX_BYTES]; /* dotted path inside the section, "" at its top */
    bool removing;               /* no value: nothing may be created on the way */
};

static struct profile_mark place(const struct walk *w)
{
    return (struct profile_mark){.source = w->source};
}

static void descend(struct walk *w, const char *part)
{
    const size_t used = strlen(w->prefix);
    snprintf(w->prefix + used, sizeof(w->prefix) - used, "%s%s", used ? "." : "", part);
}

/** `policies: aau` and `graph: ring` are short for a list and a map: spell them out to reach inside. */
static int spell_out(struct walk *w, struct profile_node *node)
{
    if (node->kind != PROFILE_TEXT)
        return 0;
    const char *main_key = keys_main(w->section, w->prefix);
    if (!main_key) {
        profile_errors_add(w->errors, place(w), "'%s' is a single value; nothing is inside it",
                           w->prefix);
        return -EINVAL;
    }
    profile_tree_widen(w->tree, node, main_key);
    return 0;
}

static bool item_is(const struct profile_node *item, const char *name)
{
    if (item->kind == PROFILE_TEXT)
        return strcmp(item->text, name) == 0;
    const struct profile_node *label = profile_tree_child(item, "label");
    const struct profile_node *kind = profile_tree_child(item, "kind");
    const struct profile_node *named = label ? label : kind;
    return named && named->kind == PROFILE_TEXT && strcmp(named->text, name) == 0;
}

static void refuse_item(struct walk *w, const struct profile_node *list, const char *part,
                        uint32_t count)
{
    struct suggest nearest = {.typed = part};
    for (const struct profile_node *n = list->first; n; n = n->next) {
        const struct profile_node *label = profile_tree_child(n, "label");
        const struct profile_node *named = label ? label : profile_tree_child(n, "kind");
        const char *name = n->kind == PROFILE_TEXT ? n->text : named ? named->text : NULL;
        if (name)
            suggest_offer(&nearest, name);
    }
    if (nearest.best)
        profile_errors_add(w->errors, place(w), "no '%s' in %s; did you mean '%s'?", part,
                           w->prefix, nearest.best);
    else
        profile_errors_add(
            w->errors, place(w),
            "no '%s' in %s, which has %u items; give a number from 0, or a name in it", part,
            w->prefix, count);
}

static struct profile_node *item_of(struct walk *w, struct profile_node *list, const char *part)
{
    const bool number = part[0] && strspn(part, "0123456789") == strlen(part);
    unsigned long wanted = number ? strtoul(part, NULL, 10) : ULONG_MAX;
    uint32_t count = 0;
    for (struct profile_node *n = list->first; n; n = n->next, count++)
        if (number ? count == wanted : item_is(n, part))
            return n;
    refuse_item(w, list, part, count);
    return NULL;
}

/** Removing a key that does not exist would hide a slip, and there is no node left for the key table to refuse. */
static int known(const struct walk *w, const char *part)
{
    char path[PATH_MAX_BYTES];
    const int n = snprintf(path, sizeof(path), "%s%s%s", w->prefix, w->prefix[0] ? "." : "", part);
    if (n > 0 && (size_t)n < sizeof(path) && keys_exists(w->section, path))
        return 0;
    struct suggest nearest = {.typed = part};
    keys_offer_children(w->section, w->prefix, &nearest);
    profile_errors_add(w->errors, place(w), "unknown key '%s'%s%s%s", part,
                       nearest.best ? "; did you mean '" : "", nearest.best ? nearest.best : "",
                       nearest.best ? "'?" : "");
    return -EINVAL;
}

/** Next step down, creating maps on the way. NULL = error reported, or nothing there to remove. */
static struct profile_node *step(struct walk *w, struct profile_node *node, const char *part)
{
    if (node->kind == PROFILE_LIST) {
        const struct key_section *const section = keys_part(w->section, w->prefix);
        if (!section) {
            profile_errors_add(w->errors, place(w), "nothing is inside an item of '%s'", w->prefix);
            return NULL;
        }
        struct profile_node *item = item_of(w, node, part);
        w->section = section;
        w->prefix[0] = '\0';
        return item;
    }
    if (spell_out(w, node))
        return NULL;
    struct profile_node *child = profile_tree_child(node, part);
    if (!child && w->removing) {
        known(w, part);
        return NULL;
    }
    descend(w, part);
    if (!child) {
        child = profile_tree_node(w->tree, PROFILE_MAP, place(w));
        child->key = profile_tree_text(w->tree, part, strlen(part));
        child->key_mark = place(w);
        profile_tree_append(node, child);
    }
    const bool list = keys_part(w->section, w->prefix) != NULL;
    if (list && child->kind == PROFILE_TEXT) {
        struct profile_node *item = profile_tree_node(w->tree, PROFILE_TEXT, child->mark);
        item->text = child->text;
        child->kind = PROFILE_LIST;
        profile_tree_append(child, item);
    }
    return child;
}

static int put(struct walk *w, struct profile_node *parent, const char *part,
               struct profile_node *value)
{
    struct profile_node *old;
    if (parent->kind == PROFILE_LIST) {
        old = item_of(w, parent, part);
        if (!old)
            return -EINVAL;
    } else {
        if (spell_out(w, parent))
            return -EINVAL;
        old = profile_tree_child(parent, part);
    }
    if (!value && old)
        profile_tree_remove(parent, old);
    if (!value)
        return 0;
    if (old) {
        profile_tree_replace(parent, old, value);
        return 0;
    }
    value->key = profile_tree_text(w->tree, part, strlen(part));
    value->key_mark = place(w);
    profile_tree_append(parent, value);
    return 0;
}

/** Bytes of the path before the `=`; 0: there is none that could be followed. */
static size_t path_length(const struct profile_source *source)
{
    const char *const equals = memchr(source->text, '=', source->length);
    const size_t bytes = equals ? (size_t)(equals - source->text) : 0;
    if (bytes == 0 || bytes >= PATH_MAX_BYTES || source->text[0] == '.' ||
        source->text[bytes - 1] == '.' || memmem(source->text, bytes, "..", 2))
        return 0;
    return bytes;
}

/** What stands behind the `=`, or NULL for nothing. */
static int parse_value(struct walk *w, const char *text, struct profile_node **value)
{
    struct profile_source source = {.name = w->source->name,
                                    .text = text,
                                    .length = w->source->length - (size_t)(text - w->source->text),
                                    .rank = w->source->rank};
    *value = NULL;
    if (source.length > 0 && (profile_text_guard(&source, w->errors) ||
                              profile_parse(w->tree, &source, value, w->errors)))
        return -EINVAL;
    if (*value)
        profile_tree_relocate(*value, w->source);
    return 0;
}

int profile_set_apply(const struct key_section *keys, struct profile_tree *tree,
                      struct profile_node *root, const struct profile_source *source,
                      struct profile_errors *errors)
{
    struct walk w = {.tree = tree, .source = source, .errors = errors, .section = keys};
    const size_t path_bytes = path_length(source);
    struct profile_node *value;
    if (path_bytes == 0) {
        profile_errors_add(errors, place(&w), "expected path=value, as in workers.count=8");
        return -EINVAL;
    }
    if (parse_value(&w, source->text + path_bytes + 1, &value))
        return -EINVAL;

    w.removing = !value;

    char path[PATH_MAX_BYTES];
    memcpy(path, source->text, path_bytes);
    path[path_bytes] = '\0';
    struct profile_node *node = root;
    char *part = path;
    for (char *dot; (dot = strchr(part, '.')); part = dot + 1) {
        *dot = '\0';
        node = step(&w, node, part);
        if (!node)
            return -EINVAL;
    }
    if (!value && node->kind != PROFILE_LIST && known(&w, part))
        return -EINVAL;
    return put(&w, node, part, value);
}
