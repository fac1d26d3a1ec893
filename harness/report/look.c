/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness/report/look.h"

const struct svg_stroke look_axis = {"currentColor", "", 0.6};
const struct svg_stroke look_grid = {"#888", "0.5 1.5", 0.4};

static const char *const colour[LOOK_COLOURS] = {"currentColor", "#0072b2", "#d55e00", "#009e73",
                                                 "#cc79a7",      "#e69f00", "#56b4e9", "#f0e442"};
static const char *const dash[LOOK_COLOURS] = {
    "", "5 1.5", "1.5 1.2", "6 1.5 1.2 1.5", "3 1.5", "8 2", "4 1.2 1.2 1.2 1.2 1.2", "2 3"};

struct look look_of(uint32_t index)
{
    const uint32_t round = index / LOOK_COLOURS;
    return (struct look){
        .stroke = {colour[index % LOOK_COLOURS], dash[(index + round) % LOOK_COLOURS], 1.1},
        .mark = (enum svg_mark)(index % SVG_MARKS),
    };
}
