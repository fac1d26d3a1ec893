/* SPDX-License-Identifier: BSD-3-Clause */
/* The sections of the key table, and what only policies have: options that other options decide about. */
#include "harness/experiment/keys_tables.h"

#include <stdio.h>
#include <string.h>

#include "harness/experiment/experiment.h"
#include "harness/experiment/keys_rows.h"
#include "harness/experiment/profile_private.h"
#include "harness/profile/profile_values.h"

const struct key_section keys_sections[KEYS_SECTIONS] = {
    {.name = "",
     .title = "Keys of a profile",
     .row = keys_profile_row,
     .rows = &keys_profile_rows,
     .part = &keys_sections[1],
     .parts = 3},
    {.name = "policies",
     .title = "Keys of an entry of policies:",
     .row = keys_policy_row,
     .rows = &keys_policy_rows,
     .make = keys_policy_make,
     .such_as = " or a name"},
    {.name = "inject",
     .title = "Keys of an entry of inject:",
     .row = keys_inject_row,
     .rows = &keys_inject_rows,
     .such_as = ", such as {select: ..., law: ...}",
     .spell = profile_spell_inject},
    {.name = "faults",
     .title = "Keys of an entry of faults:",
     .row = keys_fault_row,
     .rows = &keys_fault_rows,
     .such_as = ", such as {kind: ..., at: ...}"},
};

bool keys_option_applies(const struct key *key, const struct experiment_policy *policy)
{
    if (key->section != KEYS_POLICY || !key->by)
        return false;
    const struct key *const by = keys_find(KEYS_POLICY, key->by);
    if (!by->by)
        return keys_applies(key, by->names, policy->row->name) &&
               option_find(policy->row->options, key->path);
    if (!keys_option_applies(by, policy))
        return false;
    uint32_t choice; /* an option that others hang on is a choice */
    memcpy(&choice, (const char *)policy + by->place.offset, sizeof(choice));
    return keys_applies(key, by->names, keys_name_at(by->names, choice).name);
}

void keys_option_value(const struct key *key, const struct experiment_policy *policy, char *out,
                       uint32_t bytes)
{
    FILE *const text = fmemopen(out, bytes, "w");
    out[0] = '\0';
    if (!text)
        return;
    profile_value_print(text, key, (const char *)policy + key->place.offset);
    fclose(text);
}
