/* SPDX-License-Identifier: BSD-3-Clause */
/* The resolved echo: the key table once more, in its own order, with the origin of each value behind it. */
#include "harness/profile/profile_write.h"

#include <stdlib.h>
#include <string.h>

#include "harness/profile/profile_values.h"

#define ORIGIN_COLUMN 48

static void write_origin(FILE *out, const char *file, const struct profile_origin *origin)
{
    const char *const slash = file ? strrchr(file, '/') : NULL;
    if (!file)
        fputc('\n', out);
    else if (origin->kind == ORIGIN_FILE)
        fprintf(out, "# %s:%u\n", slash ? slash + 1 : file, origin->line);
    else if (origin->kind == ORIGIN_OTHER)
        fprintf(out, "# %s\n", origin->other);
    else
        fprintf(out, "# %s\n", origin->kind == ORIGIN_SET ? "--set" : "default");
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

static void write_line(FILE *out, const struct key *key, const void *base, const char *file,
                       const struct profile_origin *origin, uint32_t indent, bool first)
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
    write_origin(out, file, origin);
    free(line);
}

void profile_write_section(FILE *out, const struct key_section *section, const void *base,
                           const char *file, const struct profile_origin *origin, uint32_t indent)
{
    const char *previous = NULL;
    for (uint32_t i = 0; i < keys_count(section); i++) {
        const struct key *key = keys_at(section, i);
        if (origin[i].kind == ORIGIN_UNSET)
            continue;
        const bool first = indent > 0 && !previous;
        const uint32_t depth = write_groups(out, previous, key->path, indent);
        write_line(out, key, base, file, &origin[i], indent + 2 * depth, first);
        previous = key->path;
    }
}
