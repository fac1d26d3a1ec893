/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The keys of a profile of this program: one visible table in four sections, the profile itself and the entries of
 * `policies:`, `inject:` and `faults:`; each section has a file of rows. Adding a key = one row and a field of struct
 * experiment.
 */
#ifndef HARNESS_EXPERIMENT_KEYS_TABLES_H
#define HARNESS_EXPERIMENT_KEYS_TABLES_H

#include "core/policy/policy.h"
#include "harness/profile/keys.h"

#define KEYS_SECTIONS 4u
extern const struct key_section keys_sections[KEYS_SECTIONS];
#define KEYS_PROFILE (&keys_sections[0])
#define KEYS_POLICY (&keys_sections[1])
#define KEYS_INJECT (&keys_sections[2])
#define KEYS_FAULT (&keys_sections[3])

/** Sets that more than one file needs. */
extern const struct key_names keys_policies, keys_laws, keys_graphs, keys_models, keys_formats,
    keys_edges, keys_links, keys_launchers;
extern const struct key_names keys_clocks, keys_shards, keys_tiers, keys_jitters, keys_link_jitters;
extern const struct key_names keys_metrics, keys_figures, keys_counters, keys_whats, keys_scopes,
    keys_modes, keys_selects, keys_eaches, keys_ofs, keys_draws, keys_cpukinds, keys_directions;
extern const struct key_names keys_faults, keys_disks, keys_plots;

struct experiment_policy;

/** Is this row an option that the policy reads, given its other options? */
bool keys_option_applies(const struct key *key, const struct experiment_policy *policy);

/** The option's value as in a profile. */
void keys_option_value(const struct key *key, const struct experiment_policy *policy, char *out,
                       uint32_t bytes);

#endif
