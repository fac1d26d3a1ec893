/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Text into HTML. Whatever comes from a profile, a host or a file goes through html_text: nothing of it can become markup.
 */
#ifndef HARNESS_PAGE_HTML_H
#define HARNESS_PAGE_HTML_H

#include <stdint.h>
#include <stdio.h>

/** As text or inside a quoted attribute; control characters are shown as U+FFFD. NULL: nothing. */
void html_text(FILE *out, const char *text);

/** printf, then html_text of what came of it (at most 1 KiB). */
__attribute__((format(printf, 2, 3))) void html_print(FILE *out, const char *format, ...);

/** `<TAG>TEXT</TAG>`; tag: a constant. */
void html_element(FILE *out, const char *tag, const char *text);

/** A section with its heading and a first sentence, NULL: without; `id`: a constant. html_section_end closes it. */
void html_section(FILE *out, const char *id, const char *title, const char *lead);
void html_section_end(FILE *out);

/** A figure's text with three significant digits, "–" where it is NaN. Returns out. */
#define HTML_FIGURE_MAX 32u
const char *html_figure(double value, char out[HTML_FIGURE_MAX]);

/** A share, 0 to 1, in per cent: one place behind the point, and what is less as "< 0.1". Returns out. */
const char *html_percent(double share, char out[HTML_FIGURE_MAX]);

/** A cell of a table with a number: `shown`, and `value` by which columns are sorted (NaN: at the end). */
void html_number_cell(FILE *out, double value, const char *shown);

#endif
