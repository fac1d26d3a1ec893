/* SPDX-License-Identifier: BSD-3-Clause */
/** A line under the table: a word in front, then text that is broken between words where the terminal ends. */
#ifndef HARNESS_REPORT_TABLE_LINE_H
#define HARNESS_REPORT_TABLE_LINE_H

#include <stdio.h>

#include "harness/report/table_grid.h"

#define TABLE_LINE_HEAD 13u /* characters of the word in front, padded */

/** Bytes of the longest beginning of `text` that ends between words and takes at most `columns`; at least one word. */
size_t table_line_fits(const char *text, uint32_t columns);

/** `head` in `ink`; lines after the first are indented as far as the text of the first. */
void table_line(FILE *out, const struct table_style *style, enum table_ink ink, const char *head,
                const char *text);

#endif
