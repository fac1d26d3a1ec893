/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/drive/progress.h"

#include <criterion/criterion.h>

static const struct progress_budget rounds = {.iterations = 100, .workers = 4, .rounds = true};
static const struct progress_budget gradients = {.iterations = 100, .workers = 4};

Test(progress, goes_by_gradients_whoever_computes_them)
{
    cr_expect_eq(progress_used(&gradients, 0, 100, 0), 0.25);
    cr_expect_eq(progress_used(&gradients, 0, 100, 1), 0.25);
    cr_expect_eq(progress_used(&gradients, 0, 500, 1), 1.0);
}

Test(progress, goes_by_the_rounds_of_those_who_are_there)
{
    cr_expect_eq(progress_used(&rounds, 0, 100, 0), 0.25);
    cr_expect_eq(progress_used(&rounds, 0, 75, 1), 0.25);
    cr_expect_eq(progress_used(&rounds, 0, 300, 1), 1.0);
    cr_expect_eq(progress_used(&rounds, 0, 0, 4), 0.0, "nobody is there");
}

Test(progress, takes_the_further_of_two_budgets)
{
    struct progress_budget both = gradients;
    both.time = 1000;

    cr_expect_eq(progress_used(&both, 100, 100, 0), 0.25);
    cr_expect_eq(progress_used(&both, 500, 100, 0), 0.5);
    cr_expect_eq(progress_used(&both, 1500, 100, 0), 1.0);
}

Test(progress, plans_cuts_at_equal_shares_rounded_up)
{
    cr_expect_eq(progress_cut(400, 0, 10), 0u);
    cr_expect_eq(progress_cut(400, 1, 10), 40u);
    cr_expect_eq(progress_cut(10, 1, 3), 4u);
    cr_expect_eq(progress_cut(10, 3, 3), 10u);
}

Test(progress, lets_everybody_begin_the_rounds_of_the_budget_and_no_more)
{
    cr_expect(progress_may_begin(&rounds, 99));
    cr_expect_not(progress_may_begin(&rounds, 100));
    cr_expect(progress_may_begin(&gradients, 100));
    cr_expect(progress_may_begin(&(struct progress_budget){.time = 5, .rounds = true}, 100));
}

static float rate_after(double used)
{
    const struct progress_decay decay = {.every = 0.25, .factor = 0.5};
    double furthest = 0;
    return progress_rate(1.0f, &decay, used, &furthest);
}

Test(progress, lowers_the_rate_once_for_every_full_share)
{
    double furthest = 0;

    cr_expect_eq(rate_after(0.24), 1.0f);
    cr_expect_eq(rate_after(0.25), 0.5f);
    cr_expect_eq(rate_after(0.8), 0.125f);
    cr_expect_eq(progress_rate(1.0f, &(struct progress_decay){.factor = 0.5}, 0.8, &furthest),
                 1.0f);
}

Test(progress, never_raises_the_rate_when_somebody_goes)
{
    const struct progress_decay decay = {.every = 0.25, .factor = 0.5};
    double furthest = 0;

    cr_expect_eq(progress_rate(1.0f, &decay, 0.25, &furthest), 0.5f);
    cr_expect_eq(progress_rate(1.0f, &decay, 0.24, &furthest), 0.5f);
}

Test(progress, after_the_end_only_rounds_that_somebody_has_begun_are_owed)
{
    cr_expect(progress_owes(true, 7, 7));
    cr_expect_not(progress_owes(true, 8, 7));
    cr_expect_not(progress_owes(false, 7, 7));
    cr_expect_eq(progress_missed(7, 3), 4u);
    cr_expect_eq(progress_missed(3, 7), 0u);
}
