/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is found, on made-up iterations of exact length, and what counts as right. */
#include <criterion/criterion.h>
#include <math.h>

#include "harness/results/record.h"

#define WORKERS 8u
#define ITERATIONS 50u

static struct record_iteration row[WORKERS * ITERATIONS];

/* Everybody computes for 1 ms; a tenth of a microsecond is the unit. */
static void start(void)
{
    for (uint32_t i = 0; i < WORKERS * ITERATIONS; i++)
        row[i] = (struct record_iteration){
            .worker = i % WORKERS, .iteration = i / WORKERS, .part_us10 = {[PART_COMPUTE] = 10000}};
}

static void inject(uint32_t worker, uint32_t iteration, uint32_t us10)
{
    row[iteration * WORKERS + worker].part_us10[PART_INJECTED] = us10;
}

static struct stragglers find(uint32_t rows)
{
    struct stragglers out;
    struct err err = {0};
    cr_assert_eq(stragglers_find(&out, row, rows, WORKERS, &err), 0);
    return out;
}

TestSuite(stragglers_found, .init = start);

Test(stragglers_found, nobody_among_equals)
{
    struct stragglers out = find(WORKERS * ITERATIONS);

    cr_expect_eq(out.count, 0u);
    cr_expect(isnan(out.precision));
    cr_expect(isnan(out.recall));
    stragglers_free(&out);
}

Test(stragglers_found, a_worker_that_is_always_slower)
{
    for (uint32_t k = 0; k < ITERATIONS; k++)
        inject(5, k, 15000);

    struct stragglers out = find(WORKERS * ITERATIONS);

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
    for (uint32_t k = 0; k < ITERATIONS; k += 10)
        inject(2, k, 30000);

    struct stragglers out = find(WORKERS * ITERATIONS);

    cr_assert_eq(out.count, 1u);
    cr_expect_eq(out.found[0].worker, 2u);
    cr_expect_eq(out.found[0].kind, STRAGGLER_TRANSIENT);
    cr_expect_float_eq(out.found[0].factor, 4, 1e-12);
    cr_expect_float_eq(out.found[0].share, 0.1, 1e-12);
    cr_expect_eq(out.hits, 1u);
    stragglers_free(&out);
}

Test(stragglers_found, nobody_by_waiting)
{
    for (uint32_t k = 0; k < ITERATIONS; k++)
        row[k * WORKERS].part_us10[PART_WAIT] = 500000;

    struct stragglers out = find(WORKERS * ITERATIONS);

    cr_expect_eq(out.count, 0u);
    stragglers_free(&out);
}

Test(stragglers_found, by_a_slow_disk_too)
{
    for (uint32_t k = 0; k < ITERATIONS; k++)
        row[k * WORKERS + 1].part_us10[PART_LOAD] = 20000;

    struct stragglers out = find(WORKERS * ITERATIONS);

    cr_assert_eq(out.count, 1u);
    cr_expect_eq(out.found[0].worker, 1u);
    cr_expect_eq(out.wrong + out.hits, 0u, "whether that is on purpose is not known");
    stragglers_free(&out);
}

Test(stragglers_found, nobody_where_all_are_equally_slow)
{
    for (uint32_t i = 0; i < WORKERS * ITERATIONS; i++)
        row[i].part_us10[PART_INJECTED] = 10000;

    struct stragglers out = find(WORKERS * ITERATIONS);

    cr_expect_eq(out.count, 0u);
    cr_expect_eq(out.injected, 0u);
    stragglers_free(&out);
}

Test(stragglers_found, missing_a_slight_one_lowers_the_recall)
{
    for (uint32_t k = 0; k < ITERATIONS; k += 5) {
        inject(0, k, 2100); /* 1.21 times as long, hidden among iterations that vary as much */
        for (uint32_t j = 1; j < 5; j++)
            row[(k + j) * WORKERS].part_us10[PART_COMPUTE] = 8500 + 800 * j;
    }

    struct stragglers out = find(WORKERS * ITERATIONS);

    cr_expect_eq(out.injected, 1u);
    cr_expect_eq(out.hits, 0u);
    cr_expect_float_eq(out.recall, 0, 1e-12);
    stragglers_free(&out);
}

Test(stragglers_found, the_wrong_kind_is_wrong)
{
    for (uint32_t k = 0; k < ITERATIONS; k++) {
        row[k * WORKERS + 3].part_us10[PART_COMPUTE] = 30000;
        inject(3, k, k % 10 ? 0 : 30000);
    }

    struct stragglers out = find(WORKERS * ITERATIONS);

    cr_assert_eq(out.count, 1u);
    cr_expect_eq(out.found[0].kind, STRAGGLER_PERMANENT);
    cr_expect_eq(out.wrong, 1u);
    cr_expect_eq(out.injected, 1u);
    stragglers_free(&out);
}

Test(stragglers_found, nothing_is_said_after_too_few_iterations)
{
    for (uint32_t k = 0; k < 4; k++)
        inject(5, k, 90000);

    struct stragglers out = find(4 * WORKERS);

    cr_expect_eq(out.count, 0u);
    cr_expect_eq(out.injected, 0u);
    stragglers_free(&out);
}

Test(stragglers_found, nobody_in_no_iterations)
{
    struct stragglers out = find(0);

    cr_expect_eq(out.count, 0u);
    stragglers_free(&out);
}
