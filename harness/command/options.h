/* SPDX-License-Identifier: BSD-3-Clause */
/** All options of the program, one row each: what parses them, what refuses them, `--help` and completion read this table. */
#ifndef HARNESS_COMMAND_OPTIONS_H
#define HARNESS_COMMAND_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct command_line;

/** Rows of the table; as a set, `1u << option`. */
enum command_option {
    COMMAND_SET,
    COMMAND_OUT,
    COMMAND_SEED,
    COMMAND_REPEAT,
    COMMAND_DRY_RUN,
    COMMAND_STRICT,
    COMMAND_QUIET,
    COMMAND_THREADS,
    COMMAND_LIKE,
    COMMAND_AGAINST,
    COMMAND_HINDSIGHT,
    COMMAND_FROM,
    COMMAND_LONG,
    COMMAND_JSON,
    COMMAND_PARAMETERS,
    COMMAND_CAPTURE,
    COMMAND_CSV,
    COMMAND_FIGURE,
    COMMAND_WIDTH,
    COMMAND_ONLY,
    COMMAND_METRIC,
    COMMAND_HELP,
    COMMAND_VERSION,
    COMMAND_OPTIONS
};

/** What its argument is, and where it goes. */
enum command_option_kind {
    TAKES_NOTHING, /* bool */
    TAKES_TEXT,    /* const char * */
    TAKES_COUNT,   /* uint32_t from `least` to `most` */
    TAKES_SET,     /* one more of line->set */
};

struct command_option_row {
    const char *name, *argument; /* argument NULL: it takes none */
    const char *help;
    uint32_t offset; /* in struct command_line */
    uint32_t least, most;
    enum command_option_kind kind;
    char letter; /* 0: none */
    const char *
        completes; /* what the shell offers: "profile", "run", "folder", "key", "figure"; NULL: nothing */
};

extern const struct command_option_row command_options[COMMAND_OPTIONS];

/**
 * Options and arguments of the program, in any order, into `line`; line->used is the set of options that were there. 0, or
 * 2 with the error printed.
 */
int command_options_parse(struct command_line *line, int argc, char **argv);

/** `-o, --out=DIR   what it is for`, for each option of the set. */
void command_options_print(FILE *out, uint32_t set);

/** `head` in `width` columns, then `text` broken between words where the terminal ends. */
void command_print_entry(FILE *out, uint32_t width, const char *head, const char *text);

#endif
