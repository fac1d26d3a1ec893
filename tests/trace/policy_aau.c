/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <signal.h>

#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

/* Words of control messages: epoch, then leader and sequence number of the wave, then (YES) a reason to commit. */

static struct trace_node node;

static const char cluster[] = "release: cluster";
static const char all[] = "release: all";
static const char nbr[] = "release: nbr";
static const char pair[] = "release: pair";
static const char vertex[] = "new_edge: vertex";

/* The middle of the path 0 - 1 - 2: peer 0 is worker 0, peer 1 is worker 2. */
static void open_middle(const char *options)
{
    trace_open(&node, &policy_aau, 1, 3, PEERS(0, 2), OPTIONS(policy_aau, "%s", options));
}

/* Worker 4 of eight, with neighbours 2, 6 and 7 as peers 0, 1 and 2. */
static void open_centre(const char *options)
{
    trace_open(&node, &policy_aau, 4, 8, PEERS(2, 6, 7), OPTIONS(policy_aau, "%s", options));
}

static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_aau, .fini = close_node);

Test(policy_aau, leads_the_wave_when_its_own_gradient_was_missing)
{
    open_middle(cluster);

    expect_trace(&node, "@0   start                   -> compute r0\n"
                        "@10  control p0 READY{0}     ->\n"
                        "@100 grad                    -> apply, control FREEZE{0 1 1} {0},"
                        " control READY{0} {1}\n"
                        "@110 control p0 YES{0 1 1 1} -> control COMMIT{0 1 1} {0},"
                        " send model t1.1 d1 {0}\n"
                        "@120 model p0 t1.1 d1 h10    -> mix metropolis d1 {0:h10:w1},"
                        " release {0:h10}, compute r1\n"
                        "@130 control p0 PATH{0 1 0 1} -> control PATH{0 1 0 1} {1}\n");
}

Test(policy_aau, waits_until_a_neighbour_is_ready_and_lets_the_lower_id_lead)
{
    open_middle(cluster);

    expect_trace(&node, "@0   start                   -> compute r0\n"
                        "@100 grad                    -> apply, control READY{0} {0 1}\n"
                        "@110 control p0 READY{0}     ->\n"
                        "@120 control p1 READY{0}     -> control FREEZE{0 1 1} {0 1}\n");
}

Test(policy_aau, joins_a_wave_asks_the_others_and_echoes)
{
    open_middle(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@100 grad                     -> apply, control READY{0} {0 1}\n"
                        "@110 control p0 READY{0}      ->\n"
                        "@120 control p1 FREEZE{0 2 5} -> control FREEZE{0 2 5} {0}\n"
                        "@130 control p0 YES{0 2 5 1}  -> control YES{0 2 5 1} {1}\n"
                        "@140 model p1 t2.5 d1 h20     ->\n"
                        "@150 control p1 COMMIT{0 2 5} -> control COMMIT{0 2 5} {0},"
                        " send model t2.5 d2 {0 1}, control PATH{0 1 1 2} {0 1}\n"
                        "@160 model p0 t2.5 d1 h10     -> mix metropolis d2 {0:h10:w1 1:h20:w1},"
                        " release {0:h10 1:h20}, compute r1\n");
}

Test(policy_aau, does_not_exchange_twice_over_an_edge_of_the_epoch)
{
    open_middle(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@10  control p0 PATH{0 1 0 1} -> control PATH{0 1 0 1} {1}\n"
                        "@20  control p0 READY{0}      ->\n"
                        "@100 grad                     -> apply, control READY{0} {0 1}\n");
}

Test(policy_aau, forwards_what_merged_something_and_drops_the_rest)
{
    open_centre(cluster);

    expect_trace(&node, "@0  start                            -> compute r0\n"
                        "@10 control p0 PATH{0 2 2 3 3 5}     -> control PATH{0 2 2 3 3 5} {1 2}\n"
                        "@20 control p1 PATH{0 3 2 5 6 7 3 5} -> control PATH{0 1 6 7} {0 2}\n"
                        "@30 control p1 PATH{0 1 5 2}         ->\n");
}

Test(policy_aau, leaves_its_wave_for_a_lower_one_and_tells_the_old_parent)
{
    open_middle(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@100 grad                     -> apply, control READY{0} {0 1}\n"
                        "@110 control p0 READY{0}      ->\n"
                        "@120 control p1 FREEZE{0 2 5} -> control FREEZE{0 2 5} {0}\n"
                        "@130 control p0 FREEZE{0 0 3} -> control FREEZE{0 0 3} {1}\n"
                        "@140 control p1 FREEZE{0 0 3} -> control YES{0 0 3 1} {0}\n");
}

Test(policy_aau, tells_a_higher_wave_about_its_own)
{
    open_centre(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@10  control p1 READY{0}      ->\n"
                        "@100 grad                     -> apply, control FREEZE{0 4 1} {1},"
                        " control READY{0} {0 2}\n"
                        "@110 control p2 FREEZE{0 7 1} -> control FREEZE{0 4 1} {2}\n"
                        "@120 control p1 FREEZE{0 6 1} ->\n"
                        "@130 control p1 YES{0 4 1 0}  ->\n"
                        "@140 control p2 YES{0 4 1 0}  -> control COMMIT{0 4 1} {1 2},"
                        " send model t4.1 d2 {1 2}\n");
}

Test(policy_aau, once_bound_refuses_even_a_lower_wave_but_follows_its_parent_into_one)
{
    open_centre(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@100 grad                     -> apply, control READY{0} {0 1 2}\n"
                        "@110 control p1 FREEZE{0 6 1} -> control YES{0 6 1 1} {1}\n"
                        "@120 control p0 FREEZE{0 2 1} -> control NO{0 2 1} {0}\n"
                        "@130 control p1 FREEZE{0 2 1} -> control FREEZE{0 2 1} {0}\n"
                        "@140 control p0 FREEZE{0 2 1} -> control YES{0 2 1 1} {1}\n");
}

Test(policy_aau, when_bound_tells_a_late_member_that_the_edge_is_active)
{
    open_centre(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@100 grad                     -> apply, control READY{0} {0 1 2}\n"
                        "@110 control p1 FREEZE{0 6 1} -> control YES{0 6 1 1} {1}\n"
                        "@120 control p2 FREEZE{0 6 1} -> control JOINED{0 6 1} {2}\n"
                        "@130 control p1 COMMIT{0 6 1} -> send model t6.1 d2 {1 2},"
                        " control PATH{0 1 4 6} {0 1 2}\n");
}

Test(policy_aau, asks_again_who_still_owes_an_answer_to_the_wave_it_leaves)
{
    /* p2's NO is about wave 4.1; wave 3.9 is still on its way to it, and may find it ready */
    open_centre(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@10  control p1 READY{0}      ->\n"
                        "@20  control p2 READY{0}      ->\n"
                        "@100 grad                     -> apply, control FREEZE{0 4 1} {1 2},"
                        " control READY{0} {0}\n"
                        "@110 control p1 FREEZE{0 3 9} -> control FREEZE{0 3 9} {2}\n"
                        "@120 control p2 NO{0 4 1}     ->\n"
                        "@130 control p0 FREEZE{0 2 1} -> control FREEZE{0 2 1} {1 2}\n");
}

Test(policy_aau, aborts_when_nobody_new_joined_and_tries_again_when_one_is_ready)
{
    open_middle(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@10  control p1 READY{0}      ->\n"
                        "@100 grad                     -> apply, control FREEZE{0 1 1} {1},"
                        " control READY{0} {0}\n"
                        "@110 control p1 NO{0 1 1}     ->\n"
                        "@120 control p1 READY{0}      -> control FREEZE{0 1 2} {1}\n");
    cr_expect_eq(agent_counters(&node.agent).aborted, 1);
    cr_expect_eq(agent_counters(&node.agent).refused, 1);
}

Test(policy_aau, after_an_abort_says_ready_to_those_it_refused)
{
    open_centre(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@5   control p0 PATH{0 2 4 6 4 7} -> control PATH{0 2 4 6 4 7} {1 2}\n"
                        "@100 grad                     -> apply, control READY{0} {0 1 2}\n"
                        "@110 control p1 FREEZE{0 6 1} -> control YES{0 6 1 0} {1}\n"
                        "@120 control p2 FREEZE{0 5 1} -> control NO{0 5 1} {2}\n"
                        "@130 control p1 ABORT{0 6 1}  -> control READY{0} {2}\n");
}

Test(policy_aau, refuses_while_it_computes)
{
    open_middle(cluster);

    expect_trace(&node, "@0  start                    -> compute r0\n"
                        "@10 control p0 FREEZE{0 0 1} -> control NO{0 0 1} {0}\n"
                        "@20 control p1 PROBE{0 0 1}  -> control APART{0 0 1} {1}\n");
}

Test(policy_aau, begins_an_epoch_when_all_are_connected_and_looks_again)
{
    open_middle(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@10  control p1 PATH{0 1 1 2} -> control PATH{0 1 1 2} {0}\n"
                        "@100 grad                     -> apply, control READY{0} {0 1}\n"
                        "@110 control p1 READY{0}      ->\n"
                        "@120 control p0 PATH{0 1 0 1} -> control PATH{0 1 0 1} {1},"
                        " control FREEZE{1 1 1} {1}\n");
    cr_expect_eq(agent_counters(&node.agent).epochs, 1);
}

Test(policy_aau, does_not_take_a_neighbour_for_ready_after_they_exchanged)
{
    open_middle(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@10  control p0 READY{0}      ->\n"
                        "@100 grad                     -> apply, control FREEZE{0 1 1} {0},"
                        " control READY{0} {1}\n"
                        "@110 control p0 YES{0 1 1 1}  -> control COMMIT{0 1 1} {0},"
                        " send model t1.1 d1 {0}\n"
                        "@120 model p0 t1.1 d1 h10     -> mix metropolis d1 {0:h10:w1},"
                        " release {0:h10}, compute r1\n"
                        "@130 control p0 READY{1}      -> control PATH{1 0} {1}\n"
                        "@200 grad                     -> apply, control FREEZE{1 1 2} {0},"
                        " control READY{1} {1}\n"
                        "@210 control p0 YES{1 1 2 1}  -> control COMMIT{1 1 2} {0},"
                        " send model t1.2 d1 {0}\n"
                        "@220 model p0 t1.2 d1 h11     -> mix metropolis d1 {0:h11:w1},"
                        " release {0:h11}, compute r2\n"
                        "@300 grad                     -> apply, control READY{1} {0 1}\n");
}

Test(policy_aau, jumps_to_an_epoch_that_it_missed_and_passes_the_news_on)
{
    open_middle(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@10  control p0 READY{3}      -> control PATH{3 0} {1}\n"
                        "@20  control p1 PATH{2 1 0 1} ->\n"
                        "@30  control p1 PATH{3 1 0 2} -> control PATH{3 1 0 2} {0}\n");
}

Test(policy_aau, by_vertex_joins_parts_only_when_it_hears_that_every_worker_is_touched)
{
    open_centre(vertex);

    expect_trace(&node, "@0   start                        -> compute r0\n"
                        "@10  control p0 PATH{0 2 4 2 6 7} -> control PATH{0 2 4 2 6 7} {1 2}\n"
                        "@20  control p1 READY{0}          ->\n"
                        "@100 grad                         -> apply, control READY{0} {0 1 2}\n"
                        "@110 control p0 PATH{0 2 0 1 1 3} -> control PATH{0 2 0 1 1 3} {1 2}\n"
                        "@120 control p0 PATH{0 1 3 5}     -> control PATH{0 1 3 5} {1 2},"
                        " control FREEZE{0 4 1} {1}\n");
}

Test(policy_aau, by_vertex_asks_a_worker_that_nobody_has_touched)
{
    open_centre(vertex);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@10  control p0 PATH{0 1 4 2} -> control PATH{0 1 4 2} {1 2}\n"
                        "@20  control p1 READY{0}      ->\n"
                        "@100 grad                     -> apply, control FREEZE{0 4 1} {1},"
                        " control READY{0} {0 2}\n");
}

Test(policy_aau, under_release_all_goes_on_alone_when_it_learns_of_an_edge)
{
    open_centre(all);

    expect_trace(&node,
                 "@0   start                    -> compute r0\n"
                 "@100 grad                     -> apply, control READY{0} {0 1 2}\n"
                 "@110 control p0 PATH{0 1 1 3} -> control PATH{0 1 1 3} {1 2}, compute r1\n");
    cr_expect_eq(agent_counters(&node.agent).unmixed, 1);
}

Test(policy_aau, under_release_all_exchanges_over_an_old_edge_when_it_learns_of_a_new_one)
{
    open_centre(all);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@10  control p0 PATH{0 1 4 2} -> control PATH{0 1 4 2} {1 2}\n"
                        "@20  control p0 READY{0}      ->\n"
                        "@100 grad                     -> apply, control READY{0} {0 1 2}\n"
                        "@110 control p1 PATH{0 1 1 3} -> control PATH{0 1 1 3} {0 2},"
                        " control FREEZE{0 4 1} {0}\n"
                        "@120 control p0 YES{0 4 1 0}  -> control COMMIT{0 4 1} {0},"
                        " send model t4.1 d1 {0}\n"
                        "@130 model p0 t4.1 d1 h20     -> mix metropolis d1 {0:h20:w1},"
                        " release {0:h20}, compute r1\n");
}

Test(policy_aau, under_release_nbr_probes_for_edges_between_members)
{
    open_centre(nbr);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@10  control p1 READY{0}      ->\n"
                        "@20  control p1 PATH{0 1 4 6} -> control PATH{0 1 4 6} {0 2}\n"
                        "@30  control p2 READY{0}      ->\n"
                        "@40  control p2 PATH{0 1 4 7} -> control PATH{0 1 4 7} {0 1}\n"
                        "@100 grad                     -> apply, control READY{0} {0 1 2}\n"
                        "@110 control p0 FREEZE{0 2 1} -> control PROBE{0 2 1} {1 2}\n"
                        "@120 control p1 APART{0 2 1}  ->\n"
                        "@130 control p2 PROBE{0 2 1}  -> control YES{0 2 1 1} {0}\n"
                        "@140 control p1 PROBE{0 2 1}  -> control JOINED{0 2 1} {1}\n"
                        "@150 control p0 COMMIT{0 2 1} -> send model t2.1 d3 {0 1 2},"
                        " control PATH{0 1 4 2} {0 1 2}\n");
}

Test(policy_aau, under_release_pair_leaves_others_a_time_to_lead_when_it_fails_again_and_again)
{
    open_centre(pair);

    expect_trace(&node, "@0   start                 -> compute r0\n"
                        "@10  control p1 READY{0}   ->\n"
                        "@100 grad                  -> apply, control FREEZE{0 4 1} {1},"
                        " control READY{0} {0 2}\n"
                        "@110 control p1 NO{0 4 1}  ->\n"
                        "@120 control p1 READY{0}   -> control FREEZE{0 4 2} {1}\n"
                        "@130 control p1 NO{0 4 2}  ->\n"
                        "@140 control p1 READY{0}   -> control FREEZE{0 4 3} {1}\n"
                        "@150 control p1 NO{0 4 3}  -> timer 2 @15216 g1\n"
                        "@160 control p1 READY{0}   ->\n"
                        "@15216 timer 2 g1            -> control FREEZE{0 4 4} {1}\n");
    cr_expect_eq(agent_counters(&node.agent).aborted, 3);
}

Test(policy_aau, a_leader_that_rests_joins_and_may_lead_at_once_after_its_next_gradient)
{
    open_centre(pair);

    expect_trace(&node, "@0   start                 -> compute r0\n"
                        "@10  control p1 READY{0}   ->\n"
                        "@100 grad                  -> apply, control FREEZE{0 4 1} {1},"
                        " control READY{0} {0 2}\n"
                        "@110 control p1 NO{0 4 1}  ->\n"
                        "@120 control p1 READY{0}   -> control FREEZE{0 4 2} {1}\n"
                        "@130 control p1 NO{0 4 2}  ->\n"
                        "@140 control p1 READY{0}   -> control FREEZE{0 4 3} {1}\n"
                        "@150 control p1 NO{0 4 3}  -> timer 2 @15216 g1\n"
                        "@160 control p0 FREEZE{0 2 9} -> control YES{0 2 9 1} {0}\n"
                        "@170 control p0 COMMIT{0 2 9} -> send model t2.9 d1 {0},"
                        " control PATH{0 1 4 2} {0 1 2}\n"
                        "@180 model p0 t2.9 d1 h10  -> mix metropolis d1 {0:h10:w1},"
                        " release {0:h10}, cancel 2, compute r1\n"
                        "@190 control p1 READY{0}   ->\n"
                        "@300 grad                  -> apply, control FREEZE{0 4 4} {1},"
                        " control READY{0} {0 2}\n");
}

Test(policy_aau, under_release_nbr_refuses_every_other_wave)
{
    open_centre(nbr);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@10  control p1 READY{0}      ->\n"
                        "@100 grad                     -> apply, control FREEZE{0 4 1} {1},"
                        " control READY{0} {0 2}\n"
                        "@110 control p0 FREEZE{0 2 1} -> control NO{0 2 1} {0}\n"
                        "@120 control p1 NO{0 4 1}     -> control READY{0} {0}\n");
}

Test(policy_aau, under_release_pair_asks_one_neighbour_only)
{
    open_centre(pair);

    expect_trace(&node, "@0   start                   -> compute r0\n"
                        "@10  control p1 READY{0}     ->\n"
                        "@20  control p2 READY{0}     ->\n"
                        "@100 grad                    -> apply, control FREEZE{0 4 1} {1},"
                        " control READY{0} {0 2}\n"
                        "@110 control p1 YES{0 4 1 1} -> control COMMIT{0 4 1} {1},"
                        " send model t4.1 d1 {1}\n"
                        "@120 model p1 t4.1 d1 h60    -> mix metropolis d1 {1:h60:w1},"
                        " release {1:h60}, compute r1\n");
}

Test(policy_aau, stops_at_once_when_it_computes_and_refuses_from_then_on)
{
    open_middle(cluster);

    expect_trace(&node, "@0  start                    -> compute r0\n"
                        "@50 stop                     -> done\n"
                        "@60 control p0 FREEZE{0 0 1} -> control NO{0 0 1} {0}\n"
                        "@70 control p0 PATH{0 1 0 1} -> control PATH{0 1 0 1} {1}\n");
}

Test(policy_aau, stops_at_once_when_it_waits_in_no_wave)
{
    open_middle(cluster);

    expect_trace(&node, "@0   start               -> compute r0\n"
                        "@100 grad                -> apply, control READY{0} {0 1}\n"
                        "@110 stop                -> done\n"
                        "@120 control p1 READY{0} ->\n");
}

Test(policy_aau, when_stopping_follows_its_wave_to_the_exchange)
{
    open_middle(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@100 grad                     -> apply, control READY{0} {0 1}\n"
                        "@110 control p0 FREEZE{0 0 1} -> control YES{0 0 1 1} {0}\n"
                        "@120 stop                     ->\n"
                        "@130 control p0 COMMIT{0 0 1} -> send model t1 d1 {0},"
                        " control PATH{0 1 1 0} {0 1}\n"
                        "@140 model p0 t0.1 d1 h10     -> mix metropolis d1 {0:h10:w1},"
                        " release {0:h10}, done\n");
}

Test(policy_aau, when_stopping_is_done_after_an_abort)
{
    open_middle(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@100 grad                     -> apply, control READY{0} {0 1}\n"
                        "@110 control p0 FREEZE{0 0 1} -> control YES{0 0 1 1} {0}\n"
                        "@120 stop                     ->\n"
                        "@125 control p1 FREEZE{0 2 1} -> control NO{0 2 1} {1}\n"
                        "@130 control p0 ABORT{0 0 1}  -> done\n");
}

Test(policy_aau, as_a_stopping_leader_aborts)
{
    open_middle(cluster);

    expect_trace(&node, "@0   start                   -> compute r0\n"
                        "@10  control p0 READY{0}     ->\n"
                        "@100 grad                    -> apply, control FREEZE{0 1 1} {0},"
                        " control READY{0} {1}\n"
                        "@105 stop                    ->\n"
                        "@110 control p0 YES{0 1 1 1} -> control ABORT{0 1 1} {0}, done\n");
}

Test(policy_aau, without_neighbours_goes_on_alone)
{
    trace_open(&node, &policy_aau, 0, 1, PEERS(UINT32_MAX), OPTIONS(policy_aau, "%s", cluster));

    expect_trace(&node, "@0   start -> compute r0\n"
                        "@100 grad  -> apply, compute r1\n");
}

Test(policy_aau, refuses_a_model_of_another_wave, .signal = SIGABRT)
{
    open_middle(cluster);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@100 grad                     -> apply, control READY{0} {0 1}\n"
                        "@110 control p0 FREEZE{0 0 1} -> control YES{0 0 1 1} {0}\n"
                        "@120 model p0 t0.2 d1 h10     ->\n");
}
