/* The table of averaging policies. Adding one is a file, a row here and a trace test. */
#include "core/policy/policy.h"

#include <string.h>

#include "core/policy/rows.h"

const struct policy *const policy_table[] = {
    &policy_none, &policy_allreduce, &policy_dsgd, &policy_adpsgd, &policy_aau,
};
const uint32_t policy_count = sizeof(policy_table) / sizeof(policy_table[0]);

const struct policy *policy_find(const char *name)
{
    for (uint32_t i = 0; i < policy_count; i++)
        if (strcmp(policy_table[i]->name, name) == 0)
            return policy_table[i];
    return NULL;
}
