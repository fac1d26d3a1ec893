/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A matrix per group: rows are the workers that waited, columns those they waited for. Of thousands of workers a cell
 * stands for a block of them: one that is narrower than a dot of ink says nothing.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/chart.h"
#include "harness/report/figure_rows.h"
#include "harness/report/look.h"

#define EDGE 4.0
#define HEAD 13.0
#define SIDE 20.0 /* left of a matrix: ticks and what rows are */
#define FOOT 22.0
#define GAP 8.0
#define SCALE 22.0 /* height of the colour scale with its words */
#define CELLS_MAX 48u
#define INK "#0072b2"
#define BOLDER 1.12 /* how much wider bold text is */

struct matrix {
    double share[CELLS_MAX][CELLS_MAX]; /* [row][column] of the row's time, 0 to 1 */
    uint32_t workers, rows, columns;    /* rows 1: receivers are not told apart */
    uint32_t block;                     /* workers to a cell */
    double unlisted;                    /* of all waiting */
    bool any;
};

static bool is_together(const struct figure_group *group)
{
    for (uint32_t i = 0; i < group->count; i++)
        for (uint32_t k = 0; k < group->run[i]->edges; k++)
            if (group->run[i]->edge[k].receiver == RECORD_EVERYBODY)
                return true;
    return false;
}

static void add_run(struct matrix *self, const struct results_run *run, double weight)
{
    const double time_ns = run->duration_s * 1e9;
    for (uint32_t k = 0; k < run->edges && time_ns > 0; k++) {
        const struct record_edge *const edge = &run->edge[k];
        const bool all = self->rows == 1;
        const uint32_t row = all ? 0 : edge->receiver / self->block;
        const uint32_t first = row * self->block;
        const uint32_t left = self->workers - first;
        const uint32_t waiting = all ? self->workers : left < self->block ? left : self->block;
        self->share[row][edge->sender / self->block] +=
            weight * (double)edge->ns / time_ns / waiting;
        self->any |= edge->ns > 0;
    }
}

static void fill(struct matrix *self, const struct figure_group *group)
{
    double listed_s = 0, rest_s = 0;
    *self = (struct matrix){.workers = 1};
    for (uint32_t i = 0; i < group->count; i++)
        self->workers =
            group->run[i]->workers > self->workers ? group->run[i]->workers : self->workers;
    self->block = (self->workers + CELLS_MAX - 1) / CELLS_MAX;
    self->columns = (self->workers + self->block - 1) / self->block;
    self->rows = is_together(group) ? 1 : self->columns;
    for (uint32_t i = 0; i < group->count; i++) {
        add_run(self, group->run[i], 1.0 / group->count);
        rest_s += group->run[i]->edges_rest_s > 0 ? group->run[i]->edges_rest_s : 0;
        for (uint32_t k = 0; k < group->run[i]->edges; k++)
            listed_s += (double)group->run[i]->edge[k].ns * 1e-9;
    }
    self->unlisted = rest_s > 0 ? rest_s / (rest_s + listed_s) : 0;
}

static double largest_of(const struct matrix *matrix, uint32_t count)
{
    double most = 0;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t r = 0; r < matrix[i].rows; r++)
            for (uint32_t c = 0; c < matrix[i].columns; c++)
                most = fmax(most, matrix[i].share[r][c]);
    return most;
}

/** Returns how many show. */
static uint32_t put_cells(struct svg *svg, const struct matrix *self, const struct chart_frame *at,
                          double most)
{
    uint32_t shown = 0;
    const double wide = at->width / self->columns, high = at->height / self->rows;
    for (uint32_t r = 0; r < self->rows; r++)
        for (uint32_t c = 0; c < self->columns; c++)
            if (self->share[r][c] > most * 0.005) { /* else paler than paper can show */
                svg_area(svg, at->left + c * wide, at->top + r * high, wide, high, INK,
                         self->share[r][c] / most, SVG_SOLID);
                shown++;
            }
    return shown;
}

static void put_box(struct svg *svg, const struct chart_frame *at)
{
    const double right = at->left + at->width, bottom = at->top + at->height;
    svg_segment(svg, at->left, at->top, right, at->top, &look_axis);
    svg_segment(svg, at->left, bottom, right, bottom, &look_axis);
    svg_segment(svg, at->left, at->top, at->left, bottom, &look_axis);
    svg_segment(svg, right, at->top, right, bottom, &look_axis);
}

/** Numbers of workers along both sides, at the middle of their cells. */
static void put_numbers(struct svg *svg, const struct matrix *self, const struct chart_frame *at)
{
    const struct axis axis = {AXIS_LINEAR, 0, fmax(1, self->workers - 1), 0, 1};
    struct axis_tick tick[AXIS_TICKS_MAX];
    const uint32_t count = axis_ticks(&axis, (uint32_t)(at->width / 20) + 1, tick);
    const double wide = at->width / self->columns, high = at->height / self->rows;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t cell = (uint32_t)tick[i].value / self->block;
        if (floor(tick[i].value) < tick[i].value) /* there is no half worker */
            continue;
        svg_text(svg, at->left + (cell + 0.5) * wide, at->top + at->height + 8, SVG_MIDDLE,
                 SVG_SMALL, tick[i].text);
        if (self->rows > 1)
            svg_text(svg, at->left - 2, at->top + (cell + 0.5) * high + 2.4, SVG_END, SVG_SMALL,
                     tick[i].text);
    }
}

static void put_matrix(struct svg *svg, const struct matrix *self, const char *label,
                       const struct chart_frame *at, double most)
{
    char cut[SVG_CUT_BYTES];
    svg_text(svg, at->left, at->top - 4, SVG_START, SVG_BOLD,
             svg_text_cut(cut, label, BOLDER * SVG_FONT, at->width));
    if (self->block > 1) {
        char text[96];
        snprintf(text, sizeof(text), "%u workers, %u of them to a cell", self->workers,
                 self->block);
        svg_comment(svg, text);
    }
    const uint32_t shown = put_cells(svg, self, at, most);
    put_box(svg, at);
    put_numbers(svg, self, at);
    if (shown == 0)
        svg_text(svg, at->left + at->width / 2, at->top + at->height / 2 + 2.5, SVG_MIDDLE,
                 SVG_SMALL, self->any ? "hardly any" : "nobody waited");
    svg_text(svg, at->left + at->width / 2, at->top + at->height + 17, SVG_MIDDLE, SVG_SMALL,
             "waited for worker");
    svg_text_up(svg, at->left - SIDE + 7, at->top + at->height / 2, SVG_MIDDLE, SVG_SMALL,
                self->rows > 1 ? "worker" : "all");
}

#define STEPS 10u

static void put_scale(struct svg *svg, double x, double y, double width, double most)
{
    const double length = 0.35 * width;
    char text[96];
    for (uint32_t i = 0; i < STEPS; i++)
        svg_area(svg, x + 8 + length * i / STEPS, y, length / STEPS, 6, INK, (i + 0.5) / STEPS,
                 SVG_SOLID);
    svg_text(svg, x + 5, y + 5.6, SVG_END, SVG_SMALL, "0");
    snprintf(text, sizeof(text), "%.2g %% of the time of the one that waits", 100 * most);
    svg_text(svg, x + length + 11, y + 5.6, SVG_START, SVG_SMALL, text);
}

static void put_note(char *out, size_t size, const struct figure *self, const struct matrix *matrix)
{
    double unlisted = 0;
    uint32_t seeds = 0;
    for (uint32_t g = 0; g < self->groups; g++) {
        unlisted = fmax(unlisted, matrix[g].unlisted);
        seeds = self->group[g].count > seeds ? self->group[g].count : seeds;
    }
    const int used = snprintf(out, size, seeds > 1 ? "Mean of %u seeds." : "One seed.", seeds);
    if (unlisted > 0.0005)
        snprintf(out + used, size - (size_t)used,
                 " Of the waiting, up to %.2g %% was for pairs that the result does not list.",
                 100 * unlisted);
}

static void print(const struct figure *self, const struct matrix *matrix, double most, FILE *out)
{
    const uint32_t columns = self->options.wide ? 4 : 2;
    const uint32_t used = self->groups < columns ? self->groups : columns;
    const uint32_t rows = (self->groups + columns - 1) / columns;
    const double inner = self->width - 2 * EDGE, room = (inner - (columns - 1) * GAP) / columns;
    const double side = room - SIDE, high = HEAD + side + FOOT;
    char note[256];
    struct svg svg;
    put_note(note, sizeof(note), self, matrix);
    const double end = EDGE + rows * high;
    svg_open(&svg, out, "dawdle-waits", self->width,
             end + SCALE + chart_note_height(inner, note) + EDGE, "Who waited for whom", note);
    for (uint32_t g = 0; g < self->groups; g++) {
        const struct chart_frame at = {.left = EDGE + SIDE + g % used * (room + GAP),
                                       .top = EDGE + HEAD + g / used * high,
                                       .width = side,
                                       .height = matrix[g].rows > 1 || !matrix[g].any ? side : 12};
        put_matrix(&svg, &matrix[g], self->group[g].label, &at, most);
    }
    put_scale(&svg, EDGE, end + 4, inner, most);
    chart_note(&svg, EDGE, end + SCALE, inner, note);
    svg_close(&svg);
}

int figure_waits(const struct figure *self, FILE *out, struct err *err)
{
    struct matrix *const matrix = calloc(self->groups, sizeof(*matrix));
    if (!matrix)
        return err_set(err, -ENOMEM, "not enough memory for %u matrices", self->groups);
    for (uint32_t g = 0; g < self->groups; g++)
        fill(&matrix[g], &self->group[g]);
    const double most = largest_of(matrix, self->groups);
    const int rc = most > 0 ? 0 : figure_nothing(self, "waits", "nobody waited for anybody", err);
    if (rc == 0)
        print(self, matrix, most, out);
    free(matrix);
    return rc;
}
