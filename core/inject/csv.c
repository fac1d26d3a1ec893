/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/inject/csv.h"

#include <errno.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char separator_of(const char *text, uint64_t length)
{
    bool quoted = false;
    for (uint64_t i = 0; i < length && text[i] != '\n'; i++) {
        quoted ^= text[i] == '"';
        if (!quoted && (text[i] == ',' || text[i] == ';' || text[i] == '\t'))
            return text[i];
    }
    return ',';
}

struct csv csv_open(const char *text, uint64_t length)
{
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        length -= 3;
    }
    while (length > 0 &&
           (is_blank(text[length - 1]) || text[length - 1] == '\n' || text[length - 1] == '\r'))
        length--;
    return (struct csv){.rest = {text, length}, .separator = separator_of(text, length)};
}

/** What the text is instead of a table, as the end of a sentence, or NULL. */
static const char *foreign(const char *text, uint64_t length)
{
    static const struct {
        const char *magic, *what;
    } row[] = {
        {"\xff\xfe", "UTF-16 text; save it as UTF-8"},
        {"\xfe\xff", "UTF-16 text; save it as UTF-8"},
        {"\x1f\x8b", "gzip data; unpack it"},
        {"PK", "a zip archive or a spreadsheet; save it as CSV"},
        {"PAR1", "a Parquet file; save it as CSV"},
        {"<", "a web page (HTML); the download failed"},
        {"{", "JSON; write it as CSV"},
        {"[", "JSON; write it as CSV"},
    };
    for (uint32_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        if (length >= strlen(row[i].magic) && memcmp(text, row[i].magic, strlen(row[i].magic)) == 0)
            return row[i].what;
    return NULL;
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

int csv_first_line(struct csv *self, struct csv_span *line, const char *empty, struct err *err)
{
    const char *const what = foreign(self->rest.at, self->rest.length);
    if (what)
        return err_set(err, -EINVAL, "line 1: the file is %s", what);
    return csv_next_line(self, line) ? 0 : err_set(err, -EINVAL, "line 1: %s", empty);
}

static void consume(struct csv_span *line, uint64_t bytes)
{
    line->at += bytes;
    line->length -= bytes;
}

/** Adds a byte of a field; false: it is full, or no text. */
static bool put(char *field, uint32_t *used, char c)
{
    if (!field)
        return true;
    if (*used + 1 == CSV_FIELD_BYTES || c == '\0')
        return false;
    field[(*used)++] = c;
    return true;
}

/** Behind a closing quote comes the end of the line, or a separator; false: something else. */
static bool take_separator(const struct csv *self, struct csv_span *line)
{
    while (line->length > 0 && line->at[0] == ' ')
        consume(line, 1);
    if (line->length == 0)
        return true;
    if (line->at[0] != self->separator)
        return false;
    consume(line, 1);
    return true;
}

/** What follows an opening quote, up to the closing one and the separator behind it. */
static bool next_quoted(const struct csv *self, struct csv_span *line, char *field)
{
    uint32_t used = 0;
    uint64_t i = 1;
    for (; i < line->length; i++) {
        const bool quote = line->at[i] == '"';
        if (quote && (i + 1 == line->length || line->at[i + 1] != '"'))
            break;
        i += quote;
        if (!put(field, &used, line->at[i]))
            return false;
    }
    if (field)
        field[used] = '\0';
    if (i == line->length) /* never closed */
        return false;
    consume(line, i + 1);
    return take_separator(self, line);
}

/** Up to the separator or the end of the line, without the blanks around it. */
static bool next_plain(const struct csv *self, struct csv_span *line, char *field)
{
    const char *end = line->length ? memchr(line->at, self->separator, line->length) : NULL;
    const uint64_t length = end ? (uint64_t)(end - line->at) : line->length;
    uint64_t kept = length;
    uint32_t used = 0;
    while (kept > 0 && is_blank(line->at[kept - 1]))
        kept--;
    for (uint64_t i = 0; i < kept; i++) {
        const bool comma = line->at[i] == ',' && self->separator == ';';
        if (!put(field, &used, comma ? '.' : line->at[i]))
            return false;
    }
    if (field)
        field[used] = '\0';
    consume(line, length + (end ? 1 : 0));
    return true;
}

bool csv_next_field(const struct csv *self, struct csv_span *line, char field[CSV_FIELD_BYTES])
{
    while (line->length > 0 && is_blank(line->at[0]) && line->at[0] != self->separator)
        consume(line, 1);
    if (line->length > 0 && line->at[0] == '"')
        return next_quoted(self, line, field);
    return next_plain(self, line, field);
}

/** A separator at the very end of a line has an empty field behind it. */
static bool is_over(const struct csv *self, const struct csv_span *line)
{
    return line->length == 0 && line->at[-1] != self->separator;
}

uint32_t csv_fields(const struct csv *self, struct csv_span line)
{
    uint32_t count = 0;
    if (line.length == 0)
        return 0;
    do {
        if (!csv_next_field(self, &line, NULL))
            return 0;
        count++;
    } while (!is_over(self, &line) && line.length > 0);
    return count + !is_over(self, &line);
}

bool csv_find(const struct csv *self, struct csv_span head, const char *const *names,
              uint32_t count, struct csv_columns *out)
{
    char field[CSV_FIELD_BYTES];
    *out = (struct csv_columns){.count = csv_fields(self, head)};
    for (uint32_t n = 0; n < CSV_NAMES_MAX; n++)
        out->place[n] = CSV_ABSENT;
    for (uint32_t i = 0; i < out->count; i++) {
        struct csv_span before = head;
        if (!csv_next_field(self, &head, field)) { /* too long for a name of ours */
            head = before;
            (void)csv_next_field(self, &head, NULL);
            continue;
        }
        for (uint32_t n = 0; n < count; n++) {
            if (strcmp(field, names[n]) != 0)
                continue;
            if (out->place[n] != CSV_ABSENT)
                return false;
            out->place[n] = i;
        }
    }
    return out->count > 0;
}

bool csv_pick(const struct csv *self, struct csv_span row, const struct csv_columns *columns,
              uint32_t count, char field[][CSV_FIELD_BYTES])
{
    if (csv_fields(self, row) != columns->count)
        return false;
    for (uint32_t i = 0; i < columns->count; i++) {
        char *to = NULL;
        for (uint32_t n = 0; n < count; n++)
            if (columns->place[n] == i)
                to = field[n];
        if (!csv_next_field(self, &row, to))
            return false;
    }
    return true;
}

const char *csv_quote(struct csv_span line, char *out, uint32_t size)
{
    uint32_t used = 0;
    for (; used + 4 < size && used < line.length; used++) {
        const char c = line.at[used];
        out[used] = c >= ' ' && c < 0x7f ? c : '?';
    }
    out[used] = '\0';
    if (used < line.length)
        memcpy(out + used, "...", 4);
    return out;
}
