/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * `--set path=value`: change the tree of a profile before it is checked.
 *
 * The path names any key (`workers.graph.degree`), an item by number from 0 (`inject.0.law.factor`) or a policy by
 * label or kind (`policies.aau.lr`). The value is YAML (`seeds=[1, 2]`); an empty value takes the key back to its
 * default (`target=`). The new nodes carry the `--set` as their place, so all later errors name it.
 */
#ifndef HARNESS_PROFILE_PROFILE_SET_H
#define HARNESS_PROFILE_PROFILE_SET_H

#include "harness/profile/keys.h"
#include "harness/profile/profile_tree.h"

/**
 * `root` is a map. `source`: name `--set path=value`, text the whole `path=value`; kept by the new nodes.
 * Returns 0, or -EINVAL with the reason in `errors` (none if there was nothing to take back).
 */
int profile_set_apply(const struct key_section *keys, struct profile_tree *tree,
                      struct profile_node *root, const struct profile_source *source,
                      struct profile_errors *errors);

#endif
