/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * From a YAML profile to a checked struct experiment, and back.
 *
 * Loading reads the file, applies `--set`, fills defaults and checks everything; all errors are collected and nothing
 * else happens. The grammar is the key table (keys_tables.h). Short forms: a bare value where a map is expected stands for its
 * `kind` (`graph: ring`, `edges: handle`, `policies: [dsgd]`), `format` (`data: none`), `count` (`workers: 8`) or `time` (`stop: 4s`).
 * Anchors, aliases and merge keys work, within limits (profile_tree.h).
 */
#ifndef HARNESS_EXPERIMENT_PROFILE_H
#define HARNESS_EXPERIMENT_PROFILE_H

#include "harness/experiment/experiment.h"
#include "harness/profile/profile_errors.h"

/**
 * Fill `out` (about 500 KiB: keep it off small stacks) from a file or the name of a shipped profile. set: [set_count]
 * `path=value`, applied in order. `errors` is zeroed by the caller and may already hold errors.
 *
 * Returns 0; then profile_free is due. Or -EINVAL with at least one more error; then `out` is zeroed and owns nothing.
 */
int profile_load(struct experiment *out, const char *path_or_name, const char *const *set,
                 uint32_t set_count, struct profile_errors *errors);

/**
 * The same with the swept key at value `value` (an index below sweep.count of the profile as it loads without it). Errors
 * say which value they belong to.
 */
int profile_load_value(struct experiment *out, const char *path_or_name, const char *const *set,
                       uint32_t set_count, uint32_t value, struct profile_errors *errors);

void profile_free(struct experiment *experiment);

/** `file.yaml:4:12: `, where key `key` of entry `entry` of `inject:` stands; "" where it stands in no file. For errors of a plan. */
void profile_where_inject(const struct experiment *experiment, uint32_t entry, const char *key,
                          char *out, size_t bytes);

/**
 * The fully resolved profile: every key that applies, with its value and, as a comment, whether it is a default, stands
 * in the profile (file:line) or came from a --set. Loads again to the same experiment. Only for loaded experiments.
 */
void profile_write_resolved(FILE *out, const struct experiment *experiment);

/** The same without where values came from: equal texts mean equal experiments. */
void profile_write_values(FILE *out, const struct experiment *experiment);

/**
 * What a tuned rate depends on (tuned_file.h): the profile around its policies, and one policy's options. Rates, labels,
 * seeds, checks, claims and the folders of files do not count. Only for loaded experiments.
 */
uint64_t profile_digest(const struct experiment *experiment);
uint64_t profile_digest_policy(const struct experiment *experiment, uint32_t policy);
/** Does neither depend on this key, written as for --set? */
bool profile_digest_ignores(const char *path);

/** Do both say the same below `inject:` (`faults:`), defaults and the folders of files aside? */
bool profile_same_injects(const struct experiment *a, const struct experiment *b);
bool profile_same_faults(const struct experiment *a, const struct experiment *b);

#endif
