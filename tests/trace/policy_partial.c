/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "core/policy/control.h"
#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

static struct trace_node node;

static const struct trace_control controls[] = {
    {"READY", PARTIAL_READY, 1},
    {"INVITE", PARTIAL_INVITE, 2},
    {"YES", PARTIAL_YES, 1},
    {"NO", PARTIAL_NO, 1},
    {"ABORT", PARTIAL_ABORT, 1},
    {"CLAIM", PARTIAL_CLAIM, 1},
    {0},
};

/* Worker 4 with the neighbours 2, 6 and 7. */
static void open_three(const char *options)
{
    trace_open(&node, &policy_partial, 4, 8, PEERS(2, 6, 7),
               OPTIONS(policy_partial, "%s", options));
    node.controls = controls;
}

static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_partial, .fini = close_node);

#define ONE "wait: k, k: 1"
#define TWO "wait: k, k: 2"

/* ------------------------------------------------------------------------------------------------------- a group */

Test(policy_partial, leads_when_as_many_neighbours_are_ready_as_its_rule_asks_for)
{
    open_three(TWO);

    expect_trace(&node,
                 "@0   start                -> compute r0\n"
                 "@50  control p0 READY     ->\n"
                 "@100 grad                 -> apply, control READY{1} {0}, control READY{1} {1},"
                 " control READY{1} {2}\n"
                 "@110 control p2 READY     -> control INVITE{1 1} {0}, control INVITE{1 1} {2}\n"
                 "@120 control p0 YES{1}    ->\n"
                 "@130 control p2 YES{1}    -> send model t4.1 d2 {0}, send model t4.1 d2 {2}\n"
                 "@140 response p2 t4.1 d1 h30 ->\n"
                 "@150 response p0 t4.1 d1 h10 -> mix metropolis d2 {0:h10:w1 2:h30:w1},"
                 " release {0:h10 2:h30}, compute r1\n");
    cr_expect_eq(agent_counters(&node.agent).committed, 1);
}

Test(policy_partial, follows_a_leader_and_is_released_with_it_whatever_its_own_rule)
{
    open_three(TWO);

    expect_trace(&node,
                 "@0   start                -> compute r0\n"
                 "@100 grad                 -> apply, control READY{1} {0}, control READY{1} {1},"
                 " control READY{1} {2}\n"
                 "@110 control p1 INVITE{5 1} -> control YES{5} {1}\n"
                 "@120 model p1 t6.5 d3 h20 -> send response t6.5 d1 {1},"
                 " mix metropolis d1 {1:h20:w3}, release {1:h20}, compute r1\n"
                 "@200 grad                 -> apply, control READY{2} {1}\n");
}

Test(policy_partial, waits_on_after_an_abort)
{
    open_three(TWO);

    expect_trace(&node,
                 "@0   start                -> compute r0\n"
                 "@100 grad                 -> apply, control READY{1} {0}, control READY{1} {1},"
                 " control READY{1} {2}\n"
                 "@110 control p1 INVITE{5 1} -> control YES{5} {1}\n"
                 "@115 control p2 INVITE{9 1} -> control NO{9} {2}\n"
                 "@120 control p1 ABORT{5}  -> control INVITE{1 1} {1}, control INVITE{1 1} {2}\n");
}

Test(policy_partial, aborts_when_too_few_say_yes_and_tells_those_that_wait)
{
    open_three(TWO);

    expect_trace(
        &node, "@0   start             -> compute r0\n"
               "@50  control p0 READY  ->\n"
               "@60  control p2 READY  ->\n"
               "@100 grad              -> apply, control INVITE{1 1} {0}, control INVITE{1 1} {2},"
               " control READY{1} {1}\n"
               "@110 control p0 YES{1} ->\n"
               "@120 control p2 NO{1}  -> control ABORT{1} {0}\n"
               "@130 control p2 READY  -> control INVITE{2 1} {0}, control INVITE{2 1} {2}\n");
    cr_expect_eq(agent_counters(&node.agent).aborted, 1);
    cr_expect_eq(agent_counters(&node.agent).refused, 1);
}

Test(policy_partial, commits_with_fewer_than_it_invited_if_they_are_enough)
{
    open_three(ONE);

    expect_trace(
        &node, "@0   start             -> compute r0\n"
               "@50  control p0 READY  ->\n"
               "@60  control p2 READY  ->\n"
               "@100 grad              -> apply, control INVITE{1 1} {0}, control INVITE{1 1} {2},"
               " control READY{1} {1}\n"
               "@110 control p0 NO{1}  ->\n"
               "@120 control p2 YES{1} -> send model t4.1 d1 {2}\n");
}

Test(policy_partial, says_no_while_it_computes_and_invites_afterwards)
{
    open_three(ONE);

    expect_trace(
        &node, "@0   start                -> compute r0\n"
               "@50  control p1 INVITE{3 1} -> control NO{3} {1}\n"
               "@100 grad                 -> apply, control INVITE{1 2} {1}, control READY{2} {0},"
               " control READY{2} {2}\n");
}

/* ------------------------------------------------------------------------------------------- crossed invitations */

Test(policy_partial, defers_a_lower_leader_and_joins_it_when_its_own_group_comes_to_nothing)
{
    open_three(ONE);

    expect_trace(
        &node, "@0   start                -> compute r0\n"
               "@50  control p0 READY     ->\n"
               "@100 grad                 -> apply, control INVITE{1 1} {0}, control READY{1} {1},"
               " control READY{1} {2}\n"
               "@110 control p0 INVITE{7 1} ->\n"
               "@120 control p0 NO{1}     -> control YES{7} {0}\n");
}

Test(policy_partial, says_ready_again_to_a_member_that_it_refused_before_the_group_came_to_nothing)
{
    open_three(TWO);

    expect_trace(
        &node,
        "@0   start                -> compute r0\n"
        "@50  control p0 READY     ->\n"
        "@60  control p2 READY     ->\n"
        "@100 grad                 -> apply, control INVITE{1 1} {0}, control INVITE{1 1} {2},"
        " control READY{1} {1}\n"
        "@110 control p2 INVITE{9 1} -> control NO{9} {2}\n"
        "@120 control p2 YES{1}    ->\n"
        "@130 control p0 NO{1}     -> control ABORT{1} {2}, control READY{1} {2}\n");
}

Test(policy_partial, refuses_a_lower_leader_once_its_own_group_is_committed)
{
    open_three(ONE);

    expect_trace(
        &node, "@0   start                -> compute r0\n"
               "@50  control p1 READY     ->\n"
               "@100 grad                 -> apply, control INVITE{1 1} {1}, control READY{1} {0},"
               " control READY{1} {2}\n"
               "@110 control p0 INVITE{7 1} ->\n"
               "@120 control p1 YES{1}    -> send model t4.1 d1 {1}, control NO{7} {0}\n");
}

Test(policy_partial, refuses_a_higher_leader_at_once_while_it_leads)
{
    open_three(ONE);

    expect_trace(
        &node, "@0   start                -> compute r0\n"
               "@50  control p1 READY     ->\n"
               "@100 grad                 -> apply, control INVITE{1 1} {1}, control READY{1} {0},"
               " control READY{1} {2}\n"
               "@110 control p1 INVITE{7 1} -> control NO{7} {1}\n");
}

Test(policy_partial, follows_the_lowest_of_those_it_deferred_and_refuses_the_others)
{
    trace_open(&node, &policy_partial, 4, 8, PEERS(2, 3, 6), OPTIONS(policy_partial, TWO));
    node.controls = controls;

    expect_trace(&node,
                 "@0   start                -> compute r0\n"
                 "@100 grad                 -> apply, control READY{1} {0}, control READY{1} {1},"
                 " control READY{1} {2}\n"
                 "@110 control p2 INVITE{5 1} -> control YES{5} {2}\n"
                 "@120 control p1 INVITE{8 1} ->\n"
                 "@130 control p0 INVITE{9 1} ->\n"
                 "@140 control p2 ABORT{5}  -> control YES{9} {0}, control NO{8} {1}\n"
                 "@150 control p0 ABORT{9}  -> control INVITE{1 1} {0}, control INVITE{1 1} {1},"
                 " control INVITE{1 1} {2}\n");
}

/* ------------------------------------------------------------------------------------------------------- claims */

Test(policy_partial, the_older_wait_has_the_better_claim_whatever_its_id)
{
    open_three(ONE);

    expect_trace(&node, "@0   start                  -> compute r0\n"
                        "@50  control p1 READY{7}    ->\n"
                        "@100 grad                   -> apply, control INVITE{1 8} {1},"
                        " control READY{8} {0}, control READY{8} {2}\n"
                        "@110 control p0 INVITE{5 9} -> control NO{5} {0}\n"
                        "@120 control p2 INVITE{6 7} ->\n"
                        "@130 control p1 NO{1}       -> control YES{6} {2}\n");
}

Test(policy_partial, claims_a_neighbour_that_has_refused_it_too_often_until_it_goes_on)
{
    open_three(ONE);

    expect_trace(
        &node,
        "@0   start               -> compute r0\n"
        "@50  control p0 READY{3} ->\n"
        "@100 grad                -> apply, control INVITE{1 4} {0},"
        " control READY{4} {1}, control READY{4} {2}\n"
        "@110 control p0 NO{1}    ->\n"
        "@120 control p0 READY{5} -> control INVITE{2 4} {0}\n"
        "@130 control p0 NO{2}    ->\n"
        "@140 control p0 READY{6} -> control INVITE{3 4} {0}\n"
        "@150 control p0 NO{3}    ->\n"
        "@160 control p0 READY{7} -> control INVITE{4 4} {0}\n"
        "@170 control p0 NO{4}    -> control CLAIM{4} {0}\n"
        "@180 control p1 INVITE{1 8}  -> control YES{1} {1}\n"
        "@190 model p1 t6.1 d1 h20 -> send response t6.1 d1 {1}, mix metropolis d1 {1:h20:w1},"
        " release {1:h20}, control CLAIM{0} {0}, compute r1\n");
}

Test(policy_partial, when_claimed_refuses_younger_waits_and_neither_leads_until_that_is_over)
{
    open_three(ONE);

    expect_trace(
        &node, "@0   start                  -> compute r0\n"
               "@50  control p2 CLAIM{3}    ->\n"
               "@60  control p1 READY{6}    ->\n"
               "@100 grad                   -> apply, control READY{7} {0}, control READY{7} {1},"
               " control READY{7} {2}\n"
               "@110 control p0 INVITE{5 4} -> control NO{5} {0}\n"
               "@120 control p2 CLAIM{0}    -> control INVITE{1 7} {0}, control INVITE{1 7} {1}\n");
}

Test(policy_partial, when_claimed_still_joins_the_claimant_and_older_waits)
{
    open_three(ONE);

    expect_trace(&node,
                 "@0   start                  -> compute r0\n"
                 "@50  control p2 CLAIM{3}    ->\n"
                 "@100 grad                   -> apply, control READY{4} {0}, control READY{4} {1},"
                 " control READY{4} {2}\n"
                 "@110 control p0 INVITE{5 2} -> control YES{5} {0}\n"
                 "@120 control p2 INVITE{1 3} -> control NO{1} {2}\n"
                 "@130 control p0 ABORT{5}    -> control READY{4} {2}\n"
                 "@140 control p2 INVITE{2 3} -> control YES{2} {2}\n");
}

Test(policy_partial, a_claim_ends_with_the_life_of_the_claimant)
{
    open_three(ONE);

    expect_trace(&node,
                 "@0   start                  -> compute r0\n"
                 "@50  control p2 CLAIM{3}    ->\n"
                 "@60  control p1 READY{6}    ->\n"
                 "@100 grad                   -> apply, control READY{7} {0}, control READY{7} {1},"
                 " control READY{7} {2}\n"
                 "@110 down p2                -> evict 2, control INVITE{1 7} {1}\n");
}

/* ---------------------------------------------------------------------------------------------------- wait rules */

Test(policy_partial, asks_for_no_more_neighbours_than_it_has)
{
    open_three("wait: k, k: 9");

    expect_trace(&node, "@0   start            -> compute r0\n"
                        "@10  control p0 READY ->\n"
                        "@20  control p1 READY ->\n"
                        "@30  control p2 READY ->\n"
                        "@100 grad             -> apply, control INVITE{1 1} {0},"
                        " control INVITE{1 1} {1}, control INVITE{1 1} {2}\n");
}

Test(policy_partial, rounds_a_fraction_up)
{
    open_three("wait: fraction, fraction: 34%");

    expect_trace(&node,
                 "@0   start            -> compute r0\n"
                 "@10  control p0 READY ->\n"
                 "@100 grad             -> apply, control READY{1} {0}, control READY{1} {1},"
                 " control READY{1} {2}\n"
                 "@110 control p1 READY -> control INVITE{1 1} {0}, control INVITE{1 1} {1}\n");
}

Test(policy_partial, with_a_timeout_goes_with_whoever_is_ready_then)
{
    open_three("wait: timeout, timeout: 40ns");

    expect_trace(&node,
                 "@0   start            -> compute r0\n"
                 "@10  control p0 READY ->\n"
                 "@100 grad             -> apply, timer 1 @140 g1, control READY{1} {0},"
                 " control READY{1} {1}, control READY{1} {2}\n"
                 "@110 control p1 READY ->\n"
                 "@140 timer 1 g1       -> control INVITE{1 1} {0}, control INVITE{1 1} {1}\n");
}

Test(policy_partial, with_a_timeout_goes_on_unmixed_when_all_that_it_asks_say_no)
{
    open_three("wait: timeout, timeout: 40ns");

    expect_trace(&node, "@0   start            -> compute r0\n"
                        "@50  control p0 READY ->\n"
                        "@100 grad             -> apply, timer 1 @140 g1, control READY{1} {0},"
                        " control READY{1} {1}, control READY{1} {2}\n"
                        "@140 timer 1 g1       -> control INVITE{1 1} {0}\n"
                        "@150 control p1 READY ->\n"
                        "@160 control p0 NO{1} -> compute r1\n");
    cr_expect_eq(agent_counters(&node.agent).unmixed, 1);
}

Test(policy_partial, with_a_timeout_goes_on_unmixed_when_nobody_is_ready)
{
    open_three("wait: timeout, timeout: 40ns");

    expect_trace(&node, "@0   start      -> compute r0\n"
                        "@100 grad       -> apply, timer 1 @140 g1, control READY{1} {0},"
                        " control READY{1} {1}, control READY{1} {2}\n"
                        "@140 timer 1 g1 -> compute r1\n"
                        "@200 grad       -> apply, timer 1 @240 g2\n");
    cr_expect_eq(agent_counters(&node.agent).unmixed, 1);
}

Test(policy_partial, cancels_the_timer_when_it_is_released_before)
{
    open_three("wait: timeout, timeout: 40ns");

    expect_trace(&node, "@0   start                -> compute r0\n"
                        "@100 grad                 -> apply, timer 1 @140 g1, control READY{1} {0},"
                        " control READY{1} {1}, control READY{1} {2}\n"
                        "@110 control p0 INVITE{5 1} -> control YES{5} {0}\n"
                        "@120 model p0 t2.5 d1 h10 -> send response t2.5 d1 {0},"
                        " mix metropolis d1 {0:h10:w1}, release {0:h10}, cancel 1, compute r1\n");
}

Test(policy_partial, draws_a_number_from_one_to_all_in_each_iteration)
{
    uint32_t seen = 0;

    for (uint32_t seed = 0; seed < 40; seed++) {
        trace_open(&node, &policy_partial, 4, 8, PEERS(2, 6, 7),
                   &(struct policy_config){
                       .seed = seed, .options = options_read(&policy_partial, "wait: random")});
        node.controls = controls;
        struct event event = {.kind = EV_START};
        agent_step(&node.agent, &event, node.out);
        event.kind = EV_GRADIENT;
        agent_step(&node.agent, &event, node.out);
        uint32_t ready = 0;
        do {
            event = (struct event){.kind = EV_CONTROL, .type = PARTIAL_READY, .peer = ready++};
            agent_step(&node.agent, &event, node.out);
        } while (node.out->count == 0 && ready < 3);
        cr_assert_eq(node.out->count, ready, "seed %u: not everybody ready was invited", seed);
        seen |= 1u << ready;
        if (seed < 39)
            trace_free(&node);
    }

    cr_expect_eq(seen, 14u, "numbers drawn: %#x", seen);
}

Test(policy_partial, goes_on_alone_without_neighbours)
{
    trace_open(&node, &policy_partial, 0, 1, PEERS(UINT32_MAX), OPTIONS(policy_partial, TWO));

    expect_trace(&node, "@0   start -> compute r0\n"
                        "@100 grad  -> apply, compute r1\n");
}

Test(policy_partial, with_uniform_weights_takes_degrees_in_the_graph)
{
    open_three("wait: k, k: 1, weights: uniform");

    expect_trace(&node, "@0   start                -> compute r0\n"
                        "@100 grad                 -> apply, control READY{1} {0},"
                        " control READY{1} {1}, control READY{1} {2}\n"
                        "@110 control p0 INVITE{5 1} -> control YES{5} {0}\n"
                        "@120 model p0 t2.5 d2 h10 -> send response t2.5 d3 {0},"
                        " mix metropolis d3 {0:h10:w2}, release {0:h10}, compute r1\n");
}

/* ----------------------------------------------------------------------------------------------------- stop, loss */

Test(policy_partial, a_stopped_leader_aborts_and_a_stopped_member_follows_to_the_end)
{
    open_three(ONE);
    expect_trace(&node, "@0   start             -> compute r0\n"
                        "@50  control p0 READY  ->\n"
                        "@100 grad              -> apply, control INVITE{1 1} {0},"
                        " control READY{1} {1}, control READY{1} {2}\n"
                        "@110 stop              ->\n"
                        "@120 control p0 YES{1} -> control ABORT{1} {0}, done\n"
                        "@130 control p1 INVITE{2 1} -> control NO{2} {1}\n");
    trace_free(&node);

    open_three(TWO);
    expect_trace(&node, "@0   start                -> compute r0\n"
                        "@100 grad                 -> apply, control READY{1} {0},"
                        " control READY{1} {1}, control READY{1} {2}\n"
                        "@110 control p1 INVITE{5 1} -> control YES{5} {1}\n"
                        "@120 stop                 ->\n"
                        "@130 model p1 t6.5 d1 h20 -> send response t6.5 d1 {1},"
                        " mix metropolis d1 {1:h20:w1}, release {1:h20}, done\n");
}

Test(policy_partial, a_leader_goes_on_without_a_member_that_is_lost)
{
    open_three(TWO);

    expect_trace(
        &node, "@0   start             -> compute r0\n"
               "@50  control p0 READY  ->\n"
               "@60  control p2 READY  ->\n"
               "@100 grad              -> apply, control INVITE{1 1} {0}, control INVITE{1 1} {2},"
               " control READY{1} {1}\n"
               "@110 control p0 YES{1} ->\n"
               "@120 control p2 YES{1} -> send model t4.1 d2 {0}, send model t4.1 d2 {2}\n"
               "@130 response p0 t4.1 d1 h10 ->\n"
               "@140 down p2           -> evict 2, mix metropolis d2 {0:h10:w1},"
               " release {0:h10}, compute r1\n"
               "@150 response p2 t4.1 d1 h30 -> release {2:h30}\n");
    cr_expect_eq(agent_counters(&node.agent).evicted, 1);
}

Test(policy_partial, a_leader_counts_a_lost_neighbour_as_gone_for_its_rule)
{
    open_three(TWO);

    expect_trace(
        &node, "@0   start             -> compute r0\n"
               "@50  control p0 READY  ->\n"
               "@60  control p2 READY  ->\n"
               "@100 grad              -> apply, control INVITE{1 1} {0}, control INVITE{1 1} {2},"
               " control READY{1} {1}\n"
               "@110 control p0 YES{1} ->\n"
               "@120 down p1           -> evict 1\n"
               "@130 down p2           -> evict 2, send model t4.1 d1 {0}\n");
}

Test(policy_partial, a_member_waits_on_when_its_leader_is_lost)
{
    open_three(TWO);

    expect_trace(&node,
                 "@0   start                -> compute r0\n"
                 "@50  control p0 READY     ->\n"
                 "@100 grad                 -> apply, control READY{1} {0}, control READY{1} {1},"
                 " control READY{1} {2}\n"
                 "@110 control p1 INVITE{5 1} -> control YES{5} {1}\n"
                 "@120 down p1              -> evict 1\n"
                 "@130 model p1 t6.5 d1 h20 -> release {1:h20}\n"
                 "@140 down p2              -> evict 2, control INVITE{1 1} {0}\n"
                 "@150 down p0              -> evict 0, compute r1\n");
}

Test(policy_partial, options_are_checked)
{
    open_three(ONE);

    cr_expect_null(policy_partial.check(&node.config));
    node.config.options = options_read(&policy_partial, "wait: k, k: 0");
    cr_expect_str_eq(policy_partial.check(&node.config),
                     "partial with wait k needs k of at least 1");
    node.config.options = options_read(&policy_partial, "wait: fraction");
    cr_expect_str_eq(policy_partial.check(&node.config),
                     "partial with wait fraction needs a fraction above 0 and up to 1");
    node.config.options = options_read(&policy_partial, "wait: fraction, fraction: 100%%");
    cr_expect_null(policy_partial.check(&node.config));
}
