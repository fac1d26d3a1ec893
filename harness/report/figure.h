/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Figures for papers and pages: result directories in, one `<svg>` element out, the same bytes for the same results.
 *
 * A figure is a row of a table with a file behind it, figure_NAME.c. It draws groups: one policy, with one value of the
 * swept key, in one result, over its seeds.
 */
#ifndef HARNESS_REPORT_FIGURE_H
#define HARNESS_REPORT_FIGURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/err.h"
#include "harness/record/results_runs.h"

/** Widths of one and of two columns of a paper. */
#define FIGURE_SINGLE_MM 84.0
#define FIGURE_DOUBLE_MM 174.0

#define FIGURE_LABEL_MAX (RECORD_LABEL_MAX + EXPERIMENT_NAME_MAX + 4)

struct figure_group {
    char label[FIGURE_LABEL_MAX];
    uint32_t family; /* counts policies of results, whatever the value */
    uint32_t look;   /* look.h; the same in every figure of these results, if one value is drawn */
    const struct results_runs *of;  /* borrowed */
    const struct results_run **run; /* [count] owned; its seeds */
    uint32_t count;
};

/** What is asked for. */
struct figure_options {
    bool wide;        /* two columns */
    const char *only; /* labels, policies or values to be drawn, separated by commas; NULL: all */
    const char *
        metric; /* metrics of a sweep, or series of latencies, separated by commas; NULL: the usual ones */
    bool one_seed; /* draw `seed` alone */
    uint64_t seed;
};

struct figure {
    const struct results_runs *result; /* [results] borrowed */
    uint32_t results;
    struct figure_options options;
    double width;               /* pt */
    struct figure_group *group; /* [groups] owned */
    uint32_t groups;
};

struct figure_row {
    const char *name, *help;
    bool takes_metric;
    bool sums_up;        /* draws what result.json says of all seeds together */
    uint32_t groups_max; /* of more nobody could tell which is which */
    int (*draw)(const struct figure *self, FILE *out, struct err *err);
};

/** The last one has no name. */
extern const struct figure_row figure_table[];

/** By name; NULL with a sentence that knows the nearest one. */
const struct figure_row *figure_find(const char *name, struct err *err);

/**
 * Draw into `out`; nothing is written but a whole element. 0, or -EINVAL for options that fit nothing, -ENODATA for
 * results that have nothing to draw, -ENOMEM; each with a sentence.
 */
int figure_draw(const struct figure_row *row, const struct results_runs *result, uint32_t results,
                const struct figure_options *options, FILE *out, struct err *err);

/* What the files of figures share. */

/**
 * A mean over seeds, and its interval: at 95 % from 6 values on, else the lowest and the highest. NaN: there is
 * none.
 */
struct figure_mean {
    double mean, low, high;
};
struct figure_mean figure_mean(const double *value, uint32_t count);

/** `mean of 3 seeds, from lowest to highest`, for notes. */
void figure_note_seeds(const struct figure *self, char *out, size_t size);

/** The next name of a list with commas, and its length; NULL at the end. */
const char *figure_next_name(const char **list, size_t *length);

/** An error that a figure has nothing to draw. Returns -ENODATA. */
int figure_nothing(const struct figure *self, const char *name, const char *why, struct err *err);

#endif
