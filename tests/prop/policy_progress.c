/* SPDX-License-Identifier: BSD-3-Clause */
/* Nobody hangs, rounds stay near each other, epochs are as short as the theory asks. */
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
        .workers = 2 + (uint32_t)(seed * 11 / 6 % 11),
        .compute_ns = COMPUTE_NS,
        .delay_ns = 5000,
        .control_is_free = true,
        .stop_ns = 400 * COMPUTE_NS,
        .values = seed % 4 == 0,
    };
}

/* ------------------------------------------------------------------------------------------------------- epochs */

/* When the last worker is touched, by vertex several edges become new at once, and two groups may join the same two parts. */
static uint32_t most_waves(const struct cluster_config *config)
{
    return config->workers - 1 +
           (policy_chooses(config->policy, &config->options, "new_edge", "vertex") ? 2 : 0);
}

static const char *const releases[] = {"cluster", "all", "nbr", "pair"};

Test(policy_progress,
     an_epoch_of_aau_takes_at_most_workers_minus_one_waves_when_control_is_immediate)
{
    for (uint64_t seed = 1; seed <= seeds_of(400); seed++) {
        struct cluster_config config = drawn(&policy_aau, seed);
        config.options = options_read(&policy_aau, "release: %s, new_edge: %s",
                                      releases[seed / CLUSTER_GRAPHS % 4],
                                      seed / 5 % 2 ? "vertex" : "component");

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
        cr_assert(result.epochs > 0, "%s: no epoch ended", cluster_describe(&config));
        cr_assert(result.epoch_merges_max <= most_waves(&config), "%s: %u waves established edges",
                  cluster_describe(&config), result.epoch_merges_max);
        /* release all also lets workers go that establish nothing */
        if (!policy_chooses(&policy_aau, &config.options, "release", "all"))
            cr_assert(result.epoch_commits_max <= most_waves(&config), "%s: %u waves",
                      cluster_describe(&config), result.epoch_commits_max);
    }
}

Test(policy_progress, an_epoch_of_cb_dybw_takes_at_most_as_many_waves_as_its_tree_has_edges)
{
    for (uint64_t seed = 1; seed <= seeds_of(400); seed++) {
        const struct cluster_config config = drawn(&policy_cb_dybw, seed);

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
        cr_assert(result.epochs > 0, "%s: no epoch ended", cluster_describe(&config));
        cr_assert(result.epoch_commits_max <= config.workers - 1, "%s: %u waves",
                  cluster_describe(&config), result.epoch_commits_max);
    }
}

/* Views that are behind cost superfluous waves: over 3000 seeds of this test never more than N+1 in one epoch. */
Test(policy_progress, an_epoch_of_aau_takes_few_waves_more_when_control_is_slow)
{
    for (uint64_t seed = 1; seed <= seeds_of(400); seed++) {
        struct cluster_config config = drawn(&policy_aau, seed);
        config.options = options_read(&policy_aau, "release: %s, new_edge: %s",
                                      releases[seed / CLUSTER_GRAPHS % 4],
                                      seed / 5 % 2 ? "vertex" : "component");
        config.delay_ns = seed % 3 == 0 ? COMPUTE_NS : 2000;
        config.control_is_free = false;

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
        cr_assert(result.epochs > 0, "%s: no epoch ended", cluster_describe(&config));
        cr_assert(result.epoch_merges_max <= config.workers + 2, "%s: %u waves established edges",
                  cluster_describe(&config), result.epoch_merges_max);
    }
}

/* ------------------------------------------------------------------------------------------------------ a stall */

/* Round distances and tags are checked by the shadow and by the policies themselves. */
static void expect_recovery(const struct policy *policy, struct policy_options options)
{
    for (uint64_t seed = 1; seed <= seeds_of(60); seed++) {
        struct cluster_config config = drawn(policy, seed);
        config.options = options;
        config.graph = "path";
        config.workers = 3;
        config.fault[0] = (struct fault){.kind = FAULT_PAUSE,
                                         .worker = (uint32_t)(seed % 3),
                                         .at_ns = 100 * COMPUTE_NS + seed * 1000,
                                         .for_ns = 5 * COMPUTE_NS};

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
        cr_assert(result.computed_min > 40, "%s: %u gradients", cluster_describe(&config),
                  result.computed_min);
        if (policy->synchronous)
            cr_assert(result.computed_max == result.computed_min,
                      "%s: %u and %u rounds after the drain", cluster_describe(&config),
                      result.computed_min, result.computed_max);
    }
}

Test(policy_progress, dsgd_survives_a_worker_that_is_not_polled)
{
    expect_recovery(&policy_dsgd, (struct policy_options){0});
}

Test(policy_progress, dsgd_that_combines_first_survives_a_worker_that_is_not_polled)
{
    expect_recovery(&policy_dsgd, options_read(&policy_dsgd, "order: cta"));
}

Test(policy_progress, local_sgd_survives_a_worker_that_is_not_polled)
{
    expect_recovery(&policy_local_sgd, options_read(&policy_local_sgd, "steps: 3"));
}

Test(policy_progress, a_parameter_server_survives_a_worker_that_is_not_polled)
{
    expect_recovery(&policy_asgd, options_read(&policy_asgd, "damped: true"));
    expect_recovery(&policy_ssp, options_read(&policy_ssp, "staleness: 2"));
}

/* Every round abandons the slower half, and one worker hears nothing for five. */
Test(policy_progress, k_sync_survives_a_worker_that_is_not_polled)
{
    for (uint32_t k = 1; k <= 2; k++)
        expect_recovery(&policy_k_sync, options_read(&policy_k_sync, "k: %u", k));
}

Test(policy_progress, allreduce_survives_a_worker_that_is_not_polled)
{
    expect_recovery(&policy_allreduce, (struct policy_options){0});
}

Test(policy_progress, adpsgd_survives_a_worker_that_is_not_polled)
{
    expect_recovery(&policy_adpsgd, options_read(&policy_adpsgd, "comm_thread: true"));
    expect_recovery(&policy_adpsgd, (struct policy_options){0});
}

Test(policy_progress, aau_survives_a_worker_that_is_not_polled)
{
    for (uint32_t i = 0; i < 4; i++)
        expect_recovery(&policy_aau, options_read(&policy_aau, "release: %s", releases[i]));
}

/* ------------------------------------------------------------------------------------------------------- a drain */

/* The moment of the stop is what varies here: every nanosecond of a busy exchange is as good as another. */
Test(policy_progress, a_stop_at_any_moment_drains)
{
    static const struct {
        const struct policy *row;
        const char *options[4];
    } lines[] = {
        {&policy_none, {"", "", "", ""}},
        {&policy_allreduce, {"", "", "", ""}},
        {&policy_dsgd, {"", "", "order: cta", ""}},
        {&policy_adpsgd,
         {"comm_thread: true", "", "pairing: bipartite, comm_thread: true", "pairing: bipartite"}},
        {&policy_aau, {"release: cluster", "release: all", "release: nbr", "release: pair"}},
        {&policy_local_sgd, {"steps: 1", "steps: 2", "steps: 3", "steps: 7"}},
        {&policy_k_sync, {"k: 1", "k: 1", "k: 1", "k: 1"}},
        {&policy_asgd, {"", "", "", "damped: true"}},
        {&policy_ssp, {"", "staleness: 1", "", ""}},
    };
    for (uint64_t seed = 1; seed <= seeds_of(1600); seed++) {
        struct cluster_config config = drawn(lines[seed % 9].row, seed);
        config.options = options_read(config.policy, "%s", lines[seed % 9].options[seed / 9 % 4]);
        if (config.policy == &policy_k_sync && config.workers > 3)
            config.options = options_read(&policy_k_sync, "k: 3");
        config.delay_ns = COMPUTE_NS / 2;
        config.control_is_free = false;
        config.stop_ns = seed * 7919 % (40 * COMPUTE_NS);

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
    }
}

Test(policy_progress, aau_with_two_workers_is_synchronous)
{
    struct cluster_config config = drawn(&policy_aau, 3);
    config.workers = 2;

    const struct cluster_result result = cluster_run(&config);

    cr_expect(result.failure[0] == 0, "%s", result.failure);
    cr_expect_leq(result.computed_max - result.computed_min, 1);
    cr_expect_eq(result.sum.unmixed, 0);
}
