/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The bytes of a profile before they mean anything: finding the file, reading it, and refusing what no text editor
 * would write. The YAML library lets NUL and invalid UTF-8 through, so the guard stands in front of it.
 */
#ifndef HARNESS_PROFILE_PROFILE_TEXT_H
#define HARNESS_PROFILE_PROFILE_TEXT_H

#include <stdbool.h>

#include "harness/profile/profile_errors.h"

#define PROFILE_TEXT_BYTES_MAX (1u << 20)

/**
 * Path of a profile: an existing file as it is, else NAME or NAME.yaml (GROUP/NAME in a folder there) among the shipped
 * profiles (prefix.h says where). path: [path_bytes]. 0, or -EINVAL with the nearest shipped name in `errors`.
 */
int profile_text_find(const char *path_or_name, char *path, size_t path_bytes,
                      struct profile_errors *errors);

/** Names (without .yaml, sorted, unique) of the shipped profiles: at most `most` of them, each owned by the caller. */
uint32_t profile_text_shipped(char **names, uint32_t most);

/** The whole file, malloc'd and with a 0 byte behind it, owned by the caller; `source` names it in errors. 0 or -EINVAL. */
int profile_text_read(const char *path, char **text, size_t *length, struct profile_errors *errors);

/** Not empty, no NUL, no control characters but tab and line end, valid UTF-8. 0, or -EINVAL with the first place. */
int profile_text_guard(struct profile_source *source, struct profile_errors *errors);

/**
 * `U+00A0 (no-break space) stands behind '32'; delete it`, of the first character that nobody sees or takes for another.
 * False: the text has none, and `out` is left alone.
 */
bool profile_text_deceives(const char *text, char *out, size_t bytes);

/** The first comment block without its `# `, one line each; at most `bytes` - 1, cut at a line. */
void profile_text_claim(const struct profile_source *source, char *out, size_t bytes);

#endif
