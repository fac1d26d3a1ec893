/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the time of workers went: one bar per policy, all its seeds together. */
#include "core/drive/time_parts.h"
#include "harness/page/html.h"
#include "harness/page/page_json.h"
#include "harness/page/sections.h"

/** What readers call the parts, in the order of the bars. */
static const struct {
    enum part part;
    const char *name, *css;
} shown[] = {
    {PART_COMPUTE, "computing", "compute"},    {PART_INJECTED, "injected delay", "injected"},
    {PART_WAIT, "waiting for others", "wait"}, {PART_LOAD, "loading data", "load"},
    {PART_PUBLISH, "sending", "publish"},      {PART_MIX, "averaging", "mix"},
    {PART_JUDGE, "evaluation", "judge"},       {PART_HELD, "off its core", "held"},
    {PART_REST, "not accounted for", "rest"},
};
#define SHOWN (sizeof(shown) / sizeof(shown[0]))

static double part_of(const struct page_series *series, const char *name)
{
    double part = 0, total = 0;
    for (uint32_t r = 0; r < series->runs; r++) {
        part += page_count(json_object_get(series->run[r], "parts_ns"), name);
        total += page_count(series->run[r], "total_ns");
    }
    return total > 0 ? part / total : (double)NAN;
}

static void write_bar(FILE *out, const struct page_series *series)
{
    fputs("<td class=\"bar\"><div role=\"img\" aria-label=\"shares of the time, as in the table\">",
          out);
    for (uint32_t i = 0; i < SHOWN; i++) {
        const double share = part_of(series, part_name[shown[i].part]);
        if (share > 0.0005)
            fprintf(out, "<i class=\"p-%s\" style=\"width:%.2f%%\" title=\"%s %.1f %%\"></i>",
                    shown[i].css, 100 * share, shown[i].name, 100 * share);
    }
    fputs("</div></td>", out);
}

static bool is_used(const struct page *self, const char *name)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (part_of(&self->series[i], name) > 0.0005)
            return true;
    return false;
}

static void write_row(const struct page *self, const struct page_series *series)
{
    char text[HTML_FIGURE_MAX];
    fputs("<tr><th scope=\"row\">", self->out);
    html_text(self->out, series->label);
    fputs("</th>", self->out);
    write_bar(self->out, series);
    for (uint32_t i = 0; i < SHOWN; i++) {
        const double share = 100 * part_of(series, part_name[shown[i].part]);
        if (is_used(self, part_name[shown[i].part]))
            html_number_cell(self->out, share, html_percent(share / 100, text));
    }
    fputs("</tr>\n", self->out);
}

void page_parts(const struct page *self)
{
    FILE *const out = self->out;
    if (self->count == 0 || isnan(part_of(&self->series[0], "compute")))
        return;
    html_section(out, "parts", "Where the time went",
                 "All workers and seeds of a policy together, in per cent of their time.");
    fputs("<div class=\"wide\"><table class=\"sortable\"><thead><tr><th>policy</th><th></th>", out);
    for (uint32_t i = 0; i < SHOWN; i++)
        if (is_used(self, part_name[shown[i].part]))
            fprintf(out, "<th class=\"n\"><i class=\"swatch p-%s\"></i>%s</th>", shown[i].css,
                    shown[i].name);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (uint32_t i = 0; i < self->count; i++)
        write_row(self, &self->series[i]);
    fputs("</tbody></table></div>\n", out);
    html_section_end(out);
}
