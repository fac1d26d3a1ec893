/* SPDX-License-Identifier: BSD-3-Clause */
/* Models: products bit for bit, gradients against finite differences, and the promise that slicing changes nothing. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/learn/gemm.h"
#include "core/learn/kernels.h"
#include "core/learn/layers.h"
#include "core/learn/model.h"
#include "support_learn.h"

#define GOLDEN_PARAM 0x95f90cadc943096bu
#define GOLDEN_GRADIENT 0xf36c85f49fcfede6u

/* ---- products ---- */

struct product {
    uint32_t m, n, k;
    bool a_transposed, b_transposed, bias, relu, gate;
};

/* Plain loops; volatile keeps a compiler from fusing the multiplication into the addition. */
static void plain_product(const struct gemm *g, float *c)
{
    for (uint32_t i = 0; i < g->m; i++) {
        for (uint32_t j = 0; j < g->n; j++) {
            float sum = g->bias != NULL ? g->bias[j] : 0.0f;
            for (uint32_t k = 0; k < g->k; k++) {
                const volatile float term =
                    g->a[i * g->a_row + k * g->a_col] * g->b[k * g->b_row + j * g->b_col];
                sum += term;
            }
            if (g->relu && sum < 0.0f)
                sum = 0.0f;
            if (g->gate != NULL && !(g->gate[i * g->c_row + j] > 0.0f))
                sum = 0.0f;
            c[i * g->c_row + j] = sum;
        }
    }
}

ParameterizedTestParameters(gemm, every_width_equals_the_plain_loop_bit_for_bit)
{
    /* clang-format off */
    static struct product shapes[] = {
        {1, 1, 1, 0, 0, 0, 0, 0},      {3, 5, 7, 0, 0, 1, 1, 0},     {32, 10, 784, 0, 0, 1, 0, 0},
        {5, 33, 129, 0, 0, 1, 1, 0},   {784, 10, 32, 1, 0, 0, 0, 0}, {130, 128, 32, 1, 0, 0, 0, 0},
        {17, 48, 300, 0, 1, 0, 0, 1},  {32, 64, 10, 0, 1, 0, 0, 1},  {300, 16, 1, 1, 0, 0, 0, 0},
        {1, 31, 257, 0, 0, 1, 1, 1},   {9, 17, 128, 1, 1, 1, 0, 0},  {36, 96, 256, 0, 0, 1, 1, 0},
    };
    /* clang-format on */
    return cr_make_param_array(struct product, shapes, sizeof(shapes) / sizeof(shapes[0]));
}

ParameterizedTest(struct product *p, gemm, every_width_equals_the_plain_loop_bit_for_bit)
{
    const size_t floats = (size_t)p->m * p->n;
    float *const expected = support_floats(floats), *const got = support_floats(floats);
    struct gemm g = {
        .a = support_random(1, (size_t)p->m * p->k, 1.0f),
        .b = support_random(2, (size_t)p->n * p->k, 1.0f),
        .bias = p->bias ? support_random(3, p->n, 1.0f) : NULL,
        .gate = p->gate ? support_random(4, floats, 1.0f) : NULL,
        .relu = p->relu,
        .m = p->m,
        .n = p->n,
        .k = p->k,
        .c_row = p->n,
        .a_row = p->a_transposed ? 1 : p->k,
        .a_col = p->a_transposed ? p->m : 1,
        .b_row = p->b_transposed ? 1 : p->n,
        .b_col = p->b_transposed ? p->k : 1,
    };
    plain_product(&g, expected);

    g.c = got;
    for (uint32_t w = 0; w < gemm_width_count; w++) {
        if (!gemm_widths[w].supported())
            continue;
        memset(got, 0x7f, sizeof(float) * floats);
        for (uint32_t u = 0; u < gemm_units(&g); u++)
            gemm_widths[w].unit(&g, u);

        cr_expect_arr_eq(got, expected, sizeof(float) * floats, "%u x %u x %u with %s", p->m, p->n,
                         p->k, gemm_widths[w].name);
    }
}

Test(gemm, keeps_a_unit_below_its_bound)
{
    for (uint32_t k = 1; k < 1000; k += 37) {
        const struct gemm g = {.m = 5000, .n = 5000, .k = k};

        cr_expect_leq(gemm_unit_cost(&g), 131072u, "depth %u", k);
    }
}

/* ---- scalar functions ---- */

Test(kernels, follow_the_library_within_their_stated_error)
{
    for (double x = -86.9; x <= 0.0; x += 0.0137) {
        const float argument = (float)x;
        const double exact = exp((double)argument);
        cr_assert_lt(fabs((double)kernels_exp(argument) - exact), 2e-7 * exact, "exp(%g)", x);
    }
    for (double x = 1e-3; x < 1e6; x *= 1.0137) {
        const double exact = log(x);
        cr_assert_lt(fabs(kernels_log(x) - exact), 1e-15 + 1e-15 * fabs(exact), "log(%g)", x);
    }
    cr_expect_eq(kernels_exp(0.0f), 1.0f);
    cr_expect_eq(kernels_log(1.0), 0.0);
    cr_expect_gt(kernels_exp(-1e30f), 0.0f, "far below counts as -87, not as zero");
    cr_expect(isnan(kernels_exp(NAN)), "a diverged run must show");
    cr_expect(isnan(kernels_log((double)NAN)));
}

/* ---- sizes ---- */

Test(model, plans_the_padded_parameter_count)
{
    struct model_config mlp = {
        .ops = model_find("mlp"), .features = 784, .classes = 10, .batch = 32};
    mlp.hidden_count = 1;
    mlp.hidden[0] = 128;
    struct model_config softmax = mlp, none = {.ops = model_find("none")};
    softmax.ops = model_find("softmax");

    cr_expect_eq(model_plan(&mlp), 0);
    cr_expect_eq(model_plan(&softmax), 0);
    cr_expect_eq(model_plan(&none), 0);

    cr_expect_eq(mlp.dim, 101776u, "785 * 128 + 129 * 10 = 101770, padded");
    cr_expect_eq(softmax.dim, 7856u, "785 * 10 = 7850, padded; hidden layers do not count");
    cr_expect_eq(none.dim, MODEL_PAD);
    cr_expect_null(model_find("resnet"));
}

Test(model, refuses_sizes_that_make_no_model)
{
    const struct model_config good = {.ops = model_find("mlp"),
                                      .features = 8,
                                      .classes = 4,
                                      .batch = 2,
                                      .hidden_count = 1,
                                      .hidden = {5}};
    struct model_config bad[7];
    for (uint32_t i = 0; i < 7; i++)
        bad[i] = good;
    bad[0].features = 0;
    bad[1].classes = 0;
    bad[2].classes = 257; /* labels are bytes */
    bad[3].batch = 0;
    bad[4].hidden[0] = 0;
    bad[5].hidden_count = MODEL_HIDDEN_MAX + 1;
    bad[6].features = bad[6].hidden[0] = 1u << 16; /* 2^32 weights */

    for (uint32_t i = 0; i < 7; i++)
        cr_expect_eq(model_plan(&bad[i]), -EINVAL, "case %u", i);
}

/* ---- gradients ---- */

/* A model with everything one gradient needs. */
struct bench {
    struct model_config model;
    float *param, *x, *out, *scratch;
    uint8_t *label;
};

static struct bench bench_of(const char *name, uint32_t features, const uint32_t *hidden,
                             uint32_t hidden_count, uint32_t classes, uint32_t batch)
{
    struct bench b = {.model = {.ops = model_find(name),
                                .features = features,
                                .classes = classes,
                                .hidden_count = hidden_count,
                                .batch = batch}};
    for (uint32_t l = 0; l < hidden_count; l++)
        b.model.hidden[l] = hidden[l];
    cr_assert_eq(model_plan(&b.model), 0);
    b.param = support_random(5, b.model.dim, 0.5f);
    b.x = support_random(6, (size_t)batch * features, 1.0f);
    b.label = support_labels(7, batch, classes);
    b.out = support_floats(b.model.dim);
    b.scratch = support_floats(b.model.ops->scratch_floats(&b.model));
    memset(b.out, 0xff, sizeof(float) * b.model.dim); /* NaN: what is never written shows */
    return b;
}

/* Returns how many slices it took. */
static uint32_t bench_gradient(struct bench *b, struct gradient *g)
{
    uint32_t slices = 1;
    gradient_begin(g, &b->model, b->param, b->x, b->label, b->out, b->scratch);
    while (!gradient_slice(g))
        slices++;
    return slices;
}

struct shape {
    char model[8]; /* in place: parameters are copied into the test's process */
    uint32_t hidden_count, hidden[2];
};

ParameterizedTestParameters(gradient, agrees_with_finite_differences_in_double)
{
    static struct shape shapes[] = {
        {"softmax", 0, {0}}, {"mlp", 0, {0}}, {"mlp", 1, {19}}, {"mlp", 2, {18, 7}}};
    return cr_make_param_array(struct shape, shapes, 4);
}

ParameterizedTest(struct shape *s, gradient, agrees_with_finite_differences_in_double)
{
    struct bench b = bench_of(s->model, 13, s->hidden, s->hidden_count, 5, 6);
    const uint32_t dim = b.model.ops->dim(&b.model);
    double param[MODEL_PAD * 64];
    cr_assert_leq(b.model.dim, MODEL_PAD * 64u);
    for (uint32_t d = 0; d < b.model.dim; d++)
        param[d] = (double)b.param[d];

    struct gradient g;
    bench_gradient(&b, &g);

    /* 2e-6: 50 float roundings of sums below 1, and 1e-6^2 of the central difference. */
    const double loss = support_loss(&b.model, param, b.x, b.label, 6, NULL) / 6;
    cr_expect_float_eq((double)g.loss, loss, 2e-6);
    for (uint32_t d = 0; d < dim; d++) {
        const double at = param[d], step = 1e-6;
        param[d] = at + step;
        const double up = support_loss(&b.model, param, b.x, b.label, 6, NULL);
        param[d] = at - step;
        const double down = support_loss(&b.model, param, b.x, b.label, 6, NULL);
        param[d] = at;
        cr_assert_float_eq((double)b.out[d], (up - down) / (2 * step) / 6, 2e-6,
                           "parameter %u: %g, expected %g", d, (double)b.out[d],
                           (up - down) / (2 * step) / 6);
    }
    for (uint32_t d = dim; d < b.model.dim; d++)
        cr_expect_eq(b.out[d], 0.0f, "padding %u", d);
}

Test(gradient, is_the_mean_over_the_batch)
{
    struct bench one = bench_of("mlp", 9, (uint32_t[]){8}, 1, 3, 1);
    struct bench four = bench_of("mlp", 9, (uint32_t[]){8}, 1, 3, 4);
    for (uint32_t i = 0; i < 4; i++) {
        memcpy(four.x + i * 9, one.x, sizeof(float) * 9);
        four.label[i] = one.label[0];
    }

    struct gradient g1, g4;
    bench_gradient(&one, &g1);
    bench_gradient(&four, &g4);

    /* Quarters of a float and their sums lose nothing, so equality is exact. */
    cr_expect_arr_eq(one.out, four.out, sizeof(float) * one.model.dim);
    cr_expect_eq(g1.loss, g4.loss);
}

Test(gradient, is_the_same_however_it_is_sliced)
{
    struct bench b = bench_of("mlp", 300, (uint32_t[]){70, 40}, 2, 10, 33);
    struct gradient g;
    const uint32_t slices = bench_gradient(&b, &g);
    const float loss = g.loss;
    float *const expected = b.out;
    cr_expect_gt(slices, 4u, "otherwise this test shows nothing");

    for (uint64_t budget = 1; budget != 0; budget *= 1u << 16) {
        b.out = support_random(8, b.model.dim, 1.0f);
        gradient_begin(&g, &b.model, b.param, b.x, b.label, b.out, b.scratch);
        while (!layers_slice(&g, 2, budget))
            ;

        cr_expect_arr_eq(b.out, expected, sizeof(float) * b.model.dim, "budget %lu",
                         (unsigned long)budget);
        cr_expect_eq(g.loss, loss);
    }
}

Test(gradient, can_be_interleaved_with_another)
{
    struct bench a = bench_of("mlp", 300, (uint32_t[]){70}, 1, 10, 33);
    struct bench b = bench_of("mlp", 300, (uint32_t[]){70}, 1, 10, 33);
    struct gradient ga, gb;
    bench_gradient(&a, &ga);

    float *const alone = a.out;
    a.out = support_floats(a.model.dim);
    gradient_begin(&ga, &a.model, a.param, a.x, a.label, a.out, a.scratch);
    gradient_begin(&gb, &b.model, b.param, b.x, b.label, b.out, b.scratch);
    bool a_done = false, b_done = false;
    while (!a_done || !b_done) {
        a_done = a_done || gradient_slice(&ga);
        b_done = b_done || gradient_slice(&gb);
    }

    cr_expect_arr_eq(a.out, alone, sizeof(float) * a.model.dim);
    cr_expect_arr_eq(b.out, alone, sizeof(float) * b.model.dim);
}

Test(gradient, is_the_same_bytes_on_every_machine)
{
    struct bench b = bench_of("mlp", 65, (uint32_t[]){33, 20}, 2, 7, 10);
    b.model.ops->init(&b.model, rng_key(3, RNG_INIT, 0), b.param);
    struct gradient g;

    bench_gradient(&b, &g);

    /* Recorded with gcc 12 -O3 on AMD Zen 4; any compiler, width and level must repeat them. */
    cr_expect_eq(support_hash(b.param, sizeof(float) * b.model.dim), GOLDEN_PARAM, "%lx",
                 (unsigned long)support_hash(b.param, sizeof(float) * b.model.dim));
    cr_expect_eq(support_hash(b.out, sizeof(float) * b.model.dim), GOLDEN_GRADIENT, "%lx",
                 (unsigned long)support_hash(b.out, sizeof(float) * b.model.dim));
}

Test(gradient, of_none_is_zero_at_once)
{
    struct bench b = bench_of("none", 4, NULL, 0, 10, 2);
    struct gradient g;

    const uint32_t slices = bench_gradient(&b, &g);

    cr_expect_eq(slices, 1u);
    for (uint32_t d = 0; d < MODEL_PAD; d++)
        cr_expect_eq(b.out[d], 0.0f);
    cr_expect_float_eq((double)g.loss, log(10.0), 1e-6, "every class equally likely");
}

/* ---- initial values and judging ---- */

Test(init, draws_weights_within_their_limits_and_no_bias)
{
    struct bench b = bench_of("mlp", 50, (uint32_t[]){40}, 1, 10, 1);
    float *const again = support_floats(b.model.dim), *const other = support_floats(b.model.dim);
    b.param[b.model.dim - 1] = 1.0f; /* padding must be cleared */

    b.model.ops->init(&b.model, 77, b.param);
    b.model.ops->init(&b.model, 77, again);
    b.model.ops->init(&b.model, 78, other);

    const double he = sqrt(6.0 / 50), glorot = sqrt(6.0 / (40 + 10));
    double square = 0.0;
    for (uint32_t d = 0; d < 2000; d++) {
        cr_assert_leq(fabs((double)b.param[d]), he);
        square += (double)b.param[d] * (double)b.param[d];
    }
    cr_expect_float_eq(square / 2000, 2.0 / 50, 0.004, "He variance, 5 standard errors");
    for (uint32_t d = 2000; d < 2040; d++)
        cr_expect_eq(b.param[d], 0.0f, "bias");
    for (uint32_t d = 2040; d < 2440; d++)
        cr_assert_leq(fabs((double)b.param[d]), glorot);
    for (uint32_t d = 2440; d < b.model.dim; d++)
        cr_expect_eq(b.param[d], 0.0f, "bias and padding");
    cr_expect_arr_eq(b.param, again, sizeof(float) * b.model.dim, "same key, same start");
    cr_expect_arr_neq(b.param, other, sizeof(float) * b.model.dim);
}

Test(evaluate, adds_loss_and_hits_over_more_than_one_block)
{
    const char *const names[] = {"softmax", "mlp"};
    for (uint32_t i = 0; i < 2; i++) {
        struct bench b = bench_of(names[i], 30, (uint32_t[]){20}, 1, 4, 150);
        float *const scratch = support_floats(b.model.ops->eval_floats(&b.model));
        double loss = 1000.0;
        uint32_t correct = 7, expected = 7;
        const double sum = support_loss_float(&b.model, b.param, b.x, b.label, 150, &expected);

        b.model.ops->evaluate(&b.model, b.param, b.x, b.label, 150, scratch, &loss, &correct);

        cr_expect_float_eq(loss, 1000.0 + sum, 1e-5 * sum, "%s: %g, expected %g", names[i],
                           loss - 1000.0, sum);
        cr_expect_eq(correct, expected, "%s", names[i]);
    }
}

Test(evaluate, of_none_judges_every_class_equally_likely)
{
    const struct model_config none = {.ops = model_find("none"), .classes = 4};
    double loss = 0.0;
    uint32_t correct = 0;

    none.ops->evaluate(&none, NULL, NULL, (uint8_t[]){0, 1, 2, 0}, 4, NULL, &loss, &correct);

    cr_expect_float_eq(loss, 4 * log(4.0), 1e-12);
    cr_expect_eq(correct, 2u, "the first class is picked");
}

Test(model, learns_to_separate_two_rings)
{
    /* Radius 1 or 2 at any angle: no linear classifier does better than about half. */
    struct bench b = bench_of("mlp", 2, (uint32_t[]){16}, 1, 2, 64);
    struct rng rng = rng_start(4, RNG_TEST, 0);
    for (uint32_t i = 0; i < 64; i++) {
        const double angle = 6.283185307179586 * rng_unit(&rng);
        b.label[i] = (uint8_t)(i % 2);
        b.x[2 * i] = (float)((1.0 + b.label[i]) * cos(angle));
        b.x[2 * i + 1] = (float)((1.0 + b.label[i]) * sin(angle));
    }
    b.model.ops->init(&b.model, rng_key(1, RNG_INIT, 0), b.param);

    for (uint32_t step = 0; step < 600; step++) {
        struct gradient g;
        bench_gradient(&b, &g);
        for (uint32_t d = 0; d < b.model.dim; d++)
            b.param[d] -= 0.5f * b.out[d];
    }

    double loss = 0.0;
    uint32_t correct = 0;
    b.model.ops->evaluate(&b.model, b.param, b.x, b.label, 64,
                          support_floats(b.model.ops->eval_floats(&b.model)), &loss, &correct);
    cr_expect_geq(correct, 62u, "%u of 64", correct);
}
