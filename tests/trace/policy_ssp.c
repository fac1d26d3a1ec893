/* SPDX-License-Identifier: BSD-3-Clause */
/* The tag of a worker's answer is the handle of the server's model that it was made from. */
#include <criterion/criterion.h>

#include "core/base/rng.h"
#include "core/policy/control.h"
#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

static const struct trace_control controls[] = {{"BYE", SERVER_BYE, 0}, {0}};
static struct trace_node node;

static void open_server(uint32_t staleness)
{
    trace_open(&node, &policy_ssp, 0, 4, PEERS(1, 2, 3),
               OPTIONS(policy_ssp, "staleness: %u", staleness));
    node.controls = controls;
}
static void close_node(void)
{
    trace_free(&node);
}
TestSuite(policy_ssp, .fini = close_node);

Test(policy_ssp, holds_the_reply_to_who_is_too_far_ahead_until_the_slowest_follows)
{
    open_server(1);

    expect_trace(&node, "@0   start              -> send model t0 d1 {0 1 2}\n"
                        "@100 model p0 t7 d1 h10 -> mix delta-own {0:h10-h7:w1}, release {0:h10},"
                        " send model t1 d1 {0}\n"
                        "@200 model p0 t8 d1 h11 -> mix delta-own {0:h11-h8:w1}, release {0:h11}\n"
                        "@210 model p1 t7 d1 h20 -> mix delta-own {1:h20-h7:w1}, release {1:h20},"
                        " send model t3 d1 {1}\n"
                        "@300 model p2 t7 d1 h30 -> mix delta-own {2:h30-h7:w1}, release {2:h30},"
                        " send model t4 d1 {0 2}\n");
}

Test(policy_ssp, of_staleness_0_is_bulk_synchronous)
{
    open_server(0);

    expect_trace(&node,
                 "@0   start              -> send model t0 d1 {0 1 2}\n"
                 "@100 model p0 t7 d1 h10 -> mix delta-own {0:h10-h7:w1}, release {0:h10}\n"
                 "@110 model p2 t7 d1 h30 -> mix delta-own {2:h30-h7:w1}, release {2:h30}\n"
                 "@120 model p1 t7 d1 h20 -> mix delta-own {1:h20-h7:w1}, release {1:h20},"
                 " send model t3 d1 {0 1 2}\n"
                 "@200 model p1 t8 d1 h21 -> mix delta-own {1:h21-h8:w1}, release {1:h21}\n");
}

/* Peer 2 left without an answer, so the slowest will never follow. */
Test(policy_ssp, lets_everybody_go_when_the_server_is_stopped)
{
    open_server(0);

    expect_trace(&node, "@0   start              -> send model t0 d1 {0 1 2}\n"
                        "@50  control p2 BYE{}   ->\n"
                        "@100 model p0 t7 d1 h10 -> mix delta-own {0:h10-h7:w1}, release {0:h10}\n"
                        "@110 stop t0            -> send model t1 d1 {0}\n"
                        "@120 model p1 t7 d1 h20 -> mix delta-own {1:h20-h7:w1}, release {1:h20},"
                        " send model t2 d1 {1}\n"
                        "@130 control p1 BYE{}   ->\n"
                        "@140 control p0 BYE{}   -> done\n");
}

/* -------------------------------------------------------------------------------------- its published property */

struct schedule {
    struct rng rng;
    uint32_t clock[3];
    bool has_model[3];
    uint32_t ahead_most; /* of anybody who was given a model, at that moment */
};

static uint32_t slowest(const struct schedule *self)
{
    uint32_t least = self->clock[0];
    for (uint32_t i = 1; i < 3; i++)
        least = self->clock[i] < least ? self->clock[i] : least;
    return least;
}

/* One of those who have a model answers. */
static void answer_somebody(struct schedule *self)
{
    uint32_t peer = rng_below(&self->rng, 3);
    for (uint32_t tries = 0; tries < 3 && !self->has_model[peer]; tries++)
        peer = (peer + 1) % 3;
    cr_assert(self->has_model[peer], "everybody is held back");
    self->has_model[peer] = false;
    self->clock[peer]++;
    agent_step(&node.agent,
               &(struct event){
                   .kind = EV_TENSOR, .type = TENSOR_MODEL, .peer = peer, .tag = 7, .handle = 20},
               node.out);
}

static void note_replies(struct schedule *self)
{
    for (uint32_t i = 0; i < node.out->count; i++) {
        const struct action *a = &node.out->item[i];
        for (uint32_t k = 0; a->kind == ACT_SEND && k < a->count; k++) {
            const uint32_t ahead = self->clock[a->peers[k]] - slowest(self);
            self->ahead_most = ahead > self->ahead_most ? ahead : self->ahead_most;
            self->has_model[a->peers[k]] = true;
        }
    }
}

/* Ho et al. 2013: the fastest worker begins no iteration more than s clocks ahead of the slowest. */
Test(policy_ssp, never_lets_the_fastest_begin_more_than_s_ahead_of_the_slowest)
{
    for (uint32_t s = 0; s <= 4; s++) {
        struct schedule schedule = {.rng = rng_start(s + 1, RNG_DELAY, 0)};
        open_server(s);
        agent_step(&node.agent, &(struct event){.kind = EV_START}, node.out);
        note_replies(&schedule);

        for (uint32_t i = 0; i < 5000; i++) {
            answer_somebody(&schedule);
            note_replies(&schedule);
        }

        cr_expect_eq(schedule.ahead_most, s, "staleness %u: somebody went %u ahead", s,
                     schedule.ahead_most);
        cr_expect_geq(slowest(&schedule), 5000 / 3 - 5);
        if (s < 4)
            trace_free(&node);
    }
}
