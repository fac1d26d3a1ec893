/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Aligned text columns for the terminal: two header lines, rows of cells, each cell a figure with an optional dim note
 * behind it (`4.12` and `3.98..4.40`).
 *
 * Widths count characters, not bytes (UTF-8, one column each). Figures and notes are aligned to the right, column 0 to
 * the left. Columns that no row filled are left out.
 */
#ifndef HARNESS_REPORT_TABLE_GRID_H
#define HARNESS_REPORT_TABLE_GRID_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 12u
#define TABLE_ROWS_MAX 34u
#define TABLE_CELL_MAX 128u

/** How to print for this stream. */
struct table_style {
    bool colour;    /* SGR sequences */
    uint32_t width; /* columns of the terminal, 80 to 120 */
    FILE *warnings; /* gets each warning as a line of its own; NULL: it is not wanted */
};

struct table_cell {
    char figure[TABLE_CELL_MAX];
    char note[TABLE_CELL_MAX];
};

struct table_grid {
    const char *title; /* first line of column 0 */
    uint32_t columns, rows;
    char head[TABLE_COLUMNS_MAX][TABLE_CELL_MAX];
    char unit[TABLE_COLUMNS_MAX][TABLE_CELL_MAX]; /* second header line, dim */
    struct table_cell cell[TABLE_ROWS_MAX][TABLE_COLUMNS_MAX];
};

/** SGR codes for `style.colour`. */
enum table_ink { INK_PLAIN, INK_BOLD, INK_DIM, INK_GOOD, INK_WARN, INK_BAD };

/** Colour unless NO_COLOR is set, TERM is dumb, or `out` is no terminal; its width, or 110 when it is none. */
struct table_style table_style_of(FILE *out);

/** Columns that `text` takes. */
uint32_t table_width(const char *text);

/** Print `text` in `ink`. */
void table_ink(FILE *out, const struct table_style *style, enum table_ink ink, const char *text);

/** Append a column; returns its index. */
uint32_t table_grid_column(struct table_grid *self, const char *head, const char *unit);

void table_grid_print(FILE *out, const struct table_style *style, const struct table_grid *self);

#endif
