/* SPDX-License-Identifier: BSD-3-Clause */
/* Hop: the three ways of waiting, tokens, jumps, and what comes too late. */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

static void open_hop(struct trace_node *node, const uint32_t *peers, uint32_t backup,
                     uint32_t staleness, uint32_t jump)
{
    trace_open(node, &policy_hop, 0, 4, peers,
               OPTIONS(policy_hop, "backup: %u, staleness: %u, jump: %u", backup, staleness, jump));
    cr_assert_null(policy_hop.check(&node->config));
}

Test(policy_hop, without_options_waits_for_all_neighbours_and_says_that_it_goes_on)
{
    struct trace_node node;
    open_hop(&node, PEERS(1, 2), 0, 0, 0);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 grad               -> apply, send model t0 d2 {0 1}\n"
                        "@110 model p1 t0 d2 h20 ->\n"
                        "@120 model p0 t0 d2 h10 -> mix mean {0:h10:w1 1:h20:w1},"
                        " release {0:h10 1:h20}, control TOKEN{1} {0 1}, compute r1\n"
                        "@130 control p1 TOKEN{1} ->\n"
                        "@150 model p1 t1 d2 h21 ->\n"
                        "@200 grad               -> apply, send model t1 d2 {0 1}\n"
                        "@210 control p0 TOKEN{1} ->\n"
                        "@220 model p0 t1 d2 h11 -> mix mean {0:h11:w1 1:h21:w1},"
                        " release {0:h11 1:h21}, control TOKEN{2} {0 1}, compute r2\n");
    trace_free(&node);
}

Test(policy_hop, with_a_backup_goes_on_without_one_and_drops_what_it_sends_later)
{
    struct trace_node node;
    open_hop(&node, PEERS(1, 2), 1, 1, 0);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 grad               -> apply, send model t0 d2 {0 1}\n"
                        "@120 model p0 t0 d2 h10 -> mix mean {0:h10:w1}, release {0:h10},"
                        " control TOKEN{1} {0 1}, compute r1\n"
                        "@130 model p1 t0 d2 h20 -> release {1:h20}\n");

    cr_expect_eq(agent_counters(&node.agent).dropped, 1);
    trace_free(&node);
}

Test(policy_hop, is_held_back_by_the_tokens_of_a_slow_neighbour)
{
    struct trace_node node;
    open_hop(&node, PEERS(1, 2), 1, 0, 0);

    expect_trace(&node,
                 "@0   start                -> compute r0\n"
                 "@110 model p0 t0 d2 h10   ->\n"
                 "@120 control p0 TOKEN{1}  ->\n"
                 "@130 grad                 -> apply, send model t0 d2 {0 1},"
                 " mix mean {0:h10:w1}, release {0:h10}, control TOKEN{1} {0 1}, compute r1\n"
                 "@200 grad                 -> apply, send model t1 d2 {0 1}\n"
                 "@210 model p0 t1 d2 h11   ->\n"
                 "@300 model p1 t0 d2 h20   -> release {1:h20}\n"
                 "@310 control p1 TOKEN{1}  -> mix mean {0:h11:w1}, release {0:h11},"
                 " control TOKEN{2} {0 1}, compute r2\n");
    trace_free(&node);
}

Test(policy_hop, is_held_back_by_models_that_are_slower_than_tokens)
{
    struct trace_node node;
    open_hop(&node, PEERS(1, 2), 1, 0, 0);

    expect_trace(&node,
                 "@0   start                -> compute r0\n"
                 "@110 model p0 t0 d2 h10   ->\n"
                 "@120 control p1 TOKEN{1}  ->\n"
                 "@130 control p0 TOKEN{1}  ->\n"
                 "@140 grad                 -> apply, send model t0 d2 {0 1},"
                 " mix mean {0:h10:w1}, release {0:h10}, control TOKEN{1} {0 1}, compute r1\n"
                 "@200 grad                 -> apply, send model t1 d2 {0 1}\n"
                 "@210 model p0 t1 d2 h11   ->\n"
                 "@300 model p1 t0 d2 h20   -> release {1:h20}, mix mean {0:h11:w1},"
                 " release {0:h11}, control TOKEN{2} {0 1}, compute r2\n");
    trace_free(&node);
}

Test(policy_hop, with_staleness_weighs_by_freshness_and_uses_a_model_again)
{
    struct trace_node node;
    open_hop(&node, PEERS(1, 2), 0, 2, 0);

    expect_trace(&node,
                 "@0   start                -> compute r0\n"
                 "@90  model p0 t0 d2 h10   ->\n"
                 "@100 grad                 -> apply, send model t0 d2 {0 1},"
                 " mix weighted d3 {0:h10:w3}, control TOKEN{1} {0 1}, compute r1\n"
                 "@150 model p1 t0 d2 h20   ->\n"
                 "@200 grad                 -> apply, send model t1 d2 {0 1},"
                 " mix weighted d3 {0:h10:w2 1:h20:w2}, control TOKEN{2} {0 1}, compute r2\n"
                 "@250 model p0 t1 d2 h11   -> release {0:h10}\n"
                 "@300 grad                 -> apply, send model t2 d2 {0 1},"
                 " mix weighted d3 {0:h11:w2 1:h20:w1}, control TOKEN{3} {0 1}, compute r3\n"
                 "@400 grad                 -> apply, send model t3 d2 {0 1}\n"
                 "@410 control p0 TOKEN{2}  ->\n"
                 "@415 control p1 TOKEN{1}  ->\n"
                 "@420 model p1 t1 d2 h21   -> release {1:h20},"
                 " mix weighted d3 {0:h11:w1 1:h21:w1}, control TOKEN{4} {0 1}, compute r4\n");
    trace_free(&node);
}

Test(policy_hop, jumps_to_what_all_neighbours_have_left)
{
    struct trace_node node;
    open_hop(&node, PEERS(1, 2), 1, 3, 2);

    expect_trace(&node, "@0   start                -> compute r0\n"
                        "@10  model p0 t0 d2 h10   ->\n"
                        "@11  model p1 t0 d2 h20   ->\n"
                        "@20  control p0 TOKEN{1}  ->\n"
                        "@21  control p1 TOKEN{1}  ->\n"
                        "@30  model p0 t1 d2 h11   ->\n"
                        "@31  model p1 t1 d2 h21   ->\n"
                        "@40  control p0 TOKEN{2}  ->\n"
                        "@41  control p1 TOKEN{2}  ->\n"
                        "@50  model p0 t2 d2 h12   ->\n"
                        "@60  control p0 TOKEN{3}  ->\n"
                        "@100 grad                 -> apply, send model t0 d2 {0 1},"
                        " release {0:h10 1:h20}, mix mean {0:h11:w1 1:h21:w1},"
                        " release {0:h11 1:h21}, control TOKEN{2} {0 1}, compute r2\n");

    cr_expect_eq(agent_counters(&node.agent).unmixed, 1, "iteration 1 was jumped over");
    trace_free(&node);
}

Test(policy_hop, returns_everything_at_the_stop_and_what_comes_later_at_once)
{
    struct trace_node node;
    open_hop(&node, PEERS(1, 2), 0, 0, 0);

    expect_trace(&node, "@0   start                -> compute r0\n"
                        "@10  model p0 t0 d2 h10   ->\n"
                        "@50  stop                 -> release {0:h10}, done\n"
                        "@60  model p1 t0 d2 h20   -> release {1:h20}\n"
                        "@70  control p1 TOKEN{1}  ->\n");
    trace_free(&node);
}

Test(policy_hop, refuses_options_that_break_its_bounds)
{
    struct policy_config config = {.peer_count = 3, .workers = 8};
    cr_expect_null(policy_hop.check(&config));

    config.options = options_read(&policy_hop, "staleness: 6");
    cr_expect_not_null(policy_hop.check(&config), "more than the channels hold");
    config.options = options_read(&policy_hop, "backup: 3");
    cr_expect_not_null(policy_hop.check(&config), "waits for nobody");
    config.options = options_read(&policy_hop, "backup: 1, jump: 2");
    cr_expect_not_null(policy_hop.check(&config), "cannot lag");
    config.peer_count = 600;
    config.options = options_read(&policy_hop, "backup: 1, staleness: 5");
    cr_expect_not_null(policy_hop.check(&config), "a step's actions would not hold the releases");
    config.options = options_read(&policy_hop, "backup: 1, staleness: 1");
    cr_expect_null(policy_hop.check(&config));
}
