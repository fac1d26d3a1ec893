/* SPDX-License-Identifier: BSD-3-Clause */
/* Gradients that their policy drops: what becomes of their batch, their time and their iteration. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "core/worker/account.h"
#include "tests/unit/support_port.h"
#include "tests/unit/support_worker.h"

#define RECORDS 16u
#define BYTES 16u

static struct action compute(void)
{
    return (struct action){.kind = ACT_COMPUTE};
}

static struct action abandon(void)
{
    return (struct action){.kind = ACT_ABANDON};
}

/* A loader whose record r is r in every byte; nothing is read before rig_poll. */
static struct rig {
    struct dataset dataset;
    struct loader_config config;
    uint8_t label[RECORDS], batch_label[1];
    uint32_t order[RECORDS], expected_order[RECORDS], index[1];
    struct sampler expected; /* draws what the worker's sampler draws */
    float x[BYTES];
} rig;

static void give_data(void)
{
    unsigned char content[RECORDS * BYTES];
    struct err err;
    for (uint32_t i = 0; i < sizeof(content); i++)
        content[i] = (unsigned char)(i / BYTES);
    const char *const path = support_path("records");
    support_write(path, content, sizeof(content));
    rig.dataset = (struct dataset){.record_bytes = BYTES,
                                   .features = BYTES,
                                   .samples = RECORDS,
                                   .element = DATASET_U8,
                                   .label = rig.label};
    rig.config = (struct loader_config){.path = path,
                                        .records = RECORDS,
                                        .record_bytes = BYTES,
                                        .batch = 1,
                                        .depth = 2,
                                        .workers = 1,
                                        .tier = LOADER_PREADV};
    rig.config.buffer = aligned_alloc(4096, loader_buffer_bytes(&rig.config));
    cr_assert_eq(loader_open(&worker.data.loader, &rig.config, &err), 0, "%s", err.text);
    for (uint32_t i = 0; i < RECORDS; i++)
        rig.order[i] = rig.expected_order[i] = i;
    sampler_init(&worker.data.sampler, 5, DESK_SELF, rig.order, RECORDS);
    sampler_init(&rig.expected, 5, DESK_SELF, rig.expected_order, RECORDS);
    desk.common.dataset = &rig.dataset;
    worker.data.x = rig.x;
    worker.data.label = rig.batch_label;
    worker.data.indices = rig.index;
    compute_prefetch(&worker);
}

static void close_data(void)
{
    if (worker.data.loader)
        loader_close(worker.data.loader);
    free(rig.config.buffer);
    support_clean();
}

TestSuite(abandon, .fini = close_data);

static uint32_t next_expected(void)
{
    uint32_t id;
    sampler_next(&rig.expected, &id, 1);
    return id;
}

/* Serve until the gradient has begun; the loader reads one batch per call. */
static void serve_until_computing(void)
{
    for (uint32_t i = 0; i < 4 && worker.phase != WORKER_COMPUTING; i++) {
        cr_assert_eq(loader_poll(worker.data.loader), 0);
        worker_serve(&worker, clock_cyc());
    }
    cr_assert_eq(worker.phase, WORKER_COMPUTING);
}

Test(abandon, leaves_no_gradient_and_no_event)
{
    desk_open(3, 4.0f);
    cr_assert(desk_do(compute()));
    worker_slice(&worker, clock_cyc());

    cr_assert(desk_do(abandon()));

    cr_expect_eq(worker.phase, WORKER_IDLE);
    cr_expect_not(worker_wants_slice(&worker));
    worker_serve(&worker, clock_cyc());
    cr_expect_eq(desk.script.event_count, 0u);
    cr_expect_eq(worker.count.abandoned, 1u);
    cr_expect_eq(worker.finished, 0u);
}

Test(abandon, of_nothing_changes_nothing)
{
    desk_open(3, 4.0f);

    cr_assert(desk_do(abandon()));

    cr_expect_eq(worker.count.abandoned, 0u);
    cr_expect_eq(worker.phase, WORKER_IDLE);
}

Test(abandon, withdraws_a_gradient_that_the_halt_holds_back)
{
    desk_open(3, 4.0f);
    desk.cohort.phase = COHORT_HALT;
    worker_halt(&worker);
    cr_assert(desk_do(compute()));
    cr_assert(worker.held.compute);

    cr_assert(desk_do(abandon()));

    cr_expect_not(worker.held.compute);
}

Test(abandon, while_computing_spends_the_batch)
{
    desk_open(3, 4.0f);
    give_data();
    cr_assert(desk_do(compute()));
    serve_until_computing();
    cr_expect_eq(rig.x[0], (float)next_expected() / 255);

    cr_assert(desk_do(abandon()));
    cr_assert(desk_do(compute()));
    serve_until_computing();

    cr_expect_eq(rig.x[0], (float)next_expected() / 255);
}

Test(abandon, while_loading_spends_the_batch_that_had_not_come_yet)
{
    desk_open(3, 4.0f);
    give_data();
    for (uint32_t i = 0; i < 3; i++) { /* more than the loader has on the way */
        cr_assert(desk_do(compute()));
        cr_assert_eq(worker.phase, WORKER_LOADING);
        cr_assert(desk_do(abandon()));
        next_expected();
    }
    cr_assert(desk_do(compute()));
    serve_until_computing();

    cr_expect_eq(worker.begun, 4u);
    cr_expect_eq(rig.x[0], (float)next_expected() / 255, "the fourth gradient, the fourth batch");
}

/* Time */

Test(abandon, books_what_has_passed_of_computing_and_delay)
{
    desk_open(3, 4.0f);
    desk.common.base_ns = 1000; /* cycles: the clock ticks in ns */
    cr_assert(desk_do(compute()));
    worker.compute = (struct worker_compute){.begin_cyc = 2000,
                                             .planned_cyc = 2700,
                                             .emulated_cyc = 400,
                                             .injected_cyc = 300,
                                             .sliced = true};
    books_open(&worker.account.books, 2000);

    account_abandoned(&worker, 2500);

    cr_expect_eq(worker.account.books.part[PART_COMPUTE], 400u);
    cr_expect_eq(worker.account.books.part[PART_INJECTED], 100u);
    cr_expect_eq(worker.account.books.edge, 2500u);
}

Test(abandon, books_a_delay_that_follows_a_real_gradient_from_where_it_begins)
{
    desk_open(3, 4.0f);
    cr_assert(desk_do(compute()));
    worker.compute = (struct worker_compute){
        .begin_cyc = 2000, .planned_cyc = 2900, .injected_cyc = 300, .sliced = true};
    books_open(&worker.account.books, 2600);

    account_abandoned(&worker, 2700); /* 600 of slices, booked as they ran, then 100 of 300 */

    cr_expect_eq(worker.account.books.part[PART_COMPUTE], 0u);
    cr_expect_eq(worker.account.books.part[PART_INJECTED], 100u);
}

Test(abandon, books_the_loading_so_far)
{
    desk_open(3, 4.0f);
    give_data();
    cr_assert(desk_do(compute()));
    worker.account.books.edge = 3000;

    account_abandoned(&worker, 3080);

    cr_expect_eq(worker.account.books.part[PART_LOAD], 80u);
}

Test(abandon, closes_an_iteration_without_a_loss)
{
    struct worker_iteration lines[2];
    desk_open(3, 4.0f);
    worker.log.line = lines;
    worker.log.capacity = 2;
    cr_assert(desk_do(compute()));
    cr_assert(desk_do(abandon()));

    cr_assert(desk_do(compute()));

    cr_assert_eq(worker.log.count, 1u);
    cr_expect_eq(lines[0].iteration, 0u);
    cr_expect(isnan(lines[0].loss));
    cr_expect_eq(lines[0].own_cyc, 0u);
    cr_expect_eq(worker.account.total_iterations, 1u);
}

/* Gradients of push-sum */

Test(gradient, is_taken_at_the_debiased_model)
{
    static const struct policy weighted = {
        .name = "weighted", .lanes = LANES_WEIGHT, .step = desk_step};
    desk_open_as(&weighted, 3, 4.0f);
    desk.slot[worker.current].at[DESK_DIM] = 0.5f;

    cr_assert(desk_do(compute()));

    for (uint32_t d = 0; d < DESK_DIM; d++)
        cr_expect_eq(worker.compute.gradient.param[d], 8.0f);
}
