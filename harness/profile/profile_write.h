/* SPDX-License-Identifier: BSD-3-Clause */
/** Structs as YAML again: the table of keys in its own order, with the origin of each value behind it. */
#ifndef HARNESS_PROFILE_PROFILE_WRITE_H
#define HARNESS_PROFILE_PROFILE_WRITE_H

#include <stdio.h>

#include "harness/profile/profile_fill.h"

/** All rows of one section that have a value. `file`: what ORIGIN_FILE means. `indent` > 0: an entry of a list. */
void profile_write_section(FILE *out, const struct key_section *section, const void *base,
                           const char *file, const struct profile_origin *origin, uint32_t indent);

/** The value of one key; `base` is its section's struct. */
void profile_write_value(FILE *out, const struct key *key, const void *base);

#endif
