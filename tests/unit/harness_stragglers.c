/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is found, on made-up iterations of exact length, and what counts as right. */
#include <criterion/criterion.h>
#include <math.h>

#include "harness/metric/record.h"

#define WORKERS 8u
#define ITERATIONS 50u
#define BASE_NS 1000000u

static struct record_iteration row[WORKERS * ITERATIONS];
static struct inject entry[4];
static uint32_t entries;

/* Everybody computes for 1 ms; a tenth of a microsecond is the unit. */
static void start(void)
{
    for (uint32_t i = 0; i < WORKERS * ITERATIONS; i++)
        row[i] = (struct record_iteration){.worker = i % WORKERS,
                                           .iteration = i / WORKERS,
                                           .part_us10 = {[PART_COMPUTE] = 10000},
                                           .own_us10 = 10000};
    entries = 0;
}

static struct record_iteration *at(uint32_t worker, uint32_t iteration)
{
    return &row[iteration * WORKERS + worker];
}

static void take(uint32_t worker, uint32_t iteration, uint32_t us10)
{
    at(worker, iteration)->own_us10 = us10;
}

static void take_always(uint32_t worker, uint32_t us10)
{
    for (uint32_t k = 0; k < ITERATIONS; k++)
        take(worker, k, us10);
}

/** Say that these workers were given this; it is up to the test to make their times so. */
static struct inject *claim(const char *law, const uint32_t *workers, uint32_t count)
{
    entry[entries] = (struct inject){
        .law = law_find(law), .select = SELECT_WORKERS, .workers = workers, .worker_count = count};
    return &entry[entries++];
}

static void claim_slower(const uint32_t *workers, uint32_t count, double factor)
{
    claim("slowdown", workers, count)->config.factor = factor;
}

static struct stragglers find_among(uint32_t rows, uint32_t serving)
{
    const struct inject_set set = {.entry = entry, .count = entries, .workers = WORKERS};
    const struct stragglers_run run = {.row = row,
                                       .rows = rows,
                                       .workers = WORKERS,
                                       .serving = serving,
                                       .injected = &set,
                                       .base_ns = BASE_NS};
    struct stragglers out;
    struct err err = {0};
    cr_assert_eq(stragglers_find(&out, &run, &err), 0);
    return out;
}

static struct stragglers find(void)
{
    return find_among(WORKERS * ITERATIONS, 0);
}

TestSuite(stragglers_found, .init = start);

Test(stragglers_found, nobody_among_equals)
{
    struct stragglers out = find();

    cr_expect_eq(out.count, 0u);
    cr_expect_eq(out.doubt, STRAGGLERS_NO_DOUBT);
    cr_expect(isnan(out.precision));
    cr_expect(isnan(out.recall));
    stragglers_free(&out);
}

Test(stragglers_found, a_worker_that_is_always_slower)
{
    static const uint32_t slow[] = {5};
    claim_slower(slow, 1, 2.5);
    take_always(5, 25000);

    struct stragglers out = find();

    cr_assert_eq(out.count, 1u);
    cr_expect_eq(out.found[0].worker, 5u);
    cr_expect_eq(out.found[0].kind, STRAGGLER_PERMANENT);
    cr_expect_float_eq(out.found[0].factor, 2.5, 1e-12);
    cr_expect_float_eq(out.found[0].share, 1, 1e-12);
    cr_expect_float_eq(out.precision, 1, 1e-12);
    cr_expect_float_eq(out.recall, 1, 1e-12);
    stragglers_free(&out);
}

Test(stragglers_found, a_worker_that_is_slower_now_and_then)
{
    static const uint32_t slow[] = {2};
    struct inject *const given = claim("bimodal", slow, 1);
    given->config.high_ns = 3 * BASE_NS;
    given->config.share = 0.2;
    const struct inject_set set = {.entry = entry, .count = 1, .workers = WORKERS};
    uint32_t longs = 0;
    for (uint32_t k = 0; k < ITERATIONS; k++) {
        const uint64_t ns = BASE_NS + inject_delay_ns(&set, 0, 2, k, 0, BASE_NS);
        take(2, k, (uint32_t)(ns / 100));
        longs += ns > BASE_NS;
    }
    cr_assert_geq(longs, 3u);

    struct stragglers out = find();

    cr_assert_eq(out.count, 1u);
    cr_expect_eq(out.found[0].worker, 2u);
    cr_expect_eq(out.found[0].kind, STRAGGLER_TRANSIENT);
    cr_expect_float_eq(out.found[0].factor, 4, 1e-12);
    cr_expect_float_eq(out.found[0].share, (double)longs / ITERATIONS, 1e-12);
    cr_expect_eq(out.hits, 1u);
    stragglers_free(&out);
}

/* ---- two speeds ---- */

static const uint32_t slow_half[] = {1, 3, 4, 6};

Test(stragglers_found, half_of_the_workers_three_to_four_and_a_half_times_slower)
{
    static const uint32_t us10[] = {30000, 35000, 40000, 45000};
    for (uint32_t i = 0; i < 4; i++) {
        claim_slower(&slow_half[i], 1, us10[i] / 1e4);
        take_always(slow_half[i], us10[i]);
    }

    struct stragglers out = find();

    cr_assert_eq(out.count, 4u);
    cr_expect_eq(out.hits, 4u);
    cr_expect_eq(out.wrong, 0u);
    cr_expect_float_eq(out.found[3].factor, 4.5, 1e-12, "against the fast half");
    stragglers_free(&out);
}

Test(stragglers_found, half_of_the_workers_equally_slower)
{
    claim_slower(slow_half, 4, 3);
    for (uint32_t i = 0; i < 4; i++)
        take_always(slow_half[i], 30000);

    struct stragglers out = find();

    cr_expect_eq(out.hits, 4u, "of two halves that are equally close the faster is usual");
    cr_expect_eq(out.wrong, 0u);
    stragglers_free(&out);
}

Test(stragglers_found, nobody_where_most_are_equally_slow)
{
    static const uint32_t slow[] = {0, 1, 3, 4, 6};
    claim_slower(slow, 5, 3);
    for (uint32_t i = 0; i < 5; i++)
        take_always(slow[i], 30000);

    struct stragglers out = find();

    cr_expect_eq(out.count, 0u);
    cr_expect_eq(out.injected, 0u, "then the fast ones stand out");
    stragglers_free(&out);
}

Test(stragglers_found, no_usual_speed_where_everybody_has_his_own)
{
    static const uint32_t slow[] = {5, 6, 7};
    claim_slower(slow, 3, 3.5);
    for (uint32_t w = 0; w < WORKERS; w++)
        take_always(w, (uint32_t)(10000 * pow(1.25, w)));

    struct stragglers out = find();

    cr_expect_eq(out.doubt, STRAGGLERS_NO_USUAL);
    cr_expect_eq(out.count, 0u);
    cr_expect_eq(out.injected, 3u);
    cr_expect_eq(out.unknown, 3u);
    cr_expect(isnan(out.recall));
    cr_expect(isnan(out.least));
    stragglers_free(&out);
}

/* ---- abandoned gradients ---- */

Test(stragglers_found, by_finished_gradients_whatever_was_abandoned_before)
{
    static const uint32_t slow[] = {7};
    claim_slower(slow, 1, 1.7);
    take_always(7, 17000);
    for (uint32_t k = 0; k < ITERATIONS; k++)
        at(7, k)->part_us10[PART_COMPUTE] = 721000;

    struct stragglers out = find();

    cr_assert_eq(out.count, 1u);
    cr_expect_float_eq(out.found[0].factor, 1.7, 1e-12);
    cr_expect_eq(out.hits, 1u);
    stragglers_free(&out);
}

Test(stragglers_found, not_where_all_gradients_were_abandoned)
{
    static const uint32_t slow[] = {7};
    claim_slower(slow, 1, 1.7);
    for (uint32_t k = 0; k < ITERATIONS; k++)
        take(7, k, k < 4 ? 17000 : 0);

    struct stragglers out = find();

    cr_expect_eq(out.count, 0u);
    cr_expect_eq(out.silent, 1u);
    cr_expect_eq(out.injected, 1u);
    cr_expect_eq(out.unknown, 1u);
    cr_expect(isnan(out.recall));
    stragglers_free(&out);
}

Test(stragglers_found, not_in_whoever_serves_the_others)
{
    for (uint32_t k = 0; k < ITERATIONS; k++)
        take(0, k, 0);

    struct stragglers out = find_among(WORKERS * ITERATIONS, 1);

    cr_expect_eq(out.silent, 0u);
    stragglers_free(&out);
}

/* ---- everybody ---- */

Test(stragglers_found, nobody_where_all_are_equally_slow)
{
    claim("slowdown", NULL, 0)->config.factor = 2;
    entry[0].select = SELECT_ALL;
    for (uint32_t w = 0; w < WORKERS; w++)
        take_always(w, 20000);

    struct stragglers out = find();

    cr_expect_eq(out.count, 0u);
    cr_expect_eq(out.injected, 0u);
    stragglers_free(&out);
}

Test(stragglers_found, two_beside_a_heavy_tail_that_everybody_has)
{
    static const uint32_t slow[] = {2, 6};
    const struct law_config pareto = {.scale_ns = BASE_NS, .alpha = 1.3};
    *claim("pareto", NULL, 0) = (struct inject){.law = law_find("pareto"), .config = pareto};
    claim_slower(slow, 2, 4);
    const struct inject_set set = {.entry = entry, .count = 2, .workers = WORKERS};
    for (uint32_t i = 0; i < WORKERS * ITERATIONS; i++) {
        const struct inject_phase phase =
            inject_phase(&set, INJECT_COMPUTE, row[i].worker, row[i].iteration, 0, BASE_NS);
        row[i].own_us10 = (uint32_t)((phase.base_ns + phase.delay_ns) / 100);
    }

    struct stragglers out = find();

    cr_expect_eq(out.injected, 2u, "the tail makes nobody stand out");
    cr_expect_eq(out.hits, 2u);
    cr_expect_eq(out.wrong, 0u);
    cr_expect_eq(out.everybody.kind, STRAGGLER_TRANSIENT);
    cr_expect_gt(out.everybody.share, 0.02);
    stragglers_free(&out);
}

Test(stragglers_found, nobody_where_a_share_of_all_iterations_is_slow)
{
    *claim("slowdown", NULL, 0) = (struct inject){.law = law_find("slowdown"),
                                                  .config.factor = 10,
                                                  .select = SELECT_PERCENT_EACH,
                                                  .share = 0.1};
    for (uint32_t i = 0; i < WORKERS * ITERATIONS; i++)
        row[i].own_us10 = (i * 2654435761u) >> 16 & 7 ? 10000 : 100000;

    struct stragglers out = find();

    cr_expect_eq(out.count, 0u);
    cr_expect_eq(out.injected, 0u);
    cr_expect_float_eq(out.everybody.factor, 10, 1e-12);
    stragglers_free(&out);
}

Test(stragglers_found, nobody_by_waiting)
{
    for (uint32_t k = 0; k < ITERATIONS; k++)
        at(0, k)->part_us10[PART_WAIT] = 500000;

    struct stragglers out = find();

    cr_expect_eq(out.count, 0u);
    stragglers_free(&out);
}

/* ---- what is right ---- */

Test(stragglers_found, by_a_slow_disk_too)
{
    for (uint32_t k = 0; k < ITERATIONS; k++) {
        at(1, k)->part_us10[PART_LOAD] = 20000;
        take(1, k, 30000);
    }

    struct stragglers out = find();

    cr_assert_eq(out.count, 1u);
    cr_expect_eq(out.found[0].worker, 1u);
    cr_expect_eq(out.wrong + out.hits, 0u, "whether that is on purpose is not known");
    stragglers_free(&out);
}

Test(stragglers_found, an_innocent_one_lowers_the_precision)
{
    take_always(3, 20000);

    struct stragglers out = find();

    cr_expect_eq(out.wrong, 1u);
    cr_expect_float_eq(out.precision, 0, 1e-12);
    stragglers_free(&out);
}

Test(stragglers_found, missing_one_lowers_the_recall)
{
    static const uint32_t slow[] = {0};
    claim_slower(slow, 1, 1.5);

    struct stragglers out = find();

    cr_expect_eq(out.injected, 1u);
    cr_expect_eq(out.hits, 0u);
    cr_expect_float_eq(out.recall, 0, 1e-12);
    stragglers_free(&out);
}

Test(stragglers_found, one_too_slight_to_be_seen_is_unknown)
{
    static const uint32_t slow[] = {0};
    claim_slower(slow, 1, 1.21);
    for (uint32_t w = 0; w < WORKERS; w++)
        for (uint32_t k = 0; k < ITERATIONS; k++)
            take(w, k, 8000 + (k * 7919 + w * 104729) % 4000 + w * 100);

    struct stragglers out = find();

    cr_expect_gt(out.least, 1.21);
    cr_expect_eq(out.unknown, 1u);
    cr_expect(isnan(out.recall));
    stragglers_free(&out);
}

Test(stragglers_found, the_wrong_kind_is_wrong)
{
    static const uint32_t slow[] = {3};
    struct inject *const given = claim("bimodal", slow, 1);
    given->config.high_ns = 3 * BASE_NS;
    given->config.share = 0.2;
    take_always(3, 30000);

    struct stragglers out = find();

    cr_assert_eq(out.count, 1u);
    cr_expect_eq(out.found[0].kind, STRAGGLER_PERMANENT);
    cr_expect_eq(out.wrong, 1u);
    cr_expect_eq(out.injected, 1u);
    stragglers_free(&out);
}

Test(stragglers_found, nothing_is_said_after_too_few_gradients)
{
    static const uint32_t slow[] = {5};
    claim_slower(slow, 1, 10);
    take_always(5, 100000);

    struct stragglers out = find_among(4 * WORKERS, 0);

    cr_expect_eq(out.doubt, STRAGGLERS_FEW);
    cr_expect_eq(out.count, 0u);
    cr_expect_eq(out.unknown, 1u);
    cr_expect(isnan(out.recall));
    stragglers_free(&out);
}

Test(stragglers_found, nobody_in_no_iterations)
{
    struct stragglers out = find_among(0, 0);

    cr_expect_eq(out.count, 0u);
    cr_expect_eq(out.doubt, STRAGGLERS_FEW);
    stragglers_free(&out);
}
