/* SPDX-License-Identifier: BSD-3-Clause */
/* Whatever the order of events: averaging keeps the sum, ends agree, loans come back, everything drains. */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/prop/seeds.h"
#include "tests/prop/support_shadow.h"
#include "tests/random/options.h"

static struct cluster_config drawn(const struct policy *policy, uint64_t seed)
{
    return (struct cluster_config){
        .policy = policy,
        .seed = seed,
        .graph = cluster_graphs[seed % CLUSTER_GRAPHS],
        .workers = 2 + (uint32_t)(seed * 7 / 3 % 9),
        .compute_ns = 100000,
        .deaf = seed % 3 == 0,
        .delay_ns = seed % 5 == 0   ? 300000
                    : seed % 4 == 1 ? 150000
                                    : 5000,
        .control_is_free = seed % 4 == 0,
        .stop_ns = 100000 * (100 + seed % 190),
        .values = seed % 4 == 0,
    };
}

static void run_seeds(const struct policy *policy, struct policy_options options, uint64_t seeds)
{
    for (uint64_t seed = 1; seed <= seeds_of(seeds); seed++) {
        struct cluster_config config = drawn(policy, seed);
        config.options = options;
        const struct cluster_result result = cluster_run(&config);
        cr_assert(result.failure[0] == 0, "%s", result.failure);
    }
}

Test(policy_mean, none_loses_nothing)
{
    run_seeds(&policy_none, (struct policy_options){0}, 60);
}

Test(policy_mean, dsgd_keeps_it)
{
    run_seeds(&policy_dsgd, (struct policy_options){0}, 300);
}

Test(policy_mean, dsgd_keeps_it_when_it_combines_first)
{
    run_seeds(&policy_dsgd, options_read(&policy_dsgd, "order: cta"), 300);
}

Test(policy_mean, local_sgd_keeps_it_whatever_the_number_of_steps)
{
    for (uint32_t steps = 1; steps <= 4; steps++)
        run_seeds(&policy_local_sgd, options_read(&policy_local_sgd, "steps: %u", steps), 100);
}

/* With a server it is not the mean: the server's model is its start less every step that was made, each once. */
Test(policy_mean, a_server_takes_in_every_step_once)
{
    run_seeds(&policy_asgd, (struct policy_options){0}, 300);
}

Test(policy_mean, a_server_that_holds_replies_back_takes_in_every_step_once)
{
    for (uint32_t staleness = 0; staleness <= 3; staleness++)
        run_seeds(&policy_ssp, options_read(&policy_ssp, "staleness: %u", staleness), 100);
}

Test(policy_mean, allreduce_keeps_it)
{
    run_seeds(&policy_allreduce, (struct policy_options){0}, 300);
}

Test(policy_mean, adpsgd_keeps_it_with_any_pairing_and_a_comm_thread)
{
    run_seeds(&policy_adpsgd, options_read(&policy_adpsgd, "comm_thread: true"), 300);
}

Test(policy_mean, adpsgd_keeps_it_with_any_pairing_and_no_comm_thread)
{
    run_seeds(&policy_adpsgd, (struct policy_options){0}, 300);
}

Test(policy_mean, adpsgd_keeps_it_on_a_bipartite_graph_with_a_comm_thread)
{
    run_seeds(&policy_adpsgd, options_read(&policy_adpsgd, "pairing: bipartite, comm_thread: true"),
              300);
}

Test(policy_mean, adpsgd_keeps_it_on_a_bipartite_graph_with_no_comm_thread)
{
    run_seeds(&policy_adpsgd, options_read(&policy_adpsgd, "pairing: bipartite"), 300);
}

Test(policy_mean, aau_keeps_it_when_clusters_are_released)
{
    run_seeds(&policy_aau, options_read(&policy_aau, "release: cluster"), 600);
}

Test(policy_mean, aau_keeps_it_when_all_are_released)
{
    run_seeds(&policy_aau, options_read(&policy_aau, "release: all"), 600);
}

Test(policy_mean, aau_keeps_it_when_neighbours_are_released)
{
    run_seeds(&policy_aau, options_read(&policy_aau, "release: nbr"), 600);
}

Test(policy_mean, aau_keeps_it_when_pairs_are_released)
{
    run_seeds(&policy_aau, options_read(&policy_aau, "release: pair"), 600);
}

Test(policy_mean, cb_dybw_keeps_it)
{
    run_seeds(&policy_cb_dybw, (struct policy_options){0}, 600);
}

/* By algebra the ends do not agree any more (fuzz_shadow.c); here one of them does not do what it decided. */
Test(policy_mean, is_seen_to_drift_when_one_end_does_not_mix)
{
    const struct policy *const rows[] = {&policy_dsgd, &policy_adpsgd, &policy_aau};
    for (uint32_t i = 0; i < 3; i++) {
        struct cluster_config config = drawn(rows[i], 8);
        config.plant = PLANT_ONE_SIDED_MIX;
        cr_assert(config.values);

        const struct cluster_result result = cluster_run(&config);

        cr_expect(cluster_has_drifted(&result), "%s: one end of a mix did nothing: %s",
                  rows[i]->name, result.failure);
    }
}
