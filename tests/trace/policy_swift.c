/* SPDX-License-Identifier: BSD-3-Clause */
/* SWIFT: send, compute, average with what is known of the neighbours, step. */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

#define EVERY_STEP OPTIONS(policy_swift, "steps: 1")

Test(policy_swift, gives_the_weight_of_unheard_neighbours_to_itself)
{
    struct trace_node node;
    trace_open(&node, &policy_swift, 0, 3, PEERS(1, 2), EVERY_STEP);

    expect_trace(&node, "@0   start              -> send model t0 d2 {0 1}, compute r0\n"
                        "@50  model p1 t0 d1 h20 ->\n"
                        "@100 grad               -> mix weighted d2 {1:h20:w1}, apply,"
                        " send model t1 d2 {0 1}, compute r1\n");
    trace_free(&node);
}

Test(policy_swift, keeps_the_newest_copy_and_uses_it_again)
{
    struct trace_node node;
    trace_open(&node, &policy_swift, 0, 3, PEERS(1, 2), EVERY_STEP);

    expect_trace(&node, "@0   start              -> send model t0 d2 {0 1}, compute r0\n"
                        "@50  model p0 t0 d2 h10 ->\n"
                        "@60  model p1 t0 d2 h20 ->\n"
                        "@70  model p1 t1 d2 h21 -> release {1:h20}\n"
                        "@100 grad               -> mix weighted d1 {0:h10:w1 1:h21:w1}, apply,"
                        " send model t1 d2 {0 1}, compute r1\n"
                        "@200 grad               -> mix weighted d1 {0:h10:w1 1:h21:w1}, apply,"
                        " send model t2 d2 {0 1}, compute r2\n");
    trace_free(&node);
}

Test(policy_swift, averages_every_so_many_steps)
{
    struct trace_node node;
    trace_open(&node, &policy_swift, 0, 2, PEERS(1), OPTIONS(policy_swift, "steps: 2"));

    expect_trace(&node, "@0   start              -> send model t0 d1 {0}, compute r0\n"
                        "@50  model p0 t0 d1 h10 ->\n"
                        "@100 grad               -> apply, send model t1 d1 {0}, compute r1\n"
                        "@200 grad               -> mix weighted d1 {0:h10:w1}, apply,"
                        " send model t2 d1 {0}, compute r2\n"
                        "@300 grad               -> apply, send model t3 d1 {0}, compute r3\n");
    trace_free(&node);
}

Test(policy_swift, ignores_a_copy_that_was_overtaken)
{
    struct trace_node node;
    trace_open(&node, &policy_swift, 0, 2, PEERS(1), EVERY_STEP);

    expect_trace(&node, "@0   start              -> send model t0 d1 {0}, compute r0\n"
                        "@50  model p0 t4 d1 h14 ->\n"
                        "@60  model p0 t3 d1 h13 -> release {0:h13}\n");

    cr_expect_eq(agent_counters(&node.agent).dropped, 1);
    trace_free(&node);
}

Test(policy_swift, returns_everything_at_the_stop_and_what_comes_later_at_once)
{
    struct trace_node node;
    trace_open(&node, &policy_swift, 0, 3, PEERS(1, 2), EVERY_STEP);

    expect_trace(&node, "@0   start              -> send model t0 d2 {0 1}, compute r0\n"
                        "@50  model p1 t0 d1 h20 ->\n"
                        "@90  stop               -> release {1:h20}, done\n"
                        "@95  model p1 t1 d1 h21 -> release {1:h21}\n"
                        "@96  model p0 t0 d1 h10 -> release {0:h10}\n");
    trace_free(&node);
}

Test(policy_swift, refuses_to_average_every_zeroth_step)
{
    cr_expect_not_null(policy_swift.check(&(struct policy_config){0}));
    cr_expect_null(policy_swift.check(EVERY_STEP));
}
