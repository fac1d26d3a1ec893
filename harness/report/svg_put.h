/* SPDX-License-Identifier: BSD-3-Clause */
/** How numbers, text and long lines become bytes of an SVG file; for svg.c. */
#ifndef HARNESS_REPORT_SVG_PUT_H
#define HARNESS_REPORT_SVG_PUT_H

#include <stdint.h>
#include <stdio.h>

/** At most two decimals, no more digits than it takes. The value is finite. */
void svg_put_number(FILE *out, double value);

/** ` name="value"` */
void svg_put_attribute(FILE *out, const char *name, double value);

/** `x y` */
void svg_put_pair(FILE *out, double x, double y);

/** ` x="…" y="…" width="…" height="…"` */
void svg_put_box(FILE *out, double x, double y, double width, double height);

/**
 * As character data or within quotes of either kind. What XML or UTF-8 cannot carry becomes U+FFFD, white space a
 * blank.
 */
void svg_put_text(FILE *out, const char *text);

/** Which of the points of a line are drawn, in their order. */
struct svg_thin {
    const double *x;
    uint32_t count, at;
    uint32_t kept;       /* while thinning: of the column at hand, up to 4 */
    uint32_t pending[4]; /* indices of it that are still to be drawn, ascending */
    uint32_t next;       /* of pending */
    int thinned;
};

/** width: of the figure, in pt. x does not fall. */
struct svg_thin svg_thin_make(const double *x, uint32_t count, double width);

/** Says what is left out, if anything is. */
void svg_thin_comment(const struct svg_thin *self, FILE *out);

/** Index of the next point, or `count`. */
uint32_t svg_thin_next(struct svg_thin *self, const double *y);

/** More than the columns of the widest figure. */
#define SVG_BAND_POINTS 4096u

/** A band's points into [SVG_BAND_POINTS]: of each column the lowest and the highest. Returns how many. */
uint32_t svg_thin_band(const double *x, const double *low, const double *high, uint32_t count,
                       double *at, double *lower, double *upper);

#endif
