/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "harness/experiment/sentences.h"
#include "harness/metric/target.h"
#include "harness/report/checks.h"
#include "tests/unit/support_records.h"

static struct experiment two_policies(void)
{
    struct experiment experiment = {.policy_count = 2, .target = {.set = true}};
    snprintf(experiment.policy[0].label, EXPERIMENT_NAME_MAX, "allreduce");
    snprintf(experiment.policy[1].label, EXPERIMENT_NAME_MAX, "aau");
    return experiment;
}

/* allreduce waits 40 %, 60 %, 50 %; aau 4 %, 6 %, 5 %; allreduce reaches 0.30 in 3 s, aau in 1 s. */
static void summarise(struct summary *out)
{
    static const double wait[] = {0.4, 0.6, 0.5};
    struct record_run run[6] = {0};
    for (uint32_t i = 0; i < 6; i++) {
        const bool aau = i >= 3;
        snprintf(run[i].policy, EXPERIMENT_NAME_MAX, aau ? "aau" : "allreduce");
        run[i].row = aau ? &records_aau : &records_allreduce;
        run[i].seed = i % 3;
        run[i].waits.share = wait[i % 3] / (aau ? 10 : 1);
        run[i].duration_s = 4;
        run[i].judged = true;
        run[i].target.exists = true;
        run[i].target.reached = aau || i == 0;
        run[i].target.time_s = aau ? 1 : 3;
        run[i].count.bytes_exchanged = 65536;
        const uint64_t ns = aau ? 1000000 : 20000000;
        run[i].series[SERIES_ITERATION] =
            (struct record_figures){.n = 1, .p50 = ns, .p99 = ns, .p999 = ns, .max = ns};
        run[i].drained = true;
    }
    summary_make(run, 6, out);
}

static bool holds(const char *text)
{
    struct experiment experiment = two_policies();
    struct summary summary;
    struct checks_result result;
    struct err err;
    summarise(&summary);
    cr_assert_eq(sentences_validate_check(text, &experiment, &err), 0, "%s", err.text);
    checks_evaluate(text, &summary, 1, NULL, &result);
    return result.pass;
}

static void expect_refused(const char *text, const char *because)
{
    struct experiment experiment = two_policies();
    struct err err = {""};
    cr_expect_eq(sentences_validate_check(text, &experiment, &err), -EINVAL, "%s", text);
    cr_expect(strstr(err.text, because) != NULL, "%s\n  does not say: %s", err.text, because);
}

Test(checks, compares_medians_of_two_policies)
{
    cr_expect(holds("wait_share(aau) < wait_share(allreduce)"));
    cr_expect_not(holds("wait_share(aau) >= wait_share(allreduce)"));
}

Test(checks, multiplies_by_a_factor)
{
    cr_expect(holds("wait_share(aau) < 0.11 * wait_share(allreduce)"));
    cr_expect_not(holds("wait_share(aau) < 0.09 * wait_share(allreduce)"));
    cr_expect(holds("11 * wait_share(aau) > wait_share(allreduce)"));
}

Test(checks, reads_numbers_in_the_unit_of_the_metric)
{
    cr_expect(holds("wait_share(aau) <= 5%"));
    cr_expect(holds("iteration_ns_p99(aau) < 1.1ms"));
    cr_expect_not(holds("iteration_ns_p99(allreduce) < 20ms"), "the bucket's upper end is above");
    cr_expect(holds("time_to_target_s(aau) == 1s"));
    cr_expect(holds("64KiB == bytes_exchanged(aau)"));
}

Test(checks, asks_every_policy_in_turn_when_none_is_named)
{
    cr_expect(holds("tensors_unexplained == 0"));
    cr_expect(holds("wait_share <= wait_share(allreduce)"));
    cr_expect_not(holds("wait_share < 10%"));
}

Test(checks, decides_on_a_bound_where_it_suffices)
{
    cr_expect(holds("time_to_target_s(allreduce) > 3s"), "its median is above the budget");
    cr_expect_not(holds("time_to_target_s(allreduce) < 1h"), "unknown, so not shown");
    cr_expect_not(holds("time_to_target_s(allreduce) > 1h"), "unknown, so not shown");
    cr_expect(holds("speedup(aau) > 3"));
}

Test(checks, says_what_it_compared)
{
    struct summary summary;
    struct checks_result result;
    summarise(&summary);

    checks_evaluate("time_to_target_s(allreduce) < 1h", &summary, 1, NULL, &result);
    cr_expect_str_eq(result.finding, "undecided: time_to_target_s(allreduce) is > 4 s; 3600 s",
                     "%s", result.finding);

    checks_evaluate("handle_ns_p50(aau) < 1h", &summary, 1, NULL, &result);
    cr_expect(strstr(result.finding, "no figure") != NULL, "%s", result.finding);
    cr_expect_not(result.pass);
}

Test(checks, fails_for_a_policy_that_never_ran)
{
    struct summary summary;
    struct checks_result result;
    summarise(&summary);

    checks_evaluate("wait_share(dsgd) < 100%", &summary, 1, NULL, &result);

    cr_expect_not(result.pass);
    cr_expect_str_eq(result.finding, "dsgd did not run");
}

Test(checks, writes_no_share_as_a_power_of_ten)
{
    static const struct {
        double share;
        const char *said;
    } row[] = {{7.46e-7, "wait_share(aau) is 0.000 %"},
               {0.4291, "wait_share(aau) is 42.9 %"},
               {24.5, "wait_share(aau) is 2450 %"},
               {0, "wait_share(aau) is 0 %"}};
    for (uint32_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct summary summary;
        struct checks_result result;
        summarise(&summary);
        struct target_spread *const spread = &summary.policy[1].metric[METRIC_WAIT_SHARE];
        spread->median = spread->min = spread->max = row[i].share;
        checks_evaluate("wait_share(aau) < 9%", &summary, 1, NULL, &result);
        cr_expect(strstr(result.finding, row[i].said), "%s", result.finding);
    }
}

Test(checks, names_the_nearest_metric_and_policy)
{
    expect_refused("wait_shar(aau) < 1", "did you mean \"wait_share\"?");
    expect_refused("wait_share(aua) < 100%", "did you mean \"aau\"?");
    expect_refused("frobnicate(aau) < 1", "no metric \"frobnicate\"");
}

Test(checks, names_the_column_of_what_it_cannot_read)
{
    expect_refused("", "column 1: expected a metric or a number, but the check ends here");
    expect_refused("wait_share(aau)", "column 16: expected one of");
    expect_refused("wait_share(aau) = 100%", "column 17: expected one of");
    expect_refused("wait_share(aau < 1", "\")\" is missing");
    expect_refused("wait_share() < 100%", "expected a policy's name");
    expect_refused("wait_share(aau) < 100% and more", "column 24: nothing may follow here");
    expect_refused("1 < 2", "neither side names a metric");
    expect_refused("-2 * wait_share(aau) < 100%", "not a positive number");
}

Test(checks, keeps_kinds_apart)
{
    expect_refused("wait_share(aau) < iteration_ns_p50(aau)", "not of one kind");
    expect_refused("iteration_ns_p50(aau) < 20", "does not fit iteration_ns_p50");
    expect_refused("wait_share(aau) < 20ms", "does not fit wait_share");
}

Test(checks, asks_for_a_target_where_the_metric_needs_one)
{
    struct experiment experiment = two_policies();
    struct err err;
    experiment.target.set = false;

    cr_expect_eq(sentences_validate_check("speedup(aau) > 1", &experiment, &err), -EINVAL);

    cr_expect(strstr(err.text, "needs a `target:`") != NULL, "%s", err.text);
}

Test(checks, accepts_every_metric_of_the_table)
{
    for (uint32_t m = 0; m < METRICS; m++) {
        char text[96];
        cr_assert_not_null(metric_table[m].name);
        cr_assert_eq(metric_find(metric_table[m].name), m);
        snprintf(text, sizeof(text), "%s(aau) >= 0", metric_table[m].name);
        struct experiment experiment = two_policies();
        cr_expect_eq(sentences_validate_check(text, &experiment, NULL), 0, "%s", text);
    }
}

Test(checks, are_open_where_an_interruption_left_out_what_decides_them)
{
    const struct scope scope = {.policies = 3, .values = 1, .seeds = 4, .incomplete = true};
    static const struct {
        const char *text, *finding;
    } cases[] = {
        {"wait_share(aau) < 50%", "open: aau ran to the end with 3 of 4 seeds"},
        {"wait_share(swift) < 50%", "open: swift did not run"},
        {"wait_share < 99%", "open: allreduce ran to the end with 3 of 4 seeds"},
    };
    struct summary summary;
    struct checks_result result;
    summarise(&summary);
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        checks_evaluate(cases[i].text, &summary, 1, &scope, &result);
        cr_expect(result.open, "%s", cases[i].text);
        cr_expect_not(result.pass, "%s", cases[i].text);
        cr_expect_str_eq(result.finding, cases[i].finding);
    }
}

Test(checks, are_decided_by_policies_that_ran_to_the_end_whatever_came_after)
{
    const struct scope scope = {.policies = 3, .values = 1, .seeds = 3, .incomplete = true};
    struct summary summary;
    struct checks_result result;
    summarise(&summary);

    checks_evaluate("wait_share(aau) < 50%", &summary, 1, &scope, &result);
    cr_expect(result.pass);
    checks_evaluate("wait_share(aau) < 1%", &summary, 1, &scope, &result);
    cr_expect_not(result.pass);
    cr_expect_not(result.open, "it fails");
    checks_evaluate("wait_share < 99%", &summary, 1, &scope, &result);
    cr_expect(result.open, "the third policy is missing");
    checks_evaluate("wait_share < 10%", &summary, 1, &scope, &result);
    cr_expect_not(result.open, "allreduce breaks it, whatever the third does");
    summary.policy[1].interrupted = 1;
    checks_evaluate("wait_share(aau) < 50%", &summary, 1, &scope, &result);
    cr_expect(result.open, "one of its runs was cut short");
}

static const struct scope on_time = {
    .policies = 2, .values = 1, .seeds = 3, .stolen_max = 0.1, .budget_is_time = true};

Test(checks, about_time_are_open_once_other_programs_took_the_cores)
{
    static const char *const timed[] = {
        "wait_share(aau) < 50%", "iteration_ns_p99(aau) < 1h", "wait_share(aau) < 1%",
        "wait_share(allreduce) > wait_share(aau)", "speedup(aau) > 1"};
    struct summary summary;
    struct checks_result result;
    summarise(&summary);
    summary.policy[1].stolen_share = 0.91;
    for (uint32_t i = 0; i < sizeof(timed) / sizeof(timed[0]); i++) {
        checks_evaluate(timed[i], &summary, 1, &on_time, &result);
        cr_expect(result.open, "%s", timed[i]);
        cr_expect_str_eq(result.finding,
                         "open: other programs took 91 % of the cores of aau (judge.stolen 10 %)");
    }
}

Test(checks, that_time_does_not_touch_are_decided_whatever_was_stolen)
{
    struct scope by_count = on_time;
    struct summary summary;
    struct checks_result result;
    by_count.budget_is_time = false;
    summarise(&summary);
    summary.policy[1].stolen_share = 0.91;

    checks_evaluate("tensors_unexplained(aau) == 0", &summary, 1, &on_time, &result);
    cr_expect(result.pass);
    checks_evaluate("wait_share(allreduce) > 1%", &summary, 1, &on_time, &result);
    cr_expect(result.pass, "the cores of aau are not those of allreduce");
    checks_evaluate("bytes_exchanged(aau) > 0", &summary, 1, &on_time, &result);
    cr_expect(result.open, "less fits into the time");
    checks_evaluate("bytes_exchanged(aau) > 0", &summary, 1, &by_count, &result);
    cr_expect(result.pass, "a budget of gradients is spent whatever it takes");
    summary.policy[1].stolen_share = 0.1;
    checks_evaluate("wait_share(aau) < 50%", &summary, 1, &on_time, &result);
    cr_expect(result.pass, "up to the share");
}
