/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers over a stretch of time: timeline.csv has whole iterations of one seed of each policy, chosen while recording.
 * Inside an iteration only the lengths of its parts are measured; they are drawn in the order in which they mostly come.
 */
#include <stdlib.h>
#include <string.h>

#include "harness/page/html.h"
#include "harness/page/page_json.h"
#include "harness/page/sections.h"
#include "harness/record/timeline.h"

#define WIDTH 1000.0
#define ROW 16u
#define WORKERS_MAX 32u

struct picture {
    FILE *out;
    double begin_ns, end_ns;
    uint32_t workers;
};

static double x_of(const struct picture *self, double ns)
{
    return WIDTH * (ns - self->begin_ns) / (self->end_ns - self->begin_ns);
}

static void draw_part(const struct picture *self, const struct timeline_row *row, double *at,
                      double ns, const char *css)
{
    const double x = x_of(self, *at), width = WIDTH * ns / (self->end_ns - self->begin_ns);
    *at += ns;
    if (width >= 0.3 && x < WIDTH)
        fprintf(self->out,
                "<rect class=\"p-%s\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%u\"/>", css, x,
                row->worker * ROW + 2, x + width > WIDTH ? WIDTH - x : width, ROW - 4);
}

static void draw_row(const struct picture *self, const struct timeline_row *row)
{
    double at = row->start_ns;
    if (row->worker >= self->workers)
        return;
    draw_part(self, row, &at, row->compute_ns, "compute");
    draw_part(self, row, &at, row->injected_ns, "injected");
    draw_part(self, row, &at, row->wait_ns, "wait");
    draw_part(self, row, &at, row->held_ns, "held");
    draw_part(self, row, &at, row->other_ns, "rest");
}

/** Crashes, pauses and whatever else befell workers in that stretch. */
static void draw_faults(const struct picture *self, const json_t *run)
{
    const json_t *fault;
    size_t i;
    json_array_foreach(json_object_get(run, "faults"), i, fault)
    {
        const double from = 1e9 * page_real(fault, "at_s");
        double to = 1e9 * page_real(fault, "back_s");
        const double worker = page_count(fault, "worker");
        if (isnan(to))
            to = self->end_ns;
        if (!(from < self->end_ns && to > self->begin_ns) || worker >= self->workers)
            continue;
        const double x = from > self->begin_ns ? x_of(self, from) : 0;
        const double end = to < self->end_ns ? x_of(self, to) : WIDTH;
        fprintf(self->out,
                "<rect class=\"fault\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"%u\"><title>",
                x, worker * ROW, end - x, ROW);
        html_text(self->out, page_string(fault, "kind"));
        fputs("</title></rect>", self->out);
    }
}

static uint32_t find_stretch(const struct timeline *all, const char *policy, struct picture *out)
{
    uint32_t rows = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        const struct timeline_row *const row = &all->row[i];
        if (strcmp(row->policy, policy) != 0)
            continue;
        const double end = row->start_ns + row->total_ns;
        out->begin_ns = rows == 0 || row->start_ns < out->begin_ns ? row->start_ns : out->begin_ns;
        out->end_ns = rows == 0 || end > out->end_ns ? end : out->end_ns;
        out->workers = row->worker >= out->workers ? row->worker + 1 : out->workers;
        rows++;
    }
    out->workers = out->workers < WORKERS_MAX ? out->workers : WORKERS_MAX;
    return rows;
}

static void draw_policy(const struct page *self, const struct page_series *series,
                        const struct timeline *all)
{
    struct picture picture = {.out = self->out};
    char from[HTML_FIGURE_MAX], to[HTML_FIGURE_MAX];
    if (find_stretch(all, series->label, &picture) == 0 || picture.end_ns <= picture.begin_ns)
        return;
    fputs("<h3>", self->out);
    html_print(self->out, "%s: %s to %s ms, seed %.0f", series->label,
               html_figure(picture.begin_ns * 1e-6, from), html_figure(picture.end_ns * 1e-6, to),
               page_count(series->run[0], "seed"));
    fprintf(self->out,
            "</h3>\n<svg class=\"timeline\" viewBox=\"0 0 %.0f %u\" preserveAspectRatio=\"none\" "
            "style=\"height:%upx\" role=\"img\" aria-label=\"one line per worker\">",
            WIDTH, picture.workers * ROW, picture.workers * ROW);
    for (uint32_t i = 0; i < all->count; i++)
        if (!strcmp(all->row[i].policy, series->label))
            draw_row(&picture, &all->row[i]);
    draw_faults(&picture, series->run[0]);
    fputs("</svg>\n", self->out);
}

void page_timeline(const struct page *self)
{
    struct timeline all;
    if (timeline_read(&all, self->dir) == 0 && all.count > 0) {
        html_section(self->out, "timeline", "Timeline",
                     "One line per worker, from the top. The parts of an iteration have their "
                     "lengths; within it they stand in the order in which they mostly come.");
        fputs("<p class=\"swatches\"><i class=\"swatch p-compute\"></i>computing "
              "<i class=\"swatch p-injected\"></i>injected delay "
              "<i class=\"swatch p-wait\"></i>waiting "
              "<i class=\"swatch p-held\"></i>off its core "
              "<i class=\"swatch p-rest\"></i>everything else "
              "<i class=\"swatch fault\"></i>fault</p>\n",
              self->out);
        for (uint32_t i = 0; i < self->count; i++)
            if (self->series[i].runs > 0)
                draw_policy(self, &self->series[i], &all);
        html_section_end(self->out);
    }
    timeline_free(&all);
}
