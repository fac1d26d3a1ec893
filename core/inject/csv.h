/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Lines, columns and fields of a text in memory, for the readers of measured times. Private to core/inject.
 *
 * Fields are separated by commas, semicolons or tabs, whichever comes first in the first line; behind semicolons a
 * number may have a decimal comma. Blanks around a field, blank lines at the end and the mark that spreadsheets put in
 * front are skipped; LF and CRLF end a line.
 */
#ifndef CORE_INJECT_CSV_H
#define CORE_INJECT_CSV_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

#define CSV_FIELD_BYTES 64u
#define CSV_NAMES_MAX 8u
#define CSV_ABSENT UINT32_MAX

/** A stretch of the text, not terminated. */
struct csv_span {
    const char *at;
    uint64_t length;
};

struct csv {
    struct csv_span rest;
    uint32_t line; /* number of the line read last, from 1 */
    char separator;
};

struct csv csv_open(const char *text, uint64_t length);

/** The next line without its end. False at the end of the text. */
bool csv_next_line(struct csv *self, struct csv_span *line);

/** The first one of a table. 0, or -EINVAL: the text is none, or, as `empty` says it, there is nothing. */
int csv_first_line(struct csv *self, struct csv_span *line, const char *empty, struct err *err);

/**
 * Cut the text before the first separator (or all of it) off `line` into `field`, terminated; NULL: drop it. A field in
 * double quotes may hold separators, and a doubled quote means one. False: it is longer than a field of ours ever is,
 * or no text.
 */
bool csv_next_field(const struct csv *self, struct csv_span *line, char field[CSV_FIELD_BYTES]);

/** Fields of a line; 0: it cannot be read. */
uint32_t csv_fields(const struct csv *self, struct csv_span line);

/** Columns that a header names. */
struct csv_columns {
    uint32_t count;                /* of the line */
    uint32_t place[CSV_NAMES_MAX]; /* of names[i], or CSV_ABSENT */
};

/** Where `count` (at most CSV_NAMES_MAX) names stand in the header. False: it cannot be read, or one stands twice. */
bool csv_find(const struct csv *self, struct csv_span head, const char *const *names,
              uint32_t count, struct csv_columns *out);

/** The fields of a row at these places, in the order of the names. False: one cannot be read, or the row has another
 * number of fields than the header. */
bool csv_pick(const struct csv *self, struct csv_span row, const struct csv_columns *columns,
              uint32_t count, char field[][CSV_FIELD_BYTES]);

/** The line itself for a message: printable, cut off. Returns `out`. */
const char *csv_quote(struct csv_span line, char *out, uint32_t size);

#endif
