/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

static struct trace_node node;

/* Worker 4 with the one neighbour 7, so that the random choice has one outcome. */
static void open_pair(uint32_t steps)
{
    trace_open(&node, &policy_swarm, 4, 8, PEERS(7), OPTIONS(policy_swarm, "steps: %u", steps));
}

static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_swarm, .fini = close_node);

Test(policy_swarm, asks_after_its_local_steps_and_computes_again_after_the_exchange)
{
    open_pair(2);

    expect_trace(&node, "@0   start                -> compute r0\n"
                        "@100 grad                 -> apply, compute r1\n"
                        "@200 grad                 -> apply, control REQUEST{1} {0}\n"
                        "@210 response p0 t4.1 h70 -> send return t4.1 d1 {0}, mix mean {0:h70:w1},"
                        " release {0:h70}, compute r2\n"
                        "@300 grad                 -> apply, compute r3\n"
                        "@400 grad                 -> apply, control REQUEST{2} {0}\n");
}

Test(policy_swarm, answers_between_two_steps_and_counts_that_as_its_exchange)
{
    open_pair(2);

    expect_trace(&node, "@0   start                 -> compute r0\n"
                        "@50  control p0 REQUEST{5} ->\n"
                        "@100 grad                  -> apply, send response t7.5 d1 {0}\n"
                        "@110 return p0 t7.5 h70    -> mix mean {0:h70:w1}, release {0:h70},"
                        " compute r1\n"
                        "@200 grad                  -> apply, compute r2\n"
                        "@300 grad                  -> apply, control REQUEST{1} {0}\n");
}

Test(policy_swarm, owes_nothing_any_more_when_it_was_asked_just_when_it_wanted_to_ask)
{
    open_pair(1);

    expect_trace(&node, "@0   start                 -> compute r0\n"
                        "@50  control p0 REQUEST{5} ->\n"
                        "@100 grad                  -> apply, send response t7.5 d1 {0}\n"
                        "@110 return p0 t7.5 h70    -> mix mean {0:h70:w1}, release {0:h70},"
                        " compute r1\n");
}

Test(policy_swarm, steps_are_checked)
{
    open_pair(1);

    cr_expect_null(policy_swarm.check(&node.config));
    node.config.options = options_read(&policy_swarm, "steps: 0");
    cr_expect_str_eq(policy_swarm.check(&node.config), "swarm needs steps of at least 1");
}
