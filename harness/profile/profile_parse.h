/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * YAML to tree, safely.
 *
 * Built from libfyaml's event stream, never from its document resolver: aliases (`*name`) and merge keys (`<<: *name`)
 * are expanded here, within a budget of nodes, so an alias bomb ends in an error. Refused with a place: duplicate keys,
 * tags, more than one document, nesting deeper than 16, keys that are not plain text, control characters in values.
 */
#ifndef HARNESS_PROFILE_PROFILE_PARSE_H
#define HARNESS_PROFILE_PROFILE_PARSE_H

#include "harness/profile/profile_tree.h"

/** Values of one profile, --set and expanded aliases included. */
#define PROFILE_NODES_MAX 8192u

/**
 * Parse one source, already guarded (profile_text.h). *root is NULL on error (all in `errors`) and for a source without
 * content. Returns 0 or -EINVAL.
 */
int profile_parse(struct profile_tree *tree, const struct profile_source *source,
                  struct profile_node **root, struct profile_errors *errors);

#endif
