/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the files of the profile share: the state of one load, and where values came from.
 */
#ifndef HARNESS_EXPERIMENT_PROFILE_PRIVATE_H
#define HARNESS_EXPERIMENT_PROFILE_PRIVATE_H

#include "harness/experiment/keys_tables.h"
#include "harness/experiment/profile.h"
#include "harness/profile/profile_tree.h"

/** Origin of one value. */
enum origin_kind { ORIGIN_UNSET, ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_SET, ORIGIN_TUNED };

struct profile_origin {
    enum origin_kind kind;
    uint32_t line, column; /* ORIGIN_FILE */
};

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
    struct experiment *out;
    struct profile_errors *errors;
    struct profile_tree tree;
    struct profile_node *root; /* a map */
    struct profile_source source;
    char folder[EXPERIMENT_PATH_MAX]; /* of the profile: paths inside are relative to it */
    char stem[EXPERIMENT_NAME_MAX];   /* its file name, made a word: the default name */
    uint32_t value;                   /* of the swept key, or PROFILE_AS_WRITTEN */
};

/** Place of a node, or of the profile as a whole for NULL. */
struct profile_mark profile_place(const struct profile_load *load, const struct profile_node *node);

/** Key `node` of the map at `path` stands in no table: says so, with what was meant where that is plain. */
void profile_refuse_unknown(struct profile_load *load, const struct key_section *section,
                            const char *path, struct profile_node *map,
                            const struct profile_node *node);

/** Spell out short forms and refuse unknown keys, all through `node` (a map of this section). */
void profile_normalise(struct profile_load *load, const struct key_section *section,
                       struct profile_node *node);

/** What an entry of `inject:` leaves unsaid because its other keys say it, as keys: the entry, and the group at `path` of one. */
void profile_spell_entry(struct profile_load *load, struct profile_node *entry);
void profile_spell_group(struct profile_load *load, const char *path, struct profile_node *node);

/** `jitter: {law: …}` says its kind without naming it. */
void profile_spell_jitter(struct profile_load *load);

/** `{claim: a < b}` among the checks is the text `claim: a < b`, which YAML reads as a map where it is not quoted. */
void profile_spell_claims(struct profile_load *load);

/** Every row of the section into the struct at `base`. `map` as normalised. */
void profile_fill(struct profile_load *load, const struct key_section *section,
                  struct profile_node *map, void *base, struct profile_origin *origin);

/** Does `map` (of group path `group`) hold a misspelt `leaf`? That one was refused already; that the right name is
 * missing is no news. */
bool profile_misspelt(const struct key_section *section, const struct profile_node *map,
                      const char *group, const char *leaf);

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

/** The value of one key as the echo has it; `base` is its section's struct. */
void profile_write_value(FILE *out, const struct key *key, const void *base);

/** Item `index` of the list at `path` in the profile, or NULL. */
struct profile_node *profile_item(const struct profile_load *load, const char *path,
                                  uint32_t index);

#endif
