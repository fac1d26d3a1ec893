/* SPDX-License-Identifier: BSD-3-Clause */
/* Lost, doubled and reordered messages, and workers that die. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/support_sim.h"

Test(sim_faults, reliable_edges_keep_a_synchronous_policy_going)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const struct sim_faults faults = {.until_ns = UINT64_MAX,
                                          .loss = 0.2,
                                          .duplicate = 0.2,
                                          .reorder = 0.2,
                                          .retransmit_ns = 100 * US};
        struct cluster cluster;
        cluster_plan(&cluster, "dsgd", 8, 4, seed);
        cluster.config.faults = &faults;
        cluster.config.stop_ns = 0;
        cluster.config.stop_iterations = 30;

        cluster_run(&cluster);

        const struct sim_totals *const t = sim_totals(cluster.sim);
        cr_expect_eq(t->count.gradients, 240);
        cr_expect_eq(t->count.tensors_dropped, 0);
        cr_expect_gt(t->count.duplicates, 100);
        cr_expect_gt(t->stop_ns, 31 * MS, "losses cost time");
        cluster_close(&cluster);
    }
}

Test(sim_faults, none_happen_after_their_end)
{
    const struct sim_faults faults = {.until_ns = 5 * MS,
                                      .loss = 0.5,
                                      .duplicate = 0.5,
                                      .reorder = 0.5,
                                      .retransmit_ns = 300 * US};
    struct cluster cluster;
    cluster_plan(&cluster, "dsgd", 8, 4, 1);
    cluster.config.faults = &faults;
    cluster_open(&cluster);

    while (sim_now_ns(cluster.sim) < 10 * MS)
        cr_assert(sim_run(cluster.sim, 1));
    const uint64_t duplicates = sim_totals(cluster.sim)->count.duplicates;
    cluster_run(&cluster);

    cr_expect_gt(duplicates, 0);
    cr_expect_eq(sim_totals(cluster.sim)->count.duplicates, duplicates);
    cluster_close(&cluster);
}

/* Worker 0 publishes a new version every 10 us. */
static uint32_t newest_seen, times_seen, times_back;

static void broadcast(uint32_t worker, const struct event *event, struct actions *out)
{
    static const uint32_t only[] = {0};
    if (event->kind == EV_TENSOR) {
        times_seen++;
        times_back += event->version < newest_seen;
        newest_seen = event->version > newest_seen ? event->version : newest_seen;
    }
    if (event->kind == EV_START && worker == 0)
        actions_push(out, (struct action){.kind = ACT_COMPUTE});
    if ((event->kind != EV_GRADIENT && event->kind != EV_TIMER) || event->now_ns > 20 * MS)
        return;
    actions_push(out, (struct action){.kind = ACT_APPLY});
    actions_push(
        out, (struct action){.kind = ACT_SEND, .type = TENSOR_MODEL, .peers = only, .count = 1});
    actions_push(out, (struct action){.kind = ACT_TIMER, .at_ns = event->now_ns + 10 * US});
}

Test(sim_faults, mailbox_edges_really_lose_and_double_but_never_go_back)
{
    const struct sim_faults faults = {.until_ns = UINT64_MAX,
                                      .loss = 0.2,
                                      .duplicate = 0.2,
                                      .reorder = 0.2,
                                      .retransmit_ns = 30 * US};
    const struct policy row = cluster_row(broadcast, DELIVERY_NEWEST);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 5);
    cluster.config.slots = 16;
    cluster.config.faults = &faults;
    cluster.config.links.latency_ns = 5 * US;

    cluster_run(&cluster);

    const struct sim_totals *const t = sim_totals(cluster.sim);
    cr_expect_gt(t->count.tensors_dropped, t->count.tensors_sent / 10);
    cr_expect_gt(t->count.tensors_superseded, t->count.tensors_sent / 50);
    cr_expect_gt(t->count.duplicates, t->count.tensors_sent / 10);
    cr_expect_gt(times_seen, t->count.tensors_delivered, "some copies were delivered as well");
    cr_expect_eq(times_back, 0);
    cluster_close(&cluster);
}

/* ------------------------------------------------------------------------------------------------------- crashes */

static uint64_t down_ns[4];
static uint32_t down_peer[4], heard_dead;

static void gossip(uint32_t worker, const struct event *event, struct actions *out)
{
    static const uint32_t peers[] = {0, 1};
    heard_dead += worker == 1 && event->now_ns > 10 * MS;
    if (event->kind == EV_PEER_DOWN) {
        cr_expect_eq(event->incarnation, 1);
        down_ns[worker] = event->now_ns;
        down_peer[worker] = event->peer;
    }
    if (event->kind == EV_GRADIENT) {
        actions_push(out, (struct action){.kind = ACT_APPLY});
        actions_push(out, (struct action){
                              .kind = ACT_SEND, .type = TENSOR_MODEL, .peers = peers, .count = 2});
    }
    if (event->kind == EV_START || event->kind == EV_GRADIENT)
        actions_push(out, (struct action){.kind = ACT_COMPUTE});
}

static void run_crash(enum delivery_class class)
{
    const struct fault crash = {
        .kind = FAULT_CRASH, .worker = 1, .at_ns = 10 * MS, .notice_ns = 2 * MS + MS / 2};
    const struct policy row = cluster_row(gossip, class);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 4, 2, 1);
    cluster.config.fault = &crash;
    cluster.config.fault_count = 1;
    cluster.config.stop_ns = 30 * MS;
    cluster.config.links.latency_ns = 100 * US;
    cluster.config.slots = 24;

    cluster_run(&cluster);

    const struct sim_totals *const t = sim_totals(cluster.sim);
    cr_expect_eq(heard_dead, 0);
    cr_expect_eq(down_ns[0], 12 * MS + MS / 2);
    cr_expect_eq(down_ns[2], 12 * MS + MS / 2);
    cr_expect_eq(down_ns[3], 0, "no neighbour");
    cr_expect_eq(down_peer[0], 0);
    cr_expect_eq(down_peer[2], 0);
    cr_expect_gt(t->count.tensors_dropped, 30, "two neighbours, twenty milliseconds");
    cr_expect(sim_worker(cluster.sim, 1)->crashed);
    cr_expect_eq(sim_worker(cluster.sim, 1)->gradients, 9);
    cr_expect_eq(sim_worker(cluster.sim, 1)->total_ns, 10 * MS);
    cr_expect_eq(sim_worker(cluster.sim, 0)->gradients, 29);
    cluster_close(&cluster);
}

Test(sim_faults, the_peers_of_a_dead_worker_hear_of_it_and_get_their_loans_back)
{
    run_crash(DELIVERY_EXACT);
}

Test(sim_faults, so_do_they_on_mailbox_edges)
{
    run_crash(DELIVERY_NEWEST);
}

/* -------------------------------------------------------------------------------------------------------- plants */

typedef void plant(void *context, struct sim *sim, uint32_t worker, const struct event *event,
                   struct actions *actions);

static const char *planted(const char *policy, plant *change)
{
    static char text[512];
    struct cluster cluster;
    cluster_plan(&cluster, policy, 8, 4, 3);
    cluster.watch = (struct sim_watch){.stepped = change};
    cluster.config.links.latency_ns = 50 * US;
    cluster.config.jitter_cv = 0.1;
    cluster_open(&cluster);
    while (sim_run(cluster.sim, 1000))
        ;
    snprintf(text, sizeof(text), "%s", sim_failure(cluster.sim));
    cluster_close(&cluster);
    return text;
}

static void give_back_once_more(void *context, struct sim *sim, uint32_t worker,
                                const struct event *event, struct actions *actions)
{
    (void)context, (void)sim, (void)worker;
    if (event->kind == EV_TENSOR)
        actions_push(
            actions,
            (struct action){.kind = ACT_RELEASE, .peer = event->peer, .handle = event->handle});
}

Test(sim_faults, a_snapshot_that_is_given_back_twice_is_found)
{
    cr_expect_str_empty(planted("dsgd", NULL));

    const char *const found = planted("dsgd", give_back_once_more);

    cr_expect_not_null(strstr(found, "given back that was not lent"), "%s", found);
}

static void lose_controls(void *context, struct sim *sim, uint32_t worker,
                          const struct event *event, struct actions *actions)
{
    static uint32_t controls;
    (void)context, (void)sim, (void)worker, (void)event;
    for (uint32_t i = 0; i < actions->count; i++)
        if (actions->item[i].kind == ACT_CONTROL && ++controls % 100 == 0)
            actions->item[i].count = 0;
}

Test(sim_faults, a_control_that_is_lost_for_good_hangs_somebody)
{
    cr_expect_str_empty(planted("adpsgd", NULL));

    cr_expect_str_not_empty(planted("adpsgd", lose_controls));
}

/* As live: what a fault makes a worker dawdle is injected, less what its gradient would have taken in any case. */
Test(sim_faults, a_pause_is_injected_time_of_whom_it_befalls)
{
    static const char *const policy[] = {"dsgd", "adpsgd", "aau"};
    const struct fault pauses[] = {
        {.kind = FAULT_PAUSE, .worker = 3, .at_ns = 10 * MS, .for_ns = 5 * MS},
        {.kind = FAULT_PAUSE, .worker = 3, .at_ns = 13 * MS, .for_ns = 5 * MS},
        {.kind = FAULT_PAUSE, .worker = 3, .at_ns = 25 * MS, .for_ns = 2 * MS},
    };
    for (uint32_t p = 0; p < 3; p++) {
        struct cluster cluster;
        cluster_plan(&cluster, policy[p], 4, 2, 1);
        cluster.config.stop_ns = 40 * MS;
        cluster.config.fault = pauses;
        cluster.config.fault_count = 3;

        cluster_run(&cluster);

        const uint64_t injected_ns = sim_worker(cluster.sim, 3)->part_ns[PART_INJECTED];
        cr_expect_leq(injected_ns, 10 * MS, "%s", policy[p]);
        cr_expect_geq(injected_ns, 7 * MS, "%s: %lu", policy[p], (unsigned long)injected_ns);
        cr_expect_eq(sim_worker(cluster.sim, 0)->part_ns[PART_INJECTED], 0u, "%s", policy[p]);
        cr_expect_eq(sim_worker(cluster.sim, 3)->total_ns, 40 * MS);
        cluster_close(&cluster);
    }
}
