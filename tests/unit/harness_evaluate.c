/* SPDX-License-Identifier: BSD-3-Clause */
/* Which model a snapshot stands for: of weighted vectors x / y, and where one worker serves the others, its own. */
#include "harness/run/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

#define DIM 16u
#define WEIGHTED (DIM + 16)

static struct record_run run = {.workers = 2, .point_count = 1};
static float _Alignas(64) snapshots[2 * WEIGHTED];

/* The distance of two workers' models from the mean model, for vectors that are x[0] and x[1] everywhere. */
static double distance(const struct policy *row, float x0, float x1)
{
    struct model_config model = {.ops = model_find("none"), .dim = DIM};
    const struct evaluation_data nothing = {0};
    const uint32_t stride = row->lanes == LANES_PLAIN ? DIM : WEIGHTED;
    for (uint32_t d = 0; d < DIM; d++) {
        snapshots[d] = x0;
        snapshots[stride + d] = x1;
    }
    run.row = row;
    cr_assert_eq(evaluate_run(&run, &model, &nothing,
                              &(struct evaluation_snapshots){.vector = snapshots}, 1),
                 0);
    return run.point[0].consensus_distance;
}

Test(evaluate, takes_the_mean_of_plain_vectors)
{
    static const struct policy plain = {.name = "plain"};

    cr_expect_eq(distance(&plain, 3.0f, 5.0f), DIM * 1.0);
}

Test(evaluate, divides_weighted_vectors_by_their_weight)
{
    static const struct policy cumulative = {.name = "cumulative", .lanes = LANES_CUMULATIVE};
    snapshots[DIM] = 0.5f;
    snapshots[WEIGHTED + DIM] = 1.5f;

    cr_expect_eq(distance(&cumulative, 2.0f, 6.0f), 0.0, "both models are 4");
    /* Models 8 and 4; the mean model is 10 / 2, not 6. */
    cr_expect_eq(distance(&cumulative, 4.0f, 6.0f), DIM * (9.0 + 1.0) / 2);
}

Test(evaluate, keeps_the_smallest_weight_where_there_are_weights)
{
    static const struct policy plain = {.name = "plain"};
    static const struct policy weighted = {.name = "weighted", .lanes = LANES_WEIGHT};
    snapshots[DIM] = 1.75f;
    snapshots[WEIGHTED + DIM] = 0.25f;

    distance(&weighted, 1.0f, 1.0f);
    cr_expect_eq(run.point[0].weight_least, 0.25);
    distance(&plain, 1.0f, 1.0f);
    cr_expect_eq(run.point[0].weight_least, 0.0, "none");
}

Test(evaluate, gives_no_accuracy_to_a_model_that_is_no_number)
{
    static const struct policy plain = {.name = "plain"};
    static float _Alignas(64) x[DIM], param[2 * 64];
    uint8_t label = 0;
    struct model_config model = {
        .ops = model_find("softmax"), .features = DIM, .classes = 2, .batch = 1};
    const struct evaluation_data data = {.heldout = 1, .heldout_x = x, .heldout_label = &label};
    cr_assert_eq(model_plan(&model), 0);
    cr_assert_leq(model.dim, 64u);
    run.row = &plain;
    run.workers = 1;

    cr_assert_eq(
        evaluate_run(&run, &model, &data, &(struct evaluation_snapshots){.vector = param}, 1), 0);
    cr_expect_eq(run.point[0].heldout_accuracy_mean_model, 1.0, "zeros choose class 0");
    for (uint32_t d = 0; d < model.dim; d++)
        param[d] = NAN;
    cr_assert_eq(
        evaluate_run(&run, &model, &data, &(struct evaluation_snapshots){.vector = param}, 1), 0);

    cr_expect(isnan(run.point[0].heldout_accuracy_mean_model));
}

Test(evaluate, takes_the_servers_model_where_there_is_one)
{
    static const struct policy central = {.name = "central", .central = true};

    cr_expect_eq(distance(&central, 3.0f, 5.0f), DIM * 4.0, "the locals are the others alone");
}

Test(evaluate, leaves_out_who_was_not_there)
{
    static const struct policy plain = {.name = "plain"};
    static const uint8_t second_is_absent[] = {0, 1};
    const struct model_config model = {.ops = model_find("none"), .dim = DIM};
    const struct evaluation_data nothing = {0};
    cr_assert_gt(distance(&plain, 3.0f, 5.0f), 0.0);

    cr_assert_eq(evaluate_run(&run, &model, &nothing,
                              &(struct evaluation_snapshots){.vector = snapshots,
                                                             .absent = second_is_absent},
                              1),
                 0);

    cr_expect_eq(run.point[0].consensus_distance, 0.0, "one model is its own mean");
}

/* Half-stepped between two means, which of them only the first worker has: both are judged by the newer one. */
Test(evaluate, judges_everybody_by_the_newest_exact_mean)
{
    static const struct policy exact = {.name = "exact", .matrix = MATRIX_EXACT_MEAN};
    static const uint64_t average[] = {7, 6};
    const struct model_config model = {.ops = model_find("none"), .dim = DIM};
    const struct evaluation_data nothing = {0};
    const struct evaluation_snapshots shown = {.vector = snapshots, .average = average};
    cr_assert_gt(distance(&exact, 0.1f, 5.0f), 0.0,
                 "told nothing of means, it judges what it sees");

    cr_assert_eq(evaluate_run(&run, &model, &nothing, &shown, 1), 0);

    cr_expect_eq(run.point[0].consensus_distance, 0.0);
}
