/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The page around its sections. Scripts and styles stand in it, made part of the program at build time; scripts run only by
 * their hashes, so that nothing that comes from a profile could ever run. Data for charts is JSON that no script engine reads.
 */
#include "harness/page/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/page/assets.h"
#include "harness/page/html.h"
#include "harness/page/page_json.h"
#include "harness/page/sections.h"
#include "harness/record/results_read.h"

/* -------------------------------------------------------------- reading */

static bool is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/** Of this policy at this value; NULL: there are too many to show it. */
static struct page_series *series_of(struct page *self, const char *policy, const char *value)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (is_same(self->series[i].policy, policy) && is_same(self->series[i].value, value))
            return &self->series[i];
    if (self->count == PAGE_SERIES_MAX) {
        self->omitted++;
        return NULL;
    }
    struct page_series *const out = &self->series[self->count++];
    out->policy = policy;
    out->value = value;
    snprintf(out->label, sizeof(out->label), "%s%s%s", policy, value ? "@" : "",
             value ? value : "");
    return out;
}

/** `sweep` of a run is its value, or an object that has it. */
static const char *value_of(const json_t *run)
{
    const json_t *const sweep = json_object_get(run, "sweep");
    return json_string_value(json_is_object(sweep) ? json_object_get(sweep, "value") : sweep);
}

static void find_series(struct page *self)
{
    const json_t *item;
    size_t i;
    json_array_foreach(json_object_get(self->result, "runs"), i, item)
    {
        struct page_series *const to = series_of(self, page_string(item, "policy"), value_of(item));
        if (to && to->runs < EXPERIMENT_SEEDS_MAX)
            to->run[to->runs++] = item;
    }
    json_array_foreach(json_object_get(self->result, "summary"), i, item)
    {
        struct page_series *const to = series_of(self, page_string(item, "policy"), value_of(item));
        if (to)
            to->summary = item;
    }
}

int page_open(struct page *self, const char *dir, struct err *err)
{
    char path[EXPERIMENT_PATH_MAX + 32];
    *self = (struct page){.dir = dir};
    const int rc = results_read_document(dir, &self->result, err);
    if (rc < 0)
        return rc;
    snprintf(path, sizeof(path), "%s/environment.json", dir);
    self->environment = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    find_series(self);
    return 0;
}

void page_close(struct page *self)
{
    json_decref(self->result);
    json_decref(self->environment);
    *self = (struct page){0};
}

/* -------------------------------------------------------------- writing */

static void write_head(const struct page *self)
{
    FILE *const out = self->out;
    fprintf(out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
            "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
            "script-src '%s'%s%s%s\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
            page_asset_script.hash, page_asset_charts.text[0] ? " '" : "",
            page_asset_charts.text[0] ? page_asset_charts.hash : "",
            page_asset_charts.text[0] ? "'" : "");
    html_print(out, "%s: dawdle report", page_string(self->result, "profile"));
    fprintf(out, "</title>\n<style>\n%s\n%s</style>\n</head>\n<body>\n",
            page_asset_charts_style.text, page_asset_style.text);
}

static const char *clock_of(const struct page *self)
{
    return self->count > 0 && self->series[0].runs > 0
               ? page_string(self->series[0].run[0], "clock")
               : "";
}

static void write_title(const struct page *self)
{
    FILE *const out = self->out;
    const json_t *const run =
        self->count > 0 && self->series[0].runs > 0 ? self->series[0].run[0] : NULL;
    fputs("<header><h1>", out);
    html_text(out, page_string(self->result, "profile"));
    fputs("</h1><p class=\"lead\">", out);
    html_print(out, "%s clock, %.0f workers, %u %s, %s \xc2\xb7 %s", clock_of(self),
               page_count(run, "workers"), run ? self->series[0].runs : 0,
               run && self->series[0].runs == 1 ? "seed" : "seeds", page_string(self->result, "id"),
               page_string(self->result, "program"));
    fputs("</p>\n<nav><a href=\"#verdict\">In short</a><a href=\"#curves\">Curves</a>"
          "<a href=\"#latency\">Latency</a><a href=\"#parts\">Where time went</a>"
          "<a href=\"#waits\">Who waited</a><a href=\"#timeline\">Timeline</a>"
          "<a href=\"#machine\">Machine</a><a href=\"#profile\">Profile</a>"
          "<button type=\"button\" id=\"theme\" hidden>Light or dark</button></nav></header>\n",
          out);
}

/* Its licence wants to go with every copy. */
static const char charts_notice[] =
    "dygraphs, Copyright (c) 2006-2023 Dan Vanderkam, Paul Felix, Robert Konigsberg, David "
    "Eberlein, "
    "Google, Inc.,\nmirabilos, Petr Shevtsov and others\n\n"
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software "
    "and associated\ndocumentation files (the \"Software\"), to deal in the Software without "
    "restriction, including without limitation the\nrights to use, copy, modify, merge, publish, "
    "distribute, sublicense, and/or sell copies of the Software, and to\npermit persons to whom "
    "the "
    "Software is furnished to do so, subject to the following conditions:\n\n"
    "The above copyright notice and this permission notice shall be included in all copies or "
    "substantial portions of\nthe Software.\n\n"
    "THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, "
    "INCLUDING "
    "BUT NOT LIMITED TO\nTHE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND "
    "NONINFRINGEMENT. IN NO EVENT SHALL THE\nAUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, "
    "DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT,\nTORT OR OTHERWISE, ARISING "
    "FROM, "
    "OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE\nSOFTWARE.\n";

static void write_scripts(const struct page *self)
{
    if (page_asset_charts.text[0])
        fprintf(self->out, "<!--\n%s-->\n<script>%s</script>\n", charts_notice,
                page_asset_charts.text);
    fprintf(self->out, "<script>%s</script>\n</body>\n</html>\n", page_asset_script.text);
}

void page_write(struct page *self, FILE *out)
{
    self->out = out;
    write_head(self);
    write_title(self);
    fputs("<main>\n", out);
    page_verdict(self);
    page_overview(self);
    page_curves(self);
    page_speedup(self);
    page_parts(self);
    page_waits(self);
    page_timeline(self);
    page_latency(self);
    page_staleness(self);
    page_injected(self);
    page_machine(self);
    page_environment(self);
    page_profile(self);
    fputs("</main>\n", out);
    write_scripts(self);
}
