/* SPDX-License-Identifier: BSD-3-Clause */
/* The modelled all-reduce against the chunked one. */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/random/options.h"
#include "tests/unit/support_sim.h"

struct outcome {
    uint64_t stop_ns, bytes, sent, mixes, ready_max;
};

static struct outcome run(uint32_t workers, const char *collective, double bytes_per_s,
                          uint64_t latency_ns)
{
    struct cluster cluster;
    cluster_plan(&cluster, "allreduce", workers, 0, 3);
    for (uint32_t w = 0; w < workers; w++)
        options_change(cluster.config.policy, &cluster.worker[w].options, "collective: %s",
                       collective);
    cluster.config.payload_bytes = 1 << 20;
    cluster.config.links = (struct sim_links){.latency_ns = latency_ns, .bytes_per_s = bytes_per_s};
    cluster.config.stop_ns = 0;
    cluster.config.stop_iterations = 20;
    cluster_run(&cluster);
    const struct sim_totals *const t = sim_totals(cluster.sim);
    const struct outcome out = {.stop_ns = t->stop_ns,
                                .bytes = t->count.bytes_exchanged,
                                .sent = t->count.tensors_sent,
                                .mixes = t->count.mixes,
                                .ready_max = sim_hist(cluster.sim, SERIES_READY)->max};
    cluster_close(&cluster);
    return out;
}

/* Per half (n-1) slices of 2^20/n bytes over the port, then the latency. */
static void expect_equal(uint32_t workers)
{
    const struct outcome chunked = run(workers, "chunked", 1e9, 50 * US);
    const struct outcome modelled = run(workers, "modelled", 1e9, 50 * US);

    const uint64_t want_ns = 2 * (50 * US + (workers - 1) * ((1u << 20) / workers));
    cr_expect_eq(modelled.ready_max / 1024, want_ns / 1024, "%llu",
                 (unsigned long long)modelled.ready_max);
    cr_expect_eq(modelled.stop_ns, chunked.stop_ns, "%llu and %llu",
                 (unsigned long long)modelled.stop_ns, (unsigned long long)chunked.stop_ns);
    cr_expect_eq(modelled.bytes, chunked.bytes);
    cr_expect_eq(modelled.sent, chunked.sent);
    cr_expect_eq(modelled.mixes, chunked.mixes);
}

Test(sim_reduce, modelled_and_chunked_take_the_same_time_among_8)
{
    expect_equal(8);
}

Test(sim_reduce, modelled_and_chunked_take_the_same_time_among_16)
{
    expect_equal(16);
}

Test(sim_reduce, over_links_that_take_no_time_it_takes_none)
{
    const struct outcome modelled = run(8, "modelled", 0, 0);

    cr_expect_eq(modelled.stop_ns, 20 * MS);
    cr_expect_eq(modelled.ready_max, 0);
}

/* Groups {0 1} and {2 3} in turn with {0 3} and {1 2}; worker 0 computes twice as long. */
static uint64_t reduced_ns[4][4];
static uint32_t reduced[4];

static void pairs(uint32_t worker, const struct event *event, struct actions *out)
{
    static const uint32_t all[] = {0, 1, 2};
    static const uint32_t partner[2][4] = {{0, 0, 2, 2},
                                           {2, 1, 1, 0}}; /* index among the other three */
    const uint32_t turn = reduced[worker] & 1;
    if (event->kind == EV_REDUCED) {
        cr_expect_eq(event->tag, 100 + reduced[worker]);
        reduced_ns[worker][reduced[worker]++] = event->now_ns;
    }
    if (event->kind == EV_START || (event->kind == EV_REDUCED && reduced[worker] < 4))
        actions_push(out, (struct action){.kind = ACT_COMPUTE, .round = reduced[worker]});
    if (event->kind == EV_GRADIENT)
        actions_push(out, (struct action){.kind = ACT_REDUCE,
                                          .tag = 100 + reduced[worker],
                                          .peers = &all[partner[turn][worker]],
                                          .count = 1});
}

Test(sim_reduce, groups_overlap_in_time_and_wait_only_for_their_members)
{
    static const uint32_t slow[] = {0};
    const struct inject inject = {.law = law_find("slowdown"),
                                  .config.factor = 2,
                                  .select = SELECT_WORKERS,
                                  .workers = slow,
                                  .worker_count = 1};
    struct policy row = cluster_row(pairs, DELIVERY_EXACT);
    row.reduces = true;
    row.options = policy_allreduce.options;
    row.edges = POLICY_EDGES_ALL;
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 4, 0, 1);
    for (uint32_t w = 0; w < 4; w++)
        options_change(cluster.config.policy, &cluster.worker[w].options, "collective: modelled");
    cluster.config.inject.entry = &inject;
    cluster.config.inject.count = 1;

    cluster_run(&cluster);

    static const uint64_t want[4][4] = {{2, 4, 6, 8}, {2, 3, 6, 7}, {1, 3, 5, 7}, {1, 4, 5, 8}};
    for (uint32_t w = 0; w < 4; w++)
        for (uint32_t k = 0; k < 4; k++)
            cr_expect_eq(reduced_ns[w][k], want[w][k] * MS, "worker %u, reduction %u at %llu", w, k,
                         (unsigned long long)reduced_ns[w][k]);
    cluster_close(&cluster);
}
