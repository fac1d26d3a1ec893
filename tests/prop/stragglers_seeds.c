/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How well stragglers are found in virtual runs: 8 to 64 workers that only compute, 5 % jitter, many seeds. Own times do not
 * depend on the policy, so the one that exchanges nothing stands for all.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/base/rng.h"
#include "harness/results/record.h"
#include "tests/unit/support_sim.h"

#define ROWS_MAX 32768u

struct seen {
    struct record_iteration *row;
    uint64_t rows;
};

struct score {
    uint32_t hits, wrong, injected, found;
};

static void keep(void *context, const struct sim_iteration *line)
{
    struct seen *const seen = context;
    cr_assert_lt(seen->rows, ROWS_MAX);
    struct record_iteration *const row = &seen->row[seen->rows++];
    *row = (struct record_iteration){.worker = line->worker, .iteration = line->iteration};
    for (uint32_t p = 0; p < PART_COUNT; p++)
        row->part_us10[p] = (uint32_t)(line->part_ns[p] / 100);
}

static void run(struct score *score, uint32_t workers, uint64_t seed, const struct inject *inject)
{
    struct seen seen = {.row = calloc(ROWS_MAX, sizeof(*seen.row))};
    struct stragglers found;
    struct cluster cluster;
    struct err err = {0};
    cluster_plan(&cluster, "none", workers, 2, seed);
    cluster.config.jitter_cv = 0.05;
    cluster.config.inject.entry = inject;
    cluster.config.inject.count = inject ? 1 : 0;
    cluster.config.stop_ns = 200 * MS;
    cluster.watch = (struct sim_watch){.context = &seen, .iteration = keep};
    cluster_run(&cluster);

    cr_assert_eq(stragglers_find(&found, seen.row, seen.rows, workers, &err), 0, "%s", err.text);
    score->hits += found.hits;
    score->wrong += found.wrong;
    score->injected += found.injected;
    score->found += found.count;

    stragglers_free(&found);
    cluster_close(&cluster);
    free(seen.row);
}

static struct inject slowdown(enum inject_select select, double share, double factor)
{
    return (struct inject){.law = law_find("slowdown"),
                           .select = select,
                           .share = share,
                           .config = {.factor = factor}};
}

static double precision(const struct score *score)
{
    return (double)score->hits / (score->hits + score->wrong);
}

static double recall(const struct score *score)
{
    return (double)score->hits / score->injected;
}

Test(stragglers, permanent_ones_of_twice_the_time_and_more_are_found)
{
    struct score score = {0};

    for (uint64_t seed = 0; seed < 200; seed++) {
        struct rng rng = {.key = rng_key(seed, RNG_TEST, 0)};
        const uint32_t workers = 8 + rng_below(&rng, 57);
        const struct inject inject =
            slowdown(SELECT_PERCENT_ONCE, 0.1 + 0.25 * rng_unit(&rng), 2 + 8 * rng_unit(&rng));
        run(&score, workers, seed, &inject);
    }

    cr_assert_gt(score.injected, 1000u);
    cr_expect_geq(precision(&score), 0.9, "%u wrong, %u right", score.wrong, score.hits);
    cr_expect_geq(recall(&score), 0.9, "%u of %u", score.hits, score.injected);
}

Test(stragglers, nobody_is_accused_where_nothing_was_injected)
{
    struct score score = {0};

    for (uint64_t seed = 0; seed < 200; seed++)
        run(&score, 8 + (uint32_t)(seed * 57 / 200), seed, NULL);

    cr_expect_eq(score.found, 0u);
    cr_expect_eq(score.injected, 0u);
}

static struct score transient(double share, double factor)
{
    struct score score = {0};
    const struct inject inject = slowdown(SELECT_PERCENT_EACH, share, factor);
    for (uint64_t seed = 0; seed < 20; seed++)
        run(&score, 16, seed, &inject);
    return score;
}

/* The floor that README names, in iterations that are longer by a factor, of a share of them. */

Test(stragglers, transient_ones_are_found_above_the_floor)
{
    static const struct {
        double share, factor;
    } above[] = {{0.03, 1.4}, {0.05, 1.35}, {0.1, 1.35}, {0.2, 1.35},
                 {0.3, 1.5},  {0.4, 2},     {0.1, 10}};

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
