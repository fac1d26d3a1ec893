/* SPDX-License-Identifier: BSD-3-Clause */
/* Data of the charts, each curve of each seed. The script draws means and spreads of what it finds here, and nothing else. */
#include <stdlib.h>
#include <string.h>

#include "harness/page/data.h"
#include "harness/page/html.h"
#include "harness/page/page_json.h"
#include "harness/page/sections.h"

/* Points of one curve that are drawn: more than a chart has pixels help nobody. */
#define POINTS_MAX 400u

static const char *const fields[][2] = {{"time_s", "time"},
                                        {"gradients", "gradients"},
                                        {"bytes", "bytes"},
                                        {"train_loss_mean_model", "loss"},
                                        {"heldout_accuracy_mean_model", "accuracy"},
                                        {"heldout_loss_mean_model", "heldout"},
                                        {"train_loss_local_mean", "local"},
                                        {"train_loss_local_worst", "worst"},
                                        {"consensus_distance", "distance"}};

static json_t *column(const json_t *points, const char *key)
{
    json_t *const out = json_array();
    const size_t count = json_array_size(points);
    const size_t step = count / POINTS_MAX + 1;
    for (size_t i = 0; i < count; i += step) {
        const double value = page_real(json_array_get(points, i), key);
        json_array_append_new(out, isnan(value) ? json_null() : json_real(value));
    }
    return out;
}

static json_t *curve(const json_t *run)
{
    json_t *const out = json_object();
    const json_t *const points = json_object_get(run, "points");
    for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++)
        json_object_set_new(out, fields[f][1], column(points, fields[f][0]));
    return out;
}

static json_t *series_data(const struct page_series *series)
{
    json_t *const out = json_object(), *const runs = json_array();
    for (uint32_t r = 0; r < series->runs; r++)
        json_array_append_new(runs, curve(series->run[r]));
    json_object_set_new(out, "label", json_string(series->label));
    json_object_set_new(out, "runs", runs);
    return out;
}

static bool has_points(const struct page *self)
{
    for (uint32_t i = 0; i < self->count; i++)
        for (uint32_t r = 0; r < self->series[i].runs; r++)
            if (json_array_size(json_object_get(self->series[i].run[r], "points")) > 1)
                return true;
    return false;
}

static void write_choice(FILE *out, const char *name, const char *value, const char *label,
                         bool chosen)
{
    fprintf(out, "<label><input type=\"radio\" name=\"%s\" value=\"%s\"%s> ", name, value,
            chosen ? " checked" : "");
    html_text(out, label);
    fputs("</label>", out);
}

void page_curves(const struct page *self)
{
    FILE *const out = self->out;
    if (!has_points(self))
        return;
    html_section(out, "curves", "Curves",
                 "Means over seeds; bands are from the least to the largest. Drag to zoom, "
                 "double-click to see all again.");
    fputs("<fieldset class=\"choices\" hidden><legend>Show</legend>", out);
    write_choice(out, "y", "loss", "training loss", true);
    write_choice(out, "y", "accuracy", "held-out accuracy", false);
    write_choice(out, "y", "heldout", "held-out loss", false);
    write_choice(out, "y", "local", "loss of local models", false);
    write_choice(out, "y", "distance", "distance from consensus", false);
    fputs("</fieldset><fieldset class=\"choices\" hidden><legend>against</legend>", out);
    write_choice(out, "x", "time", "time", true);
    write_choice(out, "x", "gradients", "gradients", false);
    write_choice(out, "x", "bytes", "bytes exchanged", false);
    fputs("<label><input type=\"checkbox\" id=\"log\" checked> logarithmic</label></fieldset>\n"
          "<div class=\"chart\" id=\"chart-curves\"></div>"
          "<div class=\"legend\" id=\"legend-curves\"></div>\n"
          "<noscript><p>The curves are drawn by JavaScript; points.csv has them as numbers.</p>"
          "</noscript>\n",
          out);
    json_t *const all = json_array();
    for (uint32_t i = 0; i < self->count; i++)
        json_array_append_new(all, series_data(&self->series[i]));
    page_data(out, "data-curves", all);
    html_section_end(out);
}
