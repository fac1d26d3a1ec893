/* SPDX-License-Identifier: BSD-3-Clause */
/* The oracle keeps the sum as every averaging does, its epochs have the length of the theory, and it is what the message
 * level does when nothing is late. */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/prop/seeds.h"
#include "tests/prop/support_shadow.h"
#include "tests/random/options.h"

#define COMPUTE_NS 100000u

enum { PATH, STAR, RING, COMPLETE, CLIQUES }; /* of cluster_graphs */

static const char *const releases[] = {"cluster", "all", "nbr", "pair"};

static struct cluster_config drawn(const struct policy *policy, const char *release, uint64_t seed)
{
    return (struct cluster_config){
        .policy = policy,
        .seed = seed,
        .graph = cluster_graphs[seed % CLUSTER_GRAPHS],
        .workers = 2 + (uint32_t)(seed / CLUSTER_GRAPHS % 11),
        .options = options_read(policy, "release: %s, new_edge: %s", release,
                                seed / 5 % 2 ? "vertex" : "component"),
        .compute_ns = COMPUTE_NS,
        .delay_ns = 2,
        .control_is_free = true,
        .stop_ns = 400 * COMPUTE_NS,
    };
}

Test(policy_oracle, keeps_the_sum_and_takes_at_most_workers_minus_one_exchanges_per_epoch)
{
    for (uint64_t seed = 1; seed <= seeds_of(800); seed++) {
        struct cluster_config config =
            drawn(&policy_aau_oracle, releases[seed / CLUSTER_GRAPHS % 4], seed);
        config.deaf = seed % 3 == 0;
        config.values = seed % 4 == 0;
        config.delay_ns = seed % 5 == 0 ? 3 * COMPUTE_NS : 5000;

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
        cr_assert(result.epochs > 0, "%s: no epoch ended", cluster_describe(&config));
        cr_assert(result.oracle_longest <= config.workers - 1, "%s: %u exchanges in an epoch",
                  cluster_describe(&config), result.oracle_longest);
    }
}

/* ------------------------------------------------------------------------- the message level, nothing being late */

#define COMPARED 33u /* seeds per graph and rule */

/*
 * Within an epoch both do the same. When an epoch ends, several edges become new at the same moment: the oracle takes one
 * after the other, the messages race. Where at that moment one group at most is ready (star; complete graph and cliques,
 * if whole clusters go), every mix is the same to the nanosecond; elsewhere the two part at the end of some epoch, and
 * only totals can be compared. Over 100 seeds per graph: rows mixed and epochs agree to 1 % with cluster and pair; to 12 %
 * with nbr on cliques, where waves that meet refuse each other; release all makes up to 16 % more exchanges of its groups.
 */
static void expect_alike(const char *release, const char *new_edge, uint32_t graph, bool equal)
{
    double rows[2] = {0, 0}, exchanges[2] = {0, 0}, epochs[2] = {0, 0};
    const struct policy *const rows_of[2] = {&policy_aau, &policy_aau_oracle};
    for (uint64_t seed = graph + CLUSTER_GRAPHS; seed < COMPARED * CLUSTER_GRAPHS;
         seed += CLUSTER_GRAPHS) {
        uint64_t digest[2];
        for (uint32_t i = 0; i < 2; i++) {
            struct cluster_config config = drawn(rows_of[i], release, seed);
            options_change(config.policy, &config.options, "new_edge: %s", new_edge);
            const struct cluster_result result = cluster_run(&config);
            cr_assert(result.failure[0] == 0, "%s", result.failure);
            digest[i] = result.row_digest;
            rows[i] += (double)result.rows;
            exchanges[i] += result.exchanges;
            epochs[i] += result.epochs;
            if (equal && i == 1)
                cr_assert(digest[0] == digest[1], "%s: the mixes differ",
                          cluster_describe(&config));
        }
    }
    cr_expect_float_eq(rows[0] / rows[1], 1, 0.15, "graph %u release %s rows", graph, release);
    cr_expect_float_eq(exchanges[0] / exchanges[1], 1, 0.2, "graph %u release %s exchanges", graph,
                       release);
    cr_expect_float_eq(epochs[0] / epochs[1], 1, 0.1, "graph %u release %s epochs", graph, release);
}

Test(policy_oracle, is_what_messages_do_when_clusters_are_released)
{
    for (uint32_t graph = 0; graph < CLUSTER_GRAPHS; graph++)
        expect_alike("cluster", "component", graph,
                     graph == STAR || graph == COMPLETE || graph == CLIQUES);
}

Test(policy_oracle, is_what_messages_do_when_pairs_are_released)
{
    for (uint32_t graph = 0; graph < CLUSTER_GRAPHS; graph++)
        expect_alike("pair", "component", graph, graph == STAR);
}

Test(policy_oracle, is_what_messages_do_when_all_are_released)
{
    for (uint32_t graph = 0; graph < CLUSTER_GRAPHS; graph++)
        expect_alike("all", "component", graph, graph == STAR);
}

Test(policy_oracle, is_what_messages_do_when_neighbours_are_released)
{
    for (uint32_t graph = 0; graph < CLUSTER_GRAPHS; graph++)
        expect_alike("nbr", "component", graph, graph == COMPLETE);
}

/* On a star every edge has the same end, which is touched once: the other end decides, as it does by component. */
Test(policy_oracle, is_what_messages_do_when_edges_are_new_by_vertex)
{
    for (uint32_t graph = 0; graph < CLUSTER_GRAPHS; graph++)
        expect_alike("cluster", "vertex", graph, graph == STAR);
}

/* ----------------------------------------------------------------------------------------------------- losses */

Test(policy_oracle, goes_on_without_a_lost_worker)
{
    for (uint64_t seed = 1; seed <= seeds_of(240); seed++) {
        struct cluster_config config =
            drawn(&policy_aau_oracle, releases[seed / CLUSTER_GRAPHS % 4], seed);
        config.workers = 3 + (uint32_t)(seed % 9);
        config.delay_ns = 5000;
        config.fault[0] = (struct fault){.kind = FAULT_CRASH,
                                         .worker = (uint32_t)(seed / 7 % config.workers),
                                         .at_ns = 20 * COMPUTE_NS + seed * 997,
                                         .notice_ns = 1 + COMPUTE_NS * (seed % 3)};
        config.stop_ns = 800 * COMPUTE_NS;

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
        cr_assert(result.computed_min > 40, "%s: %u gradients", cluster_describe(&config),
                  result.computed_min);
    }
}
