/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What tells one curve from another: colour, dashes and mark, each by itself enough, so that a figure can be read by
 * the colour-blind and in black and white.
 *
 * Source: M. Okabe, K. Ito, "Color Universal Design", 2008 (the palette). Its black is the colour of the text, and its
 *         yellow, which paper swallows, comes last.
 */
#ifndef HARNESS_REPORT_LOOK_H
#define HARNESS_REPORT_LOOK_H

#include <stdint.h>

#include "harness/report/svg.h"

struct look {
    struct svg_stroke stroke;
    enum svg_mark mark;
};

/** So many are told apart by each of them alone; beyond, by colour and dashes together. */
#define LOOK_COLOURS 8u
struct look look_of(uint32_t index);

/** Thin lines of axes, and fainter ones behind the data. */
extern const struct svg_stroke look_axis, look_grid;

#endif
