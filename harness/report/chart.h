/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Curves between two axes, and pages of such charts: what the figures of curves have in common.
 *
 * Each curve has its name at its end where one or two charts leave room for it; of more charts, one legend above them
 * all has the names.
 */
#ifndef HARNESS_REPORT_CHART_H
#define HARNESS_REPORT_CHART_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "harness/report/axis.h"
#include "harness/report/svg.h"

/** Points in units of the axes; y, low and high may be NaN. */
struct chart_curve {
    const char *label; /* borrowed */
    uint32_t look;
    double *x, *y, *low, *high; /* [count] of one block, owned through x */
    uint32_t count;
    bool banded; /* low and high are an interval around each y */
    bool marked; /* a mark at each point, and its interval as a bar */
};

/** Room for `count` points, all NaN. 0 or -ENOMEM with a sentence. */
int chart_curve_open(struct chart_curve *self, uint32_t count, struct err *err);

/** An x with a name of its own. */
struct chart_stop {
    double x;
    char text[32];
};

struct chart {
    char title[96];   /* what y is, with its unit; above it */
    char x_title[96]; /* of x, below it */
    enum axis_kind x_kind, y_kind;
    bool turned; /* x falls from left to right */
    double y_least,
        y_most;   /* bounds of what y can be, if not NaN: an interval does not leave them */
    double level; /* a value of y to be marked, if not NaN … */
    char level_text[32];
    struct chart_stop *stop; /* [stops] where x has ticks instead; borrowed */
    uint32_t stops;
    struct chart_curve *curve; /* [curves] owned */
    uint32_t curves;
};

/** Room for `curves` of them; what is not known of the axes is NaN. 0 or -ENOMEM. */
int chart_open(struct chart *self, uint32_t curves, struct err *err);

/** Accepts a zeroed struct. */
void chart_close(struct chart *self);

/** Has any curve a point that it can show? */
bool chart_any(const struct chart *self);

/** AXIS_LOG where values differ so much that a line would hide the small ones. Looks at y, or x. */
enum axis_kind chart_kind(const struct chart *self, bool of_x);

/** A page of charts; those that have nothing to show are left out. */
struct chart_page {
    const char *id, *title,
        *note; /* note: below all, what intervals and curves are; also read out */
    double width;
    bool wide; /* of two columns of a paper */
    struct chart *chart;
    uint32_t charts;
};

void chart_print(const struct chart_page *page, FILE *out);

/** Lines of `text` broken to a width, the first at y. Returns the y after them. out NULL: only count. */
double chart_note(struct svg *svg, double x, double y, double width, const char *text);

/** Height that it takes. */
double chart_note_height(double width, const char *text);

/**
 * Move labels apart: ascending `y` of `count`, `gap` from each other, within top..bottom if they fit, as near as
 * can be.
 */
void chart_spread(double *y, uint32_t count, double gap, double top, double bottom);

/** Axis lines, ticks and titles of a box; stops as in struct chart. */
struct chart_frame {
    double left, top, width, height;
    struct axis x, y;
};
void chart_axes(struct svg *svg, const struct chart_frame *frame, const struct chart *chart);

#endif
