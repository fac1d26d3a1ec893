/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How well stragglers are found in virtual runs. Fleets are drawn over sizes, jitters, policies, laws, shares of slow workers,
 * and what else is injected into everybody; --verbose=1 shows the totals. Under k-sync the slow ones rarely finish a
 * gradient: then nothing can be said of them.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "core/base/rng.h"
#include "harness/metric/record.h"
#include "tests/random/options.h"
#include "tests/unit/support_sim.h"

#define ROWS_MAX 65536u

struct seen {
    struct record_iteration *row;
    uint64_t rows;
};

struct score {
    uint32_t hits, wrong, injected, unknown, silent, found, doubtful, fleets;
};

static void keep(void *context, const struct sim_iteration *line)
{
    struct seen *const seen = context;
    cr_assert_lt(seen->rows, ROWS_MAX);
    struct record_iteration *const row = &seen->row[seen->rows++];
    *row = (struct record_iteration){.worker = line->worker,
                                     .iteration = line->iteration,
                                     .start_ns = line->start_ns,
                                     .own_us10 = (uint32_t)(line->own_ns / 100)};
    for (uint32_t p = 0; p < PART_COUNT; p++)
        row->part_us10[p] = (uint32_t)(line->part_ns[p] / 100);
}

/** One fleet. */
struct fleet {
    const char *policy;
    uint32_t workers, iterations; /* iterations: of a worker that nothing holds up */
    uint64_t seed;
    double jitter_cv;
    struct inject entry[3];
    uint32_t entries;
};

static void add(struct score *score, const struct stragglers *found)
{
    score->hits += found->hits;
    score->wrong += found->wrong;
    score->injected += found->injected;
    score->unknown += found->unknown;
    score->silent += found->silent;
    score->found += found->count;
    score->doubtful += found->doubt != STRAGGLERS_NO_DOUBT;
    score->fleets++;
}

static void run(struct score *score, const struct fleet *fleet)
{
    struct seen seen = {.row = calloc(ROWS_MAX, sizeof(*seen.row))};
    struct cluster cluster;
    struct err err = {0};
    cluster_plan(&cluster, fleet->policy, fleet->workers, 2, fleet->seed);
    const struct policy *const row = cluster.config.policy;
    for (uint32_t w = 0; w < fleet->workers; w++) {
        if (option_find(row->options, "collective"))
            options_change(row, &cluster.worker[w].options, "collective: modelled");
        if (option_find(row->options, "k"))
            options_change(row, &cluster.worker[w].options, "k: %u", (fleet->workers + 1) / 2);
    }
    cluster.config.jitter_cv = fleet->jitter_cv;
    cluster.config.inject.entry = fleet->entry;
    cluster.config.inject.count = fleet->entries;
    cluster.config.stop_ns = fleet->iterations * MS;
    cluster.watch = (struct sim_watch){.context = &seen, .iteration = keep};
    cluster_run(&cluster);

    const struct inject_set injected = {.entry = fleet->entry,
                                        .count = fleet->entries,
                                        .seed = fleet->seed,
                                        .workers = fleet->workers};
    const struct stragglers_run measured = {.row = seen.row,
                                            .rows = seen.rows,
                                            .workers = fleet->workers,
                                            .serving = cluster.config.policy->central,
                                            .injected = &injected,
                                            .base_ns = MS};
    struct stragglers found;
    cr_assert_eq(stragglers_find(&found, &measured, &err), 0, "%s", err.text);
    add(score, &found);
    stragglers_free(&found);
    cluster_close(&cluster);
    free(seen.row);
}

static double precision(const struct score *score)
{
    return (double)score->hits / (score->hits + score->wrong);
}

static double recall(const struct score *score)
{
    return (double)score->hits / (score->injected - score->unknown);
}

static void say(const char *what, const struct score *s)
{
    cr_log_info("%s: %u fleets, %u injected, %u unknown, %u found, %u wrongly: precision %.3f, "
                "recall %.3f; doubt in %u fleets",
                what, s->fleets, s->injected, s->unknown, s->hits, s->wrong, precision(s),
                recall(s), s->doubtful);
}

static struct inject slowdown(enum inject_select select, double share, double factor)
{
    return (struct inject){.law = law_find("slowdown"),
                           .select = select,
                           .share = share,
                           .config = {.factor = factor}};
}

/** Something for everybody, or nothing. */
static void slow_everybody(struct fleet *fleet, struct rng *rng)
{
    struct inject *const entry = &fleet->entry[fleet->entries];
    switch (rng_below(rng, 5)) {
    case 0:
        *entry = (struct inject){.law = law_find("exp"), .config.mean_ns = MS / 4};
        break;
    case 1:
        *entry = (struct inject){.law = law_find("pareto"),
                                 .config = {.scale_ns = MS / 5, .alpha = 1.5}};
        break;
    case 2:
        *entry = slowdown(SELECT_PERCENT_EACH, 0.1, 5);
        break;
    default:
        return;
    }
    fleet->entries++;
}

/** Permanent ones of 1.5 to 6 times the time, up to `share` of all workers. */
static struct fleet draw(uint64_t seed, double share)
{
    static const char *const policy[] = {"none", "allreduce", "dsgd", "adpsgd", "k-sync", "aau"};
    struct rng rng = {.key = rng_key(seed, RNG_TEST, 1)};
    struct fleet fleet = {.policy = policy[seed % 6],
                          .workers = 6 + rng_below(&rng, 43),
                          .iterations = 100 + rng_below(&rng, 200),
                          .seed = seed,
                          .jitter_cv = 0.2 * rng_unit(&rng)};
    const double factor = 1.5 * pow(4, rng_unit(&rng));
    fleet.entry[fleet.entries++] =
        rng_below(&rng, 2)
            ? slowdown(SELECT_PERCENT_ONCE, share, factor)
            : (struct inject){.law = law_find("const"),
                              .select = SELECT_PERCENT_ONCE,
                              .share = share,
                              .config.delay_ns = (uint64_t)((factor - 1) * (double)MS)};
    slow_everybody(&fleet, &rng);
    return fleet;
}

#define FLEETS 120u

static struct score permanent(double share_least, double share_most)
{
    struct score score = {0};
    for (uint64_t seed = 0; seed < FLEETS; seed++) {
        struct rng rng = {.key = rng_key(seed, RNG_TEST, 2)};
        const struct fleet fleet =
            draw(seed, share_least + (share_most - share_least) * rng_unit(&rng));
        run(&score, &fleet);
    }
    return score;
}

static void expect_good(const struct score *score)
{
    cr_assert_gt(score->injected, 400u);
    cr_expect_leq(score->unknown, score->silent + score->injected / 20);
    cr_expect_geq(precision(score), 0.95, "%u wrong, %u right", score->wrong, score->hits);
    cr_expect_geq(recall(score), 0.95, "%u of %u", score->hits, score->injected - score->unknown);
}

Test(stragglers, permanent_ones_from_half_as_slow_again_are_found)
{
    const struct score score = permanent(0.05, 0.3);

    say("5 to 30 % of the workers 1.5 to 6 times slower", &score);
    expect_good(&score);
}

Test(stragglers, permanent_ones_are_found_where_a_third_of_the_workers_is_slow)
{
    const struct score score = permanent(0.32, 0.36);

    say("a third of the workers 1.5 to 6 times slower", &score);
    expect_good(&score);
}

Test(stragglers, fleets_of_two_speeds_are_told_apart)
{
    struct score score = {0};

    for (uint64_t seed = 0; seed < FLEETS; seed++) {
        struct fleet fleet = draw(seed, 0.5);
        struct rng rng = {.key = rng_key(seed, RNG_TEST, 3)};
        fleet.workers &= ~1u;
        fleet.entry[0] = slowdown(SELECT_PERCENT_ONCE, 0.5, 3 + 1.5 * rng_unit(&rng));
        run(&score, &fleet);
    }

    say("half of the workers 3 to 4.5 times slower", &score);
    expect_good(&score);
}

Test(stragglers, a_heavy_tail_on_everybody_hides_no_permanent_ones)
{
    struct score score = {0};

    for (uint64_t seed = 0; seed < 40; seed++) {
        const struct fleet fleet = {
            .policy = "dsgd",
            .workers = 16,
            .iterations = 1000,
            .seed = seed,
            .jitter_cv = 0.05,
            .entry = {{.law = law_find("pareto"), .config = {.scale_ns = MS, .alpha = 1.3}},
                      {.law = law_find("slowdown"),
                       .select = SELECT_COUNT_ONCE,
                       .count = 2,
                       .config.factor = 4}},
            .entries = 2};
        run(&score, &fleet);
    }

    say("two of 16 workers 4 times slower, Pareto delays on all", &score);
    cr_expect_eq(score.injected, 80u);
    cr_expect_geq(precision(&score), 0.95, "%u wrong, %u right", score.wrong, score.hits);
    cr_expect_geq(recall(&score), 0.95, "%u of %u", score.hits, score.injected - score.unknown);
    cr_expect_leq(score.unknown, 4u);
}

Test(stragglers, nobody_is_accused_where_nothing_was_injected)
{
    struct score score = {0};

    for (uint64_t seed = 0; seed < FLEETS; seed++) {
        struct fleet fleet = draw(seed, 0);
        fleet.entries = 0;
        run(&score, &fleet);
    }

    cr_expect_eq(score.found, 0u);
    cr_expect_eq(score.injected, 0u);
    cr_expect_eq(score.doubtful, 0u);
}

Test(stragglers, nobody_is_accused_for_what_everybody_was_given)
{
    struct score score = {0};

    for (uint64_t seed = 0; seed < FLEETS; seed++) {
        struct fleet fleet = draw(seed, 0);
        struct rng rng = {.key = rng_key(seed, RNG_TEST, 4)};
        fleet.entries = 0;
        slow_everybody(&fleet, &rng);
        run(&score, &fleet);
    }

    cr_expect_eq(score.injected, 0u);
    cr_expect_leq(score.found, 2u, "of some 3000 workers");
}

/** A third of the workers, for a share of their iterations. */
static struct score transient(double share, double factor)
{
    struct score score = {0};
    for (uint64_t seed = 0; seed < 20; seed++) {
        const struct fleet fleet = {
            .policy = "none",
            .workers = 16,
            .iterations = 200,
            .seed = seed,
            .jitter_cv = 0.05,
            .entry = {{.law = law_find("bimodal"),
                       .select = SELECT_COUNT_ONCE,
                       .count = 5,
                       .config = {.share = share,
                                  .high_ns = (uint64_t)((factor - 1) * (double)MS)}}},
            .entries = 1};
        run(&score, &fleet);
    }
    return score;
}

/* The floor that is documented, in iterations that are longer by a factor, of a share of them. */

Test(stragglers, transient_ones_are_found_above_the_floor)
{
    static const struct {
        double share, factor;
    } above[] = {{0.03, 1.4}, {0.05, 1.35}, {0.1, 1.35}, {0.2, 1.35},
                 {0.3, 1.6},  {0.4, 2},     {0.1, 10}};

    for (uint32_t i = 0; i < sizeof(above) / sizeof(above[0]); i++) {
        const struct score score = transient(above[i].share, above[i].factor);
        cr_expect_geq(recall(&score), 0.9, "%gx in %g: %u of %u", above[i].factor, above[i].share,
                      score.hits, score.injected);
        cr_expect_geq(precision(&score), 0.9, "%gx in %g: %u wrong", above[i].factor,
                      above[i].share, score.wrong);
    }
}

Test(stragglers, transient_ones_are_missed_below_the_floor_but_nobody_is_accused_instead)
{
    static const struct {
        double share, factor;
    } below[] = {{0.05, 1.25}, {0.1, 1.25}, {0.2, 1.3}, {0.3, 1.4}, {0.4, 1.5}};

    for (uint32_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
        const struct score score = transient(below[i].share, below[i].factor);
        cr_expect_lt(recall(&score), 0.9, "%gx in %g", below[i].factor, below[i].share);
        cr_expect_leq(score.wrong, score.found / 10, "%gx in %g", below[i].factor, below[i].share);
    }
}
