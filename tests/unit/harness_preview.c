/* SPDX-License-Identifier: BSD-3-Clause */
/* `dawdle inject preview`: draws that follow each worker's own clock. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/preview.h"
#include "harness/report/preview_link.h"

#define MS 1000000ull
#define WORKERS 8u

struct row {
    uint32_t entry, worker, iteration;
    uint64_t base_ns, delay_ns, at_ns;
};

/** The rows of one entry; free them. */
static struct row *rows_of(const struct inject *inject, uint32_t *count)
{
    struct experiment experiment = {.workers = {.count = WORKERS, .groups = 2},
                                    .compute = {.base_ns = MS, .jitter_cv = 0.05},
                                    .inject_count = 1};
    char *text;
    size_t size;
    experiment.inject[0].inject = *inject;
    FILE *const out = open_memstream(&text, &size);
    cr_assert_eq(preview_csv(out, &experiment, NULL), 0);
    fclose(out);
    struct row *const rows = calloc(PREVIEW_DRAWS + WORKERS, sizeof(*rows));
    *count = 0;
    char *line = strchr(text, '\n') + 1;
    for (char *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        *end = 0; /* sscanf() looks for the end of all that follows */
        struct row *const row = &rows[(*count)++];
        cr_assert_eq(sscanf(line, "%u,%u,%u,%" SCNu64 ",%" SCNu64 ",%" SCNu64, &row->entry,
                            &row->worker, &row->iteration, &row->base_ns, &row->delay_ns,
                            &row->at_ns),
                     6);
    }
    free(text);
    cr_assert_eq(*count, PREVIEW_DRAWS);
    return rows;
}

Test(preview, an_iteration_begins_when_those_before_it_are_over)
{
    const struct inject slow = {
        .law = law_find("fail-slow"),
        .config = {.factor = 3, .every_ns = 500 * MS, .shortest_ns = MS, .longest_ns = 900 * MS}};
    uint32_t count, slowed = 0;
    struct row *const rows = rows_of(&slow, &count);
    for (uint32_t i = 0; i < count; i++) {
        const bool first = rows[i].iteration == 0;
        cr_assert_eq(rows[i].at_ns,
                     first ? 0 : rows[i - 1].at_ns + rows[i - 1].base_ns + rows[i - 1].delay_ns);
        slowed += rows[i].delay_ns > 0;
    }

    cr_expect_gt(slowed, count / 20);
    cr_expect_lt(slowed, count / 2);
    free(rows);
}

Test(preview, shows_a_pause_at_the_time_at_which_it_falls)
{
    const struct inject pause = {
        .law = law_find("pause"),
        .config = {.every_ns = 100 * MS, .length_ns = 20 * MS, .aligned = true},
        .when = {.start_ns = 1000 * MS, .stop_ns = 2000 * MS}};
    uint32_t count, paused[WORKERS] = {0};
    struct row *const rows = rows_of(&pause, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].delay_ns == 0)
            continue;
        paused[rows[i].worker]++;
        cr_assert(rows[i].at_ns + rows[i].base_ns > 1080 * MS && rows[i].at_ns < 2000 * MS,
                  "in the window");
        cr_assert_eq(rows[i].delay_ns, 20 * MS);
    }

    for (uint32_t w = 0; w < WORKERS; w++)
        cr_expect_eq(paused[w], 10u, "one each 100 ms of one second");
    free(rows);
}

Test(preview, late_messages_do_not_hold_up_their_worker)
{
    const struct inject late = {
        .law = law_find("const"), .config = {.delay_ns = 50 * MS}, .what = INJECT_PUBLISH};
    uint32_t count;
    struct row *const rows = rows_of(&late, &count);

    for (uint32_t i = 0; i < count; i++)
        cr_assert(rows[i].delay_ns == 50 * MS && rows[i].base_ns == 0);
    const double mean_ns = (double)rows[count / WORKERS - 1].at_ns / (count / WORKERS - 1);
    cr_expect_float_eq(mean_ns, 1e6, 1e4, "its iterations take a millisecond");
    free(rows);
}

Test(preview, slow_loading_is_part_of_the_iteration)
{
    const struct inject disk = {
        .law = law_find("slowdown"), .config = {.factor = 5}, .what = INJECT_LOAD};
    uint32_t count;
    struct row *const rows = rows_of(&disk, &count);

    cr_expect_eq(rows[0].delay_ns, 4 * MS, "a batch is taken to need one");
    cr_expect_eq(rows[1].at_ns, rows[0].base_ns + 4 * MS);
    free(rows);
}

Test(preview, groups_are_those_of_a_run)
{
    const struct inject together = {
        .law = law_find("exp"), .config = {.mean_ns = MS}, .one_draw = true};
    uint32_t count, apart = 0;
    struct row *const rows = rows_of(&together, &count);
    const uint32_t each = count / WORKERS;
    for (uint32_t i = 0; i < each; i++) {
        for (uint32_t w = 1; w < WORKERS; w++)
            cr_assert(w == 4 || rows[w * each + i].delay_ns == rows[(w - 1) * each + i].delay_ns);
        apart += rows[i].delay_ns != rows[4 * each + i].delay_ns;
    }

    cr_expect_gt(apart, each / 2, "0 to 3, and 4 to 7");
    free(rows);
}

Test(preview, says_of_each_law_what_waiting_for_everybody_costs)
{
    struct experiment experiment = {
        .workers = {.count = WORKERS}, .compute = {.base_ns = MS}, .inject_count = 1};
    char *text;
    size_t size;
    FILE *const out = open_memstream(&text, &size);
    experiment.inject[0].inject = (struct inject){
        .law = law_find("duty"), .config = {.period_ns = 100 * MS, .share = 0.5, .aligned = true}};

    cr_assert_eq(preview_print(out, &(struct table_style){0}, &experiment, NULL), 0);

    fclose(out);
    cr_expect(strstr(text, "mean 2 ms; the slowest of 8 workers takes 1.00 times the mean"), "%s",
              text);
    free(text);
}

Test(preview, does_not_guess_who_is_placed_on_which_cores)
{
    struct experiment experiment = {
        .workers = {.count = WORKERS}, .compute = {.base_ns = MS}, .inject_count = 1};
    char *text;
    size_t size;
    FILE *const out = open_memstream(&text, &size);
    experiment.inject[0].select = EXPERIMENT_SELECT_CPUKIND;
    experiment.inject[0].inject = (struct inject){
        .law = law_find("slowdown"), .config = {.factor = 2}, .select = SELECT_WORKERS};

    cr_assert_eq(preview_print(out, &(struct table_style){0}, &experiment, NULL), 0);

    fclose(out);
    cr_expect(strstr(text, "whoever is on such cores"), "%s", text);
    cr_expect_not(strstr(text, "0 % of"), "%s", text);
    free(text);
}

/* ---- messages ---- */

Test(preview, draws_messages_of_the_first_edge_that_an_entry_concerns)
{
    static uint64_t delay_ns[PREVIEW_MESSAGES];
    const uint32_t worker = 3;
    const struct inject entry = {.law = law_find("const"),
                                 .config.delay_ns = 7,
                                 .what = INJECT_LINK,
                                 .select = SELECT_WORKERS,
                                 .workers = &worker,
                                 .worker_count = 1,
                                 .link = {.edges = EDGES_IN, .loss = 0.1, .burst = 4}};
    const struct inject_set set = {.entry = &entry, .count = 1, .seed = 1, .workers = WORKERS};
    struct preview_link link;

    cr_assert(preview_link_draw(&link, &set, MS, delay_ns));

    cr_expect_eq(link.from, 0u);
    cr_expect_eq(link.to, 3u);
    cr_expect_float_eq(link.by_cause[LINK_LOST], 0.1 * PREVIEW_MESSAGES, 0.01 * PREVIEW_MESSAGES);
    cr_expect_float_eq((double)link.by_cause[LINK_LOST] / link.losses, 4.0, 0.3);
    cr_assert_eq(link.delays, PREVIEW_MESSAGES - link.by_cause[LINK_LOST]);
    for (uint32_t i = 0; i < link.delays; i++)
        cr_assert_eq(delay_ns[i], 7u);
}

Test(preview, says_so_where_an_entry_concerns_no_edge)
{
    const struct inject entry = {.law = law_find("const"), .config.delay_ns = 7};
    const struct inject_set set = {.entry = &entry, .count = 1, .seed = 1, .workers = WORKERS};
    struct preview_link link;

    cr_expect_not(preview_link_draw(&link, &set, MS, NULL));
}
