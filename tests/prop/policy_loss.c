/* SPDX-License-Identifier: BSD-3-Clause */
/* Somebody is lost, or seems to be: the others go on, end their epochs, and agree on every edge that they mix over. */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/prop/seeds.h"
#include "tests/prop/support_shadow.h"
#include "tests/random/options.h"

#define COMPUTE_NS 100000u /* the slowest gradient takes twelve of these */

static const char *const releases[] = {"cluster", "all", "nbr", "pair"};

static struct cluster_config drawn(const struct policy *policy, uint64_t seed)
{
    struct cluster_config config = {
        .policy = policy,
        .seed = seed,
        .graph = cluster_graphs[seed % CLUSTER_GRAPHS],
        .workers = 3 + (uint32_t)(seed / CLUSTER_GRAPHS % 10),
        .compute_ns = COMPUTE_NS,
        .delay_ns = seed % 5 == 0 || seed % 7 == 0 ? COMPUTE_NS : 5000,
        .control_is_free = seed % 7 == 1,
        .stop_ns = 1500 * COMPUTE_NS,
        .values = seed % 4 == 0,
    };
    if (policy == &policy_aau)
        options_change(policy, &config.options, "release: %s", releases[seed / 2 % 4]);
    return config;
}

static void crash_one(struct cluster_config *config, uint64_t noticed_after_ns)
{
    config->fault[0] =
        (struct fault){.kind = FAULT_CRASH,
                       .worker = (uint32_t)(config->seed / 3 % config->workers),
                       .at_ns = 20 * COMPUTE_NS + config->seed * 7919 % (40 * COMPUTE_NS),
                       .notice_ns = noticed_after_ns ? noticed_after_ns : 2 * config->stop_ns};
}

static void expect_progress(const struct cluster_config *config, uint32_t gradients)
{
    const struct cluster_result result = cluster_run(config);

    cr_assert(result.failure[0] == 0, "%s", result.failure);
    cr_assert(result.computed_min > gradients, "%s: %u gradients", cluster_describe(config),
              result.computed_min);
}

Test(policy_loss, aau_goes_on_when_the_loss_is_noticed_and_the_graph_stays_whole)
{
    for (uint64_t seed = 1; seed <= seeds_of(400); seed++) {
        struct cluster_config config = drawn(&policy_aau, seed);
        config.graph = seed % 2 ? "ring" : "complete";
        crash_one(&config, 1 + seed % 3 * COMPUTE_NS);

        expect_progress(&config, 60);
    }
}

Test(policy_loss, aau_goes_on_when_nobody_notices_and_even_when_the_graph_is_cut)
{
    for (uint64_t seed = 1; seed <= seeds_of(400); seed++) {
        struct cluster_config config = drawn(&policy_aau, seed);
        options_change(config.policy, &config.options, "evict_after: %lluns",
                       (unsigned long long)(30 * COMPUTE_NS));
        crash_one(&config, seed % 2 ? 0 : COMPUTE_NS);

        expect_progress(&config, 20);
    }
}

Test(policy_loss, aau_takes_back_whom_it_evicted)
{
    uint64_t evicted = 0;
    for (uint64_t seed = 1; seed <= seeds_of(240); seed++) {
        struct cluster_config config = drawn(&policy_aau, seed);
        options_change(config.policy, &config.options, "evict_after: %lluns",
                       (unsigned long long)(30 * COMPUTE_NS));
        config.fault[0] = (struct fault){.kind = FAULT_PAUSE,
                                         .worker = (uint32_t)(seed / 3 % config.workers),
                                         .at_ns = 100 * COMPUTE_NS + seed * 1000,
                                         .for_ns = 200 * COMPUTE_NS};

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
        cr_assert(result.computed_min > 20, "%s: %u gradients", cluster_describe(&config),
                  result.computed_min);
        evicted += result.sum.evicted;
    }
    cr_expect_gt(evicted, seeds_of(240));
}

Test(policy_loss, aau_keeps_the_sum_when_it_evicts_stragglers)
{
    uint64_t evicted = 0, torn = 0, committed = 0;
    for (uint64_t seed = 1; seed <= seeds_of(240); seed++) {
        struct cluster_config config = drawn(&policy_aau, seed);
        config.delay_ns = 5000;
        options_change(config.policy, &config.options, "evict_after: %lluns",
                       (unsigned long long)(2 * COMPUTE_NS));
        config.stop_ns = 400 * COMPUTE_NS;

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
        evicted += result.sum.evicted;
        torn += result.sum.torn;
        committed += result.sum.committed;
    }
    cr_expect_gt(evicted, seeds_of(240));
    cr_expect_eq(torn, 0);
    cr_expect_gt(committed, seeds_of(240 * 100));
}

/* Whoever waits for a model that was lost evicts its sender, and takes it back at its next word. */
Test(policy_loss, aau_that_evicts_goes_on_when_models_are_lost)
{
    uint64_t torn = 0;
    for (uint64_t seed = 1; seed <= seeds_of(240); seed++) {
        struct cluster_config config = drawn(seed % 3 ? &policy_aau : &policy_cb_dybw, seed);
        options_change(config.policy, &config.options, "evict_after: %lluns",
                       (unsigned long long)(30 * COMPUTE_NS));
        config.loss = 0.02;

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
        cr_assert(result.computed_min > 10, "%s: %u gradients", cluster_describe(&config),
                  result.computed_min);
        torn += result.sum.torn;
    }
    cr_expect_gt(torn, seeds_of(240));
}

Test(policy_loss, cb_dybw_goes_on_when_its_tree_is_broken)
{
    for (uint64_t seed = 1; seed <= seeds_of(240); seed++) {
        struct cluster_config config = drawn(&policy_cb_dybw, seed);
        options_change(config.policy, &config.options, "evict_after: %lluns",
                       (unsigned long long)(30 * COMPUTE_NS));
        crash_one(&config, seed % 2 ? 0 : COMPUTE_NS);

        expect_progress(&config, 20);
    }
}

Test(policy_loss, dsgd_goes_on_and_whoever_is_left_agrees)
{
    for (uint64_t seed = 1; seed <= seeds_of(240); seed++) {
        struct cluster_config config = drawn(&policy_dsgd, seed);
        options_change(config.policy, &config.options, "order: %s", seed / 7 % 2 ? "cta" : "atc");
        crash_one(&config, 1 + seed % 4 * COMPUTE_NS);

        expect_progress(&config, 100);
    }
}

Test(policy_loss, adpsgd_and_swarm_ask_somebody_else)
{
    for (uint64_t seed = 1; seed <= seeds_of(240); seed++) {
        struct cluster_config config =
            drawn(seed / 5 % 3 == 0 ? &policy_swarm : &policy_adpsgd, seed);
        if (config.policy == &policy_swarm)
            config.options = options_read(&policy_swarm, "steps: 3");
        else
            config.options = options_read(&policy_adpsgd, "comm_thread: %s, pairing: %s",
                                          seed / 5 % 3 == 1 ? "true" : "false",
                                          seed / 9 % 2 ? "bipartite" : "any");
        crash_one(&config, 1 + seed % 4 * COMPUTE_NS);

        expect_progress(&config, 50);
    }
}
