/* SPDX-License-Identifier: BSD-3-Clause */
/* Widths are known only when all cells are, so a table is built first and printed then. */
#include "harness/report/table_grid.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/check.h"

#define GAP 2u /* blanks between columns */
#define WIDTH_MIN 80u
#define WIDTH_MAX 120u
#define WIDTH_FILE 110u

struct table_style table_style_of(FILE *out)
{
    struct table_style style = {.width = WIDTH_FILE};
    const int fd = fileno(out);
    const char *term = getenv("TERM");
    const char *no_colour = getenv("NO_COLOR"); /* https://no-color.org: any non-empty value */
    struct winsize size;
    if (fd < 0 || !isatty(fd))
        return style;
    style.colour = !(no_colour && *no_colour) && !(term && strcmp(term, "dumb") == 0);
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        style.width = size.ws_col < WIDTH_MIN   ? WIDTH_MIN
                      : size.ws_col > WIDTH_MAX ? WIDTH_MAX
                                                : size.ws_col;
    return style;
}

uint32_t table_width(const char *text)
{
    uint32_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80; /* continuation bytes take no column */
    return width;
}

void table_ink(FILE *out, const struct table_style *style, enum table_ink ink, const char *text)
{
    static const char *const code[] = {
        [INK_BOLD] = "1", [INK_DIM] = "2", [INK_GOOD] = "32", [INK_WARN] = "33", [INK_BAD] = "31"};
    if (!style->colour || ink == INK_PLAIN)
        fputs(text, out);
    else
        fprintf(out, "\033[%sm%s\033[0m", code[ink], text);
}

uint32_t table_grid_column(struct table_grid *self, const char *head, const char *unit)
{
    CHECK(self->columns < TABLE_COLUMNS_MAX);
    snprintf(self->head[self->columns], TABLE_CELL_MAX, "%s", head);
    snprintf(self->unit[self->columns], TABLE_CELL_MAX, "%s", unit);
    return self->columns++;
}

struct widths {
    uint32_t figure, note, all;
};

static struct widths column_widths(const struct table_grid *self, uint32_t column)
{
    struct widths w = {0};
    for (uint32_t r = 0; r < self->rows; r++) {
        const struct table_cell *cell = &self->cell[r][column];
        const uint32_t figure = table_width(cell->figure);
        const uint32_t note = table_width(cell->note);
        w.figure = figure > w.figure ? figure : w.figure;
        w.note = note > w.note ? note : w.note;
    }
    if (w.figure + w.note == 0 && column > 0)
        return w; /* left out */
    const uint32_t head = table_width(column ? self->head[column] : self->title);
    const uint32_t unit = table_width(self->unit[column]);
    w.all = w.figure + (w.note ? w.note + 1 : 0);
    w.all = head > w.all ? head : w.all;
    w.all = unit > w.all ? unit : w.all;
    return w;
}

static void blanks(FILE *out, uint32_t count)
{
    fprintf(out, "%*s", (int)count, "");
}

static void head_line(FILE *out, const struct table_style *style, const struct table_grid *self,
                      const struct widths *w, bool units)
{
    for (uint32_t c = 0; c < self->columns; c++) {
        const char *text = units ? self->unit[c] : c == 0 ? self->title : self->head[c];
        const uint32_t pad = w[c].all - table_width(text);
        if (w[c].all == 0)
            continue;
        blanks(out, c == 0 ? 1 : GAP + pad);
        table_ink(out, style, units ? INK_DIM : INK_BOLD, text);
        if (c == 0)
            blanks(out, pad);
    }
    fputc('\n', out);
}

static void body_line(FILE *out, const struct table_style *style, const struct table_grid *self,
                      const struct widths *w, uint32_t row)
{
    for (uint32_t c = 0; c < self->columns; c++) {
        const struct table_cell *cell = &self->cell[row][c];
        const uint32_t figure = table_width(cell->figure);
        const uint32_t note = table_width(cell->note);
        if (w[c].all == 0)
            continue;
        if (c == 0) {
            blanks(out, 1);
            table_ink(out, style, INK_PLAIN, cell->figure);
            blanks(out, w[c].all - figure);
            continue;
        }
        const uint32_t behind = w[c].note ? w[c].note + 1 : 0;
        blanks(out, GAP + w[c].all - behind - figure);
        table_ink(out, style, INK_PLAIN, cell->figure);
        blanks(out, behind - note);
        table_ink(out, style, note ? INK_DIM : INK_PLAIN, cell->note);
    }
    fputc('\n', out);
}

void table_grid_print(FILE *out, const struct table_style *style, const struct table_grid *self)
{
    struct widths w[TABLE_COLUMNS_MAX] = {0};
    bool units = false;
    for (uint32_t c = 0; c < self->columns; c++) {
        w[c] = column_widths(self, c);
        units = units || (w[c].all && *self->unit[c]);
    }
    head_line(out, style, self, w, false);
    if (units)
        head_line(out, style, self, w, true);
    for (uint32_t r = 0; r < self->rows; r++)
        body_line(out, style, self, w, r);
}
