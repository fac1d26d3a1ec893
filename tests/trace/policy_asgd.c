/* SPDX-License-Identifier: BSD-3-Clause */
/* In these traces the tag of a worker's answer is the handle of the server's model that it was made from. */
#include <criterion/criterion.h>
#include <signal.h>

#include "core/policy/control.h"
#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

static const struct trace_control controls[] = {{"BYE", SERVER_BYE, 0}, {0}};
static struct trace_node node;

static void open_worker(void)
{
    trace_open(&node, &policy_asgd, 2, 3, PEERS(0), NULL);
    node.controls = controls;
}
static void open_server(bool damped)
{
    trace_open(&node, &policy_asgd, 0, 3, PEERS(1, 2),
               OPTIONS(policy_asgd, "damped: %s", damped ? "true" : "false"));
    node.controls = controls;
}
static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_asgd, .fini = close_node);

Test(policy_asgd, as_a_worker_keeps_the_model_it_started_from_until_the_next_one_is_here)
{
    open_worker();

    expect_trace(&node, "@0   start             ->\n"
                        "@10  model p0 t0 d1 h1 -> mix weighted d0 {0:h1:w1}, compute r0\n"
                        "@100 grad              -> apply, send model t1 d1 {0}\n"
                        "@110 model p0 t5 d1 h6 -> mix weighted d0 {0:h6:w1}, release {0:h1},"
                        " compute r1\n"
                        "@200 grad              -> apply, send model t6 d1 {0}\n");
}

Test(policy_asgd, as_the_server_adds_what_a_worker_changed_to_the_model_it_gave_it)
{
    open_server(false);

    expect_trace(&node, "@0   start              -> send model t0 d1 {0 1}\n"
                        "@100 model p1 t7 d1 h20 -> mix delta-own {1:h20-h7:w1}, release {1:h20},"
                        " send model t1 d1 {1}\n"
                        "@120 model p1 t8 d1 h21 -> mix delta-own {1:h21-h8:w1}, release {1:h21},"
                        " send model t2 d1 {1}\n"
                        "@900 model p0 t7 d1 h10 -> mix delta-own {0:h10-h7:w1}, release {0:h10},"
                        " send model t3 d1 {0}\n");
}

/* Worker 1 (peer 0) has missed 3 versions, then 1, then none. */
Test(policy_asgd, damped_divides_a_step_by_its_staleness)
{
    open_server(true);

    expect_trace(&node, "@0   start              -> send model t0 d1 {0 1}\n"
                        "@100 model p1 t7 d1 h20 -> mix delta-own {1:h20-h7:w1}, release {1:h20},"
                        " send model t1 d1 {1}\n"
                        "@120 model p1 t8 d1 h21 -> mix delta-own {1:h21-h8:w1}, release {1:h21},"
                        " send model t2 d1 {1}\n"
                        "@140 model p1 t9 d1 h22 -> mix delta-own {1:h22-h9:w1}, release {1:h22},"
                        " send model t3 d1 {1}\n"
                        "@900 model p0 t7 d1 h10 -> mix delta-own {0:h10-h7:w3}, release {0:h10},"
                        " send model t4 d1 {0}\n"
                        "@910 model p1 t5 d1 h23 -> mix delta-own {1:h23-h5:w1}, release {1:h23},"
                        " send model t5 d1 {1}\n"
                        "@920 model p0 t6 d1 h11 -> mix delta-own {0:h11-h6:w1}, release {0:h11},"
                        " send model t6 d1 {0}\n"
                        "@930 model p0 t6 d1 h12 -> mix delta-own {0:h12-h6:w1}, release {0:h12},"
                        " send model t7 d1 {0}\n");
}

Test(policy_asgd, a_worker_stopped_while_computing_leaves_at_once)
{
    open_worker();

    expect_trace(&node, "@0  start             ->\n"
                        "@10 model p0 t0 d1 h1 -> mix weighted d0 {0:h1:w1}, compute r0\n"
                        "@50 stop t0           -> release {0:h1}, control BYE{} {0}, done\n");
}

Test(policy_asgd, a_worker_stopped_after_its_answer_keeps_the_model_until_the_reply)
{
    open_worker();

    expect_trace(&node, "@0   start             ->\n"
                        "@10  model p0 t0 d1 h1 -> mix weighted d0 {0:h1:w1}, compute r0\n"
                        "@100 grad              -> apply, send model t1 d1 {0}\n"
                        "@110 stop t0           ->\n"
                        "@120 model p0 t1 d1 h2 -> release {0:h2 0:h1}, control BYE{} {0}, done\n");
}

Test(policy_asgd, a_worker_stopped_before_its_first_model_waits_for_it)
{
    open_worker();

    expect_trace(&node, "@0  start             ->\n"
                        "@5  stop t0           ->\n"
                        "@10 model p0 t0 d1 h1 -> release {0:h1}, control BYE{} {0}, done\n");
}

Test(policy_asgd, a_stopped_server_answers_until_all_have_left)
{
    open_server(false);

    expect_trace(&node, "@0   start              -> send model t0 d1 {0 1}\n"
                        "@50  control p0 BYE{}   ->\n"
                        "@60  stop t0            ->\n"
                        "@100 model p1 t7 d1 h20 -> mix delta-own {1:h20-h7:w1}, release {1:h20},"
                        " send model t1 d1 {1}\n"
                        "@110 control p1 BYE{}   -> done\n");
}

Test(policy_asgd, a_server_whose_workers_have_all_left_is_done_when_stopped)
{
    open_server(false);

    expect_trace(&node, "@0  start            -> send model t0 d1 {0 1}\n"
                        "@50 control p0 BYE{} ->\n"
                        "@60 control p1 BYE{} ->\n"
                        "@70 stop t0          -> done\n");
}

Test(policy_asgd, a_server_refuses_an_answer_to_a_model_it_has_not_given, .signal = SIGABRT)
{
    trace_open(&node, &policy_ssp, 0, 3, PEERS(1, 2), NULL);
    expect_trace(&node, "@0   start              -> send model t0 d1 {0 1}\n"
                        "@100 model p1 t7 d1 h20 -> mix delta-own {1:h20-h7:w1}, release {1:h20}\n"
                        "@110 model p1 t7 d1 h20 ->\n");
}

Test(policy_asgd, needs_somebody_to_serve)
{
    open_worker();

    cr_expect(policy_asgd.check(&(struct policy_config){.workers = 1}));
    cr_expect(policy_asgd.check(&(struct policy_config){.workers = STEP_PEERS_MAX + 2}));
    cr_expect_null(policy_asgd.check(&(struct policy_config){.workers = 2}));
}
