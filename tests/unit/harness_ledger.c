/* SPDX-License-Identifier: BSD-3-Clause */
/* What the double ledger says of a run whose parameters, or weights, are no numbers any more. */
#include "harness/run/ledger.h"

#include <criterion/criterion.h>
#include <math.h>

#include "core/policy/rows.h"

#define DIM 16u
#define WORKERS 2u

/* Two workers of `row` with x and y, started at y = 1 and x whose ledger sum is `start`. */
static struct record_run closed_as(struct record_run out, const struct policy *row, float x0,
                                   float y0, float x1, float y1)
{
    static float vector[3 * (DIM + 16)];
    struct ledger ledger = {.lanes = row->lanes, .dim = DIM};
    const float x[WORKERS] = {x0, x1}, y[WORKERS] = {y0, y1};
    for (uint32_t w = 0; w < WORKERS; w++) {
        vector[0] = x[w]; /* the others are 0: the ledger's sum is x */
        vector[DIM] = y[w];
        ledger_add(&ledger, vector, 3.0, 1.0);
    }
    ledger_close(&ledger, row, &out);
    return out;
}

static struct record_run closed_after(uint64_t mixes, const struct policy *row, float x0, float y0,
                                      float x1, float y1)
{
    return closed_as((struct record_run){.count.mixes = mixes}, row, x0, y0, x1, y1);
}

static struct record_run closed(const struct policy *row, float x0, float y0, float x1, float y1)
{
    return closed_after(0, row, x0, y0, x1, y1);
}

Test(ledger, lets_an_error_grow_with_the_number_of_averages_that_are_rounded)
{
    const float off = 4e-5f; /* of 4, so 1e-5 of what there is, and a little more */

    cr_expect_not(closed_after(10, &policy_dsgd, 2, 1, 2 + 1.1f * off, 1).ledger.ok);
    cr_expect(closed_after(1000, &policy_dsgd, 2, 1, 2 + 1.1f * off, 1).ledger.ok,
              "500 each, of one element that is not 0: 500 * 6 * 2^-25 is 9e-5");
    cr_expect_not(closed_after(1000, &policy_dsgd, 2, 1, 2 + 10 * off, 1).ledger.ok);
}

Test(ledger, balances_when_what_is_there_is_what_was_there_less_what_was_applied)
{
    const struct record_run r = closed(&policy_agp, 1.5f, 0.5f, 2.5f, 1.5f);

    cr_expect(r.ledger.ok);
    cr_expect_eq(r.ledger.error, 0.0);
    cr_expect_eq(r.ledger.diverged, 0u);
}

Test(ledger, names_a_model_that_diverged_and_still_counts_the_weights)
{
    const struct record_run whole = closed(&policy_agp, NAN, 0.5f, 2.5f, 1.5f);
    const struct record_run lossy = closed(&policy_agp, NAN, 0.5f, 2.5f, 1.25f);

    cr_expect(whole.ledger.ok, "no sum to keep, and the weights are whole");
    cr_expect(isnan(whole.ledger.error));
    cr_expect_eq(whole.ledger.diverged, 1u);
    cr_expect_not(lossy.ledger.ok, "a divergence excuses no lost weight");
}

Test(ledger, takes_a_weight_of_zero_for_a_divergence_and_one_that_is_no_number_for_an_error)
{
    const struct record_run zero = closed(&policy_agp, 1.5f, 0.0f, 2.5f, 2.0f);
    const struct record_run none = closed(&policy_agp, 1.5f, NAN, 2.5f, 1.5f);

    cr_expect(zero.ledger.ok, "error %g", zero.ledger.error);
    cr_expect_eq(zero.ledger.diverged, 1u, "x / 0 is no model");
    cr_expect_not(none.ledger.ok, "weights are only moved");
    cr_expect_eq(none.ledger.diverged, 1u);
}

Test(ledger, excuses_rows_that_make_parameters_by_design_from_the_sum_alone)
{
    const struct record_run r = closed(&policy_swift, 9.0f, 1.0f, INFINITY, 1.0f);

    cr_expect(r.ledger.ok);
    cr_expect_eq(r.ledger.diverged, 1u);
}

Test(ledger, excuses_a_run_in_which_a_peer_was_evicted_in_mid_exchange)
{
    const struct record_run torn = {.row = &policy_aau, .count.policy = {.torn = 1}};
    const struct record_run whole = {.row = &policy_aau, .count.policy = {.evicted = 1}};

    cr_expect(closed_as(torn, &policy_aau, 2, 1, 3, 1).ledger.ok);
    cr_expect_not(closed_as(whole, &policy_aau, 2, 1, 3, 1).ledger.ok);
}
