/* SPDX-License-Identifier: BSD-3-Clause */
/* See options.h. getopt_long finds the options; which of them a command has is asked once it is known (command.c). */
#include "harness/command/options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "harness/command/command.h"
#include "harness/profile/suggest.h"
#include "harness/report/table_line.h"
#include "harness/run/executor.h"

#define TO(field) offsetof(struct command_line, field)
#define COUNT_MAX 1000000000u

const struct command_option_row command_options[COMMAND_OPTIONS] = {
    [COMMAND_SET] = {"set", "PATH=VALUE", "override a key of the profile (repeatable)",
                     .kind = TAKES_SET, .letter = 's', .completes = "key"},
    [COMMAND_OUT] = {"out", "DIR",
                     "where result directories go (default: runs); tune: the file, or a folder for "
                     "NAME.tuned.yaml; plot: FILE.svg, FILE.pdf or FILE.png",
                     .offset = TO(out), .kind = TAKES_TEXT, .letter = 'o', .completes = "folder"},
    [COMMAND_SEED] = {"seed", "N",
                      "run this seed; with --repeat, the first of that many; plot: draw it alone",
                      .offset = TO(seed), 0, COUNT_MAX, TAKES_COUNT, .letter = 'S'},
    [COMMAND_REPEAT] = {"repeat", "N",
                        "number of seeds (1, 2, \xe2\x80\xa6 unless --seed says where to start)",
                        .offset = TO(repeat), 1, COUNT_MAX, TAKES_COUNT, .letter = 'r'},
    [COMMAND_DRY_RUN] = {"dry-run", NULL,
                         "print the resolved profile and, as comments, placement or graph, memory "
                         "and time; run nothing",
                         .offset = TO(dry_run)},
    [COMMAND_STRICT] = {"strict", NULL,
                        "exit 4 when a check stays open, because other programs took the cores",
                        .offset = TO(strict)},
    [COMMAND_QUIET] = {"quiet", NULL, "do not say how far it is", .offset = TO(quiet),
                       .letter = 'q'},
    [COMMAND_THREADS] = {"threads", "N",
                         "virtual time: threads for the arithmetic (default: allowed cores)",
                         .offset = TO(threads), 1, EXECUTOR_THREADS_MAX, TAKES_COUNT,
                         .letter = 't'},
    [COMMAND_LIKE] = {"like", "RUN",
                      "costs, latency and cores as in this result directory of a live run without "
                      "stragglers",
                      .offset = TO(like), .kind = TAKES_TEXT, .completes = "run"},
    [COMMAND_AGAINST] = {"against", "RUN",
                         "predict this result directory of the profile run live, with seeds of its "
                         "own (--repeat: how many for each of its seeds, default 4), and compare",
                         .offset = TO(against), .kind = TAKES_TEXT, .completes = "run"},
    [COMMAND_HINDSIGHT] = {"hindsight", NULL,
                           "others have the cores when they had them in the run --against, not in "
                           "the one --like",
                           .offset = TO(hindsight)},
    [COMMAND_FROM] = {"from", "PROFILE", "copy this profile (default: starter)", .offset = TO(from),
                      .kind = TAKES_TEXT, .completes = "profile"},
    [COMMAND_LONG] = {"long", NULL,
                      "list policies: what each waits for, sends, reads and cannot lose; list "
                      "profiles: claims in full; help: every key in full",
                      .offset = TO(detailed)},
    [COMMAND_JSON] = {"json", NULL, "print JSON", .offset = TO(json)},
    [COMMAND_PARAMETERS] = {"parameters", NULL,
                            "execute gradients and mixes too, and compare the final parameters",
                            .offset = TO(parameters)},
    [COMMAND_CAPTURE] = {"capture", "FILE",
                         "write the frames between processes as pcapng, which Wireshark reads: one "
                         "file per process, its number before the suffix of FILE",
                         .offset = TO(capture), .kind = TAKES_TEXT},
    [COMMAND_CSV] = {"csv", NULL, "print the draws", .offset = TO(csv)},
    [COMMAND_FIGURE] = {"figure", "NAME",
                        "what to draw (dawdle list figures; default: convergence)",
                        .offset = TO(figure), .kind = TAKES_TEXT, .letter = 'f',
                        .completes = "figure"},
    [COMMAND_WIDTH] = {"width", "COLUMNS", "of a paper: single, 84 mm (default), or double, 174 mm",
                       .offset = TO(width), .kind = TAKES_TEXT},
    [COMMAND_ONLY] = {"only", "NAMES",
                      "draw only these policies, swept values or labels (policy@value), separated "
                      "by commas",
                      .offset = TO(only), .kind = TAKES_TEXT},
    [COMMAND_METRIC] = {"metric", "NAMES",
                        "figure sweep: these metrics; percentiles: these latencies; separated by "
                        "commas",
                        .offset = TO(metric), .kind = TAKES_TEXT},
    [COMMAND_HELP] = {"help", NULL, "what a command does and takes", .offset = TO(help),
                      .letter = 'h'},
    [COMMAND_VERSION] = {"version", NULL, "which version this is", .offset = TO(version),
                         .letter = 'V'},
};

static int take_count(const struct command_option_row *row, const char *text, uint32_t *out)
{
    char *end;
    const unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || value < row->least || value > row->most) {
        fprintf(stderr, "dawdle: error: --%s: '%s' is not a number from %u to %u\n", row->name,
                text, row->least, row->most);
        return 2;
    }
    *out = (uint32_t)value;
    return 0;
}

static int take(struct command_line *line, uint32_t option, const char *text)
{
    const struct command_option_row *const row = &command_options[option];
    void *const field = (char *)line + row->offset;
    line->used |= 1u << option;
    switch (row->kind) {
    case TAKES_NOTHING:
        *(bool *)field = true;
        return 0;
    case TAKES_TEXT:
        *(const char **)field = text;
        return 0;
    case TAKES_COUNT:
        return take_count(row, text, field);
    case TAKES_SET:
        break;
    }
    if (line->set_count == COMMAND_SETS_MAX) {
        fprintf(stderr, "dawdle: error: more than %u --set\n", COMMAND_SETS_MAX);
        return 2;
    }
    line->set[line->set_count++] = text;
    return 0;
}

/** getopt's own sentences name neither the remedy nor what was meant. */
static int refuse(int why, const char *word, int letter)
{
    struct suggest near = {.typed = word + strspn(word, "-")};
    const bool is_long = strncmp(word, "--", 2) == 0;
    char name[3] = {'-', (char)letter, '\0'};
    for (uint32_t i = 0; i < COMMAND_OPTIONS; i++)
        if (is_long)
            suggest_offer(&near, command_options[i].name);
    if (is_long && strncmp(word, "--fuzz", 6) == 0) /* what it was until 0.2 */
        return command_complain(
            "random scenarios are run by the program dawdle-fuzz, which the build makes "
            "beside the tests: dawdle-fuzz SEEDS");
    if (why == ':')
        fprintf(stderr, "dawdle: error: %s needs an argument", is_long ? word : name);
    else if (is_long && strchr(word, '='))
        fprintf(stderr, "dawdle: error: %s: no such option, or it takes no argument", word);
    else
        fprintf(stderr, "dawdle: error: unknown option '%s'", is_long ? word : name);
    if (near.best && why != ':')
        fprintf(stderr, "; did you mean '--%s'?", near.best);
    fputs(" (see dawdle --help)\n", stderr);
    return 2;
}

/** The table as getopt wants it. A long option is 256 + its row. */
static void describe(struct option known[COMMAND_OPTIONS + 1],
                     char letters[2 * COMMAND_OPTIONS + 2])
{
    *letters++ = ':'; /* getopt is to report a missing argument, not to print it */
    for (uint32_t i = 0; i < COMMAND_OPTIONS; i++) {
        const struct command_option_row *const row = &command_options[i];
        known[i] = (struct option){row->name, row->argument ? required_argument : no_argument, NULL,
                                   256 + (int)i};
        if (row->letter)
            *letters++ = row->letter;
        if (row->letter && row->argument)
            *letters++ = ':';
    }
    known[COMMAND_OPTIONS] = (struct option){0};
    *letters = '\0';
}

/** The row of what getopt found. */
static uint32_t row_of(int found)
{
    uint32_t row = 0;
    if (found >= 256)
        return (uint32_t)found - 256;
    while (row < COMMAND_OPTIONS && command_options[row].letter != found)
        row++;
    return row;
}

static int take_arguments(struct command_line *line, int argc, char **argv)
{
    for (; optind < argc; optind++) {
        if (line->argument_count == COMMAND_ARGUMENTS_MAX) {
            fprintf(stderr, "dawdle: error: more than %u arguments\n", COMMAND_ARGUMENTS_MAX);
            return 2;
        }
        line->argument[line->argument_count++] = argv[optind];
    }
    return 0;
}

int command_options_parse(struct command_line *line, int argc, char **argv)
{
    struct option known[COMMAND_OPTIONS + 1];
    char letters[2 * COMMAND_OPTIONS + 2];
    describe(known, letters);
    for (int found; (found = getopt_long(argc, argv, letters, known, NULL)) != -1;) {
        if (found == '?' || found == ':')
            return refuse(found, argv[optind - 1], optopt);
        if (take(line, row_of(found), optarg))
            return 2;
    }
    return take_arguments(line, argc, argv);
}

void command_print_entry(FILE *out, uint32_t width, const char *head, const char *text)
{
    const char *const columns = getenv("COLUMNS");
    const long wanted = columns ? strtol(columns, NULL, 10) : 0;
    const uint32_t room = (wanted > 40 ? (uint32_t)wanted : 100) - width - 3;
    const uint32_t used = table_width(head);
    fprintf(out, "  %s%*s", head, used < width ? (int)(width - used) : width > 0, "");
    for (const char *blank = ""; *text; blank = " ") {
        const size_t length = table_line_fits(text, room);
        fprintf(out, *blank ? "  %*s%.*s\n" : "%*s%.*s\n", *blank ? (int)width : 0, "", (int)length,
                text);
        text += length + (text[length] == ' ');
    }
}

void command_options_print(FILE *out, uint32_t set)
{
    for (uint32_t i = 0; i < COMMAND_OPTIONS; i++) {
        const struct command_option_row *const row = &command_options[i];
        char head[64], letter[8] = "    ";
        if (row->letter)
            snprintf(letter, sizeof(letter), "-%c, ", row->letter);
        snprintf(head, sizeof(head), "%s--%s%s%s", letter, row->name, row->argument ? "=" : "",
                 row->argument ? row->argument : "");
        if (set & 1u << i)
            command_print_entry(out, 24, head, row->help);
    }
}
