/* SPDX-License-Identifier: BSD-3-Clause */
/* A stop at any moment, over any links, drains: everybody done, every loan back, every message accounted for. */
#include <criterion/criterion.h>

#include "tests/prop/seeds.h"
#include "tests/unit/support_sim.h"

static void run(uint64_t seed, bool faulty)
{
    static const uint32_t core[] = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2};
    const struct cluster_variant variant = cluster_variant(seed);
    const struct inject inject = {.law = law_find("slowdown"),
                                  .config.factor = 10,
                                  .select = SELECT_PERCENT_EACH,
                                  .share = 0.1,
                                  .scope = seed / 3 % 2 ? SCOPE_PROCESS : SCOPE_COMPUTE};
    const struct fault pause = {
        .kind = FAULT_PAUSE, .worker = 1, .at_ns = seed * 31 % 9 * MS, .for_ns = seed % 7 * MS};
    const struct sim_faults faults = {.until_ns = UINT64_MAX,
                                      .loss = 0.1,
                                      .duplicate = 0.1,
                                      .reorder = 0.1,
                                      .retransmit_ns = 50 * US};
    struct cluster cluster;
    cluster_plan(&cluster, variant.name, 3 + (uint32_t)(seed % 10), 2 + 2 * (uint32_t)(seed % 2),
                 seed);
    for (uint32_t w = 0; w < cluster.config.workers; w++)
        cluster.worker[w].options = variant.options;
    cluster.config.inject.entry = &inject;
    cluster.config.inject.count = 1;
    cluster.config.jitter_cv = seed % 5 ? 0.05 : 0;
    cluster.config.links = (struct sim_links){.latency_ns = seed / 2 % 3 * 30 * US,
                                              .jitter_cv = seed % 3 ? 0.5 : 0,
                                              .bytes_per_s = seed % 4 ? 1e9 : 0,
                                              .control_is_free = seed % 2};
    if (seed % 3 == 0)
        cluster.config.costs = (struct sim_costs){
            .iteration_ns = 3 * US, .apply_ns = 2 * US, .send_ns = US / 2, .mix_ns = US};
    if (seed / 5 % 2) {
        cluster.config.core = core;
        cluster.config.cores = 3;
        cluster.config.core_ns = MS / 2;
    }
    cluster.config.faults = faulty ? &faults : NULL;
    cluster.config.fault = &pause;
    cluster.config.fault_count = faulty;
    cluster.config.stop_ns = 1 + seed * 7919 % (40 * MS);

    cluster_run(&cluster);

    cluster_close(&cluster);
}

Test(sim_drain, a_stop_at_any_moment_drains)
{
    for (uint64_t seed = 1; seed <= seeds_of(960); seed++)
        run(seed, false);
}

Test(sim_drain, faults_on_reliable_edges_and_pauses_cost_time_only)
{
    for (uint64_t seed = 1; seed <= seeds_of(640); seed++)
        run(seed, true);
}
