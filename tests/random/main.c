/* SPDX-License-Identifier: BSD-3-Clause */
/* `dawdle-fuzz SEEDS`: random scenarios against the invariants of every policy. Not installed: it tests the program. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/run/interrupt.h"
#include "tests/random/fuzz.h"

#define SEEDS_MAX 1000000000000ull

static const char doc[] =
    "Run SEEDS random scenarios (graphs, delays, lossy links, pauses, crashes and returns) in "
    "virtual time and hold each "
    "to the invariants of its policy. With --wire, processes with bad links between them, held to "
    "those of the protocol. What breaks is printed with the command that repeats it."
    "\vExit codes: 0 nothing was found, 2 usage, 3 no process for the scenarios, 4 something was "
    "found, "
    "5 interrupted before the last scenario.";

static const struct argp_option options[] = {
    {"from", 'f', "SEED", 0, "the first scenario (default: 1)", 0},
    {"policy", 'p', "NAME", 0, "this policy in all of them (default: drawn)", 0},
    {"findings", 'n', "COUNT", 0, "stop after so many (default and most: 20)", 0},
    {"plant", 'P', "FAULT", 0,
     "plant a fault that is to be found: one-sided-mix, disorder, early-reuse, lost-control or "
     "stale-epoch; of the wire: credit-by-frames, preemption, one-wave, late-books, short-bitmap, "
     "loan-by-ack, any-session, no-replay-window or old-number",
     0},
    {"wire", 'w', 0, 0, "scenarios of the protocol between processes instead", 0},
    {"quiet", 'q', 0, 0, "no progress line on a terminal", 0},
    {0}};

static uint64_t parse_count(struct argp_state *state, const char *name, const char *text,
                            uint64_t least, uint64_t most)
{
    char *end;
    const unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || value < least || value > most)
        argp_error(state, "%s: '%s' is not a number from %llu to %llu", name, text,
                   (unsigned long long)least, (unsigned long long)most);
    return value;
}

static void parse_policy(struct argp_state *state, const char *text)
{
    struct fuzz_config *const config = state->input;
    config->policy = text;
    if (!policy_find(text))
        argp_error(state, "--policy: there is no '%s' (see dawdle list policies)", text);
}

/** A plant of the wire asks for scenarios of the wire. */
static void parse_plant(struct fuzz_config *config, const char *text, struct argp_state *state)
{
    const enum plant_kind plant = plant_find(text);
    const enum wire_plant wire_plant = wire_plant_find(text);
    if (plant == PLANT_KINDS && wire_plant == WIRE_PLANTS)
        argp_error(state, "--plant: there is no '%s' (see --help)", text);
    config->plant = plant == PLANT_KINDS ? PLANT_NONE : plant;
    config->wire_plant = wire_plant == WIRE_PLANTS ? WIRE_PLANT_NONE : wire_plant;
    config->wire = config->wire || config->wire_plant != WIRE_PLANT_NONE;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct fuzz_config *const config = state->input;
    switch (key) {
    case 'f':
        config->from = parse_count(state, "--from", text, 0, SEEDS_MAX);
        return 0;
    case 'p':
        parse_policy(state, text);
        return 0;
    case 'n':
        config->findings_max =
            (uint32_t)parse_count(state, "--findings", text, 1, FUZZ_FINDINGS_MAX);
        return 0;
    case 'P':
        parse_plant(config, text, state);
        return 0;
    case 'w':
        config->wire = true;
        return 0;
    case 'q':
        config->progress = NULL;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "one number of scenarios is enough: '%s'", text);
        config->seeds = parse_count(state, "SEEDS", text, 1, SEEDS_MAX);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a number of scenarios is needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp argp = {options, parse, "SEEDS", doc, NULL, NULL, NULL};
    struct fuzz_config config = {.from = 1, .progress = isatty(STDERR_FILENO) ? stderr : NULL};
    struct fuzz_result result;
    argp_err_exit_status = 2;
    if (argp_parse(&argp, argc, argv, 0, NULL, &config) != 0)
        return 2;
    interrupt_watch();
    const int code = fuzz_run(&config, stdout, &result);
    if (code == 3) {
        fprintf(stderr, "dawdle-fuzz: no child process could be made for the scenarios\n");
        return 3;
    }
    printf("%llu scenarios, %llu with parameters, %llu events: %u broke an invariant\n",
           (unsigned long long)result.seeds, (unsigned long long)result.values,
           (unsigned long long)result.events, result.findings);
    return code == 0 && result.seeds < config.seeds ? 5 : code;
}
