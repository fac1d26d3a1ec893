/* SPDX-License-Identifier: BSD-3-Clause */
/* What one call computes, against the kernels called by hand. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "core/base/slots.h"
#include "core/learn/combine.h"
#include "core/learn/lanes.h"
#include "core/learn/mix.h"
#include "support_values.h"

static void expect_same(const struct support_values *setup, const float *a, const float *b)
{
    cr_expect_arr_eq(a, b, lanes_floats(setup->config.lanes, setup->model.dim) * sizeof(float));
}

static float *vector_for(const struct support_values *setup)
{
    return support_values_floats(lanes_floats(setup->config.lanes, setup->model.dim));
}

static const float *initial(const struct support_values *setup)
{
    float *const x = vector_for(setup);
    setup->model.ops->init(&setup->model, rng_key(setup->config.seed, RNG_INIT, 0), x);
    lanes_start(setup->config.lanes, x, setup->model.dim);
    return x;
}

/* The gradient of `model` on batch number `batch` of a worker, as its own sampler draws it. */
static float gradient_by_hand(const struct support_values *setup, uint32_t worker, uint32_t batch,
                              const float *model, float *out)
{
    uint32_t order[5], ids[3];
    float x[3 * 7];
    uint8_t label[3];
    struct sampler sampler;
    struct gradient gradient;
    memcpy(order, setup->shard + setup->begin[worker], sizeof(order));
    sampler_init(&sampler, setup->config.seed, worker, order, 5);
    for (uint32_t i = 0; i <= batch; i++)
        sampler_next(&sampler, ids, 3);
    for (uint32_t i = 0; i < 3; i++)
        support_values_sample(ids[i], 7, x + i * 7, &label[i]);
    float *const scratch = support_values_floats(setup->model.ops->scratch_floats(&setup->model));
    gradient_begin(&gradient, &setup->model, model, x, label, out, scratch);
    while (!gradient_slice(&gradient))
        ;
    return gradient.loss;
}

/* Workers 0 .. count-1 take one step each, so that they differ. */
static void spread(struct values *values, uint32_t count)
{
    for (uint32_t w = 0; w < count; w++) {
        values_gradient(values, w, 0);
        values_apply(values, w, 0, 0, APPLY_PLAIN, 0.5f);
    }
}

Test(values_arithmetic, starts_everybody_at_the_model_of_the_seed)
{
    struct support_values setup;
    support_values_init(&setup, 3, 2, LANES_WEIGHT, NULL);

    struct values *const values = support_values_open(&setup);

    for (uint32_t w = 0; w < 3; w++) {
        expect_same(&setup, values_vector(values, w, 0), initial(&setup));
        cr_expect_eq(values_sum_start(values, w), mix_ledger(initial(&setup), setup.model.dim));
        cr_expect_eq(values_sum_applied(values, w), 0.0);
    }
    values_close(values);
}

Test(values_arithmetic, steps_along_the_gradient_of_the_workers_next_batch)
{
    struct support_values setup;
    support_values_init(&setup, 3, 2, LANES_PLAIN, NULL);
    struct values *const values = support_values_open(&setup);
    float *const gradient = vector_for(&setup), *const step = vector_for(&setup);

    values_gradient(values, 2, 0);
    values_gradient(values, 2, 0); /* the first is abandoned, but its batch is gone */
    values_apply(values, 2, 0, 1, APPLY_PLAIN, 0.25f);
    values_join(values);

    const float loss = gradient_by_hand(&setup, 2, 1, initial(&setup), gradient);
    mix_step(step, initial(&setup), gradient, 0.25f, setup.model.dim);
    expect_same(&setup, values_vector(values, 2, 1), step);
    expect_same(&setup, values_vector(values, 2, 0), initial(&setup));
    cr_expect_eq(values_loss(values, 2), loss);
    values_close(values);
}

Test(values_arithmetic, takes_the_gradient_of_a_weighted_model_at_x_over_y)
{
    struct support_values setup;
    support_values_init(&setup, 3, 2, LANES_WEIGHT, NULL);
    struct values *const values = support_values_open(&setup);
    float *const model = vector_for(&setup), *const gradient = vector_for(&setup);
    float *const step = vector_for(&setup), *const shared = vector_for(&setup);

    values_mix(values, &(struct values_mix){.rule = MIX_SHARES, .worker = 1, .degree = 2});
    values_gradient(values, 1, 0);
    values_apply(values, 1, 0, 1, APPLY_SCALED, 0.5f);
    values_join(values);

    memcpy(shared, values_vector(values, 1, 0), (setup.model.dim + 16) * sizeof(float));
    cr_assert(lanes_weight(LANES_WEIGHT, shared, setup.model.dim) < 0.34f);
    lanes_model(LANES_WEIGHT, shared, setup.model.dim, model);
    gradient_by_hand(&setup, 1, 0, model, gradient);
    const double booked =
        lanes_step(LANES_WEIGHT, APPLY_SCALED, step, shared, gradient, 0.5f, setup.model.dim);
    expect_same(&setup, values_vector(values, 1, 1), step);
    cr_expect_eq(values_sum_applied(values, 1), booked);
    values_close(values);
}

Test(values_arithmetic, mixes_as_combine_does_by_hand)
{
    struct support_values setup;
    support_values_init(&setup, 5, 3, LANES_PLAIN, NULL);
    struct values *const values = support_values_open(&setup);
    float *const out = vector_for(&setup);
    spread(values, 5);
    /* Not in order of id, as answers arrive. */
    const struct values_row row[] = {
        {.worker = 4, .base_slot = SLOTS_NONE, .weight = 1},
        {.worker = 0, .base_slot = SLOTS_NONE, .weight = 3},
        {.worker = 3, .base_slot = SLOTS_NONE, .weight = 2},
    };
    struct combine_row hand[3];
    for (uint32_t i = 0; i < 3; i++)
        hand[i] = (struct combine_row){.row = values_vector(values, row[i].worker, 0),
                                       .id = row[i].worker,
                                       .weight = row[i].weight};
    struct combine combination = {.rule = MIX_METROPOLIS,
                                  .dim = setup.model.dim,
                                  .self = values_vector(values, 2, 0),
                                  .self_id = 2,
                                  .degree = 3,
                                  .row = hand,
                                  .count = 3};

    values_mix(
        values,
        &(struct values_mix){
            .rule = MIX_METROPOLIS, .worker = 2, .to = 1, .degree = 3, .row = row, .count = 3});
    values_join(values);

    combine(&combination, out);
    expect_same(&setup, values_vector(values, 2, 1), out);
    values_close(values);
}

Test(values_arithmetic, subtracts_the_base_of_a_delta)
{
    struct support_values setup;
    support_values_init(&setup, 2, 3, LANES_PLAIN, NULL);
    struct values *const values = support_values_open(&setup);
    float *const out = vector_for(&setup);
    values_gradient(values, 1, 0);
    values_apply(values, 1, 0, 2, APPLY_PLAIN, 0.5f);

    values_mix(values, &(struct values_mix){.rule = MIX_DELTA_OWN,
                                            .to = 1,
                                            .row = &(struct values_row){.worker = 1,
                                                                        .slot = 2,
                                                                        .base_worker = 1,
                                                                        .base_slot = 0,
                                                                        .weight = 2},
                                            .count = 1});
    values_join(values);

    struct combine_row row = {.row = values_vector(values, 1, 2),
                              .base = values_vector(values, 1, 0),
                              .id = 1,
                              .weight = 2};
    combine(&(struct combine){.rule = MIX_DELTA_OWN,
                              .dim = setup.model.dim,
                              .self = values_vector(values, 0, 0),
                              .row = &row,
                              .count = 1},
            out);
    expect_same(&setup, values_vector(values, 0, 1), out);
    values_close(values);
}

/* One all-reduce as its members execute it: each averages its own slice of all models, then copies the others'. */
static void reduce_by_slices(struct values *values, uint32_t count)
{
    struct values_row row[SUPPORT_WORKERS_MAX];
    for (uint32_t half = 0; half < 2; half++) {
        for (uint32_t w = 0; w < count; w++) {
            uint32_t terms = 0;
            for (uint32_t p = 0; p < count; p++)
                if (p != w)
                    row[terms++] = (struct values_row){
                        .worker = p, .slot = half, .base_slot = SLOTS_NONE, .weight = p};
            values_mix(values, &(struct values_mix){.rule = half ? MIX_SLICE_COPY : MIX_SLICE_MEAN,
                                                    .worker = w,
                                                    .from = half,
                                                    .to = 1 + half,
                                                    .degree = count - 1,
                                                    .slice = w,
                                                    .slices = count,
                                                    .row = row,
                                                    .count = terms});
        }
    }
}

Test(values_arithmetic, reduces_to_the_bytes_of_the_chunked_collective)
{
    static const uint32_t counts[] = {2, 5, 7, 33};
    for (uint32_t c = 0; c < 4; c++) {
        const uint32_t count = counts[c];
        uint32_t member[33], from[33], to[33];
        struct support_values setup;
        support_values_init(&setup, count, 4, LANES_PLAIN, NULL);
        struct values *const values = support_values_open(&setup);
        spread(values, count);
        for (uint32_t i = 0; i < count; i++) {
            member[i] = i;
            from[i] = 0;
            to[i] = 3;
        }

        reduce_by_slices(values, count);
        values_reduce(values, member, from, to, count);
        values_join(values);

        for (uint32_t w = 0; w < count; w++)
            expect_same(&setup, values_vector(values, w, 3), values_vector(values, w, 2));
        values_close(values);
    }
}

Test(values_arithmetic, reduces_a_group_and_leaves_the_others_alone)
{
    struct support_values setup;
    support_values_init(&setup, 4, 2, LANES_PLAIN, NULL);
    struct values *const values = support_values_open(&setup);
    float *const mean = vector_for(&setup);
    spread(values, 4);
    const float *const row[] = {values_vector(values, 1, 0), values_vector(values, 3, 0)};
    mix_rows(mean, row, (float[]){0.5f, 0.5f}, 2, setup.model.dim);

    values_reduce(values, (uint32_t[]){1, 3}, (uint32_t[]){0, 0}, (uint32_t[]){1, 0}, 2);
    values_join(values);

    expect_same(&setup, values_vector(values, 1, 1), mean);
    expect_same(&setup, values_vector(values, 3, 0), mean);
    cr_expect_neq(memcmp(values_vector(values, 1, 0), mean, setup.model.dim * sizeof(float)), 0);
    values_close(values);
}

/* More members than one mix can have: the sum goes on where the first rows left it. */
Test(values_arithmetic, reduces_more_workers_than_a_mix_has_rows)
{
    enum { COUNT = 2 * MIX_ROWS_MAX + 77 };
    static uint32_t member[COUNT], from[COUNT], begin[COUNT + 1], shard[COUNT];
    struct support_values setup;
    support_values_init(&setup, 1, 1, LANES_PLAIN, NULL);
    for (uint32_t w = 0; w < COUNT; w++) {
        member[w] = shard[w] = w;
        begin[w + 1] = w + 1;
    }
    setup.config.workers = COUNT;
    setup.config.shard = shard;
    setup.config.shard_begin = begin;
    struct values *const values = support_values_open(&setup);
    spread(values, COUNT);
    float *const sum = vector_for(&setup);
    const float weight = 1.0f / (float)COUNT;
    for (uint32_t w = 0; w < COUNT; w++)
        for (uint32_t d = 0; d < setup.model.dim; d++) {
            const float term = weight * values_vector(values, w, 0)[d];
            sum[d] = w == 0 ? term : sum[d] + term;
        }

    values_reduce(values, member, from, from, COUNT);
    values_join(values);

    expect_same(&setup, values_vector(values, COUNT - 1, 0), sum);
    values_close(values);
}

Test(values_arithmetic, keeps_a_ledger_that_doubly_stochastic_mixes_balance)
{
    struct support_values setup;
    support_values_init(&setup, 6, 3, LANES_PLAIN, NULL);
    struct values *const values = support_values_open(&setup);

    for (uint32_t round = 0; round < 50; round++) {
        spread(values, 6);
        for (uint32_t w = 0; w < 6; w++) { /* a ring with equal degrees */
            const struct values_row row[] = {
                {.worker = (w + 1) % 6, .base_slot = SLOTS_NONE, .weight = 2},
                {.worker = (w + 5) % 6, .base_slot = SLOTS_NONE, .weight = 2}};
            values_mix(values, &(struct values_mix){.rule = MIX_METROPOLIS,
                                                    .worker = w,
                                                    .to = 1 + round % 2,
                                                    .degree = 2,
                                                    .row = row,
                                                    .count = 2});
        }
        for (uint32_t w = 0; w < 6; w++) /* what was mixed becomes current */
            values_mix(values, &(struct values_mix){
                                   .rule = MIX_MEAN, .worker = w, .from = 1 + round % 2, .to = 0});
    }
    values_join(values);

    double start = 0.0, applied = 0.0, end = 0.0;
    for (uint32_t w = 0; w < 6; w++) {
        start += values_sum_start(values, w);
        applied += values_sum_applied(values, w);
        end += mix_ledger(values_vector(values, w, 0), setup.model.dim);
    }
    cr_assert(fabs(applied) > 0.1);
    /* 50 rounds x 6 workers x 96 numbers of about 1, each rounded to 6e-8 of itself: at worst 2e-3, in fact random. */
    cr_expect_float_eq(end, start - applied, 1e-5);
    values_close(values);
}
