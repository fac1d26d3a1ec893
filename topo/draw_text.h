/* SPDX-License-Identifier: BSD-3-Clause */
/** Inside topo/ only: pieces of text with a known width, and ways to lay them out under a column limit. */
#ifndef TOPO_DRAW_TEXT_H
#define TOPO_DRAW_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DRAW_TEXT_MAX 512u

/** A line or a cell; what does not fit is cut. Zero-initialised is empty. */
struct draw_text {
    char at[DRAW_TEXT_MAX];
    size_t length;
};

__attribute__((format(printf, 2, 3))) void draw_text_add(struct draw_text *self, const char *format,
                                                         ...);

/** ` w0 w3..w7 +12 more` from ascending numbers; at least one of them, the others while the text stays under `limit`. */
void draw_text_workers(struct draw_text *self, const uint32_t *worker, uint32_t count,
                       size_t limit);

/** One paragraph, broken at spaces; continuation lines are indented by two. */
void draw_text_wrapped(FILE *out, const char *line, unsigned columns);

/**
 * Cells as a grid with even rows, `room` columns wide, each cell at least `width`; the first row continues the current line, later ones start with
 * `indent`.
 */
void draw_text_grid(FILE *out, const struct draw_text *cell, uint32_t count, size_t width,
                    unsigned room, const char *indent);

#endif
