/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

Test(policy_none, computes_and_applies_and_sends_nothing)
{
    struct trace_node node;
    trace_open(&node, &policy_none, 0, 4, PEERS(UINT32_MAX), NULL);

    expect_trace(&node, "@0   start   -> compute r0\n"
                        "@100 grad    -> apply, compute r1\n"
                        "@200 grad    -> apply, compute r2\n"
                        "@250 stop t9 -> done\n");
    trace_free(&node);
}

Test(policy_none, every_row_of_the_table_can_be_found_by_its_name)
{
    for (uint32_t i = 0; i < policy_count; i++) {
        const struct policy *row = policy_table[i];
        cr_expect_eq(policy_find(row->name), row);
        cr_expect(row->help && row->source && row->waits_for && row->lost_message);
    }

    cr_expect_null(policy_find("nonesuch"));
}
