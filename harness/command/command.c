/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of commands, and dispatch: an option that a command does not use is refused, not ignored. */
#include "harness/command/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/command/ranks.h"
#include "harness/experiment/keys_tables.h"
#include "harness/profile/suggest.h"
#include "harness/version.h"

#define BIT(option) (1u << COMMAND_##option)
#define RUNS \
    (BIT(SET) | BIT(OUT) | BIT(SEED) | BIT(REPEAT) | BIT(DRY_RUN) | BIT(QUIET) | BIT(THREADS))

const struct command command_table[] = {
    {"run", command_profiles, 1, COMMAND_ARGUMENTS_MAX, RUNS | BIT(STRICT) | BIT(CAPTURE),
     "PROFILE\xe2\x80\xa6", "profile", "run profiles (a path or the name of a shipped one)",
     "Each profile is loaded, planned and checked against this host before the first one starts. "
     "Results go to runs/NAME/TIME-ID, and runs/NAME/latest points to them."},
    {"sim", command_sim, 1, COMMAND_ARGUMENTS_MAX, RUNS | BIT(STRICT), "PROFILE\xe2\x80\xa6",
     "profile", "the same in virtual time, whatever its clock says",
     "A discrete-event simulation of the same policies and the same arithmetic: the same bytes on "
     "every machine."},
    {"twin", command_twin, 1, COMMAND_ARGUMENTS_MAX,
     RUNS | BIT(STRICT) | BIT(LIKE) | BIT(AGAINST) | BIT(HINDSIGHT), "PROFILE\xe2\x80\xa6",
     "profile", "imitate a live run in virtual time, or predict one and compare",
     "With --like, costs, latency and cores come from a live run without stragglers; with "
     "--against, the prediction is compared with what a live run of the profile measured. One of "
     "them is needed."},
    {"tune", command_tune, 1, 1, BIT(SET) | BIT(OUT) | BIT(DRY_RUN) | BIT(QUIET) | BIT(THREADS),
     "PROFILE", "profile", "find learning rates, the same budget for each policy", NULL},
    {"replay", command_replay, 1, 1, BIT(PARAMETERS) | BIT(QUIET), "RUN", "run",
     "feed the events of a live run to the policies again",
     "They must yield the same actions; with --parameters also the same models, bit for bit."},
    {"runs", command_runs, 0, 1, 0, "[FOLDER]", NULL, "list the results that there are",
     "Of the profiles in FOLDER (default: runs), the newest first, with what their checks came "
     "to."},
    {"report", command_report, 1, COMMAND_ARGUMENTS_MAX, 0, "RUN\xe2\x80\xa6", "run",
     "write report.html, a page with charts, for results",
     "Runs write it themselves; this is for results that were made before, or were cut short."},
    {"gather", command_gather, 1, COMMAND_ARGUMENTS_MAX, BIT(SET) | BIT(OUT) | BIT(QUIET),
     "DIR\xe2\x80\xa6", "run", "one result of what ranks have left whose first rank died",
     "Each DIR is a folder part-RUN-RANK, or one with such folders of one run in it. Workers of "
     "ranks that left nothing count as crashed."},
    {"plot", command_plot, 1, COMMAND_ARGUMENTS_MAX,
     BIT(FIGURE) | BIT(OUT) | BIT(WIDTH) | BIT(ONLY) | BIT(METRIC) | BIT(SEED), "RUN\xe2\x80\xa6",
     "run", "draw a figure of result directories, for a paper or a page",
     "Without --out, SVG goes to standard output. For .pdf and .png, rsvg-convert is needed "
     "(package "
     "librsvg2-bin)."},
    {"new", command_new, 1, 1, BIT(FROM), "NAME", NULL, "write a commented profile to start from",
     "It is written to NAME.yaml, which must not exist yet."},
    {"list", command_list, 0, 1, BIT(LONG), "[WHAT]", "kind",
     "what there is: policies, delay distributions, metrics, profiles \xe2\x80\xa6", NULL},
    {"topo", command_topo, 0, 1, BIT(SET), "[PROFILE]", "profile",
     "draw the machine, and where a profile's workers go", NULL},
    {"inject", command_inject, 2, 2, BIT(SET) | BIT(SEED) | BIT(REPEAT) | BIT(CSV),
     "preview PROFILE", "profile", "draw a profile's delays: histogram and moments", NULL},
    {"doctor", command_doctor, 0, 0, BIT(JSON), "", NULL,
     "what this host can do, and how to get what it lacks", NULL},
    {"help", command_help, 0, 1, BIT(LONG), "[WORD]", "word",
     "every key of a profile; or all about one key, command, policy, metric \xe2\x80\xa6", NULL},
    {"completion", command_completion, 1, 1, 0, "bash|zsh", "shell",
     "print the completion of commands, options and names for a shell",
     "Installed with the program. For this session: eval \"$(dawdle completion bash)\""},
    {0}};

static const char codes[] =
    "Exit codes: 0 ok, 1 internal error or a plug-in that failed, 2 usage or profile,\n"
    "3 environment unfit, 4 a check failed, 5 incomplete.\n";

const struct command *command_find(const char *name)
{
    for (const struct command *c = command_table; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static void print_figures(FILE *out)
{
    fputs("\nFigures:\n", out);
    for (uint32_t i = 0; i < keys_name_count(&keys_plots); i++) {
        const struct key_name name = keys_name_at(&keys_plots, i);
        command_print_entry(out, 24, name.name, name.help);
    }
}

void command_print(FILE *out, const struct command *self)
{
    fprintf(out, "Usage: dawdle %s%s%s%s\n\n", self->name,
            self->options ? " [OPTION\xe2\x80\xa6]" : "", *self->arguments ? " " : "",
            self->arguments);
    command_print_entry(out, 0, "", self->help);
    if (self->about)
        command_print_entry(out, 0, "", self->about);
    if (self->run == command_plot)
        print_figures(out);
    if (self->options)
        fputs("\nOptions:\n", out);
    command_options_print(out, self->options);
}

void command_print_all(FILE *out)
{
    uint32_t all = BIT(HELP) | BIT(VERSION);
    fputs("Usage: dawdle COMMAND [ARGUMENTS] [OPTION\xe2\x80\xa6]\n"
          "Find out what stragglers, workers that are slow, cost decentralized machine learning, "
          "and what "
          "averaging\nwith fewer neighbours saves.\n\nCommands:\n",
          out);
    for (const struct command *c = command_table; c->name; c++) {
        char head[64];
        snprintf(head, sizeof(head), "%s%s%s", c->name, *c->arguments ? " " : "", c->arguments);
        command_print_entry(out, 24, head, c->help);
        all |= c->options;
    }
    fputs("\nOptions (dawdle COMMAND --help: those of one command):\n", out);
    command_options_print(out, all);
    fprintf(out, "\n%s", codes);
}

/** What options were called when one command had them all. */
static const char *moved(const struct command *command, enum command_option option)
{
    const bool twin =
        option == COMMAND_LIKE || option == COMMAND_AGAINST || option == COMMAND_HINDSIGHT;
    return twin && strcmp(command->name, "sim") == 0 ? ": `dawdle twin` imitates a live run" : "";
}

static int refuse_option(const struct command *command, uint32_t options)
{
    const uint32_t option = (uint32_t)__builtin_ctz(options);
    fprintf(stderr, "dawdle: error: %s does not use --%s%s (see dawdle %s --help)\n", command->name,
            command_options[option].name, moved(command, (enum command_option)option),
            command->name);
    return 2;
}

/** Only the first of several processes says it. */
static int refuse_ranks(const struct rank_signs *ranks)
{
    char count[32] = "several";
    if (ranks->size > 0)
        snprintf(count, sizeof(count), "%u", ranks->size);
    if (ranks->rank == 0 || ranks->size == 0)
        fprintf(stderr,
                "dawdle: error: one of %s processes (%s=%s): this is work for one, and each would "
                "repeat all of it; start one with all the cores, as with `%s`\n",
                count, ranks->variable, getenv(ranks->variable), ranks->launcher);
    return 3;
}

static int refuse_count(const struct command *command, uint32_t given)
{
    const bool few = given < command->arguments_min;
    fprintf(stderr, "dawdle: error: %s takes %s %u argument%s, %u given: dawdle %s %s\n",
            command->name,
            command->arguments_min == command->arguments_max ? "exactly"
            : few                                            ? "at least"
                                                             : "at most",
            few ? command->arguments_min : command->arguments_max,
            (few ? command->arguments_min : command->arguments_max) == 1 ? "" : "s", given,
            command->name, command->arguments);
    return 2;
}

/** All names in one line, for errors. */
static void print_names(FILE *out)
{
    for (const struct command *c = command_table; c->name; c++)
        fprintf(out, " %s", c->name);
    fputs(" (see dawdle --help)\n", out);
}

static int unknown_command(const char *name)
{
    struct suggest near = {.typed = name};
    for (const struct command *c = command_table; c->name; c++)
        suggest_offer(&near, c->name);
    fprintf(stderr, "dawdle: error: unknown command '%s'", name);
    if (near.best)
        fprintf(stderr, "; did you mean '%s'?", near.best);
    fputs("\ndawdle: commands:", stderr);
    print_names(stderr);
    return 2;
}

static int no_command(const struct command_line *line)
{
    if (line->help)
        return command_print_all(stdout), 0;
    fputs("dawdle: error: a command is needed:", stderr);
    return print_names(stderr), 2;
}

/** Ranks of a run meet; those of other commands would each do all of it. */
static bool must_be_alone(const struct command *command, const struct command_line *line)
{
    return command->run != command_profiles && command_leaves_files(line);
}

int command_run(struct command_line *line)
{
    if (line->version)
        return printf("dawdle " DAWDLE_VERSION "\n"), 0;
    if (line->argument_count == 0)
        return no_command(line);
    const struct command *const command = command_find(line->argument[0]);
    if (!command)
        return unknown_command(line->argument[0]);
    if (line->help)
        return command_print(stdout, command), 0;
    const uint32_t arguments = line->argument_count - 1;
    if (line->used & ~command->options)
        return refuse_option(command, line->used & ~command->options);
    if (arguments < command->arguments_min || arguments > command->arguments_max)
        return refuse_count(command, arguments);
    const struct rank_signs ranks = ranks_find();
    if (ranks.variable && must_be_alone(command, line))
        return refuse_ranks(&ranks);
    return command->run(line);
}

bool command_leaves_files(const struct command_line *line)
{
    const struct command *const command =
        line->argument_count ? command_find(line->argument[0]) : NULL;
    return command && command->options & BIT(OUT) && !line->dry_run && !line->help;
}
