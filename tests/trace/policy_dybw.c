/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

/* Words of control messages as in policy_aau.c. */

static struct trace_node node;

/* Worker 4 of eight, with neighbours 2, 6 and 7 as peers 0, 1 and 2; the tree has the edges to 6 and 7. */
static const uint8_t tree[3] = {0, 1, 1};
static const struct policy_config with_tree = {.tree = tree};

static void open_centre(void)
{
    trace_open(&node, &policy_cb_dybw, 4, 8, PEERS(2, 6, 7), &with_tree);
}

static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_dybw, .fini = close_node);

Test(policy_dybw, waits_for_an_edge_of_the_tree_and_averages_over_all_ready_ones)
{
    open_centre();

    expect_trace(&node, "@0   start                   -> compute r0\n"
                        "@10  control p0 READY{0}     ->\n"
                        "@100 grad                    -> apply, control READY{0} {0 1 2}\n"
                        "@110 control p1 READY{0}     -> control FREEZE{0 4 1} {0 1}\n"
                        "@120 control p0 YES{0 4 1 0} ->\n"
                        "@130 control p1 YES{0 4 1 0} -> control COMMIT{0 4 1} {0 1},"
                        " send model t4.1 d2 {0 1}, control PATH{0 1 4 6} {0 1 2}\n"
                        "@140 model p0 t4.1 d1 h10    ->\n"
                        "@150 model p1 t4.1 d1 h11    -> mix metropolis d2 {0:h10:w1 1:h11:w1},"
                        " release {0:h10 1:h11}, compute r1\n");
}

Test(policy_dybw, leaves_it_to_the_lower_end_to_establish_an_edge)
{
    trace_open(&node, &policy_cb_dybw, 6, 8, PEERS(4), &(struct policy_config){.tree = &tree[1]});

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@100 grad                     -> apply, control READY{0} {0}\n"
                        "@110 control p0 FREEZE{0 4 1} -> control YES{0 4 1 1} {0}\n"
                        "@120 control p0 COMMIT{0 4 1} -> send model t4.1 d1 {0}\n"
                        "@130 model p0 t4.1 d1 h10     -> mix metropolis d1 {0:h10:w1},"
                        " release {0:h10}, compute r1\n");
}

Test(policy_dybw, establishes_no_edge_of_the_tree_twice_in_an_epoch)
{
    open_centre();

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@10  control p1 PATH{0 1 4 6} -> control PATH{0 1 4 6} {0 2}\n"
                        "@20  control p1 READY{0}      ->\n"
                        "@100 grad                     -> apply, control READY{0} {0 1 2}\n");
}

Test(policy_dybw, takes_any_edge_when_the_tree_has_lost_a_worker)
{
    open_centre();

    expect_trace(&node, "@0   start               -> compute r0\n"
                        "@10  control p0 READY{0} ->\n"
                        "@100 grad                -> apply, control READY{0} {0 1 2}\n"
                        "@110 down p2             -> evict 2, control LIFE{0 7 1} {0 1}\n"
                        "@120 control p1 READY{0} -> control FREEZE{0 4 1} {0 1}\n");
}

Test(policy_dybw, says_that_it_needs_a_tree)
{
    static const uint32_t peers[] = {6};
    const struct policy_config without = {.peer_count = 1, .peers = peers};
    open_centre();

    cr_expect_not_null(policy_cb_dybw.check(&without));
    cr_expect_null(policy_cb_dybw.check(&node.config));
}
