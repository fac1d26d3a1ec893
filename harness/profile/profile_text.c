/* SPDX-License-Identifier: BSD-3-Clause */
/* See profile_text.h. The guard stops at the first bad byte: what follows it is likely not text either. */
#include "harness/profile/profile_text.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/check.h"
#include "core/base/utf8.h"
#include "harness/profile/prefix.h"
#include "harness/profile/suggest.h"

#define SHIPPED_MAX 64u
#define SUFFIX ".yaml"

static bool is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/** Names found so far, with room for `most`. */
struct names {
    char **name;
    uint32_t count, most;
};

static bool ends_in(const char *name, const char *end)
{
    const size_t length = strlen(name), tail = strlen(end);
    return length >= tail && strcmp(name + length - tail, end) == 0;
}

/** Not hidden, and not the tuned rates that may lie beside a profile. */
static bool is_profile(const char *name)
{
    const bool tuned = strcmp(name, "tuned" SUFFIX) == 0 || ends_in(name, ".tuned" SUFFIX);
    return name[0] != '.' && ends_in(name, SUFFIX) && !tuned;
}

/** `group` is "" or `paper/`: what is put before the names of the files in `folder`. */
static void add_names(struct names *self, const char *folder, const char *group)
{
    DIR *const dir = opendir(folder);
    for (const struct dirent *entry; dir && self->count < self->most && (entry = readdir(dir));) {
        char path[PATH_MAX];
        const int n = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (n < 0 || (size_t)n >= sizeof(path) || entry->d_name[0] == '.')
            continue;
        if (is_profile(entry->d_name)) {
            char **const name = &self->name[self->count++];
            CHECK(asprintf(name, "%s%.*s", group, (int)(strlen(entry->d_name) - strlen(SUFFIX)),
                           entry->d_name) > 0);
        } else if (!*group && !is_file(path)) {
            char inner[NAME_MAX + 2];
            snprintf(inner, sizeof(inner), "%s/", entry->d_name);
            add_names(self, path, inner);
        }
    }
    if (dir)
        closedir(dir);
}

uint32_t profile_text_shipped(char **names, uint32_t most)
{
    struct prefix_profiles in;
    prefix_profiles(&in);
    struct names found = {.name = names, .most = most};
    for (uint32_t f = 0; f < in.count; f++)
        add_names(&found, in.folder[f], "");
    const uint32_t count = found.count;
    qsort(names, count, sizeof(names[0]), by_name);
    uint32_t unique = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (unique && strcmp(names[i], names[unique - 1]) == 0)
            free(names[i]);
        else
            names[unique++] = names[i];
    }
    return unique;
}

/** Of a group of profiles the first stands for all: `paper/...`. */
static void list_names(char *const *names, uint32_t count, char *out, size_t bytes)
{
    size_t used = 0, group = 0;
    *out = '\0';
    for (uint32_t i = 0; i < count; i++) {
        const char *const slash = strchr(names[i], '/');
        if (group && strncmp(names[i], names[i - 1], group) == 0)
            continue;
        group = slash ? (size_t)(slash - names[i]) + 1 : 0;
        const int n = snprintf(out + used, bytes - used, "%s%.*s%s", used ? ", " : "",
                               slash ? (int)group : NAME_MAX, names[i], slash ? "..." : "");
        used += (size_t)n < bytes - used ? (size_t)n : 0;
    }
}

static void report_absent(const char *name, struct profile_errors *errors)
{
    char *names[SHIPPED_MAX], list[512];
    const uint32_t count = profile_text_shipped(names, SHIPPED_MAX);
    struct suggest nearest = {.typed = name};
    for (uint32_t i = 0; i < count; i++)
        suggest_offer(&nearest, names[i]);
    list_names(names, count, list, sizeof(list));
    const struct profile_source source = {.name = name};
    const struct profile_mark mark = {.source = &source};
    if (nearest.best)
        profile_errors_add(errors, mark, "no such profile; did you mean '%s'? shipped profiles: %s",
                           nearest.best, list);
    else
        profile_errors_add(errors, mark, "no such file or profile; shipped profiles: %s",
                           count ? list : "none");
    for (uint32_t i = 0; i < count; i++)
        free(names[i]);
}

/** A profile that came with the program, or stands in a folder of the user's. */
static bool find_shipped(const char *name, char *path, size_t path_bytes)
{
    static const char *const suffix[] = {SUFFIX, ""};
    struct prefix_profiles in = {0};
    if (name[0] == '/' || name[0] == '.')
        return false;
    prefix_profiles(&in);
    for (uint32_t i = 0; i < 2 * in.count; i++) {
        const int n = snprintf(path, path_bytes, "%s/%s%s", in.folder[i / 2], name, suffix[i % 2]);
        if (n > 0 && (size_t)n < path_bytes && is_file(path))
            return true;
    }
    return false;
}

int profile_text_find(const char *path_or_name, char *path, size_t path_bytes,
                      struct profile_errors *errors)
{
    const struct profile_source source = {.name = path_or_name};
    const struct profile_mark mark = {.source = &source};
    if (strlen(path_or_name) >= path_bytes) {
        profile_errors_add(errors, mark, "the path is too long (at most %zu bytes)",
                           path_bytes - 1);
        return -EINVAL;
    }
    if (is_file(path_or_name)) {
        snprintf(path, path_bytes, "%s", path_or_name);
        return 0;
    }
    if (find_shipped(path_or_name, path, path_bytes))
        return 0;
    struct stat info;
    if (stat(path_or_name, &info) == 0)
        profile_errors_add(errors, mark, "is a folder; expected a profile (a YAML file)");
    else
        report_absent(path_or_name, errors);
    return -EINVAL;
}

int profile_text_read(const char *path, char **text, size_t *length, struct profile_errors *errors)
{
    const struct profile_source source = {.name = path};
    const struct profile_mark mark = {.source = &source};
    FILE *file = fopen(path, "re");
    if (!file) {
        profile_errors_add(errors, mark, "cannot open: %s", strerror(errno));
        return -EINVAL;
    }
    char *buffer = malloc(PROFILE_TEXT_BYTES_MAX + 1);
    CHECK(buffer);
    *length = fread(buffer, 1, PROFILE_TEXT_BYTES_MAX + 1, file);
    const int failed = ferror(file) ? errno : 0;
    fclose(file);
    if (!failed && *length <= PROFILE_TEXT_BYTES_MAX) {
        buffer[*length] = '\0';
        *text = buffer;
        return 0;
    }
    if (failed)
        profile_errors_add(errors, mark, "cannot read: %s", strerror(failed));
    else
        profile_errors_add(errors, mark, "larger than 1 MiB: this is not a profile");
    free(buffer);
    return -EINVAL;
}

static int refuse_byte(struct profile_source *source, uint32_t line, uint32_t byte_column,
                       struct profile_errors *errors, uint32_t code, bool is_text)
{
    source->bytes = true;
    const struct profile_mark mark = {source, line, byte_column, 1};
    const bool utf16 = line == 1 && byte_column == 1 && (code == 0xFF || code == 0xFE);
    if (!is_text)
        profile_errors_add(errors, mark, "byte 0x%02x is not UTF-8%s; save the file as UTF-8", code,
                           utf16 ? " (it may be UTF-16)" : "");
    else if (code == 0)
        profile_errors_add(errors, mark, "NUL byte: this is not a text file");
    else
        profile_errors_add(
            errors, mark, "control character U+%04X; only tabs and line ends may stand here", code);
    return -EINVAL;
}

int profile_text_guard(struct profile_source *source, struct profile_errors *errors)
{
    const char *const text = source->text;
    uint32_t line = 1, line_start = 0;
    bool blank = true;
    for (uint32_t i = 0; i < source->length;) {
        uint32_t code = 0;
        const uint32_t bytes = utf8_decode(text + i, source->length - i, &code);
        if (bytes == 0)
            return refuse_byte(source, line, i - line_start + 1, errors, (unsigned char)text[i],
                               false);
        const bool space = code == '\t' || code == '\n' || code == '\r';
        if ((code < 0x20 && !space) || (code >= 0x7F && code < 0xA0))
            return refuse_byte(source, line, i - line_start + 1, errors, code, true);
        blank = blank && (space || code == ' ');
        i += bytes;
        if (code == '\n') {
            line++;
            line_start = i;
        }
    }
    if (blank) {
        profile_errors_add(errors, (struct profile_mark){.source = source}, "is empty");
        return -EINVAL;
    }
    return 0;
}

bool profile_text_deceives(const char *text, char *out, size_t bytes)
{
    char name[UTF8_NAME_BYTES];
    const char *instead;
    size_t offset;
    if (!utf8_deceiving(text, &offset, name, &instead))
        return false;
    const size_t shown = offset < 40 ? offset : 40;
    const size_t from = offset - shown;
    char place[64] = "first";
    if (offset > 0)
        snprintf(place, sizeof(place), "behind '%s%.*s'", from ? "..." : "", (int)shown,
                 text + from);
    if (*instead == ' ')
        snprintf(out, bytes, "%s stands %s; delete it, or write a plain space", name, place);
    else if (*instead)
        snprintf(out, bytes, "%s stands %s; write %s", name, place, instead);
    else
        snprintf(out, bytes, "%s stands %s; delete it", name, place);
    return true;
}

/** The text of a comment that begins at `at` and whose line ends at `stop`: without its mark and blanks. Its length. */
static size_t bare_comment(const char **at, const char *stop)
{
    *at += 1;
    *at += *at < stop && **at == ' ';
    while (stop > *at && (stop[-1] == '\r' || stop[-1] == ' '))
        stop--;
    return (size_t)(stop - *at);
}

void profile_text_claim(const struct profile_source *source, char *out, size_t bytes)
{
    const char *at = source->text;
    const char *end = source->text + source->length;
    size_t used = 0;
    out[0] = '\0';
    while (at < end && (*at == '\n' || *at == '\r'))
        at++;
    while (at < end && *at == '#') {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *next = newline ? newline + 1 : end;
        const size_t length = bare_comment(&at, newline ? newline : end);
        if (used + length + 2 > bytes)
            break;
        if (used)
            out[used++] = '\n';
        memcpy(out + used, at, length);
        used += length;
        out[used] = '\0';
        at = next;
    }
}
