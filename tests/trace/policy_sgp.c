/* SPDX-License-Identifier: BSD-3-Clause */
/* SGP: one share per iteration to the next hop, one from behind; late and early shares; the drain. */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

#define OVERLAP_1 OPTIONS(policy_sgp, "overlap: 1")

/* Worker 1 of 4: hops of 1 and 2 in turn; to 2 and 3, from 0 and 3. */
static void open_four(struct trace_node *node, const struct policy_config *options)
{
    trace_open(node, &policy_sgp, 1, 4, PEERS(0, 2, 3), options);
}

Test(policy_sgp, pushes_half_to_the_next_peer_of_the_exponential_graph)
{
    struct trace_node node;
    open_four(&node, NULL);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 grad               -> apply, send model t0 d1 {1}\n"
                        "@110 model p0 t0 d1 h10 -> mix shares d1 {0:h10:w1}, release {0:h10},"
                        " compute r1\n"
                        "@200 grad               -> apply, send model t1 d1 {2}\n"
                        "@210 model p2 t1 d1 h31 -> mix shares d1 {2:h31:w1}, release {2:h31},"
                        " compute r2\n");
    trace_free(&node);
}

Test(policy_sgp, keeps_a_share_that_is_ahead_for_its_iteration)
{
    struct trace_node node;
    open_four(&node, NULL);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@90  model p2 t1 d1 h31 ->\n"
                        "@100 grad               -> apply, send model t0 d1 {1}\n"
                        "@110 model p0 t0 d1 h10 -> mix shares d1 {0:h10:w1}, release {0:h10},"
                        " compute r1\n"
                        "@200 grad               -> apply, send model t1 d1 {2},"
                        " mix shares d1 {2:h31:w1}, release {2:h31}, compute r2\n");
    trace_free(&node);
}

Test(policy_sgp, with_overlap_goes_on_without_this_iterations_share_and_takes_it_in_later)
{
    struct trace_node node;
    open_four(&node, OVERLAP_1);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 grad               -> apply, send model t0 d1 {1},"
                        " mix shares d1 {}, compute r1\n"
                        "@150 model p0 t0 d1 h10 ->\n"
                        "@200 grad               -> apply, send model t1 d1 {2},"
                        " mix shares d1 {0:h10:w1}, release {0:h10}, compute r2\n");
    trace_free(&node);
}

Test(policy_sgp, with_overlap_waits_for_the_share_that_may_be_late_no_longer)
{
    struct trace_node node;
    open_four(&node, OVERLAP_1);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 grad               -> apply, send model t0 d1 {1},"
                        " mix shares d1 {}, compute r1\n"
                        "@200 grad               -> apply, send model t1 d1 {2}\n"
                        "@210 model p2 t1 d1 h31 ->\n"
                        "@220 model p0 t0 d1 h10 -> mix shares d1 {0:h10:w1 2:h31:w1},"
                        " release {0:h10 2:h31}, compute r2\n");
    trace_free(&node);
}

Test(policy_sgp, takes_in_what_is_still_on_its_way_before_it_is_done)
{
    struct trace_node node;
    open_four(&node, OVERLAP_1);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 grad               -> apply, send model t0 d1 {1},"
                        " mix shares d1 {}, compute r1\n"
                        "@110 model p0 t0 d1 h10 ->\n"
                        "@150 stop t1            ->\n"
                        "@200 grad               -> apply, send model t1 d1 {2},"
                        " mix shares d1 {0:h10:w1}, release {0:h10}\n"
                        "@210 model p2 t1 d1 h31 -> mix shares d0 {2:h31:w1}, release {2:h31},"
                        " done\n");
    trace_free(&node);
}

Test(policy_sgp, drops_a_gradient_beyond_the_last_round)
{
    struct trace_node node;
    open_four(&node, OVERLAP_1);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 grad               -> apply, send model t0 d1 {1},"
                        " mix shares d1 {}, compute r1\n"
                        "@150 stop t0            ->\n"
                        "@210 model p0 t0 d1 h10 -> mix shares d0 {0:h10:w1}, release {0:h10},"
                        " done\n");
    trace_free(&node);
}

Test(policy_sgp, of_two_workers_exchanges_with_the_other_one)
{
    struct trace_node node;
    trace_open(&node, &policy_sgp, 0, 2, PEERS(1), NULL);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 grad               -> apply, send model t0 d1 {0}\n"
                        "@110 model p0 t0 d1 h10 -> mix shares d1 {0:h10:w1}, release {0:h10},"
                        " compute r1\n"
                        "@200 grad               -> apply, send model t1 d1 {0}\n"
                        "@205 stop t1            ->\n"
                        "@210 model p0 t1 d1 h11 -> mix shares d1 {0:h11:w1}, release {0:h11},"
                        " done\n");
    trace_free(&node);
}

Test(policy_sgp, alone_computes)
{
    struct trace_node node;
    trace_open(&node, &policy_sgp, 0, 1, PEERS(UINT32_MAX), NULL);

    expect_trace(&node, "@0   start   -> compute r0\n"
                        "@100 grad    -> apply, compute r1\n"
                        "@150 stop t1 ->\n"
                        "@200 grad    -> apply, done\n");
    trace_free(&node);
}

Test(policy_sgp, refuses_more_overlap_than_its_channels_hold)
{
    struct policy_config config = {.options = options_read(&policy_sgp, "overlap: 3")};

    cr_expect_null(policy_sgp.check(&config));
    config.options = options_read(&policy_sgp, "overlap: 4");
    cr_expect_not_null(policy_sgp.check(&config));
}
