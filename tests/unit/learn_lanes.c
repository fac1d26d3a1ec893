/* SPDX-License-Identifier: BSD-3-Clause */
/* The lanes beside the parameters: where they lie, how they begin, and what a step does to them. */
#include "core/learn/lanes.h"

#include <criterion/criterion.h>
#include <string.h>

#include "core/learn/mix.h"
#include "tests/unit/support_learn.h"

#define DIM 48u

static float *vector_of(enum lanes lanes, float x, float y)
{
    float *const vector = support_floats(lanes_floats(lanes, DIM));
    lanes_start(lanes, vector, DIM);
    for (uint32_t d = 0; d < DIM; d++)
        vector[d] = x + (float)d;
    if (lanes != LANES_PLAIN)
        vector[DIM] = y;
    return vector;
}

Test(lanes, lengthen_the_vector_by_whole_cache_lines)
{
    cr_expect_eq(lanes_floats(LANES_PLAIN, DIM), DIM);
    cr_expect_eq(lanes_floats(LANES_WEIGHT, DIM), DIM + 16);
    cr_expect_eq(lanes_floats(LANES_CUMULATIVE, DIM), (DIM + 16) * 3); /* doubles count twice */
}

Test(lanes, begin_with_weight_one_and_nothing_sent)
{
    const uint32_t floats = lanes_floats(LANES_CUMULATIVE, DIM);
    float *const vector = support_random(1, floats, 1.0f);
    const float x7 = vector[7];

    lanes_start(LANES_CUMULATIVE, vector, DIM);

    cr_expect_eq(vector[7], x7, "parameters are somebody else's");
    cr_expect_eq(lanes_weight(LANES_CUMULATIVE, vector, DIM), 1.0f);
    for (uint32_t d = DIM + 1; d < floats; d++)
        cr_expect_eq(vector[d], 0.0f, "float %u", d);
}

Test(lanes, show_a_plain_vector_as_its_own_model)
{
    float out[DIM] = {0};
    const float *const vector = vector_of(LANES_PLAIN, 1.0f, 1.0f);

    cr_expect_eq(lanes_model(LANES_PLAIN, vector, DIM, out), vector);
    cr_expect_eq(lanes_weight(LANES_PLAIN, vector, DIM), 1.0f);
}

Test(lanes, divide_the_parameters_by_the_weight)
{
    float out[DIM];
    const float *const vector = vector_of(LANES_WEIGHT, 2.0f, 0.25f);

    const float *const model = lanes_model(LANES_WEIGHT, vector, DIM, out);

    for (uint32_t d = 0; d < DIM; d++)
        cr_expect_eq(model[d], 4 * (2.0f + (float)d));
    cr_expect_eq(vector[3], 5.0f, "the vector stays as it is");
}

Test(lanes, are_not_divided_where_the_weight_is_one)
{
    float out[DIM];
    const float *const vector = vector_of(LANES_CUMULATIVE, 2.0f, 1.0f);

    cr_expect_eq(lanes_model(LANES_CUMULATIVE, vector, DIM, out), vector);
}

Test(lanes, keep_weight_and_sums_when_a_step_is_taken)
{
    const uint32_t floats = lanes_floats(LANES_CUMULATIVE, DIM);
    float *const vector = support_random(2, floats, 1.0f), *const out = support_floats(floats);
    float *const plain = support_floats(DIM);
    const float *const gradient = support_random(3, DIM, 1.0f);

    const double applied =
        lanes_step(LANES_CUMULATIVE, APPLY_PLAIN, out, vector, gradient, 0.1f, DIM);

    const double expected = mix_step(plain, vector, gradient, 0.1f, DIM);
    cr_expect_eq(applied, expected);
    cr_expect_arr_eq(out, plain, DIM * sizeof(float));
    cr_expect_arr_eq(out + DIM, vector + DIM, (floats - DIM) * sizeof(float));
}

Test(lanes, move_the_model_by_the_whole_rate_when_the_step_is_scaled)
{
    const float *const vector = vector_of(LANES_WEIGHT, 2.0f, 0.25f);
    float *const out = support_floats(lanes_floats(LANES_WEIGHT, DIM));
    float gradient[DIM], model[DIM];
    for (uint32_t d = 0; d < DIM; d++)
        gradient[d] = 8.0f;

    lanes_step(LANES_WEIGHT, APPLY_SCALED, out, vector, gradient, 0.5f, DIM);

    const float *const after = lanes_model(LANES_WEIGHT, out, DIM, model);
    for (uint32_t d = 0; d < DIM; d++)
        cr_expect_eq(after[d], 4 * (2.0f + (float)d) - 4.0f, "x / y moves by rate * gradient");
}

Test(lanes, of_a_plain_vector_weigh_one_in_a_scaled_step)
{
    float out[DIM] __attribute__((aligned(64)));
    const float *const vector = vector_of(LANES_PLAIN, 2.0f, 1.0f);
    const float *const gradient = support_random(4, DIM, 1.0f);

    lanes_step(LANES_PLAIN, APPLY_SCALED, out, vector, gradient, 0.5f, DIM);

    for (uint32_t d = 0; d < DIM; d++)
        cr_expect_eq(out[d], vector[d] - 0.5f * gradient[d]);
}
