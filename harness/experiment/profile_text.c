/* See profile_text.h. The guard stops at the first bad byte: what follows it is likely not text either. */
#include "harness/experiment/profile_text.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/check.h"
#include "harness/experiment/suggest.h"

#define SHIPPED_MAX 64u
#define SUFFIX ".yaml"

/** Folders with shipped profiles, first wins. */
static uint32_t folders(const char *out[2])
{
    uint32_t count = 0;
    const char *own = getenv("DAWDLE_PROFILES");
    if (own && *own)
        out[count++] = own;
    out[count++] = DAWDLE_PROFILES_DIR;
    return count;
}

static bool is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

uint32_t profile_text_shipped(char **names, uint32_t most)
{
    const char *folder[2];
    const uint32_t folder_count = folders(folder);
    uint32_t count = 0;
    for (uint32_t f = 0; f < folder_count; f++) {
        DIR *dir = opendir(folder[f]);
        if (!dir)
            continue;
        for (const struct dirent *entry; count < most && (entry = readdir(dir));) {
            const size_t length = strlen(entry->d_name);
            const size_t suffix = strlen(SUFFIX);
            if (length <= suffix || strcmp(entry->d_name + length - suffix, SUFFIX) != 0)
                continue;
            names[count] = strndup(entry->d_name, length - suffix);
            CHECK(names[count]);
            count++;
        }
        closedir(dir);
    }
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

static void report_absent(const char *name, struct profile_errors *errors)
{
    char *names[SHIPPED_MAX];
    const uint32_t count = profile_text_shipped(names, SHIPPED_MAX);
    struct suggest nearest = {.typed = name};
    char list[512] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        suggest_offer(&nearest, names[i]);
        const int n =
            snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "", names[i]);
        used += (size_t)n < sizeof(list) - used ? (size_t)n : 0;
    }
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
    const char *folder[2];
    const uint32_t count = strchr(path_or_name, '/') ? 0 : folders(folder);
    for (uint32_t f = 0; f < count; f++) {
        static const char *const suffix[] = {SUFFIX, ""};
        for (uint32_t s = 0; s < 2; s++) {
            const int n = snprintf(path, path_bytes, "%s/%s%s", folder[f], path_or_name, suffix[s]);
            if (n > 0 && (size_t)n < path_bytes && is_file(path))
                return 0;
        }
    }
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

/** Bytes of the character at `at` (`left` bytes remain), or 0 if it is not UTF-8. Shortest form only, no surrogates. */
static uint32_t utf8_bytes(const unsigned char *at, size_t left, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint32_t bytes = at[0] < 0x80             ? 1
                           : (at[0] & 0xE0) == 0xC0 ? 2
                           : (at[0] & 0xF0) == 0xE0 ? 3
                           : (at[0] & 0xF8) == 0xF0 ? 4
                                                    : 0;
    if (bytes == 0 || bytes > left)
        return 0;
    *code = bytes == 1 ? at[0] : at[0] & (0x7Fu >> bytes);
    for (uint32_t i = 1; i < bytes; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        *code = *code << 6 | (at[i] & 0x3Fu);
    }
    const bool surrogate = *code >= 0xD800 && *code <= 0xDFFF;
    return *code < least[bytes] || *code > 0x10FFFF || surrogate ? 0 : bytes;
}

static int refuse_byte(struct profile_source *source, uint32_t line, uint32_t byte_column,
                       struct profile_errors *errors, uint32_t code, bool is_text)
{
    source->bytes = true;
    const struct profile_mark mark = {source, line, byte_column, 1};
    if (!is_text)
        profile_errors_add(errors, mark, "byte 0x%02x is not UTF-8; save the file as UTF-8", code);
    else if (code == 0)
        profile_errors_add(errors, mark, "NUL byte: this is not a text file");
    else
        profile_errors_add(
            errors, mark, "control character U+%04X; only tabs and line ends may stand here", code);
    return -EINVAL;
}

int profile_text_guard(struct profile_source *source, struct profile_errors *errors)
{
    const unsigned char *text = (const unsigned char *)source->text;
    uint32_t line = 1, line_start = 0;
    bool blank = true;
    for (uint32_t i = 0; i < source->length;) {
        uint32_t code = 0;
        const uint32_t bytes = utf8_bytes(text + i, source->length - i, &code);
        if (bytes == 0)
            return refuse_byte(source, line, i - line_start + 1, errors, text[i], false);
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
        const char *stop = newline ? newline : end;
        const char *next = newline ? newline + 1 : end;
        at++;
        at += at < stop && *at == ' ';
        while (stop > at && (stop[-1] == '\r' || stop[-1] == ' '))
            stop--;
        const size_t length = (size_t)(stop - at);
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
