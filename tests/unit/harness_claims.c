/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "harness/experiment/sentences.h"
#include "harness/metric/target.h"
#include "harness/report/claims.h"
#include "tests/unit/support_records.h"

#define SEEDS 10u
#define BUDGET_S 4.0

/* slow, fast and idle with the same seeds. fast reaches the target in about half of slow's time. */
struct matrix {
    struct experiment experiment;
    struct record_run run[3 * SEEDS];
};

static const char *const labels[] = {"slow", "fast", "idle"};

static struct record_run *run_at(struct matrix *m, uint32_t policy, uint32_t seed)
{
    return &m->run[policy * SEEDS + seed];
}

static struct matrix *make(void)
{
    static struct matrix m;
    m = (struct matrix){.experiment = {.policy_count = 3, .target = {.set = true}}};
    for (uint32_t p = 0; p < 3; p++) {
        snprintf(m.experiment.policy[p].label, EXPERIMENT_NAME_MAX, "%s", labels[p]);
        m.experiment.policy[p].tuned.set = true;
        for (uint32_t s = 0; s < SEEDS; s++) {
            struct record_run *const run = run_at(&m, p, s);
            snprintf(run->policy, EXPERIMENT_NAME_MAX, "%s", labels[p]);
            run->seed = s + 1;
            run->judged = run->drained = run->target.exists = run->target.reached = true;
            run->duration_s = BUDGET_S;
            /* seeds differ a lot, pairs by a few per cent */
            run->target.time_s = (1 + 0.2 * s) * (p == 1 ? 0.5 + 0.01 * (s % 3) : 1);
            run->waits.share = p == 2 ? 0 : p == 1 ? 0.1 + 0.001 * s : 0.4 - 0.002 * s;
        }
    }
    return &m;
}

static const struct claims_result *decide(struct matrix *m, const char *text)
{
    static struct claims_result result[CLAIMS_MAX];
    struct err err = {""};
    cr_assert_eq(sentences_validate_claim(text, &m->experiment, &err), 0, "%s", err.text);
    snprintf(m->experiment.claims[m->experiment.claims_count++], 256, "%s", text);
    const uint32_t n = claims_evaluate(&m->experiment, m->run, 3 * SEEDS, NULL, result);
    const struct claims_result *const found = claims_find(result, n, 0, text);
    cr_assert_not_null(found);
    return found;
}

static void expect_says(const struct claims_result *result, const char *words)
{
    cr_expect(strstr(result->finding, words) != NULL, "%s\n  does not say: %s", result->finding,
              words);
}

static void expect_refused(const char *text, const char *because)
{
    struct matrix *const m = make();
    struct err err = {""};
    cr_expect_eq(sentences_validate_claim(text, &m->experiment, &err), -EINVAL, "%s", text);
    cr_expect(strstr(err.text, because) != NULL, "%s\n  does not say: %s", err.text, because);
}

Test(claims, is_held_when_the_interval_lies_on_its_side)
{
    const struct claims_result *const at =
        decide(make(), "time_to_target(fast) < time_to_target(slow)");

    /* factors 0.50 0.51 0.52 four, three and three times: the geometric mean is 0.50893 */
    cr_expect_eq(at->verdict, CLAIM_HELD);
    cr_expect_eq(at->pairs, 10u);
    cr_expect_float_eq(at->ratio, 0.50893, 1e-5);
    cr_expect_lt(at->low, at->ratio);
    cr_expect_lt(at->ratio, at->high);
    cr_expect_lt(at->high, 0.52);
    cr_expect_eq(at->p, at->p_holm, "one claim needs no correction");
    expect_says(at, "held (ratio 0.509 [0.503, 0.515], p < 1e-6 Holm)");
}

Test(claims, is_refuted_when_the_interval_lies_on_the_other_side)
{
    const struct claims_result *const at =
        decide(make(), "time_to_target(fast) > time_to_target(slow)");
    cr_expect_eq(at->verdict, CLAIM_REFUTED);
    expect_says(at, "refuted (ratio 0.509 [");
}

Test(claims, compares_the_ratio_with_the_factors)
{
    cr_expect_eq(decide(make(), "time_to_target(fast) < 0.6 * time_to_target(slow)")->verdict,
                 CLAIM_HELD);
    const struct claims_result *const at =
        decide(make(), "2.2 * time_to_target(fast) < time_to_target(slow)");
    cr_expect_eq(at->verdict, CLAIM_REFUTED);
    expect_says(at, "against 0.455");
}

Test(claims, is_open_while_the_interval_contains_one)
{
    struct matrix *const m = make();
    for (uint32_t s = 0; s < SEEDS; s++)
        run_at(m, 1, s)->target.time_s = run_at(m, 0, s)->target.time_s * (s % 2 ? 1.1 : 0.9);

    const struct claims_result *const at = decide(m, "time_to_target(fast) < time_to_target(slow)");

    cr_expect_eq(at->verdict, CLAIM_OPEN);
    cr_expect_lt(at->low, 1);
    cr_expect_gt(at->high, 1);
    expect_says(at, "open: the interval contains 1 (ratio ");
}

Test(claims, takes_ten_paired_seeds)
{
    struct matrix *const m = make();
    run_at(m, 0, 4)->seed = 99; /* nobody else ran this one */

    const struct claims_result *const at = decide(m, "wait_share(fast) < wait_share(slow)");

    cr_expect_eq(at->verdict, CLAIM_OPEN);
    cr_expect_eq(at->pairs, 9u);
    expect_says(at, "open: 9 paired seeds; a claim takes 10 (ratio 0.2");
    cr_expect(isnan(at->p));
}

Test(claims, of_learning_take_tuned_rates_and_others_do_not)
{
    struct matrix *const m = make();
    m->experiment.policy[0].tuned.set = false;

    expect_says(decide(m, "time_to_target(fast) < time_to_target(slow)"),
                "open: the rate of slow was not tuned");
    cr_expect_eq(decide(m, "wait_share(fast) < wait_share(slow)")->verdict, CLAIM_HELD);
}

Test(claims, corrects_over_all_claims_of_the_table)
{
    struct matrix *const m = make();
    /* t = 2.60 with 9 degrees of freedom: p = 0.029, alone enough, in a family of two it is not */
    for (uint32_t s = 0; s < SEEDS; s++)
        run_at(m, 1, s)->target.time_s = run_at(m, 0, s)->target.time_s * (s % 2 ? 0.82 : 1.02);
    cr_expect_eq(decide(m, "time_to_target(fast) < time_to_target(slow)")->verdict, CLAIM_HELD);

    /* a second claim with a larger p, so that Holm doubles the smaller one */
    for (uint32_t s = 0; s < SEEDS; s++)
        run_at(m, 2, s)->target.time_s = run_at(m, 0, s)->target.time_s * (s % 2 ? 1.1 : 0.9);
    decide(m, "time_to_target(idle) < time_to_target(slow)");

    static struct claims_result result[CLAIMS_MAX];
    claims_evaluate(&m->experiment, m->run, 3 * SEEDS, NULL, result);
    cr_expect_eq(result[0].verdict, CLAIM_OPEN);
    cr_expect_lt(result[0].p, 0.05);
    cr_expect_float_eq(result[0].p_holm, 2 * result[0].p, 1e-12);
    expect_says(&result[0], "open: not significant among all claims");
}

Test(claims, count_an_unreached_right_side_with_the_budget)
{
    struct matrix *const m = make();
    run_at(m, 0, 8)->target.reached = run_at(m, 0, 9)->target.reached = false;

    const struct claims_result *const at = decide(m, "time_to_target(fast) < time_to_target(slow)");

    cr_expect_eq(at->verdict, CLAIM_HELD);
    cr_expect_eq(at->bounded_above, 2u);
    expect_says(at, "2 of 10 seeds, in which slow did not reach the target, count with the budget");
    struct matrix *const other = make();
    run_at(other, 0, 9)->target.reached = false;
    cr_expect_eq(decide(other, "time_to_target(slow) > time_to_target(fast)")->verdict, CLAIM_HELD,
                 "the same, the other way round");
}

Test(claims, never_hold_on_a_bound_of_the_wrong_side)
{
    struct matrix *const m = make();
    /* fast is 20 times as fast, but once it did not arrive at all: nobody knows how slow it can be */
    for (uint32_t s = 0; s < SEEDS; s++)
        run_at(m, 1, s)->target.time_s = run_at(m, 0, s)->target.time_s / 20;
    run_at(m, 1, 9)->target.reached = false;

    const struct claims_result *const at = decide(m, "time_to_target(fast) < time_to_target(slow)");

    cr_expect_eq(at->verdict, CLAIM_OPEN);
    cr_expect_lt(at->high, 1);
    expect_says(at, "fast did not reach the target in 1 of 10 seeds");
}

Test(claims, are_open_where_neither_side_reached)
{
    struct matrix *const m = make();
    run_at(m, 0, 3)->target.reached = run_at(m, 1, 3)->target.reached = false;
    expect_says(decide(m, "time_to_target(fast) < time_to_target(slow)"),
                "open: neither reached the target with seed 4");
}

Test(claims, are_open_where_there_is_no_ratio)
{
    expect_says(decide(make(), "wait_share(idle) < wait_share(slow)"),
                "open: wait_share(idle) is 0 with seed 1, so there is no ratio");
    expect_says(decide(make(), "train_loss_mean_model(fast) < train_loss_mean_model(slow)"),
                "has no figure with seed 1");
}

Test(claims, are_open_where_a_policy_never_ran)
{
    struct matrix *const m = make();
    for (uint32_t s = 0; s < SEEDS; s++)
        run_at(m, 1, s)->policy[0] = '\0';
    const struct claims_result *const at = decide(m, "wait_share(fast) < wait_share(slow)");
    cr_expect_eq(at->verdict, CLAIM_OPEN);
    cr_expect_str_eq(at->finding, "open: 0 paired seeds; a claim takes 10");
}

Test(claims, are_collected_from_checks_too_and_each_once)
{
    static struct claims_result result[CLAIMS_MAX];
    struct matrix *const m = make();
    snprintf(m->experiment.claims[0], 256, "wait_share(fast) < wait_share(slow)");
    snprintf(m->experiment.check[0], 256, "claim: wait_share(fast) < wait_share(slow)");
    snprintf(m->experiment.check[1], 256, "wait_share(fast) < 50%%");
    snprintf(m->experiment.check[2], 256, " claim:wait_share(slow) > wait_share(fast)");
    m->experiment.claims_count = 1;
    m->experiment.check_count = 3;

    const uint32_t n = claims_evaluate(&m->experiment, m->run, 3 * SEEDS, NULL, result);

    cr_expect_eq(n, 2u);
    cr_expect_str_eq(result[1].text, "wait_share(slow) > wait_share(fast)");
    cr_expect_null(sentences_claim_in(m->experiment.check[1]));
}

Test(claims, that_mean_nothing_are_refused)
{
    expect_refused("wait_share(fast) < 5%", "a bare number is for checks");
    expect_refused("wait_share < wait_share(slow)", "column 1: whose wait_share?");
    expect_refused("wait_share(fast) <= wait_share(slow)", "a claim says < or >");
    expect_refused("wait_share(fast) < wait_share(fast)", "both sides are the same policy");
    expect_refused("wait_share(fats) < wait_share(slow)", "did you mean \"fast\"?");
    expect_refused("speedup(fast) > speedup(slow)", "compare time_to_target");
    expect_refused("wait_share(fast) < iteration_ns_p99(slow)", "not of one kind");
    expect_refused("wait_share(fast) <", "column 19: expected a metric or a number, but the claim");
    struct matrix *const m = make();
    struct err err = {""};
    m->experiment.target.set = false;
    cr_expect_eq(sentences_validate_claim("time_to_target(fast) < time_to_target(slow)",
                                          &m->experiment, &err),
                 -EINVAL);
    cr_expect(strstr(err.text, "needs a `target:`") != NULL, "%s", err.text);
}

Test(claims, about_time_are_open_once_other_programs_took_the_cores)
{
    static struct claims_result result[CLAIMS_MAX];
    const struct scope scope = {.stolen_max = 0.1};
    struct matrix *const m = make();
    decide(m, "time_to_target(fast) < time_to_target(slow)");
    for (uint32_t s = 0; s < SEEDS; s++)
        run_at(m, 0, s)->cores.stolen_share = s == 0 ? 0.9 : 0;

    claims_evaluate(&m->experiment, m->run, 3 * SEEDS, &scope, result);
    cr_expect_eq(result[0].verdict, CLAIM_HELD, "nine hundredths in all");
    cr_expect_not(result[0].unfit);
    run_at(m, 0, 1)->cores.stolen_share = 0.9;
    claims_evaluate(&m->experiment, m->run, 3 * SEEDS, &scope, result);
    cr_expect_eq(result[0].verdict, CLAIM_OPEN);
    cr_expect(result[0].unfit);
    expect_says(&result[0],
                "open: other programs took 18 % of the cores of slow (judge.stolen 10 %)");
    for (uint32_t s = 0; s < SEEDS; s++)
        run_at(m, 0, s)->wall.threads = 1;
    claims_evaluate(&m->experiment, m->run, 3 * SEEDS, &scope, result);
    cr_expect_eq(result[0].verdict, CLAIM_HELD, "virtual time is nobody's");
}

Test(claims, are_open_in_a_matrix_that_was_interrupted)
{
    static struct claims_result result[CLAIMS_MAX];
    const struct scope scope = {.incomplete = true};
    struct matrix *const m = make();
    decide(m, "time_to_target(fast) < time_to_target(slow)");

    claims_evaluate(&m->experiment, m->run, 3 * SEEDS, &scope, result);

    cr_expect_eq(result[0].verdict, CLAIM_OPEN);
    expect_says(&result[0], "open: the matrix did not run to its end");
}
