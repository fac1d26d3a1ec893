/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/inject/csv.h"

#include <string.h>

struct csv csv_open(const char *text, uint64_t length)
{
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        return (struct csv){.rest = {text + 3, length - 3}};
    return (struct csv){.rest = {text, length}};
}

bool csv_next_line(struct csv *self, struct csv_span *line)
{
    if (self->rest.length == 0)
        return false;
    const char *end = memchr(self->rest.at, '\n', self->rest.length);
    const uint64_t length = end ? (uint64_t)(end - self->rest.at) : self->rest.length;
    *line = (struct csv_span){self->rest.at, length};
    if (length > 0 && line->at[length - 1] == '\r')
        line->length--;
    const uint64_t consumed = length + (end ? 1 : 0);
    self->rest.at += consumed;
    self->rest.length -= consumed;
    self->line++;
    return true;
}

uint32_t csv_commas(const struct csv_span *line)
{
    uint32_t count = 0;
    for (uint64_t i = 0; i < line->length; i++)
        count += line->at[i] == ',';
    return count;
}

static void consume(struct csv_span *line, uint64_t bytes)
{
    line->at += bytes;
    line->length -= bytes;
}

/** What follows an opening quote, up to the closing one and the comma behind it. */
static bool next_quoted(struct csv_span *line, char field[CSV_FIELD_BYTES])
{
    uint32_t used = 0;
    uint64_t i = 1;
    for (; i < line->length; i++) {
        const bool quote = line->at[i] == '"';
        if (quote && (i + 1 == line->length || line->at[i + 1] != '"'))
            break;
        i += quote;
        if (used + 1 == CSV_FIELD_BYTES || line->at[i] == '\0')
            return false;
        field[used++] = line->at[i];
    }
    field[used] = '\0';
    if (i == line->length) /* never closed */
        return false;
    consume(line, i + 1);
    if (line->length == 0)
        return true;
    if (line->at[0] != ',')
        return false;
    consume(line, 1);
    return true;
}

bool csv_next_field(struct csv_span *line, char field[CSV_FIELD_BYTES])
{
    if (line->length > 0 && line->at[0] == '"')
        return next_quoted(line, field);
    const char *comma = line->length ? memchr(line->at, ',', line->length) : NULL;
    const uint64_t length = comma ? (uint64_t)(comma - line->at) : line->length;
    if (length >= CSV_FIELD_BYTES || memchr(line->at, '\0', length))
        return false;
    memcpy(field, line->at, length);
    field[length] = '\0';
    consume(line, length + (comma ? 1 : 0));
    return true;
}

bool csv_is(const struct csv_span *line, const char *text)
{
    const size_t length = strlen(text);
    return line->length == length && memcmp(line->at, text, length) == 0;
}
