/*
 * The vocabulary carries an asynchronous parameter server, in the form that sends models: a small machine, no row yet.
 *
 * Worker 0 serves and computes nothing. The others take its model (a mix in which self weighs 0), step, and send the
 * result back; the server moves towards it by 1/(2 + staleness), an integer weight.
 *
 * Source: FedAsync, arXiv 1903.03934, with polynomial staleness weights.
 */
#include <criterion/criterion.h>

#include "tests/trace/support_policy.h"

struct asgd {
    const struct policy_config *config;
    struct mix_term term;
    uint64_t version; /* of the server; a worker: the one it took */
    uint32_t everyone[16];
    uint32_t iteration;
};

static size_t asgd_bytes(const struct policy_config *config)
{
    (void)config;
    return sizeof(struct asgd);
}

static void asgd_init(void *state, const struct policy_config *config)
{
    struct asgd *self = state;
    *self = (struct asgd){.config = config};
    for (uint32_t i = 0; i < config->peer_count; i++)
        self->everyone[i] = i;
}

static void send(struct asgd *self, uint32_t first, uint32_t count, struct actions *out)
{
    actions_push(out, (struct action){.kind = ACT_SEND,
                                      .type = TENSOR_MODEL,
                                      .tag = self->version,
                                      .peers = &self->everyone[first],
                                      .count = count,
                                      .degree = 1});
}

static void mix(struct asgd *self, const struct event *event, uint32_t own, struct actions *out)
{
    self->term = (struct mix_term){.handle = event->handle, .peer = event->peer, .weight = 1};
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = MIX_WEIGHTED,
                                      .terms = &self->term,
                                      .count = 1,
                                      .degree = own});
    actions_push(
        out, (struct action){.kind = ACT_RELEASE, .peer = event->peer, .handle = event->handle});
}

static void asgd_step(void *state, const struct event *event, struct actions *out)
{
    struct asgd *self = state;
    const bool serves = self->config->self == 0;
    if (event->kind == EV_START && serves) {
        send(self, 0, self->config->peer_count, out);
    } else if (event->kind == EV_TENSOR && serves) {
        mix(self, event, 1 + (uint32_t)(self->version - event->tag), out);
        self->version++;
        send(self, event->peer, 1, out);
    } else if (event->kind == EV_TENSOR) {
        self->version = event->tag;
        mix(self, event, 0, out);
        actions_push(out, (struct action){.kind = ACT_COMPUTE, .round = self->iteration++});
    } else if (event->kind == EV_GRADIENT) {
        actions_push(out, (struct action){.kind = ACT_APPLY});
        send(self, 0, 1, out);
    }
}

static const struct policy asgd = {
    .name = "asgd",
    .edges = POLICY_EDGES_GRAPH,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_NONE,
    .state_bytes = asgd_bytes,
    .init = asgd_init,
    .step = asgd_step,
};

Test(policy_asgd, as_a_worker_takes_the_model_steps_and_sends_it_back)
{
    struct trace_node node;
    trace_open(&node, &asgd, 2, 3, PEERS(0), NULL);

    expect_trace(&node, "@0   start              ->\n"
                        "@10  model p0 t0 d1 h1  -> mix weighted d0 {0:h1:w1}, release {0:h1},"
                        " compute r0\n"
                        "@100 grad               -> apply, send model t0 d1 {0}\n"
                        "@110 model p0 t5 d1 h6  -> mix weighted d0 {0:h6:w1}, release {0:h6},"
                        " compute r1\n");
    trace_free(&node);
}

Test(policy_asgd, as_the_server_weighs_by_staleness_and_answers_the_sender)
{
    struct trace_node node;
    trace_open(&node, &asgd, 0, 3, PEERS(1, 2), NULL);

    expect_trace(&node, "@0   start              -> send model t0 d1 {0 1}\n"
                        "@100 model p1 t0 d1 h20 -> mix weighted d1 {1:h20:w1}, release {1:h20},"
                        " send model t1 d1 {1}\n"
                        "@120 model p1 t1 d1 h21 -> mix weighted d1 {1:h21:w1}, release {1:h21},"
                        " send model t2 d1 {1}\n"
                        "@900 model p0 t0 d1 h10 -> mix weighted d3 {0:h10:w1}, release {0:h10},"
                        " send model t3 d1 {0}\n");
    trace_free(&node);
}
