/* SPDX-License-Identifier: BSD-3-Clause */
/* The aggregation rules, with weights by hand, and what random exchanges do to the sums that push-sum must keep. */
#include "core/learn/combine.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <signal.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/learn/lanes.h"
#include "core/learn/mix.h"
#include "tests/unit/support_learn.h"

#define DIM 64u
#define SELF 5u

/* A vector with x = `x` everywhere and weight `y`. */
static float *vector_of(enum lanes lanes, float x, float y)
{
    float *const vector = support_floats(lanes_floats(lanes, DIM));
    for (uint32_t d = 0; d < DIM; d++)
        vector[d] = x;
    lanes_start(lanes, vector, DIM);
    if (lanes != LANES_PLAIN)
        vector[DIM] = y;
    return vector;
}

static const double *sent_of(const float *vector)
{
    return (const double *)(const void *)(vector + DIM + 16);
}

static float *combined(enum mix_rule rule, enum lanes lanes, const float *self, uint32_t degree,
                       struct combine_row *row, uint32_t count)
{
    float *const out = support_floats(lanes_floats(lanes, DIM));
    combine(&(struct combine){.rule = rule,
                              .lanes = lanes,
                              .dim = DIM,
                              .self = self,
                              .self_id = SELF,
                              .degree = degree,
                              .slice = 1,
                              .slices = 4,
                              .row = row,
                              .count = count},
            out);
    return out;
}

static void expect_x(const float *vector, float x)
{
    for (uint32_t d = 0; d < DIM; d++)
        cr_expect_eq(vector[d], x, "x[%u] is %g, not %g", d, (double)vector[d], (double)x);
}

/* Averages */

Test(combine, takes_the_mean_of_parameters_and_weights)
{
    struct combine_row row[] = {{.row = vector_of(LANES_WEIGHT, 7.0f, 4.0f), .id = 9},
                                {.row = vector_of(LANES_WEIGHT, 3.0f, 0.5f), .id = 2}};

    const float *const out =
        combined(MIX_MEAN, LANES_WEIGHT, vector_of(LANES_WEIGHT, 2.0f, 1.5f), 0, row, 2);

    expect_x(out, 4.0f);
    cr_expect_eq(out[DIM], 2.0f);
}

Test(combine, gives_the_bits_of_mix_rows_with_the_rows_in_order_of_id)
{
    static const uint32_t id[4] = {8, 1, 6, 3}; /* 1 3 [5] 6 8 */
    const float *const x = support_random(1, DIM, 1.0f);
    const float *const at[5] = {support_random(2, DIM, 1.0f), support_random(3, DIM, 1.0f), x,
                                support_random(4, DIM, 1.0f), support_random(5, DIM, 1.0f)};
    const float weight[5] = {3.0f / 17, 5.0f / 17, 2.0f / 17, 4.0f / 17, 3.0f / 17};
    struct combine_row row[] = {{.row = at[4], .id = id[0], .weight = 3},
                                {.row = at[0], .id = id[1], .weight = 3},
                                {.row = at[3], .id = id[2], .weight = 4},
                                {.row = at[1], .id = id[3], .weight = 5}};
    float *const expected = support_floats(DIM);

    const float *const out = combined(MIX_WEIGHTED, LANES_PLAIN, x, 2, row, 4);

    mix_rows(expected, at, weight, 5, DIM);
    cr_expect_arr_eq(out, expected, DIM * sizeof(float));
}

Test(combine, weighs_by_metropolis_and_keeps_the_rest)
{
    struct combine_row row[] = {{.row = vector_of(LANES_PLAIN, 64.0f, 1), .id = 7, .weight = 7},
                                {.row = vector_of(LANES_PLAIN, 16.0f, 1), .id = 1, .weight = 1},
                                {.row = vector_of(LANES_PLAIN, 32.0f, 1), .id = 6, .weight = 3}};

    expect_x(combined(MIX_METROPOLIS, LANES_PLAIN, vector_of(LANES_PLAIN, 8.0f, 1), 3, row, 3),
             8.0f * 3 / 8 + 16.0f / 4 + 32.0f / 4 + 64.0f / 8);
}

Test(combine, averages_one_slice_of_the_parameters_and_nothing_else)
{
    struct combine_row row[] = {{.row = vector_of(LANES_WEIGHT, 3.0f, 9.0f), .id = 0}};

    const float *const out =
        combined(MIX_SLICE_MEAN, LANES_WEIGHT, vector_of(LANES_WEIGHT, 1.0f, 4.0f), 0, row, 1);

    for (uint32_t d = 0; d < DIM; d++)
        cr_expect_eq(out[d], d / 16 == 1 ? 2.0f : 1.0f);
    cr_expect_eq(out[DIM], 4.0f);
}

Test(combine, copies_from_each_row_its_slice)
{
    struct combine_row row[] = {{.row = vector_of(LANES_PLAIN, 30.0f, 1), .id = 3, .weight = 3},
                                {.row = vector_of(LANES_PLAIN, 10.0f, 1), .id = 1, .weight = 0}};
    static const float expected[4] = {10.0f, 1.0f, 1.0f, 30.0f};

    const float *const out =
        combined(MIX_SLICE_COPY, LANES_PLAIN, vector_of(LANES_PLAIN, 1.0f, 1), 0, row, 2);

    for (uint32_t d = 0; d < DIM; d++)
        cr_expect_eq(out[d], expected[d / 16]);
}

/* Every rule, in six orders of arrival, on numbers whose sum depends on the order. */
ParameterizedTestParameters(combine, gives_the_same_bits_whatever_the_order_of_arrival)
{
    static uint32_t rules[] = {MIX_MEAN,   MIX_METROPOLIS, MIX_WEIGHTED,
                               MIX_SHARES, MIX_DELTA_OWN,  MIX_COLLECT};
    return cr_make_param_array(uint32_t, rules, sizeof(rules) / sizeof(rules[0]));
}

ParameterizedTest(const uint32_t *rule, combine, gives_the_same_bits_whatever_the_order_of_arrival)
{
    static const uint32_t order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    const uint32_t floats = lanes_floats(LANES_CUMULATIVE, DIM);
    float *at[4];
    for (uint32_t i = 0; i < 4; i++) {
        at[i] = vector_of(LANES_CUMULATIVE, 0, 1);
        memcpy(at[i], support_random(40 + i, DIM, i == 1 ? 1e7f : 1.0f), DIM * sizeof(float));
        double *const sent = (double *)(void *)(at[i] + DIM + 16);
        for (uint32_t d = 0; d < DIM; d++)
            sent[d] = (double)at[i][d] * (i == 1 ? 1e10 : 1.0);
    }
    const float *first = NULL;

    for (uint32_t k = 0; k < 6; k++) {
        struct combine_row row[3];
        for (uint32_t i = 0; i < 3; i++)
            row[i] = (struct combine_row){
                .row = at[order[k][i]], .id = 3 * order[k][i], .weight = 1 + order[k][i]};
        const float *const out =
            combined((enum mix_rule) * rule, LANES_CUMULATIVE, at[3], 3, row, 3);
        first = first ? first : out;
        cr_expect_arr_eq(out, first, floats * sizeof(float), "rule %u, order %u", *rule, k);
    }
}

/* Shares and deltas */

Test(combine, adds_shares_of_parameters_and_weights)
{
    struct combine_row row[] = {
        {.row = vector_of(LANES_WEIGHT, 12.0f, 3.0f), .id = 6, .weight = 2},
        {.row = vector_of(LANES_WEIGHT, 10.0f, 0.5f), .id = 4, .weight = 1}};

    const float *const out =
        combined(MIX_SHARES, LANES_WEIGHT, vector_of(LANES_WEIGHT, 8.0f, 1.0f), 3, row, 2);

    expect_x(out, 8.0f / 4 + 12.0f / 3 + 10.0f / 2);
    cr_expect_eq(out[DIM], 0.25f + 1.0f + 0.25f);
    for (uint32_t d = DIM + 1; d < DIM + 16; d++)
        cr_expect_eq(out[d], 0.0f, "padding");
}

Test(combine, leaves_a_share_behind_when_nothing_came)
{
    const float *const out =
        combined(MIX_SHARES, LANES_WEIGHT, vector_of(LANES_WEIGHT, 9.0f, 1.5f), 2, NULL, 0);

    expect_x(out, 3.0f);
    cr_expect_eq(out[DIM], 0.5f);
}

Test(combine, adds_what_a_model_moved_since_its_base)
{
    struct combine_row row[] = {{.row = vector_of(LANES_PLAIN, 7.0f, 1),
                                 .base = vector_of(LANES_PLAIN, 4.0f, 1),
                                 .id = 9,
                                 .weight = 1},
                                {.row = vector_of(LANES_PLAIN, 2.0f, 1),
                                 .base = vector_of(LANES_PLAIN, 10.0f, 1),
                                 .id = 3,
                                 .weight = 4}};

    expect_x(combined(MIX_DELTA_OWN, LANES_PLAIN, vector_of(LANES_PLAIN, 100.0f, 1), 0, row, 2),
             100.0f + 3.0f - 2.0f);
    expect_x(combined(MIX_DELTA_OWN, LANES_PLAIN, vector_of(LANES_PLAIN, 100.0f, 1), 0, row, 2),
             100.0f + 3.0f - 2.0f);
}

Test(combine, takes_a_missing_base_for_zero)
{
    struct combine_row row[] = {{.row = vector_of(LANES_WEIGHT, 6.0f, 3.0f), .id = 9, .weight = 2}};

    const float *const out =
        combined(MIX_DELTA_OWN, LANES_WEIGHT, vector_of(LANES_WEIGHT, 1.0f, 1.0f), 0, row, 1);

    expect_x(out, 4.0f);
    cr_expect_eq(out[DIM], 2.5f);
}

Test(combine, divides_no_delta_by_zero, .signal = SIGABRT)
{
    struct combine_row row[] = {{.row = vector_of(LANES_PLAIN, 7.0f, 1), .id = 9}};

    combined(MIX_DELTA_OWN, LANES_PLAIN, vector_of(LANES_PLAIN, 1.0f, 1), 0, row, 1);
}

/* Running sums */

Test(combine, splits_off_one_share_for_each_receiver_and_books_it)
{
    const float *const self = vector_of(LANES_CUMULATIVE, 12.0f, 1.0f);

    const float *const once = combined(MIX_SPLIT, LANES_CUMULATIVE, self, 3, NULL, 0);
    const float *const twice = combined(MIX_SPLIT, LANES_CUMULATIVE, once, 3, NULL, 0);

    expect_x(once, 3.0f);
    expect_x(twice, 0.75f);
    cr_expect_eq(once[DIM], 0.25f);
    cr_expect_eq(sent_of(once)[0], 3.0);
    cr_expect_eq(sent_of(twice)[0], 3.75);
    cr_expect_eq(sent_of(twice)[DIM], 0.3125, "the weight is sent as well");
}

Test(combine, splits_without_losing_a_bit)
{
    float *const self = vector_of(LANES_CUMULATIVE, 0, 1.0f);
    memcpy(self, support_random(8, DIM, 1.0f), DIM * sizeof(float));

    for (uint32_t degree = 1; degree < 40; degree++) {
        const float *const out = combined(MIX_SPLIT, LANES_CUMULATIVE, self, degree, NULL, 0);
        for (uint32_t d = 0; d <= DIM; d++) {
            const double missing = (double)self[d] - (double)out[d] - degree * sent_of(out)[d];
            /* Only a remainder that crosses a power of two is rounded, by half of its last place. */
            cr_expect_leq(fabs(missing), fabs((double)out[d]) * 0x1p-24, "degree %u", degree);
            cr_expect_float_eq((double)out[d], sent_of(out)[d],
                               fabs((double)out[d]) * (degree + 1) * 0x1p-23);
        }
    }
}

Test(combine, splits_no_weight_away_while_nobody_answers)
{
    const float *vector = vector_of(LANES_CUMULATIVE, 0.75f, 1.0f);
    for (uint32_t k = 0; k < 500; k++) /* 3^-500 is no float */
        vector = combined(MIX_SPLIT, LANES_CUMULATIVE, vector, 2, NULL, 0);

    cr_expect_gt(vector[DIM], 0x1p-34f);
    for (uint32_t d = 0; d < DIM; d++)
        cr_expect_float_eq(vector[d] / vector[DIM], 0.75f, 1e-5f, "x / y is %g",
                           (double)(vector[d] / vector[DIM]));
    cr_expect_float_eq((double)vector[DIM] + 2 * sent_of(vector)[DIM], 1.0, 1e-15,
                       "no mass is lost");
}

Test(combine, collects_what_was_sent_since_the_base)
{
    const float *const start = vector_of(LANES_CUMULATIVE, 16.0f, 2.0f);
    const float *const old = combined(MIX_SPLIT, LANES_CUMULATIVE, start, 1, NULL, 0);
    const float *const new = combined(MIX_SPLIT, LANES_CUMULATIVE, old, 1, NULL, 0);
    struct combine_row since[] = {{.row = new, .base = old, .id = 7}};
    struct combine_row ever[] = {{.row = new, .id = 7}};
    const float *const self = vector_of(LANES_CUMULATIVE, 1.0f, 1.0f);

    const float *const a = combined(MIX_COLLECT, LANES_CUMULATIVE, self, 0, since, 1);
    const float *const b = combined(MIX_COLLECT, LANES_CUMULATIVE, self, 0, ever, 1);

    expect_x(a, 1.0f + 4.0f);
    cr_expect_eq(a[DIM], 1.0f + 0.5f);
    expect_x(b, 1.0f + 8.0f + 4.0f);
    cr_expect_eq(sent_of(a)[3], 0.0, "its own books are its own");
}

Test(combine, splits_only_vectors_that_keep_books, .signal = SIGABRT)
{
    combined(MIX_SPLIT, LANES_WEIGHT, vector_of(LANES_WEIGHT, 1.0f, 1.0f), 1, NULL, 0);
}

Test(combine, reads_nobody_in_a_split, .signal = SIGABRT)
{
    struct combine_row row[] = {{.row = vector_of(LANES_CUMULATIVE, 1.0f, 1.0f), .id = 1}};

    combined(MIX_SPLIT, LANES_CUMULATIVE, vector_of(LANES_CUMULATIVE, 1.0f, 1.0f), 1, row, 1);
}

/* Mass. Workers on a complete graph, each sends to a random few of the others; all of it in one thread. */

#define WORKERS 6u
#define ROUNDS 10000u
#define MAILBOX 4u

/* A small vector of its own: ten thousand rounds of DIM would be slow under the sanitizers. */
#define MASS_DIM 16u
#define MASS_FLOATS (3 * (MASS_DIM + 16))

struct mass {
    _Alignas(64) float at[WORKERS][MASS_FLOATS], next[MASS_FLOATS];
    _Alignas(64) float seen[WORKERS][WORKERS][MASS_FLOATS]; /* [receiver][sender] last collected */
    _Alignas(64) float way[WORKERS][WORKERS][MASS_FLOATS];  /* [receiver][sender] on its way */
    bool waiting[WORKERS][WORKERS];
    struct rng rng;
};

static struct mass mass;

static void start_mass(enum lanes lanes)
{
    mass.rng = rng_start(11, RNG_TEST, 0);
    for (uint32_t w = 0; w < WORKERS; w++) {
        memcpy(mass.at[w], support_random(100 + w, MASS_DIM, 1.0f), MASS_DIM * sizeof(float));
        lanes_start(lanes, mass.at[w], MASS_DIM);
    }
}

static void move(enum mix_rule rule, enum lanes lanes, uint32_t w, uint32_t degree,
                 struct combine_row *row, uint32_t count)
{
    combine(&(struct combine){.rule = rule,
                              .lanes = lanes,
                              .dim = MASS_DIM,
                              .self = mass.at[w],
                              .self_id = w,
                              .degree = degree,
                              .row = row,
                              .count = count},
            mass.next);
    memcpy(mass.at[w], mass.next, sizeof(mass.next));
}

static double sum_of(uint32_t d)
{
    double sum = 0;
    for (uint32_t w = 0; w < WORKERS; w++)
        sum += (double)mass.at[w][d];
    return sum;
}

/* Relative to the sum of sizes: the sum itself may happen to be near zero. */
static double drift_of(const double *before)
{
    double worst = 0;
    for (uint32_t d = 0; d <= MASS_DIM; d++) {
        double size = 0;
        for (uint32_t w = 0; w < WORKERS; w++)
            size += fabs((double)mass.at[w][d]);
        worst = fmax(worst, fabs(sum_of(d) - before[d]) / size);
    }
    return worst;
}

/* Each parameter of one worker moves, and the books follow. */
static void step_at_random(double *expected)
{
    float *const x = mass.at[rng_below(&mass.rng, WORKERS)];
    for (uint32_t d = 0; d < MASS_DIM; d++) {
        const float old = x[d];
        x[d] = (float)rng_unit(&mass.rng);
        expected[d] += (double)x[d] - (double)old;
    }
}

static void collect_from(uint32_t w, uint32_t from, const float *snapshot)
{
    float *const seen = mass.seen[w][from];
    struct combine_row row = {.row = snapshot, .base = seen, .id = from};
    move(MIX_COLLECT, LANES_CUMULATIVE, w, 0, &row, 1);
    memcpy(seen, snapshot, sizeof(mass.next));
}

Test(mass, of_running_sums_survives_loss_and_supersession_and_delay)
{
    double before[MASS_DIM + 1];
    start_mass(LANES_CUMULATIVE);
    for (uint32_t d = 0; d <= MASS_DIM; d++)
        before[d] = sum_of(d);

    for (uint32_t round = 0; round < ROUNDS; round++) {
        const uint32_t w = rng_below(&mass.rng, WORKERS);
        move(MIX_SPLIT, LANES_CUMULATIVE, w, WORKERS - 1, NULL, 0);
        for (uint32_t to = 0; to < WORKERS; to++) {
            if (to == w ||
                rng_below(&mass.rng, 3) == 0) /* a third is lost; the rest supersedes what waits */
                continue;
            memcpy(mass.way[to][w], mass.at[w], sizeof(mass.next));
            mass.waiting[to][w] = true;
        }
        const uint32_t reader = rng_below(&mass.rng, WORKERS), from = rng_below(&mass.rng, WORKERS);
        if (mass.waiting[reader][from])
            collect_from(reader, from, mass.way[reader][from]);
        mass.waiting[reader][from] = false;
    }
    for (uint32_t w = 0; w < WORKERS; w++)
        for (uint32_t from = 0; from < WORKERS; from++)
            if (from != w)
                collect_from(w, from, mass.at[from]); /* one last message each */

    cr_expect_lt(drift_of(before), 1e-6);
}

Test(mass, of_plain_shares_is_kept_over_many_exchanges)
{
    double before[MASS_DIM + 1];
    start_mass(LANES_WEIGHT);
    for (uint32_t d = 0; d <= MASS_DIM; d++)
        before[d] = sum_of(d);

    /* Thirds: a float 1 / 3 is too large by 3e-8, the same way each time. The steps keep the models moving: at rest such
     * an error would be rounded away. */
    for (uint32_t round = 0; round < ROUNDS; round++) {
        float old[WORKERS][MASS_FLOATS] __attribute__((aligned(64)));
        const uint32_t degree = 2, first = 1 + round % 2;
        step_at_random(before);
        memcpy(old, mass.at, sizeof(old));
        for (uint32_t w = 0; w < WORKERS; w++) {
            struct combine_row row[WORKERS];
            for (uint32_t i = 0; i < degree; i++) {
                const uint32_t from = (w + first + 2 * i) % WORKERS;
                row[i] = (struct combine_row){.row = old[from], .id = from, .weight = degree};
            }
            move(MIX_SHARES, LANES_WEIGHT, w, degree, row, degree);
        }
    }

    cr_expect_lt(drift_of(before), 1e-5); /* of 6e4 mixes: measured 5e-6; floats as weights: 5e-4 */
}

Test(mass, of_one_lost_plain_share_is_missing_exactly)
{
    double before[MASS_DIM + 1];
    start_mass(LANES_WEIGHT);
    for (uint32_t d = 0; d <= MASS_DIM; d++)
        before[d] = sum_of(d);
    float sender[MASS_FLOATS] __attribute__((aligned(64)));
    memcpy(sender, mass.at[0], sizeof(sender));
    struct combine_row row = {.row = sender, .id = 0, .weight = 2};

    move(MIX_SHARES, LANES_WEIGHT, 0, 2, NULL, 0); /* keeps a third, sends two */
    move(MIX_SHARES, LANES_WEIGHT, 1, 0, &row, 1); /* one of them comes, the other never does */

    for (uint32_t d = 0; d <= MASS_DIM; d++)
        cr_expect_float_eq(before[d] - sum_of(d), (double)sender[d] / 3, 2e-7);
    cr_expect_float_eq(sum_of(MASS_DIM), WORKERS - 1.0 / 3, 2e-7);
}
