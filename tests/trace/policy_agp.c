/* SPDX-License-Identifier: BSD-3-Clause */
/* AGP: push, collect against the base, keep the newest; the drain, and a last message that is lost. */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

Test(policy_agp, waits_for_nobody)
{
    struct trace_node node;
    trace_open(&node, &policy_agp, 0, 3, PEERS(1, 2), NULL);

    expect_trace(&node,
                 "@0   start -> compute r0\n"
                 "@100 grad  -> apply, mix split d2 {}, send model t1 d2 {0 1}, compute r1\n"
                 "@200 grad  -> apply, mix split d2 {}, send model t2 d2 {0 1}, compute r2\n");
    trace_free(&node);
}

Test(policy_agp, collects_what_has_grown_since_the_base_and_keeps_the_newest_as_base)
{
    struct trace_node node;
    trace_open(&node, &policy_agp, 0, 3, PEERS(1, 2), NULL);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@50  model p0 t1 d2 h10 ->\n"
                        "@100 grad               -> apply, mix split d2 {}, send model t1 d2 {0 1},"
                        " mix collect {0:h10-h0}, compute r1\n"
                        "@150 model p0 t2 d2 h11 ->\n"
                        "@160 model p1 t1 d2 h20 ->\n"
                        "@200 grad               -> apply, mix split d2 {}, send model t2 d2 {0 1},"
                        " mix collect {0:h11-h10 1:h20-h0}, release {0:h10}, compute r2\n");
    trace_free(&node);
}

Test(policy_agp, keeps_only_the_newest_of_what_arrives_between_two_gradients)
{
    struct trace_node node;
    trace_open(&node, &policy_agp, 0, 2, PEERS(1), NULL);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@50  model p0 t1 d1 h10 ->\n"
                        "@60  model p0 t3 d1 h12 -> release {0:h10}\n"
                        "@70  model p0 t2 d1 h11 -> release {0:h11}\n"
                        "@100 grad               -> apply, mix split d1 {}, send model t1 d1 {0},"
                        " mix collect {0:h12-h0}, compute r1\n");
    trace_free(&node);
}

Test(policy_agp, scales_the_step_in_the_other_row)
{
    struct trace_node node;
    trace_open(&node, &policy_agp_yscaled, 0, 2, PEERS(1), NULL);

    expect_trace(&node, "@0   start -> compute r0\n"
                        "@100 grad  -> apply scaled, mix split d1 {}, send model t1 d1 {0},"
                        " compute r1\n");
    trace_free(&node);
}

Test(policy_agp, ends_when_the_last_messages_of_all_are_collected)
{
    struct trace_node node;
    trace_open(&node, &policy_agp, 0, 3, PEERS(1, 2), NULL);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@50  model p0 t1 d2 h10 ->\n"
                        "@100 grad               -> apply, mix split d2 {}, send model t1 d2 {0 1},"
                        " mix collect {0:h10-h0}, compute r1\n"
                        "@120 last p0 t2 d2 h11  ->\n"
                        "@150 stop               -> send last t2 d2 {0 1}, timer 1 @1000150 g1\n"
                        "@160 last p1 t5 d2 h20  -> mix collect {0:h11-h10 1:h20-h0},"
                        " release {0:h10 0:h11 1:h20}, cancel 1, done\n");
    trace_free(&node);
}

Test(policy_agp, asks_for_a_last_message_that_was_lost)
{
    struct trace_node node;
    trace_open(&node, &policy_agp, 0, 3, PEERS(1, 2), NULL);

    expect_trace(&node, "@0       start             -> compute r0\n"
                        "@150     stop              -> send last t1 d2 {0 1},"
                        " timer 1 @1000150 g1\n"
                        "@200     last p0 t2 d2 h11 ->\n"
                        "@1000150 timer 1 g1        -> control AGAIN{} {1},"
                        " timer 1 @3000150 g2\n"
                        "@1000900 last p1 t5 d2 h20 -> mix collect {0:h11-h0 1:h20-h0},"
                        " release {0:h11 1:h20}, cancel 1, done\n"
                        "@1000950 last p1 t5 d2 h20 -> release {1:h20}\n");
    trace_free(&node);
}

Test(policy_agp, repeats_its_last_message_also_when_it_is_done_but_not_before_the_stop)
{
    struct trace_node node;
    trace_open(&node, &policy_agp, 0, 2, PEERS(1), NULL);

    expect_trace(&node, "@0    start             -> compute r0\n"
                        "@100  last p0 t2 d1 h11 ->\n"
                        "@120  control p0 AGAIN  ->\n"
                        "@150  stop              -> send last t1 d1 {0}, mix collect {0:h11-h0},"
                        " release {0:h11}, done\n"
                        "@160  control p0 AGAIN  -> send last t1 d1 {0}\n");
    trace_free(&node);
}

Test(policy_agp, alone_computes)
{
    struct trace_node node;
    trace_open(&node, &policy_agp, 0, 1, PEERS(UINT32_MAX), NULL);

    expect_trace(&node, "@0   start -> compute r0\n"
                        "@100 grad  -> apply, compute r1\n"
                        "@150 stop  -> done\n");
    trace_free(&node);
}
