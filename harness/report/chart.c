/* SPDX-License-Identifier: BSD-3-Clause */
/* The data of charts and the page that they stand on; chart_draw.c has what is within a chart. */
#include "harness/report/chart.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/chart_draw.h"
#include "harness/report/look.h"

#define LOG_FROM 8.0 /* largest by smallest */
#define LINE 9.0     /* of text, in pt */
#define EDGE 4.0     /* between the picture and its edge */
#define HEAD 14.0    /* above the plot, for its title */
#define FOOT 26.0    /* below it, for ticks and what x is */
#define GUTTER 8.0   /* between columns */
#define SAMPLE 18.0  /* line in a legend */

int chart_curve_open(struct chart_curve *self, uint32_t count, struct err *err)
{
    double *const block = malloc((4u * (size_t)count + 1) * sizeof(*block));
    if (!block)
        return err_set(err, -ENOMEM, "not enough memory for a curve of %u points", count);
    for (size_t i = 0; i < 4u * (size_t)count; i++)
        block[i] = (double)NAN;
    self->x = block;
    self->y = block + count;
    self->low = block + 2 * (size_t)count;
    self->high = block + 3 * (size_t)count;
    self->count = count;
    return 0;
}

int chart_open(struct chart *self, uint32_t curves, struct err *err)
{
    *self = (struct chart){.y_least = (double)NAN, .y_most = (double)NAN, .level = (double)NAN};
    self->curve = calloc(curves + 1, sizeof(*self->curve));
    if (!self->curve)
        return err_set(err, -ENOMEM, "not enough memory for a chart");
    self->curves = curves;
    return 0;
}

void chart_close(struct chart *self)
{
    for (uint32_t i = 0; i < self->curves; i++)
        free(self->curve[i].x);
    free(self->curve);
    *self = (struct chart){0};
}

bool chart_any(const struct chart *self)
{
    for (uint32_t i = 0; i < self->curves; i++)
        for (uint32_t k = 0; k < self->curve[i].count; k++)
            if (isfinite(self->curve[i].x[k]) && isfinite(self->curve[i].y[k]))
                return true;
    return false;
}

enum axis_kind chart_kind(const struct chart *self, bool of_x)
{
    double least = (double)INFINITY, most = -(double)INFINITY;
    for (uint32_t i = 0; i < self->curves; i++)
        for (uint32_t k = 0; k < self->curve[i].count; k++) {
            const struct chart_curve *const curve = &self->curve[i];
            const double value = of_x ? curve->x[k] : curve->y[k];
            if (isfinite(curve->x[k]) && isfinite(curve->y[k])) {
                least = fmin(least, value);
                most = fmax(most, value);
            }
        }
    return least > 0 && most >= LOG_FROM * least ? AXIS_LOG : AXIS_LINEAR;
}

/** The longest prefix of whole words that fits; at least one word. */
static size_t words_that_fit(const char *text, double width)
{
    size_t fits = 0;
    for (size_t end = strcspn(text, " ");; end += 1 + strcspn(text + end + 1, " ")) {
        char part[512];
        snprintf(part, sizeof(part), "%.*s", (int)end, text);
        if (fits > 0 && svg_text_width(part, SVG_FONT_SMALL) > width)
            return fits;
        fits = end;
        if (!text[end])
            return fits;
    }
}

double chart_note(struct svg *svg, double x, double y, double width, const char *text)
{
    while (*text) {
        char part[512];
        const size_t length = words_that_fit(text, width);
        snprintf(part, sizeof(part), "%.*s", (int)length, text);
        if (svg)
            svg_text(svg, x, y, SVG_START, SVG_SMALL, part);
        y += LINE;
        text += length + (text[length] == ' ');
    }
    return y;
}

double chart_note_height(double width, const char *text)
{
    return chart_note(NULL, 0, 0, width, text);
}

/** Each label of any chart once, in the order of their looks. */
static uint32_t collect_legend(const struct chart_page *page, const struct chart_curve **out,
                               uint32_t room)
{
    uint32_t count = 0;
    for (uint32_t c = 0; c < page->charts; c++)
        for (uint32_t i = 0; i < page->chart[c].curves; i++) {
            const struct chart_curve *const curve = &page->chart[c].curve[i];
            uint32_t k = 0;
            while (k < count && strcmp(out[k]->label, curve->label) != 0)
                k++;
            if (k == count && count < room)
                out[count++] = curve;
        }
    return count;
}

#define LEGEND_MAX 64u

/** Returns the y below it; svg NULL: only that. */
static double put_legend(struct svg *svg, const struct chart_page *page, double y)
{
    const struct chart_curve *entry[LEGEND_MAX];
    const uint32_t count = collect_legend(page, entry, LEGEND_MAX);
    double x = EDGE;
    for (uint32_t i = 0; i < count; i++) {
        char cut[SVG_CUT_BYTES];
        svg_text_cut(cut, entry[i]->label, SVG_FONT, page->width - 2 * EDGE - SAMPLE - 4);
        const double width = SAMPLE + 4 + svg_text_width(cut, SVG_FONT) + 8;
        if (x > EDGE && x + width > page->width) {
            x = EDGE;
            y += LINE + 1;
        }
        if (svg) {
            const struct look look = look_of(entry[i]->look);
            svg_segment(svg, x, y - 2.5, x + SAMPLE, y - 2.5, &look.stroke);
            if (entry[i]->marked)
                svg_mark(svg, look.mark, x + SAMPLE / 2, y - 2.5, look.stroke.colour, 0);
            svg_text(svg, x + SAMPLE + 4, y, SVG_START, SVG_PLAIN, cut);
        }
        x += width;
    }
    return y + 8;
}

/** How charts are laid out. */
struct layout {
    uint32_t columns, rows;
    bool at_ends; /* names of curves */
    double width, height;
    double top; /* of the first row */
};

static struct layout lay_out(const struct chart_page *page, uint32_t shown)
{
    struct layout self = {.at_ends = shown <= 2, .top = EDGE};
    const uint32_t most = self.at_ends ? (page->wide ? 2 : 1) : (page->wide ? 3 : 2);
    self.columns = shown < most ? shown : shown == 4 ? 2 : most;
    self.rows = (shown + self.columns - 1) / self.columns;
    self.width = (page->width - 2 * EDGE - (self.columns - 1) * GUTTER) / self.columns;
    self.height = HEAD + FOOT + fmin(150, fmax(70, 0.46 * self.width));
    if (!self.at_ends)
        self.top = put_legend(NULL, page, EDGE + LINE);
    return self;
}

void chart_print(const struct chart_page *page, FILE *out)
{
    uint32_t shown = 0, at = 0;
    for (uint32_t c = 0; c < page->charts; c++)
        shown += chart_any(&page->chart[c]);
    if (shown == 0)
        return;
    const struct layout layout = lay_out(page, shown);
    const double end = layout.top + layout.rows * layout.height;
    const double inner = page->width - 2 * EDGE;
    const double height = end + chart_note_height(inner, page->note) + EDGE;
    struct svg svg;
    svg_open(&svg, out, page->id, page->width, height, page->title, page->note);
    if (!layout.at_ends)
        put_legend(&svg, page, EDGE + LINE);
    for (uint32_t c = 0; c < page->charts; c++) {
        if (!chart_any(&page->chart[c]))
            continue;
        const struct chart_frame room = {.left =
                                             EDGE + at % layout.columns * (layout.width + GUTTER),
                                         .top = layout.top + at / layout.columns * layout.height,
                                         .width = layout.width,
                                         .height = layout.height};
        chart_draw(&svg, &page->chart[c], &room, layout.at_ends);
        at++;
    }
    chart_note(&svg, EDGE, end + LINE - 2, inner, page->note);
    svg_close(&svg);
}
