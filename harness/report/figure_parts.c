/* SPDX-License-Identifier: BSD-3-Clause */
/* Shares, because policies do different numbers of iterations; how long one of them takes stands beside its bar. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "harness/report/chart.h"
#include "harness/report/figure_rows.h"
#include "harness/report/look.h"

#define EDGE 4.0
#define HEAD 13.0
#define ROW 12.5
#define BAR 9.0
#define SWATCH 8.0
#define FOOT 24.0
#define NAME_SHARE 0.35 /* of the width, for the longest name */

/** How each part looks: told apart by lightness or pattern, too. */
static const struct {
    const char *colour;
    enum svg_hatch hatch;
    enum svg_face face; /* of text on it */
} looks[PART_COUNT] = {
    [PART_LOAD] = {"#56b4e9", SVG_DOTS, SVG_ON_LIGHT},
    [PART_COMPUTE] = {"#0072b2", SVG_SOLID, SVG_ON_DARK},
    [PART_INJECTED] = {"#d55e00", SVG_RISING, SVG_ON_DARK},
    [PART_PUBLISH] = {"#cc79a7", SVG_DOTS, SVG_ON_LIGHT},
    [PART_WAIT] = {"#c8c8c8", SVG_SOLID, SVG_ON_LIGHT},
    [PART_MIX] = {"#009e73", SVG_FALLING, SVG_ON_DARK},
    [PART_JUDGE] = {"#f0e442", SVG_SOLID, SVG_ON_LIGHT},
    [PART_HELD] = {"#e69f00", SVG_FALLING, SVG_ON_LIGHT},
    [PART_REST] = {"#666666", SVG_DOTS, SVG_ON_DARK},
};

/** One bar. */
struct bar {
    double share[PART_COUNT]; /* 0 to 1 of the time, mean over seeds */
    double iteration_ns;      /* mean; NaN: no iteration ended */
    bool any;
};

static struct bar measure(const struct figure_group *group)
{
    struct bar out = {.any = false};
    double time_ns = 0, iterations = 0;
    uint32_t seeds = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        const struct results_run *const run = group->run[i];
        double sum = 0;
        for (uint32_t p = 0; p < PART_COUNT; p++)
            sum += run->part_ns[p] >= 0 ? run->part_ns[p] : 0;
        if (!(sum > 0))
            continue;
        for (uint32_t p = 0; p < PART_COUNT; p++)
            out.share[p] += run->part_ns[p] >= 0 ? run->part_ns[p] / sum : 0;
        time_ns += run->total_ns;
        iterations += run->iterations;
        seeds++;
    }
    for (uint32_t p = 0; p < PART_COUNT; p++)
        out.share[p] /= seeds ? seeds : 1;
    out.any = seeds > 0;
    out.iteration_ns = iterations > 0 ? time_ns / iterations : (double)NAN;
    return out;
}

/** What part of the whole a bar must have to be named. */
static bool is_shown(const struct figure *self, uint32_t part)
{
    for (uint32_t g = 0; g < self->groups; g++)
        if (measure(&self->group[g]).share[part] >= 0.0005)
            return true;
    return false;
}

/** Returns the y below it; svg NULL: only that. */
static double put_legend(struct svg *svg, const struct figure *self, double y)
{
    double x = EDGE;
    for (uint32_t p = 0; p < PART_COUNT; p++) {
        const double width = SWATCH + 3 + svg_text_width(part_name[p], SVG_FONT) + 9;
        if (!is_shown(self, p))
            continue;
        if (x > EDGE && x + width > self->width) {
            x = EDGE;
            y += 10;
        }
        if (svg) {
            svg_area(svg, x, y - 6.5, SWATCH, 7, looks[p].colour, 1, looks[p].hatch);
            svg_text(svg, x + SWATCH + 3, y, SVG_START, SVG_PLAIN, part_name[p]);
        }
        x += width;
    }
    return y + 5;
}

static void put_share(struct svg *svg, uint32_t part, double share, double x, double y,
                      double width)
{
    char text[16];
    snprintf(text, sizeof(text), "%.0f", 100 * share);
    const double needs = svg_text_width(text, SVG_FONT_SMALL);
    svg_area(svg, x, y, fmax(0.05, width - 0.4), BAR, looks[part].colour, 1, looks[part].hatch);
    if (needs + 3 > width)
        return;
    if (looks[part].hatch != SVG_SOLID)
        svg_area(svg, x + (width - needs) / 2 - 1, y + 0.5, needs + 2, BAR - 1, looks[part].colour,
                 1, SVG_SOLID);
    svg_text(svg, x + width / 2, y + BAR - 2.1, SVG_MIDDLE, looks[part].face, text);
}

static void put_bar(struct svg *svg, const struct bar *bar, double left, double y, double width)
{
    double x = left;
    for (uint32_t p = 0; p < PART_COUNT; p++) {
        const double length = bar->share[p] * width;
        if (bar->share[p] >= 0.0005)
            put_share(svg, p, bar->share[p], x, y, length);
        x += length;
    }
}

static void put_time(char *out, size_t size, double ns)
{
    const struct axis_unit unit = axis_unit_ns(ns);
    if (isnan(ns))
        snprintf(out, size, "-");
    else
        snprintf(out, size, "%.3g %s", ns / unit.divisor, unit.name);
}

static void put_rows(struct svg *svg, const struct figure *self, const struct chart_frame *at)
{
    for (uint32_t g = 0; g < self->groups; g++) {
        const struct bar bar = measure(&self->group[g]);
        const double y = at->top + g * ROW;
        char time[32], cut[SVG_CUT_BYTES];
        svg_text(svg, at->left - 4, y + BAR - 1.8, SVG_END, SVG_PLAIN,
                 svg_text_cut(cut, self->group[g].label, SVG_FONT, self->width * NAME_SHARE));
        put_bar(svg, &bar, at->left, y, at->width);
        put_time(time, sizeof(time), bar.iteration_ns);
        svg_text(svg, self->width - EDGE, y + BAR - 1.8, SVG_END, SVG_PLAIN, time);
    }
}

static void put_axis(struct svg *svg, const struct chart_frame *at)
{
    const double bottom = at->top + at->height;
    svg_segment(svg, at->left, bottom, at->left + at->width, bottom, &look_axis);
    for (uint32_t i = 0; i <= 4; i++) {
        char text[8];
        const double x = at->left + at->width * i / 4;
        snprintf(text, sizeof(text), "%u", 25 * i);
        svg_segment(svg, x, bottom, x, bottom + 2.5, &look_axis);
        svg_text(svg, x, bottom + 10, SVG_MIDDLE, SVG_PLAIN, text);
    }
    svg_text(svg, at->left + at->width / 2, bottom + 19.5, SVG_MIDDLE, SVG_PLAIN,
             "share of a worker's time (%)");
}

static bool any_bar(const struct figure *self)
{
    for (uint32_t g = 0; g < self->groups; g++)
        if (measure(&self->group[g]).any)
            return true;
    return false;
}

int figure_parts(const struct figure *self, FILE *out, struct err *err)
{
    static const char title[] = "Where the time of a worker went";
    static const char beside[] = "per iteration";
    char note[200];
    double names = 0;
    struct svg svg;
    if (!any_bar(self))
        return figure_nothing(self, "parts", "no worker ended an iteration", err);
    for (uint32_t g = 0; g < self->groups; g++)
        names = fmax(names, svg_text_width(self->group[g].label, SVG_FONT));
    names = fmin(names, self->width * NAME_SHARE);
    snprintf(note, sizeof(note), "All workers, mean of the seeds. Numbers in bars: per cent.");
    const double inner = self->width - 2 * EDGE;
    const double legend = put_legend(NULL, self, EDGE + 8);
    const struct chart_frame at = {.left = EDGE + names + 4,
                                   .top = legend + HEAD,
                                   .width = inner - names - 8 - svg_text_width(beside, SVG_FONT),
                                   .height = self->groups * ROW};
    const double below = at.top + at.height + FOOT;
    svg_open(&svg, out, "dawdle-parts", self->width, below + chart_note_height(inner, note) + EDGE,
             title, note);
    put_legend(&svg, self, EDGE + 8);
    svg_text(&svg, self->width - EDGE, legend + 8, SVG_END, SVG_PLAIN, beside);
    put_rows(&svg, self, &at);
    put_axis(&svg, &at);
    chart_note(&svg, EDGE, below + 7, inner, note);
    svg_close(&svg);
    return 0;
}
