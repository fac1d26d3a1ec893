/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker crashes in the virtual driver: whoever is left goes on to the end, and every loan among them comes back. */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/prop/seeds.h"
#include "tests/random/options.h"
#include "tests/unit/support_sim.h"

struct variant {
    const struct policy *row;
    const char *options;
};

static const struct variant variants[] = {
    {&policy_dsgd, ""},
    {&policy_dsgd, "order: cta"},
    {&policy_adpsgd, "comm_thread: true"},
    {&policy_adpsgd, ""},
    {&policy_swarm, "steps: 2"},
    {&policy_aau, "release: cluster"},
    {&policy_aau, "release: all"},
    {&policy_aau, "release: nbr"},
    {&policy_aau, "release: pair"},
    {&policy_aau, "release: cluster, evict_after: 20ms"},
    {&policy_aau, "new_edge: vertex, evict_after: 20ms"},
    {&policy_aau_oracle, "release: cluster"},
    {&policy_aau_oracle, "release: all"},
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static void run(uint64_t seed)
{
    const struct inject inject = {.law = law_find("slowdown"),
                                  .config.factor = 10,
                                  .select = SELECT_PERCENT_EACH,
                                  .share = 0.1,
                                  .scope = seed % 2 ? SCOPE_PROCESS : SCOPE_COMPUTE};
    const struct variant *const variant = &variants[seed % VARIANTS];
    const uint32_t workers = 5 + (uint32_t)(seed / VARIANTS % 8);
    const uint64_t at_ns = 10 * MS + seed * 7919 % (10 * MS);
    const struct fault crash = {.kind = FAULT_CRASH,
                                .worker = (uint32_t)(seed % workers),
                                .at_ns = at_ns,
                                .notice_ns = 20 * MS + seed * 104729 % (5 * MS) - at_ns};
    const struct sim_faults faults = {.until_ns = UINT64_MAX, .retransmit_ns = 50 * US};
    struct cluster cluster;
    cluster_plan_row(&cluster, variant->row, workers, 4, seed);
    for (uint32_t w = 0; w < workers; w++)
        cluster.worker[w].options = options_read(variant->row, "%s", variant->options);
    cluster.config.inject.entry = &inject;
    cluster.config.inject.count = 1;
    cluster.config.jitter_cv = 0.05;
    cluster.config.links = (struct sim_links){.latency_ns = seed % 3 * 30 * US, .jitter_cv = 0.5};
    cluster.config.faults = &faults;
    cluster.config.fault = &crash;
    cluster.config.fault_count = 1;
    cluster.config.stop_ns = 300 * MS;

    cluster_run(&cluster);

    for (uint32_t w = 0; w < workers; w++)
        if (w != crash.worker)
            cr_assert_gt(sim_worker(cluster.sim, w)->gradients, 25, "seed %llu: worker %u of %s",
                         (unsigned long long)seed, w, variant->row->name);
    cluster_close(&cluster);
}

Test(sim_loss, the_others_go_on)
{
    for (uint64_t seed = 1; seed <= seeds_of(480); seed++)
        run(seed);
}
