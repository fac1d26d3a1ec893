/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the files of the profile share: the state of one load, and where values came from.
 */
#ifndef HARNESS_EXPERIMENT_PROFILE_PRIVATE_H
#define HARNESS_EXPERIMENT_PROFILE_PRIVATE_H

#include "harness/experiment/keys_tables.h"
#include "harness/experiment/profile.h"
#include "harness/profile/profile_fill.h"

/** One per row of the key table, for each section that the experiment holds. */
struct profile_origins {
    char file[EXPERIMENT_PATH_MAX];
    struct profile_origin profile[KEYS_MAX];
    struct profile_origin policy[EXPERIMENT_POLICIES_MAX][KEYS_MAX];
    struct profile_origin inject[EXPERIMENT_INJECT_MAX][KEYS_MAX];
    struct profile_origin fault[EXPERIMENT_FAULTS_MAX][KEYS_MAX];
};

#define PROFILE_AS_WRITTEN UINT32_MAX

/** A load in progress. */
struct profile_load {
    struct profile_reader in;
    struct experiment *out;
    char folder[EXPERIMENT_PATH_MAX]; /* in.folder */
    char stem[EXPERIMENT_NAME_MAX];   /* its file name, made a word: the default name */
    uint32_t value;                   /* of the swept key, or PROFILE_AS_WRITTEN */
};

/** What an entry of `inject:`, or the group at `path` of one, leaves unsaid because its other keys say it (key_section.spell). */
void profile_spell_inject(struct profile_tree *tree, const char *path, struct profile_node *node);

/** `jitter: {law: …}` says its kind without naming it. */
void profile_spell_jitter(struct profile_load *load);

/** `{claim: a < b}` among the checks is the text `claim: a < b`, which YAML reads as a map where it is not quoted. */
void profile_spell_claims(struct profile_load *load);

/** What the swept key has before a value of the sweep takes its place. */
void profile_sweep_written(struct profile_load *load);

/** Put value number load->value of the sweep where its key is. `source` is filled, and kept by the tree. */
void profile_sweep_apply(struct profile_load *load, struct profile_source *source);

/** Can the swept key be swept? */
void profile_sweep_check(struct profile_load *load);

/** What single values cannot show: contradictions between them. Only with every value valid. */
void profile_check(struct profile_load *load);

void profile_check_inject(struct profile_load *load);
void profile_check_faults(struct profile_load *load);

/** `list` holds `count` ids of a `what` ("worker"): is each below `limit`, and there once? */
void profile_check_ids(struct profile_load *load, const struct profile_node *list, const char *what,
                       const uint32_t *id, uint32_t count, uint32_t limit);

/** Rates from the file that train.tuned names. Only with a profile that is right without it. */
void profile_tuned(struct profile_load *load);

/** Item `index` of the list at `path` in the profile, or NULL. */
struct profile_node *profile_item(const struct profile_load *load, const char *path,
                                  uint32_t index);

#endif
