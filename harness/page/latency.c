/* SPDX-License-Identifier: BSD-3-Clause */
/* Distributions by their percentiles: of times, of versions, and of what was injected against what was asked for. */
#include "core/base/units.h"
#include "harness/page/data.h"
#include "harness/page/html.h"
#include "harness/page/page_json.h"
#include "harness/page/sections.h"

struct series_of_times {
    const char *key, *name, *about;
};

static const struct series_of_times times[] = {
    {"iteration_ns", "iteration", "from one gradient's begin to the next one's"},
    {"ready_to_mixed_ns", "ready to mixed", "from the own model being ready to it being averaged"},
    {"handle_ns", "sent to seen",
     "one way of a message: from sending it until its receiver saw it"},
    {"age_ns", "age of models", "when they were averaged"},
    {"loop_ns", "turn of a loop", "how often a worker looks at its messages"},
};

static const struct {
    const char *key, *name;
    double at; /* quantile, for the chart */
} percentiles[] = {
    {"p50", "p50", 0.5}, {"p99", "p99", 0.99}, {"p999", "p99.9", 0.999}, {"max", "max", 1}};
#define PERCENTILES (sizeof(percentiles) / sizeof(percentiles[0]))

/** The median over seeds, of which a few may have been disturbed. */
static double over_seeds(const struct page_series *series, const char *key, const char *of)
{
    double value[EXPERIMENT_SEEDS_MAX];
    uint32_t n = 0;
    for (uint32_t r = 0; r < series->runs; r++) {
        const double one = page_real(json_object_get(series->run[r], key), of);
        if (isnan(one))
            continue;
        uint32_t at = n++;
        for (; at > 0 && value[at - 1] > one; at--)
            value[at] = value[at - 1];
        value[at] = one;
    }
    return n == 0 ? (double)NAN : (value[(n - 1) / 2] + value[n / 2]) / 2;
}

static bool is_there(const struct page *self, const char *key)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (!isnan(over_seeds(&self->series[i], key, "p50")))
            return true;
    return false;
}

static void write_head(FILE *out, const char *const *name, size_t count)
{
    fputs("<div class=\"wide\"><table class=\"sortable\"><thead><tr><th>policy</th>", out);
    for (size_t i = 0; i < count; i++) {
        fputs("<th class=\"n\">", out);
        html_text(out, name[i]);
        fputs("</th>", out);
    }
    fputs("</tr></thead>\n<tbody>\n", out);
}

static void begin_row(FILE *out, const struct page *self, uint32_t i)
{
    fprintf(out, "<tr><th scope=\"row\"><span class=\"key k%u\"></span>", i % 8);
    html_text(out, self->series[i].label);
    fputs("</th>", out);
}

static void write_times(const struct page *self, const struct series_of_times *of)
{
    FILE *const out = self->out;
    const char *name[PERCENTILES];
    for (uint32_t p = 0; p < PERCENTILES; p++)
        name[p] = percentiles[p].name;
    fputs("<h3>", out);
    html_text(out, of->name);
    fputs("</h3><p>", out);
    html_text(out, of->about);
    fputs("</p>\n", out);
    write_head(out, name, PERCENTILES);
    for (uint32_t i = 0; i < self->count; i++) {
        begin_row(out, self, i);
        for (uint32_t p = 0; p < PERCENTILES; p++) {
            char text[32];
            const double ns = over_seeds(&self->series[i], of->key, percentiles[p].key);
            html_number_cell(out, ns,
                             isnan(ns) ? "\xe2\x80\x93" : units_short_ns(ns, text, sizeof(text)));
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

void page_latency(const struct page *self)
{
    html_section(
        self->out, "latency", "Latency",
        "Percentiles over all workers, the median of the seeds. latency.hlog has the whole "
        "distributions.");
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (is_there(self, times[i].key))
            write_times(self, &times[i]);
    html_section_end(self->out);
}

static void write_numbers(const struct page *self, const char *key, const char *const *of,
                          const char *const *name, size_t count)
{
    char text[HTML_FIGURE_MAX];
    write_head(self->out, name, count);
    for (uint32_t i = 0; i < self->count; i++) {
        begin_row(self->out, self, i);
        for (size_t p = 0; p < count; p++) {
            const double value = over_seeds(&self->series[i], key, of[p]);
            html_number_cell(self->out, value, html_figure(value, text));
        }
        fputs("</tr>\n", self->out);
    }
    fputs("</tbody></table></div>\n", self->out);
}

void page_staleness(const struct page *self)
{
    static const char *const of[] = {"mean", "p50", "p99", "max"};
    const bool staleness = is_there(self, "staleness"), age = is_there(self, "age_versions");
    if (!staleness && !age)
        return;
    html_section(self->out, "staleness", "Staleness",
                 "How often the model had changed between reading it and applying the gradient "
                 "taken from it; and how many versions old models of others were when averaged.");
    if (staleness) {
        html_element(self->out, "h3", "gradients, in changes of the model");
        write_numbers(self, "staleness", of, of, 4);
    }
    if (age) {
        html_element(self->out, "h3", "models of others, in versions");
        write_numbers(self, "age_versions", of, of, 4);
    }
    html_section_end(self->out);
}

void page_injected(const struct page *self)
{
    static const struct series_of_times asked = {"injected_requested_ns", "requested",
                                                 "delays that the profile asked for"};
    static const struct series_of_times missed = {"injected_error_ns", "error",
                                                  "how far what was injected is from that"};
    if (!is_there(self, asked.key))
        return;
    html_section(self->out, "injected", "Delays requested and injected", NULL);
    write_times(self, &asked);
    write_times(self, &missed);
    html_section_end(self->out);
}
