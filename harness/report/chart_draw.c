/* SPDX-License-Identifier: BSD-3-Clause */
/* What is within a chart: frame, intervals, curves, and names at their ends that do not cover each other. */
#include "harness/report/chart_draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "harness/report/look.h"

#define HEAD 14.0
#define FOOT 26.0
#define TICK 2.5
#define TICK_ROOM 34.0 /* of width, for a label below */
#define TICK_ROOM_Y 14.0
#define LABEL_GAP 8.5    /* between the base lines of names */
#define NAME_SHARE 0.3   /* of the width of a figure, for the longest name */
#define LEADER 9.0       /* from the plot to the names */
#define ZERO_FROM 0.4    /* of the highest: an axis whose lowest value is below begins at 0 */
#define NEARLY_ZERO 0.02 /* of the highest x: live, the first evaluation is a little late */
#define BEYOND 20.0
#define DODGE 1.8 /* between points of different curves at one stop */
#define NAMES_MAX 64u
#define CAP 1.6 /* half of what ends the bar of an interval */

struct range {
    double low, high;
};

static void include(struct range *self, double value)
{
    if (!isfinite(value))
        return;
    self->low = fmin(self->low, value);
    self->high = fmax(self->high, value);
}

/** Within what a figure can be, so that no interval stretches an axis to where nothing is. */
static double bound(const struct chart *chart, double value)
{
    if (value < chart->y_least)
        return chart->y_least;
    return value > chart->y_most ? chart->y_most : value;
}

static bool can_show(const struct chart *chart, double y)
{
    return isfinite(y) && (chart->y_kind != AXIS_LOG || y > 0);
}

static void find_ranges(const struct chart *chart, struct range *x, struct range *y)
{
    *x = *y = (struct range){(double)INFINITY, -(double)INFINITY};
    for (uint32_t i = 0; i < chart->curves; i++) {
        const struct chart_curve *const curve = &chart->curve[i];
        for (uint32_t k = 0; k < curve->count; k++) {
            if (!isfinite(curve->x[k]) || !can_show(chart, curve->y[k]))
                continue;
            include(x, curve->x[k]);
            include(y, curve->y[k]);
            if (curve->banded && can_show(chart, curve->low[k]))
                include(y, bound(chart, curve->low[k]));
            if (curve->banded)
                include(y, bound(chart, curve->high[k]));
        }
    }
    include(y, chart->level);
}

static uint32_t find_ticks(const struct axis *axis, double room,
                           struct axis_tick tick[AXIS_TICKS_MAX])
{
    const double length = fabs(axis->to - axis->from);
    return axis_ticks(axis, (uint32_t)fmax(2, length / room), tick);
}

static double widest(const struct axis_tick *tick, uint32_t count)
{
    double most = 0;
    for (uint32_t i = 0; i < count; i++)
        most = fmax(most, svg_text_width(tick[i].text, SVG_FONT));
    return most;
}

static void put_x_tick(struct svg *svg, const struct chart_frame *at, double x, const char *text)
{
    const double bottom = at->top + at->height;
    svg_segment(svg, x, bottom, x, bottom + (*text ? TICK : TICK / 2), &look_axis);
    if (*text)
        svg_text(svg, x, bottom + TICK + 7.5, SVG_MIDDLE, SVG_PLAIN, text);
}

/** Names that would touch the one before are left out; the marks stay. */
static void put_x_axis(struct svg *svg, const struct chart_frame *at, const struct chart *chart)
{
    struct axis_tick tick[AXIS_TICKS_MAX];
    const double room = chart->x_kind == AXIS_NINES ? 1 : TICK_ROOM; /* as many as do not touch */
    const uint32_t count = chart->stops ? chart->stops : find_ticks(&at->x, room, tick);
    double end = -(double)INFINITY;
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t i = chart->turned ? count - 1 - k : k;
        const char *text = chart->stops ? chart->stop[i].text : tick[i].text;
        const double x = axis_at(&at->x, chart->stops ? chart->stop[i].x : tick[i].value);
        const double half = svg_text_width(text, SVG_FONT) / 2;
        if (*text && x - half < end + 2)
            text = "";
        end = *text ? x + half : end;
        put_x_tick(svg, at, x, text);
    }
    svg_text(svg, at->left + at->width / 2, at->top + at->height + TICK + 17, SVG_MIDDLE, SVG_PLAIN,
             chart->x_title);
}

static void put_y_axis(struct svg *svg, const struct chart_frame *at)
{
    struct axis_tick tick[AXIS_TICKS_MAX];
    const uint32_t count = find_ticks(&at->y, TICK_ROOM_Y, tick);
    for (uint32_t i = 0; i < count; i++) {
        const double y = axis_at(&at->y, tick[i].value);
        const bool named = *tick[i].text;
        svg_segment(svg, at->left - (named ? TICK : TICK / 2), y, at->left, y, &look_axis);
        if (!named)
            continue;
        svg_segment(svg, at->left, y, at->left + at->width, y, &look_grid);
        svg_text(svg, at->left - TICK - 2, y + 2.6, SVG_END, SVG_PLAIN, tick[i].text);
    }
}

void chart_axes(struct svg *svg, const struct chart_frame *at, const struct chart *chart)
{
    const double bottom = at->top + at->height;
    put_y_axis(svg, at);
    put_x_axis(svg, at, chart);
    svg_segment(svg, at->left, at->top, at->left, bottom, &look_axis);
    svg_segment(svg, at->left, bottom, at->left + at->width, bottom, &look_axis);
}

/** From units of the axes to places, in place: a chart is drawn once. Intervals without an end leave the plot. */
static void place(const struct chart *chart, struct chart_curve *curve,
                  const struct chart_frame *at)
{
    const double least = at->top - BEYOND, most = at->top + at->height + BEYOND;
    for (uint32_t k = 0; k < curve->count; k++) {
        const bool shown = isfinite(curve->x[k]) && can_show(chart, curve->y[k]);
        curve->x[k] = axis_at(&at->x, curve->x[k]);
        curve->y[k] = shown ? axis_at(&at->y, curve->y[k]) : (double)NAN;
        if (isnan(curve->low[k]) || isnan(curve->high[k]))
            continue;
        /* fmin also takes care of a low end that a logarithm has no place for */
        curve->low[k] = fmin(axis_at(&at->y, bound(chart, curve->low[k])), most);
        curve->high[k] = fmax(axis_at(&at->y, bound(chart, curve->high[k])), least);
    }
}

/** Beside each other, where all curves have their points at the same stops. */
static void dodge(const struct chart *chart, uint32_t index)
{
    struct chart_curve *const curve = &chart->curve[index];
    for (uint32_t k = 0; chart->stops && k < curve->count; k++)
        curve->x[k] += (index - (chart->curves - 1) / 2.0) * DODGE;
}

/** Points without a place are dropped, but for those that make a gap. */
static void drop_nowhere(struct chart_curve *curve)
{
    uint32_t kept = 0;
    for (uint32_t k = 0; k < curve->count; k++) {
        if (!isfinite(curve->x[k]))
            continue;
        curve->x[kept] = curve->x[k];
        curve->y[kept] = curve->y[k];
        curve->low[kept] = curve->low[k];
        curve->high[kept++] = curve->high[k];
    }
    curve->count = kept;
}

static void put_interval(struct svg *svg, const struct chart_curve *curve, uint32_t k,
                         const char *colour)
{
    const struct svg_stroke bar = {colour, "", 0.7};
    const double x = curve->x[k], low = curve->low[k], high = curve->high[k];
    if (isnan(low) || isnan(high) || low - high < 0.5) /* shorter than its mark */
        return;
    svg_segment(svg, x, low, x, high, &bar);
    svg_segment(svg, x - CAP, low, x + CAP, low, &bar);
    svg_segment(svg, x - CAP, high, x + CAP, high, &bar);
}

static void put_curve(struct svg *svg, const struct chart_curve *curve)
{
    const struct look look = look_of(curve->look);
    svg_line(svg, curve->x, curve->y, curve->count, &look.stroke);
    for (uint32_t k = 0; curve->marked && k < curve->count; k++) {
        if (isnan(curve->y[k]))
            continue;
        put_interval(svg, curve, k, look.stroke.colour);
        svg_mark(svg, look.mark, curve->x[k], curve->y[k], look.stroke.colour, 0);
    }
}

/** Labels that touch, around the mean of where its members want to be. */
struct block {
    double sum; /* of what members want, each less its rank in the block times the gap */
    uint32_t size;
};

static double top_of(const struct block *block)
{
    return block->sum / block->size;
}

/** Pool adjacent labels into blocks until none is too near the next. Returns how many blocks. */
static uint32_t pool(const double *y, uint32_t count, double gap, struct block *block)
{
    uint32_t blocks = 0;
    for (uint32_t i = 0; i < count; i++) {
        block[blocks++] = (struct block){y[i], 1};
        while (blocks > 1) {
            struct block *const a = &block[blocks - 2], *const b = &block[blocks - 1];
            if (top_of(a) + a->size * gap <= top_of(b))
                break;
            a->sum += b->sum - (double)b->size * a->size * gap;
            a->size += b->size;
            blocks--;
        }
    }
    return blocks;
}

void chart_spread(double *y, uint32_t count, double gap, double top, double bottom)
{
    struct block block[NAMES_MAX];
    CHECK(count <= NAMES_MAX);
    if (count > 1)
        gap = fmin(gap, (bottom - top) / (count - 1));
    const uint32_t blocks = pool(y, count, gap, block);
    for (uint32_t b = 0, i = 0; b < blocks; b++)
        for (uint32_t k = 0; k < block[b].size; k++)
            y[i++] = top_of(&block[b]) + k * gap;
    for (uint32_t i = count; i-- > 0;) /* up from the bottom, then down from the top */
        y[i] = fmin(y[i], i + 1 < count ? y[i + 1] - gap : bottom);
    for (uint32_t i = 0; i < count; i++)
        y[i] = fmax(y[i], i > 0 ? y[i - 1] + gap : top);
}

struct name {
    const struct chart_curve *curve;
    double x, y; /* end of its curve */
};

static int higher_first(const void *a, const void *b)
{
    const struct name *const p = a, *const q = b;
    if (p->y < q->y || p->y > q->y)
        return p->y < q->y ? -1 : 1;
    return (p->curve > q->curve) - (p->curve < q->curve);
}

/** The last point of each curve that is there. */
static uint32_t find_ends(const struct chart *chart, struct name *name)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < chart->curves && count < NAMES_MAX; i++) {
        const struct chart_curve *const curve = &chart->curve[i];
        uint32_t k = curve->count;
        while (k > 0 && isnan(curve->y[k - 1]))
            k--;
        if (k > 0)
            name[count++] = (struct name){curve, curve->x[k - 1], curve->y[k - 1]};
    }
    qsort(name, count, sizeof(*name), higher_first);
    return count;
}

static void put_names(struct svg *svg, const struct chart *chart, const struct chart_frame *at)
{
    struct name name[NAMES_MAX];
    double y[NAMES_MAX];
    char cut[SVG_CUT_BYTES];
    const uint32_t count = find_ends(chart, name);
    const double edge = at->left + at->width;
    for (uint32_t i = 0; i < count; i++)
        y[i] = name[i].y;
    chart_spread(y, count, LABEL_GAP, at->top, at->top + at->height);
    for (uint32_t i = 0; i < count; i++) {
        const struct look look = look_of(name[i].curve->look);
        const struct svg_stroke leader = {look.stroke.colour, "", 0.4};
        const double from = fmax(name[i].x, edge - 1);
        if (name[i].x < edge - 1)
            svg_segment(svg, name[i].x, name[i].y, from, name[i].y, &leader);
        svg_segment(svg, from, name[i].y, edge + LEADER - 4, y[i], &leader);
        svg_mark(svg, look.mark, edge + LEADER - 1, y[i], look.stroke.colour, 0);
        svg_text(svg, edge + LEADER + 4, y[i] + 2.6, SVG_START, SVG_PLAIN,
                 svg_text_cut(cut, name[i].curve->label, SVG_FONT, svg->width * NAME_SHARE));
    }
}

static double names_width(const struct svg *svg, const struct chart *chart)
{
    double most = 0;
    for (uint32_t i = 0; i < chart->curves; i++)
        most = fmax(most, svg_text_width(chart->curve[i].label, SVG_FONT));
    return fmin(most, svg->width * NAME_SHARE) + LEADER + 5;
}

static struct axis make_y_axis(const struct chart *chart, const struct range *y,
                               const struct chart_frame *at)
{
    const bool from_zero =
        chart->y_kind == AXIS_LINEAR && y->low > 0 && y->low < ZERO_FROM * y->high;
    struct axis axis = axis_fit(chart->y_kind, from_zero ? 0 : y->low, y->high);
    axis.from = at->top + at->height;
    axis.to = at->top;
    return axis;
}

/** From one end of the data to the other: curves touch the sides. */
static struct axis make_x_axis(const struct chart *chart, const struct range *x,
                               const struct chart_frame *at)
{
    struct axis axis = {.kind = chart->x_kind, .low = x->low, .high = x->high};
    if (chart->x_kind == AXIS_NINES)
        axis = axis_fit(chart->x_kind, x->low, x->high);
    else if (chart->x_kind == AXIS_LINEAR && x->low > 0 && x->low < NEARLY_ZERO * x->high)
        axis.low = 0;
    if (axis.low >= axis.high) {
        axis.low -= 0.5 * fabs(axis.low) + (chart->x_kind == AXIS_LOG ? 0 : 0.5);
        axis.high += 0.5 * fabs(axis.high) + 0.5;
    }
    const double inset = chart->stops ? 5 + chart->curves * DODGE / 2 : 0;
    axis.from = at->left + (chart->turned ? at->width - inset : inset);
    axis.to = at->left + (chart->turned ? inset : at->width - inset);
    return axis;
}

/** The plot within its room: what is left by titles, ticks and names. */
static struct chart_frame make_frame(const struct svg *svg, const struct chart *chart,
                                     const struct chart_frame *room, bool at_ends)
{
    struct range x, y;
    struct axis_tick tick[AXIS_TICKS_MAX];
    find_ranges(chart, &x, &y);
    struct chart_frame at = {.top = room->top + HEAD, .height = room->height - HEAD - FOOT};
    at.y = make_y_axis(chart, &y, &at);
    at.left = room->left + widest(tick, find_ticks(&at.y, TICK_ROOM_Y, tick)) + TICK + 4;
    at.width = room->left + room->width - at.left - (at_ends ? names_width(svg, chart) : 10);
    at.x = make_x_axis(chart, &x, &at);
    return at;
}

void chart_draw(struct svg *svg, const struct chart *chart, const struct chart_frame *room,
                bool at_ends)
{
    const struct chart_frame at = make_frame(svg, chart, room, at_ends);
    const struct svg_stroke level = {"currentColor", "1 2", 0.7};
    svg_text(svg, room->left, room->top + 7, SVG_START, SVG_BOLD, chart->title);
    chart_axes(svg, &at, chart);
    if (!isnan(chart->level)) {
        const double y = axis_at(&at.y, chart->level);
        svg_segment(svg, at.left, y, at.left + at.width, y, &level);
        const bool below = y + 9 < at.top + at.height;
        svg_text(svg, at.left + 3, below ? y + 7.5 : y - 2.5, SVG_START, SVG_SMALL,
                 chart->level_text);
    }
    for (uint32_t i = 0; i < chart->curves; i++) {
        place(chart, &chart->curve[i], &at);
        dodge(chart, i);
        drop_nowhere(&chart->curve[i]);
    }
    svg_clip(svg, at.left, at.top - 3, at.width + 1, at.height + 6);
    for (uint32_t i = 0; i < chart->curves; i++)
        if (chart->curve[i].banded && !chart->curve[i].marked)
            svg_band(svg, chart->curve[i].x, chart->curve[i].low, chart->curve[i].high,
                     chart->curve[i].count, look_of(chart->curve[i].look).stroke.colour);
    for (uint32_t i = 0; i < chart->curves; i++)
        put_curve(svg, &chart->curve[i]);
    svg_clip_end(svg);
    if (at_ends)
        put_names(svg, chart, &at);
}
