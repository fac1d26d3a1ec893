/* SPDX-License-Identifier: BSD-3-Clause */
/* Where it ran: cores with the workers on them, everything known of the host, and the profile as it was resolved. */
#include <stdlib.h>
#include <string.h>

#include "harness/page/html.h"
#include "harness/page/page_json.h"
#include "harness/page/sections.h"

#define CORES_MAX 1024u

/** The cores of the first run, each with its workers. */
static void draw_cores(FILE *out, const json_t *workers)
{
    fputs("<div class=\"cores\">", out);
    for (uint32_t core = 0; core < CORES_MAX; core++) {
        const json_t *worker;
        size_t i;
        bool any = false;
        json_array_foreach(workers, i, worker)
        {
            if (page_real(worker, "core") != core)
                continue;
            if (!any)
                fprintf(out, "<div class=\"core\"><b>core %u</b> ", core);
            fprintf(out, "<span>%.0f</span>", page_count(worker, "worker"));
            any = true;
        }
        if (any)
            fputs("</div>", out);
    }
    fputs("</div>\n", out);
}

void page_machine(const struct page *self)
{
    const json_t *const run =
        self->count > 0 && self->series[0].runs > 0 ? self->series[0].run[0] : NULL;
    const json_t *const workers = json_object_get(run, "per_worker");
    const json_t *const cpu = json_object_get(self->environment, "cpu");
    html_section(self->out, "machine", "Machine", NULL);
    fputs("<p>", self->out);
    if (cpu)
        html_print(self->out, "%s, %.0f of %.0f processors allowed%s%s.", page_string(cpu, "model"),
                   page_count(cpu, "allowed"), page_count(cpu, "online"),
                   page_true(cpu, "smt") ? ", two threads to a core" : "",
                   page_true(cpu, "virtualised") ? ", a virtual machine" : "");
    fputs("</p>\n", self->out);
    if (!strcmp(page_string(run, "clock"), "virtual"))
        fputs(
            "<p>In virtual time nothing of the host goes into the figures; the cores are those of "
            "the simulation.</p>\n",
            self->out);
    draw_cores(self->out, workers);
    html_section_end(self->out);
}

/* ---------------------------------------------------------- environment */

static void write_value(FILE *out, const json_t *value)
{
    if (json_is_string(value)) {
        html_text(out, json_string_value(value));
        return;
    }
    char *const text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
    html_text(out, text);
    free(text);
}

static void write_tree(FILE *out, const char *before, const json_t *tree)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)tree, key, value)
    {
        char path[256];
        snprintf(path, sizeof(path), "%s%s%s", before, *before ? "." : "", key);
        if (json_is_object(value)) {
            write_tree(out, path, value);
            continue;
        }
        fputs("<tr><th scope=\"row\">", out);
        html_text(out, path);
        fputs("</th><td>", out);
        write_value(out, value);
        fputs("</td></tr>\n", out);
    }
}

void page_environment(const struct page *self)
{
    if (!self->environment)
        return;
    html_section(self->out, "environment", "Environment", NULL);
    fputs("<details><summary>environment.json</summary><table class=\"plain\"><tbody>\n",
          self->out);
    write_tree(self->out, "", self->environment);
    fputs("</tbody></table></details>\n", self->out);
    html_section_end(self->out);
}

/* -------------------------------------------------------------- profile */

void page_profile(const struct page *self)
{
    char path[4200], line[4096];
    snprintf(path, sizeof(path), "%s/resolved.yaml", self->dir);
    FILE *const in = fopen(path, "re");
    if (!in)
        return;
    html_section(self->out, "profile", "Profile",
                 "As it was resolved, with where each value comes from.");
    fputs("<details><summary>resolved.yaml</summary><pre>", self->out);
    while (fgets(line, sizeof(line), in))
        html_text(self->out, line);
    fputs("</pre></details>\n", self->out);
    fclose(in);
    html_section_end(self->out);
}
