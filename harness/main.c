/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The program: `dawdle COMMAND [ARGUMENTS]`. Commands are rows; options are shared and checked against the command, so
 * that none is accepted and then ignored.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/command/command.h"
#include "harness/command/streams.h"
#include "harness/experiment/plugin_guard.h"
#include "harness/run/executor.h"
#include "harness/version.h"

const char *argp_program_version = "dawdle " DAWDLE_VERSION;

static const char doc[] =
    "Find out what slow workers cost decentralized machine learning, and what averaging with fewer "
    "neighbours saves."
    "\vCommands:\n"
    "  run PROFILE…            run profiles (a path or the name of a shipped one)\n"
    "  sim PROFILE…            the same in virtual time, whatever its clock says\n"
    "  tune PROFILE            find learning rates, the same budget for each\n"
    "  replay RUN              feed a live run's events to the policies again\n"
    "  list [WHAT]             what there is: policies, delay laws, graphs, profiles ...\n"
    "  topo [PROFILE]          draw the machine, and where a profile's workers go\n"
    "  inject preview PROFILE  draw a profile's delays: histogram and moments\n"
    "  doctor                  what this host can do, with a remedy for each lack\n"
    "  help [KEY]              every key of a profile, or one\n"
    "\nExit codes: 0 ok, 1 internal error or a plug-in that failed, 2 usage or profile,\n"
    "3 environment unfit, 4 a check failed, 5 incomplete.";

enum {
    OPT_DRY_RUN = 256,
    OPT_JSON,
    OPT_CSV,
    OPT_LONG,
    OPT_PARAMETERS,
    OPT_LIKE,
    OPT_AGAINST,
    OPT_HINDSIGHT,
    OPT_FUZZ,
    OPT_STRICT
};

static const struct argp_option options[] = {
    {"set", 's', "PATH=VALUE", 0, "override a key of the profile (repeatable)", 0},
    {"out", 'o', "DIR", 0,
     "where result directories go (default: runs); tune: the file, or a folder for NAME.tuned.yaml",
     0},
    {"seed", 'S', "N", 0, "run this seed; with --repeat, the first of that many", 0},
    {"repeat", 'r', "N", 0, "number of seeds (1, 2, … unless --seed says where to start)", 0},
    {"dry-run", OPT_DRY_RUN, 0, 0,
     "print the resolved profile and, as comments, placement or graph, memory and time; run "
     "nothing",
     0},
    {"strict", OPT_STRICT, 0, 0,
     "exit 4 when a check stays open, because other programs took the cores", 0},
    {"quiet", 'q', 0, 0, "no progress lines", 0},
    {"threads", 't', "N", 0, "virtual time: threads for the arithmetic (default: allowed cores)",
     0},
    {"fuzz", OPT_FUZZ, "SEEDS", OPTION_HIDDEN | OPTION_ARG_OPTIONAL, 0, 0},
    {"long", OPT_LONG, 0, 0,
     "list policies: what each waits for, sends, reads and cannot lose; list profiles: claims in "
     "full; help: every key in full",
     0},
    {"like", OPT_LIKE, "RUN", 0,
     "sim: costs, latency and cores as in this result directory of a live run without stragglers",
     0},
    {"against", OPT_AGAINST, "RUN", 0,
     "sim: predict this result directory of the profile run live, with seeds of its own (--repeat: "
     "how many for "
     "each of its seeds, default 4), and compare",
     0},
    {"hindsight", OPT_HINDSIGHT, 0, 0,
     "sim: others have the cores when they had them in the run --against, not in the one --like",
     0},
    {"json", OPT_JSON, 0, 0, "doctor: print JSON", 0},
    {"parameters", OPT_PARAMETERS, 0, 0,
     "replay: execute gradients and mixes too, and compare the final parameters", 0},
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
    case OPT_STRICT:
        return COMMAND_STRICT;
    case OPT_JSON:
        return COMMAND_JSON;
    case OPT_CSV:
        return COMMAND_CSV;
    case OPT_PARAMETERS:
        return COMMAND_PARAMETERS;
    case 't':
        return COMMAND_THREADS;
    case OPT_LIKE:
        return COMMAND_LIKE;
    case OPT_AGAINST:
        return COMMAND_AGAINST;
    case OPT_HINDSIGHT:
        return COMMAND_HINDSIGHT;
    case OPT_LONG:
        return COMMAND_LONG;
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
    case 't':
        line->threads = parse_count(state, "threads", text, 1);
        if (line->threads > EXECUTOR_THREADS_MAX)
            argp_error(state, "--threads: at most %u", EXECUTOR_THREADS_MAX);
        return 0;
    case OPT_FUZZ: /* what it was until 0.2 */
        exit(command_complain(
            "random scenarios are run by the program dawdle-fuzz, which the build makes "
            "beside the tests: dawdle-fuzz SEEDS"));
    case OPT_LONG:
        line->detailed = true;
        return 0;
    case OPT_LIKE:
        line->like = text;
        return 0;
    case OPT_AGAINST:
        line->against = text;
        return 0;
    case OPT_HINDSIGHT:
        line->hindsight = true;
        return 0;
    case OPT_DRY_RUN:
        line->dry_run = true;
        return 0;
    case 'q':
        line->quiet = true;
        return 0;
    case OPT_STRICT:
        line->strict = true;
        return 0;
    case OPT_JSON:
        line->json = true;
        return 0;
    case OPT_CSV:
        line->csv = true;
        return 0;
    case OPT_PARAMETERS:
        line->parameters = true;
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

/** However the program ends: `--help` exits inside argp. */
static void on_end(int code, void *line)
{
    const int now = plugin_guard_ended() ? 1 : streams_close(code, command_leaves_files(line));
    if (now != code)
        _exit(now);
}

int main(int argc, char **argv)
{
    static const struct argp argp = {options, parse, "COMMAND [ARGUMENTS]", doc, NULL, NULL, NULL};
    static struct command_line line;
    streams_open();
    on_exit(on_end, &line);
    argp_err_exit_status = 2;
    line.out = "runs";
    if (argp_parse(&argp, argc, argv, 0, NULL, &line) != 0)
        return 2;
    return command_run(&line);
}
