/*
 * The program: `dawdle COMMAND [ARGUMENTS]`. Commands are rows; options are shared and checked against the command, so
 * that none is accepted and then ignored.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/command.h"
#include "harness/version.h"

const char *argp_program_version = "dawdle " DAWDLE_VERSION;

static const char doc[] =
    "Find out what slow workers cost decentralized machine learning, and what averaging with fewer "
    "neighbours saves."
    "\vCommands:\n"
    "  run PROFILE…            run profiles (a path or the name of a shipped one)\n"
    "  list [WHAT]             policies, laws, graphs, models, formats, edges or profiles\n"
    "  topo [PROFILE]          draw the machine, and where the workers of a profile go\n"
    "  inject preview PROFILE  draw the delay laws of a profile: histogram and moments\n"
    "  doctor                  what this host can do, with a remedy for each lack\n"
    "  help [KEY]              every key of a profile, or one\n"
    "\nExit codes: 0 ok, 1 internal error, 2 usage or profile, 3 environment unfit, 4 a check "
    "failed, "
    "5 incomplete.";

enum { OPT_DRY_RUN = 256, OPT_JSON, OPT_CSV };

static const struct argp_option options[] = {
    {"set", 's', "PATH=VALUE", 0, "override a key of the profile (repeatable)", 0},
    {"out", 'o', "DIR", 0, "where result directories go (default: runs)", 0},
    {"seed", 'S', "N", 0, "run this seed; with --repeat, the first of that many", 0},
    {"repeat", 'r', "N", 0, "number of seeds (1, 2, … unless --seed says where to start)", 0},
    {"dry-run", OPT_DRY_RUN, 0, 0,
     "print resolved profile, placement, memory and time; run nothing", 0},
    {"quiet", 'q', 0, 0, "no progress lines", 0},
    {"json", OPT_JSON, 0, 0, "doctor: print JSON", 0},
    {"csv", OPT_CSV, 0, 0, "inject preview: print the draws", 0},
    {0}};

static unsigned option_bit(int key)
{
    switch (key) {
    case 's':
        return COMMAND_SET;
    case 'o':
        return COMMAND_OUT;
    case 'S':
    case 'r':
        return COMMAND_SEED;
    case OPT_DRY_RUN:
        return COMMAND_DRY_RUN;
    case 'q':
        return COMMAND_QUIET;
    case OPT_JSON:
        return COMMAND_JSON;
    case OPT_CSV:
        return COMMAND_CSV;
    default:
        return 0;
    }
}

static uint32_t parse_count(struct argp_state *state, const char *name, const char *text,
                            uint32_t least)
{
    char *end;
    const unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || value < least || value > 1000000000)
        argp_error(state, "--%s: '%s' is not a number from %u to 1000000000", name, text, least);
    return (uint32_t)value;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct command_line *const line = state->input;
    line->used |= option_bit(key);
    switch (key) {
    case 's':
        if (line->set_count == COMMAND_SETS_MAX)
            argp_error(state, "more than %u --set", COMMAND_SETS_MAX);
        line->set[line->set_count++] = text;
        return 0;
    case 'o':
        line->out = text;
        return 0;
    case 'S':
        line->seed = parse_count(state, "seed", text, 0);
        line->has_seed = true;
        return 0;
    case 'r':
        line->repeat = parse_count(state, "repeat", text, 1);
        return 0;
    case OPT_DRY_RUN:
        line->dry_run = true;
        return 0;
    case 'q':
        line->quiet = true;
        return 0;
    case OPT_JSON:
        line->json = true;
        return 0;
    case OPT_CSV:
        line->csv = true;
        return 0;
    case ARGP_KEY_ARG:
        if (line->argument_count == COMMAND_ARGUMENTS_MAX)
            argp_error(state, "more than %u arguments", COMMAND_ARGUMENTS_MAX);
        line->argument[line->argument_count++] = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp argp = {options, parse, "COMMAND [ARGUMENTS]", doc, NULL, NULL, NULL};
    static struct command_line line;
    argp_err_exit_status = 2;
    line.out = "runs";
    if (argp_parse(&argp, argc, argv, 0, NULL, &line) != 0)
        return 2;
    const int code = command_run(&line);
    if (fflush(stdout) != 0 && code == 0)
        return 1;
    return code;
}
