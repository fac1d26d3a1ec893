/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of averaging policies. Adding one is a file, a row in rows.h and a trace test: CONTRIBUTING.md. */
#include "core/policy/policy.h"

#include <string.h>

#include "core/policy/rows.h"

#define POLICY_ROW_ADDRESS(name) &policy_##name,
const struct policy *const policy_table[] = {POLICY_ROWS(POLICY_ROW_ADDRESS)};
const uint32_t policy_count = sizeof(policy_table) / sizeof(policy_table[0]);

const struct policy *policy_find(const char *name)
{
    for (uint32_t i = 0; i < policy_count; i++)
        if (strcmp(policy_table[i]->name, name) == 0)
            return policy_table[i];
    return NULL;
}

const char *policy_refuses(const struct policy *row, bool returns)
{
    if (!row->survives_loss)
        return row->loss_refusal ? row->loss_refusal : "it does not say how it goes on without one";
    if (returns && !row->survives_return)
        return row->return_refusal ? row->return_refusal : "it does not say how one comes back";
    return NULL;
}

uint64_t policy_value(const struct policy *row, const struct policy_options *options,
                      const char *name)
{
    const struct policy_option *const option = option_find(row->options, name);
    return option ? option_value(option, options) : 0;
}

bool policy_chooses(const struct policy *row, const struct policy_options *options,
                    const char *name, const char *choice)
{
    const struct policy_option *const option = option_find(row->options, name);
    return option && strcmp(option->choices[option_value(option, options)].name, choice) == 0;
}

bool policy_models_reduction(const struct policy *row, const struct policy_options *options)
{
    return policy_chooses(row, options, "collective", "modelled");
}

uint64_t policy_evicts_after_ns(const struct policy *row, const struct policy_options *options)
{
    return policy_value(row, options, "evict_after");
}

struct policy_options policy_settle(const struct policy *row, struct policy_options options,
                                    uint32_t workers, bool omniscient)
{
    if (row->settle)
        row->settle(&options, workers, omniscient);
    return options;
}

const struct policy *policy_variant(const struct policy *row, const struct policy_options *options,
                                    uint32_t workers)
{
    const struct policy *const other = row->variant ? row->variant(options, workers) : NULL;
    return other ? other : row;
}
