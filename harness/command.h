/** The commands of the program, one row each, and the command line they read. */
#ifndef HARNESS_COMMAND_H
#define HARNESS_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

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
};

struct command_line {
    const char *argument[COMMAND_ARGUMENTS_MAX];
    uint32_t argument_count;
    const char *set[COMMAND_SETS_MAX + 1]; /* one more for what --seed and --repeat mean */
    uint32_t set_count;
    const char *out;
    uint32_t seed, repeat; /* repeat 0: not given */
    bool has_seed, dry_run, quiet, json, csv;
    unsigned used; /* enum command_option, or-ed */
    char seed_set[1024];
};

/** Run the command that the first argument names. Returns the exit code. */
int command_run(struct command_line *line);

#endif
