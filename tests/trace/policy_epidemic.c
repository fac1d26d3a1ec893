/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

static struct trace_node node;

/* Worker 2 of four. The random choices are those of seed 0. */
static void open_four(uint32_t fanout)
{
    trace_open(&node, &policy_epidemic, 2, 4, PEERS(0, 1, 3),
               OPTIONS(policy_epidemic, "fanout: %u, timeout: 50ns", fanout));
}

static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_epidemic, .fini = close_node);

Test(policy_epidemic, averages_what_came_while_it_computed_and_until_the_timeout)
{
    open_four(3);

    expect_trace(&node, "@0   start           -> compute r0\n"
                        "@60  model p2 t0 h30 ->\n"
                        "@100 grad            -> apply, send model t0 d3 {2 1 0}, timer 1 @150 g1\n"
                        "@120 model p0 t3 h10 ->\n"
                        "@150 timer 1 g1      -> mix mean {0:h10:w1 2:h30:w1},"
                        " release {0:h10 2:h30}, compute r1\n");
}

Test(policy_epidemic, keeps_the_newest_model_of_a_sender_and_gives_the_older_back_at_once)
{
    open_four(3);

    expect_trace(&node,
                 "@0   start           -> compute r0\n"
                 "@60  model p1 t0 h20 ->\n"
                 "@70  model p1 t1 h21 -> release {1:h20}\n"
                 "@100 grad            -> apply, send model t0 d3 {2 1 0}, timer 1 @150 g1\n"
                 "@150 timer 1 g1      -> mix mean {1:h21:w1}, release {1:h21}, compute r1\n");
    cr_expect_eq(agent_counters(&node.agent).dropped, 1);
}

Test(policy_epidemic, goes_on_unmixed_when_nothing_came)
{
    open_four(3);

    expect_trace(&node, "@0   start      -> compute r0\n"
                        "@100 grad       -> apply, send model t0 d3 {2 1 0}, timer 1 @150 g1\n"
                        "@150 timer 1 g1 -> compute r1\n");
    cr_expect_eq(agent_counters(&node.agent).unmixed, 1);
}

Test(policy_epidemic, draws_its_receivers_anew_and_each_of_them_once)
{
    open_four(2);
    uint32_t pairs = 0;
    struct event gradient = {.kind = EV_GRADIENT};
    struct event timer = {.kind = EV_TIMER, .type = 1};

    for (uint32_t i = 1; i <= 20; i++) {
        agent_step(&node.agent, &gradient, node.out);
        const struct action *send = &node.out->item[1];
        cr_assert_eq(send->kind, ACT_SEND);
        cr_assert_eq(send->count, 2);
        cr_assert_neq(send->peers[0], send->peers[1]);
        pairs |= 1u << (send->peers[0] + send->peers[1]); /* 1, 2 or 3 */
        timer.tag = i;
        agent_step(&node.agent, &timer, node.out);
    }

    cr_expect_eq(pairs, 14u, "pairs drawn in 20 iterations: %#x", pairs);
}

Test(policy_epidemic, stops_at_once_and_gives_back_what_it_holds_and_what_comes_later)
{
    open_four(3);

    expect_trace(&node, "@0   start           -> compute r0\n"
                        "@60  model p2 t0 h30 ->\n"
                        "@100 grad            -> apply, send model t0 d3 {2 1 0}, timer 1 @150 g1\n"
                        "@120 stop            -> cancel 1, release {2:h30}, done\n"
                        "@130 model p0 t3 h10 -> release {0:h10}\n");
}

Test(policy_epidemic, never_draws_a_peer_that_is_gone)
{
    open_four(3);

    expect_trace(&node, "@0   start           -> compute r0\n"
                        "@50  down p1         -> evict 1\n"
                        "@60  model p1 t0 h20 -> release {1:h20}\n"
                        "@100 grad            -> apply, send model t0 d2 {2 0}, timer 1 @150 g1\n"
                        "@150 timer 1 g1      -> compute r1\n"
                        "@160 down p0         -> evict 0\n"
                        "@170 down p2         -> evict 2\n"
                        "@200 grad            -> apply, timer 1 @250 g2\n");
}

Test(policy_epidemic, fanout_is_checked_against_the_number_of_workers)
{
    open_four(3);

    cr_expect_null(policy_epidemic.check(&node.config));
    options_change(&policy_epidemic, &node.config.options, "fanout: 4");
    cr_expect_str_eq(policy_epidemic.check(&node.config),
                     "epidemic has a fanout above the number of other workers");
    options_change(&policy_epidemic, &node.config.options, "fanout: 0");
    cr_expect_str_eq(policy_epidemic.check(&node.config), "epidemic needs a fanout of at least 1");
}
