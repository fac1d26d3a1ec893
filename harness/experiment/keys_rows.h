/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the files of the key table share: one file and one array of rows per section, and how a row says where its value goes.
 */
#ifndef HARNESS_EXPERIMENT_KEYS_ROWS_H
#define HARNESS_EXPERIMENT_KEYS_ROWS_H

#include <stddef.h>

#include "harness/experiment/keys_tables.h"

/** One value. */
#define KEYS_IN(type, field)                                              \
    {                                                                     \
        offsetof(type, field), sizeof(((type *)0)->field), 0, 0, 0, false \
    }

/** A list that is always full. */
#define KEYS_ITEMS(type, field, least, most)                                        \
    {                                                                               \
        offsetof(type, field), sizeof(((type *)0)->field[0]), 0, least, most, false \
    }

/** A list whose length is in `count`. */
#define KEYS_COUNTED(type, field, count, least, most)                                             \
    {                                                                                             \
        offsetof(type, field), sizeof(((type *)0)->field[0]), offsetof(type, count), least, most, \
            true                                                                                  \
    }

/** Checked, or filled in by other code. */
#define KEYS_UNSTORED        \
    {                        \
        0, 0, 0, 0, 0, false \
    }

#define KEYS_HOUR_NS 3600e9

extern const struct key keys_profile_row[], keys_inject_row[], keys_fault_row[];
extern const uint32_t keys_profile_rows, keys_inject_rows, keys_fault_rows;

/** Complete after the first keys_policy_make. */
extern struct key keys_policy_row[];
extern uint32_t keys_policy_rows;
void keys_policy_make(void);

#endif
