/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <signal.h>

#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

static struct trace_node node;

#define WITH_THREAD OPTIONS(policy_adpsgd, "comm_thread: true")
#define WITHOUT_THREAD OPTIONS(policy_adpsgd, "comm_thread: false")
#define PASSIVE OPTIONS(policy_adpsgd, "pairing: bipartite")

/* Worker 4 with the one neighbour 7, so that the random choice has one outcome. */
static void open_pair(const struct policy_config *options)
{
    trace_open(&node, &policy_adpsgd, 4, 8, PEERS(7), options);
}

static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_adpsgd, .fini = close_node);

Test(policy_adpsgd, exchanges_while_it_computes)
{
    open_pair(WITH_THREAD);

    expect_trace(&node, "@0   start               -> compute r0, control REQUEST{1} {0}\n"
                        "@10  response p0 t4.1 h70 -> send return t4.1 d1 {0}, mix mean {0:h70:w1},"
                        " release {0:h70}\n"
                        "@100 grad                -> apply, compute r1, control REQUEST{2} {0}\n");
}

Test(policy_adpsgd, steps_at_once_while_it_only_asks_and_computes_again_after_the_exchange)
{
    open_pair(WITH_THREAD);

    expect_trace(&node, "@0   start                -> compute r0, control REQUEST{1} {0}\n"
                        "@100 grad                 -> apply\n"
                        "@110 response p0 t4.1 h70 -> send return t4.1 d1 {0}, mix mean {0:h70:w1},"
                        " release {0:h70}, compute r1, control REQUEST{2} {0}\n");
}

Test(policy_adpsgd, holds_a_gradient_that_finishes_between_its_response_and_the_return)
{
    open_pair(WITH_THREAD);

    expect_trace(&node, "@0   start                -> compute r0, control REQUEST{1} {0}\n"
                        "@10  response p0 t4.1 h70 -> send return t4.1 d1 {0}, mix mean {0:h70:w1},"
                        " release {0:h70}\n"
                        "@20  control p0 REQUEST{5} -> send response t7.5 d1 {0}\n"
                        "@100 grad                 ->\n"
                        "@110 return p0 t7.5 h71   -> mix mean {0:h71:w1}, release {0:h71}, apply,"
                        " compute r1, control REQUEST{2} {0}\n");
}

Test(policy_adpsgd, refuses_while_it_waits_for_an_answer)
{
    open_pair(WITH_THREAD);

    expect_trace(&node, "@0  start                 -> compute r0, control REQUEST{1} {0}\n"
                        "@10 control p0 REQUEST{3} -> control REFUSE{3} {0}\n");
}

Test(policy_adpsgd, answers_while_it_backs_off_from_a_refusal)
{
    open_pair(WITH_THREAD);

    expect_trace(&node, "@0     start                 -> compute r0, control REQUEST{1} {0}\n"
                        "@10    control p0 REFUSE{1}  -> timer 1 @11462 g1\n"
                        "@20    control p0 REQUEST{3} -> send response t7.3 d1 {0}\n"
                        "@11462 timer 1 g1            ->\n"
                        "@11500 return p0 t7.3 h70    -> mix mean {0:h70:w1}, release {0:h70},"
                        " control REQUEST{2} {0}\n");
}

Test(policy_adpsgd, goes_on_without_an_exchange_after_eight_refusals)
{
    open_pair(WITHOUT_THREAD);
    expect_trace(&node, "@0   start   -> compute r0\n"
                        "@100 grad    -> apply, control REQUEST{1} {0}\n");
    struct event refusal = {.kind = EV_CONTROL, .type = 2, .now_ns = 200};
    struct event timer = {.kind = EV_TIMER, .type = 1};

    for (uint32_t i = 1; i < 8; i++) {
        refusal.word[0] = i;
        agent_step(&node.agent, &refusal, node.out);
        timer.tag = i;
        agent_step(&node.agent, &timer, node.out);
    }

    expect_trace(&node, "@900 control p0 REFUSE{8} -> compute r1\n");
    cr_expect_eq(agent_counters(&node.agent).refused, 8);
    cr_expect_eq(agent_counters(&node.agent).unmixed, 1);
}

Test(policy_adpsgd, without_comm_thread_keeps_requests_until_the_gradient_is_applied)
{
    open_pair(WITHOUT_THREAD);

    expect_trace(&node,
                 "@0   start                 -> compute r0\n"
                 "@10  control p0 REQUEST{9} ->\n"
                 "@100 grad                  -> apply, send response t7.9 d1 {0}\n"
                 "@110 return p0 t7.9 h70    -> mix mean {0:h70:w1}, release {0:h70},"
                 " control REQUEST{1} {0}\n"
                 "@120 response p0 t4.1 h71  -> send return t4.1 d1 {0}, mix mean {0:h71:w1},"
                 " release {0:h71}, compute r1\n");
}

Test(policy_adpsgd, on_the_passive_side_only_answers)
{
    open_pair(PASSIVE);

    expect_trace(&node, "@0   start                 -> compute r0\n"
                        "@100 grad                  -> apply, compute r1\n"
                        "@110 control p0 REQUEST{1} ->\n"
                        "@200 grad                  -> apply, send response t7.1 d1 {0}\n"
                        "@210 return p0 t7.1 h70    -> mix mean {0:h70:w1}, release {0:h70},"
                        " compute r2\n");
}

Test(policy_adpsgd, asks_another_neighbour_than_the_one_that_refused)
{
    trace_open(&node, &policy_adpsgd, 1, 3, PEERS(0, 2), WITHOUT_THREAD);

    expect_trace(&node, "@0     start                -> compute r0\n"
                        "@100   grad                 -> apply, control REQUEST{1} {1}\n"
                        "@110   control p1 REFUSE{1} -> timer 1 @11562 g1\n"
                        "@11562 timer 1 g1           -> control REQUEST{2} {0}\n"
                        "@11570 control p0 REFUSE{2} -> timer 1 @43104 g2\n"
                        "@43104 timer 1 g2           -> control REQUEST{3} {1}\n");
}

Test(policy_adpsgd, stops_at_once_when_it_is_in_no_exchange)
{
    open_pair(WITHOUT_THREAD);

    expect_trace(&node, "@0  start                 -> compute r0\n"
                        "@10 control p0 REQUEST{2} ->\n"
                        "@50 stop                  -> control REFUSE{2} {0}, done\n"
                        "@60 control p0 REQUEST{3} -> control REFUSE{3} {0}\n");
}

Test(policy_adpsgd, stops_a_back_off)
{
    open_pair(WITH_THREAD);

    expect_trace(&node, "@0     start                -> compute r0, control REQUEST{1} {0}\n"
                        "@10    control p0 REFUSE{1} -> timer 1 @11462 g1\n"
                        "@50    stop                 -> cancel 1, done\n"
                        "@11462 timer 1 g1           ->\n");
}

Test(policy_adpsgd, finishes_the_exchange_it_asked_for_before_it_stops)
{
    open_pair(WITH_THREAD);

    expect_trace(&node, "@0  start                -> compute r0, control REQUEST{1} {0}\n"
                        "@10 stop                 ->\n"
                        "@20 response p0 t4.1 h70 -> send return t4.1 d1 {0}, mix mean {0:h70:w1},"
                        " release {0:h70}, done\n");
}

Test(policy_adpsgd, finishes_the_exchange_it_answered_before_it_stops)
{
    open_pair(PASSIVE);

    expect_trace(&node,
                 "@0   start                 -> compute r0\n"
                 "@10  control p0 REQUEST{1} ->\n"
                 "@100 grad                  -> apply, send response t7.1 d1 {0}\n"
                 "@105 stop                  ->\n"
                 "@110 return p0 t7.1 h70    -> mix mean {0:h70:w1}, release {0:h70}, done\n");
}

Test(policy_adpsgd, applies_a_held_gradient_before_it_stops)
{
    open_pair(WITH_THREAD);

    expect_trace(&node, "@0   start                 -> compute r0, control REQUEST{1} {0}\n"
                        "@10  control p0 REFUSE{1}  -> timer 1 @11462 g1\n"
                        "@20  control p0 REQUEST{1} -> send response t7.1 d1 {0}\n"
                        "@100 grad                  ->\n"
                        "@105 stop                  -> cancel 1\n"
                        "@110 return p0 t7.1 h70    -> mix mean {0:h70:w1}, release {0:h70}, apply,"
                        " done\n");
}

Test(policy_adpsgd, refuses_a_tensor_of_another_exchange, .signal = SIGABRT)
{
    open_pair(WITH_THREAD);

    expect_trace(&node, "@0  start                -> compute r0, control REQUEST{1} {0}\n"
                        "@10 response p0 t4.2 h70 ->\n");
}
