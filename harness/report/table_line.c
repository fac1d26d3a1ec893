/* SPDX-License-Identifier: BSD-3-Clause */
/* Terminals break lines in the middle of words; notes are read, so they are broken between them. */
#include "harness/report/table_line.h"

#include <string.h>

/** Where the word that begins at `at` ends; `12 %` is one word. */
static size_t word_end(const char *text, size_t at)
{
    size_t end = at + strcspn(text + at, " ");
    if (text[end] == ' ' && text[end + 1] == '%')
        end += 1 + strcspn(text + end + 1, " ");
    return end;
}

size_t table_line_fits(const char *text, uint32_t columns)
{
    size_t fits = word_end(text, 0);
    for (size_t end = fits; text[end]; fits = end) {
        end = word_end(text, end + 1);
        uint32_t width = 0;
        for (size_t i = 0; i < end; i++)
            width += ((unsigned char)text[i] & 0xc0) != 0x80;
        if (width > columns)
            break;
    }
    return fits;
}

void table_line(FILE *out, const struct table_style *style, enum table_ink ink, const char *head,
                const char *text)
{
    char padded[64];
    if (style->warnings && strcmp(head, "warning") == 0)
        fprintf(style->warnings, "%s\n", text);
    snprintf(padded, sizeof(padded), " %-*s", (int)TABLE_LINE_HEAD, head);
    table_ink(out, style, ink, padded);
    const uint32_t columns = style->width - (TABLE_LINE_HEAD + 1);
    size_t length = table_line_fits(text, columns);
    fprintf(out, "%.*s\n", (int)length, text);
    for (text += length; *text; text += length) {
        text++; /* the blank at which the line was broken */
        length = table_line_fits(text, columns);
        fprintf(out, " %-*s%.*s\n", (int)TABLE_LINE_HEAD, "", (int)length, text);
    }
}
