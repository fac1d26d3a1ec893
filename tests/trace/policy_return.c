/* SPDX-License-Identifier: BSD-3-Clause */
/* Workers that leave, come back, or come later: what each policy says and does about it. */
#include <criterion/criterion.h>

#include "core/policy/control.h"
#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

static struct trace_node node;

static const struct trace_control of_dsgd[] = {
    {"OFFER", DSGD_OFFER, 2}, {"ENTER", DSGD_ENTER, 1}, {0}};
static const struct trace_control of_partial[] = {
    {"READY", PARTIAL_READY, 1}, {"INVITE", PARTIAL_INVITE, 1}, {0}};

static void open_dsgd(uint32_t workers, const uint32_t *peers)
{
    trace_open(&node, &policy_dsgd, 1, workers, peers, NULL);
    node.controls = of_dsgd;
}

static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_return, .fini = close_node);

/* ---------------------------------------------------------------------------------------------------------- dsgd */

Test(policy_return, dsgd_sends_nothing_between_its_offer_and_the_answer)
{
    open_dsgd(3, PEERS(0, 2));

    expect_trace(&node, "@0  start              -> compute r0\n"
                        "@1  down p1            -> evict 1\n"
                        "@10 grad               -> apply, send model t0 d1 {0}\n"
                        "@11 model p0 t0 d1 h1  -> mix metropolis d1 {0:h1:w1}, release {0:h1},"
                        " compute r1\n"
                        "@12 up p1              -> control OFFER{1 0} {1}\n"
                        "@20 grad               -> apply\n"
                        "@21 model p0 t1 d1 h2  ->\n"
                        "@22 control p1 ENTER{1} -> send model t1 d2 {0 1}\n"
                        "@23 model p1 t1 d1 h3  -> mix metropolis d2 {0:h2:w1 1:h3:w1},"
                        " release {0:h2 1:h3}, compute r2\n");
}

Test(policy_return, dsgd_goes_on_without_a_newcomer_whose_round_is_ahead_and_keeps_its_early_model)
{
    open_dsgd(3, PEERS(0, 2));

    expect_trace(&node, "@0  start              -> compute r0\n"
                        "@1  down p1            -> evict 1\n"
                        "@2  up p1              -> control OFFER{0 0} {1}\n"
                        "@3  model p1 t2 d2 h9  ->\n"
                        "@4  control p1 ENTER{2} ->\n"
                        "@10 grad               -> apply, send model t0 d1 {0}\n"
                        "@11 model p0 t0 d1 h1  -> mix metropolis d1 {0:h1:w1}, release {0:h1},"
                        " compute r1\n"
                        "@20 grad               -> apply, send model t1 d1 {0}\n"
                        "@21 model p0 t1 d1 h2  -> mix metropolis d1 {0:h2:w1}, release {0:h2},"
                        " compute r2\n"
                        "@30 grad               -> apply, send model t2 d2 {0 1}\n"
                        "@31 model p0 t2 d1 h3  -> mix metropolis d2 {0:h3:w1 1:h9:w2},"
                        " release {0:h3 1:h9}, compute r3\n");
}

Test(policy_return, dsgd_enters_at_the_highest_offer_of_those_that_are_there)
{
    open_dsgd(4, PEERS(0, 2, 3));

    expect_trace(&node, "@0 start t1               ->\n"
                        "@0 down p2                -> evict 2\n"
                        "@1 control p0 OFFER{7 0}  ->\n"
                        "@2 control p1 OFFER{5 0}  -> control ENTER{7} {0},"
                        " control ENTER{7} {1}, compute r7\n"
                        "@9 grad                   -> apply, send model t7 d2 {0 1}\n");
}

/* Else it would count from 0, and a neighbour that comes later would wait until it has caught up. */
Test(policy_return, dsgd_enters_the_latest_round_where_nobody_offers_any)
{
    open_dsgd(4, PEERS(0, 2, 3));

    expect_trace(&node, "@0 start t1 v150          ->\n"
                        "@0 down p1                -> evict 1\n"
                        "@0 down p2                -> evict 2\n"
                        "@1 control p0 OFFER{0 1}  -> control ENTER{150} {0}, compute r150\n");
}

Test(policy_return, two_newcomers_of_dsgd_wait_for_each_others_entry)
{
    open_dsgd(3, PEERS(0, 2));

    expect_trace(&node, "@0 start t1               ->\n"
                        "@0 down p1                -> evict 1\n"
                        "@1 up p1                  -> control OFFER{0 1} {1}\n"
                        "@2 control p0 OFFER{4 0}  -> control ENTER{4} {0},"
                        " control ENTER{4} {1}, compute r4\n"
                        "@9 grad                   -> apply\n"
                        "@10 control p1 ENTER{5} -> send model t4 d1 {0}\n");
}

/* Live, two may begin at the same moment: each takes the other for absent, and then hears that it came up. */
Test(policy_return, offers_of_dsgd_that_cross_settle_on_the_later_round)
{
    open_dsgd(3, PEERS(0, 2));

    expect_trace(&node, "@0 start t1 v4            ->\n"
                        "@0 down p1                -> evict 1\n"
                        "@1 control p0 OFFER{4 0}  -> control ENTER{4} {0}, compute r4\n"
                        "@2 up p1                  -> control OFFER{4 0} {1}\n"
                        "@9 grad                   -> apply\n"
                        "@10 control p1 OFFER{6 0} -> send model t4 d1 {0}\n");
}

Test(policy_return, a_newcomer_of_dsgd_enters_no_earlier_than_an_offer_that_crosses)
{
    open_dsgd(3, PEERS(0, 2));

    expect_trace(&node, "@0 start t1              ->\n"
                        "@0 down p1               -> evict 1\n"
                        "@1 up p1                 -> control OFFER{0 1} {1}\n"
                        "@2 control p1 OFFER{7 0} ->\n"
                        "@3 control p0 OFFER{4 0} -> control ENTER{7} {0},"
                        " control ENTER{7} {1}, compute r7\n"
                        "@9 grad                  -> apply, send model t7 d2 {0 1}\n");
}

Test(policy_return, dsgd_mixes_the_last_model_of_one_that_has_left)
{
    open_dsgd(3, PEERS(0, 2));

    expect_trace(&node, "@0  start              -> compute r0\n"
                        "@10 grad               -> apply, send model t0 d2 {0 1}\n"
                        "@11 model p1 t0 d1 h1  ->\n"
                        "@12 down p1 1          -> evict 1\n"
                        "@13 model p0 t0 d1 h2  -> mix metropolis d2 {0:h2:w1 1:h1:w1},"
                        " release {0:h2 1:h1}, compute r1\n"
                        "@20 grad               -> apply, send model t1 d1 {0}\n");
}

Test(policy_return, dsgd_keeps_that_model_when_the_next_life_is_lost_before_it_is_mixed)
{
    open_dsgd(3, PEERS(0, 2));

    expect_trace(&node, "@0  start              -> compute r0\n"
                        "@10 grad               -> apply, send model t0 d2 {0 1}\n"
                        "@11 model p1 t0 d1 h1  ->\n"
                        "@12 down p1 1          -> evict 1\n"
                        "@13 up p1              -> control OFFER{1 0} {1}\n"
                        "@14 down p1            -> evict 1\n"
                        "@15 model p0 t0 d1 h2  -> mix metropolis d2 {0:h2:w1 1:h1:w1},"
                        " release {0:h2 1:h1}, compute r1\n");
}

/* -------------------------------------------------------------------------------------------------------- others */

Test(policy_return, adpsgd_asks_one_that_is_back)
{
    const struct policy_config *const config = OPTIONS(policy_adpsgd, "pairing: any");
    trace_open(&node, &policy_adpsgd, 1, 2, PEERS(0), config);

    expect_trace(&node, "@0  start   -> compute r0\n"
                        "@1  down p0 -> evict 0\n"
                        "@10 grad    -> apply, compute r1\n"
                        "@11 up p0   ->\n"
                        "@20 grad    -> apply, control REQUEST{1} {0}\n");
}

Test(policy_return, partial_tells_one_that_is_back_that_it_is_ready)
{
    const struct policy_config *const config = OPTIONS(policy_partial, "wait: k, k: 2");
    trace_open(&node, &policy_partial, 1, 3, PEERS(0, 2), config);
    node.controls = of_partial;

    expect_trace(&node,
                 "@0  start   -> compute r0\n"
                 "@1  down p1 -> evict 1\n"
                 "@10 grad    -> apply, control READY{1} {0}\n"
                 "@11 up p1   -> control READY{1} {1}\n"
                 "@12 control p0 READY{0} ->\n"
                 "@13 control p1 READY{0} -> control INVITE{1} {0}, control INVITE{1} {1}\n");
}

Test(policy_return, epidemic_sends_to_one_that_is_back)
{
    const struct policy_config *const config = OPTIONS(policy_epidemic, "fanout: 1, timeout: 5ns");
    trace_open(&node, &policy_epidemic, 1, 2, PEERS(0), config);

    expect_trace(&node, "@0  start      -> compute r0\n"
                        "@1  down p0    -> evict 0\n"
                        "@10 grad       -> apply, timer 1 @15 g1\n"
                        "@15 timer 1 g1 -> compute r1\n"
                        "@16 up p0      ->\n"
                        "@20 grad       -> apply, send model t1 d1 {0}, timer 1 @25 g2\n");
}

Test(policy_return, aau_tells_one_that_is_back_whose_lives_have_changed)
{
    trace_open(&node, &policy_aau, 4, 8, PEERS(2, 6, 7), NULL);

    expect_trace(&node, "@0  start                  -> compute r0\n"
                        "@10 down p1                -> evict 1, control LIFE{0 6 1} {0 2}\n"
                        "@20 control p0 LIFE{0 3 1} -> control LIFE{0 3 1} {2}\n"
                        "@30 up p1                  -> control LIFE{0 6 2} {0 1 2},"
                        " control PATH{0 0} {1}, control LIFE{0 3 1} {1}\n");
}

Test(policy_return, aau_numbers_the_waves_of_a_new_life_after_those_before)
{
    trace_open(&node, &policy_aau, 4, 8, PEERS(2, 6, 7), NULL);

    expect_trace(&node, "@0   start t1              -> compute r0\n"
                        "@10  control p0 READY{0}   ->\n"
                        "@100 grad                  -> apply, control FREEZE{0 4 1048577} {0},"
                        " control READY{0} {1 2}\n");
}

/* Found by random scenarios: all waited for the one that was back to begin a wave, and it had not heard of anybody. */
Test(policy_return, aau_tells_one_that_came_back_during_a_wave_when_it_is_over)
{
    trace_open(&node, &policy_aau, 4, 8, PEERS(2, 6, 7), NULL);
    node.controls = trace_aau;

    expect_trace(&node, "@0   start                     -> compute r0\n"
                        "@10  down p2                   -> evict 2, control LIFE{0 7 1} {0 1}\n"
                        "@100 grad                      -> apply, control READY{0} {0 1}\n"
                        "@120 control p0 FREEZE{0 2 5}  -> control YES{0 2 5 1} {0}\n"
                        "@125 up p2                     -> control LIFE{0 7 2} {0 1 2},"
                        " control PATH{0 0} {2}\n"
                        "@130 control p0 ABORT{0 2 5}   -> control READY{0} {2}\n");
}
