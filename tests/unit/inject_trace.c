/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/inject/law.h"

#define HEAD "step,worker,compute_s\n"
#define CAPACITY 8u

static double seconds[CAPACITY];

static int parse(const char *text, struct law_trace *trace, struct err *err)
{
    return law_trace_parse(text, strlen(text), seconds, CAPACITY, trace, err);
}

static void expect_grid(const char *text, uint32_t steps, uint32_t workers)
{
    struct law_trace trace = {0};
    struct err err = {.text = ""};
    cr_expect_eq(parse(text, &trace, &err), 0, "%s", err.text);
    cr_expect_eq(trace.steps, steps);
    cr_expect_eq(trace.workers, workers);
}

Test(trace, reads_steps_by_workers_in_order)
{
    struct law_trace trace;
    const char *text = HEAD "0,0,1.5\n0,1,2.5\n1,0,3e0\n1,1,0.25\n2,0,8\n2,1,9\n";

    cr_assert_eq(parse(text, &trace, NULL), 0);

    const double expected[] = {1.5, 2.5, 3, 0.25, 8, 9};
    cr_expect_eq(trace.steps, 3u);
    cr_expect_eq(trace.workers, 2u);
    cr_expect_eq(trace.seconds, (const double *)seconds);
    cr_expect_arr_eq(seconds, expected, sizeof(expected));
    cr_expect_eq(trace.median_s, 2.75, "between 2.5 and 3");
}

Test(trace, accepts_what_spreadsheets_and_editors_write)
{
    expect_grid("step,worker,compute_s\r\n0,0,1\r\n0,1,2\r\n", 1, 2);
    expect_grid("\xef\xbb\xbf" HEAD "0,0,1\n", 1, 1);
    expect_grid(HEAD "0,0,1\n1,0,2", 2, 1);
    expect_grid(HEAD "00,0,1\n", 1, 1);
    expect_grid(HEAD "0, 0,\t1 \n", 1, 1);
    expect_grid(HEAD "0,0,1\n\n \r\n\n", 1, 1);
    expect_grid("\"step\",\"worker\",\"compute_s\"\n0,\"0\",\"1\"\n", 1, 1);
}

/* Each is the grid 1.5 2.5 / 3 4. */
Test(trace, finds_its_columns_by_name)
{
    static const char *const text[] = {
        "worker,step,compute_s\n0,0,1.5\n1,0,2.5\n0,1,3\n1,1,4\n",
        ",step,worker,compute_s\n0,0,0,1.5\n1,0,1,2.5\n2,1,0,3\n3,1,1,4\n",
        "step;worker;compute_s\n0;0;1.5\n0;1;2.5\n1;0;3\n1;1;4\n",
        "step;worker;compute_s\r\n0;0;1,5\r\n0;1;2,5\r\n1;0;3\r\n1;1;4\r\n",
        "step\tcompute_s\tworker\n0\t1.5\t0\n0\t2.5\t1\n1\t3\t0\n1\t4\t1\n",
        "\xef\xbb\xbf\"\",\"step\",\"worker\",\"compute_s\"\n\"1\",0,0,1.5\n\"2\",0,1,2.5\n"
        "\"3\",1,0,3\n\"4\",1,1,4\n\n",
        "step,worker,compute_s,a name that is longer than any field that is ever read by anybody "
        "here\n"
        "0,0,1.5,\n0,1,2.5,\n1,0,3,\"a, b\"\n1,1,4,c",
    };
    const double expected[] = {1.5, 2.5, 3, 4};
    for (uint32_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
        expect_grid(text[i], 2, 2);
        cr_expect_arr_eq(seconds, expected, sizeof(expected), "%s", text[i]);
    }
}

Test(trace, takes_the_middle_value_of_an_odd_count_as_median)
{
    struct law_trace trace;

    cr_assert_eq(parse(HEAD "0,0,9\n1,0,1e-300\n2,0,4\n", &trace, NULL), 0);

    cr_expect_eq(trace.median_s, 4.0);
}

struct bad {
    const char *text;
    int code;
    const char *sentence;
};

Test(trace, refuses_with_the_line_and_a_sentence)
{
    const struct bad cases[] = {
        {"", -EINVAL, "line 1: the trace is empty"},
        {"\n", -EINVAL,
         "line 1: the trace is empty; expected the columns step, worker and compute_s"},
        {"0,0,1\n", -EINVAL,
         "line 1: expected a header with the columns step, worker and compute_s, found `0,0,1`: no "
         "step"},
        {"step,worker,compute_s,x\n0,0,1\n", -EINVAL,
         "line 2: expected 4 values, as in the header, found 3"},
        {"step,worker,compute_ms\n0,0,1\n", -EINVAL,
         "line 1: expected a header with the columns step, worker and compute_s, found "
         "`step,worker,compute_ms`: no compute_s"},
        {"step,step,worker,compute_s\n", -EINVAL,
         "line 1: expected a header with the columns step, worker and compute_s, each once, found"},
        {"step|worker|compute_s\n0|0|1\n", -EINVAL,
         "line 1: expected a header with the columns step, worker and compute_s, found "
         "`step|worker|compute_s`: no step"},
        {"\xff\xfes\1t\1", -EINVAL, "line 1: the file is UTF-16 text; save it as UTF-8"},
        {"PK\3\4", -EINVAL, "line 1: the file is a zip archive or a spreadsheet; save it as CSV"},
        {"<!DOCTYPE html>", -EINVAL, "line 1: the file is a web page (HTML); the download failed"},
        {HEAD, -EINVAL, "line 2: no values"},
        {"step,worker,compute_s", -EINVAL, "line 2: no values"},
        {HEAD "0,0,1\n\n0,1,1\n", -EINVAL, "line 3: empty"},
        {HEAD "0,0,1\n0,1\n", -EINVAL, "line 3: expected 3 values, as in the header, found 2"},
        {HEAD "1,0,0,1\n", -EINVAL,
         "line 2: expected 3 values, as in the header, found 4 (written by R? use row.names = "
         "FALSE)"},
        {HEAD "0,0,1\n# note\n", -EINVAL, "line 3: expected 3 values, as in the header, found 1"},
        {HEAD "0,0,\"1\n", -EINVAL, "line 2: cannot be read: a quote is open"},
        {HEAD "a,0,1\n", -EINVAL, "line 2: step 'a': expected a number"},
        {HEAD "0,0.5,1\n", -EINVAL, "line 2: worker '0.5': expected a whole number"},
        {HEAD "0,-1,1\n", -EINVAL, "line 2: worker '-1': must not be negative"},
        {HEAD "0,0,1s\n", -EINVAL, "line 2: compute_s '1s': junk"},
        {HEAD "0,0,\n", -EINVAL, "line 2: compute_s '': expected a number"},
        {HEAD ",,\n", -EINVAL, "line 2: step '': expected a number"},
        {HEAD "0,0,-1\n", -EINVAL, "line 2: compute_s must be above 0"},
        {HEAD "0,0,0\n", -EINVAL, "line 2: compute_s must be above 0"},
        {HEAD "0,0,1e-999\n", -EINVAL, "line 2: compute_s must be above 0"},
        {HEAD "0,0,nan\n", -EINVAL, "line 2: compute_s 'nan': expected a number"},
        {HEAD "0,0,inf\n", -EINVAL, "line 2: compute_s 'inf': expected a number"},
        {HEAD "0,0,1e999\n", -EINVAL, "line 2: compute_s '1e999': is too large"},
        {HEAD "99999999999999999999,0,1\n", -EINVAL, "line 2: step '99999999999999999999': is too"},
        {HEAD "0,0,1.00000000000000000000000000000000000000000000000000000000000000000\n", -EINVAL,
         "line 2: cannot be read: a quote is open, or a value is no number"},
        {HEAD "1,0,1\n", -EINVAL, "line 2: gap: expected step 0, worker 0"},
        {HEAD "1,1,1\n", -EINVAL,
         "line 2: gap: expected step 0, worker 0 and found step 1, worker 1; both count from 0"},
        {HEAD "0,0,1\n0,2,1\n", -EINVAL, "line 3: gap: expected step 0, worker 1"},
        {HEAD "0,0,1\n2,0,1\n", -EINVAL, "line 3: gap"},
        {HEAD "0,0,1\n0,1,1\n1,0,1\n2,0,1\n", -EINVAL, "line 5: gap: expected step 1, worker 1"},
        {HEAD "0,0,1\n0,1,1\n1,0,1\n1,1,1\n3,0,1\n", -EINVAL,
         "line 6: gap: expected step 2, worker 0 and found step 3, worker 0"},
        {HEAD "0,0,1\n0,1,1\n1,0,1\n", -EINVAL, "line 5: gap: step 1 ends after 1 of 2 workers"},
        {HEAD "0,0,1\n4294967296,0,1\n", -EINVAL, "line 3: gap"},
        {HEAD "0,0,1\n0,0,1\n", -EINVAL, "line 3: step 0, worker 0 appears twice"},
        {HEAD "0,0,1\n1,0,1\n0,1,1\n", -EINVAL, "line 4: step 0, worker 1: not sorted"},
        {HEAD "0,0,1\n0,1,1\n0,2,1\n0,0,1\n", -EINVAL, "line 5: step 0, worker 0: not sorted"},
        {HEAD "0,0,1\n0,1,1\n1,0,1\n1,1,1\n1,2,1\n", -EINVAL,
         "line 6: worker 2, but step 0 has only 2 workers"},
        {HEAD "0,0,1\n0,1,1\n0,2,1\n0,3,1\n0,4,1\n0,5,1\n0,6,1\n0,7,1\n0,8,1\n", -ENOSPC,
         "line 10: more than 8 values"},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct law_trace trace = {.steps = 77};
        struct err err = {.text = ""};
        const int rc = parse(cases[i].text, &trace, &err);
        cr_expect_eq(rc, cases[i].code, "case %u returned %d", i, rc);
        cr_expect_eq(strncmp(err.text, cases[i].sentence, strlen(cases[i].sentence)), 0,
                     "case %u: '%s' instead of '%s'", i, err.text, cases[i].sentence);
        cr_expect_eq(trace.steps, 77u, "case %u touched the result", i);
    }
}

Test(trace, takes_a_zero_byte_as_junk_and_reads_no_further_than_the_length)
{
    struct law_trace trace;
    struct err err = {.text = ""};
    const char with_zero[] = HEAD "0,0,1\0002\n";
    const char longer[] = HEAD "0,0,12";

    cr_expect_eq(law_trace_parse(with_zero, sizeof(with_zero) - 1, seconds, CAPACITY, &trace, &err),
                 -EINVAL);
    cr_expect_str_eq(err.text, "line 2: cannot be read: a quote is open, or a value is no number");
    cr_expect_eq(law_trace_parse(longer, sizeof(longer) - 2, seconds, CAPACITY, &trace, &err), 0);
    cr_expect_eq(seconds[0], 1.0);
}

Test(trace, survives_random_damage)
{
    const char *good = HEAD "0,0,1.5\n0,1,2.5\n1,0,3\n1,1,0.25\n";
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct rng rng = rng_start(seed, RNG_TEST, 0);
        const uint64_t length = 1 + rng_below(&rng, (uint32_t)strlen(good));
        char *text = malloc(length); /* exact size, so that a sanitizer sees one byte too far */
        memcpy(text, good, length);
        for (uint32_t edits = rng_below(&rng, 4); edits > 0; edits--)
            text[rng_below(&rng, (uint32_t)length)] = ",\n\r0129.-en \xff"[rng_below(&rng, 13)];
        struct law_trace trace = {0};
        struct err err = {.text = ""};

        const int rc = law_trace_parse(text, length, seconds, CAPACITY, &trace, &err);

        free(text);
        if (rc == 0)
            cr_expect(trace.steps * trace.workers <= CAPACITY && trace.median_s > 0.0, "seed %lu",
                      seed);
        else
            cr_expect_eq(strncmp(err.text, "line ", 5), 0, "seed %lu: '%s'", seed, err.text);
    }
}

/* ---- real traces, where the host has them ---- */

static void read_real(const char *name, uint32_t steps, uint32_t workers)
{
    static char text[1 << 20];
    static double values[65536];
    char path[4096];
    snprintf(path, sizeof(path), "%s/straggler-traces/%s", getenv("DAWDLE_DATA"), name);
    FILE *file = fopen(path, "rb");
    if (!file)
        cr_skip_test("%s is not there", path);
    const size_t length = fread(text, 1, sizeof(text), file);
    fclose(file);
    struct law_trace trace = {0};
    struct err err = {.text = ""};

    const int rc = law_trace_parse(text, length, values, 65536, &trace, &err);

    cr_expect_eq(rc, 0, "%s: %s", path, err.text);
    cr_expect_eq(trace.steps, steps);
    cr_expect_eq(trace.workers, workers);
    cr_expect(trace.median_s > 0.01 && trace.median_s < 100, "%s: median %g s", name,
              trace.median_s);
}

Test(trace, reads_the_measured_traces_of_llm_training)
{
    if (!getenv("DAWDLE_DATA"))
        cr_skip_test("DAWDLE_DATA does not name a folder with straggler-traces/");

    read_real("llm-training-se.csv", 45, 64);
    read_real("llm-training-st.csv", 32, 8);
}

Test(trace, repeats_unless_it_is_to_be_replayed_once)
{
    struct law_config config = {0};
    cr_assert_eq(parse(HEAD "0,0,1\n1,0,3\n2,0,2\n", &config.trace, NULL), 0);
    const struct law *const law = law_find("trace");
    const struct law_draw inside = {.iteration = 1, .compute_ns = 1000};
    const struct law_draw past = {.iteration = 4, .compute_ns = 1000};
    const struct law_draw shorter = {.iteration = 3, .compute_ns = 1000};

    cr_expect_eq(law->delay_ns(&config, &inside), 500u);
    cr_expect_eq(law->delay_ns(&config, &past), 500u);
    cr_expect_eq(law->shorten(&config, &shorter), 500u);
    config.once = true;

    cr_expect_eq(law->delay_ns(&config, &inside), 500u);
    cr_expect_eq(law->delay_ns(&config, &past), 0u);
    cr_expect_eq(law->shorten(&config, &shorter), 1000u);
}

Test(trace, takes_as_long_as_it_says_when_it_is_not_rescaled)
{
    struct law_config config = {.absolute = true};
    cr_assert_eq(parse(HEAD "0,0,1e-6\n1,0,3e-6\n2,0,2e-6\n", &config.trace, NULL), 0);
    const struct law *const law = law_find("trace");
    const struct law_draw fast = {.iteration = 0, .compute_ns = 2500};
    const struct law_draw slow = {.iteration = 1, .compute_ns = 2500};
    const struct law_draw bare = {.iteration = 1, .compute_ns = 0};

    cr_expect_eq(law->shorten(&config, &fast), 1000u);
    cr_expect_eq(law->delay_ns(&config, &fast), 0u);
    cr_expect_eq(law->shorten(&config, &slow), 2500u);
    cr_expect_eq(law->delay_ns(&config, &slow), 500u);
    cr_expect_eq(law->delay_ns(&config, &bare), 3000u, "also beside a real gradient");
}
