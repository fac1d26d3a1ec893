/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "harness/metric/equal.h"
#include "harness/metric/target.h"
#include "harness/report/preview.h"
#include "harness/report/table.h"
#include "harness/report/table_figures.h"
#include "harness/report/table_line.h"
#include "tests/unit/support_records.h"

static const struct table_style plain = {.colour = false, .width = 110};

/* allreduce and aau with three seeds each; the caller may spoil runs before printing. */
struct matrix {
    struct experiment experiment;
    struct record_run run[6];
};

static void fill(struct matrix *m)
{
    *m = (struct matrix){.experiment = {.name = "transient",
                                        .policy_count = 2,
                                        .train = {.lr = 0.1},
                                        .workers = {.count = 4, .graph = "ring"},
                                        .target = {.set = true, .factor = 1.1, .hold = 3}}};
    for (uint32_t i = 0; i < 6; i++) {
        const bool aau = i >= 3;
        m->run[i] = records_run(aau ? "aau" : "allreduce", aau ? &records_aau : &records_allreduce,
                                i % 3, aau ? 2.5 : 1, aau ? 0.05 : 0.5);
        target_judge(&m->run[i], TARGET_TRAIN_LOSS_MEAN_MODEL, 0.4, 3);
    }
    for (uint32_t i = 0; i < 2; i++) {
        snprintf(m->experiment.policy[i].label, EXPERIMENT_NAME_MAX, i ? "aau" : "allreduce");
        m->experiment.policy[i].row = i ? &records_aau : &records_allreduce;
    }
}

/* The same with eight seeds, of which the table shows means. */
static char *print_many(const struct matrix *m, bool diverged)
{
    static struct record_run run[16];
    static struct summary summary;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (uint32_t i = 0; i < 16; i++) {
        run[i] = records_run(i < 8 ? "allreduce" : "aau", i < 8 ? &records_allreduce : &records_aau,
                             i % 8, i < 8 ? 1 : 2.5, i < 8 ? 0.5 : 0.05);
        run[i].waits.share = (i < 8 ? 0.4 : 0.04) + 0.01 * (i % 2);
        target_judge(&run[i], TARGET_TRAIN_LOSS_MEAN_MODEL, 0.4, 3);
    }
    if (diverged)
        run[9].point[run[9].point_count - 1].train_loss_mean_model = (double)NAN;
    summary_make(run, 16, &summary);
    table_print(out, &plain, &m->experiment, run, 16, &summary);
    fclose(out);
    return text;
}

static char *print(struct matrix *m)
{
    struct summary summary;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    summary_make(m->run, 6, &summary);
    table_print(out, &plain, &m->experiment, m->run, 6, &summary);
    fclose(out);
    for (uint32_t i = 0; i < 6; i++)
        records_free(&m->run[i]);
    return text;
}

/* A line that is broken between two words still says them. */
static char *unbroken(const char *text)
{
    static const char fold[] = "\n              ";
    char *const copy = strdup(text);
    for (char *at = copy; (at = strstr(at, fold)) != NULL; at++) {
        *at = ' ';
        memmove(at + 1, at + strlen(fold), strlen(at + strlen(fold)) + 1);
    }
    return copy;
}

static void expect_says(const char *text, const char *words)
{
    char *const all = unbroken(text);
    cr_expect(strstr(all, words) != NULL, "\"%s\" is missing in\n%s", words, text);
    free(all);
}

Test(table, fits_its_width_and_answers_the_first_questions)
{
    static struct matrix m;
    fill(&m);

    char *text = print(&m);

    for (char *line = text; *line; line = strchr(line, '\n') + 1) {
        char copy[1024];
        snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(line, "\n"), line);
        cr_expect_leq(table_width(copy), 110, "%s", copy);
    }
    const char *const words[] = {"TO THE TARGET",
                                 "AT THE END",
                                 "speed-up",
                                 "over allreduce",
                                 "baseline",
                                 "3 of 3",
                                 "train loss",
                                 "held-out acc.",
                                 "gradients/s",
                                 "iteration p50",
                                 "waiting",
                                 "exchanged",
                                 "sent\xe2\x86\x92seen p50",
                                 "p99.9",
                                 "STALENESS",
                                 "gradient mean",
                                 "model age p50",
                                 "in 3 consecutive evaluations",
                                 "aau (our reconstruction) release cluster",
                                 "shared 0.1",
                                 "none injected",
                                 "min..max over 3 seeds",
                                 "every message sent is accounted for"};
    for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        expect_says(text, words[i]);
    cr_expect_null(strstr(text, "warning"), "%s", text);
    cr_expect_null(strchr(text, '\033'), "no colour was asked for");
    cr_expect_null(strstr(text, "nan"), "%s", text);
    free(text);
}

Test(table, titles_blocks_by_what_they_hold_equal)
{
    static struct matrix m;
    fill(&m);
    equal_judge(m.run, 6);

    char *text = print(&m);

    expect_says(text, "\n AFTER 4 s ");
    expect_says(text, "\n AFTER      13057 gradients  13057 gradients    3.81 MiB  3.81 MiB");
    cr_expect_null(strstr(text, "AT THE END"), "%s", text);
    free(text);
}

Test(table, says_at_what_time_runs_of_different_length_are_equal)
{
    static struct matrix m;
    fill(&m);
    for (uint32_t i = 3; i < 6; i++)
        for (uint32_t k = 0; k < m.run[i].point_count; k++)
            m.run[i].point[k].time_s *= 0.75;
    equal_judge(m.run, 6);

    char *text = print(&m);

    expect_says(text, "\n AT THE END ");
    expect_says(text, "\n AFTER          3.00 s   3.00 s  13057 gradients");
    free(text);
}

Test(table, bounds_what_was_not_reached)
{
    static struct matrix m;
    fill(&m);
    for (uint32_t i = 0; i < 6; i++)
        target_judge(&m.run[i], TARGET_TRAIN_LOSS_MEAN_MODEL, i >= 3 ? 0.4 : 0.01, 3);

    char *text = print(&m);

    expect_says(text, "> 4.00");
    expect_says(text, "0 of 3");
    expect_says(text, "> 4."); /* the speed-up over a baseline that never got there */
    free(text);
}

Test(table, names_every_reason_for_doubt)
{
    static struct matrix m;
    fill(&m);
    m.run[0].count.involuntary_switches = 7;
    m.run[1].part_ns[PART_REST] = m.run[1].total_ns / 10;
    m.run[2].ledger.ok = false;
    m.run[3].point[m.run[3].point_count - 1].train_loss_mean_model = (double)NAN;
    m.run[3].ledger.diverged = 4;
    m.run[3].ledger.error = (double)NAN;
    m.run[3].point[2].weight_least = 2e-9;
    m.run[0].ledger.diverged = 1;
    m.run[4].count.incomplete = 2;
    m.run[4].cores.contended = true;
    m.run[4].cores.stolen_share = 0.9;
    m.experiment.judge.stolen = 0.1;
    m.run[4].count.compute_overruns = 11;
    m.run[5].count.exact_superseded = 3;
    m.run[5].count.tensors_delivered -= 5;
    m.run[5].count.slot_waits = 9;
    m.run[5].target.held_at_end = false;
    m.run[5].series[SERIES_HANDLE].clipped = 1;

    char *text = print(&m);

    expect_says(text, "took loops off their cores up to 7 (allreduce) times a run");
    expect_says(text, "no part accounts for: 10.0 % (allreduce);");
    expect_says(text, "the sum of all parameters in 1 of 3 (allreduce) runs");
    expect_says(text, "the loss diverged in at least one seed of aau:");
    expect_says(text, "a push-sum weight fell to 2.0e-09 (aau):");
    expect_says(text, "no numbers, up to 1 (allreduce) of them");
    expect_says(text, "2 of 6 runs diverged: no sum to keep");
    expect_says(text, "diverged..");
    expect_says(text, "still under way: 1 of 3 (aau);");
    expect_says(text, "competed for their cores in 1 of 3 (aau) runs");
    expect_says(text, "compute time up to 11 (aau) times");
    expect_says(text, "messages lost where none may be: 3 (aau);");
    expect_says(text, "nothing accounts for: up to 5 and 0 (aau);");
    expect_says(text, "waited for a free buffer 9 (aau) times");
    expect_says(text, "no longer met at the end, with 1 of 3 (aau) seeds");
    expect_says(text, "counted as one hour: 1 (aau)");
    expect_says(text, "other programs took a share of the cores: 30 % (aau);");
    expect_says(text, "about time stay open");
    cr_expect_null(strstr(text, "accounted for;"), "%s", text);
    free(text);
}

static struct summary two_policies(void)
{
    struct summary summary = {.policy_count = 2};
    snprintf(summary.policy[0].policy, EXPERIMENT_NAME_MAX, "allreduce");
    snprintf(summary.policy[1].policy, EXPERIMENT_NAME_MAX, "dsgd");
    return summary;
}

static char *warnings(const struct summary *summary, uint32_t width)
{
    char *text;
    size_t size;
    const struct experiment experiment = {.judge = {.stolen = 1}};
    FILE *out = open_memstream(&text, &size);
    table_warnings(out, &(struct table_style){.width = width}, &experiment, summary);
    fclose(out);
    return text;
}

Test(table, says_that_processes_died)
{
    static struct matrix m;
    fill(&m);
    m.run[1].cores.frames.lost = 1;
    m.run[4].cores.frames.lost = 2;

    char *text = print(&m);

    expect_says(text,
                "warning      3 processes died in 2 of 6 runs; their workers count as crashed");
    free(text);
}

Test(table, warns_once_per_kind_of_all_policies)
{
    struct summary summary = two_policies();
    for (uint32_t i = 0; i < 2; i++) {
        struct target_spread *const m = summary.policy[i].metric;
        m[METRIC_INVOLUNTARY_SWITCHES].max = i ? 144 : 134;
        m[METRIC_INJECTED_ERROR_NS_P99].max = i ? 62.3e6 : 60e3;
        m[METRIC_INJECTED_ERROR_SHARE_P99].max = i ? 23.9 : 0.071;
    }

    char *text = warnings(&summary, 120);

    char *const all = unbroken(text);
    cr_expect_str_eq(
        all, " warning      the kernel took loops off their cores up to 134 (allreduce), 144 "
             "(dsgd) times "
             "a run: times are too long by that; `dawdle doctor` says what helps\n"
             " warning      injected delays missed what was asked for, at p99 by 60 us, 7 % of the "
             "median "
             "(allreduce); 62.3 ms, 24x the median (dsgd); usually other programs had the core\n");
    free(all);
    free(text);
}

Test(table, says_nothing_where_there_is_no_doubt)
{
    const struct summary summary = two_policies();
    char *text = warnings(&summary, 110);
    cr_expect_str_empty(text);
    free(text);
}

Test(table, breaks_its_lines_between_words)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    table_line(out, &(struct table_style){.width = 24}, INK_DIM, "head", "one \xe2\x96\x88wo 73 %");
    table_line(out, &(struct table_style){.width = 24}, INK_DIM, "",
               "a-word-that-is-too-long b 7 %");
    table_line(out, &(struct table_style){.width = 24}, INK_DIM, "none", "");

    fclose(out);
    cr_expect_str_eq(text, " head         one \xe2\x96\x88wo\n"
                           "              73 %\n"
                           "              a-word-that-is-too-long\n"
                           "              b 7 %\n"
                           " none         \n");
    free(text);
}

Test(table, prints_one_run_without_any_measurement)
{
    static const struct experiment experiment = {.name = "empty", .workers = {.graph = "ring"}};
    const struct record_run run = {.policy = "none"};
    struct summary summary;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    summary_make(&run, 1, &summary);

    table_print(out, &plain, &experiment, &run, 1, &summary);

    fclose(out);
    cr_expect_null(strstr(text, "nan"), "%s", text);
    cr_expect_null(strstr(text, "TARGET"), "no target, no block");
    free(text);
}

static const char *scaled(enum metric_unit unit, double value, double other)
{
    static char text[2 * TABLE_CELL_MAX];
    char number[TABLE_CELL_MAX];
    const struct table_scale scale = table_scale(unit, (double[]){value, other}, 2);
    table_number(number, &scale, value);
    snprintf(text, sizeof(text), "%s %s", number, scale.unit);
    return text;
}

Test(table, shows_a_kind_of_figure_in_one_unit_in_every_run)
{
    cr_expect_str_eq(scaled(UNIT_ITERATION_NS, 287e3, 301e3), "0.287 ms");
    cr_expect_str_eq(scaled(UNIT_ITERATION_NS, 12e9, 12e9), "12000 ms");
    cr_expect_str_eq(scaled(UNIT_ITERATION_NS, 310, 420), "0.000310 ms");
    cr_expect_str_eq(scaled(UNIT_ITERATION_NS, 3100, 12e6), "0.003 ms");
    cr_expect_str_eq(scaled(UNIT_LATENCY_NS, 287, 1000), "0.287 us");
    cr_expect_str_eq(scaled(UNIT_LATENCY_NS, 68.42e6, 9e3), "68420 us");
    cr_expect_str_eq(scaled(UNIT_SECONDS, 1.5e-3, 0.5), "0.00150 s");
    cr_expect_str_eq(scaled(UNIT_BYTES, 0x1p30, 0x1p21), "1024.0 MiB");
    cr_expect_str_eq(scaled(UNIT_SHARE, 0.123, 0.9), "12.3 %");
}

Test(table, counts_failed_checks)
{
    const struct checks_result check[] = {{.text = "a < b", .pass = true, .finding = "fine"},
                                          {.text = "c < d", .pass = false, .finding = "c is 3"}};
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    const uint32_t failed = table_print_checks(out, &plain, check, 2);

    fclose(out);
    cr_expect_eq(failed, 1);
    cr_expect_str_eq(text, " PASS  a < b   fine\n FAIL  c < d   c is 3\n");
    free(text);
}

Test(table, aligns_figures_of_many_bytes_by_their_columns)
{
    static struct table_grid grid = {.title = "T", .rows = 2};
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    table_grid_column(&grid, "", "");
    const uint32_t c = table_grid_column(&grid, "head", "us");
    table_grid_column(&grid, "unused", "s");
    strcpy(grid.cell[0][0].figure, "\xc2\xb5x");
    strcpy(grid.cell[1][0].figure, "name");
    strcpy(grid.cell[0][c].figure, "1.5");
    strcpy(grid.cell[0][c].note, "1..2");
    strcpy(grid.cell[1][c].figure, "10.5");

    table_grid_print(out, &plain, &grid);

    fclose(out);
    cr_expect_str_eq(text, " T          head\n"
                           "              us\n"
                           " \xc2\xb5x     1.5 1..2\n"
                           " name  10.5     \n");
    free(text);
}

Test(table, colours_only_when_asked)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    table_ink(out, &(struct table_style){.colour = true}, INK_GOOD, "yes");
    table_ink(out, &plain, INK_GOOD, "no");

    fclose(out);
    cr_expect_str_eq(text, "\033[32myes\033[0mno");
    free(text);
}

static struct experiment slowed(void)
{
    struct experiment experiment = {
        .name = "p", .workers = {.count = 8}, .compute = {.base_ns = 1000000}, .inject_count = 1};
    experiment.inject[0].inject = (struct inject){.law = law_find("slowdown"),
                                                  .config = {.factor = 10},
                                                  .select = SELECT_PERCENT_EACH,
                                                  .share = 0.1};
    return experiment;
}

Test(preview, shows_delay_share_and_what_waiting_for_all_costs)
{
    struct experiment experiment = slowed();
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    cr_assert_eq(preview_print(out, &plain, &experiment, NULL), 0);

    fclose(out);
    expect_says(text, "slowdown factor 10, 10 % of workers anew each iteration (transient), per "
                      "iteration, scope compute, sleeping");
    expect_says(text, "mean 9 ms");
    expect_says(text, "of 100000 draws");
    /* T is 1.9 ms on average; all 8 escape with 0.9^8, so E[max] is 10 - 9 * 0.43 = 6.13 ms */
    expect_says(text, "takes 3.2");
    free(text);
}

Test(preview, names_what_is_hit_whom_and_per_what)
{
    char text[512];
    struct experiment_inject link = {
        .inject = {.law = law_find("none"),
                   .what = INJECT_LINK,
                   .select = SELECT_WORKERS,
                   .worker_count = 1,
                   .by_group = true,
                   .when = {.start_ns = 1000000000, .stop_ns = 2000000000},
                   .link = {.edges = EDGES_ACROSS, .loss = 0.01, .burst = 5, .cut = true}},
        .reliable = true};
    struct experiment_inject node = {
        .inject = {.law = law_find("pause"),
                   .what = INJECT_NODE,
                   .config = {.every_ns = 1000000000, .length_ns = 10000000, .aligned = true},
                   .select = SELECT_COUNT_ONCE,
                   .count = 2}};

    cr_expect_str_eq(preview_describe(&link, text, sizeof(text)),
                     "link: edges across loss 1% burst 5 cut true reliable true, 1 named group "
                     "(permanent), when start 1s stop 2s, per message");
    cr_expect_str_eq(preview_describe(&node, text, sizeof(text)),
                     "node: pause every 1s length 10ms aligned true, 2 workers drawn once "
                     "(permanent), per time, scope process, sleeping");
}

Test(preview, names_a_fault_by_the_keys_of_its_kind)
{
    char text[512];
    const struct experiment_fault crash = {.fault = {.kind = FAULT_CRASH,
                                                     .at_ns = 1000000000,
                                                     .for_ns = 500000000,
                                                     .notice_ns = 10000000},
                                           .workers = {3, 1},
                                           .worker_count = 2};

    cr_expect_str_eq(preview_describe_fault(&crash, text, sizeof(text)),
                     "crash workers [3, 1] at 1s restart 500ms notice 10ms");
}

Test(preview, prints_every_draw_as_csv)
{
    struct experiment experiment = slowed();
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    cr_assert_eq(preview_csv(out, &experiment, NULL), 0);

    fclose(out);
    uint32_t lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    cr_expect_eq(lines, 100001);
    cr_expect_eq(
        strncmp(text, "entry,worker,iteration,compute_ns,delay_ns,at_ns\n0,0,0,1000000,", 63), 0);
    free(text);
}

Test(table, shows_means_with_intervals_from_six_seeds_on)
{
    static struct matrix m;
    fill(&m);

    char *text = print_many(&m, false);

    expect_says(text, "8 seeds: mean [95 % interval]");
    /* 0.40 and 0.41 four times each: mean 0.405, reach 2.365 * 0.005345 / sqrt(8) = 0.00447 */
    expect_says(text, "40.5 [40.1, 40.9]");
    expect_says(text, "95 % t interval of the mean over 8 seeds");
    for (const char *at = text; (at = strstr(at, "..")); at++)
        cr_expect(at == text || !isdigit((unsigned char)at[-1]), "a figure with min..max:\n%s", at);
    free(text);
}

Test(table, keeps_the_median_where_a_seed_diverged)
{
    static struct matrix m;
    fill(&m);
    char *text = print_many(&m, true);
    expect_says(text, "..inf");
    expect_says(text, "40.5 [40.1, 40.9]");
    free(text);
}

Test(table, says_where_rates_come_from_and_how_much_they_matter)
{
    static struct matrix m;
    fill(&m);
    m.experiment.train.tuned_metric = TARGET_HELDOUT_LOSS_MEAN_MODEL;
    for (uint32_t i = 0; i < 2; i++) {
        struct experiment_policy *const p = &m.experiment.policy[i];
        p->tuned.set = true;
        p->tuned.edge = i == 1;
        p->tuned.best = 0.5;
        p->tuned.half = 0.55;
        p->tuned.twice = i ? (double)NAN : (double)INFINITY;
        p->lr = 0.2 * (i + 1);
    }

    char *text = print(&m);

    expect_says(text, "allreduce 0.2, tuned: heldout_loss_mean_model at half of it x1.1, at twice "
                      "diverged");
    expect_says(text, "aau 0.4, tuned (on the edge of what was tried): ");
    expect_says(text, "at twice not tried");
    cr_expect_null(strstr(text, "not tuned"), "%s", text);
    free(text);
}

Test(table, prints_claims_with_their_verdicts)
{
    const struct claims_result claims[] = {
        {.text = "a(x) < a(y)", .verdict = CLAIM_HELD, .finding = "held (ratio 0.5)"},
        {.text = "b(x) < b(y)", .verdict = CLAIM_OPEN, .finding = "open: no"}};
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    table_print_claims(out, &plain, claims, 2);

    fclose(out);
    cr_expect_str_eq(text,
                     " CLAIM a(x) < a(y)   held (ratio 0.5)\n CLAIM b(x) < b(y)   open: no\n");
    free(text);
}

Test(table, says_how_many_workers_of_a_parameter_server_compute)
{
    static const struct policy server = {.name = "asgd", .central = true};
    static struct matrix m;
    fill(&m);
    for (uint32_t i = 3; i < 6; i++)
        m.run[i].row = &server;

    char *text = print(&m);

    expect_says(text, "per computing worker");
    expect_says(text, "4 of 4");
    expect_says(text, "3 of 4");
    free(text);
}
