/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands that run nothing: tables, help, the host, the machine, the delays. */
#include <stdio.h>
#include <string.h>

#include "harness/command/pager.h"
#include "harness/command/session.h"
#include "harness/doctor.h"
#include "harness/experiment/help.h"
#include "harness/report/preview.h"

#define COLUMNS 100u

int command_list(struct command_line *line)
{
    const char *const what = line->argument_count > 1 ? line->argument[1] : NULL;
    struct pager pager;
    FILE *const out = pager_open(&pager);
    const int code =
        line->detailed ? list_print_long(out, stderr, what) : list_print(out, stderr, what);
    pager_close(&pager);
    return code;
}

static int refuse_word(const char *word)
{
    struct suggest nearest = {.typed = word};
    help_suggest(&nearest);
    help_names_suggest(&nearest);
    for (const struct command *c = command_table; c->name; c++)
        suggest_offer(&nearest, c->name);
    fprintf(stderr, "dawdle help: unknown word '%s'", word);
    if (nearest.best)
        fprintf(stderr, "; did you mean '%s'?\n", nearest.best);
    else
        fputs("; `dawdle help` lists all keys, `dawdle list` all names\n", stderr);
    return 2;
}

/** A word may be several things: `none` is a model, a law and a format. */
static int explain(FILE *out, const char *word)
{
    const struct command *const command = command_find(word);
    uint32_t found = command != NULL;
    if (command)
        command_print(out, command);
    found += help_keys(out, word);
    found += help_names(out, word);
    return found ? 0 : refuse_word(word);
}

int command_help(struct command_line *line)
{
    if (line->detailed && line->argument_count > 1)
        return command_complain("--long is for all keys; one key is always shown in full");
    struct pager pager;
    int code = 0;
    FILE *const out = pager_open(&pager);
    if (line->argument_count > 1)
        code = explain(out, line->argument[1]);
    else if (line->detailed)
        help_print_long(out);
    else
        help_print(out);
    pager_close(&pager);
    return code;
}

int command_doctor(struct command_line *line)
{
    const struct table_style style = table_style_of(stdout);
    const struct doctor_extra extra = {.dpdk_version = DAWDLE_DPDK_VERSION};
    return doctor_run(stdout, &style, line->json, &extra);
}

int command_topo(struct command_line *line)
{
    struct session *const self = session_new();
    struct command_line shipped = *line;
    struct err err = {{0}};
    if (!self)
        return command_complain("not enough memory"), 1;
    if (shipped.argument_count == 1)
        shipped.argument[shipped.argument_count++] = "quickstart";
    self->depth = PLAN_PLACES;
    int code = session_open(self, &shipped);
    if (code == 0 && !self->machine)
        code = command_complain(
            "workers in virtual time are placed on no machine; a live profile is needed");
    for (uint32_t i = 0; i < self->count && code == 0; i++) {
        struct cell cell;
        if (cell_open(&cell, &self->sweep[i].plan[0].common, 0, 0, &err) < 0) {
            code = command_complain(err.text);
            break;
        }
        printf("%s\n", machine_summary(self->machine));
        place_draw(stdout, self->machine, &cell.graph, &cell.placement, COLUMNS);
        cell_close(&cell);
    }
    session_close(self);
    return code;
}

int command_inject(struct command_line *line)
{
    if (strcmp(line->argument[1], "preview"))
        return command_complain("expected `inject preview PROFILE`");
    command_fold_seeds(line);
    struct sweep sweep = {0};
    struct err err = {{0}};
    const struct table_style style = table_style_of(stdout);
    int rc = command_load(&sweep, line, line->argument[2]);
    const int code = rc < 0 ? 2 : 1;
    if (rc == 0 && line->csv && sweep.values > 1) {
        sweep_close(&sweep);
        return command_complain(
            "--csv is for one experiment; take the sweep back with --set sweep=");
    }
    for (uint32_t v = 0; rc == 0 && v < sweep.values; v++) {
        char title[2 * EXPERIMENT_SWEEP_TEXT_MAX + 8];
        if (*sweep_title(sweep.experiment[v], title, sizeof(title)) && !line->csv)
            printf("%s\n", title);
        rc = line->csv ? preview_csv(stdout, sweep.experiment[v], &err)
                       : preview_print(stdout, &style, sweep.experiment[v], &err);
    }
    sweep_close(&sweep);
    return rc < 0 ? code : 0;
}
