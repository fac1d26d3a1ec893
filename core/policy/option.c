/* SPDX-License-Identifier: BSD-3-Clause */
/* Options by name: what those ask who do not know the row. */
#include "core/policy/option.h"

#include <string.h>

#include "core/base/check.h"

uint64_t option_value(const struct policy_option *option, const struct policy_options *from)
{
    uint64_t value = 0; /* little-endian, as all that this is built for */
    CHECK(option->bytes <= sizeof(value));
    memcpy(&value, (const char *)from + option->offset, option->bytes);
    return value;
}

const struct policy_option *option_find(const struct policy_option *table, const char *name)
{
    for (const struct policy_option *o = table; o && o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}
