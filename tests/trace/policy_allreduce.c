/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <signal.h>

#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

static struct trace_node node;

static void open_middle(void)
{
    trace_open(&node, &policy_allreduce, 1, 3, PEERS(0, 2), NULL);
}
static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_allreduce, .init = open_middle, .fini = close_node);

Test(policy_allreduce, averages_its_own_slice_and_copies_the_others)
{
    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 grad               -> apply, send part t0 s1/3 {0 1}\n"
                        "@110 part p1 t0 d2 h20  ->\n"
                        "@120 part p0 t0 d2 h10  -> mix slice-mean s1/3 {0:h10:w0 1:h20:w2},"
                        " release {0:h10 1:h20}, send slice t0 s1/3 {0 1}\n"
                        "@130 slice p0 t0 d2 h11 ->\n"
                        "@140 slice p1 t0 d2 h21 -> mix slice-copy {0:h11:w0 1:h21:w2},"
                        " release {0:h11 1:h21}, compute r1\n");
}

Test(policy_allreduce, takes_parts_and_slices_that_come_before_its_own_gradient)
{
    /* worker 0 cannot send its slice before it has our part, but the parts of all others may be early */
    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@10  part p0 t0 d2 h10  ->\n"
                        "@20  part p1 t0 d2 h20  ->\n"
                        "@100 grad               -> apply, send part t0 s1/3 {0 1},"
                        " mix slice-mean s1/3 {0:h10:w0 1:h20:w2}, release {0:h10 1:h20},"
                        " send slice t0 s1/3 {0 1}\n"
                        "@110 slice p0 t0 d2 h11 ->\n"
                        "@120 part p0 t1 d2 h12  ->\n"
                        "@130 slice p1 t0 d2 h21 -> mix slice-copy {0:h11:w0 1:h21:w2},"
                        " release {0:h11 1:h21}, compute r1\n"
                        "@140 part p1 t1 d2 h22  ->\n"
                        "@200 grad               -> apply, send part t1 s1/3 {0 1},"
                        " mix slice-mean s1/3 {0:h12:w0 1:h22:w2}, release {0:h12 1:h22},"
                        " send slice t1 s1/3 {0 1}\n");
}

Test(policy_allreduce, passes_both_halves_in_one_step_when_a_part_is_overtaken_by_slices)
{
    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 grad               -> apply, send part t0 s1/3 {0 1}\n"
                        "@110 part p0 t0 d2 h10  ->\n"
                        "@120 slice p0 t0 d2 h11 ->\n"
                        "@130 slice p1 t0 d2 h21 ->\n"
                        "@140 part p1 t0 d2 h20  -> mix slice-mean s1/3 {0:h10:w0 1:h20:w2},"
                        " release {0:h10 1:h20}, send slice t0 s1/3 {0 1},"
                        " mix slice-copy {0:h11:w0 1:h21:w2}, release {0:h11 1:h21}, compute r1\n");
}

Test(policy_allreduce, finishes_the_named_round_and_then_is_done)
{
    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@10  stop t0            ->\n"
                        "@100 grad               -> apply, send part t0 s1/3 {0 1}\n"
                        "@110 part p0 t0 d2 h10  ->\n"
                        "@120 part p1 t0 d2 h20  -> mix slice-mean s1/3 {0:h10:w0 1:h20:w2},"
                        " release {0:h10 1:h20}, send slice t0 s1/3 {0 1}\n"
                        "@130 slice p0 t0 d2 h11 ->\n"
                        "@140 slice p1 t0 d2 h21 -> mix slice-copy {0:h11:w0 1:h21:w2},"
                        " release {0:h11 1:h21}, done\n");
}

Test(policy_allreduce, of_one_worker_is_over_at_once)
{
    struct trace_node alone;
    trace_open(&alone, &policy_allreduce, 0, 1, PEERS(UINT32_MAX), NULL);

    expect_trace(&alone, "@0   start   -> compute r0\n"
                         "@100 grad    -> apply, compute r1\n"
                         "@150 stop t1 ->\n"
                         "@200 grad    -> apply, done\n");
    trace_free(&alone);
}

Test(policy_allreduce, leaves_a_modelled_reduction_to_the_driver)
{
    struct trace_node modelled;
    trace_open(&modelled, &policy_allreduce, 1, 3, PEERS(UINT32_MAX),
               OPTIONS(policy_allreduce, "collective: modelled"));

    expect_trace(&modelled, "@0   start      -> compute r0\n"
                            "@100 grad       -> apply, reduce t0 {}\n"
                            "@150 stop t1    ->\n"
                            "@160 reduced t0 -> compute r1\n"
                            "@200 grad       -> apply, reduce t1 {}\n"
                            "@260 reduced t1 -> done\n");
    trace_free(&modelled);
}

Test(policy_allreduce, refuses_the_same_part_twice, .signal = SIGABRT)
{
    expect_trace(&node, "@0  start             -> compute r0\n"
                        "@10 part p0 t0 d2 h10 ->\n"
                        "@20 part p0 t0 d2 h10 ->\n");
}
