/*
 * The vocabulary carries Prague: a small machine, no row yet. After its step a worker asks the group generator (worker
 * 0) for a group, and averages in it by the same all-reduce that `allreduce` uses, over a subset.
 *
 * Source: Luo et al., ASPLOS 2020, arXiv 1909.08029.
 */
#include <criterion/criterion.h>

#include "tests/trace/support_policy.h"

enum { PRAGUE_ASK = 1, PRAGUE_GROUP }; /* GROUP: {group id, n, ids of the other members} */

struct prague {
    const struct policy_config *config;
    uint32_t generator;
    uint32_t members[6];
    uint32_t iteration;
};

static const struct trace_control controls[] = {
    {"ASK", PRAGUE_ASK, 1}, {"GROUP", PRAGUE_GROUP, 5}, {0}};

static size_t prague_bytes(const struct policy_config *config)
{
    (void)config;
    return sizeof(struct prague);
}

static void prague_init(void *state, const struct policy_config *config)
{
    *(struct prague *)state = (struct prague){.config = config};
}

static void reduce(struct prague *self, const struct event *event, struct actions *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        for (uint32_t k = 0; k < event->word[1]; k++)
            if (self->config->peers[i] == event->word[2 + k])
                self->members[count++] = i;
    actions_push(out, (struct action){.kind = ACT_REDUCE,
                                      .tag = event->word[0],
                                      .peers = self->members,
                                      .count = count});
}

static void prague_step(void *state, const struct event *event, struct actions *out)
{
    struct prague *self = state;
    if (event->kind == EV_START) {
        actions_push(out, (struct action){.kind = ACT_COMPUTE});
    } else if (event->kind == EV_GRADIENT) {
        actions_push(out, (struct action){.kind = ACT_APPLY});
        actions_push(out, (struct action){.kind = ACT_CONTROL,
                                          .type = PRAGUE_ASK,
                                          .peers = &self->generator,
                                          .count = 1,
                                          .word = {self->iteration}});
    } else if (event->kind == EV_CONTROL) {
        reduce(self, event, out);
    } else if (event->kind == EV_REDUCED) {
        actions_push(out, (struct action){.kind = ACT_COMPUTE, .round = ++self->iteration});
    }
}

static const struct policy prague = {
    .name = "prague",
    .edges = POLICY_EDGES_ALL,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_DOUBLY,
    .state_bytes = prague_bytes,
    .init = prague_init,
    .step = prague_step,
};

Test(policy_prague, averages_in_the_group_it_is_given)
{
    struct trace_node node;
    trace_open(&node, &prague, 2, 6, PEERS(0, 1, 3, 4, 5), NULL);
    node.controls = controls;

    expect_trace(&node,
                 "@0   start                      -> compute r0\n"
                 "@100 grad                       -> apply, control ASK{0} {0}\n"
                 "@110 control p0 GROUP{17 2 5 1} -> send part t17 s0/3 {1 4}\n"
                 "@120 part p1 t17 d2 h10         ->\n"
                 "@130 part p4 t17 d2 h50         -> mix slice-mean s1/3 {1:h10:w0 4:h50:w2},"
                 " release {1:h10 4:h50}, send slice t17 s1/3 {1 4}\n"
                 "@140 slice p1 t17 d2 h11        ->\n"
                 "@150 slice p4 t17 d2 h51        -> mix slice-copy {1:h11:w0 4:h51:w2},"
                 " release {1:h11 4:h51}, compute r1\n");
    trace_free(&node);
}

Test(policy_prague, keeps_the_part_of_a_group_it_does_not_know_yet)
{
    struct trace_node node;
    trace_open(&node, &prague, 2, 6, PEERS(0, 1, 3, 4, 5), NULL);
    node.controls = controls;

    expect_trace(&node, "@0   start                    -> compute r0\n"
                        "@50  part p3 t21 d1 h40       ->\n"
                        "@100 grad                     -> apply, control ASK{0} {0}\n"
                        "@110 control p0 GROUP{21 1 4} -> send part t21 s0/2 {3},"
                        " mix slice-mean s0/2 {3:h40:w1}, release {3:h40},"
                        " send slice t21 s0/2 {3}\n");
    trace_free(&node);
}

Test(policy_prague, goes_on_at_once_in_a_group_of_one)
{
    struct trace_node node;
    trace_open(&node, &prague, 2, 6, PEERS(0, 1, 3, 4, 5), NULL);
    node.controls = controls;

    expect_trace(&node, "@0   start                  -> compute r0\n"
                        "@100 grad                   -> apply, control ASK{0} {0}\n"
                        "@110 control p0 GROUP{22 0} -> compute r1\n");
    trace_free(&node);
}
