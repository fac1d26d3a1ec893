/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

static struct trace_node node;

static void open_middle(uint32_t steps, const char *collective)
{
    trace_open(&node, &policy_local_sgd, 1, 3, PEERS(0, 2),
               OPTIONS(policy_local_sgd, "steps: %u, collective: %s", steps, collective));
}
static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_local, .fini = close_node);

Test(policy_local, reduces_after_each_so_many_steps)
{
    open_middle(2, "chunked");

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 grad               -> apply, compute r1\n"
                        "@200 grad               -> apply, send part t0 s1/3 {0 1}\n"
                        "@210 part p1 t0 d2 h20  ->\n"
                        "@220 part p0 t0 d2 h10  -> mix slice-mean s1/3 {0:h10:w0 1:h20:w2},"
                        " release {0:h10 1:h20}, send slice t0 s1/3 {0 1}\n"
                        "@230 slice p0 t0 d2 h11 ->\n"
                        "@240 slice p1 t0 d2 h21 -> mix slice-copy {0:h11:w0 1:h21:w2},"
                        " release {0:h11 1:h21}, compute r2\n"
                        "@300 grad               -> apply, compute r3\n"
                        "@400 grad               -> apply, send part t1 s1/3 {0 1}\n");
}

Test(policy_local, leaves_a_modelled_reduction_to_the_driver)
{
    open_middle(2, "modelled");

    expect_trace(&node, "@0   start      -> compute r0\n"
                        "@100 grad       -> apply, compute r1\n"
                        "@200 grad       -> apply, reduce t0 {}\n"
                        "@210 reduced t0 -> compute r2\n"
                        "@300 grad       -> apply, compute r3\n"
                        "@400 grad       -> apply, reduce t1 {}\n"
                        "@410 reduced t1 -> compute r4\n");
}

/* One step at a time it is synchronous SGD: the same actions as allreduce, event by event. */
Test(policy_local, of_one_step_is_allreduce)
{
    static const char *const trace = "@0   start      -> compute r0\n"
                                     "@100 grad       -> apply, reduce t0 {}\n"
                                     "@110 reduced t0 -> compute r1\n"
                                     "@200 grad       -> apply, reduce t1 {}\n"
                                     "@205 stop t1    ->\n"
                                     "@210 reduced t1 -> done\n";
    struct trace_node other;
    trace_open(&other, &policy_allreduce, 1, 3, PEERS(0, 2),
               OPTIONS(policy_local_sgd, "collective: modelled"));
    open_middle(1, "modelled");

    expect_trace(&node, trace);
    expect_trace(&other, trace);
    trace_free(&other);
}

Test(policy_local, ends_without_a_reduction_when_the_last_iteration_is_between_two)
{
    open_middle(3, "modelled");

    expect_trace(&node, "@0   start      -> compute r0\n"
                        "@100 grad       -> apply, compute r1\n"
                        "@200 grad       -> apply, compute r2\n"
                        "@300 grad       -> apply, reduce t0 {}\n"
                        "@310 reduced t0 -> compute r3\n"
                        "@350 stop t4    ->\n"
                        "@400 grad       -> apply, compute r4\n"
                        "@500 grad       -> apply, done\n");
}

Test(policy_local, finishes_the_reduction_of_the_last_iteration)
{
    open_middle(2, "modelled");

    expect_trace(&node, "@0   start      -> compute r0\n"
                        "@100 grad       -> apply, compute r1\n"
                        "@150 stop t1    ->\n"
                        "@200 grad       -> apply, reduce t0 {}\n"
                        "@210 reduced t0 -> done\n");
}

Test(policy_local, needs_a_step)
{
    open_middle(1, "modelled");

    cr_expect(policy_local_sgd.check(&(struct policy_config){.workers = 3}));
    cr_expect_null(policy_local_sgd.check(&node.config));
}

/* Between reductions no message leaves: H steps cost the messages of one (McMahan et al. 2017). */
Test(policy_local, sends_once_in_so_many_steps)
{
    open_middle(5, "modelled");
    uint32_t reductions = 0;
    agent_step(&node.agent, &(struct event){.kind = EV_START}, node.out);

    for (uint32_t i = 0; i < 100; i++) {
        agent_step(&node.agent, &(struct event){.kind = EV_GRADIENT}, node.out);
        const struct action *last = &node.out->item[node.out->count - 1];
        if (last->kind == ACT_COMPUTE)
            continue;
        cr_assert_eq(last->kind, ACT_REDUCE);
        cr_assert_null(last->peers, "no list means everybody");
        const struct event over = {.kind = EV_REDUCED, .tag = last->tag};
        reductions++;
        agent_step(&node.agent, &over, node.out);
    }

    cr_expect_eq(reductions, 20);
}
