/* SPDX-License-Identifier: BSD-3-Clause */
/* A live worker's turns on a port in plain memory: the gradient's input, timers, arrivals, and how it stops. */
#include <criterion/criterion.h>
#include <signal.h>

#include "tests/unit/support_port.h"

static const uint32_t everybody[DESK_PEERS] = {0, 1, 2};
static const struct policy rounds = {
    .name = "rounds", .edges = POLICY_EDGES_GRAPH, .step = desk_step, .synchronous = true};

static struct action send_to_everybody(void)
{
    return (struct action){
        .kind = ACT_SEND, .type = TENSOR_MODEL, .tag = 7, .peers = everybody, .count = DESK_PEERS};
}

static struct action mix(enum mix_rule rule, const struct mix_term *terms, uint32_t count)
{
    return (struct action){
        .kind = ACT_MIX, .rule = (uint8_t)rule, .terms = terms, .count = count, .slices = 4};
}

/* The gradient's input */

Test(gradient, keeps_its_input_while_the_model_moves_on)
{
    desk_open(4, 4.0f);
    const struct mix_term terms[] = {desk_shows(0, 8.0f, 0)};
    cr_assert(desk_do((struct action){.kind = ACT_COMPUTE}));
    const uint32_t input = worker.current;
    cr_assert_eq(worker.phase, WORKER_COMPUTING);

    cr_assert(desk_do(mix(MIX_MEAN, terms, 1)));
    cr_assert(desk_do(mix(MIX_MEAN, terms, 1)));
    cr_assert(desk_do(mix(MIX_MEAN, terms, 1)));
    cr_expect_eq(worker.slots.free_count, 2u, "the input, the current model, no more");
    cr_expect(worker.slots.entry[input].held);
    cr_expect_eq(worker.compute.gradient.param, (const float *)desk.slot[input].at);
    cr_expect_eq(desk.slot[input].at[0], 4.0f);

    worker_slice(&worker, clock_cyc());
    cr_expect(worker.slots.entry[input].held, "half a gradient");
    worker_slice(&worker, clock_cyc());
    cr_expect_not(worker.slots.entry[input].held);
    cr_expect_eq(worker.slots.free_count, 3u);
}

Test(gradient, frees_the_model_it_has_read_to_the_end_when_the_next_one_comes)
{
    desk_open(2, 4.0f);
    cr_assert(desk_do((struct action){.kind = ACT_COMPUTE}));
    worker_slice(&worker, clock_cyc());
    worker_slice(&worker, clock_cyc());

    cr_assert(desk_do((struct action){.kind = ACT_APPLY}));

    cr_expect_eq(worker.slots.free_count, 1u);
}

Test(gradient, lets_go_of_its_input_when_it_is_abandoned)
{
    desk_open(3, 4.0f);
    const struct mix_term terms[] = {desk_shows(0, 8.0f, 0)};
    cr_assert(desk_do((struct action){.kind = ACT_COMPUTE}));
    cr_assert(desk_do(mix(MIX_MEAN, terms, 1)));
    cr_expect_eq(worker.slots.free_count, 1u);

    compute_abandon(&worker);

    cr_expect_eq(worker.slots.free_count, 2u);
    cr_expect_eq(worker.phase, WORKER_IDLE);
}

Test(gradient, is_delivered_at_the_planned_end_with_the_version_it_was_taken_at)
{
    desk_open(3, 4.0f);
    desk.common.base_ns = 1000000000000u; /* emulated: far away */
    const struct mix_term terms[] = {desk_shows(0, 8.0f, 0)};
    cr_assert(desk_do((struct action){.kind = ACT_COMPUTE}));
    cr_assert(desk_do(mix(MIX_MEAN, terms, 1)));
    worker_slice(&worker, clock_cyc());
    worker_slice(&worker, clock_cyc());
    const uint64_t planned = worker.compute.planned_cyc;

    worker_serve(&worker, planned - 1);
    cr_expect_eq(desk.script.event_count, 0u);

    worker_serve(&worker, planned);
    cr_assert_eq(desk.script.event_count, 1u);
    cr_expect_eq(desk.script.event[0].kind, EV_GRADIENT);
    cr_expect_eq(desk.script.event[0].version, 1u);
    cr_expect_eq(desk.script.event[0].tag, 0u);
    cr_expect_eq(worker.version, 2u);
    cr_expect_eq(desk.pub[DESK_SELF].finished, 1u);
}

/* Timers */

Test(timer, fires_once_at_its_time_with_its_generation)
{
    desk_open(2, 1.0f);
    cr_assert(desk_do((struct action){.kind = ACT_TIMER, .type = 3, .tag = 21, .at_ns = 500}));

    worker_serve(&worker, DESK_START_CYC + 499);
    cr_expect_eq(desk.script.event_count, 0u);

    worker_serve(&worker, DESK_START_CYC + 500);
    worker_serve(&worker, DESK_START_CYC + 501);
    cr_assert_eq(desk.script.event_count, 1u);
    cr_expect_eq(desk.script.event[0].kind, EV_TIMER);
    cr_expect_eq(desk.script.event[0].type, 3u);
    cr_expect_eq(desk.script.event[0].tag, 21u);
    cr_expect_eq(desk.script.event[0].now_ns, 500u);
}

Test(timer, is_replaced_by_a_later_one_of_the_same_number)
{
    desk_open(2, 1.0f);
    cr_assert(desk_do((struct action){.kind = ACT_TIMER, .type = 1, .tag = 1, .at_ns = 500}));
    cr_assert(desk_do((struct action){.kind = ACT_TIMER, .type = 1, .tag = 2, .at_ns = 800}));

    worker_serve(&worker, DESK_START_CYC + 600);
    cr_expect_eq(desk.script.event_count, 0u);

    worker_serve(&worker, DESK_START_CYC + 800);
    cr_assert_eq(desk.script.event_count, 1u);
    cr_expect_eq(desk.script.event[0].tag, 2u);
}

Test(timer, does_not_fire_after_it_was_cancelled)
{
    desk_open(2, 1.0f);
    cr_assert(desk_do((struct action){.kind = ACT_TIMER, .type = 1, .tag = 1, .at_ns = 500}));
    cr_assert(desk_do((struct action){.kind = ACT_TIMER, .type = 2, .tag = 5, .at_ns = 500}));
    cr_assert(desk_do((struct action){.kind = ACT_CANCEL, .type = 1}));

    worker_serve(&worker, DESK_START_CYC + 900);

    cr_assert_eq(desk.script.event_count, 1u);
    cr_expect_eq(desk.script.event[0].type, 2u);
}

Test(timer, tells_no_time_before_that_of_a_message_of_the_same_turn)
{
    desk_open(2, 1.0f);
    cr_assert(desk_do((struct action){.kind = ACT_TIMER, .type = 1, .tag = 1, .at_ns = 500}));
    desk_arrives(1, (struct port_message){.type = 3});

    worker_serve(&worker,
                 DESK_START_CYC + 500); /* the message is stamped when it is taken, which is now */

    cr_assert_eq(desk.script.event_count, 2u);
    cr_expect_eq(desk.script.event[0].kind, EV_CONTROL);
    cr_expect_eq(desk.script.event[1].kind, EV_TIMER);
    cr_expect_geq(desk.script.event[1].now_ns, desk.script.event[0].now_ns);
}

Test(timer, has_a_number_below_the_limit, .signal = SIGABRT)
{
    desk_open(2, 1.0f);

    desk_do((struct action){.kind = ACT_TIMER, .type = WORKER_TIMERS_MAX});
}

/* Arrivals */

Test(arrival, tells_the_policy_what_the_message_says)
{
    desk_open(2, 1.0f);
    desk_arrives(2, (struct port_message){.is_tensor = 1,
                                          .type = TENSOR_MODEL,
                                          .tag = 6,
                                          .degree = 4,
                                          .handle = slots_pack(3, 1, 55),
                                          .iteration = 7});

    cr_expect(worker_serve(&worker, DESK_START_CYC));

    const struct event *const event = &desk.script.event[0];
    cr_assert_eq(desk.script.event_count, 1u);
    cr_expect_eq(event->kind, EV_TENSOR);
    cr_expect_eq(event->type, TENSOR_MODEL);
    cr_expect_eq(event->peer, 2u);
    cr_expect_eq(event->tag, 6u);
    cr_expect_eq(event->degree, 4u);
    cr_expect_eq(event->version, 55u);
    cr_expect_eq(event->incarnation, 3u);
    cr_expect_eq(worker.count.tensors_delivered, 1u);
}

Test(arrival, counts_as_received_after_everything_that_follows_was_sent)
{
    desk_open(2, 1.0f);
    desk.depth = 0;
    desk_arrives(0, (struct port_message){.type = 3});
    desk_next(send_to_everybody());

    worker_serve(&worker, DESK_START_CYC);
    cr_expect(worker.todo.blocked);
    cr_expect_eq(desk.pub[DESK_SELF].received, 0u);

    desk.depth = 1;
    worker_serve(&worker, DESK_START_CYC);
    cr_expect_eq(desk.pub[DESK_SELF].received, 1u);
    cr_expect_eq(desk.pub[DESK_SELF].sent, 3u);
}

/* Stopping */

Test(stop, lets_the_policy_say_that_it_is_done)
{
    desk_open(2, 1.0f);
    desk_next((struct action){.kind = ACT_DONE});

    worker_stop(&worker, 17, DESK_START_CYC + 40);
    worker_stop(&worker, 17, DESK_START_CYC + 50); /* every turn of the drain */

    cr_assert_eq(desk.script.event_count, 1u);
    cr_expect_eq(desk.script.event[0].kind, EV_STOP);
    cr_expect_eq(desk.script.event[0].tag, 17u);
    cr_expect(worker.done);
    cr_expect_eq(desk.pub[DESK_SELF].done, 1u);
}

Test(stop, must_come_before_a_policy_is_done, .signal = SIGABRT)
{
    desk_open(2, 1.0f);

    desk_do((struct action){.kind = ACT_DONE});
}

Test(stop, is_told_after_the_actions_that_still_wait)
{
    desk_open(2, 1.0f);
    desk.depth = 0;
    desk_do(send_to_everybody());

    worker_stop(&worker, 17, DESK_START_CYC);
    cr_expect_not(worker.stop_told);
    cr_expect_eq(desk.script.event_count, 0u);

    desk.depth = 1;
    cr_assert(act_resume(&worker));
    worker_stop(&worker, 17, DESK_START_CYC);
    cr_expect(worker.stop_told);
    cr_expect_eq(desk.script.event_count, 1u);
}

Test(stop, begins_no_gradient_after_the_halt)
{
    desk_open(2, 1.0f);
    worker.begun = 4;
    desk.pub[DESK_SELF].begun = 4;
    desk.cohort.phase = COHORT_HALT;
    worker_halt(&worker);

    cr_assert(desk_do((struct action){.kind = ACT_COMPUTE, .round = 4}));

    cr_expect_eq(worker.phase, WORKER_IDLE);
    cr_expect_eq(worker.begun, 4u);
    cr_expect(worker.held.compute);
    cr_expect_eq(desk.pub[DESK_SELF].begun, 4u);
}

/* Somebody has begun round 4, so that everybody has to. */
static void stop_at(uint64_t last_round)
{
    desk_open(2, 1.0f);
    desk.common.policy = &rounds;
    worker.begun = worker.told_begun = 4;
    desk.cohort.phase = COHORT_HALT;
    worker_halt(&worker);
    cr_assert(desk_do((struct action){.kind = ACT_COMPUTE, .round = 4}));
    desk.cohort.last_round = last_round;
    desk.cohort.phase = COHORT_DRAIN;
    worker_stop(&worker, last_round, DESK_START_CYC);
}

Test(stop, computes_the_last_round_where_rounds_are_global)
{
    stop_at(4);

    cr_expect_eq(worker.phase, WORKER_COMPUTING);
    cr_expect_eq(worker.begun, 5u);
}

Test(stop, computes_no_round_that_nobody_has_begun)
{
    stop_at(3);

    cr_expect_eq(worker.phase, WORKER_IDLE);
    cr_expect_eq(worker.begun, 4u);
}
