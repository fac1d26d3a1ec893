/* SPDX-License-Identifier: BSD-3-Clause */
/* Who waited for whom: seconds of all seeds together, as a table that can be sorted, and as a shaded matrix where it fits. */
#include <stdlib.h>
#include <string.h>

#include "harness/page/html.h"
#include "harness/page/page_json.h"
#include "harness/page/sections.h"

/* Workers that a matrix of cells can show. */
#define MATRIX_MAX 32u
#define ROWS_MAX 20u

struct edge {
    uint32_t receiver, sender;
    double s;
};

struct sums {
    double s[MATRIX_MAX][MATRIX_MAX]; /* [receiver][sender] */
    double everybody[MATRIX_MAX];     /* all who computed, for that one */
    double most, total;
    double of_time; /* share of all workers' time */
};

static void add_edge(struct sums *sums, const json_t *row)
{
    const json_t *const receiver = json_array_get(row, 0);
    const double sender = json_number_value(json_array_get(row, 1));
    const double s = json_number_value(json_array_get(row, 2));
    sums->total += s;
    if (!(sender >= 0 && sender < MATRIX_MAX))
        return;
    if (json_is_null(receiver)) {
        sums->everybody[(uint32_t)sender] += s;
    } else if (json_number_value(receiver) >= 0 && json_number_value(receiver) < MATRIX_MAX) {
        double *const at = &sums->s[(uint32_t)json_number_value(receiver)][(uint32_t)sender];
        *at += s;
        sums->most = *at > sums->most ? *at : sums->most;
    }
}

static void add_up(const struct page_series *series, struct sums *sums)
{
    const json_t *row;
    size_t i;
    memset(sums, 0, sizeof(*sums));
    for (uint32_t r = 0; r < series->runs; r++)
        json_array_foreach(json_object_get(series->run[r], "wait_matrix"), i, row)
            add_edge(sums, row);
    double time_ns = 0;
    for (uint32_t r = 0; r < series->runs; r++)
        time_ns += page_count(series->run[r], "total_ns");
    sums->of_time = time_ns > 0 ? 1e9 * sums->total / time_ns : 0;
}

static void write_cell(FILE *out, double s, double most, uint32_t receiver, uint32_t sender)
{
    char text[HTML_FIGURE_MAX];
    if (s <= 0) {
        fputs("<td></td>", out);
        return;
    }
    fprintf(out, "<td style=\"--heat:%.3f\" title=\"worker %u waited %s s for worker %u\">%s</td>",
            most > 0 ? s / most : 0, receiver, html_figure(s, text), sender, text);
}

static void write_matrix(FILE *out, const struct sums *sums, uint32_t workers)
{
    fputs("<div class=\"wide\"><table class=\"heat\"><thead><tr><th>waited \\ for</th>", out);
    for (uint32_t w = 0; w < workers; w++)
        fprintf(out, "<th>%u</th>", w);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (uint32_t to = 0; to < workers; to++) {
        fprintf(out, "<tr><th scope=\"row\">%u</th>", to);
        for (uint32_t from = 0; from < workers; from++)
            write_cell(out, sums->s[to][from], sums->most, to, from);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

/** Of policies that wait for all at once only the last one is known, not who of the others waited. */
static void write_everybody(FILE *out, const struct sums *sums, uint32_t workers)
{
    char text[HTML_FIGURE_MAX];
    double most = 0;
    for (uint32_t w = 0; w < workers; w++)
        most = sums->everybody[w] > most ? sums->everybody[w] : most;
    if (most <= 0)
        return;
    fputs("<p>Everybody waited for the last one, which was worker\xe2\x80\xa6</p>\n<div "
          "class=\"wide\">"
          "<table class=\"heat\"><thead><tr>",
          out);
    for (uint32_t w = 0; w < workers; w++)
        fprintf(out, "<th>%u</th>", w);
    fputs("</tr></thead>\n<tbody><tr>", out);
    for (uint32_t w = 0; w < workers; w++)
        fprintf(out, "<td style=\"--heat:%.3f\">%s</td>", sums->everybody[w] / most,
                html_figure(sums->everybody[w], text));
    fputs("</tr></tbody></table></div>\n", out);
}

static int longest_first(const void *a, const void *b)
{
    const double x = ((const struct edge *)a)->s, y = ((const struct edge *)b)->s;
    return (x < y) - (x > y);
}

/** The pairs with the longest waits of one run, where there are too many workers for a matrix. */
static void write_list(FILE *out, const json_t *run)
{
    const json_t *const rows = json_object_get(run, "wait_matrix");
    const size_t count = json_array_size(rows);
    struct edge *const edge = calloc(count + 1, sizeof(*edge));
    char text[HTML_FIGURE_MAX];
    for (size_t i = 0; edge && i < count; i++) {
        const json_t *const row = json_array_get(rows, i);
        const json_t *const receiver = json_array_get(row, 0);
        edge[i] = (struct edge){json_is_null(receiver) ? UINT32_MAX
                                                       : (uint32_t)json_number_value(receiver),
                                (uint32_t)json_number_value(json_array_get(row, 1)),
                                json_number_value(json_array_get(row, 2))};
    }
    if (edge)
        qsort(edge, count, sizeof(*edge), longest_first);
    fputs("<table class=\"sortable\"><thead><tr><th class=\"n\">waited</th><th class=\"n\">for "
          "worker</th><th class=\"n\">s</th></tr></thead>\n<tbody>\n",
          out);
    for (size_t i = 0; edge && i < count && i < ROWS_MAX; i++) {
        fputs("<tr>", out);
        if (edge[i].receiver == UINT32_MAX)
            fputs("<td class=\"n\">everybody</td>", out);
        else
            fprintf(out, "<td class=\"n\">%u</td>", edge[i].receiver);
        fprintf(out, "<td class=\"n\">%u</td>", edge[i].sender);
        html_number_cell(out, edge[i].s, html_figure(edge[i].s, text));
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table>\n", out);
    free(edge);
}

static void write_causes(FILE *out, const struct page_series *series)
{
    static const char *const cause[][2] = {{"peer_injected", "their injected delays"},
                                           {"peer_computing", "their computing"},
                                           {"peer_held", "their waiting, or their cores"},
                                           {"peer_gone", "who was gone"},
                                           {"wire", "messages under way"}};
    bool any = false;
    for (size_t i = 0; i < sizeof(cause) / sizeof(cause[0]); i++) {
        double share = 0;
        for (uint32_t r = 0; r < series->runs; r++)
            share +=
                page_count(json_object_get(series->run[r], "waits"), cause[i][0]) / series->runs;
        if (share < 0.005)
            continue;
        html_print(out, "%s%s %.0f %%", any ? ", " : "What was waited for: ", cause[i][1],
                   100 * share);
        any = true;
    }
    fputs(any ? ".\n" : "", out);
}

static void write_stragglers(FILE *out, const struct page_series *series)
{
    const json_t *const found = json_object_get(series->run[0], "stragglers");
    const json_t *item;
    size_t i;
    json_array_foreach(found, i, item)
    {
        char text[HTML_FIGURE_MAX];
        html_print(out, "%sworker %.0f (%s, %s times as long)",
                   i ? ", " : " Found to be slow in the first seed: ", page_count(item, "worker"),
                   page_string(item, "kind"), html_figure(page_real(item, "factor"), text));
    }
    fputs(i ? ".\n" : "", out);
}

static void write_policy(const struct page *self, const struct page_series *series, bool open)
{
    FILE *const out = self->out;
    struct sums *const sums = malloc(sizeof(*sums));
    const uint32_t workers = (uint32_t)page_count(series->run[0], "workers");
    if (!sums)
        return;
    add_up(series, sums);
    if (sums->total > 0) {
        char text[HTML_FIGURE_MAX], share[HTML_FIGURE_MAX];
        fprintf(out, "<details%s><summary>", open && sums->of_time >= 0.001 ? " open" : "");
        html_print(out, "%s: %s s of waiting, %s %% of the time", series->label,
                   html_figure(sums->total, text), html_percent(sums->of_time, share));
        fputs("</summary>\n<p>", out);
        write_causes(out, series);
        write_stragglers(out, series);
        fputs("</p>\n", out);
        if (workers > MATRIX_MAX) {
            write_list(out, series->run[0]);
        } else if (sums->most > 0) {
            write_matrix(out, sums, workers);
        }
        write_everybody(out, sums, workers < MATRIX_MAX ? workers : MATRIX_MAX);
        fputs("</details>\n", out);
    }
    free(sums);
}

void page_waits(const struct page *self)
{
    html_section(self->out, "waits", "Who waited for whom",
                 "Seconds, all seeds together: each row waited for the columns.");
    for (uint32_t i = 0; i < self->count; i++)
        if (self->series[i].runs > 0)
            write_policy(self, &self->series[i], i < 4);
    html_section_end(self->out);
}
