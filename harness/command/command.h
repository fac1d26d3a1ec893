/* SPDX-License-Identifier: BSD-3-Clause */
/** The commands of the program, one row each, and the command line they read. */
#ifndef HARNESS_COMMAND_COMMAND_H
#define HARNESS_COMMAND_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/command/options.h"
#include "harness/run/sweep.h"
#include "harness/twin/calibrate.h"

#define COMMAND_SETS_MAX 256u
#define COMMAND_ARGUMENTS_MAX 64u

struct command_line {
    const char *argument[COMMAND_ARGUMENTS_MAX];
    uint32_t argument_count;
    /* more than COMMAND_SETS_MAX: what --seed and --repeat, `sim` or `tune` mean, and what --like found out */
    const char *set[COMMAND_SETS_MAX + 4 + CALIBRATE_SETS];
    uint32_t set_count;
    const char *out;
    const char *from;                           /* new: a profile */
    const char *like, *against;                 /* result directories; NULL: not given */
    const char *capture;                        /* run: where frames go; NULL: not given */
    const char *figure, *width, *only, *metric; /* plot; NULL: not given */
    uint32_t seed, repeat;                      /* repeat 0: not given */
    uint32_t threads;                           /* of virtual time; 0: not given */
    bool dry_run, quiet, json, csv, detailed, parameters, hindsight, strict, help, version;
    uint32_t used; /* which options were there: 1u << enum command_option, or-ed */
    char seed_set[1024];
};

struct command {
    const char *name;
    int (*run)(struct command_line *line); /* returns the exit code */
    uint32_t arguments_min, arguments_max; /* after the name */
    uint32_t options;                      /* that it reads, as line->used */
    const char *arguments;                 /* as its usage has them */
    const char *completes; /* what the shell offers for them, as command_option_row has it */
    const char *help;      /* one line */
    const char *about;     /* the rest of its --help; NULL: nothing */
};

/** In the order of --help; the last one has no name. */
extern const struct command command_table[];

/** By name, or NULL. */
const struct command *command_find(const char *name);

/** What it does, how it is called, and its options. */
void command_print(FILE *out, const struct command *self);

/** All commands, and all options with the commands that read them. */
void command_print_all(FILE *out);

/** Was this option given? */
static inline bool command_used(const struct command_line *line, enum command_option option)
{
    return line->used & 1u << option;
}

/** Print the error. Returns 2, the exit code of a wrong command line. */
int command_complain(const char *text);

/** --seed and --repeat are short for the profile's `seeds`. */
void command_fold_seeds(struct command_line *line);

/** `sim` and `twin` are short for the profile's `clock: virtual`. */
void command_force_virtual(struct command_line *line);

/** A profile with all values of its sweep; sweep_close is due even after an error, which was printed. 0 or -errno. */
int command_load(struct sweep *out, const struct command_line *line, const char *name);

/* One per row of the table; each returns the exit code. */
int command_profiles(struct command_line *line);
int command_sim(struct command_line *line);
int command_twin(struct command_line *line);
int command_tune(struct command_line *line);
int command_replay(struct command_line *line);
int command_runs(struct command_line *line);
int command_report(struct command_line *line);
int command_gather(struct command_line *line);
int command_plot(struct command_line *line);
int command_new(struct command_line *line);
int command_list(struct command_line *line);
int command_topo(struct command_line *line);
int command_inject(struct command_line *line);
int command_doctor(struct command_line *line);
int command_help(struct command_line *line);
int command_completion(struct command_line *line);

/** Run the command that the first argument names. Returns the exit code. */
int command_run(struct command_line *line);

/** Is what this command line asks for written to files, whatever is printed? */
bool command_leaves_files(const struct command_line *line);

#endif
