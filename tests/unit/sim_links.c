/* SPDX-License-Identifier: BSD-3-Clause */
/* What links do to messages: time, order, room, and who keeps which loan. */
#include <criterion/criterion.h>

#include "tests/unit/support_sim.h"

static const uint32_t both[] = {0, 1};
static uint64_t seen_ns[16], seen_tag[16];
static uint32_t seen;

static void note(const struct event *event)
{
    if (event->kind != EV_TENSOR && event->kind != EV_CONTROL)
        return;
    cr_assert_lt(seen, 16);
    seen_ns[seen] = event->now_ns;
    seen_tag[seen++] = event->kind == EV_TENSOR ? event->tag : 1000 + event->word[0];
}

static void send(struct actions *out, uint64_t tag, uint32_t count, uint16_t slices)
{
    actions_push(out, (struct action){.kind = ACT_SEND,
                                      .type = TENSOR_MODEL,
                                      .tag = tag,
                                      .peers = both,
                                      .count = count,
                                      .slices = slices});
}

static void control(struct actions *out, uint32_t word)
{
    actions_push(
        out,
        (struct action){.kind = ACT_CONTROL, .type = 1, .peers = both, .count = 1, .word = {word}});
}

static void expect_failure(struct cluster *cluster, const char *text)
{
    cluster_open(cluster);
    while (sim_run(cluster->sim, 10))
        ;
    cr_expect_str_eq(sim_failure(cluster->sim), text);
    cr_expect_not(sim_run(cluster->sim, 10), "it stays broken");
    cluster_close(cluster);
}

/* --------------------------------------------------------------------------------------------------------- time */

static void send_to_both(uint32_t worker, const struct event *event, struct actions *out)
{
    note(event);
    if (event->kind != EV_START || worker != 0)
        return;
    send(out, 1, 2, 0);
    send(out, 2, 1, 4);
}

Test(sim_links, the_senders_port_takes_one_message_after_the_other)
{
    const struct policy row = cluster_row(send_to_both, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 3, 2, 1);
    cluster.config.payload_bytes = 1000;
    cluster.config.links = (struct sim_links){.latency_ns = 500, .bytes_per_s = 1e9};

    cluster_run(&cluster);

    cr_assert_eq(seen, 3);
    cr_expect_eq(seen_ns[0], 1500);
    cr_expect_eq(seen_ns[1], 2500);
    cr_expect_eq(seen_ns[2], 2750, "a quarter of the bytes");
    cr_expect_eq(sim_totals(cluster.sim)->count.bytes_exchanged, 2250);
    cluster_close(&cluster);
}

static void control_after_gradient(uint32_t worker, const struct event *event, struct actions *out)
{
    note(event);
    if (event->kind == EV_START)
        actions_push(out, (struct action){.kind = ACT_COMPUTE});
    if (event->kind == EV_GRADIENT && worker == 0)
        control(out, 7);
    if (event->kind == EV_GRADIENT && worker == 1)
        cr_expect_eq(seen, 1, "the control came before the gradient of the same moment");
}

Test(sim_links, a_control_that_is_free_comes_before_anything_timed)
{
    const struct policy row = cluster_row(control_after_gradient, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 1);
    cluster.config.links = (struct sim_links){.latency_ns = 500, .control_is_free = true};

    cluster_run(&cluster);

    cr_assert_eq(seen, 1);
    cr_expect_eq(seen_ns[0], MS);
    cluster_close(&cluster);
}

static void stream(uint32_t worker, const struct event *event, struct actions *out)
{
    static uint32_t next;
    static uint32_t last_control, last_tag;
    if (event->kind == EV_TENSOR)
        cr_assert_eq(event->tag, last_tag++);
    if (event->kind == EV_CONTROL)
        cr_assert_eq(event->word[0], last_control++);
    if (worker == 0 && (event->kind == EV_START || event->kind == EV_TIMER) && next < 200) {
        send(out, next, 1, 0);
        control(out, next++);
        actions_push(out,
                     (struct action){.kind = ACT_TIMER, .tag = next, .at_ns = event->now_ns + 100});
    }
    if (event->kind == EV_STOP)
        cr_expect_eq(last_tag, 200);
}

Test(sim_links, jitter_never_reorders_a_class_on_an_edge)
{
    struct policy row = cluster_row(stream, DELIVERY_EXACT);
    row.exact_depth = 200;
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 1);
    cluster.config.links = (struct sim_links){.latency_ns = 1000, .jitter_cv = 1.0};

    cluster_run(&cluster);

    const struct hist *const handle = sim_hist(cluster.sim, SERIES_HANDLE);
    cr_expect_lt(handle->min, 700);
    cr_expect_gt(handle->max, 2000);
    cluster_close(&cluster);
}

/* -------------------------------------------------------------------------------------------------------- bounds */

static void send_three(uint32_t worker, const struct event *event, struct actions *out)
{
    for (uint32_t i = 0; event->kind == EV_START && worker == 0 && i < 3; i++)
        send(out, i, 1, 0);
}

Test(sim_links, more_exact_tensors_than_the_depth_are_a_failure)
{
    const struct policy row = cluster_row(send_three, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 1);
    cluster.config.exact_depth = 2;

    expect_failure(&cluster,
                   "worker 0, edge to worker 1, at 0 ns: more tensors in flight than exact_depth");
}

static void control_three(uint32_t worker, const struct event *event, struct actions *out)
{
    for (uint32_t i = 0; event->kind == EV_START && worker == 0 && i < 3; i++)
        control(out, i);
}

Test(sim_links, more_controls_than_the_depth_are_a_failure)
{
    const struct policy row = cluster_row(control_three, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 1);
    cluster.config.control_depth = 2;

    expect_failure(
        &cluster,
        "worker 0, edge to worker 1, at 0 ns: more controls in flight than control_depth");
}

/* 1000 per timer, none of which has arrived when the 66th rings. */
static void control_without_end(uint32_t worker, const struct event *event, struct actions *out)
{
    if (worker != 0 || (event->kind != EV_START && event->kind != EV_TIMER))
        return;
    for (uint32_t i = 0; i < 1000; i++)
        control(out, i);
    actions_push(out, (struct action){.kind = ACT_TIMER, .at_ns = event->now_ns + 1});
}

Test(sim_links, the_deepest_channel_has_a_bound_as_well)
{
    const struct policy row = cluster_row(control_without_end, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 1);
    cluster.config.control_depth = SIM_DEPTH_MAX;
    cluster.config.links.latency_ns = 200;
    cluster.config.links.control_is_free = false;

    expect_failure(
        &cluster,
        "worker 0, edge to worker 1, at 65 ns: more controls in flight than control_depth");
}

/* Five controls at once, and a timer soon after. */
static uint32_t full_at, full_count, room_count, told_of;

static void press(uint32_t worker, const struct event *event, struct actions *out)
{
    if (worker != 0)
        return;
    told_of += event->kind == EV_TIMER;
    for (uint32_t i = 0; event->kind == EV_START && i < 5; i++)
        control(out, i);
    if (event->kind == EV_START)
        actions_push(out, (struct action){.kind = ACT_TIMER, .at_ns = 10});
    if (event->kind == EV_FULL) {
        full_count++;
        full_at = told_of;
        cr_expect_eq(event->peer, 0);
    }
    room_count += event->kind == EV_ROOM;
}

Test(sim_links, whoever_sends_beyond_the_bound_is_told_before_anything_else_and_once)
{
    const struct policy row = cluster_row(press, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 1);
    cluster.config.control_bound = 4;
    cluster.config.links.latency_ns = 1000;

    cluster_run(&cluster);

    cr_expect_eq(full_count, 1);
    cr_expect_eq(full_at, 0, "before the timer");
    cr_expect_eq(room_count, 1, "when two are left");
    cluster_close(&cluster);
}

static void publish_versions(uint32_t worker, const struct event *event, struct actions *out)
{
    note(event);
    if (event->kind == EV_START && worker == 0)
        actions_push(out, (struct action){.kind = ACT_COMPUTE});
    for (uint32_t i = 0; event->kind == EV_GRADIENT && i < 7; i++) {
        actions_push(out, (struct action){.kind = ACT_APPLY});
        send(out, i, 1, 0);
    }
}

Test(sim_links, a_step_without_a_free_slot_is_a_failure)
{
    const struct policy row = cluster_row(publish_versions, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 1);
    cluster.config.exact_depth = 8;
    cluster.config.slots = 4;

    expect_failure(&cluster, "worker 0 at 1000000 ns: no free slot for a new model");
}

/* ------------------------------------------------------------------------------------------------------- mailboxes */

Test(sim_links, of_newest_tensors_four_are_on_their_way_and_the_next_is_superseded)
{
    const struct policy row = cluster_row(publish_versions, DELIVERY_NEWEST);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 1);
    cluster.config.links.latency_ns = 1000;
    cluster.config.slots = 9;

    cluster_run(&cluster);

    static const uint64_t want[] = {0, 1, 2, 3, 6};
    cr_assert_eq(seen, 5);
    for (uint32_t i = 0; i < 5; i++)
        cr_expect_eq(seen_tag[i], want[i]);
    cr_expect_eq(seen_ns[3], MS + 1000);
    cr_expect_eq(seen_ns[4], MS + 2000, "it left when the first had arrived");
    cr_expect_eq(sim_totals(cluster.sim)->count.tensors_superseded, 2);
    cr_expect_eq(sim_totals(cluster.sim)->count.tensors_sent, 7);
    cluster_close(&cluster);
}

Test(sim_links, a_paused_worker_finds_the_newest_unread_tensor_only)
{
    const struct fault pause = {.kind = FAULT_PAUSE, .worker = 1, .for_ns = 5 * MS};
    const struct policy row = cluster_row(publish_versions, DELIVERY_NEWEST);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 1);
    cluster.config.slots = 9;
    cluster.config.fault = &pause;
    cluster.config.fault_count = 1;

    cluster_run(&cluster);

    cr_assert_eq(seen, 1);
    cr_expect_eq(seen_tag[0], 6);
    cr_expect_eq(seen_ns[0], 5 * MS);
    cr_expect_eq(sim_totals(cluster.sim)->count.tensors_superseded, 6);
    cluster_close(&cluster);
}

Test(sim_links, a_paused_worker_finds_every_exact_tensor_in_order)
{
    const struct fault pause = {.kind = FAULT_PAUSE, .worker = 1, .for_ns = 5 * MS};
    const struct policy row = cluster_row(publish_versions, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 1);
    cluster.config.exact_depth = 7;
    cluster.config.slots = 9;
    cluster.config.fault = &pause;
    cluster.config.fault_count = 1;

    cluster_run(&cluster);

    cr_assert_eq(seen, 7);
    for (uint32_t i = 0; i < 7; i++) {
        cr_expect_eq(seen_tag[i], i);
        cr_expect_eq(seen_ns[i], 5 * MS);
    }
    cluster_close(&cluster);
}

/* ------------------------------------------------------------------------------------------------------- bad links */

static struct inject bad_link(struct inject_link link)
{
    return (struct inject){.law = law_find("none"), .what = INJECT_LINK, .link = link};
}

static void run_bad(struct cluster *cluster, const struct policy *row, const struct inject *entry)
{
    cluster_plan_row(cluster, row, 2, 2, 1);
    cluster->config.slots = 9;
    cluster->config.exact_depth = 8;
    cluster->config.links.latency_ns = 100;
    cluster->config.inject.entry = entry;
    cluster->config.inject.count = 1;
    cluster_run(cluster);
}

Test(sim_links, a_lost_newest_tensor_is_gone_and_counted_under_its_cause)
{
    const struct policy row = cluster_row(publish_versions, DELIVERY_NEWEST);
    const struct inject entry = bad_link((struct inject_link){.loss = 1});
    struct cluster cluster;

    run_bad(&cluster, &row, &entry);

    const struct sim_totals *const t = sim_totals(cluster.sim);
    cr_expect_eq(seen, 0);
    cr_expect_eq(t->count.tensors_dropped, 7);
    cr_expect_eq(t->count.links.dropped_by[LINK_LOST], 7);
    cluster_close(&cluster);
}

Test(sim_links, a_lost_exact_tensor_comes_later_and_in_order)
{
    const struct policy row = cluster_row(publish_versions, DELIVERY_EXACT);
    const struct inject entry = bad_link((struct inject_link){.loss = 0.5, .resend_ns = 1000});
    struct cluster cluster;

    run_bad(&cluster, &row, &entry);

    cr_assert_eq(seen, 7);
    for (uint32_t i = 0; i < 7; i++) {
        cr_expect_eq(seen_tag[i], i);
        cr_expect_eq(seen_ns[i] % 1000, 100, "whole steps of 1000 ns, and the latency");
    }
    cr_expect_gt(sim_totals(cluster.sim)->count.links.resent, 1);
    cr_expect_gt(seen_ns[6], MS + 1000);
    cluster_close(&cluster);
}

Test(sim_links, an_unreliable_link_loses_exact_tensors_for_good)
{
    const struct policy row = cluster_row(publish_versions, DELIVERY_EXACT);
    const struct inject entry = bad_link((struct inject_link){.loss = 0.5, .unreliable = true});
    struct cluster cluster;

    run_bad(&cluster, &row, &entry);

    const struct sim_totals *const t = sim_totals(cluster.sim);
    cr_expect_gt(seen, 0);
    cr_expect_lt(seen, 7);
    cr_expect_eq(seen + t->count.links.dropped_by[LINK_LOST], 7);
    cluster_close(&cluster);
}

Test(sim_links, a_damaged_newest_tensor_travels_and_is_caught)
{
    const struct policy row = cluster_row(publish_versions, DELIVERY_NEWEST);
    const struct inject entry = bad_link((struct inject_link){.corrupt = 1});
    struct cluster cluster;

    run_bad(&cluster, &row, &entry);

    const struct sim_totals *const t = sim_totals(cluster.sim);
    cr_expect_eq(seen, 0);
    cr_expect_eq(t->count.links.corrupted, 5, "two were superseded before they left");
    cr_expect_eq(t->count.links.caught, 5);
    cr_expect_eq(t->count.links.dropped_by[LINK_CORRUPT], 5);
    cr_expect_eq(t->count.tensors_superseded, 2);
    cluster_close(&cluster);
}

Test(sim_links, a_copy_of_an_exact_tensor_is_known_by_its_number)
{
    const struct policy row = cluster_row(publish_versions, DELIVERY_EXACT);
    const struct inject entry = bad_link((struct inject_link){.duplicate = 1});
    struct cluster cluster;

    run_bad(&cluster, &row, &entry);

    cr_expect_eq(seen, 7);
    cr_expect_eq(sim_totals(cluster.sim)->count.links.duplicated, 7);
    cr_expect_eq(sim_totals(cluster.sim)->count.duplicates, 7);
    cluster_close(&cluster);
}

Test(sim_links, a_slow_link_holds_four_newest_tensors_and_one_that_waits)
{
    const struct policy row = cluster_row(publish_versions, DELIVERY_NEWEST);
    struct inject entry = bad_link((struct inject_link){0});
    entry.law = law_find("shifted-exp");
    entry.config = (struct law_config){.shift_ns = MS, .mean_ns = 1};
    struct cluster cluster;

    run_bad(&cluster, &row, &entry);

    cr_expect_eq(seen, 5);
    cr_expect_geq(seen_ns[0], 2 * MS + 100);
    cr_expect_geq(seen_ns[4], 3 * MS + 200, "it left when the first had arrived");
    cr_expect_eq(sim_totals(cluster.sim)->count.tensors_superseded, 2);
    cluster_close(&cluster);
}

Test(sim_links, a_control_that_is_free_is_late_on_a_bad_link)
{
    const struct policy row = cluster_row(control_after_gradient, DELIVERY_EXACT);
    struct inject entry = bad_link((struct inject_link){0});
    entry.law = law_find("shifted-exp");
    entry.config = (struct law_config){.shift_ns = 10 * US, .mean_ns = 1};
    entry.when.start_ns = MS;
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 1);
    cluster.config.links.control_is_free = true;
    cluster.config.inject.entry = &entry;
    cluster.config.inject.count = 1;
    seen = 1; /* the script expects the control first */

    cluster_run(&cluster);

    cr_assert_eq(seen, 2);
    cr_expect_geq(seen_ns[1], MS + 10 * US);
    cluster_close(&cluster);
}

Test(sim_links, publishing_late_delays_what_is_sent_but_not_the_worker)
{
    const struct policy row = cluster_row(publish_versions, DELIVERY_EXACT);
    const struct inject entry = {.law = law_find("shifted-exp"),
                                 .config = {.shift_ns = 3 * MS, .mean_ns = 1},
                                 .what = INJECT_PUBLISH};
    struct cluster cluster;

    run_bad(&cluster, &row, &entry);

    cr_assert_eq(seen, 7);
    cr_expect_geq(seen_ns[0], 4 * MS + 100);
    cr_expect_lt(seen_ns[6], 4 * MS + 200);
    cr_expect_eq(sim_totals(cluster.sim)->part_ns[PART_INJECTED], 0);
    cluster_close(&cluster);
}
