/* SPDX-License-Identifier: BSD-3-Clause */
/* Push-sum: whatever the delays, sum x and sum y are whole after the drain; and what a lost message costs. */
#include <criterion/criterion.h>
#include <math.h>

#include "core/policy/rows.h"
#include "tests/prop/support_gossip.h"

#define COMPUTE_NS 100000u

static struct gossip_config drawn(const struct policy *policy, uint64_t seed)
{
    return (struct gossip_config){
        .policy = policy,
        .seed = seed,
        .workers = 1 + (uint32_t)(seed * 7 / 3 % 13),
        .compute_ns = COMPUTE_NS,
        .tensor_delay_ns_max = seed % 3 == 0   ? 10 * COMPUTE_NS
                               : seed % 3 == 1 ? COMPUTE_NS
                                               : 2000,
        .control_delay_ns_max = 2000,
        .stop_ns = (20 + seed % 83) * COMPUTE_NS + seed * 7919 % COMPUTE_NS,
        .slow = seed % 4 == 0 ? 0 : UINT32_MAX,
        .slow_factor = 20,
    };
}

/* Doubles: an error of one in 2^52 for each of some 10^4 additions. */
static bool equal(double a, double b)
{
    return fabs(a - b) <= 1e-9 * (1 + fabs(a) + fabs(b));
}

static void expect_whole(const struct gossip_config *config, const struct gossip_result *result)
{
    cr_assert(result->failure[0] == 0, "%s", result->failure);
    cr_assert(result->done, "%s: somebody is not done, or holds a snapshot",
              gossip_describe(config));
    for (uint32_t d = 0; d < GOSSIP_LANES; d++)
        cr_assert(equal(result->sum[d], result->want[d]), "%s: lane %u sums to %.12g, not %.12g",
                  gossip_describe(config), d, result->sum[d], result->want[d]);
}

Test(gossip_pushsum, sgp_is_whole_after_the_drain_and_ends_with_one_round_for_all)
{
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct gossip_config config = drawn(&policy_sgp, seed);
        config.options.overlap = (uint32_t)(seed / 13 % 4);

        const struct gossip_result result = gossip_run(&config);

        expect_whole(&config, &result);
        cr_assert(result.computed_min == result.computed_max, "%s: %u and %u rounds",
                  gossip_describe(&config), result.computed_min, result.computed_max);
        if (config.options.overlap == 0)
            cr_assert(equal(result.y_min, 1), "%s: in lock-step y stays 1, not %g",
                      gossip_describe(&config), result.y_min);
    }
}

static uint32_t deepest_channel(struct gossip_config config)
{
    const struct gossip_result result = gossip_run(&config);

    expect_whole(&config, &result);
    cr_assert(result.depth_max <= 2 * config.options.overlap + 2, "%s: %u messages on one edge",
              gossip_describe(&config), result.depth_max);
    return result.depth_max;
}

Test(gossip_pushsum, sgp_stays_within_its_channels_and_slots_and_needs_all_of_them)
{
    for (uint32_t overlap = 0; overlap < 4; overlap++) {
        uint32_t depth = 0;
        for (uint32_t workers = 2; workers <= GOSSIP_WORKERS_MAX; workers++) {
            struct gossip_config config = drawn(&policy_sgp, workers);
            config.workers = workers;
            config.options.overlap = overlap;
            config.tensor_delay_ns_max = 3 * COMPUTE_NS;
            config.stop_ns = 2000 * COMPUTE_NS;
            config.slow = workers / 2;
            config.slow_factor = 300;
            const uint32_t behind_slow = deepest_channel(config);

            config.slow = UINT32_MAX;
            config.tardy_factor = 30;
            const uint32_t on_slow_links = deepest_channel(config);
            depth = behind_slow > depth ? behind_slow : depth;
            depth = on_slow_links > depth ? on_slow_links : depth;
        }
        cr_expect_eq(depth, 2 * overlap + 2, "overlap %u: %u at most", overlap, depth);
    }
}

Test(gossip_pushsum, sgp_stalls_at_a_cut_edge_and_is_short_of_exactly_what_was_lost_there)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct gossip_config config = drawn(&policy_sgp, seed);
        config.workers = 2 + (uint32_t)(seed % 9);
        config.options.overlap = (uint32_t)(seed % 2);
        config.cut = 1 + (uint32_t)(seed % 7);

        const struct gossip_result result = gossip_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
        cr_assert(!result.done, "%s: the receiver waits for ever", gossip_describe(&config));
        cr_assert(result.cut[GOSSIP_LANES - 1] > 0.1, "%s: y lost %g", gossip_describe(&config),
                  result.cut[GOSSIP_LANES - 1]);
        for (uint32_t d = 0; d < GOSSIP_LANES; d++)
            cr_assert(equal(result.sum[d] + result.flying[d], result.want[d] - result.cut[d]),
                      "%s: lane %u sums to %.12g with %.12g under way, not %.12g less %.12g",
                      gossip_describe(&config), d, result.sum[d], result.flying[d], result.want[d],
                      result.cut[d]);
    }
}

/** Everybody is done, and what is missing is what was lost. Returns how much of the weight that is. */
static double expect_short_of_what_was_lost(const struct gossip_config *config,
                                            const struct gossip_result *result)
{
    cr_assert(result->failure[0] == 0, "%s: %s", gossip_describe(config), result->failure);
    cr_assert(result->done, "%s: somebody is not done, or holds a snapshot",
              gossip_describe(config));
    for (uint32_t d = 0; d < GOSSIP_LANES; d++)
        cr_assert(equal(result->sum[d], result->want[d] - result->cut[d]),
                  "%s: lane %u sums to %.12g, not %.12g less %.12g", gossip_describe(config), d,
                  result->sum[d], result->want[d], result->cut[d]);
    cr_assert(result->y_min > 0);
    return result->cut[GOSSIP_LANES - 1] / result->want[GOSSIP_LANES - 1];
}

Test(gossip_pushsum, sgp_that_gives_up_goes_on_without_the_mass_that_was_lost)
{
    double all = 0;
    uint64_t torn = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct gossip_config config = drawn(&policy_sgp_lossy, seed);
        config.workers = 2 + (uint32_t)(seed % 12);
        config.options.overlap = (uint32_t)(seed % 4);
        config.options.give_up_ns = 50 * COMPUTE_NS;
        config.exact_loss = 0.1;
        config.slow = UINT32_MAX;

        const struct gossip_result result = gossip_run(&config);

        const double lost = expect_short_of_what_was_lost(&config, &result);
        cr_assert(result.computed_min == result.computed_max);
        torn += result.counters.torn;
        all += lost;
    }
    cr_expect(torn > 1000, "%llu", (unsigned long long)torn);
    cr_expect(all / 200 > 0.3, "a share of %g on average", all / 200);
}

Test(gossip_pushsum, sgp_that_gives_up_loses_nothing_where_nothing_is_lost)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct gossip_config config = drawn(&policy_sgp_lossy, seed);
        config.options.overlap = (uint32_t)(seed % 4);
        config.options.give_up_ns = 1000 * COMPUTE_NS;

        const struct gossip_result result = gossip_run(&config);

        expect_whole(&config, &result);
        cr_assert(result.counters.torn == 0);
    }
}

/* Whoever is too slow is left behind: shares for it find no room, and its own come too late. */
Test(gossip_pushsum,
     sgp_that_gives_up_too_early_leaves_stragglers_behind_and_counts_what_that_costs)
{
    uint64_t dropped = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct gossip_config config = drawn(&policy_sgp_lossy, seed);
        config.workers = 2 + (uint32_t)(seed % 7);
        config.options.overlap = (uint32_t)(seed % 4);
        config.options.give_up_ns = COMPUTE_NS / 2;
        config.slow = 0;
        config.slow_factor = 60;

        const struct gossip_result result = gossip_run(&config);

        expect_short_of_what_was_lost(&config, &result);
        dropped += result.counters.dropped;
    }
    cr_expect(dropped > 100, "%llu", (unsigned long long)dropped);
}

static void expect_agp_whole(const struct policy *policy, double loss, uint32_t flying)
{
    uint64_t lost = 0, superseded = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct gossip_config config = drawn(policy, seed);
        config.loss = loss;
        config.flying = flying;

        const struct gossip_result result = gossip_run(&config);

        expect_whole(&config, &result);
        cr_assert(result.y_min > 0, "%s: y is %g", gossip_describe(&config), result.y_min);
        lost += result.lost;
        superseded += result.superseded;
    }
    cr_expect(superseded > 100, "slow links supersede: %llu", (unsigned long long)superseded);
    cr_expect((lost > 100) == (loss > 0), "%llu lost", (unsigned long long)lost);
}

Test(gossip_pushsum, agp_is_whole_after_the_drain)
{
    expect_agp_whole(&policy_agp, 0, 1);
    expect_agp_whole(&policy_agp_yscaled, 0, 1);
}

Test(gossip_pushsum, agp_is_whole_when_messages_overtake_each_other)
{
    expect_agp_whole(&policy_agp, 0, 4);
}

Test(gossip_pushsum, agp_loses_nothing_when_messages_are_lost_also_during_the_drain)
{
    expect_agp_whole(&policy_agp, 0.3, 1);
    expect_agp_whole(&policy_agp_yscaled, 0.3, 4);
}

Test(gossip_pushsum, agp_waits_for_nobody)
{
    struct gossip_config config = drawn(&policy_agp, 5);
    config.workers = 6;
    config.slow = 2;
    config.slow_factor = 1000;
    config.stop_ns = 100 * COMPUTE_NS;

    const struct gossip_result result = gossip_run(&config);

    expect_whole(&config, &result);
    cr_expect_leq(result.computed_min, 2);
    cr_expect(result.computed_max > 30, "%u iterations", result.computed_max);
}
