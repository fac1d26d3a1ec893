/* SPDX-License-Identifier: BSD-3-Clause */
/* Hop and SWIFT under random schedules: bounded gaps, bounded channels, no deadlock, every snapshot returned. */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/prop/seeds.h"
#include "tests/prop/support_shadow.h"
#include "tests/random/options.h"

#define COMPUTE_NS 100000u

static struct cluster_config drawn(const struct policy *policy, uint64_t seed)
{
    return (struct cluster_config){
        .policy = policy,
        .seed = seed,
        .graph = cluster_graphs[seed % CLUSTER_GRAPHS],
        .workers = 2 + (uint32_t)(seed * 7 / 3 % 11),
        .compute_ns = COMPUTE_NS,
        .delay_ns = seed % 5 == 0   ? 20 * COMPUTE_NS
                    : seed % 7 == 0 ? 5 * COMPUTE_NS
                                    : 5000,
        .control_is_free = seed % 2 == 0,
        .stop_ns = (300 + seed % 83) * COMPUTE_NS,
        .slow = 1,
        .slow_factor = seed % 4 == 0 ? 10 : 0,
        .values = seed % 4 == 1,
    };
}

static struct cluster_result run_hop(uint64_t seed, struct policy_options options)
{
    struct cluster_config config = drawn(&policy_hop, seed);
    config.options = options;
    config.tardy_ns = seed % 10 == 1 ? 25 * COMPUTE_NS : 0; /* links slower than tokens */

    const struct cluster_result result = cluster_run(&config);

    cr_assert(result.failure[0] == 0, "%s", result.failure);
    const uint64_t staleness = policy_value(&policy_hop, &options, "staleness");
    cr_assert(result.gap_max <= staleness + 1, "%s: %u ahead of a neighbour",
              cluster_describe(&config), result.gap_max);
    cr_assert(result.computed_min >= (config.tardy_ns > 0 ? 1 : 2), "%s: %u iterations",
              cluster_describe(&config), result.computed_min);
    return result;
}

Test(gossip_hop, without_options_keeps_neighbours_within_one_iteration)
{
    for (uint64_t seed = 1; seed <= seeds_of(200); seed++)
        cr_expect_eq(run_hop(seed, (struct policy_options){0}).sum.dropped, 0);
}

Test(gossip_hop, with_backups_keeps_the_gap_and_does_not_hang)
{
    uint64_t dropped = 0;
    uint32_t gap = 0;
    for (uint64_t seed = 1; seed <= seeds_of(300); seed++) {
        const struct policy_options options =
            options_read(&policy_hop, "backup: %u, staleness: %u", 1 + (uint32_t)(seed % 3),
                         (uint32_t)(seed / 3 % 6));
        const struct cluster_result result = run_hop(seed, options);
        dropped += result.sum.dropped;
        gap = result.gap_max > gap ? result.gap_max : gap;
    }
    cr_expect(dropped > 0, "somebody is late");
    cr_expect_eq(gap, 6, "the bound is reached");
}

Test(gossip_hop, with_staleness_keeps_the_gap_and_does_not_hang)
{
    uint32_t gap = 0;
    for (uint64_t seed = 1; seed <= seeds_of(300); seed++) {
        const struct policy_options options =
            options_read(&policy_hop, "staleness: %u", 1 + (uint32_t)(seed / 3 % 5));
        const struct cluster_result result = run_hop(seed, options);
        gap = result.gap_max > gap ? result.gap_max : gap;
    }
    cr_expect_eq(gap, 6, "the bound is reached");
}

Test(gossip_hop, with_jumps_keeps_the_gap_and_does_not_hang)
{
    uint64_t skipped = 0;
    for (uint64_t seed = 1; seed <= seeds_of(600); seed++) {
        const struct policy_options options =
            options_read(&policy_hop, "backup: %u, staleness: %u, jump: %u", (uint32_t)(seed % 3),
                         1 + (uint32_t)(seed / 3 % 5), 1 + (uint32_t)(seed / 7 % 8));
        skipped += run_hop(seed, options).sum.unmixed;
    }
    cr_expect(skipped > 0, "somebody jumps");
}

Test(gossip_hop, jumps_let_the_others_go_on_faster_than_a_slow_worker)
{
    struct cluster_config config = drawn(&policy_hop, 1);
    config.workers = 6;
    config.slow_factor = 10;
    config.options = options_read(&policy_hop, "backup: 1, staleness: 5");
    const struct cluster_result held_back = cluster_run(&config);

    options_change(config.policy, &config.options, "jump: 5");
    const struct cluster_result jumping = cluster_run(&config);

    cr_expect(jumping.computed_max > 2 * held_back.computed_max, "%u and %u iterations",
              jumping.computed_max, held_back.computed_max);
}

Test(gossip_hop, swift_waits_for_nobody_and_returns_everything)
{
    for (uint64_t seed = 1; seed <= seeds_of(200); seed++) {
        struct cluster_config config = drawn(&policy_swift, seed);
        options_change(config.policy, &config.options, "steps: %u", 1 + (uint32_t)(seed % 3));
        config.reorder = seed % 4 == 0 ? 0.3 : 0;
        config.loss = seed % 2 ? 0.2 : 0;

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
        cr_assert(result.computed_max > 80, "%s: %u iterations", cluster_describe(&config),
                  result.computed_max);
    }
}
