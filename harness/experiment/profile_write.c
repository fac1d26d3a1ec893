/* SPDX-License-Identifier: BSD-3-Clause */
/* The resolved echo: the key table once more, in its own order, with the origin of each value behind it. */
#include <stdlib.h>
#include <string.h>

#include "harness/experiment/profile_private.h"
#include "harness/profile/profile_values.h"

#define ORIGIN_COLUMN 48

static void write_claim(FILE *out, const char *claim)
{
    while (*claim) {
        const size_t length = strcspn(claim, "\n");
        fprintf(out, length ? "# %.*s\n" : "#\n", (int)length, claim);
        claim += length + (claim[length] == '\n');
    }
    fputc('\n', out);
}

static void write_origin(FILE *out, const struct profile_origins *origins,
                         const struct profile_origin *origin)
{
    if (origin->kind == ORIGIN_FILE) {
        const char *slash = strrchr(origins->file, '/');
        fprintf(out, "# %s:%u\n", slash ? slash + 1 : origins->file, origin->line);
    } else {
        fprintf(out, "# %s\n",
                origin->kind == ORIGIN_SET     ? "--set"
                : origin->kind == ORIGIN_TUNED ? "train.tuned"
                                               : "default");
    }
}

void profile_write_value(FILE *out, const struct key *key, const void *base)
{
    const char *field = (const char *)base + key->place.offset;
    if (key->place.bytes == 0) { /* only one value is accepted */
        fputs(key->fallback, out);
        return;
    }
    if (key->place.items_max == 0) {
        profile_value_print(out, key, field);
        return;
    }
    uint32_t count = key->place.items_min;
    if (key->place.counted)
        memcpy(&count, (const char *)base + key->place.count_offset, sizeof(count));
    fputc('[', out);
    for (uint32_t i = 0; i < count; i++) {
        fputs(i ? ", " : "", out);
        profile_value_print(out, key, field + (size_t)i * key->place.bytes);
    }
    fputc(']', out);
}

/** Open the maps that lead to `path` and were not open for `previous`. Returns the depth of the leaf. */
static uint32_t write_groups(FILE *out, const char *previous, const char *path, uint32_t indent)
{
    uint32_t depth = 0;
    bool same = true;
    for (const char *dot; (dot = strchr(path, '.')); depth++) {
        const size_t length = (size_t)(dot - path);
        same = same && previous && strncmp(previous, path, length + 1) == 0;
        if (!same)
            fprintf(out, "%*s%.*s:\n", (int)(indent + 2 * depth), "", (int)length, path);
        previous = same ? previous + length + 1 : NULL;
        path = dot + 1;
    }
    return depth;
}

static void write_line(FILE *out, const struct key *key, const void *base,
                       const struct profile_origins *origins, const struct profile_origin *origin,
                       uint32_t indent, bool first)
{
    char *line = NULL;
    size_t bytes = 0;
    FILE *text = open_memstream(&line, &bytes);
    if (!text)
        return;
    if (first)
        fprintf(text, "  - %s: ", keys_leaf(key->path));
    else
        fprintf(text, "%*s%s: ", (int)indent, "", keys_leaf(key->path));
    profile_write_value(text, key, base);
    fclose(text);
    fprintf(out, "%-*s ", ORIGIN_COLUMN, line);
    write_origin(out, origins, origin);
    free(line);
}

/** All rows of one section that have a value. `indent` > 0: an entry of a list. */
static void write_section(FILE *out, const struct key_section *section, const void *base,
                          const struct profile_origins *origins,
                          const struct profile_origin *origin, uint32_t indent)
{
    const char *previous = NULL;
    for (uint32_t i = 0; i < keys_count(section); i++) {
        const struct key *key = keys_at(section, i);
        if (origin[i].kind == ORIGIN_UNSET)
            continue;
        const bool first = indent > 0 && !previous;
        const uint32_t depth = write_groups(out, previous, key->path, indent);
        write_line(out, key, base, origins, &origin[i], indent + 2 * depth, first);
        previous = key->path;
    }
}

void profile_write_resolved(FILE *out, const struct experiment *x)
{
    const struct profile_origins *origins = x->origins;
    write_claim(out, x->claim);
    write_section(out, KEYS_PROFILE, x, origins, origins->profile, 0);
    fputs("policies:\n", out);
    for (uint32_t i = 0; i < x->policy_count; i++)
        write_section(out, KEYS_POLICY, &x->policy[i], origins, origins->policy[i], 4);
    if (x->inject_count)
        fputs("inject:\n", out);
    for (uint32_t i = 0; i < x->inject_count; i++)
        write_section(out, KEYS_INJECT, &x->inject[i], origins, origins->inject[i], 4);
    if (x->fault_count)
        fputs("faults:\n", out);
    for (uint32_t i = 0; i < x->fault_count; i++)
        write_section(out, KEYS_FAULT, &x->fault[i], origins, origins->fault[i], 4);
}
