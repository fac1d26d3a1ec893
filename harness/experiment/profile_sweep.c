/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A swept profile is loaded once as it is written and once per value; each time the value goes the way of a --set, so the
 * key table judges it like any other.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "harness/experiment/profile_private.h"
#include "harness/profile/profile_set.h"

/** An entry of a list by its number, label or kind. */
static const struct profile_node *item_of(const struct profile_node *list, const char *part)
{
    uint32_t number = 0;
    for (const struct profile_node *n = list->first; n; n = n->next, number++) {
        char digits[16];
        const struct profile_node *const label = profile_tree_child(n, "label");
        const struct profile_node *const kind = label ? label : profile_tree_child(n, "kind");
        const char *const name = n->kind == PROFILE_TEXT ? n->text : kind ? kind->text : NULL;
        snprintf(digits, sizeof(digits), "%u", number);
        if (strcmp(part, digits) == 0 || (name && strcmp(part, name) == 0))
            return n;
    }
    return NULL;
}

void profile_sweep_written(struct profile_load *load)
{
    const struct profile_node *const key =
        profile_tree_child(profile_tree_child(load->in.root, "sweep"), "key");
    const struct profile_node *node = load->in.root;
    char path[EXPERIMENT_SWEEP_TEXT_MAX];
    if (!key || key->kind != PROFILE_TEXT || strlen(key->text) >= sizeof(path))
        return;
    snprintf(path, sizeof(path), "%s", key->text);
    char *rest = path;
    for (char *part; node && (part = strsep(&rest, "."));)
        node = node->kind == PROFILE_LIST ? item_of(node, part) : profile_tree_child(node, part);
    if (node && node->kind == PROFILE_TEXT)
        snprintf(load->out->sweep.written, sizeof(load->out->sweep.written), "%.127s", node->text);
}

void profile_sweep_apply(struct profile_load *load, struct profile_source *source)
{
    struct profile_node *const sweep = profile_tree_child(load->in.root, "sweep");
    const struct profile_node *const key = profile_tree_child(sweep, "key");
    const struct profile_node *const values = profile_tree_child(sweep, "values");
    const struct profile_node *value = values->kind == PROFILE_LIST ? values->first : values;
    for (uint32_t i = 0; i < load->value; i++)
        value = value->next;
    char text[8 + 2 * EXPERIMENT_SWEEP_TEXT_MAX];
    const int length = snprintf(text, sizeof(text), "sweep %s=%s", key->text, value->text);
    CHECK(length > 0 && (size_t)length < sizeof(text)); /* the profile as written was accepted */
    /* Rank 0: it belongs to the profile, and so do the files that it names. */
    source->name = profile_tree_text(&load->in.tree, text, (size_t)length);
    source->text = source->name + strlen("sweep ");
    source->length = (size_t)length - strlen("sweep ");
    load->in.errors->circumstance = source->name;
    profile_set_apply(KEYS_PROFILE, &load->in.tree, load->in.root, source, load->in.errors);
}

static bool starts(const char *path, const char *part)
{
    const size_t length = strlen(part);
    return strncmp(path, part, length) == 0 && (path[length] == '.' || path[length] == '\0');
}

static void check_key(struct profile_load *load, const struct profile_node *key)
{
    static const char *const whole[] = {"name", "clock", "seeds", "checks", "sweep"};
    for (uint32_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
        if (starts(key->text, whole[i]))
            profile_errors_add(load->in.errors, key->mark,
                               "%s cannot be swept: it is the same for the whole matrix", whole[i]);
    if (load->out->train.tuned[0] && strcmp(keys_leaf(key->text), "lr") == 0)
        profile_errors_add(load->in.errors, key->mark,
                           "train.tuned sets the rates, so %s would change nothing; take it back",
                           key->text);
}

void profile_sweep_check(struct profile_load *load)
{
    const struct experiment *const x = load->out;
    const struct profile_node *const values = profile_tree_find(load->in.root, "sweep.values");
    if (!x->sweep.key[0])
        return;
    check_key(load, profile_tree_find(load->in.root, "sweep.key"));
    const struct profile_node *item = values->kind == PROFILE_LIST ? values->first : values;
    for (uint32_t i = 0; i < x->sweep.count; i++, item = item->next)
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(x->sweep.value[i], x->sweep.value[j]) == 0) {
                profile_errors_add(load->in.errors, item->mark, "the value '%s' stands twice",
                                   x->sweep.value[i]);
                break;
            }
}
