/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A strip of bars for each group. Each strip is as high as its own highest bar, whose share is written on it: the
 * policies differ by orders of magnitude in how far they spread, and on one scale the wide ones would be flat.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/chart.h"
#include "harness/report/figure_hist.h"
#include "harness/report/figure_rows.h"
#include "harness/report/look.h"

#define EDGE 4.0
#define STRIP 26.0
#define BARS 15.0 /* of it, for the highest bar */
#define FOOT 22.0
#define NAME_SHARE 0.35 /* of the width, for the longest name */
#define LINEAR_TO 40.0  /* changes; beyond, a logarithmic axis */
#define BINS_MAX 256u

/** Bars over [first, last] changes, in shares of all gradients. */
struct strip {
    double first[BINS_MAX], last[BINS_MAX], share[BINS_MAX];
    uint32_t bins;
    double mean, p50, p99, most; /* NaN: unknown */
    bool from_json;              /* no bars */
};

/** Where the bar that begins at `first` ends: one change wide, and a sixth of its place on a logarithmic axis. */
static double end_of_bin(double first, bool linear)
{
    return linear ? first : first + fmax(0, floor(first / 6));
}

static void fill_bars(struct strip *self, const struct hist *hist, bool linear)
{
    double first = 0;
    for (uint32_t i = 0; i < HIST_COUNTS && self->bins < BINS_MAX; i++) {
        if (hist->count[i] == 0)
            continue;
        const double value = (double)hist_low_at(i);
        uint32_t b = self->bins;
        while (end_of_bin(first, linear) < value)
            first = end_of_bin(first, linear) + 1;
        if (b > 0 && self->last[b - 1] >= value)
            b--;
        else
            self->bins++;
        self->first[b] = first;
        self->last[b] = end_of_bin(first, linear);
        self->share[b] += (double)hist->count[i] / (double)hist->total;
    }
}

/** Of the histogram, if result.json has figures of it: older ones meant something else. Else of result.json alone. */
static void fill_figures(struct strip *self, const struct figure_group *group,
                         const struct hist *hist)
{
    double mean = 0, p50 = 0, p99 = 0, most = (double)NAN;
    uint32_t seeds = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        const struct results_figures *const at = &group->run[i]->series[SERIES_STALENESS];
        if (isnan(at->max))
            continue;
        mean += at->mean;
        p50 += at->p50;
        p99 += at->p99;
        most = fmax(most, at->max); /* of NaN and a number it is the number */
        seeds++;
    }
    *self = (struct strip){.mean = mean / seeds,
                           .p50 = p50 / seeds,
                           .p99 = p99 / seeds,
                           .most = most,
                           .from_json = true};
    if (!hist || isnan(self->most))
        return;
    *self = (struct strip){.mean = hist_mean(hist), .most = (double)hist->max};
}

static void put_bars(struct svg *svg, const struct strip *self, const struct axis *axis,
                     double base)
{
    double peak = 0, at = 0;
    char text[16];
    for (uint32_t b = 0; b < self->bins; b++) {
        at = self->share[b] > peak ? self->first[b] : at;
        peak = fmax(peak, self->share[b]);
    }
    for (uint32_t b = 0; b < self->bins; b++) {
        const double x = axis_at(axis, self->first[b] - 0.5);
        const double width = axis_at(axis, self->last[b] + 0.5) - x;
        const double height = fmax(0.35, BARS * self->share[b] / peak); /* what is there shows */
        svg_area(svg, x + 0.2, base - height, fmax(0.3, width - 0.4), height, "#0072b2", 1,
                 SVG_SOLID);
    }
    snprintf(text, sizeof(text), peak < 0.0995 ? "%.2g %%" : "%.0f %%", 100 * peak);
    svg_text(svg, axis_at(axis, at), base - BARS - 2, SVG_START, SVG_SMALL, text);
}

/** Median, 99th percentile and maximum, where there is no histogram. */
static void put_marks(struct svg *svg, const struct strip *self, const struct axis *axis,
                      double base)
{
    const struct svg_stroke line = {"#0072b2", "", 1.1};
    const double y = base - BARS / 2;
    svg_segment(svg, axis_at(axis, self->p50), y, axis_at(axis, self->most), y, &line);
    svg_mark(svg, SVG_DISC, axis_at(axis, self->p50), y, line.colour, 0);
    svg_mark(svg, SVG_DIAMOND, axis_at(axis, self->p99), y, line.colour, 0);
    svg_mark(svg, SVG_CROSS, axis_at(axis, self->most), y, line.colour, 0);
}

static void put_strip(struct svg *svg, const struct strip *self, const char *label,
                      const struct chart_frame *at, double right)
{
    const double base = at->top + STRIP - 3;
    char text[64], cut[SVG_CUT_BYTES];
    svg_text(svg, at->left - 4, base - 1, SVG_END, SVG_PLAIN,
             svg_text_cut(cut, label, SVG_FONT, svg->width * NAME_SHARE));
    if (self->from_json && !isnan(self->most))
        put_marks(svg, self, &at->x, base);
    else if (!self->from_json)
        put_bars(svg, self, &at->x, base);
    svg_segment(svg, at->left, base, at->left + at->width, base, &look_axis);
    if (isnan(self->most))
        return;
    snprintf(text, sizeof(text), "mean %.2g", self->mean);
    svg_text(svg, right, base - 9.5, SVG_END, SVG_SMALL, text);
    snprintf(text, sizeof(text), "max %.0f", self->most);
    svg_text(svg, right, base - 1, SVG_END, SVG_SMALL, text);
}

static void put_axis(struct svg *svg, const struct axis *axis, const struct chart_frame *at,
                     double y)
{
    struct axis_tick tick[AXIS_TICKS_MAX];
    const uint32_t count = axis_ticks(axis, (uint32_t)(at->width / 28) + 1, tick);
    double end = -(double)INFINITY;
    for (uint32_t i = 0; i < count; i++) {
        const double x = axis_at(axis, tick[i].value);
        const double half = svg_text_width(tick[i].text, SVG_FONT) / 2;
        if (floor(tick[i].value) < tick[i].value ||
            x - half < end + 2) /* there is no half change */
            continue;
        end = x + half;
        svg_segment(svg, x, y, x, y + 2.5, &look_axis);
        svg_text(svg, x, y + 10, SVG_MIDDLE, SVG_PLAIN, tick[i].text);
    }
    svg_text(svg, at->left + at->width / 2, y + 19.5, SVG_MIDDLE, SVG_PLAIN,
             "staleness of a gradient (changes of its model)");
}

static const char bars_note[] =
    "Bars: share of the gradients, all seeds and workers together, each "
    "strip to the height of its highest bar.";
static const char marks_note[] = "Marks: median, 99th percentile and maximum, mean of the seeds "
                                 "(there is no latency.hlog); bars: all seeds together.";

static void print(const struct figure *self, const struct strip *strip, double most, FILE *out)
{
    const char *note = bars_note;
    for (uint32_t g = 0; g < self->groups; g++)
        note = strip[g].from_json ? marks_note : note;
    double names = 0;
    struct svg svg;
    for (uint32_t g = 0; g < self->groups; g++)
        names = fmax(names, svg_text_width(self->group[g].label, SVG_FONT));
    names = fmin(names, self->width * NAME_SHARE);
    const double inner = self->width - 2 * EDGE, left = EDGE + names + 4;
    const double width =
        self->width - EDGE - left - svg_text_width("mean 0.000", SVG_FONT_SMALL) - 3;
    const double end = EDGE + self->groups * STRIP;
    struct chart_frame at = {.left = left, .top = EDGE, .width = width, .height = STRIP};
    at.x = (struct axis){most > LINEAR_TO ? AXIS_COUNTS : AXIS_LINEAR, -0.5, most + 0.5, left,
                         left + width};
    svg_open(&svg, out, "dawdle-staleness", self->width,
             end + FOOT + chart_note_height(inner, note) + EDGE, "Staleness of gradients", note);
    for (uint32_t g = 0; g < self->groups; g++) {
        put_strip(&svg, &strip[g], self->group[g].label, &at, self->width - EDGE);
        at.top += STRIP;
    }
    put_axis(&svg, &at.x, &at, end - 3);
    chart_note(&svg, EDGE, end + FOOT + 5, inner, note);
    svg_close(&svg);
}

/** Of those that have a figure, the farthest; 0: none has one. */
static double farthest(const struct strip *strip, uint32_t count)
{
    double most = (double)NAN;
    for (uint32_t g = 0; g < count; g++)
        if (!isnan(strip[g].most))
            most = fmax(isnan(most) ? 0 : most, strip[g].most);
    return most;
}

int figure_staleness(const struct figure *self, FILE *out, struct err *err)
{
    struct strip *const strip = calloc(self->groups, sizeof(*strip));
    struct figure_hist hists;
    if (!strip)
        return err_set(err, -ENOMEM, "not enough memory for %u strips", self->groups);
    int rc = figure_hist_open(&hists, self, 1u << SERIES_STALENESS, err);
    for (uint32_t g = 0; rc == 0 && g < self->groups; g++)
        fill_figures(&strip[g], &self->group[g], figure_hist_of(&hists, g, SERIES_STALENESS));
    const double most = farthest(strip, self->groups);
    if (rc == 0 && isnan(most))
        rc = figure_nothing(self, "staleness",
                            "no gradient was applied, or the result is older than schema 3, which "
                            "meant something else by the word",
                            err);
    for (uint32_t g = 0; rc == 0 && g < self->groups; g++)
        if (!strip[g].from_json)
            fill_bars(&strip[g], figure_hist_of(&hists, g, SERIES_STALENESS), most <= LINEAR_TO);
    if (rc == 0)
        print(self, strip, most, out);
    figure_hist_close(&hists);
    free(strip);
    return rc;
}
