/* SPDX-License-Identifier: BSD-3-Clause */
/* Which buffers are alive: never written while somebody may read, and no more than are needed. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "core/base/slots.h"
#include "core/learn/lanes.h"
#include "support_values.h"

struct held {
    struct support_tasks tasks;
    struct support_values setup;
    struct values *values;
};

/* Workers whose tasks do not run before somebody waits for them. */
static struct held *open_held(uint32_t workers, uint32_t slots)
{
    struct held *const held =
        (struct held *)(void *)support_values_floats(sizeof(*held) / sizeof(float) + 16);
    support_values_init(&held->setup, workers, slots, LANES_PLAIN, &held->tasks.tasks);
    support_tasks_init(&held->tasks, 1,
                       support_values_floats(values_scratch_floats(&held->setup.config)));
    held->values = support_values_open(&held->setup);
    return held;
}

static void step(struct values *values, uint32_t worker, uint32_t from, uint32_t to)
{
    values_gradient(values, worker, from);
    values_apply(values, worker, from, to, APPLY_PLAIN, 0.1f);
}

/* One round of everybody with its ring neighbours; slot 0 is current, 1 holds the stepped model. */
static void ring_round(struct values *values, uint32_t workers)
{
    for (uint32_t w = 0; w < workers; w++)
        step(values, w, 0, 1);
    for (uint32_t w = 0; w < workers; w++) {
        const struct values_row row[] = {
            {.worker = (w + 1) % workers, .slot = 1, .base_slot = SLOTS_NONE},
            {.worker = (w + workers - 1) % workers, .slot = 1, .base_slot = SLOTS_NONE}};
        values_mix(values, &(struct values_mix){
                               .rule = MIX_MEAN, .worker = w, .from = 1, .row = row, .count = 2});
    }
    for (uint32_t w = 0; w < workers; w++)
        values_free(values, w, 1);
}

Test(values_memory, keeps_an_overwritten_vector_until_its_last_reader_has_run)
{
    struct held *const held = open_held(2, 2);
    struct values *const values = held->values;
    step(values, 0, 0, 0);
    values_join(values);
    const float *const read = values_vector(values, 0, 0);
    float before[96];
    cr_assert(held->setup.model.dim <= 96);
    memcpy(before, read, held->setup.model.dim * sizeof(float));

    const struct values_row row = {.worker = 0, .base_slot = SLOTS_NONE, .weight = 1};
    values_mix(values, &(struct values_mix){.rule = MIX_WEIGHTED, /* weights 0 and 1: a copy */
                                            .worker = 1,
                                            .to = 1,
                                            .row = &row,
                                            .count = 1});
    for (uint32_t i = 0; i < 10; i++)
        step(values, 0, 0, 0); /* the vector that the mix reads is overwritten, ten times over */
    values_join(values);

    cr_expect_arr_eq(values_vector(values, 1, 1), before, held->setup.model.dim * sizeof(float));
    cr_expect_neq(memcmp(values_vector(values, 0, 0), before, 64), 0);
    values_close(values);
}

Test(values_memory, gives_a_freed_vector_to_the_next_writer)
{
    struct held *const held = open_held(1, 2);
    step(held->values, 0, 0, 1);
    values_join(held->values);
    const float *const freed = values_vector(held->values, 0, 1);

    values_free(held->values, 0, 1);
    step(held->values, 0, 0, 0);
    values_join(held->values);

    cr_expect_eq(values_vector(held->values, 0, 0), freed);
    values_close(held->values);
}

Test(values_memory, shares_the_vectors_that_are_equal)
{
    struct support_values setup;
    support_values_init(&setup, 3, 2, LANES_PLAIN, NULL);
    struct values *const values = support_values_open(&setup);
    cr_expect_eq(values_vector(values, 0, 0), values_vector(values, 2, 0));

    values_reduce(values, (uint32_t[]){0, 1}, (uint32_t[]){0, 0}, (uint32_t[]){1, 1}, 2);
    cr_expect_eq(values_vector(values, 0, 1), values_vector(values, 1, 1));
    values_free(values, 0, 1);
    step(values, 2, 0, 1);
    values_join(values);

    cr_expect_neq(values_vector(values, 2, 1), values_vector(values, 1, 1), "still named once");
    values_close(values);
}

Test(values_memory, stays_bounded_however_slow_the_tasks_are)
{
    enum { WORKERS = 40, WINDOW = 2 * WORKERS };
    struct held *const held = open_held(WORKERS, 2);

    for (uint32_t round = 0; round < 30; round++)
        ring_round(held->values, WORKERS);

    cr_expect(held->tasks.pending_most > WINDOW / 2, "it does run ahead");
    cr_expect(held->tasks.pending_most <= WINDOW);
    values_close(held->values);
}

/* Vectors of the size of the real ones, so that chunks and books do not blur the count. */
Test(values_memory, holds_little_more_than_the_slots_in_use_and_the_window)
{
    enum { WORKERS = 24, WINDOW = 2 * WORKERS, DIM = 3 * 4096 };
    struct held *const held = open_held(1, 1);
    values_close(held->values);
    held->setup.model = (struct model_config){
        .ops = model_find("softmax"), .features = 3071, .classes = 4, .batch = 1};
    cr_assert_eq(model_plan(&held->setup.model), 0);
    cr_assert_eq(held->setup.model.dim, DIM);
    held->setup.config.workers = WORKERS;
    held->setup.config.slots = 2;
    held->setup.config.data.context = &held->setup;
    for (uint32_t w = 0; w < WORKERS; w++)
        held->setup.begin[w + 1] = 5 * (w + 1);
    support_tasks_init(&held->tasks, 1,
                       support_values_floats(values_scratch_floats(&held->setup.config)));
    struct values *const values = support_values_open(&held->setup);
    const size_t books = held->setup.memory.now_bytes;

    for (uint32_t round = 0; round < 20; round++)
        ring_round(values, WORKERS);

    const size_t vector = DIM * sizeof(float);
    /* current, stepped and newest gradient per worker; a window of vectors and one of gradients; chunks of 1 MiB */
    const size_t bound = (3 * WORKERS + 2 * WINDOW) * vector + (2u << 20);
    cr_expect(held->setup.memory.most_bytes - books <= bound, "%zu vectors",
              (held->setup.memory.most_bytes - books) / vector);
    values_close(values);
    cr_expect_eq(held->setup.memory.now_bytes, 0u);
}

static void ignore_cut(void *context, uint32_t cut, const float *const *vector, float *scratch)
{
    uint32_t *const seen = context;
    (void)vector;
    (void)scratch;
    cr_expect_eq(cut, *seen);
    ++*seen;
}

Test(values_memory, keeps_few_cuts_pending_and_runs_them_in_order)
{
    static const struct values_model model[5] = {{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}};
    struct held *const held = open_held(5, 2);
    uint32_t seen = 0;

    for (uint32_t cut = 0; cut < 20; cut++) {
        ring_round(held->values, 5);
        values_cut(held->values, &(struct values_evaluation){ignore_cut, &seen}, cut, model);
        cr_expect(seen + 2 >= cut + 1, "%u seen of %u", seen, cut + 1);
    }
    values_join(held->values);

    cr_expect_eq(seen, 20u);
    values_close(held->values);
}

Test(values_memory, waits_for_finished_work_before_it_gives_up)
{
    struct held *const held = open_held(4, 2);
    ring_round(held->values, 4);
    held->setup.memory.limit_bytes = held->setup.memory.now_bytes; /* no chunk more */

    for (uint32_t round = 0; round < 2000; round++)
        ring_round(held->values, 4);
    values_join(held->values);

    cr_expect_eq(values_error(held->values), 0);
    values_close(held->values);
}

Test(values_memory, reports_that_there_is_none_and_computes_no_more)
{
    struct held *const held = open_held(2, 4096);
    struct values *const values = held->values;
    held->setup.memory.limit_bytes = held->setup.memory.now_bytes + 1000;
    values_gradient(values, 0, 0);
    values_gradient(values, 1, 0);

    uint32_t slot = 1;
    for (; slot < 4096 && values_error(values) == 0; slot++)
        values_apply(values, 0, 0, slot, APPLY_PLAIN, 0.1f);
    const task_id last = held->tasks.last;
    values_apply(values, 0, 0, slot, APPLY_PLAIN, 0.1f);
    values_gradient(values, 0, 0);
    values_free(values, 0, slot);
    values_join(values);

    cr_expect_eq(values_error(values), -ENOMEM);
    cr_expect_eq(held->tasks.last, last);
    values_close(values);
    cr_expect_eq(held->setup.memory.now_bytes, 0u);
}

Test(values_memory, says_so_when_not_even_the_books_fit)
{
    struct support_values setup;
    struct values *values;
    struct err err = {""};
    support_values_init(&setup, 8, 2, LANES_PLAIN, NULL);
    setup.memory.limit_bytes = 1000;

    cr_expect_eq(values_open(&values, &setup.config, &err), -ENOMEM);

    cr_expect(strstr(err.text, "8 simulated workers") != NULL, "%s", err.text);
    cr_expect_eq(values, NULL);
    values_close(values);
}

Test(values_memory, needs_no_data_for_a_model_without_parameters)
{
    struct support_values setup;
    support_values_init(&setup, 2, 2, LANES_PLAIN, NULL);
    setup.model = (struct model_config){.ops = model_find("none"), .batch = 1};
    cr_assert_eq(model_plan(&setup.model), 0);
    setup.config.shard = setup.config.shard_begin = NULL;
    struct values *const values = support_values_open(&setup);

    step(values, 1, 0, 0);
    values_join(values);

    cr_expect_eq(values_vector(values, 1, 0)[0], 0.0f);
    values_close(values);
}

Test(values_memory, refuses_to_free_an_empty_slot, .signal = SIGABRT)
{
    struct support_values setup;
    support_values_init(&setup, 2, 2, LANES_PLAIN, NULL);
    values_free(support_values_open(&setup), 1, 1);
}

Test(values_memory, refuses_members_out_of_order, .signal = SIGABRT)
{
    struct support_values setup;
    support_values_init(&setup, 2, 2, LANES_PLAIN, NULL);
    values_reduce(support_values_open(&setup), (uint32_t[]){1, 0}, (uint32_t[]){0, 0},
                  (uint32_t[]){1, 1}, 2);
}
