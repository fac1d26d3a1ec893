/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errors are rendered when they are added, so that sources may go away before they are printed. The echoed line is cut
 * to a window around the caret: a profile may be one line of a megabyte.
 */
#include "harness/profile/profile_errors.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/utf8.h"

#define WINDOW 100u /* characters of the source line that are echoed */

/** First byte of line `line`, and its length without the line end. */
static const char *line_at(const struct profile_source *source, uint32_t line, size_t *length)
{
    const char *at = source->text;
    const char *end = source->text + source->length;
    for (uint32_t n = 1; n < line && at < end; n++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline ? newline + 1 : end;
    }
    const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    *length = (size_t)((newline ? newline : end) - at);
    if (*length && at[*length - 1] == '\r')
        *length -= 1;
    return at;
}

static bool continues(const struct profile_source *source, char byte)
{
    return !source->bytes && ((unsigned char)byte & 0xC0) == 0x80;
}

/** What has no width or cannot be seen is shown as one `?`, so that the caret below stands where it should. */
static void echo_character(FILE *out, const struct profile_source *source, const char *at,
                           size_t left)
{
    const unsigned char c = (unsigned char)*at;
    uint32_t code = c;
    const uint32_t bytes = source->bytes ? 1 : utf8_decode(at, left, &code);
    const bool plain = c >= 0x20 && c < 0x7F;
    if (plain || c == '\t')
        fputc(c, out);
    else if (bytes > 1 && !utf8_is_invisible(code))
        fwrite(at, 1, bytes, out);
    else
        fputc('?', out);
}

/** The first column that is shown: of a long line, a window around the mark. */
static uint32_t first_shown(const struct profile_mark *mark, const char *line, size_t length)
{
    uint32_t columns = 0;
    for (size_t k = 0; k < length; k++)
        columns += !continues(mark->source, line[k]);
    return columns > WINDOW && mark->column > WINDOW / 2 ? mark->column - WINDOW / 2 : 1;
}

/** The window of the line to `out`, what stands below it up to the mark to `caret`. The last column that was shown. */
static uint32_t echo_window(FILE *out, FILE *caret, const struct profile_mark *mark)
{
    size_t length, i = 0;
    const char *const line = line_at(mark->source, mark->line, &length);
    const uint32_t first = first_shown(mark, line, length);
    uint32_t column = 0;
    fputs(first > 1 ? "  ..." : "  ", out);
    fputs(first > 1 ? "     " : "  ", caret);
    for (; i < length; i++) {
        if (continues(mark->source, line[i]))
            continue;
        column++;
        if (column < first)
            continue;
        if (column >= first + WINDOW)
            break;
        echo_character(out, mark->source, &line[i], length - i);
        if (column < mark->column)
            fputc(line[i] == '\t' ? '\t' : ' ', caret);
    }
    fputs(i < length ? "...\n" : "\n", out);
    return column;
}

static void echo_line(FILE *out, const struct profile_mark *mark)
{
    char *pad = NULL;
    size_t pad_bytes = 0;
    FILE *caret = open_memstream(&pad, &pad_bytes);
    CHECK(caret);
    const uint32_t last = echo_window(out, caret, mark);
    fclose(caret);
    fprintf(out, "%s^", pad);
    for (uint32_t n = 1; n < mark->width && mark->column + n <= last; n++)
        fputc('~', out);
    fputc('\n', out);
    free(pad);
}

void profile_errors_add(struct profile_errors *self, struct profile_mark mark, const char *format,
                        ...)
{
    if (self->count == PROFILE_ERRORS_MAX) {
        self->dropped++;
        return;
    }
    struct profile_error *error = &self->item[self->count++];
    *error =
        (struct profile_error){.rank = mark.source->rank, .line = mark.line, .column = mark.column};
    size_t bytes = 0;
    FILE *out = open_memstream(&error->text, &bytes);
    CHECK(out);
    const uint32_t rank = mark.source->rank;
    const bool placed = mark.line > 0 && (rank == 0 || rank == PROFILE_RANK_FILE);
    if (placed)
        fprintf(out, "%s:%u:%u: error: ", mark.source->name, mark.line, mark.column);
    else
        fprintf(out, "%s: error: ", mark.source->name);
    va_list args;
    va_start(args, format);
    vfprintf(out, format, args);
    va_end(args);
    if (self->circumstance && strcmp(self->circumstance, mark.source->name) != 0)
        fprintf(out, " (%s)", self->circumstance);
    fputc('\n', out);
    if (placed)
        echo_line(out, &mark);
    fclose(out);
}

/** Profile before --set, line by line, and what has no place after what has one. */
static int before(const struct profile_error *a, const struct profile_error *b)
{
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    const uint32_t line_a = a->line ? a->line : UINT32_MAX;
    const uint32_t line_b = b->line ? b->line : UINT32_MAX;
    if (line_a != line_b)
        return line_a < line_b ? -1 : 1;
    return a->column < b->column ? -1 : a->column > b->column;
}

void profile_errors_print(const struct profile_errors *self, FILE *out)
{
    const struct profile_error *order[PROFILE_ERRORS_MAX];
    for (uint32_t i = 0; i < self->count; i++) { /* insertion keeps equal places as found */
        uint32_t at = i;
        for (; at > 0 && before(&self->item[i], order[at - 1]) < 0; at--)
            order[at] = order[at - 1];
        order[at] = &self->item[i];
    }
    for (uint32_t i = 0; i < self->count; i++)
        fputs(order[i]->text, out);
    if (self->dropped)
        fprintf(out, "... and %u more errors\n", self->dropped);
}

void profile_errors_free(struct profile_errors *self)
{
    for (uint32_t i = 0; i < self->count; i++)
        free(self->item[i].text);
    memset(self, 0, sizeof(*self));
}
