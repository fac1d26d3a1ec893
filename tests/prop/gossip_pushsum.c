/* SPDX-License-Identifier: BSD-3-Clause */
/* Push-sum: whatever the delays, sum x and sum y are whole after the drain; and what a lost message costs. */
#include <criterion/criterion.h>
#include <math.h>

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
        .workers = 2 + (uint32_t)(seed * 7 / 3 % 12),
        .compute_ns = COMPUTE_NS,
        .delay_ns = seed % 3 == 0   ? 10 * COMPUTE_NS
                    : seed % 3 == 1 ? COMPUTE_NS
                                    : 2000,
        .stop_ns = (20 + seed % 83) * COMPUTE_NS + seed * 7919 % COMPUTE_NS,
        .slow_factor = seed % 4 == 0 ? 20 : 0,
        .values = seed % 4 == 1,
    };
}

/* That no share is missing at any moment is what the shadow checks after every event. */
static void expect_whole(const struct cluster_config *config, const struct cluster_result *result)
{
    cr_assert(result->failure[0] == 0, "%s", result->failure);
    cr_assert(result->weight_lost < 1e-9, "%s: a weight of %g never came", cluster_describe(config),
              result->weight_lost);
}

Test(gossip_pushsum, sgp_is_whole_after_the_drain_and_ends_with_one_round_for_all)
{
    for (uint64_t seed = 1; seed <= seeds_of(400); seed++) {
        struct cluster_config config = drawn(&policy_sgp, seed);
        const uint32_t overlap = (uint32_t)(seed / 13 % 4);
        options_change(config.policy, &config.options, "overlap: %u", overlap);

        const struct cluster_result result = cluster_run(&config);

        expect_whole(&config, &result);
        cr_assert(result.computed_min == result.computed_max, "%s: %u and %u rounds",
                  cluster_describe(&config), result.computed_min, result.computed_max);
        if (overlap == 0)
            cr_assert(fabs(result.y_min - 1) < 1e-9, "%s: in lock-step y stays 1, not %g",
                      cluster_describe(&config), result.y_min);
    }
}

static uint32_t deepest_channel(struct cluster_config config, uint32_t overlap)
{
    const struct cluster_result result = cluster_run(&config);

    expect_whole(&config, &result);
    cr_assert(result.depth_max <= 2 * overlap + 2, "%s: %u messages on one edge",
              cluster_describe(&config), result.depth_max);
    return result.depth_max;
}

Test(gossip_pushsum, sgp_stays_within_its_channels_and_slots_and_needs_all_of_them)
{
    for (uint32_t overlap = 0; overlap < 4; overlap++) {
        uint32_t depth = 0;
        for (uint32_t workers = 2; workers <= SCENARIO_WORKERS_MAX; workers++) {
            struct cluster_config config = drawn(&policy_sgp, workers);
            config.workers = workers;
            options_change(config.policy, &config.options, "overlap: %u", overlap);
            config.delay_ns = 3 * COMPUTE_NS;
            config.stop_ns = 2000 * COMPUTE_NS;
            config.slow = workers / 2;
            config.slow_factor = 300;
            const uint32_t behind_slow = deepest_channel(config, overlap);

            config.slow_factor = 0;
            config.tardy_ns = 45 * COMPUTE_NS;
            const uint32_t on_slow_links = deepest_channel(config, overlap);
            depth = behind_slow > depth ? behind_slow : depth;
            depth = on_slow_links > depth ? on_slow_links : depth;
        }
        cr_expect_eq(depth, 2 * overlap + 2, "overlap %u: %u at most", overlap, depth);
    }
}

Test(gossip_pushsum, sgp_stalls_at_a_cut_edge_and_is_short_of_exactly_what_was_lost_there)
{
    for (uint64_t seed = 1; seed <= seeds_of(60); seed++) {
        struct cluster_config config = drawn(&policy_sgp, seed);
        config.workers = 2 + (uint32_t)(seed % 9);
        options_change(config.policy, &config.options, "overlap: %u", (uint32_t)(seed % 2));
        config.cut = 1 + (uint32_t)(seed % 7);

        const struct cluster_result result = cluster_run(&config);

        cr_assert(strstr(result.failure, "not done, and nothing can happen any more"),
                  "%s: the receiver waits for ever: %s", cluster_describe(&config), result.failure);
        cr_assert(result.weight_lost > 0.1, "%s: y lost %g", cluster_describe(&config),
                  result.weight_lost);
    }
}

/** Everybody is done, and nothing is missing but what was lost (the shadow's sums say so). Returns its share of the weight. */
static double expect_short_of_what_was_lost(const struct cluster_config *config,
                                            const struct cluster_result *result)
{
    cr_assert(result->failure[0] == 0, "%s", result->failure);
    cr_assert(result->y_min > 0);
    return result->weight_lost / config->workers;
}

Test(gossip_pushsum, sgp_that_gives_up_goes_on_without_the_mass_that_was_lost)
{
    double all = 0;
    uint64_t torn = 0;
    for (uint64_t seed = 1; seed <= seeds_of(200); seed++) {
        struct cluster_config config = drawn(&policy_sgp_lossy, seed);
        config.workers = 2 + (uint32_t)(seed % 12);
        options_change(config.policy, &config.options, "overlap: %u", (uint32_t)(seed % 4));
        options_change(config.policy, &config.options, "give_up: %lluns",
                       (unsigned long long)(50 * COMPUTE_NS));
        config.loss = 0.1;
        config.slow_factor = 0;

        const struct cluster_result result = cluster_run(&config);

        const double lost = expect_short_of_what_was_lost(&config, &result);
        cr_assert(result.computed_min == result.computed_max);
        torn += result.sum.torn;
        all += lost;
    }
    cr_expect(torn > seeds_of(1000), "%llu", (unsigned long long)torn);
    cr_expect(all / (double)seeds_of(200) > 0.3, "a share of %g on average", all / 200);
}

Test(gossip_pushsum, sgp_that_gives_up_loses_nothing_where_nothing_is_lost)
{
    for (uint64_t seed = 1; seed <= seeds_of(200); seed++) {
        struct cluster_config config = drawn(&policy_sgp_lossy, seed);
        options_change(config.policy, &config.options, "overlap: %u", (uint32_t)(seed % 4));
        options_change(config.policy, &config.options, "give_up: %lluns",
                       (unsigned long long)(1000 * COMPUTE_NS));

        const struct cluster_result result = cluster_run(&config);

        expect_whole(&config, &result);
        cr_assert(result.sum.torn == 0);
    }
}

/* Whoever is too slow is left behind: shares for it find no room, and its own come too late. */
Test(gossip_pushsum,
     sgp_that_gives_up_too_early_leaves_stragglers_behind_and_counts_what_that_costs)
{
    uint64_t dropped = 0;
    for (uint64_t seed = 1; seed <= seeds_of(100); seed++) {
        struct cluster_config config = drawn(&policy_sgp_lossy, seed);
        config.workers = 2 + (uint32_t)(seed % 7);
        options_change(config.policy, &config.options, "overlap: %u", (uint32_t)(seed % 4));
        options_change(config.policy, &config.options, "give_up: %lluns",
                       (unsigned long long)(COMPUTE_NS / 2));
        config.slow = 0;
        config.slow_factor = 60;

        const struct cluster_result result = cluster_run(&config);

        expect_short_of_what_was_lost(&config, &result);
        dropped += result.sum.dropped;
    }
    cr_expect(dropped > seeds_of(100), "%llu", (unsigned long long)dropped);
}

static void expect_agp_whole(const struct policy *policy, double loss, double reorder)
{
    uint64_t lost = 0, superseded = 0;
    for (uint64_t seed = 1; seed <= seeds_of(200); seed++) {
        struct cluster_config config = drawn(policy, seed);
        config.loss = loss;
        config.reorder = reorder;

        const struct cluster_result result = cluster_run(&config);

        expect_whole(&config, &result);
        cr_assert(result.y_min > 0, "%s: y is %g", cluster_describe(&config), result.y_min);
        lost += result.lost;
        superseded += result.superseded;
    }
    cr_expect(superseded > seeds_of(100), "slow links supersede: %llu",
              (unsigned long long)superseded);
    cr_expect((lost > seeds_of(100)) == (loss > 0), "%llu lost", (unsigned long long)lost);
}

Test(gossip_pushsum, agp_is_whole_after_the_drain)
{
    expect_agp_whole(&policy_agp, 0, 0);
    expect_agp_whole(&policy_agp_yscaled, 0, 0);
}

Test(gossip_pushsum, agp_is_whole_when_messages_overtake_each_other)
{
    expect_agp_whole(&policy_agp, 0, 0.3);
}

Test(gossip_pushsum, agp_loses_nothing_when_messages_are_lost_also_during_the_drain)
{
    expect_agp_whole(&policy_agp, 0.3, 0);
    expect_agp_whole(&policy_agp_yscaled, 0.3, 0.3);
}

Test(gossip_pushsum, agp_waits_for_nobody)
{
    struct cluster_config config = drawn(&policy_agp, 5);
    config.workers = 6;
    config.slow = 2;
    config.slow_factor = 1000;
    config.stop_ns = 100 * COMPUTE_NS;

    const struct cluster_result result = cluster_run(&config);

    expect_whole(&config, &result);
    cr_expect_leq(result.computed_min, 2);
    cr_expect(result.computed_max > 30, "%u iterations", result.computed_max);
}
