/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stragglers cost whoever waits for everybody, against closed forms: with transient ones (probability p, s times as
 * slow) a round takes E[max] = 1 + (s - 1)(1 - (1 - p)^N) base times, a worker left alone E[T] = 1 + (s - 1) p.
 */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/random/options.h"
#include "tests/unit/support_sim.h"

#define P 0.1
#define S 10.0
#define ROUNDS 1500u
#define SEED 11u

static double expected_max(uint32_t workers)
{
    return 1.0 + (S - 1.0) * (1.0 - pow(1.0 - P, workers));
}

static const double expected_one = 1.0 + (S - 1.0) * P;

static const struct inject transient = {
    .law = NULL, .config.factor = S, .select = SELECT_PERCENT_EACH, .share = P};

static uint64_t rounds_of(uint32_t workers)
{
    return workers > 8 ? ROUNDS / 10 : ROUNDS;
}

/** Links take no time, nor does anything but gradients. */
static struct sim_totals run(const char *policy, uint32_t workers, const struct inject *entry)
{
    struct inject inject = *entry;
    struct cluster cluster;
    if (!inject.law)
        inject.law = law_find("slowdown");
    cluster_plan(&cluster, policy, workers, workers > 8 ? 8 : 4, SEED);
    for (uint32_t w = 0; w < workers; w++)
        if (option_find(cluster.config.policy->options, "collective"))
            options_change(cluster.config.policy, &cluster.worker[w].options,
                           "collective: modelled");
    cluster.config.inject.entry = &inject;
    cluster.config.inject.count = 1;
    cluster.config.stop_ns = 3600000 * MS;
    cluster.config.stop_iterations = rounds_of(workers);
    cluster_run(&cluster);
    const struct sim_totals totals = *sim_totals(cluster.sim);
    cluster_close(&cluster);
    return totals;
}

/** Mean time of an iteration of one worker, in base times. */
static double iteration_of(const char *policy, uint32_t workers, const struct inject *entry)
{
    const struct sim_totals t = run(policy, workers, entry);
    return (double)t.end_ns * workers / (double)t.count.gradients / (double)MS;
}

Test(sim_stragglers, a_round_of_allreduce_takes_exactly_as_long_as_its_slowest_worker)
{
    struct inject entry = transient;
    entry.law = law_find("slowdown");
    const struct inject_set set = {.entry = &entry, .count = 1, .seed = SEED, .workers = 8};
    uint64_t sum_ns = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t slowest_ns = 0;
        for (uint32_t w = 0; w < 8; w++) {
            const uint64_t ns = MS + inject_delay_ns(&set, 0, w, round, 0, MS);
            slowest_ns = ns > slowest_ns ? ns : slowest_ns;
        }
        sum_ns += slowest_ns;
    }

    cr_expect_eq(run("allreduce", 8, &entry).end_ns, sum_ns);
}

/* sd of a round: (s - 1) sqrt(q (1 - q)) with q = 1 - 0.9^8 = 0.57: 4.5 base times; 1500 of them: 0.115. */
Test(sim_stragglers, a_round_of_allreduce_takes_the_mean_of_the_slowest)
{
    cr_expect_float_eq(expected_max(8), 6.13, 0.005);
    cr_expect_float_eq(iteration_of("allreduce", 8, &transient), expected_max(8), 4 * 0.115);

    cr_expect_float_eq(expected_max(128), 10.0, 0.001);
    cr_expect_float_eq(iteration_of("allreduce", 128, &transient), 10.0, 0.001, "nobody escapes");
}

Test(sim_stragglers, whoever_waits_for_nobody_takes_the_mean_and_so_the_ceiling_is_their_ratio)
{
    const double alone =
        iteration_of("none", 8, &transient); /* sd 2.7 / sqrt(12000), and the last to end */

    cr_expect_float_eq(expected_max(8) / expected_one, 3.2, 0.03);
    cr_expect_float_eq(expected_max(128) / expected_one, 5.3, 0.05);
    cr_expect_float_eq(alone, expected_one, 0.15);
    cr_expect_float_eq(iteration_of("allreduce", 8, &transient) / alone, 3.2, 0.4);
}

/* In dsgd a worker waits for its neighbours only, so a round is between both, and of 5 who know all others it is E[max]. */
Test(sim_stragglers, a_round_of_dsgd_waits_for_the_slowest_neighbour)
{
    const double complete = iteration_of("dsgd", 5, &transient); /* sd 4.43 / sqrt(1500) */
    const double ring = iteration_of("dsgd", 8, &transient);

    cr_expect_float_eq(complete, expected_max(5), 4 * 0.115);
    cr_expect_gt(ring, expected_one);
    cr_expect_lt(ring, expected_max(8) + 0.3);
}

/* Shifted exponentials: 1 + mean H_N, the standard model of coded computing. sd of the maximum of 8: 1.24. */
Test(sim_stragglers, exponential_delays_cost_a_harmonic_number)
{
    const struct inject entry = {.law = law_find("exp"), .config = {.mean_ns = MS}};
    double harmonic = 0.0;
    for (uint32_t i = 1; i <= 8; i++)
        harmonic += 1.0 / i;

    cr_expect_float_eq(iteration_of("allreduce", 8, &entry), 1.0 + harmonic,
                       4 * 1.24 / sqrt(ROUNDS));
}

/* Everybody stands still for a tenth of the time, at once or each at its own: alignment is what makes pauses cheap. */
Test(sim_stragglers, pauses_cost_less_when_all_make_them_at_once)
{
    struct inject entry = {.law = law_find("pause"),
                           .config = {.every_ns = 100 * MS, .length_ns = 10 * MS, .aligned = true}};

    const double together = iteration_of("allreduce", 8, &entry);
    entry.config.aligned = false;
    const double apart = iteration_of("allreduce", 8, &entry);

    cr_expect_float_eq(together, 1.0 / 0.9, 0.01);
    cr_expect_gt(apart, 1.3 * together);
    cr_expect_float_eq(iteration_of("none", 8, &entry), 1.0 / 0.9, 0.01);
}
