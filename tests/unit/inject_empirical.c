/* SPDX-License-Identifier: BSD-3-Clause */
/* The law of measured times against its source, and its reader against text that is none. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "tests/unit/support_inject.h"

#define CAPACITY 4096u
#define DRAWS 10000u
#define MS 1000000ull
#define HEAD_BINS "low_s,high_s,count\n"
#define HEAD_RUN "policy,seed,worker,iteration,start_ns,total_ns,load_us,compute_us,injected_us\n"

static struct law_bin bin[CAPACITY];

static int parse_as(const char *text, const char *only, struct law_sample *out, struct err *err)
{
    return law_empirical_parse(text, strlen(text), only, bin, CAPACITY, out, err);
}

static struct law_sample parse(const char *text, const char *only)
{
    struct law_sample sample = {0};
    struct err err = {.text = ""};
    cr_assert_eq(parse_as(text, only, &sample, &err), 0, "%s", err.text);
    return sample;
}

static struct inject entry(struct law_sample sample)
{
    return (struct inject){
        .law = law_find("empirical"), .config = {.sample = sample}, .select = SELECT_ALL};
}

/** What (worker, iteration) takes in the end. */
static uint64_t takes_ns(const struct inject *law, uint64_t seed, uint32_t worker,
                         uint64_t iteration, uint64_t base_ns)
{
    const struct inject_phase phase = phase_of(law, seed, worker, iteration, 0, base_ns);
    cr_assert_leq(phase.base_ns, base_ns);
    return phase.base_ns + phase.delay_ns;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- the law ---- */

Test(empirical, turns_the_compute_time_into_a_draw_whatever_it_was)
{
    const struct inject law = entry(parse("0.001\n0.005\n0.002\n", NULL));
    const uint64_t bases[] = {1, 500000, 1 * MS, 2 * MS, 4 * MS, 50 * MS};

    for (uint32_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++)
        for (uint64_t i = 0; i < 200; i++) {
            const uint64_t ns = takes_ns(&law, 3, 1, i, bases[b]);
            cr_assert(ns == 1 * MS || ns == 2 * MS || ns == 5 * MS, "%lu", ns);
            cr_assert_eq(ns, takes_ns(&law, 3, 1, i, 3 * MS), "the same draw for every base");
        }
}

/* Two-sample Kolmogorov-Smirnov: P(sqrt(nm/(n+m)) D > 1.95) < 0.001. */
Test(empirical, follows_the_distribution_of_its_source)
{
    static char text[CAPACITY * 16];
    static double source[2000], drawn[DRAWS];
    const struct rng rng = rng_start(5, RNG_TEST, 0);
    size_t used = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        source[i] = 1e-3 * pow(1.0 - rng_unit_at(rng.key, i), -1 / 1.5); /* pareto */
        used += (size_t)sprintf(text + used, "%.9f\n", source[i]);
    }
    const struct inject law = entry(parse(text, NULL));

    for (uint32_t i = 0; i < DRAWS; i++)
        drawn[i] = (double)takes_ns(&law, 7, i % 8, i / 8, 2 * MS) * 1e-9;
    qsort(source, 2000, sizeof(source[0]), compare);
    qsort(drawn, DRAWS, sizeof(drawn[0]), compare);
    double worst = 0;
    for (uint32_t i = 0, k = 0; i < 2000; i++) {
        while (k < DRAWS && drawn[k] <= source[i] + 1e-9)
            k++;
        worst = fmax(worst, fabs((double)k / DRAWS - (double)(i + 1) / 2000));
    }

    cr_expect_lt(worst * sqrt(2000.0 * DRAWS / (2000.0 + DRAWS)), 1.95);
}

Test(empirical, spreads_the_draws_of_a_histogram_evenly_over_each_bin)
{
    const struct inject law =
        entry(parse(HEAD_BINS "0.001,0.002,90\n0.002,0.002,0\n0.010,0.020,10\n", NULL));
    uint32_t low = 0, lower_half = 0, gap = 0;

    for (uint32_t i = 0; i < DRAWS; i++) {
        const uint64_t ns = takes_ns(&law, 1, 0, i, 5 * MS);
        cr_assert(ns >= 1 * MS && ns <= 20 * MS);
        low += ns <= 2 * MS;
        lower_half += ns < 1500000;
        gap += ns > 2 * MS && ns < 10 * MS;
    }

    cr_expect_eq(gap, 0u, "nothing lies between the bins");
    cr_expect_float_eq((double)low / DRAWS, 0.90, 0.012, "four sigma");
    cr_expect_float_eq((double)lower_half / DRAWS, 0.45, 0.020, "four sigma");
}

Test(empirical, draws_each_worker_seed_and_iteration_anew)
{
    const struct inject law = entry(parse(HEAD_BINS "0.001,0.002,1\n", NULL));
    const uint64_t first = takes_ns(&law, 1, 0, 0, MS);

    cr_expect_eq(takes_ns(&law, 1, 0, 0, MS), first, "pure");
    cr_expect_neq(takes_ns(&law, 2, 0, 0, MS), first);
    cr_expect_neq(takes_ns(&law, 1, 1, 0, MS), first);
    cr_expect_neq(takes_ns(&law, 1, 0, 1, MS), first);
}

Test(empirical, leaves_those_alone_whom_it_does_not_hit)
{
    static const uint32_t workers[] = {2};
    struct inject law = entry(parse("0.001\n", NULL));
    law.select = SELECT_WORKERS;
    law.workers = workers;
    law.worker_count = 1;

    cr_expect_eq(takes_ns(&law, 1, 1, 0, 4 * MS), 4 * MS);
    cr_expect_eq(takes_ns(&law, 1, 2, 0, 4 * MS), 1 * MS);
}

/* ---- its reader ---- */

Test(empirical, adds_the_compute_and_the_injected_part_of_a_run)
{
    const struct law_sample sample = parse(HEAD_RUN "aau,1,0,0,0,9,1.0,1000.0,0.0\n"
                                                    "aau,1,1,0,0,9,1.0,1000.0,2500.5\n",
                                           NULL);

    cr_assert_eq(sample.count, 2u);
    cr_expect_float_eq(bin[0].low_s, 1e-3, 1e-12);
    cr_expect_float_eq(bin[1].low_s, 3.5005e-3, 1e-12);
    cr_expect_eq(bin[1].upto, 2u);
}

Test(empirical, takes_the_rows_of_one_policy)
{
    const char *const text = HEAD_RUN "aau,1,0,0,0,9,1.0,1000.0,0.0\n"
                                      "\"a,b\",1,0,0,0,9,1.0,2000.0,0.0\n";

    cr_expect_eq(parse(text, "aau").count, 1u);
    cr_expect_float_eq(bin[0].low_s, 1e-3, 1e-12);
    cr_expect_eq(parse(text, "a,b").count, 1u);
    cr_expect_float_eq(bin[0].low_s, 2e-3, 1e-12);
}

Test(empirical, accepts_what_spreadsheets_and_editors_write)
{
    cr_expect_eq(parse("seconds\r\n0.5\r\n1e-3\r\n", NULL).count, 2u);
    cr_expect_eq(parse("\xef\xbb\xbfseconds\n0.5", NULL).count, 1u);
    cr_expect_eq(parse("3600\n", NULL).count, 1u);
    cr_expect_eq(parse("\"seconds\"\n0.5\n\n\n", NULL).count, 1u);
}

Test(empirical, finds_its_columns_by_name)
{
    cr_expect_eq(parse("\"\",\"seconds\"\n\"1\",0.5\n\"2\",0.25\n", NULL).count, 2u);
    cr_expect_eq(bin[1].low_s, 0.25);
    cr_expect_eq(parse("count;low_s;high_s\n3;0,5;1\n", NULL).count, 1u);
    cr_expect_eq(bin[0].low_s, 0.5);
    cr_expect_eq(bin[0].upto, 3u);
    cr_expect_eq(parse("injected_us,,policy,compute_us\n500,0,aau,1500\n", NULL).count, 1u);
    cr_expect_float_eq(bin[0].low_s, 2e-3, 1e-12);
}

Test(empirical, refuses_what_is_no_time_with_its_line)
{
    static const struct {
        const char *text, *only, *complaint;
    } cases[] = {
        {"", NULL, "line 1: the file is empty"},
        {"seconds\n", NULL, "line 2: no values"},
        {"0.1\n-0.1\n", NULL, "line 2: a time must be above 0"},
        {"0.1\n0\n", NULL, "line 2: a time must be above 0"},
        {"0.1\n0.2\nnan\n", NULL, "line 3: time 'nan'"},
        {"inf\n", NULL,
         "line 1: expected seconds one per line, or a header with the column seconds, the columns "
         "low_s, high_s and count, or those of iterations.csv, found `inf`"},
        {"0.1\n\n0.2\n", NULL, "line 2: empty"},
        {"0.1\n\"0.2\n", NULL, "line 2: cannot be read: a quote is open"},
        {"PAR1", NULL, "line 1: the file is a Parquet file; save it as CSV"},
        {"\"x\",\"y\"\n1,2\n", NULL, "iterations.csv, found `\"x\",\"y\"`"},
        {"0.1,0.2\n", NULL, "line 1: expected seconds one per line"},
        {"ms\n5\n", NULL, "iterations.csv, found `ms`"},
        {"3601\n", NULL, "line 1: a time must be at most an hour"},
        {HEAD_BINS, NULL, "line 2: no values"},
        {HEAD_BINS "1,2,0\n", NULL, "line 3: no values"},
        {HEAD_BINS "1,2\n", NULL, "line 2: expected 3 values, found 2"},
        {HEAD_BINS "2,1,5\n", NULL, "line 2: the bin ends before it begins"},
        {HEAD_BINS "1,2,5\n0.5,1,5\n", NULL, "line 3: the bins do not ascend"},
        {HEAD_BINS "1,2,5\n1.5,3,5\n", NULL, "line 3: the bins do not ascend, or overlap"},
        {HEAD_BINS "-1,2,5\n", NULL, "line 2: a time must be above 0"},
        {HEAD_BINS "1,2,-5\n", NULL, "line 2: count '-5'"},
        {HEAD_BINS "1,2,4503599627370496\n2,3,1\n", NULL, "line 3: more values than"},
        {HEAD_RUN, NULL, "line 2: no values"},
        {HEAD_RUN "aau,1,0,0,0,9,1.0,1000.0\n", NULL, "line 2: expected 9 values, found 8"},
        {HEAD_RUN "aau,1,0,0,0,9,1.0,1000.0,-1\n", NULL, "line 2: a time must not be negative"},
        {HEAD_RUN "aau,1,0,0,0,9,1.0,x,0.0\n", NULL, "line 2: compute_us 'x'"},
        {HEAD_RUN "aau,1,0,0,0,9,1.0,0.0,0.0\n", NULL, "line 2: a time must be above 0"},
        {HEAD_RUN "aau,1,0,0,0,9,1.0,1.0,0.0\ndsgd,1,0,0,0,9,1.0,1.0,0.0\n", NULL,
         "line 3: the run has several policies (aau, dsgd"},
        {HEAD_RUN "aau,1,0,0,0,9,1.0,1.0,0.0\n", "dsgd", "no row of policy 'dsgd'"},
        {"policy,seed,worker,iteration,start_ns\n", NULL, "line 1: the header names no compute_us"},
        {"0.1\n", "dsgd", "line 1: law.policy is for results of a run"},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct law_sample sample = {.count = 77};
        struct err err = {.text = ""};

        cr_expect_eq(parse_as(cases[i].text, cases[i].only, &sample, &err), -EINVAL, "case %u", i);

        cr_expect(strstr(err.text, cases[i].complaint), "case %u: %s", i, err.text);
        cr_expect_eq(sample.count, 77u, "case %u: untouched", i);
    }
}

Test(empirical, refuses_more_values_than_there_is_room_for)
{
    struct law_sample sample;
    struct err err = {.text = ""};

    cr_expect_eq(law_empirical_parse("1\n2\n3\n", 6, NULL, bin, 2, &sample, &err), -ENOSPC);
    cr_expect(strstr(err.text, "line 3: more than 2 values"), "%s", err.text);
}
