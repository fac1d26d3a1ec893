/* SPDX-License-Identifier: BSD-3-Clause */
/* See profile_parse.h. One state machine over the event stream, one small stack; no recursion on input. */
#include "harness/profile/profile_parse.h"

#include <errno.h>
#include <libfyaml.h>
#include <string.h>

#include "core/base/check.h"
#include "harness/profile/profile_text.h"

#define ANCHORS_MAX 64u
#define DEPTH_MAX 16u

struct anchor {
    const char *name;
    struct profile_node *node;
};

/** The parse in progress. */
struct builder {
    struct profile_tree *tree;
    const struct profile_source *source;
    struct profile_errors *errors;
    struct profile_node *root;
    struct profile_node *stack[DEPTH_MAX];
    const char *key[DEPTH_MAX]; /* pending key of each open map */
    struct profile_mark key_mark[DEPTH_MAX];
    uint32_t depth;
    struct anchor anchor[ANCHORS_MAX];
    uint32_t anchor_count;
    uint32_t documents;
};

static struct profile_mark mark_of(const struct builder *b, struct fy_token *token)
{
    const struct fy_mark *start = token ? fy_token_start_mark(token) : NULL;
    const struct fy_mark *end = token ? fy_token_end_mark(token) : NULL;
    if (!start) { /* an empty value has no place of its own: it is that of its key */
        if (b->depth > 0 && b->key[b->depth - 1])
            return b->key_mark[b->depth - 1];
        return (struct profile_mark){b->source, b->depth ? b->stack[b->depth - 1]->mark.line : 1,
                                     b->depth ? b->stack[b->depth - 1]->mark.column : 1, 1};
    }
    const bool one_line = end && end->line == start->line && end->column > start->column;
    return (struct profile_mark){b->source, (uint32_t)start->line + 1, (uint32_t)start->column + 1,
                                 one_line ? (uint32_t)(end->column - start->column) : 1};
}

static int fail(struct builder *b, struct profile_mark mark, const char *what)
{
    profile_errors_add(b->errors, mark, "%s", what);
    return -EINVAL;
}

static const char *text_of(struct builder *b, struct fy_token *token, size_t *length)
{
    const char *text = token ? fy_token_get_text(token, length) : NULL;
    if (!text)
        *length = 0;
    return profile_tree_text(b->tree, text, *length);
}

static int budget(struct builder *b, struct profile_mark mark)
{
    if (b->tree->node_count < PROFILE_NODES_MAX)
        return 0;
    profile_errors_add(b->errors, mark,
                       "the profile has more than %u values once aliases are expanded",
                       PROFILE_NODES_MAX);
    return -EINVAL;
}

/** Put a finished or just opened node where it belongs: root, list item or value of the pending key. */
static int attach(struct builder *b, struct profile_node *node)
{
    if (b->depth == 0) {
        b->root = node;
        return 0;
    }
    struct profile_node *parent = b->stack[b->depth - 1];
    if (parent->kind == PROFILE_MAP) {
        const char **key = &b->key[b->depth - 1];
        if (!*key)
            return fail(b, node->mark, "a key must be plain text");
        node->key = *key;
        node->key_mark = b->key_mark[b->depth - 1];
        *key = NULL;
    }
    profile_tree_append(parent, node);
    return 0;
}

static int add_anchor(struct builder *b, struct fy_token *token, struct profile_node *node)
{
    if (!token)
        return 0;
    if (b->anchor_count == ANCHORS_MAX)
        return fail(b, mark_of(b, token), "more than 64 anchors");
    size_t length;
    b->anchor[b->anchor_count++] = (struct anchor){text_of(b, token, &length), node};
    return 0;
}

/** Deep copy; depth is bounded because the original was parsed within the depth limit. */
static int copy_node(struct builder *b, const struct profile_node *from, struct profile_mark at,
                     struct profile_node **out)
{
    if (budget(b, at))
        return -EINVAL;
    struct profile_node *to = profile_tree_node(b->tree, from->kind, from->mark);
    to->quoted = from->quoted;
    to->text = from->text;
    for (const struct profile_node *n = from->first; n; n = n->next) {
        struct profile_node *child;
        if (copy_node(b, n, at, &child))
            return -EINVAL;
        child->key = n->key;
        child->key_mark = n->key_mark;
        profile_tree_append(to, child);
    }
    *out = to;
    return 0;
}

static int on_alias(struct builder *b, struct fy_token *token)
{
    const struct profile_mark mark = mark_of(b, token);
    size_t length;
    const char *name = text_of(b, token, &length);
    const struct profile_node *target = NULL;
    for (uint32_t i = 0; i < b->anchor_count; i++)
        if (strcmp(b->anchor[i].name, name) == 0)
            target = b->anchor[i].node; /* the latest definition counts */
    if (!target) {
        profile_errors_add(b->errors, mark, "alias '*%s' has no anchor '&%s' before it", name,
                           name);
        return -EINVAL;
    }
    if (target->open)
        return fail(b, mark, "an alias inside its own anchor");
    struct profile_node *copy;
    return copy_node(b, target, mark, &copy) ? -EINVAL : attach(b, copy);
}

static int on_key(struct builder *b, struct fy_token *token)
{
    const struct profile_mark mark = mark_of(b, token);
    size_t length;
    const char *key = text_of(b, token, &length);
    if (length == 0)
        return fail(b, mark, "empty key");
    if (length >= 64)
        return fail(b, mark, "a key this long does not exist");
    if (strlen(key) != length || strpbrk(key, "\n\t."))
        return fail(b, mark, "a key is one word; nest maps instead of writing dots");
    const struct profile_node *twin = profile_tree_child(b->stack[b->depth - 1], key);
    if (twin) {
        profile_errors_add(b->errors, mark, "key '%s' stands twice in this map, first in line %u",
                           key, twin->key_mark.line);
        return -EINVAL;
    }
    b->key[b->depth - 1] = key;
    b->key_mark[b->depth - 1] = mark;
    return 0;
}

static int refuse_control(struct builder *b, struct profile_mark mark, uint32_t code)
{
    profile_errors_add(b->errors, mark,
                       "U+%04X (%s) has no place in a value: it is one line without control "
                       "characters",
                       code,
                       code == '\n'   ? "line end"
                       : code == '\t' ? "tab"
                       : code == '\r' ? "carriage return"
                                      : "control character");
    return -EINVAL;
}

static int on_text(struct builder *b, const struct fy_event *event)
{
    struct fy_token *token = event->scalar.value;
    const bool in_map = b->depth > 0 && b->stack[b->depth - 1]->kind == PROFILE_MAP;
    if (in_map && !b->key[b->depth - 1])
        return on_key(b, token);
    const struct profile_mark mark = mark_of(b, token);
    if (budget(b, mark))
        return -EINVAL;
    struct profile_node *node = profile_tree_node(b->tree, PROFILE_TEXT, mark);
    size_t length;
    node->text = text_of(b, token, &length);
    node->quoted = token && fy_token_scalar_style(token) != FYSS_PLAIN;
    for (size_t i = 0; i < length; i++) /* escapes such as "\0" and "\e" arrive here decoded */
        if ((unsigned char)node->text[i] < 0x20 || node->text[i] == 0x7F)
            return refuse_control(b, mark, (unsigned char)node->text[i]);
    if (add_anchor(b, event->scalar.anchor, node))
        return -EINVAL;
    return attach(b, node);
}

static int on_open(struct builder *b, enum profile_kind kind, struct fy_token *start,
                   struct fy_token *anchor)
{
    const struct profile_mark mark = mark_of(b, start);
    if (b->depth == DEPTH_MAX)
        return fail(b, mark, "nested deeper than 16 levels");
    if (budget(b, mark))
        return -EINVAL;
    struct profile_node *node = profile_tree_node(b->tree, kind, mark);
    node->open = true;
    if (add_anchor(b, anchor, node) || attach(b, node))
        return -EINVAL;
    b->key[b->depth] = NULL;
    b->stack[b->depth++] = node;
    return 0;
}

/** Move children of `from` that `map` does not have; own keys win over merged ones. */
static void merge_map(struct profile_node *map, struct profile_node *from)
{
    for (struct profile_node *n = from->first, *next; n; n = next) {
        next = n->next;
        if (!profile_tree_child(map, n->key))
            profile_tree_append(map, n);
    }
}

static int on_close(struct builder *b)
{
    struct profile_node *node = b->stack[--b->depth];
    node->open = false;
    struct profile_node *merge = profile_tree_child(node, "<<");
    if (!merge)
        return 0;
    profile_tree_remove(node, merge);
    if (merge->kind == PROFILE_MAP) {
        merge_map(node, merge);
        return 0;
    }
    if (merge->kind != PROFILE_LIST)
        return fail(b, merge->mark, "'<<' merges a map: write '<<: *anchor'");
    for (struct profile_node *n = merge->first; n; n = n->next) {
        if (n->kind != PROFILE_MAP)
            return fail(b, n->mark, "'<<' merges maps only");
        merge_map(node, n);
    }
    return 0;
}

static int on_event(struct builder *b, struct fy_event *event)
{
    struct fy_token *tag = fy_event_get_tag_token(event);
    if (tag)
        return fail(b, mark_of(b, tag), "tags ('!name') are not supported");
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (b->documents++ == 0)
            return 0;
        return fail(b, mark_of(b, event->document_start.document_start),
                    "a second document; a profile is one document");
    case FYET_MAPPING_START:
        return on_open(b, PROFILE_MAP, event->mapping_start.mapping_start,
                       event->mapping_start.anchor);
    case FYET_SEQUENCE_START:
        return on_open(b, PROFILE_LIST, event->sequence_start.sequence_start,
                       event->sequence_start.anchor);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        return on_close(b);
    case FYET_SCALAR:
        return on_text(b, event);
    case FYET_ALIAS:
        return on_alias(b, event->alias.anchor);
    default:
        return 0;
    }
}

/** What is missing at the end of the file is shown at the end of its last line, not on the empty one after it. */
static void pull_back(struct profile_mark *mark)
{
    const char *text = mark->source->text;
    size_t end = mark->source->length;
    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r'))
        end--;
    uint32_t line = 1, column = 1;
    for (size_t i = 0; i < end; i++) {
        const bool newline = text[i] == '\n';
        line += newline;
        column = newline ? 1 : column + ((text[i] & 0xC0) != 0x80);
    }
    if (mark->line <= line)
        return;
    mark->line = line;
    mark->column = column;
}

/** A no-break space where a space belongs is no separator to YAML. Does line `number` have a character of that kind? */
static bool line_deceives(const struct profile_source *source, uint32_t number, char *out,
                          size_t bytes)
{
    char line[512];
    uint32_t at = 1;
    size_t used = 0;
    for (size_t i = 0; i < source->length && at <= number; i++) {
        if (at == number && source->text[i] != '\n' && used < sizeof(line) - 1)
            line[used++] = source->text[i] == '\t' ? ' ' : source->text[i];
        at += source->text[i] == '\n';
    }
    line[used] = '\0';
    return profile_text_deceives(line, out, bytes);
}

/** The library's first complaint in our form; it collects instead of printing. */
static void report_syntax(struct builder *b, struct fy_diag *diag)
{
    void *position = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &position);
    struct profile_mark mark = {.source = b->source};
    if (error && error->line > 0 && error->column > 0) {
        mark = (struct profile_mark){b->source, (uint32_t)error->line, (uint32_t)error->column, 1};
        pull_back(&mark);
    }
    const char *const said = error && error->msg ? error->msg : "cannot be parsed";
    char sentence[160];
    if (line_deceives(b->source, mark.line, sentence, sizeof(sentence)))
        profile_errors_add(b->errors, mark, "YAML: %s (%s)", said, sentence);
    else
        profile_errors_add(b->errors, mark, "YAML: %s", said);
}

static void discard(struct fy_diag *diag, void *user, const char *text, size_t length)
{
    (void)diag, (void)user, (void)text, (void)length;
}

int profile_parse(struct profile_tree *tree, const struct profile_source *source,
                  struct profile_node **root, struct profile_errors *errors)
{
    struct builder b = {.tree = tree, .source = source, .errors = errors};
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    diag_config.output_fn = discard;
    diag_config.level = FYET_ERROR;
    struct fy_diag *diag = fy_diag_create(&diag_config);
    CHECK(diag);
    fy_diag_set_collect_errors(diag, true);
    const struct fy_parse_cfg config = {.flags = FYPCF_QUIET, .diag = diag};
    struct fy_parser *parser = fy_parser_create(&config);
    CHECK(parser);
    CHECK(fy_parser_set_string(parser, source->text, source->length) == 0);

    int rc = 0;
    for (struct fy_event *event; rc == 0 && (event = fy_parser_parse(parser));) {
        rc = on_event(&b, event);
        fy_parser_event_free(parser, event);
    }
    if (rc == 0 && fy_parser_get_stream_error(parser)) {
        report_syntax(&b, diag);
        rc = -EINVAL;
    }
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    *root = rc ? NULL : b.root;
    return rc;
}
