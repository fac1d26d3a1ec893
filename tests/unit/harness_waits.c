/* SPDX-License-Identifier: BSD-3-Clause */
/* What a record keeps of who waited for whom, and what is said of it. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/metric/waits.h"
#include "harness/record/results_json.h"
#include "harness/report/table.h"

static const struct table_style plain = {.colour = false, .width = 110};
static struct record_run run;
static struct summary summary;

static void start(void)
{
    run = (struct record_run){.policy = "dsgd", .workers = 8};
}

static void finish(void)
{
    record_free(&run);
}

TestSuite(waits, .init = start, .fini = finish);

static void close_waits(struct waits *waits)
{
    struct err err = {0};
    cr_assert_eq(waits_close(waits, &run, &err), 0, "%s", err.text);
}

static char *print(void)
{
    char *text;
    size_t size;
    FILE *const out = open_memstream(&text, &size);
    summary_make(&run, 1, &summary);
    table_waits(out, &plain, &run, 1, &summary);
    fclose(out);
    return text;
}

Test(waits, are_kept_longest_first)
{
    struct waits waits = {0};
    waits_add(&waits, 1, 4, 100);
    waits_add(&waits, 2, 4, 300);
    waits_add(&waits, 3, 5, 200);
    waits_add(&waits, 3, 6, 0);

    close_waits(&waits);

    cr_assert_eq(run.waits.edges, 3u);
    cr_expect_eq(run.waits.edge[0].receiver, 2u);
    cr_expect_eq(run.waits.edge[1].sender, 5u);
    cr_expect_eq(run.waits.edge[2].ns, 100u);
    cr_expect_eq(run.waits.rest_ns, 0u);
}

Test(waits, are_summed_by_who_was_waited_for)
{
    struct waits waits = {0};
    waits_add(&waits, 1, 4, 100);
    waits_add(&waits, 3, 5, 350);
    waits_add(&waits, 2, 4, 300);

    close_waits(&waits);

    cr_assert_eq(run.waits.senders, 2u);
    cr_expect_eq(run.waits.sender[0].sender, 4u);
    cr_expect_eq(run.waits.sender[0].ns, 400u);
    cr_expect_eq(run.waits.sender[1].sender, 5u);
}

Test(waits, beyond_a_thousand_pairs_are_added_up)
{
    struct waits waits = {0};
    run.workers = 64;
    for (uint32_t i = 0; i < RECORD_EDGES_MAX + 10; i++)
        waits_add(&waits, i % 64, i / 64, 1000 + i);

    close_waits(&waits);

    cr_expect_eq(run.waits.edges, RECORD_EDGES_MAX);
    cr_expect_eq(run.waits.edge[0].ns, 1000u + RECORD_EDGES_MAX + 9);
    cr_expect_eq(run.waits.rest_ns, 10 * 1000u + 45);
}

Test(waits, that_were_none_leave_nothing)
{
    struct waits waits = {0};

    close_waits(&waits);

    cr_expect_eq(run.waits.edges, 0u);
    cr_expect_eq(run.waits.senders, 0u);
}

Test(waits, are_written_as_shares_and_pairs)
{
    struct waits waits = {0};
    waits_add(&waits, 1, 4, 3000000000);
    waits_add(&waits, RECORD_EVERYBODY, 4, 1000000000);
    close_waits(&waits);
    run.waits.ns[BLAME_INJECTED] = 3000000000;
    run.waits.ns[BLAME_WIRE] = 1000000000;

    json_t *const shares = results_json_waits(&run), *const matrix = results_json_wait_matrix(&run);
    char *const text = json_dumps(shares, JSON_COMPACT | JSON_SORT_KEYS);
    char *const pairs = json_dumps(matrix, JSON_COMPACT);

    cr_expect_str_eq(text, "{\"peer_computing\":0.0,\"peer_gone\":0.0,\"peer_held\":0.0,"
                           "\"peer_injected\":0.75,\"wire\":0.25}");
    cr_expect_str_eq(pairs, "[[1,4,3.0],[null,4,1.0]]");
    free(text);
    free(pairs);
    json_decref(shares);
    json_decref(matrix);
}

Test(waits, that_were_none_have_no_shares)
{
    json_t *const shares = results_json_waits(&run);

    cr_expect(json_is_null(json_object_get(shares, "wire")));
    json_decref(shares);
}

Test(waits, are_said_in_a_line_per_policy)
{
    struct waits waits = {0};
    waits_add(&waits, 1, 4, 610);
    waits_add(&waits, 1, 7, 220);
    close_waits(&waits);
    run.part_ns[PART_WAIT] = 1000;
    run.waits.share = 0.3;
    run.waits.ns[BLAME_INJECTED] = 700;
    run.waits.ns[BLAME_WIRE] = 130;
    run.waits.ns[BLAME_GONE] = 170;

    char *const text = print();

    cr_expect_str_eq(text, " waited for   dsgd: worker 4 61 %, 7 22 %; injected 70 %, message "
                           "under way 13 %, timer or end of run 17 %\n");
    free(text);
}

Test(waits, of_no_length_are_not_mentioned)
{
    char *const text = print();

    cr_expect_str_empty(text);
    free(text);
}

Test(waits, and_stragglers_found_are_said_with_how_well_that_worked)
{
    run.stragglers = (struct stragglers){
        .found = calloc(2, sizeof(struct straggler)), .count = 2, .hits = 2, .injected = 3};
    run.stragglers.found[0] = (struct straggler){4, STRAGGLER_PERMANENT, 2.3, 1};
    run.stragglers.found[1] = (struct straggler){7, STRAGGLER_TRANSIENT, 9.8, 0.11};

    char *const text = print();

    cr_expect_str_eq(text, " detected     dsgd: 4 (permanent, 2.3x) 7 (transient, 9.8x in 11 %); "
                           "found 2 of 3, none wrongly\n");
    free(text);
}

Test(waits, many_stragglers_of_a_kind_are_counted)
{
    run.stragglers = (struct stragglers){.found = calloc(5, sizeof(struct straggler)),
                                         .count = 5,
                                         .hits = 4,
                                         .wrong = 1,
                                         .injected = 4};
    for (uint32_t i = 0; i < 5; i++)
        run.stragglers.found[i] = (struct straggler){i, STRAGGLER_TRANSIENT, 2 + i, 0.1};

    char *const text = print();

    cr_expect_str_eq(
        text, " detected     dsgd: 5 workers (transient, 2.0x..6.0x); found 4 of 4, 1 wrongly\n");
    free(text);
}

Test(waits, doubts_about_stragglers_are_said)
{
    run.stragglers = (struct stragglers){
        .doubt = STRAGGLERS_NO_USUAL, .least = (double)NAN, .injected = 4, .unknown = 4};

    char *const text = print();

    cr_expect_str_eq(text,
                     " detected     dsgd: no usual speed to compare with; nothing can be said "
                     "of 4 slowed on purpose\n");
    free(text);
    cr_expect(isnan(metric_of(&run, metric_find("stragglers_recall"))),
              "so a check of it stays open");
}

Test(waits, workers_too_slow_to_say_anything_of_are_said)
{
    run.stragglers = (struct stragglers){.found = calloc(1, sizeof(struct straggler)),
                                         .count = 1,
                                         .hits = 1,
                                         .least = 1.25,
                                         .injected = 2,
                                         .unknown = 1};
    run.stragglers.found[0] = (struct straggler){4, STRAGGLER_PERMANENT, 2.3, 1};

    char *const text = print();

    cr_expect_str_eq(text, " detected     dsgd: 4 (permanent, 2.3x); found 1 of 1, none wrongly; "
                           "nothing can be said of 1 slowed on\n"
                           "              purpose (by less than 1.2x, or too few gradients)\n");
    free(text);
}

Test(waits, what_slows_everybody_now_and_then_is_said_once)
{
    run.stragglers.everybody = (struct straggler){0, STRAGGLER_TRANSIENT, 9.8, 0.1};

    char *const text = print();

    cr_expect_str_eq(text, " detected     dsgd: everybody now and then (9.8x in 10 %)\n");
    free(text);
}

Test(waits, checks_may_ask_for_them)
{
    run.part_ns[PART_WAIT] = 400;
    run.waits.ns[BLAME_INJECTED] = 300;
    run.stragglers.hits = 3;
    run.stragglers.wrong = 1;
    run.stragglers.injected = 6;

    cr_expect_float_eq(metric_of(&run, metric_find("wait_injected_share")), 0.75, 1e-12);
    cr_expect_float_eq(metric_of(&run, metric_find("stragglers_precision")), 0.75, 1e-12);
    cr_expect_float_eq(metric_of(&run, metric_find("stragglers_recall")), 0.5, 1e-12);
}
