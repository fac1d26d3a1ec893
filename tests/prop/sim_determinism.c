/* SPDX-License-Identifier: BSD-3-Clause */
/* The same configuration gives the same events, however it is run. */
#include <criterion/criterion.h>

#include "tests/unit/support_sim.h"

static const char *const names[] = {"none", "allreduce", "dsgd", "adpsgd", "aau"};

static void plan(struct cluster *cluster, const char *name, uint64_t seed)
{
    static const struct inject inject = {
        .config.factor = 10, .select = SELECT_PERCENT_EACH, .share = 0.1, .scope = SCOPE_PROCESS};
    static struct inject laws[1];
    laws[0] = inject;
    laws[0].law = law_find("slowdown");
    cluster_plan(cluster, name, 9, 4, seed);
    cluster->config.jitter_cv = 0.05;
    cluster->config.inject.entry = laws;
    cluster->config.inject.count = 1;
    cluster->config.links =
        (struct sim_links){.latency_ns = 20 * US, .jitter_cv = 0.5, .bytes_per_s = 1e9};
    cluster->config.stop_ns = 60 * MS;
}

static uint64_t hash_of(const char *name, uint64_t seed, uint64_t events)
{
    struct cluster cluster;
    plan(&cluster, name, seed);
    cluster_open(&cluster);
    while (sim_run(cluster.sim, events))
        ;
    cluster_run(&cluster);
    cr_expect_gt(sim_totals(cluster.sim)->count.gradients, 9 * 5);
    cluster_close(&cluster);
    return cluster.hash;
}

Test(sim_determinism, the_same_seed_gives_the_same_events_in_pieces_of_any_size)
{
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        for (uint64_t seed = 1; seed <= 10; seed++) {
            const uint64_t hash = hash_of(names[i], seed, UINT64_MAX / 2);

            cr_expect_eq(hash_of(names[i], seed, UINT64_MAX / 2), hash, "%s, seed %llu", names[i],
                         (unsigned long long)seed);
            cr_expect_eq(hash_of(names[i], seed, 1), hash, "%s, seed %llu", names[i],
                         (unsigned long long)seed);
        }
}

Test(sim_determinism, another_seed_gives_other_events)
{
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        cr_expect_neq(hash_of(names[i], 1, 1000), hash_of(names[i], 2, 1000), "%s", names[i]);
}

/* Draws are keyed by sender, receiver and number: another worker's link changes nothing on this one. */
Test(sim_determinism, the_first_gradients_do_not_depend_on_the_policy)
{
    uint64_t first = 0;
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct cluster cluster;
        plan(&cluster, names[i], 4);
        cluster_open(&cluster);
        while (sim_totals(cluster.sim)->count.gradients == 0)
            sim_run(cluster.sim, 1);

        if (i == 0)
            first = sim_now_ns(cluster.sim);
        cr_expect_eq(sim_now_ns(cluster.sim), first, "%s", names[i]);
        cluster_close(&cluster);
    }
}
