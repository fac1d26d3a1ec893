/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A small writer of SVG: one `<svg>` element on a stream, for a file of its own or inside an HTML page.
 *
 * Lengths are points (1/72 in), y grows downwards; the same calls give the same bytes. Text and axes have the colour
 * of the text around them (currentColor), so that they show on a dark page too; style rules and ids begin with the id
 * of the element, so that many can stand on one page. Write errors stay with the stream: ask ferror at the end.
 */
#ifndef HARNESS_REPORT_SVG_H
#define HARNESS_REPORT_SVG_H

#include <stdint.h>
#include <stdio.h>

#define SVG_PT_PER_MM (72 / 25.4)
/** Sizes of text, in pt: all of it, and remarks and what is written into bars. */
#define SVG_FONT 7.5
#define SVG_FONT_SMALL 7.0

struct svg {
    FILE *out;
    const char *id; /* letters, digits and `-`; borrowed */
    double width, height;
    uint32_t clips; /* for their ids */
};

enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };

/** How text looks: normal, small, bold; small on an area that is dark, or light, whatever the page is. */
enum svg_face { SVG_PLAIN, SVG_SMALL, SVG_BOLD, SVG_ON_DARK, SVG_ON_LIGHT };

/** A line: colour (any of CSS; borrowed), dashes as in stroke-dasharray ("" = solid), width. */
struct svg_stroke {
    const char *colour, *dash;
    double width;
};

/** Shapes that are told apart without colour. */
enum svg_mark { SVG_DISC, SVG_SQUARE, SVG_TRIANGLE, SVG_DIAMOND, SVG_NABLA, SVG_CROSS, SVG_MARKS };

/** Patterns over an area, which are told apart without colour. */
enum svg_hatch { SVG_SOLID, SVG_RISING, SVG_FALLING, SVG_DOTS, SVG_HATCHES };

/** Begin the element; `title` and `about` are read out in place of the picture. */
void svg_open(struct svg *self, FILE *out, const char *id, double width, double height,
              const char *title, const char *about);
void svg_close(struct svg *self);

/** `<!-- text -->`; what would end it is changed. */
void svg_comment(struct svg *self, const char *text);

/** Draw only within this rectangle, until svg_clip_end. */
void svg_clip(struct svg *self, double x, double y, double width, double height);
void svg_clip_end(struct svg *self);

/** Any bytes: what XML or UTF-8 cannot carry becomes U+FFFD. y is the base line. */
void svg_text(struct svg *self, double x, double y, enum svg_anchor anchor, enum svg_face face,
              const char *text);

/** The same read upwards. */
void svg_text_up(struct svg *self, double x, double y, enum svg_anchor anchor, enum svg_face face,
                 const char *text);

/** About how wide it will be, in pt, in whichever of the usual sans-serif fonts. */
double svg_text_width(const char *text, double size);

/** As much of `text` as fits into a width, with an ellipsis where it does not. Returns `out`. */
#define SVG_CUT_BYTES 256u
const char *svg_text_cut(char out[SVG_CUT_BYTES], const char *text, double size, double width);

void svg_segment(struct svg *self, double x0, double y0, double x1, double y1,
                 const struct svg_stroke *stroke);

/**
 * A line through `count` points; x does not fall. It has a gap where y is NaN. Of more points than the width can
 * show, those are drawn that make a difference, and a comment says so: each SVG_THIN_PT of width keeps its first,
 * lowest, highest and last.
 */
void svg_line(struct svg *self, const double *x, const double *y, uint32_t count,
              const struct svg_stroke *stroke);
#define SVG_THIN_PT 0.5

/** The area between two lines, in a light shade; points of which either is NaN are left out. Thinned as lines are. */
void svg_band(struct svg *self, const double *x, const double *low, const double *high,
              uint32_t count, const char *colour);

/** opacity 0 to 1. */
void svg_area(struct svg *self, double x, double y, double width, double height, const char *colour,
              double opacity, enum svg_hatch hatch);

/** Of about 4 pt; hollow: only its outline. */
void svg_mark(struct svg *self, enum svg_mark mark, double x, double y, const char *colour,
              int hollow);

#endif
