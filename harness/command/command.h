/* SPDX-License-Identifier: BSD-3-Clause */
/** The commands of the program, one row each, and the command line they read. */
#ifndef HARNESS_COMMAND_COMMAND_H
#define HARNESS_COMMAND_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/run/sweep.h"
#include "harness/twin/calibrate.h"

#define COMMAND_SETS_MAX 256u
#define COMMAND_ARGUMENTS_MAX 64u

/** Which options a command understands. */
enum command_option {
    COMMAND_SET = 1,
    COMMAND_OUT = 2,
    COMMAND_SEED = 4,
    COMMAND_DRY_RUN = 8,
    COMMAND_QUIET = 16,
    COMMAND_JSON = 32,
    COMMAND_CSV = 64,
    COMMAND_THREADS = 128,
    COMMAND_LONG = 256,
    COMMAND_PARAMETERS = 512,
    COMMAND_LIKE = 1024,
    COMMAND_AGAINST = 2048,
    COMMAND_HINDSIGHT = 8192,
    COMMAND_STRICT = 16384,
};

struct command_line {
    const char *argument[COMMAND_ARGUMENTS_MAX];
    uint32_t argument_count;
    /* more than COMMAND_SETS_MAX: what --seed and --repeat, `sim` or `tune` mean, and what --like found out */
    const char *set[COMMAND_SETS_MAX + 4 + CALIBRATE_SETS];
    uint32_t set_count;
    const char *out;
    const char *like, *against; /* result directories; NULL: not given */
    uint32_t seed, repeat;      /* repeat 0: not given */
    uint32_t threads;           /* of virtual time; 0: not given */
    bool has_seed, dry_run, quiet, json, csv, detailed, parameters, hindsight, strict;
    unsigned used; /* enum command_option, or-ed */
    char seed_set[1024];
};

/** Print the error. Returns 2, the exit code of a wrong command line. */
int command_complain(const char *text);

/** --seed and --repeat are short for the profile's `seeds`. */
void command_fold_seeds(struct command_line *line);

/** A profile with all values of its sweep; sweep_close is due even after an error, which was printed. 0 or -errno. */
int command_load(struct sweep *out, const struct command_line *line, const char *name);

/* One per row of the table; each returns the exit code. */
int command_profiles(struct command_line *line);
int command_sim(struct command_line *line);
int command_twin(struct command_line *line);
int command_tune(struct command_line *line);
int command_replay(struct command_line *line);
int command_list(struct command_line *line);
int command_topo(struct command_line *line);
int command_inject(struct command_line *line);
int command_doctor(struct command_line *line);
int command_help(struct command_line *line);

/** Run the command that the first argument names. Returns the exit code. */
int command_run(struct command_line *line);

/** Is what this command line asks for written to files, whatever is printed? */
bool command_leaves_files(const struct command_line *line);

#endif
