/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <signal.h>

#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

static struct trace_node node;

static void open_middle(void)
{
    trace_open(&node, &policy_dsgd, 1, 3, PEERS(0, 2), NULL);
}
static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_dsgd, .init = open_middle, .fini = close_node);

Test(policy_dsgd, mixes_when_the_round_of_every_neighbour_is_here)
{
    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 grad               -> apply, send model t0 d2 {0 1}\n"
                        "@150 model p1 t0 d1 h21 ->\n"
                        "@160 model p0 t0 d1 h10 -> mix metropolis d2 {0:h10:w1 1:h21:w1},"
                        " release {0:h10 1:h21}, compute r1\n");
}

Test(policy_dsgd, keeps_models_that_come_before_its_own_gradient)
{
    expect_trace(&node,
                 "@0   start              -> compute r0\n"
                 "@10  model p0 t0 d1 h10 ->\n"
                 "@20  model p1 t0 d1 h20 ->\n"
                 "@100 grad               -> apply, send model t0 d2 {0 1},"
                 " mix metropolis d2 {0:h10:w1 1:h20:w1}, release {0:h10 1:h20}, compute r1\n");
}

Test(policy_dsgd, keeps_the_next_round_of_a_neighbour_that_is_ahead)
{
    expect_trace(&node,
                 "@0   start              -> compute r0\n"
                 "@100 grad               -> apply, send model t0 d2 {0 1}\n"
                 "@110 model p0 t0 d1 h10 ->\n"
                 "@210 model p0 t1 d1 h11 ->\n"
                 "@220 model p1 t0 d1 h20 -> mix metropolis d2 {0:h10:w1 1:h20:w1},"
                 " release {0:h10 1:h20}, compute r1\n"
                 "@300 model p1 t1 d1 h21 ->\n"
                 "@320 grad               -> apply, send model t1 d2 {0 1},"
                 " mix metropolis d2 {0:h11:w1 1:h21:w1}, release {0:h11 1:h21}, compute r2\n");
}

Test(policy_dsgd, finishes_the_named_round_and_then_is_done)
{
    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@50  stop t1            ->\n"
                        "@100 grad               -> apply, send model t0 d2 {0 1}\n"
                        "@110 model p0 t0 d1 h10 ->\n"
                        "@120 model p1 t0 d1 h20 -> mix metropolis d2 {0:h10:w1 1:h20:w1},"
                        " release {0:h10 1:h20}, compute r1\n"
                        "@200 grad               -> apply, send model t1 d2 {0 1}\n"
                        "@210 model p0 t1 d1 h11 ->\n"
                        "@220 model p1 t1 d1 h21 -> mix metropolis d2 {0:h11:w1 1:h21:w1},"
                        " release {0:h11 1:h21}, done\n");
}

Test(policy_dsgd, is_done_at_once_when_the_last_round_lies_behind_it)
{
    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 grad               -> apply, send model t0 d2 {0 1}\n"
                        "@110 model p0 t0 d1 h10 ->\n"
                        "@120 model p1 t0 d1 h20 -> mix metropolis d2 {0:h10:w1 1:h20:w1},"
                        " release {0:h10 1:h20}, compute r1\n"
                        "@150 stop t0            -> done\n");
}

Test(policy_dsgd, without_neighbours_is_local_sgd)
{
    struct trace_node alone;
    trace_open(&alone, &policy_dsgd, 0, 1, PEERS(UINT32_MAX), NULL);

    expect_trace(&alone, "@0   start   -> compute r0\n"
                         "@100 grad    -> apply, compute r1\n"
                         "@150 stop t1 ->\n"
                         "@200 grad    -> apply, done\n");
    trace_free(&alone);
}

Test(policy_dsgd, refuses_a_round_that_no_neighbour_can_have_reached, .signal = SIGABRT)
{
    expect_trace(&node, "@0  start              -> compute r0\n"
                        "@50 model p0 t2 d1 h12 ->\n");
}

/* ------------------------------------------------------------------------------------- combine, then adapt */

static void combine_first(void)
{
    trace_free(&node);
    trace_open(&node, &policy_dsgd, 1, 3, PEERS(0, 2), OPTIONS(policy_dsgd, "order: cta"));
}

Test(policy_dsgd, combining_first_sends_while_it_computes_and_steps_after_the_mix)
{
    combine_first();

    expect_trace(&node, "@0   start              -> send model t0 d2 {0 1}, compute r0\n"
                        "@50  model p1 t0 d1 h21 ->\n"
                        "@60  model p0 t0 d1 h10 ->\n"
                        "@100 grad               -> mix metropolis d2 {0:h10:w1 1:h21:w1},"
                        " release {0:h10 1:h21}, apply, send model t1 d2 {0 1}, compute r1\n");
}

Test(policy_dsgd, combining_first_waits_for_the_last_neighbour_and_keeps_who_is_ahead)
{
    combine_first();

    expect_trace(&node, "@0   start              -> send model t0 d2 {0 1}, compute r0\n"
                        "@50  model p0 t0 d1 h10 ->\n"
                        "@100 grad               ->\n"
                        "@110 model p0 t1 d1 h11 ->\n"
                        "@120 model p1 t0 d1 h20 -> mix metropolis d2 {0:h10:w1 1:h20:w1},"
                        " release {0:h10 1:h20}, apply, send model t1 d2 {0 1}, compute r1\n"
                        "@130 model p1 t1 d1 h21 ->\n"
                        "@220 grad               -> mix metropolis d2 {0:h11:w1 1:h21:w1},"
                        " release {0:h11 1:h21}, apply, send model t2 d2 {0 1}, compute r2\n");
}

Test(policy_dsgd, combining_first_finishes_the_named_round_and_then_is_done)
{
    combine_first();

    expect_trace(&node, "@0   start              -> send model t0 d2 {0 1}, compute r0\n"
                        "@50  stop t0            ->\n"
                        "@60  model p0 t0 d1 h10 ->\n"
                        "@70  model p1 t0 d1 h20 ->\n"
                        "@100 grad               -> mix metropolis d2 {0:h10:w1 1:h20:w1},"
                        " release {0:h10 1:h20}, apply, done\n");
}

/* The driver kept everybody from beginning round 1, but its models are out. */
Test(policy_dsgd, combining_first_gives_back_what_was_sent_beyond_the_last_round)
{
    combine_first();

    expect_trace(&node, "@0   start              -> send model t0 d2 {0 1}, compute r0\n"
                        "@60  model p0 t0 d1 h10 ->\n"
                        "@70  model p1 t0 d1 h20 ->\n"
                        "@100 grad               -> mix metropolis d2 {0:h10:w1 1:h20:w1},"
                        " release {0:h10 1:h20}, apply, send model t1 d2 {0 1}, compute r1\n"
                        "@110 model p0 t1 d1 h11 ->\n"
                        "@120 stop t0            -> release {0:h11}, done\n"
                        "@130 model p1 t1 d1 h21 -> release {1:h21}\n");
}

Test(policy_dsgd, combining_first_gives_back_the_round_after_the_last_when_it_is_still_in_the_last)
{
    combine_first();

    expect_trace(&node, "@0   start              -> send model t0 d2 {0 1}, compute r0\n"
                        "@50  model p0 t0 d1 h10 ->\n"
                        "@110 model p0 t1 d1 h11 ->\n"
                        "@115 stop t0            -> release {0:h11}\n"
                        "@120 model p1 t0 d1 h20 ->\n"
                        "@125 model p1 t1 d1 h21 -> release {1:h21}\n"
                        "@200 grad               -> mix metropolis d2 {0:h10:w1 1:h20:w1},"
                        " release {0:h10 1:h20}, apply, done\n");
}
