/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of commands, and dispatch: an option that a command does not use is refused, not ignored. */
#include "harness/command/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/command/ranks.h"
#include "harness/profile/suggest.h"

struct command {
    const char *name;
    int (*run)(struct command_line *line);
    uint32_t arguments_min, arguments_max; /* after the name */
    unsigned options;
};

static const struct command table[] = {
    {"run", command_profiles, 1, COMMAND_ARGUMENTS_MAX,
     COMMAND_SET | COMMAND_OUT | COMMAND_SEED | COMMAND_DRY_RUN | COMMAND_QUIET | COMMAND_THREADS |
         COMMAND_STRICT},
    {"sim", command_sim, 1, COMMAND_ARGUMENTS_MAX,
     COMMAND_SET | COMMAND_OUT | COMMAND_SEED | COMMAND_DRY_RUN | COMMAND_QUIET | COMMAND_THREADS |
         COMMAND_LIKE | COMMAND_AGAINST | COMMAND_HINDSIGHT | COMMAND_STRICT},
    {"tune", command_tune, 1, 1,
     COMMAND_SET | COMMAND_OUT | COMMAND_DRY_RUN | COMMAND_QUIET | COMMAND_THREADS},
    {"replay", command_replay, 1, 1, COMMAND_PARAMETERS},
    {"list", command_list, 0, 1, COMMAND_LONG},
    {"topo", command_topo, 0, 1, COMMAND_SET},
    {"inject", command_inject, 2, 2, COMMAND_SET | COMMAND_SEED | COMMAND_CSV},
    {"doctor", command_doctor, 0, 0, COMMAND_JSON},
    {"help", command_help, 0, 1, COMMAND_LONG},
};
#define COMMANDS (sizeof(table) / sizeof(table[0]))

/** Name of the first of these options. */
static const char *option_name(unsigned options)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{COMMAND_SET, "set"},
                 {COMMAND_OUT, "out"},
                 {COMMAND_SEED, "seed or --repeat"},
                 {COMMAND_DRY_RUN, "dry-run"},
                 {COMMAND_QUIET, "quiet"},
                 {COMMAND_JSON, "json"},
                 {COMMAND_THREADS, "threads"},
                 {COMMAND_LONG, "long"},
                 {COMMAND_PARAMETERS, "parameters"},
                 {COMMAND_LIKE, "like"},
                 {COMMAND_AGAINST, "against"},
                 {COMMAND_HINDSIGHT, "hindsight"},
                 {COMMAND_STRICT, "strict"}};
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (options & names[i].bit)
            return names[i].name;
    return "csv";
}

/** Only the first of several processes says it. */
static int refuse_ranks(const struct ranks *ranks)
{
    char count[32] = "several";
    if (ranks->size > 0)
        snprintf(count, sizeof(count), "%u", ranks->size);
    if (ranks->rank == 0 || ranks->size == 0)
        fprintf(stderr,
                "dawdle: error: one of %s processes (%s=%s): a run is one process so far, and each "
                "would "
                "repeat all of it; start one with all the cores, as with `%s`\n",
                count, ranks->variable, getenv(ranks->variable), ranks->launcher);
    return 3;
}

static int unknown_command(const char *name)
{
    struct suggest near = {.typed = name};
    for (uint32_t i = 0; i < COMMANDS; i++)
        suggest_offer(&near, table[i].name);
    fprintf(stderr, "dawdle: error: unknown command '%s'", name);
    if (near.best)
        fprintf(stderr, "; did you mean '%s'?", near.best);
    fprintf(stderr, "\ndawdle: commands: run sim tune replay list topo inject doctor help (see "
                    "dawdle --help)\n");
    return 2;
}

int command_run(struct command_line *line)
{
    if (line->argument_count == 0)
        return command_complain(
            "a command is needed: run sim tune replay list topo inject doctor help "
            "(see dawdle --help)");
    for (uint32_t i = 0; i < COMMANDS; i++) {
        const struct command *const command = &table[i];
        if (strcmp(command->name, line->argument[0]))
            continue;
        const uint32_t arguments = line->argument_count - 1;
        if (arguments < command->arguments_min || arguments > command->arguments_max) {
            fprintf(stderr,
                    "dawdle: error: %s takes %s %u arguments, %u given (see dawdle --help)\n",
                    command->name, arguments < command->arguments_min ? "at least" : "at most",
                    arguments < command->arguments_min ? command->arguments_min
                                                       : command->arguments_max,
                    arguments);
            return 2;
        }
        if (line->used & ~command->options) {
            fprintf(stderr, "dawdle: error: %s does not use --%s\n", command->name,
                    option_name(line->used & ~command->options));
            return 2;
        }
        const struct ranks ranks = ranks_find();
        if (ranks.variable && command_leaves_files(line))
            return refuse_ranks(&ranks);
        return command->run(line);
    }
    return unknown_command(line->argument[0]);
}

bool command_leaves_files(const struct command_line *line)
{
    for (uint32_t i = 0; i < COMMANDS && line->argument_count > 0; i++)
        if (strcmp(table[i].name, line->argument[0]) == 0)
            return table[i].options & COMMAND_OUT && !line->dry_run;
    return false;
}
