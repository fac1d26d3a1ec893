/* SPDX-License-Identifier: BSD-3-Clause */
/* Rounds, stops, cuts and accounts of whole simulated runs. */
#include <criterion/criterion.h>

#include "tests/random/options.h"
#include "tests/unit/support_sim.h"

/* ------------------------------------------------------------------------------------------------------- rounds */

#define ROUNDS 20u

struct rounds {
    uint64_t start_ns[8][ROUNDS];
    uint32_t count[8];
};

static void note_start(void *context, const struct sim_iteration *iteration)
{
    struct rounds *const rounds = context;
    if (iteration->iteration < ROUNDS) {
        rounds->start_ns[iteration->worker][iteration->iteration] = iteration->start_ns;
        rounds->count[iteration->worker]++;
    }
}

/* Begin of round k+1 at i = latest end of round k among i and its neighbours + latency to the neighbours. */
Test(sim_loop, a_round_of_dsgd_lasts_as_long_as_the_slowest_of_each_neighbourhood)
{
    static const uint32_t slow[] = {2};
    const struct inject inject = {.law = law_find("slowdown"),
                                  .config.factor = 3,
                                  .select = SELECT_WORKERS,
                                  .workers = slow,
                                  .worker_count = 1};
    struct cluster cluster;
    struct rounds rounds = {0};
    cluster_plan(&cluster, "dsgd", 8, 2, 1);
    cluster.config.inject.entry = &inject;
    cluster.config.inject.count = 1;
    cluster.config.links.latency_ns = 10 * US;
    cluster.watch = (struct sim_watch){.context = &rounds, .iteration = note_start};

    cluster_run(&cluster);

    uint64_t want_ns[8] = {0};
    for (uint32_t k = 0; k < ROUNDS; k++) {
        uint64_t end_ns[8];
        for (uint32_t i = 0; i < 8; i++) {
            cr_assert_eq(rounds.start_ns[i][k], want_ns[i],
                         "worker %u, round %u: %llu instead of %llu", i, k,
                         (unsigned long long)rounds.start_ns[i][k], (unsigned long long)want_ns[i]);
            end_ns[i] = want_ns[i] + (i == 2 ? 3 : 1) * MS;
        }
        for (uint32_t i = 0; i < 8; i++) {
            const uint64_t left = end_ns[(i + 7) % 8] + 10 * US,
                           right = end_ns[(i + 1) % 8] + 10 * US;
            const uint64_t latest = left > right ? left : right;
            want_ns[i] = latest > end_ns[i] ? latest : end_ns[i];
        }
    }
    cluster_close(&cluster);
}

/* E[max of 8] with p = 0.1 and a slowdown of 10: 1 + 9 (1 - 0.9^8) = 6.126 base times. */
Test(sim_loop, transient_stragglers_slow_a_synchronous_round_as_in_closed_form)
{
    const struct inject inject = {.law = law_find("slowdown"),
                                  .config.factor = 10,
                                  .select = SELECT_PERCENT_EACH,
                                  .share = 0.1};
    struct cluster cluster;
    cluster_plan(&cluster, "allreduce", 8, 0, 7);
    cluster.config.inject.entry = &inject;
    cluster.config.inject.count = 1;
    cluster.config.stop_ns = 0;
    cluster.config.stop_iterations = 4000;

    cluster_run(&cluster);

    const double rounds = (double)sim_totals(cluster.sim)->stop_ns / (double)MS / 4000;
    cr_expect(rounds > 6.126 * 0.97, "%g", rounds);
    cr_expect(rounds < 6.126 * 1.03, "%g", rounds); /* 4000 rounds: standard error 1.1 % */
    cluster_close(&cluster);
}

/* --------------------------------------------------------------------------------------------------------- stop */

Test(sim_loop, a_budget_of_iterations_is_exact_for_synchronous_policies)
{
    struct cluster cluster;
    cluster_plan(&cluster, "dsgd", 8, 4, 1);
    cluster.config.stop_ns = 0;
    cluster.config.stop_iterations = 10;
    cluster.config.jitter_cv = 0.2;

    cluster_run(&cluster);

    for (uint32_t w = 0; w < 8; w++)
        cr_expect_eq(sim_worker(cluster.sim, w)->gradients, 10);
    cr_expect_eq(sim_totals(cluster.sim)->count.gradients, 80);
    cluster_close(&cluster);
}

Test(sim_loop, a_budget_of_iterations_is_shared_by_asynchronous_workers)
{
    static const uint32_t slow[] = {0};
    const struct inject inject = {.law = law_find("slowdown"),
                                  .config.factor = 4,
                                  .select = SELECT_WORKERS,
                                  .workers = slow,
                                  .worker_count = 1};
    struct cluster cluster;
    cluster_plan(&cluster, "none", 4, 0, 1);
    cluster.config.inject.entry = &inject;
    cluster.config.inject.count = 1;
    cluster.config.stop_ns = 0;
    cluster.config.stop_iterations = 13;

    cluster_run(&cluster);

    cr_expect_eq(sim_totals(cluster.sim)->count.gradients, 52);
    cr_expect_eq(sim_totals(cluster.sim)->stop_ns, 16 * MS);
    cr_expect_eq(sim_worker(cluster.sim, 0)->gradients, 4);
    cluster_close(&cluster);
}

struct told {
    uint64_t stop_ns[8], last_round[8];
    uint32_t gradients_after, stops;
    uint32_t gradients[8];
};

static void note_stop(void *context, struct sim *sim, uint32_t worker, const struct event *event,
                      struct actions *actions)
{
    struct told *const told = context;
    (void)sim, (void)actions;
    told->gradients[worker] += event->kind == EV_GRADIENT;
    told->gradients_after += event->kind == EV_GRADIENT && told->stops > 0;
    if (event->kind != EV_STOP)
        return;
    cr_expect_eq(worker, told->stops, "in order of id");
    told->stops++;
    told->stop_ns[worker] = event->now_ns;
    told->last_round[worker] = event->tag;
}

Test(sim_loop, a_synchronous_policy_finishes_the_rounds_that_somebody_has_begun)
{
    static const uint32_t slow[] = {0};
    const struct inject inject = {.law = law_find("slowdown"),
                                  .config.factor = 5,
                                  .select = SELECT_WORKERS,
                                  .workers = slow,
                                  .worker_count = 1};
    struct cluster cluster;
    struct told told = {0};
    cluster_plan(&cluster, "dsgd", 8, 2, 1);
    cluster.config.inject.entry = &inject;
    cluster.config.inject.count = 1;
    cluster.config.stop_ns = 7 * MS + MS / 2;
    cluster.watch = (struct sim_watch){.context = &told, .stepped = note_stop};

    cluster_run(&cluster);

    cr_expect_eq(told.stops, 8);
    for (uint32_t w = 0; w < 8; w++) {
        cr_expect_eq(told.stop_ns[w], 7 * MS + MS / 2);
        cr_expect_eq(told.last_round[w], 3, "begun at distance 3 of the slow one at 7 ms");
        cr_expect_eq(told.gradients[w], told.last_round[w] + 1);
        cr_expect(sim_worker(cluster.sim, w)->done);
    }
    cr_expect_gt(told.gradients_after, 0);
    cr_expect_eq(sim_totals(cluster.sim)->stop_ns, 7 * MS + MS / 2);
    cr_expect_eq(sim_totals(cluster.sim)->end_ns, 20 * MS);
    cluster_close(&cluster);
}

Test(sim_loop, an_asynchronous_policy_drops_the_running_gradients)
{
    struct cluster cluster;
    struct told told = {0};
    cluster_plan(&cluster, "adpsgd", 8, 4, 1);
    cluster.config.stop_ns = 10 * MS + MS / 2;
    cluster.watch = (struct sim_watch){.context = &told, .stepped = note_stop};

    cluster_run(&cluster);

    cr_expect_eq(told.stops, 8);
    cr_expect_eq(told.gradients_after, 0);
    cr_expect_lt(sim_totals(cluster.sim)->end_ns, 11 * MS);
    cluster_close(&cluster);
}

Test(sim_loop, an_early_stop_ends_in_good_order)
{
    struct cluster cluster;
    cluster_plan(&cluster, "dsgd", 8, 4, 1);
    cluster_open(&cluster);
    while (sim_now_ns(cluster.sim) < 20 * MS)
        cr_assert(sim_run(cluster.sim, 1));

    sim_stop(cluster.sim);
    cluster_run(&cluster);

    cr_expect_eq(sim_totals(cluster.sim)->stop_ns, 20 * MS);
    cluster_close(&cluster);
}

/* A policy that waits for a message nobody sends. */
static void wait_for_ever(uint32_t worker, const struct event *event, struct actions *out)
{
    (void)worker;
    if (event->kind == EV_STOP)
        out->count = 0;
}

Test(sim_loop, a_worker_that_is_never_done_is_a_failure)
{
    const struct policy row = cluster_row(wait_for_ever, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 1);
    cluster_open(&cluster);

    while (sim_run(cluster.sim, 100))
        ;

    cr_expect_str_eq(sim_failure(cluster.sim),
                     "worker 0 at 100000000 ns: not done, and nothing can happen any more");
    cluster_close(&cluster);
}

/* --------------------------------------------------------------------------------------------------------- cuts */

struct cuts {
    uint32_t count;
    uint64_t at_ns[8];
};

static void note_cut(void *context, struct sim *sim, uint32_t cut)
{
    struct cuts *const cuts = context;
    cr_expect_eq(cut, cuts->count);
    cuts->at_ns[cuts->count++] = sim_now_ns(sim);
}

Test(sim_loop, cuts_are_spaced_over_the_time_and_come_before_all_else)
{
    struct cluster cluster;
    struct cuts cuts = {0};
    cluster_plan(&cluster, "none", 3, 0, 1);
    cluster.config.stop_ns = 8 * MS;
    cluster.config.cuts = 4;
    cluster.watch = (struct sim_watch){.context = &cuts, .cut = note_cut};

    cluster_run(&cluster);

    cr_assert_eq(cuts.count, 5);
    for (uint32_t cut = 0; cut < 4; cut++) {
        cr_expect_eq(cuts.at_ns[cut], 2 * MS * cut);
        cr_expect_eq(sim_cut(cluster.sim, cut).ns, 2 * MS * cut);
        cr_expect_eq(sim_cut(cluster.sim, cut).gradients, cut == 0 ? 0 : 3 * (2 * cut - 1));
    }
    cr_expect_eq(sim_cut(cluster.sim, 4).ns, 8 * MS);
    cr_expect_eq(sim_cut(cluster.sim, 4).gradients, 21);
    cluster_close(&cluster);
}

Test(sim_loop, cuts_are_spaced_over_gradients_where_no_time_is_set)
{
    struct cluster cluster;
    struct cuts cuts = {0};
    cluster_plan(&cluster, "dsgd", 4, 2, 1);
    cluster.config.stop_ns = 0;
    cluster.config.stop_iterations = 10;
    cluster.config.cuts = 5;
    cluster.watch = (struct sim_watch){.context = &cuts, .cut = note_cut};

    cluster_run(&cluster);

    cr_assert_eq(cuts.count, 6);
    for (uint32_t cut = 0; cut <= 5; cut++)
        cr_expect_eq(sim_cut(cluster.sim, cut).gradients, 8 * cut);
    cluster_close(&cluster);
}

/* ------------------------------------------------------------------------------------------------------- counts */

Test(sim_loop, counts_what_a_synchronous_run_must_count)
{
    struct cluster cluster;
    cluster_plan(&cluster, "dsgd", 8, 4, 1);
    cluster.config.stop_ns = 0;
    cluster.config.stop_iterations = 10;
    cluster.config.links.latency_ns = 7 * US;

    cluster_run(&cluster);

    const struct sim_totals *const t = sim_totals(cluster.sim);
    cr_expect_eq(t->count.tensors_sent, 320);
    cr_expect_eq(t->count.tensors_delivered, 320);
    cr_expect_eq(t->count.mixes, 80);
    cr_expect_eq(t->count.events, 8 + 320 + 80 + 8); /* start, tensors, gradients, stop */
    cr_expect_eq(sim_hist(cluster.sim, SERIES_HANDLE)->max, 7 * US);
    cr_expect_eq(sim_hist(cluster.sim, SERIES_READY)->max, 7 * US);
    cr_expect_eq(sim_hist(cluster.sim, SERIES_ITERATION)->max, MS + 7 * US);
    cr_expect_eq(sim_hist(cluster.sim, SERIES_STALENESS)->max, 0);
    cluster_close(&cluster);
}

/* -------------------------------------------------------------------------------------- counted as in a live run */

/* Identical workers take turns: each update finds one of every other worker since its pull, but for the first round. */
Test(sim_loop, the_staleness_of_asgd_is_the_number_of_the_other_workers)
{
    for (uint64_t n = 1; n <= 16; n *= 2) {
        struct cluster cluster;
        cluster_plan(&cluster, "asgd", (uint32_t)n + 1, 0, 1);
        cluster.config.stop_iterations = 50;

        cluster_run(&cluster);

        const struct hist *const staleness = sim_hist(cluster.sim, SERIES_STALENESS);
        const uint64_t updates = staleness->total;
        cr_expect_geq(updates, 49 * n);
        cr_expect_eq(staleness->max, n - 1, "%llu workers", (unsigned long long)n);
        cr_expect_eq(staleness->sum, (n - 1) * updates - n * (n - 1) / 2, "%llu workers",
                     (unsigned long long)n);
        cr_expect_eq(sim_hist(cluster.sim, SERIES_AGE_VERSIONS)->max, n - 1,
                     "of the model that a worker gets, the other answers of this moment");
        cluster_close(&cluster);
    }
}

/*
 * A worker of AD-PSGD computes all the time, so each average that it takes part in comes between a gradient's snapshot
 * and its step: altogether the staleness is the number of averages, but for gradients that nobody waits for at the end.
 */
Test(sim_loop, the_staleness_of_adpsgd_is_the_number_of_averages)
{
    struct cluster cluster;
    cluster_plan(&cluster, "adpsgd", 8, 4, 1);
    for (uint32_t w = 0; w < 8; w++)
        options_change(cluster.config.policy, &cluster.worker[w].options, "comm_thread: true");
    cluster.config.jitter_cv = 0.1;
    cluster.config.links.latency_ns = 7 * US;

    cluster_run(&cluster);

    const struct hist *const staleness = sim_hist(cluster.sim, SERIES_STALENESS);
    const uint64_t mixes = sim_totals(cluster.sim)->count.mixes;
    cr_expect_eq(staleness->total, sim_totals(cluster.sim)->count.gradients);
    cr_expect_gt(staleness->sum, staleness->total, "its own exchange, and those it is asked for");
    cr_expect_leq(staleness->sum, mixes);
    cr_expect_geq(staleness->sum + 8 * (staleness->max + 1), mixes);
    cluster_close(&cluster);
}

static void mix_with_nobody(uint32_t worker, const struct event *event, struct actions *out)
{
    (void)worker;
    if (event->kind == EV_START)
        actions_push(out, (struct action){.kind = ACT_COMPUTE});
    if (event->kind == EV_GRADIENT)
        actions_push(out, (struct action){.kind = ACT_MIX, .rule = MIX_SHARES, .degree = 1});
}

Test(sim_loop, a_share_given_away_with_none_taken_in_is_no_average)
{
    const struct policy row = cluster_row(mix_with_nobody, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 1, 0, 1);

    cluster_run(&cluster);

    cr_expect_eq(sim_totals(cluster.sim)->count.mixes, 0);
    cr_expect_eq(sim_hist(cluster.sim, SERIES_READY)->total, 0);
    cluster_close(&cluster);
}
