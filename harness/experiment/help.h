/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * `dawdle help [WORD]` and `dawdle list WHAT`: the key table (help.c) and the tables of names (list.c), as text.
 */
#ifndef HARNESS_EXPERIMENT_HELP_H
#define HARNESS_EXPERIMENT_HELP_H

#include <stdio.h>

#include "harness/experiment/keys_tables.h"

/** All keys, a line or two for each. */
void help_print(FILE *out);

/** All keys in full. The manual page dawdle-profile(5) is made of it. */
void help_print_long(FILE *out);

/**
 * The keys below a group (`workers.graph`), or one key in full. Keys of list entries are called `policies.lr` and
 * `inject.law.factor`. Returns how many there are.
 */
uint32_t help_keys(FILE *out, const char *wanted);

/** All that is known of what has this name: policies, laws, faults, metrics … Returns how many there are. */
uint32_t help_names(FILE *out, const char *word);

/** What may have been meant by a word that is neither. */
void help_suggest(struct suggest *nearest);
void help_names_suggest(struct suggest *nearest);

/** The kinds that can be listed, one after the other; NULL behind the last. `profiles` is none of them. */
const struct key_names *list_kind(uint32_t index);

/**
 * Names of one kind with their help: policies, laws, faults, graphs, models, formats, edges, metrics, profiles (with what
 * each claims, in one line); NULL prints all kinds. Returns 0, or 2 with the valid kinds on `errors`.
 */
int list_print(FILE *out, FILE *errors, const char *what);

/**
 * `dawdle list policies --long`: of each policy what it waits for, its edges, delivery class, matrix class and options, and
 * what a lost message breaks. `dawdle list profiles --long`: each claim in full, and what would refute it. Other kinds have no more to say than list_print does: 2, with a sentence to `errors`.
 */
int list_print_long(FILE *out, FILE *errors, const char *what);

#endif
