/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

/* Evictions take place 1000 ns after the wait began; ticks come every 250 ns, and one more. LIFE is {epoch, id, life}. */

static struct trace_node node;

static const struct policy_config deaf = {.may_lose = false};
static const struct policy_config unaware = {.may_lose = true};
#define PATIENT OPTIONS(policy_aau, "evict_after: 1us")

/* Worker 4 of eight, with neighbours 2, 6 and 7 as peers 0, 1 and 2. */
static void open_centre(const struct policy_config *options)
{
    trace_open(&node, &policy_aau, 4, 8, PEERS(2, 6, 7), options);
}

static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_loss, .fini = close_node);

Test(policy_loss, a_computing_worker_only_spreads_the_news)
{
    open_centre(&deaf);

    expect_trace(&node, "@0  start                  -> compute r0\n"
                        "@10 down p1                -> evict 1, control LIFE{0 6 1} {0 2}\n"
                        "@20 down p1                ->\n"
                        "@30 control p1 READY{0}    ->\n"
                        "@40 control p0 LIFE{0 6 1} ->\n"
                        "@50 control p0 LIFE{0 3 1} -> control LIFE{0 3 1} {2}\n"
                        "@60 grad                   -> apply, control READY{0} {0 2}\n");
    cr_expect_eq(agent_counters(&node.agent).evicted, 1);
}

Test(policy_loss, a_leader_goes_on_without_the_answer_of_a_lost_worker)
{
    open_centre(&deaf);

    expect_trace(&node, "@0   start                   -> compute r0\n"
                        "@10  control p0 READY{0}     ->\n"
                        "@20  control p1 READY{0}     ->\n"
                        "@100 grad                    -> apply, control FREEZE{0 4 1} {0 1},"
                        " control READY{0} {2}\n"
                        "@110 control p0 YES{0 4 1 0} ->\n"
                        "@120 down p1                 -> evict 1, control LIFE{0 6 1} {0 2},"
                        " control COMMIT{0 4 1} {0}, send model t4.1 d1 {0}\n");
}

Test(policy_loss, an_orphan_leaves_its_wave_and_tells_everybody_in_it)
{
    open_centre(&deaf);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@10  control p1 READY{0}      ->\n"
                        "@100 grad                     -> apply, control FREEZE{0 4 1} {1},"
                        " control READY{0} {0 2}\n"
                        "@110 control p0 FREEZE{0 2 1} -> control FREEZE{0 2 1} {1}\n"
                        "@120 control p1 YES{0 2 1 0}  -> control YES{0 2 1 1} {0}\n"
                        "@130 down p0                  -> evict 0, control LIFE{0 2 1} {1 2},"
                        " control LEFT{0 2 1} {1}, control READY{0} {1},"
                        " control FREEZE{0 4 2} {1}\n"
                        "@140 control p1 LEFT{0 2 1}   ->\n"
                        "@150 control p1 YES{0 4 2 1}  -> control COMMIT{0 4 2} {1},"
                        " send model t4.2 d1 {1}\n");
}

/* The leader has cut a lost worker, and with it us, out of its wave; the news of the loss is still on its way to us. */
Test(policy_loss, a_model_of_a_wave_we_left_goes_back_before_the_loss_is_known)
{
    open_centre(&unaware);

    expect_trace(&node, "@0   start                 -> compute r0\n"
                        "@100 grad                  -> apply, control READY{0} {0 1 2}\n"
                        "@120 model p0 t0.2 d1 h10  -> release {0:h10}\n");
    cr_expect_eq(agent_counters(&node.agent).dropped, 1);
}

Test(policy_loss, nobody_joins_a_wave_twice)
{
    open_centre(&deaf);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@100 grad                     -> apply, control READY{0} {0 1 2}\n"
                        "@110 control p1 FREEZE{0 2 1} -> control YES{0 2 1 1} {1}\n"
                        "@120 control p1 LEFT{0 2 1}   -> control LEFT{0 2 1} {1},"
                        " control READY{0} {1}\n"
                        "@130 control p2 FREEZE{0 2 1} -> control NO{0 2 1} {2},"
                        " control READY{0} {2}, control FREEZE{0 4 1} {2}\n");
}

Test(policy_loss, an_exchange_goes_on_with_the_degree_that_was_told)
{
    open_centre(&deaf);

    expect_trace(&node, "@0   start                   -> compute r0\n"
                        "@10  control p0 READY{0}     ->\n"
                        "@20  control p1 READY{0}     ->\n"
                        "@100 grad                    -> apply, control FREEZE{0 4 1} {0 1},"
                        " control READY{0} {2}\n"
                        "@110 control p0 YES{0 4 1 0} ->\n"
                        "@120 control p1 YES{0 4 1 0} -> control COMMIT{0 4 1} {0 1},"
                        " send model t4.1 d2 {0 1}\n"
                        "@130 model p0 t4.1 d1 h10    ->\n"
                        "@140 down p1                 -> evict 1, control LIFE{0 6 1} {0 2},"
                        " mix metropolis d2 {0:h10:w1}, release {0:h10}, compute r1\n"
                        "@150 model p1 t4.1 d1 h11    -> release {1:h11}\n");
    cr_expect_eq(agent_counters(&node.agent).torn, 1);
    cr_expect_eq(agent_counters(&node.agent).dropped, 1);
}

Test(policy_loss, an_edge_that_the_other_end_left_is_torn_at_none)
{
    open_centre(&deaf);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@100 grad                     -> apply, control READY{0} {0 1 2}\n"
                        "@110 control p0 FREEZE{0 2 1} -> control YES{0 2 1 1} {0}\n"
                        "@120 control p1 FREEZE{0 2 1} -> control JOINED{0 2 1} {1}\n"
                        "@130 control p0 COMMIT{0 2 1} -> send model t2.1 d2 {0 1},"
                        " control PATH{0 1 4 2} {0 1 2}\n"
                        "@140 model p0 t2.1 d1 h10     ->\n"
                        "@150 control p1 LEFT{0 2 1}   -> mix metropolis d2 {0:h10:w1},"
                        " release {0:h10}, compute r1\n");
    cr_expect_eq(agent_counters(&node.agent).torn, 0);
}

Test(policy_loss, the_last_neighbour_lost_leaves_a_worker_alone)
{
    trace_open(&node, &policy_aau, 1, 3, PEERS(0), &deaf);

    expect_trace(&node, "@0   start  -> compute r0\n"
                        "@100 grad   -> apply, control READY{0} {0}\n"
                        "@110 down p0 -> evict 0, compute r1\n"
                        "@200 grad   -> apply, compute r2\n"
                        "@250 up p0  -> control LIFE{0 0 2} {0}, control PATH{0 0} {0}\n"
                        "@300 grad   -> apply, control READY{0} {0}\n");
    cr_expect_eq(agent_counters(&node.agent).unmixed, 2);
}

Test(policy_loss, the_epoch_ends_without_an_absent_worker)
{
    trace_open(&node, &policy_aau, 1, 3, PEERS(0, 2), &deaf);

    expect_trace(&node, "@0  start                   -> compute r0\n"
                        "@10 control p0 PATH{0 1 0 1} -> control PATH{0 1 0 1} {1}\n"
                        "@20 down p1                 -> evict 1, control LIFE{0 2 1} {0}\n"
                        "@30 up p1                   -> control LIFE{1 2 2} {0 1},"
                        " control PATH{1 0} {1}\n");
    cr_expect_eq(agent_counters(&node.agent).epochs, 1);
}

Test(policy_loss, a_silent_neighbour_is_evicted_and_comes_back_with_its_ready)
{
    open_centre(PATIENT);

    expect_trace(&node, "@0    start                    -> compute r0\n"
                        "@100  grad                     -> apply, control READY{0} {0 1 2},"
                        " timer 1 @351 g1\n"
                        "@200  control p0 APART{0 7 9}  ->\n"
                        "@300  control p2 PATH{0 1 3 5} -> control PATH{0 1 3 5} {0 1}\n"
                        "@351  timer 1 g1               -> timer 1 @602 g2\n"
                        "@602  timer 1 g2               -> timer 1 @853 g3\n"
                        "@853  timer 1 g3               -> timer 1 @1104 g4\n"
                        "@1104 timer 1 g4               -> control LIFE{0 6 1} {0 2},"
                        " timer 1 @1105 g5\n"
                        "@1105 timer 1 g5               -> control LIFE{0 7 1} {0},"
                        " timer 1 @1106 g6\n"
                        "@1106 timer 1 g6               -> timer 1 @1357 g7\n"
                        "@1357 timer 1 g7               -> compute r1\n"
                        "@1400 control p1 PATH{0 1 3 6} ->\n"
                        "@1500 control p1 READY{0}      -> control LIFE{0 6 2} {1},"
                        " control PATH{0 0} {1}\n");
    cr_expect_eq(agent_counters(&node.agent).evicted, 3);
}

Test(policy_loss, what_a_silent_neighbour_has_on_loan_is_reclaimed_only_once_it_is_down)
{
    open_centre(PATIENT);

    expect_trace(&node, "@0    start          -> compute r0\n"
                        "@100  grad           -> apply, control READY{0} {0 1 2},"
                        " timer 1 @351 g1\n"
                        "@351  timer 1 g1     -> timer 1 @602 g2\n"
                        "@602  timer 1 g2     -> timer 1 @853 g3\n"
                        "@853  timer 1 g3     -> timer 1 @1104 g4\n"
                        "@1104 timer 1 g4     -> control LIFE{0 2 1} {1 2},"
                        " timer 1 @1105 g5\n"
                        "@1104 down p0        -> evict 0\n"
                        "@1104 down p0        ->\n");
}

Test(policy_loss, whoever_waits_in_a_wave_says_that_it_is_alive)
{
    open_centre(PATIENT);

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@100 grad                     -> apply, control READY{0} {0 1 2},"
                        " timer 1 @351 g1\n"
                        "@110 control p0 FREEZE{0 2 1} -> control YES{0 2 1 1} {0}\n"
                        "@351 timer 1 g1               -> control ALIVE{0} {0}, timer 1 @602 g2\n"
                        "@500 control p0 ALIVE{0}      ->\n"
                        "@602 timer 1 g2               -> control ALIVE{0} {0}, timer 1 @853 g3\n"
                        "@853 timer 1 g3               -> control ALIVE{0} {0}, timer 1 @1104 g4\n"
                        "@1104 timer 1 g4              -> control ALIVE{0} {0}, timer 1 @1355 g5\n"
                        "@1355 timer 1 g5              -> control ALIVE{0} {0}, timer 1 @1606 g6\n"
                        "@1606 timer 1 g6              -> control LIFE{0 2 1} {1 2},"
                        " control LEFT{0 2 1} {0}, control READY{0} {0}, timer 1 @1607 g7\n");
}

Test(policy_loss, a_worker_that_slept_itself_evicts_nobody)
{
    open_centre(PATIENT);

    expect_trace(&node, "@0    start      -> compute r0\n"
                        "@100  grad       -> apply, control READY{0} {0 1 2}, timer 1 @351 g1\n"
                        "@9000 timer 1 g1 -> timer 1 @9251 g2\n");
}

Test(policy_loss, a_cut_graph_is_noticed_by_whoever_waits_twice_as_long)
{
    /* peer 0 is ready and connected in this epoch; workers 2 and 3 are cut off */
    trace_open(&node, &policy_aau, 1, 4, PEERS(0), PATIENT);

    expect_trace(&node, "@0    start                  -> compute r0\n"
                        "@10   control p0 PATH{0 1 0 1} ->\n"
                        "@100  grad                   -> apply, control READY{0} {0},"
                        " timer 1 @351 g1\n"
                        "@110  control p0 READY{0}    ->\n"
                        "@351  timer 1 g1             -> timer 1 @602 g2\n"
                        "@602  timer 1 g2             -> timer 1 @853 g3\n"
                        "@853  timer 1 g3             -> timer 1 @1104 g4\n"
                        "@1104 timer 1 g4             -> timer 1 @1355 g5\n"
                        "@1355 timer 1 g5             -> timer 1 @1606 g6\n"
                        "@1606 timer 1 g6             -> timer 1 @1857 g7\n"
                        "@1857 timer 1 g7             -> timer 1 @2108 g8\n"
                        "@2108 timer 1 g8             -> control PATH{1 0} {0},"
                        " control FREEZE{1 1 1} {0}, timer 1 @2359 g9\n");
}

Test(policy_loss, a_stopped_worker_takes_its_timer_back)
{
    open_centre(PATIENT);

    expect_trace(&node, "@0   start -> compute r0\n"
                        "@100 grad  -> apply, control READY{0} {0 1 2}, timer 1 @351 g1\n"
                        "@110 stop  -> done, cancel 1\n");
}

Test(policy_loss, an_alarm_is_raised_once_per_model_that_missed_too_many_epochs)
{
    trace_open(&node, &policy_aau, 1, 3, PEERS(0), OPTIONS(policy_aau, "max_staleness: 2"));

    expect_trace(&node, "@0  start                 -> compute r0\n"
                        "@10 control p0 PATH{2 0}  ->\n");
    cr_expect_eq(agent_counters(&node.agent).alarms, 0);
    expect_trace(&node, "@20 control p0 PATH{3 0}  ->\n"
                        "@30 control p0 PATH{9 0}  ->\n");
    cr_expect_eq(agent_counters(&node.agent).alarms, 1);
}

/* --------------------------------------------------------------------------------------------------- other rows */

Test(policy_loss, dsgd_mixes_with_whoever_is_left_and_with_the_degree_it_sent)
{
    trace_open(&node, &policy_dsgd, 1, 3, PEERS(0, 2), NULL);

    expect_trace(&node,
                 "@0   start                -> compute r0\n"
                 "@100 grad                 -> apply, send model t0 d2 {0 1}\n"
                 "@110 model p1 t0 d2 h20   ->\n"
                 "@120 down p1              -> evict 1, release {1:h20}\n"
                 "@130 model p1 t1 d2 h21   -> release {1:h21}\n"
                 "@140 model p0 t0 d1 h10   -> mix metropolis d2 {0:h10:w1}, release {0:h10},"
                 " compute r1\n"
                 "@200 grad                 -> apply, send model t1 d1 {0}\n"
                 "@210 down p0              -> evict 0, compute r2\n"
                 "@300 grad                 -> apply, compute r3\n");
}

Test(policy_loss, adpsgd_asks_no_more_whom_it_lost)
{
    trace_open(&node, &policy_adpsgd, 4, 8, PEERS(7), OPTIONS(policy_adpsgd, "comm_thread: true"));

    expect_trace(&node, "@0   start                -> compute r0, control REQUEST{1} {0}\n"
                        "@50  down p0              -> evict 0\n"
                        "@60  response p0 t4.1 h70 -> release {0:h70}\n"
                        "@100 grad                 -> apply, compute r1\n"
                        "@150 up p0                ->\n"
                        "@200 grad                 -> apply, compute r2,"
                        " control REQUEST{2} {0}\n");
    cr_expect_eq(agent_counters(&node.agent).torn, 0);
}

Test(policy_loss, adpsgd_steps_with_the_gradient_it_held_for_a_lost_asker)
{
    trace_open(&node, &policy_adpsgd, 4, 8, PEERS(7),
               OPTIONS(policy_adpsgd, "pairing: bipartite, comm_thread: true"));

    expect_trace(&node, "@0   start                 -> compute r0\n"
                        "@20  control p0 REQUEST{5} -> send response t7.5 d1 {0}\n"
                        "@100 grad                  ->\n"
                        "@150 down p0               -> evict 0, apply, compute r1\n");
    cr_expect_eq(agent_counters(&node.agent).torn, 1);
}
