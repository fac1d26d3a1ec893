/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * `dawdle help [KEY]` and `dawdle list WHAT`: the key table and the tables of names, as text.
 */
#ifndef HARNESS_EXPERIMENT_HELP_H
#define HARNESS_EXPERIMENT_HELP_H

#include <stdio.h>

/**
 * All keys (NULL), the keys below a group (`workers.graph`), or one key in full. Keys of list entries are called
 * `policies.lr` and `inject.law.factor`. Returns 0, or 2 for an unknown key, with the nearest one on `errors`.
 */
int help_print(FILE *out, FILE *errors, const char *key);

/** All keys in full. The manual page dawdle-profile(5) is made of it. */
void help_print_long(FILE *out);

/**
 * Names of one kind with their help: policies, laws, faults, graphs, models, formats, edges, profiles (with what
 * each claims, in one line); NULL prints all kinds. Returns 0, or 2 with the valid kinds on `errors`.
 */
int list_print(FILE *out, FILE *errors, const char *what);

/**
 * `dawdle list policies --long`: of each policy what it waits for, its edges, delivery class, matrix class and options, and
 * what a lost message breaks. `dawdle list profiles --long`: each claim in full, and what would refute it. Other kinds have no more to say than list_print does: 2, with a sentence to `errors`.
 */
int list_print_long(FILE *out, FILE *errors, const char *what);

#endif
