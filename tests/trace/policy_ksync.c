/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <signal.h>

#include "core/base/rng.h"
#include "core/policy/control.h"
#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

static const struct trace_control controls[] = {{"SKIP", K_SYNC_SKIP, 1}, {0}};
static struct trace_node node;

static void open_worker(void)
{
    trace_open(&node, &policy_k_sync, 2, 4, PEERS(0), OPTIONS(policy_k_sync, "k: 2"));
    node.controls = controls;
}
static void open_server(uint32_t k)
{
    trace_open(&node, &policy_k_sync, 0, 4, PEERS(1, 2, 3), OPTIONS(policy_k_sync, "k: %u", k));
    node.controls = controls;
}
static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_k_sync, .fini = close_node);

Test(policy_k_sync, as_the_server_takes_the_mean_of_the_first_k_and_begins_the_next_round)
{
    open_server(2);

    expect_trace(&node, "@0   start              -> send model t0 d1 {0 1 2}\n"
                        "@100 model p2 t0 d1 h30 ->\n"
                        "@110 model p0 t0 d1 h10 -> mix weighted d0 {2:h30:w1 0:h10:w1},"
                        " release {2:h30 0:h10}, send model t1 d1 {0 1 2}\n"
                        "@120 control p1 SKIP{0} ->\n"
                        "@200 model p1 t1 d1 h21 ->\n"
                        "@210 model p0 t1 d1 h11 -> mix weighted d0 {1:h21:w1 0:h11:w1},"
                        " release {1:h21 0:h11}, send model t2 d1 {0 1 2}\n");
}

Test(policy_k_sync, drops_what_comes_after_its_round)
{
    open_server(2);

    expect_trace(&node, "@0   start              -> send model t0 d1 {0 1 2}\n"
                        "@100 model p2 t0 d1 h30 ->\n"
                        "@110 model p0 t0 d1 h10 -> mix weighted d0 {2:h30:w1 0:h10:w1},"
                        " release {2:h30 0:h10}, send model t1 d1 {0 1 2}\n"
                        "@120 model p1 t0 d1 h20 -> release {1:h20}\n"
                        "@200 model p1 t1 d1 h21 ->\n");
    cr_expect_eq(agent_counters(&node.agent).dropped, 1);
    cr_expect_eq(agent_counters(&node.agent).committed, 1);
}

/* Peer 1 is deaf in rounds 0 to 3. It has two models to look at, so rounds 2 and 3 pass it by. */
Test(policy_k_sync, overtakes_a_deaf_worker_and_then_gives_it_the_newest_model)
{
    open_server(1);

    expect_trace(&node, "@0   start              -> send model t0 d1 {0 1 2}\n"
                        "@100 model p0 t0 d1 h10 -> mix weighted d0 {0:h10:w1}, release {0:h10},"
                        " send model t1 d1 {0 1 2}\n"
                        "@105 control p2 SKIP{0} ->\n"
                        "@200 model p0 t1 d1 h11 -> mix weighted d0 {0:h11:w1}, release {0:h11},"
                        " send model t2 d1 {0 2}\n"
                        "@205 control p2 SKIP{1} ->\n"
                        "@300 model p2 t2 d1 h32 -> mix weighted d0 {2:h32:w1}, release {2:h32},"
                        " send model t3 d1 {0 2}\n"
                        "@310 control p1 SKIP{0} -> send model t3 d1 {1}\n"
                        "@320 control p1 SKIP{1} ->\n");
}

Test(policy_k_sync, as_a_worker_abandons_its_gradient_for_a_newer_model)
{
    open_worker();

    expect_trace(&node, "@0   start             ->\n"
                        "@10  model p0 t0 d1 h1 -> mix weighted d0 {0:h1:w1}, release {0:h1},"
                        " compute r0\n"
                        "@50  model p0 t1 d1 h2 -> abandon, control SKIP{0} {0},"
                        " mix weighted d0 {0:h2:w1}, release {0:h2}, compute r1\n"
                        "@150 grad              -> apply, send model t1 d1 {0}\n"
                        "@160 model p0 t4 d1 h5 -> mix weighted d0 {0:h5:w1}, release {0:h5},"
                        " compute r2\n");
}

Test(policy_k_sync, a_stopped_worker_settles_its_model_and_whatever_still_comes)
{
    open_worker();

    expect_trace(&node, "@0  start             ->\n"
                        "@10 model p0 t0 d1 h1 -> mix weighted d0 {0:h1:w1}, release {0:h1},"
                        " compute r0\n"
                        "@50 stop t0           -> control SKIP{0} {0}, done\n"
                        "@60 model p0 t1 d1 h2 -> release {0:h2}, control SKIP{1} {0}\n");
}

Test(policy_k_sync, a_worker_stopped_with_its_answer_given_has_nothing_to_settle)
{
    open_worker();

    expect_trace(&node, "@0  start             ->\n"
                        "@10 model p0 t0 d1 h1 -> mix weighted d0 {0:h1:w1}, release {0:h1},"
                        " compute r0\n"
                        "@90 grad              -> apply, send model t0 d1 {0}\n"
                        "@95 stop t0           -> done\n");
}

Test(policy_k_sync, a_stopped_server_gives_up_the_round_and_is_done_when_no_model_is_open)
{
    open_server(2);

    expect_trace(&node, "@0   start              -> send model t0 d1 {0 1 2}\n"
                        "@100 model p2 t0 d1 h30 ->\n"
                        "@110 stop t0            -> release {2:h30}\n"
                        "@120 control p1 SKIP{0} ->\n"
                        "@130 model p0 t0 d1 h10 -> release {0:h10}, done\n");
}

Test(policy_k_sync, a_server_refuses_an_answer_from_the_future, .signal = SIGABRT)
{
    open_server(2);
    expect_trace(&node, "@0   start              -> send model t0 d1 {0 1 2}\n"
                        "@100 model p2 t1 d1 h30 ->\n");
}

Test(policy_k_sync, needs_as_many_workers_as_gradients)
{
    open_worker();

    struct policy_config config = {.workers = 4, .options = options_read(&policy_k_sync, "k: 3")};
    cr_expect_null(policy_k_sync.check(&config));
    config.options = options_read(&policy_k_sync, "k: 4");
    cr_expect(policy_k_sync.check(&config));
    config.options = options_read(&policy_k_sync, "k: 0");
    cr_expect(policy_k_sync.check(&config));
}

/* -------------------------------------------------------------------------------------- its published property */

#define OPEN_MAX 2u

/* The workers of a random schedule: which models each has, oldest first. */
struct schedule {
    struct rng rng;
    uint32_t model[3][OPEN_MAX]; /* rounds */
    uint32_t models[3];
    uint32_t round;   /* of the server */
    uint32_t in_time; /* answers given so far in this round */
    uint64_t late;
};

/* Somebody answers its oldest model, or skips it for a newer one. */
static void settle_one(struct schedule *self)
{
    uint32_t peer = rng_below(&self->rng, 3);
    while (self->models[peer] == 0)
        peer = (peer + 1) % 3;
    const uint32_t round = self->model[peer][0];
    self->model[peer][0] = self->model[peer][1];
    self->models[peer]--;
    if (self->models[peer] > 0 && rng_below(&self->rng, 2)) {
        agent_step(
            &node.agent,
            &(struct event){.kind = EV_CONTROL, .type = K_SYNC_SKIP, .peer = peer, .word = {round}},
            node.out);
        return;
    }
    self->in_time += round == self->round;
    self->late += round < self->round;
    agent_step(&node.agent,
               &(struct event){.kind = EV_TENSOR,
                               .type = TENSOR_MODEL,
                               .peer = peer,
                               .tag = round,
                               .handle = 100 + round},
               node.out);
}

static void expect_a_whole_round(struct schedule *self, const struct action *mix, uint32_t k)
{
    cr_assert_eq(mix->count, k);
    cr_assert_eq(self->in_time, k);
    for (uint32_t i = 0; i < k; i++)
        cr_assert_eq(mix->terms[i].handle, 100 + self->round, "an answer of another round");
    self->round++;
    self->in_time = 0;
}

static void take_actions(struct schedule *self, uint32_t k)
{
    for (uint32_t i = 0; i < node.out->count; i++) {
        const struct action *a = &node.out->item[i];
        if (a->kind == ACT_MIX)
            expect_a_whole_round(self, a, k);
        for (uint32_t r = 0; a->kind == ACT_SEND && r < a->count; r++) {
            const uint32_t peer = a->peers[r];
            cr_assert_lt(self->models[peer], OPEN_MAX, "peer %u has too many models", peer);
            cr_assert_eq(a->tag, self->round, "not the newest model");
            self->model[peer][self->models[peer]++] = (uint32_t)a->tag;
        }
    }
}

/* Dutta et al. 2018: each update is the mean of exactly k gradients, all at the model of that very round. */
Test(policy_k_sync, makes_each_update_of_exactly_k_gradients_at_the_newest_model)
{
    for (uint32_t k = 1; k <= 3; k++) {
        struct schedule schedule = {.rng = rng_start(k, RNG_DELAY, 0)};
        open_server(k);
        agent_step(&node.agent, &(struct event){.kind = EV_START}, node.out);
        take_actions(&schedule, k);

        for (uint32_t i = 0; i < 6000; i++) {
            settle_one(&schedule);
            take_actions(&schedule, k);
        }

        const struct policy_counters counters = agent_counters(&node.agent);
        cr_expect_gt(schedule.round, 500);
        cr_expect_eq(counters.committed, schedule.round);
        cr_expect_eq(counters.dropped, schedule.late);
        cr_expect(k == 3 ? schedule.late == 0 : schedule.late > 100);
        if (k < 3)
            trace_free(&node);
    }
}
