/* SPDX-License-Identifier: BSD-3-Clause */
/* Mixing and stepping: bit-equal to the plain loops, whatever is fused. */
#include <criterion/criterion.h>

#include <math.h>
#include <string.h>

#include "core/learn/mix.h"
#include "support_learn.h"

/* volatile keeps a compiler from fusing the multiplication into the addition. */
static float plain_element(const float *const *row, const float *weight, uint32_t count, uint32_t d)
{
    const volatile float first = weight[0] * row[0][d];
    float sum = first;
    for (uint32_t k = 1; k < count; k++) {
        const volatile float term = weight[k] * row[k][d];
        sum += term;
    }
    return sum;
}

Test(mix, rows_equal_the_plain_loop_bit_for_bit)
{
    static const uint32_t dims[] = {16, 1024, 1040, 2208};
    const float *row[17];
    for (uint32_t k = 0; k < 17; k++)
        row[k] = support_random(k, 2208, 1.0f);
    const float *const weight = support_random(100, 17, 1.0f);

    for (uint32_t i = 0; i < 4; i++) {
        for (uint32_t count = 1; count <= 17; count++) {
            float *const out = support_random(200, 2208, 1.0f);

            mix_rows(out, row, weight, count, dims[i]);

            for (uint32_t d = 0; d < dims[i]; d++)
                cr_assert_eq(out[d], plain_element(row, weight, count, d), "%u rows, element %u",
                             count, d);
        }
    }
}

Test(mix, rows_are_the_same_in_slices)
{
    const uint32_t dim = 2208;
    const float *row[6], *part[6];
    for (uint32_t k = 0; k < 6; k++)
        row[k] = support_random(k, dim, 1.0f);
    const float *const weight = support_random(100, 6, 1.0f);
    float *const whole = support_floats(dim), *const sliced = support_floats(dim);

    mix_rows(whole, row, weight, 6, dim);
    for (uint32_t s = 0; s < 7; s++) {
        uint32_t begin, end;
        mix_slice(dim, s, 7, &begin, &end);
        for (uint32_t k = 0; k < 6; k++)
            part[k] = row[k] + begin;
        mix_rows(sliced + begin, part, weight, 6, end - begin);
    }

    cr_expect_arr_eq(whole, sliced, sizeof(float) * dim);
}

static double sign(uint32_t i)
{
    return __builtin_parity(i) ? -1.0 : 1.0;
}

Test(mix, step_subtracts_the_scaled_gradient_and_books_what_it_did)
{
    const uint32_t dim = 1008;
    const float *const param = support_random(1, dim, 1.0f),
                       *gradient = support_random(2, dim, 1.0f);
    float *const out = support_floats(dim);

    const double applied = mix_step(out, param, gradient, 0.1f, dim);

    double lane[16] = {0}, expected = 0.0;
    for (uint32_t d = 0; d < dim; d++) {
        const volatile float scaled = 0.1f * gradient[d];
        cr_assert_eq(out[d], param[d] - scaled, "element %u", d);
        lane[d % 16] += sign(d / 16) * ((double)param[d] - (double)out[d]);
    }
    for (uint32_t i = 0; i < 16; i++)
        expected += sign(i) * lane[i];
    cr_expect_eq(applied, expected, "the stated order: 16 running sums, with signs");
    /* The ledger's identity, to the rounding of about 1000 additions of numbers below 1. */
    cr_expect_float_eq(applied, mix_ledger(param, dim) - mix_ledger(out, dim), 1e-12);
}

Test(mix, sums_and_distances_match_numbers_worked_by_hand)
{
    float *const a = support_floats(32), *const b = support_floats(32);
    for (uint32_t d = 0; d < 32; d++) {
        a[d] = (float)d;
        b[d] = d == 3 ? 5.0f : (float)d; /* 2 away */
    }
    b[20] = 17.0f; /* 3 away */

    /* 0..15 and 16..31 carry opposite signs, and within each the signs cancel up to third moments. */
    cr_expect_eq(mix_ledger(a, 32), 0.0);
    a[5] += 1.0f;
    cr_expect_eq(mix_ledger(a, 32), 1.0);
    a[5] -= 1.0f;
    a[4] += 2.0f;
    cr_expect_eq(mix_ledger(a, 32), -2.0);
    a[4] -= 2.0f;
    cr_expect_eq(mix_distance2(a, b, 32), 13.0);
    cr_expect_eq(mix_distance2(a, a, 32), 0.0);
}

Test(mix, sum_keeps_what_single_precision_would_lose)
{
    float *const a = support_floats(32);
    a[0] = 16777216.0f; /* 2^24: adding 1 to it is lost in float */
    a[16] = 1.0f;

    cr_expect_eq(mix_ledger(a, 32), 16777215.0, "element 16 counts negative");
}

Test(mix, metropolis_weights_match_numbers_worked_by_hand)
{
    float weight[3];

    const float self = mix_metropolis(3, (uint32_t[]){1, 3, 7}, 3, weight);

    cr_expect_eq(weight[0], 0.25f);
    cr_expect_eq(weight[1], 0.25f);
    cr_expect_eq(weight[2], 0.125f);
    cr_expect_eq(self, 0.375f);
    cr_expect_eq(mix_metropolis(5, NULL, 0, NULL), 1.0f, "alone it keeps itself");
}

Test(mix, metropolis_rows_of_a_graph_are_doubly_stochastic)
{
    /* A path with a triangle at its end: 0-1, 1-2, 2-3, 2-4, 3-4. */
    static const uint32_t peers[5][3] = {{1}, {0, 2}, {1, 3, 4}, {2, 4}, {2, 3}};
    static const uint32_t degree[5] = {1, 2, 3, 2, 2};
    double matrix[5][5] = {{0}};

    for (uint32_t i = 0; i < 5; i++) {
        uint32_t of_peer[3];
        float weight[3];
        for (uint32_t k = 0; k < degree[i]; k++)
            of_peer[k] = degree[peers[i][k]];
        matrix[i][i] = (double)mix_metropolis(degree[i], of_peer, degree[i], weight);
        for (uint32_t k = 0; k < degree[i]; k++)
            matrix[i][peers[i][k]] = (double)weight[k];
    }

    for (uint32_t i = 0; i < 5; i++) {
        double row = 0.0, column = 0.0;
        for (uint32_t j = 0; j < 5; j++) {
            row += matrix[i][j];
            column += matrix[j][i];
            cr_expect_eq(matrix[i][j], matrix[j][i], "%u, %u", i, j);
        }
        cr_expect_float_eq(row, 1.0, 1e-7);
        cr_expect_float_eq(column, 1.0, 1e-7);
        cr_expect_gt(matrix[i][i], 0.0);
    }
}

Test(mix, slices_cover_every_coordinate_once_in_whole_lines)
{
    static const uint32_t dims[] = {16, 160, 101776, 4294967280u};
    static const uint32_t counts[] = {1, 3, 11, 64};
    for (uint32_t i = 0; i < 16; i++) {
        const uint32_t dim = dims[i / 4], slices = counts[i % 4];
        uint32_t expected = 0, begin, end;
        for (uint32_t s = 0; s < slices; s++) {
            mix_slice(dim, s, slices, &begin, &end);
            cr_assert_eq(begin, expected, "dim %u, slice %u of %u", dim, s, slices);
            cr_assert_eq(begin % 16, 0u);
            cr_assert_leq(end - begin, dim / slices + UINT64_C(16));
            expected = end;
        }
        cr_assert_eq(end, dim);
    }
}
