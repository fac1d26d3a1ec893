/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Lines and fields of a text in memory, for the readers of measured times. Private to core/inject.
 */
#ifndef CORE_INJECT_CSV_H
#define CORE_INJECT_CSV_H

#include <stdbool.h>
#include <stdint.h>

#define CSV_FIELD_BYTES 64u

/** A stretch of the text, not terminated. */
struct csv_span {
    const char *at;
    uint64_t length;
};

struct csv {
    struct csv_span rest;
    uint32_t line; /* number of the line read last, from 1 */
};

/** Skips the mark that spreadsheets put in front. */
struct csv csv_open(const char *text, uint64_t length);

/** The next line without its end (LF or CRLF). False at the end of the text. */
bool csv_next_line(struct csv *self, struct csv_span *line);

uint32_t csv_commas(const struct csv_span *line);

/**
 * Cut the text before the first comma (or all of it) off `line` into `field`, terminated. A field in double quotes may
 * hold commas, and a doubled quote means one. False: longer than a field of ours ever is, or no text.
 */
bool csv_next_field(struct csv_span *line, char field[CSV_FIELD_BYTES]);

/** Is the line exactly `text`? */
bool csv_is(const struct csv_span *line, const char *text);

#endif
