/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What a profile may choose of a policy: a table of options that the policy's row names, with all that anybody needs to
 * know of them. Profile keys with their defaults and errors, `help`, the echo in results and random scenarios read it.
 */
#ifndef CORE_POLICY_OPTION_H
#define CORE_POLICY_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum policy_option_type {
    OPTION_COUNT,  /* uint32_t */
    OPTION_NS,     /* uint64_t, written with a unit */
    OPTION_SHARE,  /* double in [0, 1] */
    OPTION_BOOL,   /* bool */
    OPTION_CHOICE, /* an enum whose names are `choices`, in its order */
};

struct policy_choice {
    const char *name, *help;
    const char *virtual_only; /* why live runs refuse it, and what to do; NULL: they do not */
    const char *settled;      /* said where a policy came to it by itself; NULL: nothing */
};

/**
 * What random scenarios take, all values alike: of numbers least .. most, of times that many gradients, of shares that many
 * tenths. Choices and bools from `least` to the last. Without `most` a number keeps its default.
 */
struct policy_draw {
    uint32_t least, most; /* OPTION_WORKERS: as many values as there are other workers */
    uint32_t of;          /* > 0: only in one of so many scenarios, and 0 in the others */
};
#define OPTION_WORKERS UINT32_MAX

#define OPTION_HOUR_NS 3600e9
#define OPTION_PEERS_MAX 131072.0 /* workers of the largest run */

struct policy_option {
    const char *name; /* the key; NULL ends a table */
    enum policy_option_type type;
    uint32_t offset, bytes; /* POLICY_OPTION_AT */
    double min, max;        /* numbers */
    const char *fallback;   /* the default, as written in a profile */
    const char *unit;       /* choices: what one of them is called */
    const char *help;
    const struct policy_choice *choices; /* ended by one without a name */
    const char *by, *only; /* read only if the choice `by`, another option, has the name `only` */
    struct policy_draw draw;
};

#define POLICY_OPTIONS_WORDS 8u

/** Values of one row's options, laid out as its own struct (POLICY_OPTIONS); everybody else reads them by name. */
struct policy_options {
    uint64_t word[POLICY_OPTIONS_WORDS];
};

/** Where a value lies in the row's struct. */
#define POLICY_OPTION_AT(own, field) \
    .offset = offsetof(own, field), .bytes = sizeof(((own *)0)->field)

/* Options that several policies have, each in its own struct. */
#define POLICY_OPTION_STEPS(own)                                                                   \
    {                                                                                              \
        .name = "steps", .type = OPTION_COUNT, POLICY_OPTION_AT(own, steps), .min = 1, .max = 1e6, \
        .fallback = "4", .unit = "steps", .help = "local steps from one exchange to the next",     \
        .draw = {1, 5, 0},                                                                         \
    }
#define POLICY_OPTION_COLLECTIVE(own)                                                   \
    {                                                                                   \
        .name = "collective", .type = OPTION_CHOICE, POLICY_OPTION_AT(own, collective), \
        .fallback = "chunked", .unit = "collective", .help = "how a group reduces",     \
        .choices = policy_collectives,                                                  \
    }
#define POLICY_OPTION_STALENESS(own)                                                             \
    {                                                                                            \
        .name = "staleness", .type = OPTION_COUNT, POLICY_OPTION_AT(own, staleness), .max = 1e6, \
        .fallback = "4", .unit = "iterations",                                                   \
        .help = "how far the fastest may be ahead; of hop at most 5", .draw = {0, 5, 0},         \
    }
enum collective_kind { COLLECTIVE_CHUNKED, COLLECTIVE_MODELLED };
extern const struct policy_choice policy_collectives[];

/** A number, a time, 0 or 1, the number of a choice; of a share its bits. */
uint64_t option_value(const struct policy_option *option, const struct policy_options *from);

/** Option `name` of a table, or NULL. */
const struct policy_option *option_find(const struct policy_option *table, const char *name);

/** Names in `choices`. */
static inline uint32_t policy_choices(const struct policy_option *option)
{
    uint32_t count = 0;
    while (option->choices && option->choices[count].name)
        count++;
    return count;
}

#endif
