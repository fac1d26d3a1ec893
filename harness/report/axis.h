/* SPDX-License-Identifier: BSD-3-Clause */
/** Axes: from values to points on paper, and where ticks belong and what they say. Pure. */
#ifndef HARNESS_REPORT_AXIS_H
#define HARNESS_REPORT_AXIS_H

#include <stdbool.h>
#include <stdint.h>

enum axis_kind {
    AXIS_LINEAR,
    AXIS_LOG,
    AXIS_NINES, /* of percentiles: 90, 99, 99.9 … are equally far apart; values are 0 to 100, without 100 */
    AXIS_COUNTS, /* 0, 1, 2 … and far beyond: the logarithm of 1 + value */
};

/** `low` is at `from` and `high` at `to`, in pt; from > to turns it round. low < high. */
struct axis {
    enum axis_kind kind;
    double low, high, from, to;
};

#define AXIS_TICKS_MAX 64u

/** `text` is empty for small ticks between those that are labelled. */
struct axis_tick {
    double value;
    char text[24];
};

/**
 * An axis around all values of [low, high]: a linear one begins and ends where a tick may be, a logarithmic one a
 * little beyond its values. Both are finite; for AXIS_LOG above 0.
 */
struct axis axis_fit(enum axis_kind kind, double low, double high);

/** Where a value is; NaN for one that the axis cannot show (NaN, or not above 0 on a logarithmic one). */
double axis_at(const struct axis *self, double value);

/** About `wanted` labelled ticks, ascending. Returns how many ticks. */
uint32_t axis_ticks(const struct axis *self, uint32_t wanted, struct axis_tick out[AXIS_TICKS_MAX]);

struct axis_unit {
    double divisor;
    const char *name;
};

/** The unit in which times like this one have few digits. */
struct axis_unit axis_unit_ns(double typical_ns);

#endif
