/*
 * The vocabulary carries stochastic gradient push: a small machine, no row yet.
 *
 * One-peer directed exponential graph, shares 1/2 and 1/2: in round k send to i + 2^(k mod p), receive from
 * i - 2^(k mod p). The push-sum weight is a lane of the vector, so the machine sees no float.
 *
 * Source: Assran et al., ICML 2019, arXiv 1811.10792.
 */
#include <criterion/criterion.h>

#include "tests/trace/support_policy.h"

struct sgp {
    const struct policy_config *config;
    struct mix_term term;
    uint64_t handle[16], tag[16]; /* a model of a later round may be early */
    uint32_t to;
    uint32_t round;
    bool computing;
};

static size_t sgp_bytes(const struct policy_config *config)
{
    (void)config;
    return sizeof(struct sgp);
}

static void sgp_init(void *state, const struct policy_config *config)
{
    *(struct sgp *)state = (struct sgp){.config = config};
}

static uint32_t peer_of(const struct sgp *self, uint32_t id)
{
    uint32_t i = 0;
    while (self->config->peers[i] != id)
        i++;
    return i;
}

/* Four workers: hops of 1 and 2 in turn. */
static uint32_t hop(const struct sgp *self)
{
    return 1u << (self->round % 2);
}

static void try_mix(struct sgp *self, struct actions *out)
{
    const uint32_t n = self->config->workers;
    const uint32_t from = peer_of(self, (self->config->self + n - hop(self)) % n);
    if (self->computing || self->handle[from] == 0 || self->tag[from] != self->round)
        return;
    self->term = (struct mix_term){.handle = self->handle[from], .peer = from, .weight = 1};
    self->handle[from] = 0;
    actions_push(
        out,
        (struct action){
            .kind = ACT_MIX, .rule = MIX_WEIGHTED, .terms = &self->term, .count = 1, .degree = 1});
    actions_push(out,
                 (struct action){.kind = ACT_RELEASE, .peer = from, .handle = self->term.handle});
    self->computing = true;
    actions_push(out, (struct action){.kind = ACT_COMPUTE, .round = ++self->round});
}

static void sgp_step(void *state, const struct event *event, struct actions *out)
{
    struct sgp *self = state;
    if (event->kind == EV_START) {
        self->computing = true;
        actions_push(out, (struct action){.kind = ACT_COMPUTE});
    } else if (event->kind == EV_GRADIENT) {
        self->computing = false;
        self->to = peer_of(self, (self->config->self + hop(self)) % self->config->workers);
        actions_push(out, (struct action){.kind = ACT_APPLY});
        actions_push(out, (struct action){.kind = ACT_SEND,
                                          .type = TENSOR_MODEL,
                                          .tag = self->round,
                                          .peers = &self->to,
                                          .count = 1,
                                          .degree = 1});
        try_mix(self, out);
    } else if (event->kind == EV_TENSOR) {
        self->handle[event->peer] = event->handle;
        self->tag[event->peer] = event->tag;
        try_mix(self, out);
    }
}

static const struct policy sgp = {
    .name = "sgp",
    .edges = POLICY_EDGES_GRAPH,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_COLUMN,
    .state_bytes = sgp_bytes,
    .init = sgp_init,
    .step = sgp_step,
};

Test(policy_sgp, pushes_half_to_the_next_peer_of_the_exponential_graph)
{
    struct trace_node node;
    trace_open(&node, &sgp, 1, 4, PEERS(0, 2, 3), NULL);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@100 grad               -> apply, send model t0 d1 {1}\n"
                        "@110 model p0 t0 d1 h10 -> mix weighted d1 {0:h10:w1}, release {0:h10},"
                        " compute r1\n"
                        "@200 grad               -> apply, send model t1 d1 {2}\n"
                        "@210 model p2 t1 d1 h31 -> mix weighted d1 {2:h31:w1}, release {2:h31},"
                        " compute r2\n");
    trace_free(&node);
}

Test(policy_sgp, keeps_a_share_of_the_next_round)
{
    struct trace_node node;
    trace_open(&node, &sgp, 1, 4, PEERS(0, 2, 3), NULL);

    expect_trace(&node, "@0   start              -> compute r0\n"
                        "@90  model p2 t1 d1 h31 ->\n"
                        "@100 grad               -> apply, send model t0 d1 {1}\n"
                        "@110 model p0 t0 d1 h10 -> mix weighted d1 {0:h10:w1}, release {0:h10},"
                        " compute r1\n"
                        "@200 grad               -> apply, send model t1 d1 {2},"
                        " mix weighted d1 {2:h31:w1}, release {2:h31}, compute r2\n");
    trace_free(&node);
}
