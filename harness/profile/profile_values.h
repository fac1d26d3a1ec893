/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One value of a profile: text to field and back, as its row in the key table says.
 */
#ifndef HARNESS_PROFILE_PROFILE_VALUES_H
#define HARNESS_PROFILE_PROFILE_VALUES_H

#include <stdio.h>

#include "harness/profile/keys.h"

#define PROFILE_WHY_BYTES 1024u

/**
 * Parse `text` into `field` (place.bytes wide; NULL for keys that are only checked). `folder`: what relative paths are
 * relative to. 0, or -EINVAL with one sentence in `why`: what is wrong, what was expected, and the nearest valid name.
 */
int profile_value_parse(const struct key *key, const char *text, const char *folder, void *field,
                        char why[PROFILE_WHY_BYTES]);

/** Print one value as YAML that parses back to exactly the same bits. */
void profile_value_print(FILE *out, const struct key *key, const void *field);

/** `64KiB`: in the largest unit that divides it. Returns `out`. */
const char *profile_value_bytes(uint64_t value, char *out, size_t bytes);

/** Range and unit in words: `1 to 1024 workers`, `a time from 1ms to 24h`; for errors and help. */
void profile_value_expected(const struct key *key, char *out, size_t bytes);

/** All names, comma-separated; cut with ... when they do not fit. */
void profile_value_names(const struct key_names *names, char *out, size_t bytes);

#endif
