/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "core/policy/control.h"
#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

static struct trace_node node;

static const struct trace_control controls[] = {
    {"ASK", PRAGUE_ASK, 1},
    {"LEFT", PRAGUE_LEFT, 1},
    {"QUIT", PRAGUE_QUIT, 0},
    {"GROUP", PRAGUE_GROUP, TRACE_LIST(1)},
    {0},
};

static void open_worker(uint32_t id, const uint32_t *others, const char *options)
{
    trace_open(&node, &policy_prague, id, 6, others, OPTIONS(policy_prague, "%s", options));
    node.controls = controls;
}

static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_prague, .fini = close_node);

#define THREE "group: 3"

/* ------------------------------------------------------------------------------------------------------- a worker */

Test(policy_prague, averages_in_the_group_it_is_given)
{
    open_worker(2, PEERS(0, 1, 3, 4, 5), THREE);

    expect_trace(&node,
                 "@0   start                        -> compute r0\n"
                 "@100 grad                         -> apply, control ASK{0} {0}\n"
                 "@110 control p0 GROUP{17 3 1 2 5} -> send part t17 s1/3 {1 4}\n"
                 "@120 part p1 t17 d2 h10           ->\n"
                 "@130 part p4 t17 d2 h50           -> mix slice-mean s1/3 {1:h10:w0 4:h50:w2},"
                 " release {1:h10 4:h50}, send slice t17 s1/3 {1 4}\n"
                 "@140 slice p1 t17 d2 h11          ->\n"
                 "@150 slice p4 t17 d2 h51          -> mix slice-copy {1:h11:w0 4:h51:w2},"
                 " release {1:h11 4:h51}, control LEFT{17} {0}, compute r1\n");
    cr_expect_eq(agent_counters(&node.agent).committed, 1);
}

Test(policy_prague, keeps_the_group_it_is_drafted_into_until_its_gradient_is_applied)
{
    open_worker(2, PEERS(0, 1, 3, 4, 5), THREE);

    expect_trace(&node,
                 "@0   start                      -> compute r0\n"
                 "@50  part p3 t21 d1 h40         ->\n"
                 "@60  control p0 GROUP{21 2 2 4} ->\n"
                 "@100 grad                       -> apply, control ASK{0} {0},"
                 " send part t21 s0/2 {3}, mix slice-mean s0/2 {3:h40:w1}, release {3:h40},"
                 " send slice t21 s0/2 {3}\n"
                 "@120 slice p3 t21 d1 h41        -> mix slice-copy {3:h41:w1}, release {3:h41},"
                 " control LEFT{21} {0}, compute r1\n");
}

Test(policy_prague, goes_on_at_once_in_a_group_of_one)
{
    open_worker(2, PEERS(0, 1, 3, 4, 5), THREE);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@100 grad                     -> apply, control ASK{0} {0}\n"
                        "@110 control p0 GROUP{22 1 2} -> control LEFT{22} {0}, compute r1\n");
    cr_expect_eq(agent_counters(&node.agent).unmixed, 1);
}

Test(policy_prague, once_stopped_waits_for_one_last_group)
{
    open_worker(2, PEERS(0, 1, 3, 4, 5), THREE);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@100 stop                     -> control QUIT{} {0}\n"
                        "@110 control p0 GROUP{22 1 2} -> control LEFT{22} {0}, done\n");
    cr_expect_eq(agent_counters(&node.agent).unmixed, 0);
}

Test(policy_prague, joins_the_group_it_was_drafted_into_when_it_is_stopped)
{
    open_worker(2, PEERS(0, 1, 3, 4, 5), THREE);

    expect_trace(&node, "@0   start                      -> compute r0\n"
                        "@60  control p0 GROUP{21 2 2 4} ->\n"
                        "@100 stop                       -> control QUIT{} {0},"
                        " send part t21 s0/2 {3}\n"
                        "@110 part p3 t21 d1 h40         -> mix slice-mean s0/2 {3:h40:w1},"
                        " release {3:h40}, send slice t21 s0/2 {3}\n"
                        "@120 slice p3 t21 d1 h41        -> mix slice-copy {3:h41:w1},"
                        " release {3:h41}, control LEFT{21} {0}, done\n");
}

Test(policy_prague, leaves_the_reduction_to_a_driver_that_models_it)
{
    open_worker(2, PEERS(0, 1, 3, 4, 5), "group: 3, collective: modelled");

    expect_trace(&node, "@0   start                        -> compute r0\n"
                        "@100 grad                         -> apply, control ASK{0} {0}\n"
                        "@110 control p0 GROUP{17 3 1 2 5} -> reduce t17 {1 4}\n"
                        "@150 reduced t17                  -> control LEFT{17} {0}, compute r1\n");
}

/* -------------------------------------------------------------------------------------------------- the generator */

Test(policy_prague, worker_0_divides_all_who_are_free_when_one_of_them_asks)
{
    open_worker(0, PEERS(1, 2, 3, 4, 5), THREE);

    expect_trace(&node, "@0   start               -> compute r0\n"
                        "@90  control p2 ASK{0}   -> control GROUP{1 3 2 3 4} {1 2 3},"
                        " control GROUP{2 3 0 1 5} {0 4}\n"
                        "@95  control p3 ASK{0}   ->\n"
                        "@100 grad                -> apply, send part t2 s0/3 {0 4}\n");
}

Test(policy_prague, a_group_locks_its_members_until_the_last_has_left)
{
    open_worker(0, PEERS(1, 2, 3, 4, 5), "group: 6, collective: modelled");

    expect_trace(
        &node,
        "@0  start              -> compute r0\n"
        "@10 control p2 ASK{0}  -> control GROUP{1 6 0 1 2 3 4 5} {0 1 2 3 4}\n"
        "@20 control p2 LEFT{1} ->\n"
        "@21 control p2 ASK{1}  ->\n"
        "@22 control p3 LEFT{1} ->\n"
        "@23 control p0 LEFT{1} ->\n"
        "@24 control p1 LEFT{1} ->\n"
        "@25 control p4 LEFT{1} ->\n"
        "@30 grad               -> apply, reduce t1 {0 1 2 3 4}\n"
        "@40 reduced t1         -> control GROUP{2 6 0 1 2 3 4 5} {0 1 2 3 4}, compute r1\n");
}

Test(policy_prague, a_laggard_is_not_drafted)
{
    open_worker(0, PEERS(1, 2, 3, 4, 5), "group: 2, lag: 1");

    expect_trace(&node, "@0  start              -> compute r0\n"
                        "@10 control p0 ASK{0}  -> control GROUP{1 2 1 3} {0 2},"
                        " control GROUP{2 2 0 4} {3}, control GROUP{3 2 2 5} {1 4}\n"
                        "@11 control p2 ASK{0}  ->\n"
                        "@12 control p0 LEFT{1} ->\n"
                        "@13 control p2 LEFT{1} ->\n"
                        "@20 control p0 ASK{1}  -> control GROUP{4 2 1 3} {0 2}\n"
                        "@21 control p2 ASK{1}  ->\n"
                        "@22 control p0 LEFT{4} ->\n"
                        "@23 control p2 LEFT{4} ->\n"
                        "@30 control p1 ASK{0}  ->\n"
                        "@31 control p4 ASK{0}  ->\n"
                        "@32 control p1 LEFT{3} ->\n"
                        "@33 control p4 LEFT{3} ->\n"
                        "@40 control p0 ASK{2}  -> control GROUP{5 2 1 3} {0 2}\n"
                        "@50 control p1 ASK{1}  -> control GROUP{6 2 2 5} {1 4}\n");
}

Test(policy_prague, once_worker_0_is_stopped_every_asker_is_alone)
{
    open_worker(0, PEERS(1, 2, 3, 4, 5), THREE);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 stop               -> done\n"
                        "@110 control p2 ASK{0}  -> control GROUP{2 1 3} {2}\n"
                        "@120 control p4 QUIT{}  -> control GROUP{3 1 5} {4}\n"
                        "@130 control p2 LEFT{2} ->\n"
                        "@140 control p2 QUIT{}  -> control GROUP{4 1 3} {2}\n");
}

Test(policy_prague, whoever_has_quit_is_drafted_no_more)
{
    open_worker(0, PEERS(1, 2, 3, 4, 5), "group: 6");

    expect_trace(&node, "@0   start             -> compute r0\n"
                        "@100 control p1 QUIT{} -> control GROUP{1 1 2} {1}\n"
                        "@110 control p3 QUIT{} -> control GROUP{2 1 4} {3}\n"
                        "@120 control p1 LEFT{1} ->\n"
                        "@130 control p0 ASK{0} -> control GROUP{3 4 0 1 3 5} {0 2 4}\n");
}

Test(policy_prague, the_size_of_groups_is_checked)
{
    open_worker(2, PEERS(0, 1, 3, 4, 5), THREE);

    cr_expect_null(policy_prague.check(&node.config));
    node.config.options = options_read(&policy_prague, "group: 7");
    cr_expect_str_eq(policy_prague.check(&node.config), "prague needs a group of 2 to 6 members");
    node.config.options = options_read(&policy_prague, "group: 1");
    cr_expect_not_null(policy_prague.check(&node.config));
}
