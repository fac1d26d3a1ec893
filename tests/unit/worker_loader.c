/* SPDX-License-Identifier: BSD-3-Clause */
/* The loader against the file it reads, in every tier, and what it asks of who opens and uses it. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/support_loader.h"

static void no_wishes(void)
{
    unsetenv("DAWDLE_LOADER");
}

TestSuite(loader, .init = no_wishes, .fini = support_clean);

struct shape {
    enum loader_tier tier;
    uint32_t record_bytes, base_bytes, batch, depth, workers, tail_bytes;
};

ParameterizedTestParameters(loader, batches_equal_the_file_byte_for_byte)
{
    static struct shape shapes[3 * 8];
    static const struct shape each[8] = {
        {0, 1, 0, 64, 2, 1, 0},      {0, 13, 17, 32, 2, 3, 1},     {0, 256, 128, 32, 2, 1, 0},
        {0, 256, 128, 32, 8, 4, 77}, {0, 784, 16, 32, 2, 2, 0},    {0, 4096, 0, 16, 2, 1, 0},
        {0, 4096, 128, 8, 8, 2, 5},  {0, 5000, 3000, 20, 3, 2, 0},
    };
    for (uint32_t t = 0; t < 3; t++)
        for (uint32_t i = 0; i < 8; i++) {
            shapes[t * 8 + i] = each[i];
            shapes[t * 8 + i].tier = LOADER_DIRECT + t;
        }
    return cr_make_param_array(struct shape, shapes, 24);
}

ParameterizedTest(struct shape *shape, loader, batches_equal_the_file_byte_for_byte)
{
    enum { ROUNDS = 12 };
    struct rig rig;
    struct rng rng = rng_start(1, RNG_TEST, shape->record_bytes);
    uint32_t index[64];
    rig_make(&rig,
             (struct loader_config){.base_bytes = shape->base_bytes,
                                    .records = 301,
                                    .record_bytes = shape->record_bytes,
                                    .batch = shape->batch,
                                    .depth = shape->depth,
                                    .workers = shape->workers,
                                    .tier = shape->tier},
             shape->tail_bytes);

    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t w = 0; w < shape->workers; w++)
            while (loader_has_room(rig.loader, w)) {
                rig_draw(&rng, &rig.config, index);
                loader_request(rig.loader, w, index);
            }
        for (uint32_t w = shape->workers; w-- > 0;) {
            cr_assert_eq(rig_wait(&rig, w), 0, "%s", loader_error(rig.loader));
            rig_expect_bytes(&rig, w);
            loader_done(rig.loader, w);
        }
    }
    for (uint32_t w = 0; w < shape->workers; w++)
        for (uint32_t left = shape->depth - 1; left > 0; left--) {
            cr_assert_eq(rig_wait(&rig, w), 0);
            rig_expect_bytes(&rig, w);
            loader_done(rig.loader, w);
        }

    cr_expect_eq(loader_tier(rig.loader), shape->tier);
    cr_expect_eq(loader_batches(rig.loader), (uint64_t)shape->workers * (ROUNDS + shape->depth - 1),
                 "completions equal requests");
    cr_expect_geq(loader_bytes(rig.loader), loader_batches(rig.loader));
    rig_free(&rig);
}

IN_EACH_TIER(loader, shows_a_corrupted_byte)
{
    struct rig rig;
    uint32_t index[32] = {[9] = 500};
    rig_make(&rig, small_in(*tier), 0);
    const size_t at = rig.config.base_bytes + 500 * rig.config.record_bytes + 77;
    const unsigned char flipped = rig.content[at] ^ 0xff;
    FILE *file = fopen(rig.path, "r+");
    fseek(file, (long)at, SEEK_SET);
    fputc(flipped, file);
    fclose(file);

    loader_request(rig.loader, 0, index);
    cr_assert_eq(rig_wait(&rig, 0), 0);

    const unsigned char *const *record = loader_ready(rig.loader, 0);
    cr_expect_eq(record[9][77], flipped);
    cr_expect_eq(record[9][76], rig.content[at - 1]);
    rig_free(&rig);
}

Test(loader, completes_a_batch_with_more_reads_than_the_ring_holds)
{
    enum { BATCH = 1024 };
    static uint32_t index[BATCH];
    struct rig rig;
    rig_make(&rig,
             (struct loader_config){.records = 4 * BATCH,
                                    .record_bytes = 1024,
                                    .batch = BATCH,
                                    .depth = 2,
                                    .workers = 1,
                                    .tier = LOADER_DIRECT},
             0);
    for (uint32_t k = 0; k < BATCH; k++)
        index[k] = 4 * (BATCH - 1 - k); /* 4 KiB apart: nothing merges */

    loader_request(rig.loader, 0, index);
    loader_request(rig.loader, 0, index);

    for (uint32_t b = 0; b < 2; b++) {
        cr_assert_eq(rig_wait(&rig, 0), 0);
        rig_expect_bytes(&rig, 0);
        loader_done(rig.loader, 0);
    }
    rig_free(&rig);
}

/* Planning. */

static void plan(struct loader_batch *batch, const uint32_t *index, uint32_t count,
                 uint32_t record_bytes)
{
    static uint64_t order[64];
    static uint32_t copy[64];
    static const unsigned char *record[64];
    static struct loader_read read[64];
    static unsigned char area[64 * 8192];
    const struct loader_config config = {
        .base_bytes = 0, .record_bytes = record_bytes, .batch = count};

    memcpy(copy, index, count * sizeof(*index));
    *batch = (struct loader_batch){.area = area, .index = copy, .record = record, .read = read};
    loader_plan(&config, 512, batch, order);
}

Test(loader, merges_records_whose_blocks_touch_into_one_read)
{
    struct loader_batch batch;

    plan(&batch, (const uint32_t[]){9, 1, 0, 1, 2, 40}, 6, 256);

    /* blocks: 0 and 1 share the first, 2 is in the second; 9 is in the fifth; 40 in the twenty-first */
    cr_assert_eq(batch.reads, 3u);
    cr_expect_eq(batch.read[0].offset, 0u);
    cr_expect_eq(batch.read[0].bytes, 1024u);
    cr_expect_eq(batch.read[0].wanted, 768u,
                 "the tail of the last block may be beyond the end of the file");
    cr_expect_eq(batch.read[1].offset, 2048u);
    cr_expect_eq(batch.read[1].skip, 256u);
    cr_expect_eq(batch.read[2].offset, 10240u);
    cr_expect_eq(batch.record[0], batch.read[1].to + 256, "records keep the order of the request");
    cr_expect_eq(batch.record[1], batch.read[0].to + 256);
    cr_expect_eq(batch.record[2], batch.read[0].to);
    cr_expect_eq(batch.record[1], batch.record[3], "a duplicate shares the bytes");
}

Test(loader, plans_every_batch_inside_its_place)
{
    struct rng rng = rng_start(3, RNG_TEST, 0);
    uint32_t index[64];

    for (uint32_t round = 0; round < 500; round++) {
        struct loader_batch batch;
        const uint32_t record_bytes = 1 + rng_below(&rng, 4500), count = 1 + rng_below(&rng, 64);
        for (uint32_t k = 0; k < count; k++)
            index[k] = rng_below(&rng, 100);

        plan(&batch, index, count, record_bytes);

        const unsigned char *place = batch.area;
        for (uint32_t r = 0; r < batch.reads; r++) {
            cr_assert_geq((uintptr_t)batch.read[r].to, (uintptr_t)place,
                          "reads overlap in the buffer");
            place = batch.read[r].to + batch.read[r].bytes;
        }
        cr_assert_leq((size_t)(place - batch.area), count * loader_plan_slot_bytes(record_bytes));
    }
}

Test(loader, closes_with_reads_in_flight)
{
    struct rig rig;
    struct rng rng = rng_start(6, RNG_TEST, 0);
    uint32_t index[32];
    rig_make(&rig, small_in(LOADER_DIRECT), 0);
    rig_draw(&rng, &rig.config, index);
    loader_request(rig.loader, 0, index);
    loader_request(rig.loader, 0, index);
    cr_assert_eq(loader_poll(rig.loader), 0);

    loader_close(rig.loader);
    memset(rig.config.buffer, 0x5a, loader_buffer_bytes(&rig.config));
    usleep(20000); /* nobody writes into the buffer any more, late readers included */

    const unsigned char *byte = rig.config.buffer;
    for (size_t i = 0; i < loader_buffer_bytes(&rig.config); i++)
        cr_assert_eq(byte[i], 0x5a, "byte %zu was written after close", i);
    rig.loader = NULL;
    rig_free(&rig);
}

Test(loader, refuses_a_file_shorter_than_its_records)
{
    struct rig rig = {.config = small_in(LOADER_AUTO)};
    char want[1280];
    rig_file(&rig, 256127);

    cr_expect_eq(rig_open(&rig), -ENODATA);

    snprintf(want, sizeof(want),
             "%s: file is truncated: 1000 records of 256 bytes end at 256128, file ends at 256127",
             rig.path);
    cr_expect_str_eq(rig.err.text, want);
    rig_free(&rig);
}

Test(loader, refuses_a_missing_file_and_a_folder)
{
    struct rig rig = {.config = small_in(LOADER_AUTO)};
    char want[1280];

    snprintf(rig.path, sizeof(rig.path), "%s", support_path("absent"));
    cr_expect_eq(rig_open(&rig), -ENOENT);
    snprintf(want, sizeof(want), "%s: cannot open: No such file or directory", rig.path);
    cr_expect_str_eq(rig.err.text, want);
    free(rig.config.buffer);

    snprintf(rig.path, sizeof(rig.path), "%s", support_folder("folder"));
    cr_expect_eq(rig_open(&rig), -EINVAL);
    snprintf(want, sizeof(want), "%s: not a regular file", rig.path);
    cr_expect_str_eq(rig.err.text, want);
    rig_free(&rig);
}

Test(loader, has_room_for_depth_batches)
{
    struct rig rig;
    uint32_t index[32] = {0};
    rig_make(&rig, small_in(LOADER_PREADV), 0);

    cr_expect(loader_has_room(rig.loader, 0));
    loader_request(rig.loader, 0, index);
    loader_request(rig.loader, 0, index);
    cr_expect_not(loader_has_room(rig.loader, 0));
    cr_expect_null(loader_ready(rig.loader, 0));
    cr_assert_eq(loader_poll(rig.loader), 0);
    cr_expect_eq(loader_batches(rig.loader), 1u, "preadv reads one batch per poll");
    loader_done(rig.loader, 0);
    cr_expect(loader_has_room(rig.loader, 0));
    rig_free(&rig);
}

Test(loader, checks_that_no_more_than_depth_are_requested, .signal = SIGABRT)
{
    struct rig rig;
    uint32_t index[32] = {0};
    rig_make(&rig, small_in(LOADER_PREADV), 0);
    support_clean(); /* an abort leaves no time for it */
    for (uint32_t b = 0; b < 3; b++)
        loader_request(rig.loader, 0, index);
}

Test(loader, checks_record_numbers, .signal = SIGABRT)
{
    struct rig rig;
    uint32_t index[32] = {[31] = 1000};
    rig_make(&rig, small_in(LOADER_PREADV), 0);
    support_clean();
    loader_request(rig.loader, 0, index);
}
