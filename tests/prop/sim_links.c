/* SPDX-License-Identifier: BSD-3-Clause */
/* Any mixture of bad links, any policy: every message is accounted for, every loan comes back, and the run ends. */
#include <criterion/criterion.h>

#include "core/base/rng.h"
#include "tests/prop/seeds.h"
#include "tests/random/options.h"
#include "tests/unit/support_sim.h"

static const uint32_t first_two[] = {0, 1};

/** An entry that lets messages pass sooner or later. */
static struct inject entry_of(struct rng *rng)
{
    static const enum inject_select selects[] = {SELECT_ALL, SELECT_PERCENT_EACH,
                                                 SELECT_PERCENT_ONCE, SELECT_WORKERS};
    const bool lossy = rng_below(rng, 2), flapping = rng_below(rng, 4) == 0;
    struct inject entry = {
        .law = law_find(rng_below(rng, 2) ? "shifted-exp" : "none"),
        .config = {.mean_ns = 1 + rng_below(rng, 200 * US), .shift_ns = rng_below(rng, 20 * US)},
        .what = rng_below(rng, 6) ? INJECT_LINK : INJECT_PUBLISH,
        .select = selects[rng_below(rng, 4)],
        .share = 0.3,
        .workers = first_two,
        .worker_count = 2,
        .link = {.edges = (enum inject_edges)rng_below(rng, EDGES_ACROSS + 1),
                 .loss = lossy ? 0.3 * rng_unit(rng) : 0,
                 .burst = rng_below(rng, 6),
                 .duplicate = rng_below(rng, 2) ? 0.2 : 0,
                 .reorder = rng_below(rng, 2) ? 0.2 : 0,
                 .gap_ns = rng_below(rng, 100 * US),
                 .corrupt = rng_below(rng, 2) ? 0.1 : 0,
                 .bytes_per_s = rng_below(rng, 3) ? 0 : 2e6 + 100e6 * rng_unit(rng),
                 .bucket_bytes = rng_below(rng, 10000),
                 .queue_bytes = rng_below(rng, 2) * 2000,
                 .up_ns = flapping ? MS : 0,
                 .down_ns = flapping ? MS / 5 : 0,
                 .overtake = rng_below(rng, 2),
                 .half_life_ns = rng_below(rng, 2) * MS,
                 .resend_ns = 1 + rng_below(rng, 100 * US)}};
    if (rng_below(rng, 3) == 0)
        entry.when = (struct inject_when){.start_ns = rng_below(rng, 5 * MS),
                                          .stop_ns = 5 * MS + rng_below(rng, 15 * MS)};
    if (entry.when.stop_ns > 0 && rng_below(rng, 2))
        entry.link.cut = true;
    return entry;
}

static void expect_accounted(const struct cluster *cluster)
{
    const struct sim_totals *const t = sim_totals(cluster->sim);
    const uint64_t seed = cluster->config.seed;
    uint64_t tensors = 0, controls = t->count.links.control_held;
    for (uint32_t cause = 0; cause < LINK_CAUSES; cause++) {
        tensors += t->count.links.dropped_by[cause];
        controls += t->count.links.control_dropped_by[cause];
    }
    cr_assert_eq(tensors, t->count.tensors_dropped, "seed %llu", (unsigned long long)seed);
    cr_assert_eq(t->count.links.dropped_by[LINK_PASSES], 0);
    cr_assert_eq(t->count.tensors_sent, t->count.tensors_delivered + t->count.tensors_superseded +
                                            t->count.tensors_dropped + t->count.tensors_in_flight);
    cr_assert_eq(t->count.control_sent, t->count.control_delivered + controls, "seed %llu",
                 (unsigned long long)seed);
    cr_assert_eq(t->count.links.corrupted, t->count.links.caught);
    cr_assert_eq(t->count.loans, 0);
}

static void plan(struct cluster *cluster, const struct cluster_variant *variant, uint64_t seed)
{
    cluster_plan(cluster, variant->name, 3 + (uint32_t)(seed % 8), 2 + 2 * (uint32_t)(seed % 2),
                 seed);
    for (uint32_t w = 0; w < cluster->config.workers; w++)
        cluster->worker[w].options = variant->options;
    cluster->config.control_depth = 4096; /* what a late link may hold */
    cluster->config.jitter_cv = 0.05;
    cluster->config.links = (struct sim_links){.latency_ns = seed / 2 % 3 * 30 * US,
                                               .jitter_cv = seed % 3 ? 0.5 : 0,
                                               .bytes_per_s = seed % 4 ? 1e9 : 0,
                                               .control_is_free = seed % 2};
    cluster->config.stop_ns = 1 + seed * 7919 % (40 * MS);
}

static uint64_t happened[LINK_CAUSES + 4];

static void run(uint64_t seed)
{
    struct rng rng = rng_start(seed, RNG_TEST, 7);
    struct inject entry[3];
    struct cluster cluster;
    const struct cluster_variant variant = cluster_variant(seed);
    plan(&cluster, &variant, seed);
    cluster.config.inject.entry = entry;
    cluster.config.inject.count = 1 + rng_below(&rng, 3);
    for (uint32_t i = 0; i < cluster.config.inject.count; i++)
        entry[i] = entry_of(&rng);

    cluster_run(&cluster);

    expect_accounted(&cluster);
    const struct sim_totals *const t = sim_totals(cluster.sim);
    cr_assert_str_empty(sim_stall(cluster.sim));
    for (uint32_t cause = 0; cause < LINK_CAUSES; cause++)
        happened[cause] += t->count.links.dropped_by[cause];
    happened[LINK_CAUSES] += t->count.links.resent;
    happened[LINK_CAUSES + 1] += t->count.duplicates;
    happened[LINK_CAUSES + 2] += t->count.links.corrupted;
    cluster_close(&cluster);
}

Test(sim_links, any_bad_links_account_for_every_message)
{
    for (uint64_t seed = 1; seed <= 1200; seed++)
        run(seed);

    for (uint32_t i = LINK_LOST; i < LINK_CAUSES + 3; i++)
        cr_expect(i == LINK_GONE || happened[i] > 0, "cause %u never came up", i);
}

/* ------------------------------------------------------------------------------------------- what never arrives */

static void run_cut(uint64_t seed)
{
    const struct inject entry = {
        .law = law_find("none"),
        .what = INJECT_LINK,
        .select = SELECT_WORKERS,
        .workers = first_two,
        .worker_count = 1 + (uint32_t)(seed / cluster_variants() % 2),
        .when.start_ns = seed % 5 * MS,
        .link = {.edges = seed % 2 ? EDGES_ACROSS : EDGES_OUT, .cut = true, .resend_ns = US}};
    struct cluster cluster;
    const struct cluster_variant variant = cluster_variant(seed);
    plan(&cluster, &variant, seed);
    cluster.config.inject.entry = &entry;
    cluster.config.inject.count = 1;
    if (seed % 3 == 0) {
        cluster.config.stop_ns = 0;
        cluster.config.stop_iterations = 20;
    }

    cluster_open(&cluster);
    while (sim_run(cluster.sim, 1000))
        ;

    cr_assert_str_empty(sim_failure(cluster.sim), "seed %llu, %s: %s", (unsigned long long)seed,
                        cluster.config.policy->name, sim_failure(cluster.sim));
    const struct sim_totals *const t = sim_totals(cluster.sim);
    cr_assert_eq(t->count.tensors_sent, t->count.tensors_delivered + t->count.tensors_superseded +
                                            t->count.tensors_dropped + t->count.tensors_in_flight);
    uint32_t undone = 0;
    for (uint32_t w = 0; w < cluster.config.workers; w++)
        undone += !sim_worker(cluster.sim, w)->done;
    cr_assert_eq(undone > 0, sim_stall(cluster.sim)[0] != 0);
    happened[0] += undone > 0;
    cluster_close(&cluster);
}

Test(sim_links, a_link_that_stays_cut_ends_a_run_with_a_sentence)
{
    for (uint64_t seed = 1; seed <= seeds_of(240); seed++)
        run_cut(seed);

    cr_expect_gt(happened[0], seeds_of(50));
}

Test(sim_links, the_sentence_names_the_edge_and_who_resends)
{
    const struct inject entry = {.law = law_find("none"),
                                 .what = INJECT_LINK,
                                 .select = SELECT_WORKERS,
                                 .workers = first_two,
                                 .worker_count = 1,
                                 .when.start_ns = 5 * MS,
                                 .link = {.edges = EDGES_OUT, .cut = true, .resend_ns = US}};
    struct cluster cluster;
    cluster_plan(&cluster, "dsgd", 3, 2, 1);
    cluster.config.inject.entry = &entry;
    cluster.config.inject.count = 1;

    cluster_open(&cluster);
    while (sim_run(cluster.sim, 1000))
        ;

    cr_expect_str_eq(
        sim_stall(cluster.sim),
        "the link from worker 0 to worker 1 stays cut at 5000000 ns, and exact tensors "
        "of dsgd are sent again until they arrive");
    cr_expect_str_empty(sim_failure(cluster.sim));
    cr_expect_eq(sim_totals(cluster.sim)->count.tensors_in_flight, 4,
                 "it hears the others, so it comes one round further");
    cluster_close(&cluster);
}

/* ----------------------------------------------------------------------------------------------- what is lost for good */

static void run_unreliable(uint64_t seed)
{
    static const struct {
        const char *name, *options;
    } losers[] = {{"sgp", "give_up: 5ms"},
                  {"sgp", "overlap: 3, give_up: 2ms"},
                  {"epidemic", "fanout: 2, timeout: 200us"},
                  {"agp-yscaled", ""},
                  {"swift", "steps: 1"}};
    struct rng rng = rng_start(seed, RNG_TEST, 8);
    struct inject entry[2] = {entry_of(&rng), entry_of(&rng)};
    const struct policy *const named = policy_find(losers[seed % 5].name);
    const struct policy_options options = options_read(named, "%s", losers[seed % 5].options);
    const struct policy *const row = policy_variant(named, &options, 8);
    struct cluster cluster;
    cluster_plan_row(&cluster, row, 2 + (uint32_t)(seed % 9), 2, seed);
    for (uint32_t w = 0; w < cluster.config.workers; w++)
        cluster.worker[w].options = options;
    cluster.config.control_depth = 4096;
    cluster.config.jitter_cv = 0.3;
    cluster.config.links = (struct sim_links){.latency_ns = 20 * US, .jitter_cv = 0.5};
    cluster.config.stop_ns = 60 * MS;
    entry[0].link.unreliable = entry[1].link.unreliable = true;
    entry[0].link.loss = 0.2;
    cluster.config.inject.entry = entry;
    cluster.config.inject.count = 2;

    cluster_run(&cluster);

    expect_accounted(&cluster);
    for (uint32_t w = 0; w < cluster.config.workers; w++)
        cr_assert_gt(sim_worker(cluster.sim, w)->gradients, 5, "seed %llu: %s, worker %u",
                     (unsigned long long)seed, row->name, w);
    happened[seed % 5] += sim_totals(cluster.sim)->count.tensors_dropped;
    cluster_close(&cluster);
}

Test(sim_links, rows_that_go_on_without_a_message_go_on_over_unreliable_links)
{
    for (uint64_t seed = 1; seed <= seeds_of(300); seed++)
        run_unreliable(seed);

    for (uint32_t i = 0; i < 5; i++)
        cr_expect_gt(happened[i], seeds_of(100));
}
